"""The background build: when it begins, what it says, and that it never begins too often."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.runtime.grid_builder import GridBuilder

PATIENCE_S = 30.0
FAILS = 'print(\'{"error": "no network"}\'); raise SystemExit(3)'
WAITS = 'import time; print(\'{"text": "NDX: simulating, 40 %"}\', flush=True); time.sleep(600)'


@dataclass
class Bench:
    """A builder over a little program instead of a backtest, with a clock moved by hand."""

    folder: Path
    program: str
    now: float = 0.0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        counted = f"open({str(self.folder / 'starts')!r}, 'a').write('x')\n{self.program}"
        self.builder = GridBuilder(
            command=[sys.executable, "-c", counted], log=self.folder / "log",
            monotonic=lambda: self.now, say=self.said.append,
        )  # fmt: skip

    @property
    def starts(self) -> int:
        path = self.folder / "starts"
        return len(path.read_text()) if path.exists() else 0

    def until(self, wanted: str, *, missing: bool = True) -> None:
        """Look until the words are among what was said."""
        end = time.monotonic() + PATIENCE_S
        while wanted not in "\n".join([*self.said, self.builder.text() or ""]):
            assert time.monotonic() < end, (self.said, self.builder.text())
            threading.Event().wait(0.02)
            self.builder.look(missing=missing)


def test_nothing_begins_while_there_is_a_grid(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WAITS)
    bench.builder.look(missing=False)
    assert bench.builder.text() is None
    assert bench.said == []
    assert not (tmp_path / "log").exists()


def test_progress_is_told_while_it_builds_and_only_one_builds(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WAITS)
    try:
        bench.until("no grid yet: building one in the background: NDX: simulating, 40 %")
        bench.now += 1e6
        bench.builder.look(missing=True)
        bench.builder.look(missing=True)
        assert bench.said == [
            "no grid yet: building one in the background",
            "building a grid: NDX: simulating, 40 %",
        ]
        assert bench.starts == 1
    finally:
        bench.builder.close()


def test_a_build_that_ends_well_is_said_and_not_repeated(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 'print(\'{"built": "ndx-1"}\')')
    bench.until("grid built: ndx-1")
    assert bench.builder.text() is None
    bench.builder.look(missing=True)
    assert bench.starts == 1


def test_failures_are_told_and_tried_again_after_15_60_and_240_minutes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FAILS)
    for count, minutes in enumerate((15, 60, 240, 240), 1):
        bench.until(f"no grid: building one failed: no network (next try in {minutes} min)")
        bench.now += minutes * 60 - 1
        bench.builder.look(missing=True)
        assert bench.starts == count  # not a second before its time
        bench.now += 1
        bench.builder.look(missing=True)
        bench.until("no grid: building one failed")
        assert bench.starts == count + 1


def test_a_builder_that_dies_without_a_word_names_its_log(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "import os; os.write(2, b'why\\n'); os.abort()")
    bench.until(f"it ended with code -6; see {tmp_path / 'log'}")
    assert (tmp_path / "log").read_text() == "why\n"


def test_a_builder_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    builder = GridBuilder(
        command=[str(tmp_path / "nothing")], log=tmp_path / "log", monotonic=lambda: 0.0,
        say=said.append,
    )  # fmt: skip
    builder.look(missing=True)
    assert "it could not be started: No such file" in str(builder.text())
    assert len(said) == 1


def test_the_persons_own_grid_ends_a_build(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WAITS)
    bench.until("simulating")
    bench.until("there is a grid: the build in the background was ended", missing=False)
    assert bench.builder.text() is None


def test_a_build_whose_grid_is_seen_before_it_ends_is_no_failure(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 'import time; time.sleep(0.5); print(\'{"built": "ndx-1"}\')')
    bench.builder.look(missing=True)
    bench.builder.look(missing=False)
    process = bench.builder._process
    assert process is not None
    assert process.wait(PATIENCE_S) == 0
    bench.builder.look(missing=False)
    assert bench.said[-1] == "grid built: ndx-1"


@pytest.mark.parametrize("stubborn", [False, True])
def test_closing_ends_the_process_whatever_it_does(tmp_path: Path, stubborn: bool) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    bench = Bench(tmp_path, (deaf if stubborn else "") + WAITS)
    bench.until("simulating")
    process = bench.builder._process
    assert process is not None
    bench.builder.close()
    assert process.wait(PATIENCE_S) in (-15, -9)
    bench.builder.look(missing=True)
    assert bench.starts == 1  # the monitor ends: nothing begins any more


def test_the_builder_stands_apart_from_the_terminals_signals(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WAITS)
    bench.builder.look(missing=True)
    process = bench.builder._process
    assert process is not None
    try:
        assert os.getpgid(process.pid) != os.getpgid(0)
    finally:
        bench.builder.close()
