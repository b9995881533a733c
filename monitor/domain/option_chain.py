"""A live option chain: what a source quoted for one expiration of one root at one instant.

Nothing is filled in: a price that was not quoted, or cannot be a quote, is NaN. The guards of
docs/sources.md decide what may be used; this module only holds what was said and looks it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from monitor.domain.quotes import Floats
from monitor.domain.vocabulary import Settlement

SLACK = 0.1  # of a range's width: with every tick of the price it moves


class Right(StrEnum):
    PUT = "put"
    CALL = "call"


class PriceSource(StrEnum):
    """Where an option's price comes from; never averaged, never mixed without saying so."""

    QUOTES = "quotes"  # bid and ask of the chain
    ANCHORED = "anchored"  # the surface fitted to the last chain
    MODEL = "model"  # the surface of docs/pricing.md, no chain at hand


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSide:
    """The puts or the calls of one expiration.

    Shapes: all (n_strikes,), float64, NaN where the source said nothing usable. `bid` and `ask`
    in points per share; `implied_vol` annual fraction; `delta`, `gamma`, `theta_per_day`,
    `vega_per_vol_point` per share as the source states them; `open_interest` in contracts.
    """

    bid: Floats
    ask: Floats
    implied_vol: Floats
    delta: Floats
    gamma: Floats
    theta_per_day: Floats
    vega_per_vol_point: Floats
    open_interest: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChain:
    """One expiration of one root: NDX and NDXP of the same date are two chains.

    `strikes` (n_strikes,) ascending, points. `spot` is the price of the underlying that the
    source gave with the quotes (None: it gave none), of the same moment `asof`. `asof` is when
    the market said it: the source's stamp less its stated `delay` where the stamp is of the
    answer and not of the quotes. Aware UTC.
    """

    underlying: str
    root: str
    expiration: date
    settlement: Settlement
    strikes: Floats
    put: OptionSide
    call: OptionSide
    spot: float | None
    asof: datetime
    fetched_at: datetime
    source: str
    delay: timedelta = timedelta(0)
    simulated: bool = False

    def side(self, right: Right) -> OptionSide:
        return self.put if right is Right.PUT else self.call

    def place(self, strike: float) -> int | None:
        """Where a strike stands; None: it is not listed here."""
        i = int(self.strikes.searchsorted(strike))
        return i if i < len(self.strikes) and self.strikes[i] == strike else None

    def age(self, now: datetime) -> timedelta:
        return now - self.asof


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRequest:
    """What a cycle needs of one underlying: these expirations, these strikes at least.

    `held` are strikes of open positions; they lie within the bounds.
    """

    ticker: str
    expirations: tuple[date, ...]
    low_strike: float | None = None  # points; None: no bound
    high_strike: float | None = None
    held: tuple[float, ...] = ()

    def wants(self, strike: float) -> bool:
        low, high = self.low_strike, self.high_strike
        return (low is None or strike >= low) and (high is None or strike <= high)

    def covers(self, other: ChainRequest) -> bool:
        """Whether an answer to this also answers `other`, whose range may have moved a little."""
        return (
            self.ticker == other.ticker
            and set(other.expirations) <= set(self.expirations)
            and all(map(self.wants, other.held))
            and self._reaches(other)
        )

    def _reaches(self, other: ChainRequest) -> bool:
        if other.low_strike is None or other.high_strike is None:
            return self.low_strike is None and self.high_strike is None
        slack = SLACK * (other.high_strike - other.low_strike)
        return self.wants(other.low_strike + slack) and self.wants(other.high_strike - slack)
