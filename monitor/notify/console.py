"""The terminal: the lines of alerts.log, colored by level."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TextIO
from zoneinfo import ZoneInfo

import click

from monitor.domain.alerts import Notice
from monitor.domain.vocabulary import Level
from monitor.errors import NotifyError
from monitor.notify.base import render_lines

_STYLES: dict[Level, dict[str, str | bool]] = {
    Level.INFO: {"fg": "cyan"},
    Level.OPPORTUNITY: {"fg": "green"},
    Level.WARNING: {"fg": "yellow"},
    Level.EXIT: {"fg": "magenta", "bold": True},
    Level.ERROR: {"fg": "red", "bold": True},
}


class ConsoleNotifier:
    """The channel `console`.

    Args:
        color: True or False; None asks the stream (see also `wants_color`).
        stream: Default the process's stdout at the time of each notice.
    """

    name = "console"

    def __init__(
        self, *, zone: ZoneInfo, color: bool | None = None, stream: TextIO | None = None
    ) -> None:
        self._zone, self._color, self._stream = zone, color, stream

    def send(self, notice: Notice) -> None:
        stream = self._stream or sys.stdout
        head, *details = render_lines(notice, self._zone)
        text = "\n".join([click.style(head, **_STYLES[notice.level]), *details])  # type: ignore[arg-type]
        encoding = getattr(stream, "encoding", None) or "utf-8"
        try:
            # A terminal that has no arrow shows "?" rather than nothing.
            safe = text.encode(encoding, "replace").decode(encoding)
            click.echo(safe, file=stream, color=self._color)
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            raise NotifyError(f"the terminal is gone: {error}", permanent=True) from error

    def close(self) -> None:
        """The stream belongs to the process."""


def wants_color(environ: Mapping[str, str]) -> bool | None:
    """False where NO_COLOR is set (no-color.org), else None: the stream decides."""
    return False if environ.get("NO_COLOR") else None
