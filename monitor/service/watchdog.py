"""Telling systemd that the monitor is up and alive; without systemd, nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sdnotify


@dataclass(slots=True)
class Watchdog:
    """Says READY after the first cycle and WATCHDOG after each: a hanging loop falls silent."""

    say: Callable[[str], object] = field(default_factory=lambda: sdnotify.SystemdNotifier().notify)
    _ready: bool = False

    def cycle_done(self, status: str) -> None:
        """One cycle went well."""
        if not self._ready:
            self._ready = True
            self.say("READY=1")
        self.say(f"STATUS={status}\nWATCHDOG=1")

    def waiting(self, status: str) -> None:
        """A cycle could not do its work for a reason outside; the loop lives and tries again."""
        self.say(f"STATUS={status}\nWATCHDOG=1")

    def stopping(self) -> None:
        self.say("STOPPING=1")
