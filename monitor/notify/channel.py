"""One channel's way through the outbox: claim, send, mark; back off; switch off.

At least once: a row is marked sent only after the channel took it. Rows go out in their order,
on a person's channel the urgent ones first (`delivery.py`); one that is not taken now holds back
the later ones of its channel, and of no other.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from monitor.domain.alerts import Notice
from monitor.domain.snapshot import NotifierView
from monitor.errors import MonitorError, NotifyError
from monitor.notify.base import Messenger, Notifier
from monitor.notify.delivery import plan
from monitor.notify.journal import Journal
from monitor.store import outbox
from monitor.store.engine import read, write
from monitor.store.outbox import OutboxRow

logger = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=5)
# A claim of another process is respected this long; then it is taken for dead.
LEASE = timedelta(seconds=60)
NETWORK_BATCH = 20
MOST_PER_HOUR = 3600


def retry_after(attempts: int) -> timedelta:
    """5 s, 10 s, 20 s, … up to 5 min."""
    return min(FIRST_RETRY * (1 << min(attempts, 10)), LONGEST_RETRY)


@dataclass(frozen=True, slots=True)
class _Message:
    """Rows that go out together."""

    rows: tuple[OutboxRow, ...]
    silent: bool = False


@dataclass(slots=True)
class Channel:
    """Drains one notifier's rows. Safe to call from several threads."""

    engine: Engine
    notifier: Notifier
    covers: Callable[[str | None], bool] = lambda _ticker: True  # whose alerts it may send
    disabled: str | None = None
    error: str | None = None
    last_ok_at: datetime | None = None
    retry_at: datetime | None = None
    pending: int = 0
    _owner: str = field(default_factory=lambda: f"{os.getpid()}-{secrets.token_hex(4)}")
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _sent_at: deque[datetime] = field(default_factory=lambda: deque(maxlen=MOST_PER_HOUR))

    def drain(self, now: datetime) -> int:
        """Send what is due; returns how many went out. Never raises: see `view`."""
        with self._turn:
            sent = 0
            try:
                while self.disabled is None and (done := self._batch(now)):
                    sent += done
            except NotifyError as error:
                self._note_failure(str(error), now + FIRST_RETRY)
            except MonitorError as error:
                logger.warning("outbox unavailable", extra={"channel": self.notifier.name})
                self._note_failure(str(error), now + FIRST_RETRY)
            except Exception as error:
                # A defect of one channel must not stop the others or the thread.
                logger.exception("channel failed", extra={"channel": self.notifier.name})
                self._note_failure(f"{type(error).__name__}: {error}", now + LEASE)
            return sent

    def send_test(self, notice: Notice, now: datetime) -> None:
        """Send one notice past the outbox; raises NotifyError."""
        if isinstance(self.notifier, Journal):
            self.drain(now)  # settles what a dead process left half-written
        self.notifier.send(notice)

    def view(self, pending: int | None = None) -> NotifierView:
        """The channel as the health panel shows it."""
        state = "disabled" if self.disabled else "failing" if self.error else "ok"
        return NotifierView(
            name=self.notifier.name,
            state=state,
            pending=self.pending if pending is None else pending,
            last_ok_at=self.last_ok_at,
            error=self.disabled or self.error,
        )

    def _batch(self, now: datetime) -> int:
        """Send one batch; 0 ends the draining."""
        with read(self.engine) as connection:
            if not outbox.has_pending(connection, self.notifier.name):
                self.retry_at, self.pending = None, 0
                return 0
        if isinstance(self.notifier, Journal):
            return self._write_batch(self.notifier, now)
        return self._send_batch(now)

    def _write_batch(self, journal: Journal, now: datetime) -> int:
        with journal.exclusively():
            with write(self.engine) as connection:
                rows = self._due(self._own(connection), now)
                whole = [r for r in rows if r.claim and journal.settle(r.claim, r.notice)]
                settled = {r.id for r in whole}
                rest = [r for r in rows if r.id not in settled]
                claims = journal.plan([r.notice for r in rest]) if rest else []
                outbox.mark_sent(connection, sorted(settled), at=now)
                outbox.set_claims(connection, {r.id: c for r, c in zip(rest, claims, strict=True)})
            if rest:
                try:
                    journal.append([r.notice for r in rest])
                except NotifyError as error:
                    self._retry_later(rest, error, now)
                    return 0
                with write(self.engine) as connection:
                    outbox.mark_sent(connection, [r.id for r in rest], at=now)
        if rows:
            self._note_success(now)
        return len(rows)

    def _send_batch(self, now: datetime) -> int:
        with write(self.engine) as connection:
            rows = self._due(self._own(connection), now)
            if any(self._held_elsewhere(row, now) for row in rows):
                self.retry_at = now + FIRST_RETRY
                return 0
            messages, off, self.retry_at = self._planned(rows, now)
            outbox.mark_off(connection, [row.id for row in off], at=now)
            lease = {"by": self._owner, "until": (now + LEASE).isoformat()}
            claimed = [row.id for message in messages for row in message.rows]
            outbox.set_claims(connection, dict.fromkeys(claimed, lease))
        again_at = self.retry_at
        sent: list[int] = []
        for message in messages:
            try:
                self._say(message)
            except NotifyError as error:
                left = [row for one in messages for row in one.rows if row.id not in sent]
                self._retry_later(left, error, now)
                return 0
            told = [row.id for row in message.rows]
            with write(self.engine) as connection:  # each by itself: a death repeats one at most
                outbox.mark_sent(connection, told, at=now)
            self._sent_at.append(now)
            self._note_success(now)
            sent += told
        self.retry_at = again_at
        return len(sent)

    def _planned(
        self, rows: Sequence[OutboxRow], now: datetime
    ) -> tuple[list[_Message], list[OutboxRow], datetime | None]:
        """The messages to send now, what is not told at all, and when to look again."""
        if not isinstance(self.notifier, Messenger):
            return [_Message((row,)) for row in rows[:NETWORK_BATCH]], [], None
        found = plan(
            [row.notice for row in rows],
            now=now,
            rules=self.notifier.rules,
            sent_at=tuple(self._sent_at),
        )
        messages = [
            _Message(tuple(rows[i] for i in one.places), one.silent)
            for one in found.messages[:NETWORK_BATCH]
        ]
        return messages, [rows[i] for i in found.off], found.held_until

    def _say(self, message: _Message) -> None:
        notices = [row.notice for row in message.rows]
        if isinstance(self.notifier, Messenger):
            self.notifier.deliver(notices, silent=message.silent)
        else:
            self.notifier.send(notices[0])

    def _own(self, connection: Connection) -> list[OutboxRow]:
        """What waits on this channel, without what another monitor has to say."""
        person = isinstance(self.notifier, Messenger)
        rows = outbox.pending(connection, self.notifier.name, urgent_first=person)
        return [row for row in rows if self.covers(row.notice.ticker)]

    def _due(self, rows: list[OutboxRow], now: datetime) -> list[OutboxRow]:
        """All rows, or none while one that was not taken waits for its next attempt."""
        self.pending = len(rows)
        tried = next((row for row in rows if row.attempts), None)
        if tried is None:
            return rows
        wait = tried.next_attempt_at - now
        # Longer than any back-off: the clock was set back since.
        if timedelta(0) < wait <= LONGEST_RETRY:
            self.retry_at = tried.next_attempt_at
            return []
        return rows

    def _held_elsewhere(self, row: OutboxRow, now: datetime) -> bool:
        if not row.claim or row.claim.get("by") == self._owner:
            return False
        left = datetime.fromisoformat(row.claim["until"]) - now
        return timedelta(0) < left <= LEASE

    def _retry_later(self, rows: Sequence[OutboxRow], error: NotifyError, now: datetime) -> None:
        text = f"{error}" + (f" ({error.hint})" if error.hint else "")
        next_attempt_at = now + retry_after(rows[0].attempts)
        with write(self.engine) as connection:
            # Also what is refused for good stays: the next start has another key or address.
            outbox.mark_retry(
                connection, [r.id for r in rows], next_attempt_at=next_attempt_at, error=text
            )
        self.pending = len(rows)
        self._note_failure(text, next_attempt_at)
        if error.permanent:
            self.disabled = text
            logger.error("channel switched off", extra={"channel": self.notifier.name})

    def _note_success(self, now: datetime) -> None:
        self.last_ok_at, self.error, self.retry_at = now, None, None

    def _note_failure(self, error: str, retry_at: datetime) -> None:
        self.error, self.retry_at = error, retry_at.astimezone(UTC)
