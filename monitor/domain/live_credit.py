"""What a spread would bring now: from the quotes of its legs, else from a surface, marked so.

`mid`: the middles of all legs; `natural`: selling at the bids, buying at the asks; `fill`: mid less
a share of all half-spreads, rounded down to the package's tick. Points per share.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.chain_quotes import LegQuote, vertical_quote
from monitor.domain.option_chain import OptionChain, PriceSource, Right
from monitor.domain.positions import Strikes
from monitor.domain.pricing.costs import MAX_CREDIT_SHARE, fill_credit
from monitor.domain.surface_credit import SurfacePrices

Pair = tuple[Right, float, float]  # right, short, long


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCredit:
    """Net premium of all sides. `natural` may be negative: then the market pays nothing."""

    kind: PriceSource
    mid: float
    natural: float
    fill: float
    error_pct: float | None = None


@dataclass(frozen=True, slots=True)
class NoCredit:
    """Why quotes give no credit; `no_buyer`: they say that nobody buys what is to be sold."""

    why: str
    no_buyer: bool = False


def pairs_of(strikes: Strikes) -> tuple[Pair, ...]:
    """Each side of a spread as (right, short, long), puts first."""
    pairs: list[Pair] = []
    if strikes.short_put is not None and strikes.long_put is not None:
        pairs.append((Right.PUT, strikes.short_put, strikes.long_put))
    if strikes.short_call is not None and strikes.long_call is not None:
        pairs.append((Right.CALL, strikes.short_call, strikes.long_call))
    return tuple(pairs)


def quoted_credit(
    chain: OptionChain, strikes: Strikes, *, fill: float, tick: float
) -> LiveCredit | NoCredit:
    """The credit from the chain's quotes, or the first reason why it has none.

    A side's mid above 0.35 of its width is no market for an out-of-the-money spread: refused.

    Args:
        fill: Share of each leg's half-spread that is paid, 0 to 1.
    """
    mid = half = 0.0
    for right, short, long in pairs_of(strikes):
        side = vertical_quote(chain, right, short=short, long=long, opening=True)
        if side.mid is None:
            why = side.problem or f"{short:g}/{long:g} {right}: no usable quote"
            return NoCredit(why, no_buyer=_nobody_bids(side.short))
        if side.mid > MAX_CREDIT_SHARE * side.width:
            return NoCredit(
                f"{short:g}/{long:g} {right}: mid {side.mid:g} is above {MAX_CREDIT_SHARE:g} of "
                f"the width {side.width:g}: a bad quote"
            )
        mid += side.mid
        half += _half(side.short) + _half(side.long)
    return _credit(PriceSource.QUOTES, mid=mid, half=half, fill=fill, tick=tick)


def surface_credit(
    surface: SurfacePrices, strikes: Strikes, *, fill: float, tick: float
) -> LiveCredit:
    """The credit from a surface and the usual half-spreads of such legs; each side 0..width."""
    mid = half = 0.0
    for right, short, long in pairs_of(strikes):
        sold, sold_half = surface.mid_and_half(right, short)
        bought, bought_half = surface.mid_and_half(right, long)
        mid += min(max(sold - bought, 0.0), abs(short - long))
        half += sold_half + bought_half
    return _credit(
        surface.kind, mid=mid, half=half, fill=fill, tick=tick, error_pct=surface.error_pct
    )


def _credit(
    kind: PriceSource, *, mid: float, half: float, fill: float, tick: float,
    error_pct: float | None = None,
) -> LiveCredit:  # fmt: skip
    filled = float(fill_credit(mid, half_spread_sum=half, fill=fill, tick=tick))
    return LiveCredit(
        kind=kind, mid=round(mid, 6), natural=round(mid - half, 6), fill=filled,
        error_pct=error_pct,
    )  # fmt: skip


def _nobody_bids(leg: LegQuote) -> bool:
    return leg.bid == 0 and leg.ask is not None


def _half(leg: LegQuote) -> float:
    return 0.0 if leg.bid is None or leg.ask is None else (leg.ask - leg.bid) / 2
