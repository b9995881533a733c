"""What a channel is: it takes one notice, or says why not.

A channel implements `Notifier`, without queue, retry or thread of its own; the dispatcher has
those. A file that must hold every notice exactly once is a `Journal` (`journal.py`), what rings
on a person's phone a `Messenger` (`apprise_channel.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from monitor.domain.alerts import Notice, Reason
from monitor.domain.plain_text import plain
from monitor.notify.delivery import DeliveryRules


class Notifier(Protocol):
    """One channel. `name` is its key in the outbox: never reuse it for something else."""

    @property
    def name(self) -> str: ...

    def send(self, notice: Notice) -> None:
        """Deliver one notice; the same one may come twice after a crash.

        It may block, but must end by itself: give every network call a timeout.

        Raises:
            NotifyError: `permanent` switches the channel off until the next start; otherwise
                the dispatcher tries again later.
        """
        ...

    def close(self) -> None:
        """Release what is held; the notifier is not used afterwards."""
        ...


@runtime_checkable
class Messenger(Notifier, Protocol):
    """A channel that disturbs a person: told by `rules`, several notices at once if need be."""

    @property
    def rules(self) -> DeliveryRules: ...

    def deliver(self, notices: Sequence[Notice], *, silent: bool) -> None:
        """Send them as one message; as `send` otherwise."""
        ...


def render_lines(notice: Notice, zone: ZoneInfo) -> list[str]:
    """The notice as it stands in alerts.log, first line first, without line ends.

    Control characters of the texts are shown as escapes: one notice can never look like two,
    nor move a terminal's cursor.
    """
    mark = " [SIMULATED]" if notice.simulated else ""
    head = f"[{stamp(notice.at, zone)}] [{notice.level}]{mark} {plain(notice.title)}"
    return [head, *(f"  {plain(detail)}" for detail in notice.details), f"  {_which(notice)}"]


def stamp(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _which(notice: Notice) -> str:
    if notice.reason is Reason.TEST:
        return "Test of this channel"
    told = "" if notice.reason is Reason.FIRST else f" | {notice.reason} (told {notice.sequence} ×)"
    return f"Alert A{notice.alert_number}{told}"
