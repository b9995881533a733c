"""Which waiting notices go out now on a person's channel, in how many messages. Pure.

A phone is no log file: notices may be silent or off by level, wait through quiet hours, be put
together when many wait, and be limited by the hour. Exits and errors pass quiet hours and the
limit, and go first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.domain.alerts import Notice
from monitor.domain.vocabulary import Level, Loudness

HOUR = timedelta(hours=1)
URGENT = frozenset({Level.EXIT, Level.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From `start` to `end` by the wall clock of `zone`; over midnight where start > end."""

    start: time
    end: time
    zone: ZoneInfo

    def until(self, now: datetime) -> datetime | None:
        """When the quiet that reigns at `now` ends; None where it does not reign."""
        local = now.astimezone(self.zone)
        clock = local.time().replace(tzinfo=None)
        over_midnight = self.start > self.end
        inside = (
            clock >= self.start or clock < self.end
            if over_midnight
            else self.start <= clock < self.end
        )
        if not inside:
            return None
        day = local.date() + timedelta(days=1 if over_midnight and clock >= self.start else 0)
        return datetime.combine(day, self.end, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRules:
    """How a person wants to be told: by level, by hour, how many at once.

    `group_from`: this many waiting notices of one urgency become one message. `max_per_hour`
    counts messages; urgent ones are counted and never held back.
    """

    loudness: Mapping[Level, Loudness] = field(default_factory=dict)  # absent: on
    quiet: QuietHours | None = None
    group_from: int = 4
    max_per_hour: int = 30

    def of(self, level: Level) -> Loudness:
        return self.loudness.get(level, Loudness.ON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Notices told together, as places in the waiting list; silent when all of them are."""

    places: tuple[int, ...]
    silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`off`: places that are not told on this channel. `held_until`: when to look again."""

    messages: tuple[Message, ...]
    off: tuple[int, ...]
    held_until: datetime | None


def plan(
    waiting: Sequence[Notice], *, now: datetime, rules: DeliveryRules, sent_at: Sequence[datetime]
) -> Plan:
    """Decide what becomes of every waiting notice.

    Args:
        waiting: Oldest first.
        sent_at: When this channel's last messages went out, oldest first.
    """
    off = tuple(i for i, n in enumerate(waiting) if rules.of(n.level) is Loudness.OFF)
    urgent = _places(waiting, rules, lambda n: n.level in URGENT)
    others = _places(waiting, rules, lambda n: n.level not in URGENT)
    first = _messages(waiting, urgent, rules)
    quiet_until = rules.quiet.until(now) if rules.quiet else None
    if not others or quiet_until is not None:
        return Plan(messages=first, off=off, held_until=quiet_until if others else None)
    later = _messages(waiting, others, rules)
    recent = [at for at in sent_at if now - HOUR < at <= now]
    room = rules.max_per_hour - len(recent) - len(first)
    if len(later) <= room:
        return Plan(messages=first + later, off=off, held_until=None)
    free_at = recent[0] + HOUR if recent else now + HOUR
    return Plan(messages=first + later[: max(0, room)], off=off, held_until=free_at)


def _places(
    waiting: Sequence[Notice], rules: DeliveryRules, wanted: Callable[[Notice], bool]
) -> list[int]:
    return [
        i
        for i, notice in enumerate(waiting)
        if wanted(notice) and rules.of(notice.level) is not Loudness.OFF
    ]


def _messages(
    waiting: Sequence[Notice], places: Sequence[int], rules: DeliveryRules
) -> tuple[Message, ...]:
    bundles = [tuple(places)] if len(places) >= rules.group_from else [(i,) for i in places]
    return tuple(
        Message(
            places=bundle,
            silent=all(rules.of(waiting[i].level) is Loudness.SILENT for i in bundle),
        )
        for bundle in bundles
        if bundle
    )
