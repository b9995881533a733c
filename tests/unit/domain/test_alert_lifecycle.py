"""The life of an alert, told by hand on a fake clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.config import Alerting
from monitor.domain.alert_lifecycle import AlertPolicy, acknowledge, advance, living, snooze
from monitor.domain.alerts import AlertRecord, AlertState, Condition, Notice, Reason
from monitor.domain.vocabulary import Level

POLICY = AlertPolicy()
START = datetime(2026, 2, 20, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

EXIT = Condition(
    key="exit:a3f8c2d1:profit_target",
    level=Level.EXIT,
    title="EXIT SIGNAL",
    position_id="a3f8c2d1",
    resolved_title="Exit over",
)
BREACH = Condition(
    key="limit:risk", level=Level.ERROR, title="BREACH", resolved_title="Within the limit again"
)
STALE = Condition(
    key="data:NDX:price", level=Level.WARNING, title="STALE", resolved_title="Data is back"
)


@dataclass
class Story:
    """Cycles of one run: `at(minute, conditions)` → what was sent, as (minute, reason)."""

    records: dict[str, AlertRecord] = field(default_factory=dict)
    sent: list[tuple[float, Reason]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    next_number: int = 1

    def at(
        self, minute: float, conditions: Sequence[Condition] = (), **options: Any
    ) -> list[Reason]:
        result = advance(
            self.records,
            conditions,
            now=START + minute * MINUTE,
            policy=POLICY,
            next_number=self.next_number,
            simulated=False,
            **options,
        )
        self.records = living(self.records, result)
        self.next_number = result.next_number
        self.notices += result.notices
        self.sent += [(minute, n.reason) for n in result.notices]
        return [n.reason for n in result.notices]


def test_state_is_told_once_then_reminded_every_half_hour_then_resolved() -> None:
    story = Story()
    for minute in range(75):
        story.at(minute, [EXIT])
    for minute in range(75, 100):
        story.at(minute)
    assert story.sent == [
        (0, Reason.FIRST),
        (30, Reason.REMINDER),
        (60, Reason.REMINDER),
        (90, Reason.RESOLVED),  # away since minute 75, over after 15 more
    ]
    assert [n.id for n in story.notices] == ["A1.1", "A1.2", "A1.3", "A1.4"]
    assert story.records == {}


def test_trap_33_day_of_1440_cycles_gives_one_telling_and_47_reminders() -> None:
    """24 h with a reminder each 30 min: at 0, 30, … 1410 minutes, 48 in all."""
    story = Story()
    for minute in range(1440):
        story.at(minute, [EXIT])
    assert [m for m, _ in story.sent] == list(range(0, 1440, 30))


def test_trap_33_reminders_are_held_while_the_market_is_closed() -> None:
    """Open from minute 0 to 390 (06:30 to 13:00 PT): 13 tellings, none at night, then one."""
    story = Story()
    for minute in range(1441):
        market_open = minute < 390 or minute == 1440
        story.at(minute, [EXIT], hold_reminders=() if market_open else (Level.EXIT,))
    assert [m for m, _ in story.sent] == [*range(0, 390, 30), 1440]


def test_first_telling_is_not_held_at_night() -> None:
    assert Story().at(0, [EXIT], hold_reminders=(Level.EXIT,)) == [Reason.FIRST]


def test_trap_33_day_of_errors_reminds_every_four_hours() -> None:
    story = Story()
    for minute in range(1440):
        story.at(minute, [BREACH])
    assert [m for m, _ in story.sent] == [0, 240, 480, 720, 960, 1200]


def test_warning_is_told_once_a_day_long() -> None:
    story = Story()
    for minute in range(1440):
        story.at(minute, [STALE])
    assert story.sent == [(0, Reason.FIRST)]


def test_worse_news_is_told_at_once_and_raises_the_level() -> None:
    story = Story()
    heads_up = replace(EXIT, level=Level.WARNING, title="Heads-up", severity=1)
    story.at(0, [heads_up])
    assert story.at(1, [replace(EXIT, severity=2)]) == [Reason.ESCALATED]
    assert story.notices[-1].level is Level.EXIT
    assert story.at(2, [replace(EXIT, severity=2)]) == []


def test_better_then_worse_again_is_no_news() -> None:
    story = Story()
    for minute, severity in enumerate([2, 1, 2, 1, 2]):
        story.at(minute, [replace(EXIT, severity=severity)])
    assert story.sent == [(0, Reason.FIRST)]


def test_acknowledged_alert_is_silent_until_it_gets_worse_or_ends() -> None:
    story = Story()
    story.at(0, [EXIT])
    story.records[EXIT.key] = acknowledge(story.records[EXIT.key])
    for minute in range(1, 200):
        story.at(minute, [EXIT])
    assert story.sent == [(0, Reason.FIRST)]
    assert story.at(200, [replace(EXIT, severity=1)]) == [Reason.ESCALATED]
    assert [r.state for r in story.records.values()] == [AlertState.FIRING]
    assert story.at(230, [replace(EXIT, severity=1)]) == [Reason.REMINDER]


def test_snoozed_alert_comes_back_when_its_time_is_up() -> None:
    story = Story()
    story.at(0, [EXIT])
    story.records[EXIT.key] = snooze(story.records[EXIT.key], until=START + 60 * MINUTE)
    for minute in range(1, 95):
        story.at(minute, [EXIT])
    assert story.sent == [(0, Reason.FIRST), (60, Reason.REMINDER), (90, Reason.REMINDER)]


def test_worse_news_breaks_a_snooze() -> None:
    story = Story()
    story.at(0, [EXIT])
    story.records[EXIT.key] = snooze(story.records[EXIT.key], until=START + 600 * MINUTE)
    assert story.at(1, [replace(EXIT, severity=1)]) == [Reason.ESCALATED]


def test_fault_49_flapping_condition_is_one_alert() -> None:
    """There for 5 minutes, away for 10, all day: told as one alert with its reminders."""
    story = Story()
    for minute in range(390):
        story.at(minute, [EXIT] if minute % 15 < 5 else [])
    assert {n.alert_number for n in story.notices} == {1}
    reasons = [reason for _, reason in story.sent]
    assert reasons == [Reason.FIRST] + [Reason.REMINDER] * (len(reasons) - 1)
    gaps = [b - a for (a, _), (b, _) in zip(story.sent, story.sent[1:], strict=False)]
    assert min(gaps) >= 30


def test_state_that_returns_after_its_end_is_a_new_alert() -> None:
    story = Story()
    story.at(0, [EXIT])
    story.at(1)
    story.at(16)
    assert story.at(17, [EXIT]) == [Reason.FIRST]
    assert [n.alert_number for n in story.notices] == [1, 1, 2]


def test_missing_data_does_not_end_an_exit() -> None:
    story = Story()
    story.at(0, [EXIT])
    for minute in range(1, 300):
        story.at(minute, undecided=(EXIT.key,))
    assert story.sent == [(0, Reason.FIRST)]
    assert story.at(300, [EXIT]) == [Reason.REMINDER]


def test_time_without_data_does_not_count_as_absence() -> None:
    story = Story()
    story.at(0, [EXIT])
    story.at(1)
    story.at(2, undecided=(EXIT.key,))
    assert story.at(60) == []
    assert story.at(75) == [Reason.RESOLVED]


def test_closed_position_ends_its_exits_at_once() -> None:
    story = Story()
    story.at(0, [EXIT])
    assert story.at(1, gone=("exit:a3f8c2d1:",)) == [Reason.RESOLVED]
    last = story.notices[-1]
    assert (last.level, last.title) == (Level.INFO, "Exit over")
    assert last.details == ("Was: [EXIT] EXIT SIGNAL",)


def test_end_without_a_title_is_no_news() -> None:
    story = Story()
    story.at(0, [replace(EXIT, resolved_title="")])
    assert story.at(1, gone=("exit:a3f8c2d1:",)) == []
    assert story.records == {}


def test_state_that_must_last_is_pending_first() -> None:
    slow = replace(STALE, hold=5 * MINUTE)
    story = Story()
    assert [story.at(m, [slow]) for m in range(4)] == [[]] * 4
    assert story.records[STALE.key].state is AlertState.PENDING
    assert story.at(5, [slow]) == [Reason.FIRST]


def test_blip_is_never_told() -> None:
    slow = replace(STALE, hold=5 * MINUTE)
    story = Story()
    for minute in range(60):
        story.at(minute, [slow] if minute % 4 else [])
    assert story.sent == []


def event(fingerprint: str) -> Condition:
    return Condition(
        key="opportunity:NDX",
        level=Level.OPPORTUNITY,
        title=fingerprint,
        event=True,
        fingerprint=fingerprint,
    )


def test_event_is_told_once_however_long_it_is_reported() -> None:
    story = Story()
    for minute in range(600):
        story.at(minute, [event("a b")])
    assert story.sent == [(0, Reason.FIRST)]


def test_event_with_something_new_is_a_new_alert_and_old_parts_stay_told() -> None:
    story = Story()
    story.at(0, [event("a b")])
    story.at(1, [event("b a")])
    story.at(2, [event("b c")])
    story.at(3, [event("a b")])
    story.at(4, [])
    story.at(5, [event("c")])
    assert [(n.id, n.title) for n in story.notices] == [("A1.1", "a b"), ("A2.1", "b c")]


def test_event_is_forgotten_a_day_after_it_was_told() -> None:
    story = Story()
    story.at(0, [event("a")])
    story.at(24 * 60 - 1)
    assert "opportunity:NDX" in story.records
    story.at(24 * 60)
    assert story.records == {}
    assert story.sent == [(0, Reason.FIRST)]


def test_changed_facts_are_told_but_not_more_often_than_reminders() -> None:
    story = Story()
    for minute in range(70):
        story.at(minute, [replace(STALE, fingerprint=str(minute // 10 % 2))])
    assert story.sent == [(0, Reason.FIRST), (30, Reason.CHANGED), (60, Reason.CHANGED)]


def test_clock_set_back_an_hour_repeats_nothing() -> None:
    story = Story()
    story.at(90, [EXIT])
    assert [story.at(m, [EXIT]) for m in (30, 60, 89, 119)] == [[], [], [], []]
    assert story.at(120, [EXIT]) == [Reason.REMINDER]


def test_telling_stamped_a_year_ahead_by_a_wrong_clock_does_not_silence_an_exit() -> None:
    story = Story()
    story.at(365 * 24 * 60, [EXIT])
    assert story.at(0, [EXIT]) == [Reason.REMINDER]


def test_same_key_twice_in_a_cycle_counts_as_the_worse() -> None:
    story = Story()
    story.at(0, [EXIT, replace(EXIT, severity=3, title="worse"), EXIT])
    assert [n.title for n in story.notices] == ["worse"]


def test_quiet_cycle_changes_nothing() -> None:
    story = Story()
    story.at(0, [EXIT])
    result = advance(
        story.records, [EXIT], now=START + MINUTE, policy=POLICY, next_number=2, simulated=False
    )
    assert (result.records, result.notices, result.next_number) == ((), (), 2)


@pytest.mark.parametrize(("level", "minutes"), [(Level.EXIT, 10), (Level.ERROR, 99)])
def test_reminders_follow_the_settings(level: Level, minutes: int) -> None:
    policy = AlertPolicy.from_settings(Alerting(exit_reminder_min=10, error_reminder_min=99))
    assert policy.reminder(level) == timedelta(minutes=minutes)
