"""Who holds the write lock of a SQLite database, so that a message can name them.

SQLite itself does not know. Linux lists every lock with its process; elsewhere the answer is
None and the message says "another process".
"""

from __future__ import annotations

from pathlib import Path

WAL_WRITE_BYTE = 120  # SQLite's write lock in WAL mode, a byte of the -shm file
PROC = Path("/proc")


def writer_of(database: Path, *, proc: Path = PROC) -> str | None:
    """Describe the process that writes now: "process 4711 (monitor --ticker NDX)", or None."""
    try:
        inode = database.with_name(database.name + "-shm").stat().st_ino
        locks = (proc / "locks").read_text()
    except OSError:
        return None
    pid = next((p for line in locks.splitlines() if (p := _holder(line, inode))), None)
    if pid is None:
        return None
    name = _command(proc / pid)
    return f"process {pid} ({name})" if name else f"process {pid}"


def _holder(line: str, inode: int) -> str | None:
    # "12: POSIX  ADVISORY  WRITE 3776 fe:00:1466553 120 120"
    parts = line.split()
    if len(parts) != 8 or parts[1] != "POSIX" or parts[3] != "WRITE":
        return None
    _, _, _, _, pid, file, first, last = parts
    if file.rpartition(":")[2] != str(inode) or int(first) > WAL_WRITE_BYTE:
        return None
    return pid if last == "EOF" or int(last) >= WAL_WRITE_BYTE else None


def _command(folder: Path) -> str:
    try:
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    # "/usr/bin/python /home/me/.venv/bin/monitor --ticker NDX" → "monitor --ticker NDX"
    shown = words[1:] if len(words) > 1 and "python" in Path(words[0]).name else words
    return " ".join([Path(shown[0]).name, *shown[1:]]).strip()[:60] if shown else ""
