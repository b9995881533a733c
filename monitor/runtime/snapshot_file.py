"""`dashboard_data.json`: written whole each cycle, NaN as null."""

from __future__ import annotations

from pathlib import Path

import msgspec

from monitor.domain.snapshot import Snapshot
from monitor.runtime.atomic_file import write_atomic


def write_snapshot(path: Path, snapshot: Snapshot) -> int:
    """Replace the file; returns its size in bytes."""
    data = msgspec.json.encode(snapshot)
    write_atomic(path, data)
    return len(data)
