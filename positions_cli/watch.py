"""Positions judged at this instant, by the very rules the monitor alerts by."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain.position_warnings import position_warnings, usd
from monitor.domain.position_watch import PositionWatch, watch_positions
from monitor.domain.positions import Position
from monitor.domain.snapshot import LimitView
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import PositionStatus
from positions_cli.session import Session
from positions_cli.words import rules_of


def watch(
    session: Session, positions: Sequence[Position], calendar: TradingCalendar
) -> PositionWatch:
    """Exits and limits of the open positions among these."""
    return watch_positions(
        [p for p in positions if p.status is PositionStatus.OPEN],
        rules=rules_of(session),
        limits=session.settings.limits,
        calendar=calendar,
        now=session.now,
    )


def warnings_of(session: Session, position: Position) -> tuple[str, ...]:
    """What is dangerous in one position."""
    multiple = session.settings.exits.stop_loss_credit_multiple
    return position_warnings(position, stop_multiple=multiple)


def limit_warnings(
    session: Session, book: Sequence[Position], calendar: TradingCalendar
) -> list[str]:
    """One sentence for each limit the open book breaks."""
    return [
        f"limit broken: {view.name} is {show_limit(view, view.value)}, "
        f"your limit is {show_limit(view, view.limit)}"
        for view in watch(session, book, calendar).limits
        if view.breached
    ]


def show_limit(view: LimitView, value: float) -> str:
    return usd(value) if view.unit == "$" else f"{value:g}"
