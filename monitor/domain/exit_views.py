"""The exits of one position as the page shows them."""

from __future__ import annotations

from datetime import datetime

from monitor.domain.exits import (
    ExitReason,
    ExitRules,
    expired,
    stop_level,
    target_level,
    time_exit_due,
)
from monitor.domain.schedule import ExitSchedule
from monitor.domain.snapshot import ExitView


def exit_views(
    credit_usd: float,
    pnl: float | None,
    schedule: ExitSchedule,
    rules: ExitRules,
    now: datetime,
    *,
    reason: ExitReason | None,
    price_note: str,
    stop_note: str,
) -> tuple[ExitView, ...]:
    """Every exit with its level or instant; after the last trade only settling is left."""
    over = expired(schedule, now)
    settle = _instant_view("settle", schedule.last_trade_close, due=over)
    if over:
        return (settle,)
    timed = time_exit_due(schedule, now)
    target, stop = target_level(credit_usd, rules), stop_level(credit_usd, rules)
    price = (
        _level_view(ExitReason.PROFIT_TARGET, target, pnl, reason, price_note),
        _level_view(ExitReason.STOP_LOSS, stop, pnl, reason, stop_note or price_note),
    )
    by_time = (
        _instant_view("time_exit", schedule.time_exit_at, due=timed)
        if schedule.time_exit_at is not None
        else None
    )
    heads_up = _instant_view("heads_up", schedule.heads_up_at, due=now >= schedule.heads_up_at)
    return tuple(view for view in (*price, by_time, heads_up, settle) if view is not None)


def _level_view(
    kind: ExitReason, level: float, pnl: float | None, reason: ExitReason | None, note: str = ""
) -> ExitView:
    distance = None if pnl is None else abs(level - pnl)
    if reason is kind:
        distance = 0.0
    return ExitView(
        kind=kind.value,
        due=reason is kind,
        level_usd=level,
        distance_usd=distance,
        at=None,
        note=note,
    )


def _instant_view(kind: str, at: datetime, *, due: bool) -> ExitView:
    return ExitView(kind=kind, due=due, level_usd=None, distance_usd=None, at=at)
