"""Backups are whole and restoring them brings the book back, exactly; the real commands."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.processes import monitor, run
from fakes.spine import NOW, running

ADD = (
    "add", "--dte", "5", "--band", "P97", "--spread", "put_spread", "--contracts", "3",
    "--credit", "150.00", "--risk", "850.00", "--short-put", "19800", "--long-put", "19700",
)  # fmt: skip


def command(home: Path, *args: str, code: int = 0) -> Any:
    done = run("monitor", *args, "--json", home=home)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def positions(home: Path) -> list[str]:
    done = run("positions", "list", "--json", home=home)
    return [p["id"] for p in json.loads(done.stdout)["positions"]]


def add(home: Path) -> None:
    assert run("positions", *ADD, home=home).returncode == 0


def test_restoring_brings_the_book_of_then_back_and_keeps_that_of_now(home: Path) -> None:
    add(home)
    then = positions(home)
    made = command(home, "backup")["backup"]
    add(home)
    now = positions(home)
    assert len(now) == 2
    restored = command(home, "restore", made)
    assert restored["open_positions"] == 1
    assert positions(home) == then
    assert [p["id"] for p in json.loads((home / "data" / "positions.json").read_text())[
        "positions"
    ]] == then  # fmt: skip
    kept = Path(restored["kept"]) / "monitor.db"
    with closing(sqlite3.connect(kept)) as database:
        assert {row[0] for row in database.execute("SELECT id FROM positions")} == set(now)


def test_a_database_that_is_garbled_comes_back_by_the_words_of_its_error(home: Path) -> None:
    add(home)
    then = positions(home)
    command(home, "backup")
    (home / "data" / "monitor.db").write_bytes(b"")
    refused = run("positions", "list", home=home)
    assert refused.returncode == 1
    assert "`monitor restore newest`" in refused.stderr
    command(home, "restore", "newest")
    assert positions(home) == then


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 50])
def test_a_bad_backup_is_refused_and_nothing_is_touched(home: Path, content: bytes) -> None:
    add(home)
    then = positions(home)
    bad = home / "bad.db"
    bad.write_bytes(content)
    said = command(home, "restore", str(bad), code=1)
    assert "is no usable backup" in said["error"]["message"]
    assert positions(home) == then


def test_a_dry_run_checks_and_changes_nothing(home: Path) -> None:
    add(home)
    command(home, "backup")
    add(home)
    assert command(home, "restore", "newest", "--dry-run")["open_positions"] == 1
    assert len(positions(home)) == 2


def test_nothing_is_restored_under_a_running_monitor(home: Path) -> None:
    add(home)
    command(home, "backup")
    with monitor(home, "--no-dashboard") as alive:
        alive.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        said = command(home, "restore", "newest", code=2)
    assert "`monitor stop` first" in said["error"]["hint"]


def test_a_monitor_that_runs_for_days_copies_its_book_each_day(home: Path) -> None:
    with running(home, durable=True) as runner:
        for days in (0, 0, 1, 2):
            runner.cycle(NOW + timedelta(days=days))
    names = sorted(p.name for p in (home / "data" / "backups").glob("monitor-*-daily.db"))
    assert [name[8:16] for name in names] == [
        f"{NOW + timedelta(days=d):%Y%m%d}" for d in (0, 1, 2)
    ]


def test_backups_are_listed_newest_first(home: Path) -> None:
    assert command(home, "backup", code=1)["error"]["hint"].startswith("`positions add`")
    add(home)
    made = command(home, "backup")["backup"]
    assert command(home, "backup", "--list")["backups"][0] == made


def test_what_was_replaced_comes_back_with_its_journal(home: Path) -> None:
    """A monitor that was killed leaves its newest changes in the journal beside the database."""
    add(home)
    kept = home / "data" / "backups" / "replaced-20260220T184500Z"
    kept.mkdir(parents=True)
    with closing(sqlite3.connect(home / "data" / "monitor.db")) as held:
        held.execute("SELECT count(*) FROM positions").fetchone()  # so nobody folds the journal
        add(home)
        now = positions(home)
        for name in ("monitor.db", "monitor.db-wal"):
            (kept / name).write_bytes((home / "data" / name).read_bytes())
    command(home, "restore", str(kept / "monitor.db"))
    assert positions(home) == now
