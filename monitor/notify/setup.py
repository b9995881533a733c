"""Which channels a home has."""

from __future__ import annotations

import os
from zoneinfo import ZoneInfo

from monitor.config import Settings
from monitor.home import Home
from monitor.notify.base import Notifier
from monitor.notify.console import ConsoleNotifier, wants_color
from monitor.notify.jsonl import alerts_jsonl
from monitor.notify.logfile import alerts_log


def build_notifiers(home: Home, settings: Settings, *, console: bool) -> tuple[Notifier, ...]:
    """The two log files, and the terminal where there is one."""
    zone = ZoneInfo(settings.hours.display_timezone)
    files = (
        alerts_log(home.logs / "alerts.log", zone=zone),
        alerts_jsonl(home.logs / "alerts.jsonl"),
    )
    if not console:
        return files
    return (*files, ConsoleNotifier(zone=zone, color=wants_color(os.environ)))
