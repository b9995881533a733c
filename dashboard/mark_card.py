"""A position's mark, its ladder and its settlement on paper."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.price_source import Provenance, provenance
from dashboard.text import Wording, finite, number, signed_usd, strike, tone, usd
from dashboard.trade_card import ShortStrikeRow, short_rows
from monitor.domain.plain_text import plain
from monitor.domain.snapshot import LadderView, LegView, MarkView, SettlementView

STEPS = {
    "calm": "",
    "watch": "quiet",
    "warning": "warn",
    "critical": "alarm",
    "breached": "alarm",
}
"""Ladder step → how loud its tag is; the word stands in it either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRow:
    name: str  # "sold put 19500"
    bid: str
    ask: str
    mid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkCard:
    """What closing would bring. `range` is "" where nothing about it is uncertain."""

    mid: str
    mid_tone: str
    natural: str
    natural_tone: str
    range: str
    price: Provenance | None
    legs: tuple[LegRow, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderCard:
    step: str
    loud: str
    shorts: tuple[ShortStrikeRow, ...]
    give_back: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementCard:
    text: str
    pnl: str
    pnl_tone: str
    known: bool


def mark_card(mark: MarkView | None, say: Wording) -> MarkCard | None:
    if mark is None:
        return None
    return MarkCard(
        mid=signed_usd(mark.pnl_mid_usd),
        mid_tone=tone(mark.pnl_mid_usd),
        natural=signed_usd(mark.pnl_natural_usd),
        natural_tone=tone(mark.pnl_natural_usd),
        range=_range(mark),
        price=provenance(mark.price, say),
        legs=tuple(_leg(leg) for leg in mark.legs),
        problems=tuple(plain(p.why) for p in mark.problems),
    )


def _range(mark: MarkView) -> str:
    low, high = mark.low_usd, mark.high_usd
    if low is None or high is None or not (finite(low) and finite(high)):
        return ""
    return "" if round(low, 2) == round(high, 2) else f"{signed_usd(low)} to {signed_usd(high)}"


def _leg(leg: LegView) -> LegRow:
    verb = "sold" if leg.quantity < 0 else "bought"
    return LegRow(
        name=f"{verb} {leg.right} {strike(leg.strike)}",
        bid=number(leg.bid),
        ask=number(leg.ask),
        mid=number(leg.mid, 3),
    )


def ladder_card(ladder: LadderView | None) -> LadderCard | None:
    if ladder is None:
        return None
    back = ladder.give_back_usd
    return LadderCard(
        step=ladder.step,
        loud=STEPS.get(ladder.step, "warn"),
        shorts=short_rows(ladder.put, ladder.call),
        give_back=usd(back) if back is not None and finite(back) and back > 0 else "",
        notes=tuple(plain(note) for note in ladder.notes),
    )


def settlement_card(settled: SettlementView | None) -> SettlementCard | None:
    if settled is None:
        return None
    return SettlementCard(
        text=plain(settled.text),
        pnl=signed_usd(settled.pnl_usd),
        pnl_tone=tone(settled.pnl_usd),
        known=finite(settled.pnl_usd),
    )
