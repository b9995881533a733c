"""Positions as text and as JSON fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from monitor.domain.position_warnings import usd
from monitor.domain.position_watch import WatchedPosition, position_view
from monitor.domain.positions import Position
from monitor.domain.snapshot import PositionView
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import PositionStatus
from positions_cli.session import Session
from positions_cli.watch import watch
from positions_cli.words import expiration_text, local, pnl_text, rules_of, title


def position_json(
    session: Session, position: Position, calendar: TradingCalendar
) -> dict[str, Any]:
    """What a program gets of one position: its view and, once closed, how it ended."""
    (watched,) = watched_of(session, [position], calendar)
    view = position_view(watched, rules=rules_of(session), calendar=calendar, now=session.now)
    return asdict(view) | {
        "state": _state(watched, view),
        "status": position.status.value,
        "time_exit_at": _time_exit(watched),
        "realized_pnl_usd": position.realized_pnl_usd,
        "closed_at": position.closed_at,
        "multiplier": position.multiplier,
    }


def watched_of(
    session: Session, positions: Sequence[Position], calendar: TradingCalendar
) -> list[WatchedPosition]:
    """The positions in their order, the open ones with their exits."""
    judged = {w.position.id: w for w in watch(session, positions, calendar).watched}
    return [
        judged.get(p.id) or WatchedPosition(position=p, exits=None, short_id=p.id)
        for p in positions
    ]


def _state(watched: WatchedPosition, view: PositionView) -> str:
    is_open = watched.position.status is PositionStatus.OPEN
    return view.state if is_open else PositionStatus.CLOSED.value


def _time_exit(watched: WatchedPosition) -> datetime | None:
    return watched.exits.schedule.time_exit_at if watched.exits else None


def logged_text(
    session: Session, position: Position, calendar: TradingCalendar, *, dry_run: bool
) -> str:
    """What was logged and what follows from it."""
    (watched,) = watched_of(session, [position], calendar)
    per_share = position.credit_usd / (position.multiplier * position.contracts)
    computed = "computed from the strikes" if position.strikes else "as you stated it"
    head = "would log" if dry_run else f"logged {position.id}:"
    head = f"SIMULATED: {head}" if position.simulated else head
    return "\n".join(
        (
            f"{head} {position.contracts} × {title(position)}",
            f"  expires {expiration_text(position, position.entry_dte)}, "
            f"{_exit_line(session, watched)}",
            f"  credit {usd(position.credit_usd)} for the whole position "
            f"= {per_share:.6g} points per share",
            f"  maximum loss {usd(position.max_loss_usd)}, {computed}",
        )
    )


def _exit_line(session: Session, watched: WatchedPosition) -> str:
    if watched.exits is None:
        return f"exits unknown: {watched.problem}" if watched.problem else "closed"
    at = watched.exits.schedule.time_exit_at
    if at is not None:
        return f"time exit {local(session, at)}"
    return f"no time exit: it settles {local(session, watched.exits.schedule.settles_at)}"


def show_text(session: Session, position: Position, calendar: TradingCalendar) -> str:
    """Everything known of one position."""
    (watched,) = watched_of(session, [position], calendar)
    view = position_view(watched, rules=rules_of(session), calendar=calendar, now=session.now)
    per_share = view.credit
    lines = [
        f"{position.id}  {position.contracts} × {title(position)}  [{_state(watched, view)}]",
        f"  band {position.band or 'not given'}, flow {position.flow_mode.value}, "
        f"opened {local(session, position.opened_at)} with {position.entry_dte} DTE",
        f"  expires {expiration_text(position, view.dte)}, {_exit_line(session, watched)}",
        f"  credit {usd(position.credit_usd)} = {per_share:.6g} points per share",
        f"  maximum loss {usd(position.max_loss_usd)}"
        + (f", you stated {usd(position.risk_usd)}" if position.risk_usd is not None else ""),
        f"  P&L {pnl_text(position, session.now)}",
    ]
    if watched.exits is not None:
        lines.append(
            f"  profit target at {usd(watched.exits.target_usd)}, "
            f"stop at {usd(watched.exits.stop_usd)}"
        )
    lines += [f"  warning: {text}" for text in view.warnings]
    lines += [f"  note: {note}" for note in position.notes]
    return "\n".join(lines)
