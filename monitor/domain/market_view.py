"""MarketContext → the snapshot's market section."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import datetime

from monitor.domain.context import Level, MarketContext
from monitor.domain.regime import RegimeState
from monitor.domain.snapshot import LevelView, MarketView, SessionView
from monitor.domain.trading_calendar import Session, TradingCalendar
from monitor.domain.unknowns import unspoken
from monitor.domain.vocabulary import SessionState, Trend
from monitor.errors import CalendarHorizonError


def market_view(
    context: MarketContext,
    *,
    regime: RegimeState | None,
    trend: Trend,
    trend_source: str,
    calendar: TradingCalendar,
    now: datetime,
) -> MarketView:
    quote = context.quote
    family = tuple((_level(level), level.why) for level in context.vix_family)
    view = MarketView(
        ticker=context.ticker,
        price=context.price,
        previous_close=context.previous_close,
        change=context.change,
        change_pct=context.change_pct,
        volume_ratio=context.volume_ratio,
        vix=context.vix.value,
        vix_asof=context.vix.asof,
        vol_index=_level(context.vol_index) if context.vol_index else None,
        vix_family=tuple(level for level, _ in family),
        regime=regime.regime.value if regime else None,
        regime_since=regime.since if regime else None,
        iv_rank=context.iv_rank,
        iv_percentile=context.iv_percentile,
        trend=trend.value,
        trend_source=trend_source,
        flow=context.flow,
        session=session_view(context.session_state, context.session, calendar, now),
        asof=quote.asof if quote else None,
        age_s=quote.age(now).total_seconds() if quote else None,
        stale=context.stale,
        source=quote.source if quote else None,
        delay_s=quote.delay.total_seconds() if quote else 0.0,
        simulated=quote.simulated if quote else False,
        problems=context.problems,
    )
    fields = {f.name: getattr(view, f.name) for f in dataclasses.fields(view)}
    return replace(view, problems=view.problems + unspoken(fields, family, view.problems))


def session_view(
    state: SessionState, session: Session | None, calendar: TradingCalendar, now: datetime
) -> SessionView:
    try:
        coming = calendar.current_or_next(now)
        next_open = coming.open if coming.open > now else calendar.shift(coming.date, 1).open
    except CalendarHorizonError:
        next_open = None
    return SessionView(
        state=state.value,
        date=session.date if session else None,
        open=session.open if session else None,
        close=session.close if session else None,
        early_close=session.early_close if session else False,
        next_open=next_open,
    )


def _level(level: Level) -> LevelView:
    return LevelView(
        symbol=level.symbol,
        value=level.value,
        asof=level.asof,
        source=level.source,
        stale=level.stale,
    )
