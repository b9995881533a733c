"""Empties the outbox: in threads of its own while live, in the caller's while replaying.

Each channel has its own thread, so a hanging server delays neither the polling nor the other
channels.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from monitor.clock import Clock
from monitor.domain.alerts import Notice
from monitor.domain.snapshot import NotifierView
from monitor.errors import NotifyError
from monitor.notify.base import Notifier
from monitor.notify.channel import Channel

# Also without being woken a channel looks again after this long.
LOOK_AGAIN = timedelta(seconds=30)
SHORTEST_WAIT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchReport:
    """`sent` by channel; `retry_at` is when something that was not taken is due again."""

    sent: Mapping[str, int]
    retry_at: datetime | None


class Dispatcher:
    """All channels of one home.

    Args:
        clock: Real time, for the threads; `dispatch_due` is given its `now`.
        covers: Of which ticker's alerts it sends; None: those of no ticker.
    """

    def __init__(
        self,
        engine: Engine,
        notifiers: Sequence[Notifier],
        *,
        clock: Clock,
        covers: Callable[[str | None], bool] = lambda _ticker: True,
    ) -> None:
        self._channels = tuple(Channel(engine, notifier, covers) for notifier in notifiers)
        self._clock = clock
        self._wakers = tuple(threading.Event() for _ in notifiers)
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    @property
    def channels(self) -> tuple[str, ...]:
        """Channel names, for `store.alerts.save`."""
        return tuple(c.notifier.name for c in self._channels)

    def dispatch_due(self, now: datetime) -> DispatchReport:
        """Send everything that is due, in the caller's thread. Never raises.

        Where nothing was committed since the last call and `retry_at` has not come, it need not
        be called.
        """
        sent = {c.notifier.name: c.drain(now) for c in self._channels}
        waiting = [c.retry_at for c in self._channels if c.retry_at and not c.disabled]
        return DispatchReport(sent=sent, retry_at=min(waiting, default=None))

    def start(self) -> None:
        """Begin to send in the background; also what an earlier run left."""
        for channel, waker in zip(self._channels, self._wakers, strict=True):
            thread = threading.Thread(
                target=self._run,
                args=(channel, waker),
                name=f"notify-{channel.notifier.name}",
                daemon=True,  # a hanging server must not keep the process alive
            )
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Tell the threads that something was committed."""
        for waker in self._wakers:
            waker.set()

    def stop(self, timeout_s: float = 3.0) -> bool:
        """Send what can be sent now and end; False when a channel still hangs after it."""
        self._stopping.set()
        if not self._threads:
            self.dispatch_due(self._clock.now())
        self.wake()
        deadline = self._clock.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))
        ended = not any(thread.is_alive() for thread in self._threads)
        if ended:
            for channel in self._channels:
                channel.notifier.close()
        return ended

    def send_test(self, notice: Notice, now: datetime) -> dict[str, NotifyError | None]:
        """Send one notice through every channel; what each answered."""
        outcome: dict[str, NotifyError | None] = {}
        for channel in self._channels:
            try:
                channel.send_test(notice, now)
                outcome[channel.notifier.name] = None
            except NotifyError as error:
                outcome[channel.notifier.name] = error
        return outcome

    def health(self, pending: Mapping[str, int] | None = None) -> tuple[NotifierView, ...]:
        """Every channel's state.

        Args:
            pending: `store.outbox.pending_counts`; without it, as of each channel's last look.
        """
        return tuple(
            c.view(None if pending is None else pending.get(c.notifier.name, 0))
            for c in self._channels
        )

    def broken(self) -> dict[str, str]:
        """Channels that are switched off, and why."""
        return {c.notifier.name: c.disabled for c in self._channels if c.disabled}

    def _run(self, channel: Channel, waker: threading.Event) -> None:
        while True:
            waker.clear()
            stopping = self._stopping.is_set()
            now = self._clock.now()
            channel.drain(now)
            if stopping:
                return
            wait = LOOK_AGAIN if channel.retry_at is None else channel.retry_at - now
            waker.wait(min(max(wait, SHORTEST_WAIT), LOOK_AGAIN).total_seconds())
