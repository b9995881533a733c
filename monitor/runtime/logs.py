"""Diagnostics to `logs/monitor.log`, rotating; configured once, by the entry point."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

MAX_BYTES = 5_000_000
KEPT = 5
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FieldFormatter(logging.Formatter):
    """Message first, then the fields that the call gave as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        fields = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        return f"{text} | {_show(fields)}" if fields else text


def configure_logging(folder: Path, *, level: int = logging.INFO) -> None:
    """Send every logger's records to the file; nothing goes to the terminal."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / "monitor.log", maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8", delay=True
    )
    handler.setFormatter(
        FieldFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    # Third parties say everything twice at INFO; their warnings are enough.
    for noisy in ("apscheduler", "waitress", "yfinance", "peewee", "urllib3", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _show(fields: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value!r}" for key, value in fields.items())
