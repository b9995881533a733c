"""Exit rules with answers worked by hand from the contract and the exchange's 2025 hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from monitor.domain.exit_alerts import exit_conditions, undecided_keys
from monitor.domain.exit_views import exit_views
from monitor.domain.exits import (
    ExitReason,
    ExitRules,
    ExitState,
    PositionExits,
    evaluate_position,
    price_exit,
    stop_can_fire,
    stop_note,
)
from monitor.domain.positions import PnlMark, Position
from monitor.domain.schedule import ExitSchedule, exit_schedule
from monitor.domain.trading_calendar import Session, TradingCalendar
from monitor.domain.vocabulary import FlowMode, Level, PositionStatus, Settlement, SpreadType
from monitor.errors import DomainError

RULES = ExitRules(profit_target_pct=50, stop_loss_credit_multiple=2, time_exit_dte=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _session(day: int, *, month: int = 11, close: int = 21) -> Session:
    """New York winter hours: 09:30 is 14:30 UTC, 16:00 is 21:00 UTC, 13:00 is 18:00 UTC."""
    return Session(
        date=date(2025, month, day),
        open=datetime(2025, month, day, 14, 30, tzinfo=UTC),
        close=datetime(2025, month, day, close, tzinfo=UTC),
    )


# The week of Thanksgiving 2025: Thursday 27 closed, Friday 28 closes at 13:00 New York.
CALENDAR = TradingCalendar(
    tuple(
        _session(day, month=month, close=close)
        for month, day, close in (
            (11, 20, 21), (11, 21, 21), (11, 24, 21), (11, 25, 21), (11, 26, 21), (11, 28, 18),
            (12, 1, 21), (12, 2, 21),
        )
    )
)  # fmt: skip


def position(**over: Any) -> Position:
    fields: dict[str, Any] = {
        "id": "a3f8c2d1",
        "ticker": "NDX",
        "spread_type": SpreadType.IRON_CONDOR,
        "flow_mode": FlowMode.NEUTRAL,
        "band": "P98",
        "expiration": date(2025, 12, 1),
        "settlement": Settlement.PM,
        "entry_dte": 4,
        "contracts": 2,
        "multiplier": 100,
        "credit_usd": 285.0,
        "strikes": None,
        "risk_usd": None,
        "max_loss_usd": 19_715.0,
        "opened_at": at("2025-11-24T15:30"),
        "status": PositionStatus.OPEN,
    }
    return Position(**{**fields, **over})


def schedule(
    opened: date = date(2025, 11, 24),
    expiration: date = date(2025, 12, 1),
    settlement: Settlement = Settlement.PM,
) -> ExitSchedule:
    return exit_schedule(
        opened=opened,
        expiration=expiration,
        settlement=settlement,
        time_exit_dte=1,
        calendar=CALENDAR,
    )


def judge(now: str, plan: ExitSchedule | None = None, **over: Any) -> PositionExits:
    return evaluate_position(position(**over), plan or schedule(), RULES, at(now))


def marked(pnl: float, asof: str = "2025-11-25T18:40") -> PnlMark:
    return PnlMark(pnl_usd=pnl, asof=at(asof), source="you")


def titles(now: str, plan: ExitSchedule | None = None, **over: Any) -> list[str]:
    exits = judge(now, plan, **over)
    found = exit_conditions(position(**over), exits, now=at(now), short_id="a3f8")
    return [f"[{c.level}] {c.title}" for c in found]


# --- price rules -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("credit", "pnl", "expected"),
    [
        (285, 142.50, ExitReason.PROFIT_TARGET),  # exactly half of the credit
        (285, 142.49, None),
        (285, -569.99, None),
        (285, -570.00, ExitReason.STOP_LOSS),  # exactly two credits lost
        (285, 0, None),
        (2.85, 1.425, ExitReason.PROFIT_TARGET),  # the same trade in points per share
        (2.85, -5.70, ExitReason.STOP_LOSS),
    ],
)
def test_price_exit_fires_at_its_level(
    credit: float, pnl: float, expected: ExitReason | None
) -> None:
    assert price_exit(credit=credit, pnl=pnl, rules=RULES) is expected


def test_trap_06_stop_means_the_loss_reaches_two_credits_not_that_the_price_doubles() -> None:
    """Sold at 1.50, price doubled to 3.00: one credit lost, no stop yet; at 4.50 two are."""
    assert price_exit(credit=1.50, pnl=1.50 - 3.00, rules=RULES) is None
    assert price_exit(credit=1.50, pnl=1.50 - 4.50, rules=RULES) is ExitReason.STOP_LOSS


@pytest.mark.parametrize(
    ("width", "credit", "can_fire"),
    [(30, 10, True), (30, 9.99, True), (30, 10.01, False), (50, 16, True), (50, 17, False)],
)
def test_trap_06_stop_cannot_fire_above_a_third_of_the_width(
    width: float, credit: float, can_fire: bool
) -> None:
    usd = 100.0
    assert stop_can_fire(credit * usd, (width - credit) * usd, 2) is can_fire


def test_trap_06_note_names_both_amounts() -> None:
    assert stop_note(1800, 3200, RULES) == (
        "can never fire: the maximum loss $3,200.00 is below 2 × credit = $3,600.00"
    )
    assert stop_note(285, 19_715, RULES) == ""


def test_level_that_is_not_exact_in_binary_is_reached_to_the_cent() -> None:
    """1.1 × 3 is 3.3000000000000003 in binary; a loss of 3.30 is still 1.1 credits."""
    rules = replace(RULES, stop_loss_credit_multiple=1.1)
    assert price_exit(credit=3, pnl=-3.30, rules=rules) is ExitReason.STOP_LOSS


@pytest.mark.parametrize("pnl", [float("nan"), float("inf"), float("-inf")])
def test_unknown_pnl_is_not_judged(pnl: float) -> None:
    with pytest.raises(DomainError, match="no exit can be judged"):
        price_exit(credit=285, pnl=pnl, rules=RULES)


# --- instants --------------------------------------------------------------------------------


def test_time_exit_is_15_minutes_before_an_early_close() -> None:
    """Expires Monday 12-01; the session before is Friday 11-28, which closes 13:00 New York."""
    plan = schedule()
    assert plan.heads_up_at == at("2025-11-28T14:30")
    assert plan.time_exit_at == at("2025-11-28T17:45")
    assert not judge("2025-11-28T17:44:59").time_exit_due
    assert judge("2025-11-28T17:45").due == (ExitReason.TIME_EXIT,)


def test_heads_up_comes_at_the_open_of_the_exit_session() -> None:
    assert titles("2025-11-28T14:29:59") == []
    assert titles("2025-11-28T14:30") == [
        "[WARNING] Heads-up - Position a3f8 | time exit today at 2025-11-28 09:45 PT | P&L: unknown"
    ]


def test_time_exit_needs_no_pnl() -> None:
    assert titles("2025-11-28T17:45") == [
        "[EXIT] EXIT SIGNAL - Position a3f8 | Reason: Time exit | P&L: unknown"
    ]


def test_unanswered_time_exit_gets_worse_in_the_last_hour_of_trading() -> None:
    """Last trading session Monday 12-01, 16:00 New York = 21:00 UTC; last call from 20:00 UTC."""

    def severity(now: str) -> int:
        found = exit_conditions(position(), judge(now), now=at(now), short_id="a3f8")
        return found[0].severity

    heads_up, due, still, last = (
        severity(t)
        for t in (
            "2025-11-28T15:00", "2025-11-28T17:45", "2025-12-01T19:59", "2025-12-01T20:00",
        )
    )  # fmt: skip
    assert heads_up < due == still < last


@pytest.mark.parametrize(
    ("opened", "logged_at"),
    [(date(2025, 11, 28), "2025-11-28T15:00"), (date(2025, 11, 26), "2025-11-26T20:59")],
    ids=["0 DTE", "1 DTE"],
)
def test_trap_17_short_trade_gets_no_exit_when_logged_nor_at_night_nor_after_expiry(
    opened: date, logged_at: str
) -> None:
    """Expires Friday 11-28 13:00 New York (18:00 UTC): one heads-up at 17:00 UTC, then settles."""
    plan = schedule(opened=opened, expiration=date(2025, 11, 28))
    assert plan.time_exit_at is None
    short = {"expiration": date(2025, 11, 28)}
    now = at(logged_at)
    told: list[tuple[datetime, str]] = []
    while now < at("2025-12-01T15:00"):
        exits = evaluate_position(position(**short), plan, RULES, now)
        for c in exit_conditions(position(**short), exits, now=now, short_id="a3f8"):
            assert c.level is not Level.EXIT
            told.append((now, c.key))
        now += timedelta(minutes=1)
    assert min(t for t, _ in told) == at("2025-11-28T17:00")
    heads_up = [t for t, key in told if key == "exit:a3f8c2d1:time_exit"]
    assert (heads_up[0], heads_up[-1]) == (at("2025-11-28T17:00"), at("2025-11-28T17:59"))
    assert {key for t, key in told if t >= at("2025-11-28T18:00")} == {"settle:a3f8c2d1"}


def test_fault_18_expiry_stops_every_exit_and_asks_to_settle() -> None:
    loser: dict[str, Any] = {"mark": marked(-570.0)}
    before, after = judge("2025-12-01T20:59:59", **loser), judge("2025-12-01T21:00", **loser)
    assert before.due == (ExitReason.STOP_LOSS, ExitReason.TIME_EXIT)
    assert (after.due, after.state) == ((), ExitState.SETTLE_ME)
    shown = exit_views(position(**loser), after, at("2025-12-01T21:00"))
    assert [(v.kind, v.due) for v in shown] == [("settle", True)]
    assert titles("2025-12-01T21:00", **loser) == [
        "[WARNING] Settle me - Position a3f8 | trading ended 2025-12-01 13:00 PT"
    ]


def test_am_settled_position_stops_trading_the_session_before() -> None:
    """Third Friday 2025-11-21: last trade Thursday 11-20, 16:00 New York."""
    plan = schedule(date(2025, 11, 20), date(2025, 11, 21), Settlement.AM)
    exits = judge("2025-11-20T21:00", plan, settlement=Settlement.AM)
    assert exits.state is ExitState.SETTLE_ME


# --- words -----------------------------------------------------------------------------------


def test_profit_target_line_is_the_contract_to_the_letter() -> None:
    assert titles("2025-11-25T18:45", mark=marked(142.50)) == [
        "[EXIT] EXIT SIGNAL - Position a3f8 | Reason: Profit target hit | P&L: $142.50 (+50.0%)"
    ]


def test_stop_line_shows_the_loss_with_its_sign() -> None:
    assert titles("2025-11-25T18:45", mark=marked(-570.0)) == [
        "[EXIT] EXIT SIGNAL - Position a3f8 | Reason: Stop loss hit | P&L: -$570.00 (-200.0%)"
    ]


def test_trap_36_exit_says_how_old_its_pnl_is_and_whose() -> None:
    mark = marked(142.50, "2025-11-25T16:35")
    exits = judge("2025-11-25T18:45", mark=mark)
    (condition,) = exit_conditions(
        position(mark=mark), exits, now=at("2025-11-25T18:45"), short_id="a3f8"
    )
    assert "P&L logged by you, as of 2025-11-25 08:35 PT, 2 h 10 min old" in condition.details


def test_position_without_pnl_has_unknown_distances_not_zero() -> None:
    exits = judge("2025-11-25T18:45")
    by_kind = {v.kind: v for v in exit_views(position(), exits, at("2025-11-25T18:45"))}
    assert by_kind["profit_target"].distance_usd is None
    assert by_kind["stop_loss"].distance_usd is None
    assert by_kind["stop_loss"].level_usd == -570.0
    assert undecided_keys(position(), exits) == (
        "exit:a3f8c2d1:stop_loss",
        "exit:a3f8c2d1:profit_target",
    )


def test_distances_are_measured_to_both_levels() -> None:
    """P&L $42.50 of a $285 credit: 100.00 to the target, 612.50 to the stop."""
    exits = judge("2025-11-25T18:45", mark=marked(42.50))
    views = exit_views(position(mark=marked(42.50)), exits, at("2025-11-25T18:45"))
    by_kind = {v.kind: v for v in views}
    assert by_kind["profit_target"].distance_usd == pytest.approx(100.0)
    assert by_kind["stop_loss"].distance_usd == pytest.approx(612.50)
    assert exits.state is ExitState.OPEN
    assert undecided_keys(position(mark=marked(42.50)), exits) == ()
