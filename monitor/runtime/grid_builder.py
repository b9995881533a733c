"""Without any grid one is built in the background, by a low-priority process of its own.

The monitor's cycle only looks at it: numba, the history and their memory stay in the other
process. It tells its progress as JSON lines on its standard output: `text` while it works, `error`
and `hint` when it fails, `built` at the end.
"""

from __future__ import annotations

import json
import logging
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

logger = logging.getLogger(__name__)

WAITS_S = (15 * 60.0, 60 * 60.0, 4 * 60 * 60.0)  # after the first failure, the second, each later
PATIENCE_S = 0.5  # of a monitor that ends, with a builder that does not
BELOW_NORMAL = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)  # Windows; elsewhere it nices


@dataclass(slots=True, kw_only=True)
class GridBuilder:
    """Starts a builder while the grid is missing, and tells how it fares.

    Args:
        command: The builder. It refuses by itself to run twice on one home.
        log: Where its standard error goes.
        monotonic: Seconds that only grow.
        say: Told in one line when a build begins, goes on, ends or fails.
    """

    command: Sequence[str]
    log: Path
    monotonic: Callable[[], float]
    say: Callable[[str], None] = lambda _text: None
    _process: subprocess.Popen[bytes] | None = None
    _reader: threading.Thread | None = None
    _told: dict[str, Any] = field(default_factory=dict)
    _said: str = ""
    _failures: int = 0
    _failed: str = ""
    _not_before: float = 0.0
    _needless: bool = False  # there is a grid, although the build has not ended
    _stopped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, *, missing: bool) -> None:
        """Once a cycle: start, reap, or stop a build that somebody's own grid made needless."""
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self._reap(self._process.returncode)
            if self._process is not None and not missing:
                if self._needless:  # a build that just wrote its grid has a cycle's time to end
                    self._process.terminate()
                self._needless = True
            due = self.monotonic() >= self._not_before
            if self._process is None and missing and due and not self._stopped:
                self._start()
            elif self._process is not None and missing:
                self._say_progress()

    def text(self) -> str | None:
        """Why there is no grid, in words for the page; None: a build is not the reason."""
        if self._process is not None:
            at = self._told.get("text")
            return "no grid yet: building one in the background" + (f": {at}" if at else "")
        if self._failed:
            left = max(1, round((self._not_before - self.monotonic()) / 60))
            return f"no grid: building one failed: {self._failed} (next try in {left} min)"
        return None

    def ask_to_stop(self) -> None:
        """The monitor ends: no build begins any more, and one that runs is told to end."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.terminate()

    def close(self) -> None:
        """End it whatever it does; a build that is done by now is still told."""
        with self._lock:
            if self._process is not None and self._process.poll() == 0:
                self._reap(0)
        self.ask_to_stop()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE_S)
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE_S)

    def _start(self) -> None:
        self._told, self._needless = {}, False
        try:
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                    self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                    start_new_session=True, creationflags=BELOW_NORMAL,
                )  # fmt: skip
        except OSError as error:
            self._fail(f"it could not be started: {error.strerror}")
            return
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name="grid-builder", daemon=True
        )
        self._reader.start()
        self.say("no grid yet: building one in the background")

    def _say_progress(self) -> None:
        if (at := self._told.get("text")) and at != self._said:
            self._said = at
            self.say(f"building a grid: {at}")

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                with suppress(ValueError):
                    told = json.loads(line)
                    self._told = told if isinstance(told, dict) else self._told

    def _reap(self, code: int) -> None:
        if self._reader is not None:
            self._reader.join(1.0)
        self._process = self._reader = None
        if code != 0 and self._needless:
            self.say("there is a grid: the build in the background was ended")
        elif code == 0:
            self._failures, self._failed = 0, ""
            self._not_before = self.monotonic() + WAITS_S[-1]
            self.say(f"grid built: {self._told.get('built', 'see results/')}")
        else:
            self._fail(str(self._told.get("error", f"it ended with code {code}; see {self.log}")))

    def _fail(self, why: str) -> None:
        wait = WAITS_S[min(self._failures, len(WAITS_S) - 1)]
        self._failures += 1
        self._failed, self._not_before = why, self.monotonic() + wait
        logger.warning("grid not built", extra={"reason": why})
        self.say(f"grid not built: {why} (next try in {wait / 60:.0f} min)")
