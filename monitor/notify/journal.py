"""A file that holds every notice exactly once, also across kill -9 and log rotation.

Before it writes, the dispatcher commits a *claim*: which file (device and inode), from which
byte on, how many. After a crash the claim is compared with the file: the bytes are all there
(sent), partly there (cut off, written again) or not there (written again). The file is opened
anew for every write, so a rotated log continues under its own name.

Writers of one file take turns by a lock file, and whoever has the turn settles old claims
first; a claim that is still open then belongs to a process that died.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from monitor.domain.alerts import Notice
from monitor.errors import NotifyError

LOCK_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Journal:
    """An append-only file as a channel.

    Args:
        render: The notice as text; ends with a line end.
    """

    name: str
    path: Path
    render: Callable[[Notice], str]

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold the turn to write.

        Raises:
            NotifyError: Another process holds it too long, or the folder cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=LOCK_WAIT_S)
            lock.acquire()
        except Timeout as error:
            raise NotifyError(
                f"{self.path} is held by another process for over {LOCK_WAIT_S:g} s",
                permanent=False,
            ) from error
        except OSError as error:
            raise self._failure(error) from error
        try:
            yield
        finally:
            lock.release()

    def plan(self, notices: Sequence[Notice]) -> list[dict[str, Any]]:
        """The claim of each notice, were they written now in this order."""
        try:
            with self.path.open("ab") as file:
                stat = os.fstat(file.fileno())
        except OSError as error:
            raise self._failure(error) from error
        claims, offset = [], stat.st_size + len(self._mend(self.path))
        for notice in notices:
            size = len(self._bytes(notice))
            claims.append({"dev": stat.st_dev, "ino": stat.st_ino, "offset": offset, "size": size})
            offset += size
        return claims

    def settle(self, claim: dict[str, Any], notice: Notice) -> bool:
        """Whether the claimed notice is whole in the file; a part of it is cut off."""
        try:
            path = self._find(claim)
            if path is None:
                return False
            expected = self._bytes(notice)
            with path.open("r+b") as file:
                file.seek(claim["offset"])
                tail = file.read()
                if expected in tail:
                    return True
                if tail and expected.startswith(tail):
                    file.truncate(claim["offset"])
                return False
        except OSError as error:
            raise self._failure(error) from error

    def append(self, notices: Sequence[Notice]) -> None:
        """Write all of them and wait until the disk has them; on failure, none."""
        payload = b"".join(self._bytes(notice) for notice in notices)
        try:
            if not self._write(payload) and not self._write(payload):
                raise NotifyError(f"{self.path} is removed while it is written", permanent=False)
        except OSError as error:
            raise self._failure(error) from error

    def send(self, notice: Notice) -> None:
        """Append one notice that is in no outbox (a test of the channel)."""
        with self.exclusively():
            self.append([notice])

    def close(self) -> None:
        """Nothing is held between two writes."""

    def _write(self, payload: bytes) -> bool:
        """False when the file was removed meanwhile, and the bytes with it."""
        mend = self._mend(self.path)
        with self.path.open("ab", buffering=0) as file:
            start = os.fstat(file.fileno()).st_size
            try:
                left = memoryview(mend + payload)
                while left:
                    left = left[file.write(left) or 0 :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(start)
                raise
            return os.fstat(file.fileno()).st_nlink > 0

    def _find(self, claim: dict[str, Any]) -> Path | None:
        """The claimed file, under its name or the one it was rotated to."""
        for path in (self.path, *sorted(self.path.parent.glob(f"{self.path.name}*"))):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            if (stat.st_dev, stat.st_ino) == (claim["dev"], claim["ino"]):
                return path
        return None

    def _bytes(self, notice: Notice) -> bytes:
        return self.render(notice).encode("utf-8", "backslashreplace")

    @staticmethod
    def _mend(path: Path) -> bytes:
        """A line end, where somebody else left the last line without one."""
        try:
            with path.open("rb") as file:
                if file.seek(0, os.SEEK_END) == 0:
                    return b""
                file.seek(-1, os.SEEK_END)
                return b"" if file.read(1) == b"\n" else b"\n"
        except FileNotFoundError:
            return b""

    def _failure(self, error: OSError) -> NotifyError:
        return NotifyError(
            f"{self.path} cannot be written: {error.strerror or error}",
            permanent=False,
            hint="make room on the disk, or correct the folder's permissions",
        )
