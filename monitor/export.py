"""`data/positions.json`: the book as other programs read it, always whole.

It is an export: the database is the truth, and the file is written anew after every change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from monitor.domain.position_record import stamp, to_record
from monitor.domain.positions import Position
from monitor.runtime.atomic_file import sweep_temporary, write_atomic
from monitor.store.engine import read
from monitor.store.position_rows import list_positions

SCHEMA_VERSION = 1
LOCK_TIMEOUT_S = 10.0


def positions_document(positions: Iterable[Position], *, now: datetime) -> dict[str, Any]:
    """The exported object: `schema_version, generated_at, positions[…]`, closed ones too."""
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": stamp(now),
        "positions": [to_record(position) for position in positions],
    }


def encode_document(document: dict[str, Any]) -> bytes:
    """JSON that is ASCII throughout and refuses NaN."""
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode("ascii")


def export_positions(engine: Engine, path: Path, *, now: datetime) -> None:
    """Write the committed book to `path` in one step.

    Reading and writing happen under one lock: of two processes that changed the book, the one
    that writes last has also read last.

    Raises:
        OSError: The file could not be written; the old one is whole.
    """
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_TIMEOUT_S):
        sweep_temporary(path.parent, path.name)
        with read(engine) as connection:
            positions = list_positions(connection, include_closed=True)
        write_atomic(path, encode_document(positions_document(positions, now=now)))
