"""The exits of one position as the page shows them."""

from __future__ import annotations

from datetime import datetime

from monitor.domain.exits import ExitReason, PositionExits, expired, known_pnl, time_exit_due
from monitor.domain.positions import Position
from monitor.domain.snapshot import ExitView


def exit_views(position: Position, exits: PositionExits, now: datetime) -> tuple[ExitView, ...]:
    """Every exit with its level or instant; after the last trade only settling is left."""
    schedule = exits.schedule
    over = expired(schedule, now)
    settle = _instant_view("settle", schedule.last_trade_close, due=over)
    if over:
        return (settle,)
    pnl, reason, note = known_pnl(position), exits.price_reason, exits.price_note
    price = (
        _level_view(ExitReason.PROFIT_TARGET, exits.target_usd, pnl, reason, note),
        _level_view(ExitReason.STOP_LOSS, exits.stop_usd, pnl, reason, exits.stop_note or note),
    )
    timed = time_exit_due(schedule, now)
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
