"""Alerts: what is true now (`Condition`), what was said of it (`AlertRecord`), what to send.

`alert_lifecycle.advance` is pure: records and conditions in, records and `Notice`s out. The store
commits both together, the dispatcher sends afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.domain.vocabulary import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something true at this cycle that the person may have to know.

    `key` identifies it across cycles and restarts ("exit:a3f8c2d1:stop_loss"). `severity` orders
    versions of one key: a rise is an escalation and is sent at once. An `event` (a regime
    change, an opportunity) is told once and never "resolves"; a state (an exit due, a limit
    breached, data stale) holds until it is no longer reported. `fingerprint` tells versions of
    an event apart: a new one is a new telling. An event may name several at once, separated by
    spaces; it is told again when one of them is new.

    `hold` is how long a state must last before it is first told. `resolved_title` is the line
    sent when a state ends; empty where its end is not news.
    """

    key: str
    level: Level
    title: str
    details: tuple[str, ...] = ()
    severity: int = 0
    event: bool = False
    fingerprint: str = ""
    ticker: str | None = None
    position_id: str | None = None
    resolved_title: str = ""
    hold: timedelta = timedelta(0)
    data: tuple[tuple[str, str | float | int | None], ...] = ()


class AlertState(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why a notice goes out."""

    FIRST = "first"
    CHANGED = "changed"
    ESCALATED = "escalated"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """The life of one condition; one per key and episode (a resolved key may fire anew).

    `id` is short and readable ("A17"), `number` its running count. `condition` is the version
    last told (while pending: the first seen), so a rise is measured against what the person
    knows. `absent_since` is set while a state is not reported but not yet resolved.
    """

    number: int
    condition: Condition
    state: AlertState
    started_at: datetime
    last_seen_at: datetime
    absent_since: datetime | None = None
    last_sent_at: datetime | None = None
    last_reason: Reason | None = None
    sent_count: int = 0
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def id(self) -> str:
        return f"A{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to every channel.

    `alert_number`, `sequence` (which telling of this alert) make it unique for ever.
    """

    alert_number: int
    sequence: int
    reason: Reason
    at: datetime
    level: Level
    title: str
    details: tuple[str, ...] = ()
    ticker: str | None = None
    position_id: str | None = None
    simulated: bool = False
    data: tuple[tuple[str, str | float | int | None], ...] = field(default=())

    @property
    def id(self) -> str:
        return f"A{self.alert_number}.{self.sequence}"
