"""A cycle's result and the process's own facts → the snapshot that the page reads. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.config import Settings
from monitor.domain.exits import ExitRules, ExitState
from monitor.domain.funnel import grid_view
from monitor.domain.grid import GridFile
from monitor.domain.market_view import market_view
from monitor.domain.position_watch import WatchedPosition, position_view, still_at_risk
from monitor.domain.scan_step import funnels, opportunity_rows
from monitor.domain.snapshot import (
    AlertView,
    FunnelView,
    HealthView,
    MonitorView,
    OpportunityView,
    PortfolioView,
    Problem,
    Snapshot,
)
from monitor.domain.step import CycleResult
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Trend
from monitor.domain.what_if import with_what_if

DETAIL_ROOM = 13_000  # characters of alerts' details on a page, whose size is limited


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the snapshot says beside the cycle's decisions."""

    monitor: MonitorView
    health: HealthView
    alerts: tuple[AlertView, ...]
    closed_positions: int
    realized_pnl_usd: float
    trend: Trend
    trend_source: str
    grid: GridFile | None
    grid_problem: str | None
    next_due_at: datetime


def build_snapshot(
    result: CycleResult,
    around: Surroundings,
    *,
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
) -> Snapshot:
    rules = ExitRules.from_settings(settings.exits)
    regime = result.state.regime
    return Snapshot(
        generated_at=now,
        next_due_at=around.next_due_at,
        monitor=around.monitor,
        markets=tuple(
            market_view(
                context,
                regime=regime if context.vix.value is not None and not context.vix.stale else None,
                trend=around.trend,
                trend_source=around.trend_source,
                calendar=calendar,
                now=now,
            )
            for context in result.contexts.values()
        ),
        opportunities=_opportunities(result, settings, now),
        funnel=FunnelView(
            grid=grid_view(around.grid, around.grid_problem),
            tickers=funnels(result.state.scans),
            profile=settings.quality.profile.value,
        ),
        portfolio=_portfolio(result, around),
        positions=tuple(
            position_view(w, rules=rules, calendar=calendar, now=now) for w in result.watch.watched
        ),
        alerts=_shortened(around.alerts),
        health=replace(
            around.health, problems=around.health.problems + _unmarked(result.watch.watched)
        ),
    )


def _opportunities(
    result: CycleResult, settings: Settings, now: datetime
) -> tuple[OpportunityView, ...]:
    """The rows, and what each that may be acted on would do to the book."""
    positions = still_at_risk(result.watch.watched, now)
    prices = {
        ticker: context.price
        for ticker, context in result.contexts.items()
        if context.price is not None and not context.stale
    }
    return tuple(
        with_what_if(view, positions, limits=settings.limits, prices=prices)
        for view in opportunity_rows(result.state.scans, result.living, now=now)
    )


def _shortened(alerts: Sequence[AlertView]) -> tuple[AlertView, ...]:
    """Newest alerts with all they say; further on, where the page would swell, their title."""
    room = DETAIL_ROOM
    kept = []
    for alert in alerts:
        room -= sum(map(len, alert.details))
        more = (f"details: alert {alert.id} in logs/alerts.log",)
        kept.append(alert if room >= 0 else replace(alert, details=more))
    return tuple(kept)


def _unmarked(watched: Sequence[WatchedPosition]) -> tuple[Problem, ...]:
    """Positions without any P&L: their sum is unknown, and two of their exits are blind."""
    blind = [
        w.short_id
        for w in watched
        if w.position.mark is None and (w.exits is None or w.exits.state is not ExitState.SETTLE_ME)
    ]
    if not blind:
        return ()
    why = (
        f"no P&L is known for {', '.join(blind)}: profit target and stop cannot fire; "
        f"positions update {blind[0]} --pnl DOLLARS"
    )
    return (Problem(what="unrealized_pnl_usd", why=why),)


def _portfolio(result: CycleResult, around: Surroundings) -> PortfolioView:
    positions = [w.position for w in result.watch.watched]
    marks = [p.mark.pnl_usd for p in positions if p.mark is not None]
    partly = sum(p.realized_pnl_usd for p in positions)
    return PortfolioView(
        open=len(positions),
        closed=around.closed_positions,
        total_max_loss_usd=sum(p.max_loss_usd for p in positions),
        unrealized_pnl_usd=None if positions and not marks else sum(marks, 0.0),
        marked=len(marks),
        realized_pnl_usd=around.realized_pnl_usd + partly,
        limits=result.watch.limits,
    )
