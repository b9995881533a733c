"""A position's values as short texts; amounts are dollars for the whole position."""

from __future__ import annotations

from datetime import datetime

from monitor.domain.exits import ExitRules
from monitor.domain.position_warnings import usd
from monitor.domain.positions import Position
from monitor.domain.spreads import describe_strikes
from monitor.domain.vocabulary import PositionStatus
from positions_cli.session import Session


def rules_of(session: Session) -> ExitRules:
    return ExitRules.from_settings(session.settings.exits)


def expiration_text(position: Position, dte: int | None) -> str:
    """ "Wed 2026-11-25 (3 DTE)", with "AM" where it settles on the opening."""
    am = " AM" if position.settlement.value == "am" else ""
    left = "" if dte is None else f" ({dte} DTE)" if dte >= 0 else " (past)"
    return f"{position.expiration:%a %Y-%m-%d}{am}{left}"


def pnl_text(position: Position, now: datetime) -> str:
    """P&L with its origin and age; realized where closed."""
    realized = usd(position.realized_pnl_usd)
    if position.status is PositionStatus.CLOSED:
        return f"{realized} realized"
    part = f" + {realized} realized" if position.realized_pnl_usd else ""
    if position.mark is None:
        return "unknown" + part
    age = age_text((now - position.mark.asof).total_seconds())
    pct = position.pnl_pct_of_credit
    percent = f" ({pct:+.0f}%)" if pct is not None else ""
    return f"{usd(position.mark.pnl_usd)}{percent}, {position.mark.source}, {age} ago{part}"


def age_text(seconds: float) -> str:
    """An age in its largest whole unit: "3 min", "2 h", "4 d"."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds < 48 * 3600 else f"{round(seconds / 86400)} d"


def local(session: Session, at: datetime) -> str:
    """An instant on the person's wall clock: "Tue 2026-11-24 12:45 PT"."""
    zone = session.settings.hours.display_timezone
    name = "PT" if zone == "America/Los_Angeles" else zone
    return f"{at.astimezone(session.zone):%a %Y-%m-%d %H:%M} {name}"


def title(position: Position) -> str:
    """ "NDX put_spread 19700/19800p"."""
    strikes = f" {describe_strikes(position.strikes)}" if position.strikes else ""
    return f"{position.ticker} {position.spread_type.value}{strikes}"
