"""Who is told when and how loudly: quiet hours, grouping, the hourly limit, silent and off."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.alerts import Notice, Reason
from monitor.domain.vocabulary import Level, Loudness
from monitor.notify.delivery import URGENT, DeliveryRules, QuietHours, plan
from monitor.notify.messages import LONGEST_BODY, body_of, title_of

PACIFIC = ZoneInfo("America/Los_Angeles")
NOON = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)  # 12:00 in Los Angeles
NIGHT = QuietHours(start=time(22), end=time(6), zone=PACIFIC)


def notice(level: Level = Level.OPPORTUNITY, number: int = 1, title: str = "told") -> Notice:
    return Notice(
        alert_number=number, sequence=1, reason=Reason.FIRST, at=NOON, level=level, title=title
    )


def local(hour: int, minute: int = 0, day: int = 18, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PACIFIC).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (local(21, 59), None),
        (local(22), local(6, day=19)),
        (local(23, 30), local(6, day=19)),
        (local(5, 59), local(6)),
        (local(6), None),
        # The night in which the clocks go back has 9 hours, and still ends at 06:00.
        (local(22, day=31, month=10), local(6, day=1)),
    ],
)
def test_quiet_hours_over_midnight_end_at_their_wall_clock(
    now: datetime, until: datetime | None
) -> None:
    assert NIGHT.until(now) == until


def test_quiet_hours_within_a_day() -> None:
    lunch = QuietHours(start=time(12), end=time(13), zone=PACIFIC)
    assert lunch.until(local(11, 59)) is None
    assert lunch.until(local(12)) == local(13)
    assert lunch.until(local(13)) is None


def test_exits_and_errors_pass_quiet_hours_and_the_others_wait_for_their_end() -> None:
    waiting = [notice(Level.WARNING), notice(Level.EXIT), notice(Level.ERROR), notice(Level.INFO)]
    found = plan(waiting, now=local(23), rules=DeliveryRules(quiet=NIGHT), sent_at=())
    assert [m.places for m in found.messages] == [(1,), (2,)]
    assert found.held_until == local(6, day=19)
    after = plan(waiting, now=local(6, day=19), rules=DeliveryRules(quiet=NIGHT), sent_at=())
    assert [m.places for m in after.messages] == [(1,), (2,), (0,), (3,)]


def test_many_waiting_alerts_become_one_message_each_urgency_its_own() -> None:
    waiting = [notice(Level.OPPORTUNITY), *[notice(Level.EXIT)] * 4, *[notice(Level.WARNING)] * 3]
    found = plan(waiting, now=NOON, rules=DeliveryRules(group_from=4), sent_at=())
    assert [m.places for m in found.messages] == [(1, 2, 3, 4), (0, 5, 6, 7)]


def test_three_waiting_alerts_stay_three_messages() -> None:
    found = plan([notice()] * 3, now=NOON, rules=DeliveryRules(group_from=4), sent_at=())
    assert [m.places for m in found.messages] == [(0,), (1,), (2,)]


def test_the_hourly_limit_holds_back_what_is_not_urgent() -> None:
    sent_at = [NOON - timedelta(minutes=m) for m in (90, 50, 20)]  # two within the hour
    rules = DeliveryRules(max_per_hour=3)
    found = plan([notice(), notice(), notice(Level.EXIT)], now=NOON, rules=rules, sent_at=sent_at)
    assert [m.places for m in found.messages] == [(2,)]
    assert found.held_until == NOON + timedelta(minutes=10)  # an hour after 11:10


def test_a_level_that_is_off_is_named_and_not_sent() -> None:
    rules = DeliveryRules(loudness={Level.INFO: Loudness.OFF, Level.WARNING: Loudness.SILENT})
    found = plan([notice(Level.INFO), notice(Level.WARNING)], now=NOON, rules=rules, sent_at=())
    assert found.off == (0,)
    assert [(m.places, m.silent) for m in found.messages] == [((1,), True)]


def test_a_group_is_silent_only_when_all_of_it_is() -> None:
    rules = DeliveryRules(loudness={Level.INFO: Loudness.SILENT}, group_from=2)
    loud = plan([notice(Level.INFO), notice()], now=NOON, rules=rules, sent_at=())
    calm = plan([notice(Level.INFO)] * 2, now=NOON, rules=rules, sent_at=())
    assert [m.silent for m in loud.messages] == [False]
    assert [m.silent for m in calm.messages] == [True]


@given(
    levels=st.lists(st.sampled_from(Level), max_size=30),
    hour=st.integers(0, 23),
    sent=st.integers(0, 12),
    loud=st.dictionaries(st.sampled_from(Level), st.sampled_from(Loudness)),
)
def test_every_waiting_alert_is_sent_once_or_held_or_off(
    levels: list[Level], hour: int, sent: int, loud: dict[Level, Loudness]
) -> None:
    rules = DeliveryRules(loudness=loud, quiet=NIGHT, group_from=3, max_per_hour=10)
    now = local(hour)
    sent_at = [now - timedelta(minutes=m) for m in range(sent, 0, -1)]
    found = plan([notice(level) for level in levels], now=now, rules=rules, sent_at=sent_at)
    told = [i for m in found.messages for i in m.places]
    assert len(set(told)) == len(told)
    assert set(told) & set(found.off) == set()
    held = set(range(len(levels))) - set(told) - set(found.off)
    assert not any(levels[i] in URGENT for i in held)
    assert (found.held_until is not None) == bool(held)


def test_one_alert_is_told_by_its_own_title() -> None:
    assert title_of([notice(Level.EXIT, title="EXIT SIGNAL\x1b[2J")]).startswith("[EXIT] EXIT SIG")
    assert "\x1b" not in title_of([notice(Level.EXIT, title="EXIT SIGNAL\x1b[2J")])


def test_fault_48_three_hundred_alerts_fit_one_message_that_counts_the_rest() -> None:
    notices = [notice(Level.EXIT if i < 2 else Level.WARNING, i) for i in range(300)]
    assert title_of(notices) == "Condorwatch: 300 alerts (2 EXIT, 298 WARNING)"
    body = body_of([[f"[12:00:00] [WARNING] number {i}", "  Alert A1"] for i in range(300)])
    assert len(body) <= LONGEST_BODY
    shown, _, rest = body.rpartition("\n")
    assert rest == f"… and {300 - len(shown.splitlines())} more: logs/alerts.log has every one"


def test_a_service_of_few_characters_still_hears_what_it_is_about() -> None:
    exit_due = (
        "[2026-02-20 10:45:00] [EXIT] EXIT SIGNAL - Position a3f8 | Stop loss hit " + "x" * 90
    )
    body = body_of([[exit_due, "  Alert A1"]], longest=136)
    assert len(body) <= 136
    assert body.startswith("[2026-02-20 10:45:00] [EXIT] EXIT SIGNAL - Position a3f8")
