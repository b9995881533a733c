"""Looking at a SQLite file without opening it as a database.

SQLite takes a 0-byte file for an empty database, and a truncated one for a whole one until it
reads past the end. Both would lose the person's book in silence, so they are refused first.
Source of the offsets: https://www.sqlite.org/fileformat.html#the_database_header
"""

from __future__ import annotations

from pathlib import Path

MAGIC = b"SQLite format 3\x00"
HEADER_BYTES = 100


def journal_of(path: Path) -> Path:
    """The write-ahead log beside a database."""
    return path.with_name(path.name + "-wal")


def defect(path: Path) -> str | None:
    """Say what is wrong with the file as a whole, or None.

    Raises:
        OSError: It cannot be read at all.
    """
    size = path.stat().st_size
    if size == 0:
        return "it is empty (0 bytes)"
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if not header.startswith(MAGIC) or len(header) < HEADER_BYTES:
        return "it is not a SQLite database"
    missing = _missing_bytes(header, size)
    # a checkpoint that was killed leaves a short file, which its journal completes
    if missing > 0 and not _has_content(journal_of(path)):
        return f"it is cut off: {missing:,} of {size + missing:,} bytes are missing"
    return None


def absent(path: Path) -> bool:
    """Whether nothing of a database lies there, neither the file nor its journal.

    Raises:
        OSError: The folder cannot be looked into.
    """
    return not path.exists() and not _has_content(journal_of(path))


def orphaned_journal(path: Path) -> bool:
    """Whether the database is gone but its journal is still there.

    Raises:
        OSError: The folder cannot be looked into.
    """
    return not path.exists() and _has_content(journal_of(path))


def _missing_bytes(header: bytes, size: int) -> int:
    page = int.from_bytes(header[16:18], "big")
    page = 65536 if page == 1 else page
    pages = int.from_bytes(header[28:32], "big")
    counted = header[24:28] == header[92:96]  # else the page count was not kept up to date
    return pages * page - size if counted else 0


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False
