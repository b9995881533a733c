"""What an open position is worth now: the values, and the rules they are believed by.

A *debit* is what buying the position back costs, points per share, 0 to the width of the wider
wing. Quotes that are not of this minute are moved by delta and gamma to the price of the
underlying now, and given as a range. Quotes, the last chain's surface and the model are never
averaged; each mark says which it is, how old, and what it could not do. No fees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from monitor.config import Settings
from monitor.domain.anchor import ChainAnchor
from monitor.domain.chain_quotes import LegQuote
from monitor.domain.instruments import underlying
from monitor.domain.option_chain import OptionChain, PriceSource, Right
from monitor.domain.positions import Position, Strikes
from monitor.domain.pricing.surface_plain import IndexVols, TradingTime
from monitor.domain.vocabulary import Settlement

ChainKey = tuple[str, date]  # root, expiration


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlying:
    """What is believed of one underlying now; None is unknown, `why` says why no price is."""

    spot: float | None
    spot_asof: datetime | None
    vols: IndexVols | None
    why: str = ""


UNKNOWN = Underlying(spot=None, spot_asof=None, vols=None, why="its price is not watched")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRules:
    """When a mark may be believed.

    `fresh`: quotes this young need no correction. `wide` and `tight`: distance from mid to the
    natural price, as a part of the credit, above which quotes decide nothing, and up to which
    one natural price decides. `stop`: debit at the stop, in credits; quotes of any width decide
    once even their best end is past it.
    """

    fresh: timedelta
    wide: float
    tight: float
    stop: float

    @classmethod
    def from_settings(cls, settings: Settings) -> MarkRules:
        interval = timedelta(seconds=settings.scanning.data_interval)
        return cls(
            fresh=settings.data.stale_after_intervals * interval,
            wide=settings.marks.wide_quote_pct / 100,
            tight=settings.marks.tight_quote_pct / 100,
            stop=1 + settings.exits.stop_loss_credit_multiple,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One position's price. Debits in points per share.

    `debit` is the mid, moved to the underlying's price now where that could be done (`quoted`: as
    it stood in the quotes); `low` to `high` is what it may be. `natural` buys at the ask and sells
    at the bid (None: not quoted).
    `moved` is how far the underlying went since the quotes, points; None: not corrected.
    `decides`: good enough for an exit after two readings; `tight`: the natural price alone is.
    `basis` tells readings apart: the same data judged twice is one reading.
    """

    kind: PriceSource
    source: str | None
    asof: datetime
    delay: timedelta = timedelta(0)
    debit: float
    quoted: float | None = None
    natural: float | None = None
    low: float
    high: float
    legs: tuple[tuple[int, LegQuote], ...] = ()
    moved: float | None = None
    error_pct: float | None = None
    decides: bool = True
    tight: bool = False
    basis: str = ""
    simulated: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkWorld:
    """Everything marks of one cycle are made from."""

    chains: Mapping[ChainKey, OptionChain]
    chain_problems: Mapping[tuple[str, date], str]  # by ticker and expiration
    anchors: Mapping[ChainKey, ChainAnchor]
    underlyings: Mapping[str, Underlying]
    time: TradingTime
    settings: Settings
    now: datetime
    stale: Mapping[ChainKey, str | None] = field(default_factory=dict)

    def of(self, ticker: str) -> Underlying:
        return self.underlyings.get(ticker, UNKNOWN)


def chain_key(position: Position) -> ChainKey:
    """Root and expiration of the series a position is in."""
    what = underlying(position.ticker)
    root = what.am_root if is_am(position) else None
    return root or what.pm_root, position.expiration


def is_am(position: Position) -> bool:
    """Whether it settles on the opening prices, not on the close."""
    return position.settlement is Settlement.AM


def verticals(strikes: Strikes) -> tuple[tuple[Right, float, float], ...]:
    """The sold verticals: right, short, long."""
    found = []
    if strikes.short_put is not None and strikes.long_put is not None:
        found.append((Right.PUT, strikes.short_put, strikes.long_put))
    if strikes.short_call is not None and strikes.long_call is not None:
        found.append((Right.CALL, strikes.short_call, strikes.long_call))
    return tuple(found)
