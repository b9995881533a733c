"""Whatever conditions come and go and whatever the person answers: laws of an alert's life."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.alert_lifecycle import AlertPolicy, acknowledge, advance, living, snooze
from monitor.domain.alerts import AlertRecord, AlertState, Condition, Notice, Reason
from monitor.domain.vocabulary import Level

START = datetime(2026, 2, 20, 14, 30, tzinfo=UTC)
POLICY = AlertPolicy()
LEVELS = {"exit": Level.EXIT, "limit": Level.ERROR, "data": Level.WARNING}


@dataclass(frozen=True)
class Cycle:
    """One cycle: minutes since the last, severity of each present key, what cannot be judged."""

    minutes: int
    present: dict[str, int]
    undecided: frozenset[str]
    answer: str
    fingerprint: str


KEYS = st.sampled_from(sorted(LEVELS))
CYCLES = st.lists(
    st.builds(
        Cycle,
        minutes=st.integers(1, 45),
        present=st.dictionaries(KEYS, st.integers(0, 2)),
        undecided=st.frozensets(KEYS, max_size=1),
        answer=st.sampled_from(["", "", "", "ack", "snooze"]),
        fingerprint=st.sampled_from("ab"),
    ),
    max_size=60,
)


@dataclass
class History:
    """Notices by alert number, and which key each number is."""

    notices: dict[int, list[Notice]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[int, str] = field(default_factory=dict)
    records: dict[str, AlertRecord] = field(default_factory=dict)
    severities: dict[tuple[int, int], int] = field(default_factory=dict)


def play(cycles: list[Cycle]) -> History:
    history, now, number = History(), START, 1
    for cycle in cycles:
        now += timedelta(minutes=cycle.minutes)
        conditions = [
            Condition(
                key=key,
                level=LEVELS[key],
                title=key,
                severity=severity,
                fingerprint=cycle.fingerprint,
                resolved_title=f"{key} over",
            )
            for key, severity in cycle.present.items()
        ]
        result = advance(
            history.records,
            conditions,
            now=now,
            policy=POLICY,
            next_number=number,
            simulated=False,
            undecided=cycle.undecided,
        )
        number = result.next_number
        history.records = living(history.records, result)
        for record in result.records:
            history.keys[record.number] = record.condition.key
        for notice in result.notices:
            history.notices[notice.alert_number].append(notice)
        _answer(history, cycle.answer, now)
    return history


def _answer(history: History, answer: str, now: datetime) -> None:
    for key, record in history.records.items():
        if answer == "ack":
            history.records[key] = acknowledge(record)
        elif answer == "snooze":
            history.records[key] = snooze(record, until=now + timedelta(hours=1))


@settings(deadline=None)
@given(CYCLES)
def test_every_alert_is_told_first_once_and_over_at_most_once_last(cycles: list[Cycle]) -> None:
    for notices in play(cycles).notices.values():
        reasons = [n.reason for n in notices]
        assert reasons[0] is Reason.FIRST
        assert reasons.count(Reason.FIRST) == 1
        assert Reason.RESOLVED not in reasons[:-1]
        assert [n.sequence for n in notices] == list(range(1, len(notices) + 1))


@settings(deadline=None)
@given(CYCLES)
def test_trap_33_one_alert_is_not_repeated_within_its_period_unless_it_gets_worse(
    cycles: list[Cycle],
) -> None:
    history = play(cycles)
    for number, notices in history.notices.items():
        period = POLICY.reminder(LEVELS[history.keys[number]]) or POLICY.change_spacing
        for earlier, later in pairwise(notices):
            if later.reason in {Reason.REMINDER, Reason.CHANGED}:
                # a snooze of an hour may end before four hours are over; nothing else may
                limit = min(period, timedelta(hours=1))
                assert later.at - earlier.at >= limit
        assert _most_escalations_in_a_row(notices) <= 2  # severities 0, 1, 2


def _most_escalations_in_a_row(notices: list[Notice]) -> int:
    """Escalations since the last other telling: one that said "it eased" starts the count anew."""
    most = count = 0
    for notice in notices:
        count = count + 1 if notice.reason is Reason.ESCALATED else 0
        most = max(most, count)
    return most


@settings(deadline=None)
@given(CYCLES)
def test_fault_49_a_key_does_not_start_anew_before_it_was_away_for_a_while(
    cycles: list[Cycle],
) -> None:
    history = play(cycles)
    starts = defaultdict(list)
    for number, notices in history.notices.items():
        starts[history.keys[number]].append(notices[0].at)
    for instants in starts.values():
        assert all(b - a >= POLICY.resolve_after for a, b in pairwise(instants))


@settings(deadline=None)
@given(CYCLES)
def test_what_is_present_is_living_and_told(cycles: list[Cycle]) -> None:
    if not cycles:
        return
    history = play(cycles)
    for key in cycles[-1].present:
        record = history.records[key]
        assert record.state is not AlertState.RESOLVED
        assert record.sent_count == len(history.notices[record.number]) >= 1


@settings(deadline=None)
@given(CYCLES)
def test_undecided_conditions_never_end(cycles: list[Cycle]) -> None:
    blind = [replace(cycle, undecided=frozenset(LEVELS)) for cycle in cycles]
    for notices in play(blind).notices.values():
        assert all(n.reason is not Reason.RESOLVED for n in notices)
