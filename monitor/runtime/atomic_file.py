"""Files that a reader never sees half written."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Replace `path` by `data` in one step: a reader sees the old file or the new one.

    Args:
        durable: Also force it to disk, for files whose loss would matter after a power cut.
            Exports of the database need it not.

    Raises:
        OSError: The disk is full or read-only; the old file is untouched and the temporary
            one removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def sweep_temporary(folder: Path, name: str = "*") -> int:
    """Remove temporary files that a killed writer left; returns how many.

    Only for the one who may write there now: a writer that still runs would lose its file.

    Args:
        name: Whose temporary files: a file's name, or a pattern of names.
    """
    left = [p for p in folder.glob(f".{name}.*.tmp") if p.is_file()]
    for path in left:
        with suppress(OSError):
            path.unlink()
    return len(left)
