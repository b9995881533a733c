"""`logs/alerts.log`, for `tail -F`: the lines that docs/alerts.md shows."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.notify.base import render_lines
from monitor.notify.journal import Journal


def alerts_log(path: Path, *, zone: ZoneInfo) -> Journal:
    """The channel `alerts.log`; times in `zone`."""
    return Journal(
        name="alerts.log",
        path=path,
        render=lambda notice: "".join(f"{line}\n" for line in render_lines(notice, zone)),
    )
