"""The last alerts, and whether the machinery behind the page works."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dashboard.text import Stamp, Wording, duration_text, number, words
from monitor.domain.plain_text import plain
from monitor.domain.snapshot import AlertView, HealthView, JobView, NotifierView, ProviderView

GOOD_STATES = frozenset({"ok", "unused"})
STATE_WORDS = {"open": "left alone after failures", "unused": "not asked yet"}
"""A circuit breaker's "open" would read as good news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    id: str
    level: str
    title: str
    details: tuple[str, ...]
    state: str
    telling: str  # "reminder, sent 3 times"
    started: Stamp
    last_sent: Stamp | None
    open: bool  # not resolved, acknowledged or snoozed
    wants_answer: bool  # it will be repeated until the person answers


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRow:
    """A provider, job or channel: `good` decides the sign, `state` and `facts` the words."""

    kind: str
    name: str
    state: str
    good: bool
    facts: tuple[str, ...]
    last: Stamp | None
    last_label: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCard:
    rows: tuple[HealthRow, ...]
    disk: str
    memory: str
    problems: tuple[str, ...]
    slept: tuple[str, ...]
    troubles: int


def alert_rows(alerts: Iterable[AlertView], say: Wording) -> tuple[AlertRow, ...]:
    return tuple(_alert(alert, say) for alert in alerts)


def _alert(a: AlertView, say: Wording) -> AlertRow:
    is_open = a.state in ("pending", "firing")
    times = "once" if a.sent_count == 1 else f"{a.sent_count} times"
    return AlertRow(
        id=a.id,
        level=a.level,
        title=plain(a.title),
        details=tuple(plain(detail, keep="\n") for detail in a.details),
        state=a.state,
        telling=f"{a.reason}, sent {times}",
        started=say.stamp(a.started_at),
        last_sent=say.maybe(a.last_sent_at),
        open=is_open,
        wants_answer=is_open and a.level in ("EXIT", "ERROR"),
    )


def health_card(health: HealthView, say: Wording) -> HealthCard:
    rows = (
        *(_provider(p, say) for p in health.providers),
        *(_job(j, say) for j in health.jobs),
        *(_notifier(n, say) for n in health.notifiers),
    )
    problems = tuple(f"{words(p.what)}: {p.why}" for p in health.problems)
    return HealthCard(
        rows=rows,
        disk=_megabytes(health.disk.free_mb),
        memory=_megabytes(health.memory_mb),
        problems=problems,
        slept=health.slept,
        troubles=sum(not row.good for row in rows) + len(problems),
    )


def _provider(p: ProviderView, say: Wording) -> HealthRow:
    facts = [f"{p.failures} failure{'' if p.failures == 1 else 's'} in a row"] if p.failures else []
    if p.delay_s:
        facts.append(f"quotes delayed {duration_text(p.delay_s)}")
    if p.retry_at:
        facts.append(f"next try {say.at(p.retry_at)}")
    return HealthRow(
        kind="source",
        name=p.name,
        state=STATE_WORDS.get(p.state, p.state),
        good=p.state in GOOD_STATES and not p.failures and not p.error,
        facts=tuple(facts),
        last=say.maybe(p.last_ok_at),
        last_label="last good answer",
        error=plain(p.error or ""),
    )


def _job(j: JobView, say: Wording) -> HealthRow:
    facts = [] if j.last_duration_s is None else [f"took {number(j.last_duration_s)} s"]
    if j.overruns:
        facts.append(f"{j.overruns} overrun{'' if j.overruns == 1 else 's'} skipped")
    if j.next_run_at:
        facts.append(f"next {say.at(j.next_run_at)}")
    return HealthRow(
        kind="job",
        name=words(j.name),
        state="failed" if j.error else "ok" if j.last_run_at else "not run yet",
        good=not j.error,
        facts=tuple(facts),
        last=say.maybe(j.last_run_at),
        last_label="last run",
        error=plain(j.error or ""),
    )


def _notifier(n: NotifierView, say: Wording) -> HealthRow:
    return HealthRow(
        kind="channel",
        name=n.name,
        state=n.state,
        good=n.state in GOOD_STATES and not n.error,
        facts=(f"{n.pending} waiting",) if n.pending else (),
        last=say.maybe(n.last_ok_at),
        last_label="last delivery",
        error=plain(n.error or ""),
    )


def _megabytes(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value / 1024:,.1f} GB" if value >= 1024 else f"{value:,.0f} MB"
