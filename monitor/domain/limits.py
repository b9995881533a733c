"""Portfolio limits: how many positions, and how much their computed maximum losses add up to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.config import Limits
from monitor.domain.alert_text import usd_short
from monitor.domain.alerts import Condition
from monitor.domain.positions import Position
from monitor.domain.schedule import ExitSchedule
from monitor.domain.snapshot import LimitView
from monitor.domain.vocabulary import Level, PositionStatus

COUNT = "Open Positions"
RISK = "Total Capital at Risk"


def at_risk(schedule: ExitSchedule, now: datetime) -> bool:
    """Whether the position can still lose money: until it settles, not until it is logged closed.

    An AM-settled one carries its risk over the night after its last trading close.
    """
    return now < schedule.settles_at


def check_limits(positions: Iterable[Position], limits: Limits) -> tuple[LimitView, ...]:
    """Compare open positions with both limits.

    Args:
        positions: Those still at risk (see `at_risk`); closed ones are left out here.
    """
    counted = [p for p in positions if p.status is PositionStatus.OPEN]
    total = round(sum(p.max_loss_usd for p in counted), 2)
    return (
        LimitView(
            name=COUNT,
            value=len(counted),
            limit=limits.max_positions,
            unit="positions",
            breached=len(counted) > limits.max_positions,
        ),
        LimitView(
            name=RISK,
            value=total,
            limit=limits.max_total_risk_usd,
            unit="$",
            breached=total > limits.max_total_risk_usd,
        ),
    )


def limit_conditions(views: Sequence[LimitView]) -> tuple[Condition, ...]:
    """One alert per breached limit; a further tenth of the limit above it is an escalation."""
    return tuple(_breach(view) for view in views if view.breached)


def blocks_new(views: Sequence[LimitView], extra_risk_usd: float) -> str | None:
    """Why one more position with this maximum loss would break a limit, or None."""
    if not math.isfinite(extra_risk_usd):
        return "its maximum loss is unknown"
    return next(iter(breaks_by(views, extra_risk_usd)), None)


def breaks_by(views: Sequence[LimitView], extra_risk_usd: float) -> tuple[str, ...]:
    """The limits that one more position with this maximum loss would break, a sentence each."""
    said = []
    for view in views:
        extra = 1 if view.name == COUNT else extra_risk_usd
        after = round(view.value + extra, 2)
        if after > view.limit:
            said.append(
                f"{view.name} would be {_show(view, after)}, limit {_show(view, view.limit)}"
            )
    return tuple(said)


def contracts_that_fit(views: Sequence[LimitView], risk_usd_per_contract: float) -> int:
    """How many contracts one more position may have within all limits."""
    fit = []
    for view in views:
        room = round(view.limit - view.value, 2)
        if view.name == RISK:
            fit.append(round(100 * room) // max(1, round(100 * risk_usd_per_contract)))  # cents
        elif room < 1:
            return 0
    return max(0, min(fit, default=0))


def _breach(view: LimitView) -> Condition:
    value, limit = _show(view, view.value), _show(view, view.limit)
    return Condition(
        key=f"limit:{'count' if view.name == COUNT else 'risk'}",
        level=Level.ERROR,
        title=f"RISK LIMIT BREACH - {view.name}: {value} exceeds {limit}",
        details=("No new opportunity is alerted until this is within the limit",),
        severity=int(10 * (view.value / view.limit - 1)),
        resolved_title=f"Within the limit again - {view.name} (limit {limit})",
        data=(("value", view.value), ("limit", view.limit), ("unit", view.unit)),
    )


def _show(view: LimitView, value: float) -> str:
    return usd_short(value) if view.unit == "$" else f"{value:g}"
