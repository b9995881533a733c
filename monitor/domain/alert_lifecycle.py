"""The life of an alert: when a condition is told, told again, and over.

    pending → firing → acknowledged or snoozed → resolved

A state is told when it starts, when it gets worse (also past an acknowledgement or a snooze),
when a reminder is due, and when it ends; an event is told once. Nothing is told per cycle.

Against flapping: a state ends only after it was away for `AlertPolicy.resolve_after` on end.
Coming back sooner continues the same alert, in silence. What cannot be judged for lack of data
(`undecided`) never ends; what has lost its subject (`gone`: a closed position) ends at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.config import Alerting
from monitor.domain.alerts import AlertRecord, AlertState, Condition, Notice, Reason
from monitor.domain.vocabulary import Level

# The wall clock may step back by hours; a stamp further ahead than this was a wrong clock.
_WRONG_CLOCK = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """How often the same thing is said.

    Args:
        exit_reminder, error_reminder: Between two tellings of an unanswered alert of that level;
            the other levels are never repeated.
        change_spacing: Between two tellings of a state whose facts change, other levels.
        resolve_after: How long a state must be away before it is over.
        event_memory: How long an event is remembered after it was last told.
    """

    exit_reminder: timedelta = timedelta(minutes=30)
    error_reminder: timedelta = timedelta(minutes=240)
    change_spacing: timedelta = timedelta(minutes=30)
    resolve_after: timedelta = timedelta(minutes=15)
    event_memory: timedelta = timedelta(hours=24)

    @classmethod
    def from_settings(cls, settings: Alerting) -> AlertPolicy:
        return cls(
            exit_reminder=timedelta(minutes=settings.exit_reminder_min),
            error_reminder=timedelta(minutes=settings.error_reminder_min),
        )

    def reminder(self, level: Level) -> timedelta | None:
        """Time between two reminders; None for levels that are told once."""
        if level is Level.EXIT:
            return self.exit_reminder
        return self.error_reminder if level is Level.ERROR else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceResult:
    """What one cycle changed; both parts are committed together."""

    records: tuple[AlertRecord, ...] = ()
    notices: tuple[Notice, ...] = ()
    next_number: int


def advance(
    records: Mapping[str, AlertRecord],
    conditions: Sequence[Condition],
    *,
    now: datetime,
    policy: AlertPolicy,
    next_number: int,
    simulated: bool,
    undecided: Collection[str] = (),
    gone: Collection[str] = (),
    hold_reminders: Collection[Level] = (),
) -> AdvanceResult:
    """Compare what is true now with what was told.

    Args:
        records: The living (unresolved) alerts by key.
        conditions: Everything true at this cycle, in the order it should be told.
        next_number: First free alert number.
        undecided: Key prefixes that could not be judged this cycle; their alerts stay as they are.
        gone: Key prefixes whose subject no longer exists; their alerts end now.
        hold_reminders: Levels not repeated at this hour (exits while the market is closed).
            First tellings and escalations are never held.
    """
    run = _Run(
        now=now,
        policy=policy,
        next_number=next_number,
        simulated=simulated,
        undecided=tuple(undecided),
        gone=tuple(gone),
        hold_reminders=frozenset(hold_reminders),
    )
    present = _worst_by_key(conditions)
    for condition in present.values():
        record = records.get(condition.key)
        if record is None:
            run.start(condition)
        elif condition.event:
            run.event_again(record, condition)
        else:
            run.still_true(record, condition)
    for record in sorted(records.values(), key=lambda r: r.number):
        if record.condition.key not in present:
            run.not_reported(record)
    return AdvanceResult(
        records=tuple(run.records), notices=tuple(run.notices), next_number=run.next_number
    )


def living(records: Mapping[str, AlertRecord], result: AdvanceResult) -> dict[str, AlertRecord]:
    """The living alerts after `result`, for a caller that keeps them between cycles."""
    after = dict(records)
    for record in result.records:
        if record.state is AlertState.RESOLVED:
            after.pop(record.condition.key, None)
        else:
            after[record.condition.key] = record
    return after


def acknowledge(record: AlertRecord) -> AlertRecord:
    """The person has seen it: no more reminders; worse news still comes."""
    return replace(record, state=AlertState.ACKNOWLEDGED, snoozed_until=None)


def snooze(record: AlertRecord, *, until: datetime) -> AlertRecord:
    """No reminders until `until`; worse news still comes."""
    return replace(record, state=AlertState.SNOOZED, snoozed_until=until)


def _worst_by_key(conditions: Iterable[Condition]) -> dict[str, Condition]:
    by_key: dict[str, Condition] = {}
    for condition in conditions:
        other = by_key.get(condition.key)
        if other is None or condition.severity > other.severity:
            by_key[condition.key] = condition
    return by_key


@dataclass(slots=True, kw_only=True)
class _Run:
    """One call of `advance`: collects what changes."""

    now: datetime
    policy: AlertPolicy
    next_number: int
    simulated: bool
    undecided: tuple[str, ...]
    gone: tuple[str, ...]
    hold_reminders: frozenset[Level]
    records: list[AlertRecord] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def start(self, condition: Condition) -> None:
        record = AlertRecord(
            number=self.next_number,
            condition=condition,
            state=AlertState.PENDING,
            started_at=self.now,
            last_seen_at=self.now,
        )
        self.next_number += 1
        if condition.hold > timedelta(0) and not condition.event:
            self.records.append(record)
        else:
            self._tell(record, condition, Reason.FIRST)

    def event_again(self, record: AlertRecord, condition: Condition) -> None:
        told = set(record.condition.fingerprint.split())
        new = [part for part in condition.fingerprint.split() if part not in told]
        if not new:
            return
        self._end(record)
        known = " ".join([*record.condition.fingerprint.split(), *new])
        self.start(replace(condition, fingerprint=known))

    def still_true(self, record: AlertRecord, condition: Condition) -> None:
        if record.absent_since is not None:
            record = replace(record, absent_since=None, last_seen_at=self.now)
            self.records.append(record)
        if record.state is AlertState.PENDING:
            if self.now - record.started_at >= condition.hold:
                self._tell(record, condition, Reason.FIRST)
        elif condition.severity > record.condition.severity:
            self._tell(record, condition, Reason.ESCALATED)
        elif record.state is AlertState.SNOOZED:
            self._after_snooze(record, condition)
        elif record.state is AlertState.FIRING:
            self._again(record, condition)

    def not_reported(self, record: AlertRecord) -> None:
        if record.condition.event:
            if self._since(record.last_seen_at) >= self.policy.event_memory:
                self._end(record)
        elif record.condition.key.startswith(self.gone):
            self._resolve(record)
        elif record.condition.key.startswith(self.undecided):
            if record.absent_since is not None:
                self.records.append(replace(record, absent_since=None))
        elif record.state is AlertState.PENDING:
            self._end(record)
        elif record.absent_since is None:
            self.records.append(replace(record, absent_since=self.now))
        elif self._since(record.absent_since) >= self.policy.resolve_after:
            self._resolve(record)

    def _after_snooze(self, record: AlertRecord, condition: Condition) -> None:
        over = record.snoozed_until is None or self.now >= record.snoozed_until
        if over and condition.level not in self.hold_reminders:
            self._tell(record, condition, Reason.REMINDER)

    def _again(self, record: AlertRecord, condition: Condition) -> None:
        if record.last_sent_at is None or condition.level in self.hold_reminders:
            return
        period = self.policy.reminder(condition.level)
        changed = condition.fingerprint != record.condition.fingerprint
        spacing = period or (self.policy.change_spacing if changed else None)
        if spacing is not None and self._since(record.last_sent_at) >= spacing:
            self._tell(record, condition, Reason.CHANGED if changed else Reason.REMINDER)

    def _since(self, instant: datetime) -> timedelta:
        elapsed = self.now - instant
        return timedelta.max if elapsed <= -_WRONG_CLOCK else elapsed

    def _resolve(self, record: AlertRecord) -> None:
        title = record.condition.resolved_title
        if not title or record.sent_count == 0:
            self._end(record)
            return
        ended = replace(
            record.condition, title=title, level=Level.INFO, details=(f"Was: {_was(record)}",)
        )
        self.notices.append(self._notice(record, ended, Reason.RESOLVED))
        self._end(
            replace(
                record,
                last_sent_at=self.now,
                last_reason=Reason.RESOLVED,
                sent_count=record.sent_count + 1,
            )
        )

    def _end(self, record: AlertRecord) -> None:
        self.records.append(
            replace(record, state=AlertState.RESOLVED, resolved_at=self.now, snoozed_until=None)
        )

    def _tell(self, record: AlertRecord, condition: Condition, reason: Reason) -> None:
        self.notices.append(self._notice(record, condition, reason))
        self.records.append(
            replace(
                record,
                condition=condition,
                state=AlertState.FIRING,
                last_seen_at=self.now,
                last_sent_at=self.now,
                last_reason=reason,
                sent_count=record.sent_count + 1,
                snoozed_until=None,
            )
        )

    def _notice(self, record: AlertRecord, condition: Condition, reason: Reason) -> Notice:
        return Notice(
            alert_number=record.number,
            sequence=record.sent_count + 1,
            reason=reason,
            at=self.now,
            level=condition.level,
            title=condition.title,
            details=condition.details,
            ticker=condition.ticker,
            position_id=condition.position_id,
            simulated=self.simulated,
            data=condition.data,
        )


def _was(record: AlertRecord) -> str:
    return f"[{record.condition.level}] {record.condition.title}"
