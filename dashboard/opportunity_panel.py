"""Opportunities: each win rate with its interval, count, break-even and verdict beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from dashboard.evidence_card import EvidenceCard, evidence_card
from dashboard.text import (
    UNKNOWN,
    Stamp,
    Wording,
    day_text,
    finite,
    number,
    percent,
    strike,
    usd,
    words,
)
from dashboard.trade_card import TradeCard, alert_name, trade_card
from dashboard.what_if_card import WhatIfCard, what_if_card
from monitor.domain.snapshot import OpportunityView

NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9]+")
STATUS_WORDS = {
    "alerted": "alerted",
    "waiting": "waiting for its window",
    "passed": "window passed",
    "below": "below a threshold",
    "poorer": "poorer than asked on the live chain",
    "blocked": "blocked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalBar:
    """Positions on a scale `start_pct`..100 %, as percent of the bar's length."""

    start_pct: int
    low: float
    high: float
    point: float
    breakeven: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardParts:
    """What a row opens into; a part that the monitor did not work out is None."""

    trade: TradeCard | None
    evidence: EvidenceCard | None
    what_if: WhatIfCard | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityRow:
    key: str
    rank: int
    ticker: str
    alert_id: str
    status: str
    status_text: str
    status_why: str
    in_window: bool
    trade: str  # "3 DTE P98 iron condor"
    terms: str  # "exp Tue Feb 24 · width 100 pts · with flow"
    entry: str  # "07:30 PT"
    window_closes: Stamp | None
    window_opens: Stamp | None
    win: str
    interval: str
    trades: str
    breakeven: str
    breakeven_note: str  # "interval is above break-even", "… straddles …"
    verdict: str
    verdict_why: str
    max_return: str
    credit: str
    max_loss: str
    average_pnl: str
    sharpe: str
    score: str
    bar: IntervalBar
    source: str
    card: CardParts | None


def opportunity_rows(
    opportunities: Iterable[OpportunityView], say: Wording
) -> tuple[OpportunityRow, ...]:
    """Rows in the monitor's ranking; those in their window first, since they are for now."""
    found = sorted(opportunities, key=lambda o: (not o.in_window, o.rank))
    start = scale_start(found)
    return tuple(_row(opportunity, say, start) for opportunity in found)


def scale_start(opportunities: Iterable[OpportunityView]) -> int:
    """The bars' common left end: the lowest figure, rounded down to ten, at most 80 %."""
    lows = [80.0]
    for o in opportunities:
        lows += [v for v in (o.win_low_pct, o.breakeven_win_pct) if v is not None and finite(v)]
    return max(0, 10 * math.floor(min(lows) / 10))


def _row(o: OpportunityView, say: Wording, start: int) -> OpportunityRow:
    return OpportunityRow(
        key=_key(o),
        rank=o.rank,
        ticker=o.ticker,
        alert_id=alert_name(o),
        status=o.status,
        status_text=STATUS_WORDS.get(o.status, o.status),
        status_why=o.status_why,
        in_window=o.in_window,
        trade=f"{o.dte} DTE {o.band} {words(o.spread_type)}",
        terms=_terms(o, say),
        entry=f"{o.entry_time_pt} PT",
        window_closes=say.maybe(o.window_closes_at) if o.in_window else None,
        window_opens=_opens(o, say),
        win=percent(o.win_rate_pct),
        interval=f"{number(o.win_low_pct, 1)}–{number(o.win_high_pct, 1)} %",
        trades=f"{o.n_trades:,} trades",
        breakeven=percent(o.breakeven_win_pct),
        breakeven_note=against_breakeven(o.win_low_pct, o.win_high_pct, o.breakeven_win_pct),
        verdict=o.verdict,
        verdict_why=o.verdict_why,
        max_return=percent(o.max_return_pct),
        credit=usd(o.credit_usd_per_contract),
        max_loss=usd(o.max_loss_usd_per_contract),
        average_pnl=usd(o.avg_pnl_usd_per_contract),
        sharpe=number(o.sharpe),
        score=number(o.score, 1),
        bar=_bar(o, start),
        source=o.source,
        card=_card(o, say),
    )


def _key(o: OpportunityView) -> str:
    """Names the configuration, not its rank: an opened card stays open when ranks change."""
    parts = (o.ticker, o.dte, o.band, o.spread_type, o.flow_mode, o.width, o.entry_time_pt)
    return NOT_IN_AN_ID.sub("-", "-".join(map(str, parts)))


def _card(o: OpportunityView, say: Wording) -> CardParts | None:
    parts = CardParts(
        trade=trade_card(o, say),
        evidence=evidence_card(o.evidence),
        what_if=what_if_card(o.what_if),
    )
    return None if parts == CardParts(trade=None, evidence=None, what_if=None) else parts


def _terms(o: OpportunityView, say: Wording) -> str:
    expiry = day_text(o.expiration, year=say.now.year) if o.expiration else UNKNOWN
    flow = "" if o.flow_mode == "neutral" else f" · {words(o.flow_mode)}"
    return f"expires {expiry} · {strike(o.width)} pts wide{flow}"


def _opens(o: OpportunityView, say: Wording) -> Stamp | None:
    coming = o.window_opens_at is not None and o.window_opens_at > say.now
    return say.maybe(o.window_opens_at) if coming else None


def against_breakeven(low: float, high: float, breakeven: float | None) -> str:
    """What the interval says about the break-even win rate, in words."""
    if breakeven is None or not finite(breakeven):
        return "break-even unknown"
    if low > breakeven:
        return "whole interval above break-even"
    if high < breakeven:
        return "whole interval below break-even"
    return "interval includes break-even"


def _bar(o: OpportunityView, start: int) -> IntervalBar:
    def place(value: float) -> float:
        return round(min(100.0, max(0.0, 100 * (value - start) / (100 - start))), 2)

    known = o.breakeven_win_pct is not None and finite(o.breakeven_win_pct)
    return IntervalBar(
        start_pct=start,
        low=place(o.win_low_pct),
        high=place(o.win_high_pct),
        point=place(o.win_rate_pct),
        breakeven=place(o.breakeven_win_pct) if known and o.breakeven_win_pct is not None else None,
    )
