"""P&L at expiration over the price of the underlying, as the places of an SVG. Pure.

Heights are to scale: the thin profit over the deep loss is what a credit spread is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.text import number, signed_usd, strike
from monitor.domain.positions import Strikes
from monitor.domain.trade import side_values

MARGIN = 0.12  # of the span between the outermost prices, left free on either side
HEADROOM = 0.08  # of the height, above the profit and below the loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A price on the axis; `x` in percent of the width, `anchor` keeps its text inside."""

    x: float
    text: str
    anchor: str  # "start" | "middle" | "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Places in a box of 100 × 100, y downward; areas and line as SVG point lists."""

    line: str
    gain: str
    loss: str
    zero_y: float
    shorts: tuple[Tick, ...]
    longs: tuple[Tick, ...]
    breakevens: tuple[Tick, ...]
    price: Tick | None
    now_y: float | None  # where the P&L of now stands, at `price`
    top: str  # "+$285"
    bottom: str  # "−$19,715"
    words: str  # the same for who does not see it


def picture(
    strikes: Strikes,
    *,
    credit_usd: float,
    usd_per_point: float,
    price: float | None,
    pnl_usd: float | None = None,
) -> Picture | None:
    """The picture, or None without a complete side.

    Args:
        usd_per_point: Multiplier × contracts.
        price: Of the underlying now, points.
        pnl_usd: P&L now, drawn at `price`.
    """
    shorts, longs = (
        _both(strikes.short_put, strikes.short_call),
        _both(strikes.long_put, strikes.long_call),
    )
    if not shorts or len(shorts) != len(longs) or usd_per_point <= 0:
        return None
    breakevens = _breakevens(strikes, credit_usd / usd_per_point)
    known = [*shorts, *longs, *([] if price is None else [price])]
    low, high = min(known), max(known)
    low, high = low - MARGIN * (high - low), high + MARGIN * (high - low)
    prices = sorted({low, high, *shorts, *longs, *breakevens})
    pnl = [credit_usd - side_values(strikes, p) * usd_per_point for p in prices]
    scale = _Scale(low=low, high=high, top=credit_usd, bottom=min(pnl))
    return Picture(
        line=scale.points(prices, pnl),
        gain=scale.area(prices, [max(v, 0.0) for v in pnl]),
        loss=scale.area(prices, [min(v, 0.0) for v in pnl]),
        zero_y=scale.y(0.0),
        shorts=tuple(scale.tick(p, strike(p)) for p in shorts),
        longs=tuple(scale.tick(p, strike(p)) for p in longs),
        breakevens=tuple(scale.tick(p, number(p)) for p in breakevens),
        price=None if price is None else scale.tick(price, number(price)),
        now_y=None if price is None or pnl_usd is None else scale.y(pnl_usd),
        top=signed_usd(credit_usd),
        bottom=signed_usd(min(pnl)),
        words=_words(credit_usd, min(pnl), breakevens, price),
    )


def _both(*values: float | None) -> list[float]:
    return [value for value in values if value is not None]


def _breakevens(strikes: Strikes, credit: float) -> list[float]:
    """Where the whole credit is used up: below the short put, above the short call."""
    found = []
    if strikes.short_put is not None:
        found.append(strikes.short_put - credit)
    if strikes.short_call is not None:
        found.append(strikes.short_call + credit)
    return found


def _words(credit: float, worst: float, breakevens: Sequence[float], price: float | None) -> str:
    where = " and ".join(number(p) for p in breakevens)
    now = "the price now is unknown" if price is None else f"the price now is {number(price)}"
    return (
        f"P&L at expiration: {signed_usd(credit)} at best, {signed_usd(worst)} at worst, "
        f"break-even at {where}; {now}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    low: float
    high: float
    top: float
    bottom: float

    def x(self, price: float) -> float:
        return round(100 * (price - self.low) / (self.high - self.low), 2)

    def y(self, pnl: float) -> float:
        """Kept inside the box, whatever the P&L."""
        share = (self.top - pnl) / (self.top - self.bottom)
        inside = min(max(share, -0.5 * HEADROOM), 1 + 0.5 * HEADROOM)
        return round(100 * (HEADROOM + inside * (1 - 2 * HEADROOM)), 2)

    def points(self, prices: Sequence[float], pnl: Sequence[float]) -> str:
        return " ".join(f"{self.x(p)},{self.y(v)}" for p, v in zip(prices, pnl, strict=True))

    def area(self, prices: Sequence[float], pnl: Sequence[float]) -> str:
        zero = self.y(0.0)
        outline = self.points(prices, pnl)
        return f"{self.x(prices[0])},{zero} {outline} {self.x(prices[-1])},{zero}"

    def tick(self, price: float, text: str) -> Tick:
        x = self.x(price)
        anchor = "start" if x < 12 else "end" if x > 88 else "middle"
        return Tick(x=x, text=text, anchor=anchor)
