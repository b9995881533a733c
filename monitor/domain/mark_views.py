"""A mark in dollars of the position, for exits, page and alert lines."""

from __future__ import annotations

from datetime import datetime

from monitor.domain.alert_text import usd
from monitor.domain.marks import Mark
from monitor.domain.option_chain import PriceSource
from monitor.domain.positions import Position
from monitor.domain.snapshot import LegView, MarkView, PriceView, Problem

_NAMES = {
    PriceSource.QUOTES: "quotes",
    PriceSource.ANCHORED: "the surface of the last chain",
    PriceSource.MODEL: "the model",
}


def pnl_usd(position: Position, debit: float) -> float:
    """P&L of buying back at this debit (points per share), dollars, without fees."""
    return position.credit_usd - debit * position.multiplier * position.contracts


def mark_view(position: Position, mark: Mark | None, why: str, now: datetime) -> MarkView | None:
    """What the page shows; without a mark only why there is none."""
    problems = tuple(Problem(what="mark", why=text) for text in (mark.problems if mark else (why,)))
    if mark is None:
        return MarkView(
            pnl_mid_usd=None, pnl_natural_usd=None, low_usd=None, high_usd=None, price=None,
            problems=problems if why else (),
        )  # fmt: skip
    return MarkView(
        pnl_mid_usd=pnl_usd(position, mark.debit),
        pnl_natural_usd=None if mark.natural is None else pnl_usd(position, mark.natural),
        low_usd=pnl_usd(position, mark.high),
        high_usd=pnl_usd(position, mark.low),
        price=PriceView(
            kind=mark.kind.value,
            source=mark.source,
            asof=mark.asof,
            age_s=(now - mark.asof).total_seconds(),
            delay_s=mark.delay.total_seconds(),
            error_pct=mark.error_pct,
            simulated=mark.simulated,
        ),
        legs=tuple(
            LegView(
                right=leg.right.value,
                strike=leg.strike,
                quantity=quantity,
                bid=leg.bid,
                ask=leg.ask,
                mid=leg.mid,
            )
            for quantity, leg in mark.legs
        ),
        problems=problems,
    )


def mark_lines(position: Position, mark: Mark) -> tuple[str, ...]:
    """What an alert must say beside the P&L: the range, the natural price, and every doubt."""
    low, high = pnl_usd(position, mark.high), pnl_usd(position, mark.low)
    lines = []
    if high - low >= 0.01:
        error = "" if mark.error_pct is None else f" (typical error {mark.error_pct:g} %)"
        lines.append(f"P&L is between {usd(low)} and {usd(high)}{error}")
    if mark.natural is not None:
        lines.append(f"Closing at the natural price: {usd(pnl_usd(position, mark.natural))}")
    return (*lines, *(f"Note: {text}" for text in mark.problems))


def source_text(mark: Mark) -> str:
    """ "quotes (cboe)", "the model"."""
    where = "" if mark.source is None else f" ({mark.source})"
    return _NAMES[mark.kind] + where
