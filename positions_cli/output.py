"""Writing results: text that cannot act on a terminal, or one JSON object."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import click

from monitor.domain.plain_text import plain
from monitor.domain.position_record import stamp

SCHEMA_VERSION = 1


def say(text: str = "") -> None:
    """One or more lines on stdout."""
    click.echo(plain(text, keep="\n"))


def warn(texts: Iterable[str | None]) -> None:
    """Each warning on a line of stderr."""
    for text in texts:
        if text:
            click.echo(plain(f"warning: {text}"), err=True)


def say_json(fields: Mapping[str, Any]) -> None:
    """One object with `schema_version`; ASCII, so nothing in it can act on a terminal."""
    document = {"schema_version": SCHEMA_VERSION, "ok": True, **fields}
    click.echo(json.dumps(document, indent=1, allow_nan=False, default=_plain_value))


def _plain_value(value: object) -> object:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def terminal_columns() -> int | None:
    """The width of the terminal, None where a program or a file reads."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int]) -> str:
    """Columns as wide as their content; those in `right` are aligned to the right."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
