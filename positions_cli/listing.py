"""The table of `positions list`. It imports little: this command must answer at once."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.clock import NEW_YORK
from monitor.domain.exits import ExitRules, state_of
from monitor.domain.position_warnings import usd
from monitor.domain.positions import Position
from monitor.domain.schedule import exit_schedule
from monitor.domain.spreads import describe_strikes
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import PositionStatus
from monitor.errors import MonitorError
from positions_cli.output import table
from positions_cli.session import Session
from positions_cli.words import expiration_text, local, pnl_text, rules_of

HEADER = (
    "ID", "TICKER", "SPREAD", "STRIKES", "EXPIRATION", "QTY", "CREDIT", "MAX LOSS", "P&L",
    "TIME EXIT", "STATE",
)  # fmt: skip
RIGHT = frozenset({5, 6, 7})


def list_table(
    session: Session,
    positions: Sequence[Position],
    calendar: TradingCalendar,
    *,
    columns: int | None = None,
) -> str:
    """One line a position; times in the person's zone, dollars for the whole position.

    Args:
        columns: The terminal's; a position takes several lines where the table is wider.
    """
    rules = rules_of(session)
    rows = [_row(session, p, rules, calendar) for p in positions]
    text = table(HEADER, rows, right=RIGHT)
    if columns is None or len(max(text.splitlines(), key=len)) <= columns:
        return text
    return "\n".join(map(_block, rows))


def _block(row: tuple[str, ...]) -> str:
    name, ticker, spread, strikes, expiration, qty, credit, max_loss, pnl, time_exit, state = row
    return "\n".join(
        (
            f"{name}  {qty} × {ticker} {spread} {strikes}".rstrip() + f"  [{state}]",
            f"  expires {expiration}, time exit {time_exit}",
            f"  credit {credit}, maximum loss {max_loss}",
            f"  P&L {pnl}",
        )
    )


def _row(
    session: Session, p: Position, rules: ExitRules, calendar: TradingCalendar
) -> tuple[str, ...]:
    is_open = p.status is PositionStatus.OPEN
    return (
        p.id,
        p.ticker,
        p.spread_type.value,
        describe_strikes(p.strikes),
        expiration_text(p, _dte(session, p, calendar) if is_open else None),
        str(p.contracts),
        usd(p.credit_usd),
        usd(p.max_loss_usd) if is_open else "—",
        pnl_text(p, session.now),
        *(_exit_and_state(session, p, rules, calendar) if is_open else ("—", p.status.value)),
    )


def _exit_and_state(
    session: Session, p: Position, rules: ExitRules, calendar: TradingCalendar
) -> tuple[str, str]:
    try:
        schedule = exit_schedule(
            opened=p.opened_at.astimezone(NEW_YORK).date(),
            expiration=p.expiration,
            settlement=p.settlement,
            time_exit_dte=rules.time_exit_dte,
            calendar=calendar,
        )
    except MonitorError:  # its dates lie outside the calendar: `positions show` says why
        return "unknown", "unknown"
    at = schedule.time_exit_at
    state = state_of(p, schedule, rules, session.now)
    return (local(session, at) if at else "at settlement"), state.value


def _dte(session: Session, p: Position, calendar: TradingCalendar) -> int | None:
    try:
        return calendar.dte(session.now.astimezone(NEW_YORK).date(), p.expiration)
    except MonitorError:
        return None
