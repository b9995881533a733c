"""The book with an opportunity's trade in it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.text import number, signed_usd, tone, usd
from monitor.domain.plain_text import plain
from monitor.domain.snapshot import ExpirationRiskView, GapView, WhatIfView


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    name: str  # "NDX Feb 24"
    put_side: str
    call_side: str
    max_loss: str
    with_trade: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    move: str  # "−5 %"
    trade: str
    trade_tone: str
    book: str
    book_tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfCard:
    contracts: str
    trade_loss: str
    before: str
    after: str
    risks: tuple[RiskRow, ...]
    gaps: tuple[GapRow, ...]
    breaks: tuple[str, ...]
    fit: str
    overlaps: tuple[str, ...]
    notes: tuple[str, ...]


def what_if_card(view: WhatIfView | None) -> WhatIfCard | None:
    if view is None:
        return None
    return WhatIfCard(
        contracts=_count(view.contracts),
        trade_loss=usd(view.trade_max_loss_usd),
        before=usd(view.total_before_usd),
        after=usd(view.total_max_loss_usd),
        risks=tuple(_risk(row) for row in view.expirations),
        gaps=tuple(_gap(gap) for gap in view.gaps),
        breaks=tuple(plain(text) for text in view.breaks),
        fit=_count(view.contracts_that_fit),
        overlaps=tuple(plain(text) for text in view.overlaps),
        notes=tuple(plain(text) for text in view.notes),
    )


def _risk(row: ExpirationRiskView) -> RiskRow:
    am = " AM" if row.settlement == "am" else ""
    return RiskRow(
        name=f"{row.ticker} {row.expiration:%b} {row.expiration.day}{am}",
        put_side=usd(row.put_side_usd),
        call_side=usd(row.call_side_usd),
        max_loss=usd(row.max_loss_usd),
        with_trade=row.with_trade,
    )


def _gap(gap: GapView) -> GapRow:
    move = number(abs(gap.move_pct), 0)
    return GapRow(
        move=f"{'−' if gap.move_pct < 0 else '+'}{move} %",
        trade=signed_usd(gap.trade_usd),
        trade_tone=tone(gap.trade_usd),
        book=signed_usd(gap.pnl_usd),
        book_tone=tone(gap.pnl_usd),
    )


def _count(contracts: int) -> str:
    return f"{contracts} contract{'' if contracts == 1 else 's'}"
