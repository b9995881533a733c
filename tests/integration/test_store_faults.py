"""Faults 21, 25, 27, 28 and 29 on real processes: kills, races, locks, read-only folders."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fakes.book_writer import Writer, add_notes, add_update_close
from fakes.positions_book import CONDOR, NOW, Book, nyse, put_spread

from monitor.config import Settings
from monitor.domain.position_record import to_record
from monitor.export import encode_document
from monitor.store.engine import read
from monitor.store.migrate import check_integrity
from monitor.store.position_events import history, replay
from monitor.store.store import open_store

COMMAND = [str(Path(sys.executable).with_name("positions"))]
KILLS = 60


@pytest.fixture
def book(home: Path) -> Book:
    return Book(home)


def whole(home: Path) -> dict[str, str]:
    """Check the invariants of a book; returns each position's last change."""
    store = open_store(home, Settings())
    check_integrity(store.engine)
    with read(store.engine) as connection:
        log = history(connection)
    book = {p.id: to_record(p) for p in store.list_positions(include_closed=True)}
    store.close()
    assert replay(log) == book
    return {event.position_id: event.kind.value for event in log}


@pytest.mark.slow
def test_fault_21_a_kill_leaves_the_old_or_the_new_state(home: Path) -> None:
    """Each writer is killed after another number of acknowledged changes, at whatever it does."""
    order = ["add", "update", "close"]
    for kill in range(KILLS // 3):
        # three writers at once: they also wait for each other's lock when the kill comes
        writers = [Writer(add_update_close, home, 10**9) for _ in range(3)]
        acknowledged: dict[str, str] = {}
        for i, writer in enumerate(writers):
            heard = [writer.hear() for _ in range(1 + (kill + i) % 4)]
            writer.process.kill()
            acknowledged |= {one: what for what, one in [*heard, *writer.rest()]}
        stored = whole(home)
        for one, what in acknowledged.items():
            assert order.index(stored[one]) >= order.index(what)
        json.loads((home / "data" / "positions.json").read_bytes())


def test_fault_27_three_processes_lose_no_update(home: Path) -> None:
    writers = [Writer(add_update_close, home, 34) for _ in range(3)]  # 34 × 3 changes each
    told = [writer.rest() for writer in writers]
    assert [writer.process.exitcode for writer in writers] == [0, 0, 0]
    assert [len(changes) for changes in told] == [102, 102, 102]
    stored = whole(home)
    assert len(stored) == 102
    assert set(stored.values()) == {"close"}


def test_fault_27_changes_of_one_position_from_several_processes_all_count(home: Path) -> None:
    store = open_store(home, Settings(), new_id=lambda: "a3f8c2d1")
    store.add(lambda new: put_spread(new, notes=()), at=NOW)
    for writer in [Writer(add_notes, home, name, 40) for name in "abc"]:
        writer.rest()
    assert sorted(store.get("a3f8").notes) == sorted(f"{n}-{i}" for n in "abc" for i in range(40))
    store.close()


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the write lock in this process until the block ends."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def positions(home: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args],
        env={**os.environ, "CONDORWATCH_HOME": str(home), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_fault_28_a_held_lock_is_named_and_the_command_ends(book: Book) -> None:
    book.run(*CONDOR)
    before = book.exported
    with locked(book.database):
        found = positions(
            book.home, "update", "00000001", "--pnl", "1", CONDORWATCH_STORE__BUSY_TIMEOUT_S="0.2"
        )
        assert found.returncode == 1
        assert "is being written by" in found.stderr
        if Path("/proc/locks").exists():
            assert f"process {os.getpid()}" in found.stderr
        # a reader never waits for a writer
        assert positions(book.home, "list").returncode == 0
    assert book.exported == before
    assert positions(book.home, "update", "00000001", "--pnl", "1").returncode == 0


def test_fault_29_the_command_refuses_a_bad_database_and_keeps_it(book: Book) -> None:
    book.run(*CONDOR)
    for content in (b"", b"\x00" * 5000, b"SQLite format 3\x00" + b"\xff" * 5000):
        book.database.with_name("monitor.db-wal").unlink(missing_ok=True)
        book.database.write_bytes(content)
        for line in (("list",), ("add", *CONDOR[1:]), ("undo",)):
            result = book.run(*line)
            assert result.exit_code == 1
            assert "left as it is" in result.stderr or "left as it was" in result.stderr
        assert book.database.read_bytes() == content
        assert [p["id"] for p in book.exported["positions"]] == ["00000001"]


def test_fault_29_a_restore_from_the_export_brings_the_book_back(
    book: Book, tmp_path: Path
) -> None:
    book.run(*CONDOR)
    before = book.exported["positions"]
    book.database.write_bytes(b"")
    hint = book.run("list").stderr
    assert "positions import" in hint
    book.database.rename(tmp_path / "bad.db")
    book.ok("import", str(book.home / "data" / "positions.json"))
    assert book.exported["positions"] == before


def test_fault_29_a_flipped_byte_never_passes_as_another_book(book: Book) -> None:
    """It may be refused or harmless, but what is shown is never a wrong amount of positions."""
    book.run(*CONDOR)
    whole_file = book.database.read_bytes()
    for offset in range(0, len(whole_file), len(whole_file) // 25):
        flipped = bytearray(whole_file)
        flipped[offset] ^= 0xFF
        for name in ("monitor.db-wal", "monitor.db-shm"):
            book.database.with_name(name).unlink(missing_ok=True)
        book.database.write_bytes(flipped)
        result = book.run("list", "--json")
        document = json.loads(result.stdout)
        if result.exit_code == 0:
            assert len(document["positions"]) == 1
        else:
            assert document["error"]["message"]
        assert not any("Traceback" in text for text in (result.stdout, result.stderr))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root to drop rights")
def test_fault_25_a_read_only_folder_is_a_clear_error() -> None:
    # under the system's own folder: another user cannot enter the test's private one
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        book = Book(home)
        book.run(*CONDOR)
        # the sessions' cache, so that the command does not build it
        home.chmod(0o755)
        (home / "data").chmod(0o555)
        for one in (home / "data").iterdir():
            one.chmod(0o444)
        result = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, "update", "00000001", "--pnl", "1"],
            # nobody may not write coverage's own file either
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")},
                "CONDORWATCH_HOME": str(home),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        assert "monitor.db" in result.stderr
        assert "--home" in result.stderr
        (home / "data").chmod(0o755)
        assert book.json("list")["positions"][0]["pnl_usd"] is None


_AS_NOBODY = """
import os, sys
import positions_cli.main, positions_cli.change, sqlite3, sqlalchemy.dialects.sqlite
import monitor.export, filelock, monitor.store.upgrade, monitor.store.lock_holder
os.setgid(65534); os.setuid(65534)
positions_cli.main.main()
"""


def test_positions_list_imports_nothing_heavy(book: Book) -> None:
    book.run(*CONDOR)
    # the sessions' table is there, as after any first run
    from monitor.providers.sessions import load_calendar

    load_calendar(book.home / "data", today=NOW.date())
    assert nyse().first.year == 1990
    program = (
        "import sys; from positions_cli.main import cli\n"
        "try: cli(['list'])\nexcept SystemExit as end: code = end.code\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'yfinance', 'alembic', 'exchange_calendars',"
        " 'requests', 'flask', 'plotly', 'rich', 'sqlalchemy.dialects.postgresql',"
        " 'monitor.domain.snapshot'}\n"
        "sys.stderr.write(repr(sorted(heavy & set(sys.modules))) + repr(code))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "CONDORWATCH_HOME": str(book.home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "00000001" in found.stdout
    assert found.stderr == "[]0"


def test_trap_30_the_export_is_never_seen_half_written(home: Path) -> None:
    """A reader that looks all the time finds whole documents only."""
    writer = Writer(add_update_close, home, 40)
    path, seen = home / "data" / "positions.json", 0
    while writer.process.is_alive():
        if path.exists():
            document = json.loads(path.read_bytes())
            assert encode_document(document)
            seen += 1
    assert len(writer.rest()) == 120
    assert seen > 0
