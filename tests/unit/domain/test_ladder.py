"""The ladder by hand: steps and their margin, give-back, the last trading day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import msgspec
import pytest
from fakes.positions_book import put_spread
from fakes.spine import CALENDAR, NOW, pacific
from mark_cases import condor

from monitor.config import Ladder
from monitor.domain.exits import ExitRules, evaluate_position
from monitor.domain.ladder import Nearness, Standing, expiry_risk, give_back, next_step, stand
from monitor.domain.ladder_alerts import ladder_conditions
from monitor.domain.positions import PnlMark, Position, Strikes
from monitor.domain.schedule import ExitSchedule, exit_schedule
from monitor.domain.vocabulary import AlertFrom, LadderStep, Settlement, SpreadType

SETTINGS = Ladder()
TODAY = date(2026, 11, 18)
STEP = LadderStep


def schedule_of(position: Position) -> ExitSchedule:
    return exit_schedule(
        opened=TODAY, expiration=position.expiration, settlement=position.settlement,
        time_exit_dte=1, calendar=CALENDAR,
    )  # fmt: skip


def standing(
    near: Nearness,
    position: Position | None = None,
    *,
    before: LadderStep | None = None,
    best_usd: float | None = None,
    now: datetime = NOW,
    settings: Ladder = SETTINGS,
) -> Standing:
    one = position or condor()
    exits = evaluate_position(one, schedule_of(one), ExitRules(), now)
    found = stand(one, exits, near, settings=settings, before=before, best_usd=best_usd, now=now)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("distance", "step"),
    [
        (1.01, STEP.CALM), (1.0, STEP.WATCH), (0.51, STEP.WATCH), (0.5, STEP.WARNING),
        (0.25, STEP.CRITICAL), (0.01, STEP.CRITICAL), (0.0, STEP.BREACHED), (-3, STEP.BREACHED),
        (None, STEP.UNKNOWN), (float("nan"), STEP.UNKNOWN),
    ],
)  # fmt: skip
def test_steps_are_entered_at_their_threshold(distance: float | None, step: LadderStep) -> None:
    assert next_step(distance, before=None, settings=SETTINGS) is step


@pytest.mark.parametrize(
    ("before", "distance", "step"),
    [
        (STEP.CRITICAL, 0.35, STEP.CRITICAL),  # 0.25 + 0.1: still within the margin
        (STEP.CRITICAL, 0.36, STEP.WARNING),
        (STEP.CRITICAL, 0.61, STEP.WATCH),
        (STEP.CRITICAL, 1.11, STEP.CALM),
        (STEP.BREACHED, 0.10, STEP.BREACHED),
        (STEP.BREACHED, 0.11, STEP.CRITICAL),
        (STEP.BREACHED, 5.0, STEP.CALM),
        (STEP.WATCH, 0.20, STEP.CRITICAL),  # worse is entered at once
        (STEP.UNKNOWN, 0.9, STEP.WATCH),
    ],
)
def test_a_step_is_left_only_a_margin_further_away(
    before: LadderStep, distance: float, step: LadderStep
) -> None:
    assert next_step(distance, before=before, settings=SETTINGS) is step


def test_fault_49_a_price_on_a_threshold_does_not_flap() -> None:
    step, seen = None, set()
    for n in range(40):
        step = next_step(0.25 - 0.09 * (-1) ** n, before=step, settings=SETTINGS)
        seen.add(step)
    assert seen == {STEP.CRITICAL}


def test_the_nearer_short_strike_sets_the_step() -> None:
    """At 24,800 with 300 points expected: the put 24,600 is 200 away, the call 25,400 600."""
    found = standing(Nearness(spot=24_800.0, expected_move=300.0, put_delta=-0.2))
    assert found.step is STEP.WATCH  # 200 / 300 = 0.67
    assert found.put is not None and found.call is not None  # noqa: PT018
    assert (found.put.distance, found.call.distance) == (200, 600)
    assert found.put.distance_pct == pytest.approx(100 * 200 / 24_800)
    assert found.put.distance_moves == pytest.approx(2 / 3)
    assert (found.put.delta, found.call.delta) == (-0.2, None)


def test_a_breach_needs_no_expected_move_and_nothing_else_does_without() -> None:
    assert standing(Nearness(spot=24_590.0, expected_move=None)).step is STEP.BREACHED
    assert standing(Nearness(spot=25_400.0, expected_move=None)).step is STEP.BREACHED
    assert standing(Nearness(spot=24_800.0, expected_move=None)).step is STEP.UNKNOWN
    assert standing(Nearness(spot=None, expected_move=None)).step is STEP.UNKNOWN


# give-back: credit $400, counted from a best of $100 (25 %), much at half of it


@pytest.mark.parametrize(
    ("best", "now_usd", "back", "much"),
    [
        (160.0, 100.0, 60.0, False),
        (160.0, 80.0, 80.0, True),
        (160.0, -40.0, 200.0, True),
        (99.0, -40.0, 139.0, False),  # never was a profit worth the name
        (160.0, 170.0, 0.0, False),
        (None, 10.0, None, False),
    ],
)
def test_profit_given_back(
    best: float | None, now_usd: float, back: float | None, much: bool
) -> None:
    marked = condor(mark=PnlMark(pnl_usd=now_usd, asof=NOW, source="quotes"))
    assert give_back(marked, best, SETTINGS) == (back, much)
    assert give_back(condor(), best, SETTINGS) == (None, False)


# the last trading day


def etf(**changed: object) -> Position:
    return put_spread(
        ticker="SPY", spread_type=SpreadType.PUT_SPREAD, expiration=TODAY,
        strikes=Strikes(short_put=600.0, long_put=598.0), credit_usd=60.0, max_loss_usd=540.0,
        **changed,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spot", "at", "level"),
    [
        (603.1, "12:50", 0),  # 0.5 % of 603.1 is 3.02: further than that
        (603.0, "07:32", 1),
        (603.0, "12:44", 1),
        (603.0, "12:45", 2),  # 15:45 in New York
        (590.0, "12:50", 2),
        (None, "12:50", 2),  # an unknown price is no all-clear
        (None, "12:44", 0),
    ],
)
def test_an_etf_near_its_strike_is_closed_before_the_bell(
    spot: float | None, at: str, level: int
) -> None:
    one = etf()
    found, note = expiry_risk(one, schedule_of(one), spot, settings=SETTINGS, now=pacific(at))
    assert found == level
    assert bool(note) == bool(level)


def test_an_index_settles_in_cash_and_is_only_noted() -> None:
    one = condor(expiration=TODAY)
    level, note = expiry_risk(one, schedule_of(one), 24_610.0, settings=SETTINGS, now=NOW)
    assert level == 0
    assert note.startswith("settlement risk today: NDX 24,610.00 is beyond, or within 0.5 % of")
    assert expiry_risk(one, schedule_of(one), 25_000.0, settings=SETTINGS, now=NOW) == (0, "")


def test_an_am_series_is_noted_on_the_day_before_and_told_when_near() -> None:
    one = condor(expiration=date(2026, 11, 19), settlement=Settlement.AM)
    level, note = expiry_risk(one, schedule_of(one), 25_000.0, settings=SETTINGS, now=NOW)
    assert level == 0
    assert "last trading ends today, it settles on the opening prices of 2026-11-19" in note
    assert expiry_risk(one, schedule_of(one), 24_700.0, settings=SETTINGS, now=NOW)[0] == 1


def test_no_other_day_has_an_expiry_risk() -> None:
    one = replace(etf(), expiration=date(2026, 11, 20))
    assert expiry_risk(one, schedule_of(one), 590.0, settings=SETTINGS, now=NOW) == (0, "")


# alerts


def told(found: Standing, position: Position | None = None, **settings: object) -> list[str]:
    changed = msgspec.structs.replace(SETTINGS, **settings)
    return [
        f"{c.level} {c.severity} {c.title}"
        for c in ladder_conditions(
            position or condor(), found, short_id="a3f8", settings=changed, origin="NDX 1"
        )
    ]


NEAR = Nearness(spot=24_660.0, expected_move=300.0)  # 60 / 300 = 0.2
INSIDE = Nearness(spot=24_580.0, expected_move=300.0)


def test_critical_warns_and_breached_is_an_exit_and_worse() -> None:
    assert told(standing(NEAR)) == [
        "WARNING 3 Short strike critical - Position a3f8 | short put 24600, "
        "60.00 points = 0.20 expected moves away | P&L: unknown"
    ]
    assert told(standing(INSIDE)) == [
        "EXIT 4 Short strike breached - Position a3f8 | short put 24600, "
        "20.00 points in the money | P&L: unknown"
    ]


def test_by_default_watch_and_warning_are_for_the_page_only() -> None:
    warning = standing(Nearness(spot=24_700.0, expected_move=300.0))
    assert warning.step is STEP.WARNING
    assert told(warning) == []
    assert len(told(warning, alert_from=AlertFrom.WARNING)) == 1
    assert told(standing(INSIDE), alert_from=AlertFrom.NEVER) == []


def test_give_back_alerts_only_where_asked_for() -> None:
    marked = condor(mark=PnlMark(pnl_usd=40.0, asof=NOW, source="quotes"))
    calm = Nearness(spot=25_000.0, expected_move=100.0)
    found = standing(calm, marked, best_usd=160.0)
    assert told(found, marked) == []
    assert told(found, marked, give_back_alert=True) == [
        "WARNING 0 Profit given back - Position a3f8 | $120.00 of the best $160.00 | "
        "P&L: $40.00 (+10.0%)"
    ]
    assert found.view.notes == ("$120.00 of the best P&L $160.00 is lost again",)


def test_assignment_risk_gets_worse_towards_the_close() -> None:
    near = Nearness(spot=601.0, expected_move=100.0)
    early = standing(near, etf(), now=NOW)
    late = standing(near, etf(), now=pacific("12:45"))
    off = {"alert_from": AlertFrom.NEVER}
    assert told(early, etf(), **off)[0].startswith("WARNING 1 Expiry risk - Position a3f8 | assign")
    assert told(late, etf(), **off)[0].startswith("EXIT 2 Expiry risk")
    assert "close it now" in told(late, etf(), **off)[0]
    assert told(late, etf(), settlement_alert=False, **off) == []
