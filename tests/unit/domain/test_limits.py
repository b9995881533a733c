"""Limits by count and by computed maximum loss."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from monitor.config import Limits
from monitor.domain.limits import at_risk, blocks_new, check_limits, limit_conditions
from monitor.domain.positions import Position
from monitor.domain.schedule import ExitSchedule
from monitor.domain.vocabulary import FlowMode, Level, PositionStatus, Settlement, SpreadType

LIMITS = Limits(max_positions=5, max_total_risk_usd=50_000)


def position(max_loss_usd: float, **over: Any) -> Position:
    fields: dict[str, Any] = {
        "id": "a3f8c2d1",
        "ticker": "NDX",
        "spread_type": SpreadType.IRON_CONDOR,
        "flow_mode": FlowMode.NEUTRAL,
        "band": "P98",
        "expiration": date(2025, 12, 1),
        "settlement": Settlement.PM,
        "entry_dte": 3,
        "contracts": 2,
        "multiplier": 100,
        "credit_usd": 285.0,
        "strikes": None,
        "risk_usd": 1_715.0,
        "max_loss_usd": max_loss_usd,
        "opened_at": datetime(2025, 11, 24, 15, tzinfo=UTC),
        "status": PositionStatus.OPEN,
    }
    return Position(**{**fields, **over})


def lines(*max_losses: float) -> list[str]:
    views = check_limits([position(m) for m in max_losses], LIMITS)
    return [f"[{c.level}] {c.title}" for c in limit_conditions(views)]


def test_breach_line_is_the_contract_to_the_letter() -> None:
    assert lines(30_000, 25_000) == [
        "[ERROR] RISK LIMIT BREACH - Total Capital at Risk: $55,000 exceeds $50,000"
    ]


def test_exactly_the_limit_is_no_breach_and_a_cent_more_shows_the_cent() -> None:
    assert lines(50_000) == []
    assert lines(50_000.01) == [
        "[ERROR] RISK LIMIT BREACH - Total Capital at Risk: $50,000.01 exceeds $50,000"
    ]


def test_sum_of_cents_does_not_breach_by_binary_rounding() -> None:
    """49,999.70 + 3 × 0.10 is 50,000.00, though not in binary floating point."""
    assert lines(49_999.70, 0.10, 0.10, 0.10) == []


def test_count_breach_names_the_count() -> None:
    assert lines(*[100.0] * 5) == []
    assert lines(*[100.0] * 6) == ["[ERROR] RISK LIMIT BREACH - Open Positions: 6 exceeds 5"]


def test_trap_01_computed_loss_counts_not_the_stated_risk() -> None:
    """Three condors typed as "risk 1,715" risk 3 × $19,715 = $59,145."""
    assert lines(19_715, 19_715, 19_715) == [
        "[ERROR] RISK LIMIT BREACH - Total Capital at Risk: $59,145 exceeds $50,000"
    ]


def test_closed_positions_do_not_count() -> None:
    closed = position(60_000, status=PositionStatus.CLOSED)
    assert [v.value for v in check_limits([closed], LIMITS)] == [0, 0]


@pytest.mark.parametrize(
    ("open_losses", "extra", "reason"),
    [
        ([10_000] * 4, 10_000, None),
        ([10_000] * 4, 10_000.01, "Total Capital at Risk would be $50,000.01, limit $50,000"),
        ([100] * 5, 100, "Open Positions would be 6, limit 5"),
        ([], float("nan"), "its maximum loss is unknown"),
    ],
)
def test_new_position_is_blocked_before_it_would_break_a_limit(
    open_losses: list[float], extra: float, reason: str | None
) -> None:
    views = check_limits([position(m) for m in open_losses], LIMITS)
    assert blocks_new(views, extra) == reason


def test_breach_escalates_with_each_tenth_of_the_limit() -> None:
    def severity(total: float) -> int:
        (condition,) = limit_conditions(check_limits([position(total)], LIMITS))
        return condition.severity

    assert [severity(t) for t in (50_001, 54_999, 55_001, 60_001)] == [0, 0, 1, 2]
    (condition,) = limit_conditions(check_limits([position(55_000)], LIMITS))
    assert condition.level is Level.ERROR


def test_trap_18_am_settled_position_is_at_risk_until_the_opening_prices() -> None:
    plan = ExitSchedule(
        heads_up_at=datetime(2025, 11, 20, 20, tzinfo=UTC),
        time_exit_at=None,
        last_trade_close=datetime(2025, 11, 20, 21, tzinfo=UTC),
        settles_at=datetime(2025, 11, 21, 14, 30, tzinfo=UTC),
    )
    assert at_risk(plan, datetime(2025, 11, 21, 14, 29, tzinfo=UTC))
    assert not at_risk(plan, datetime(2025, 11, 21, 14, 30, tzinfo=UTC))
