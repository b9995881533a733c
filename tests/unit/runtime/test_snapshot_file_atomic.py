"""Files that a reader never sees half written, and what they hold."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.snapshots import empty_snapshot

from monitor.domain.snapshot import Problem
from monitor.runtime.atomic_file import sweep_temporary, write_atomic
from monitor.runtime.health import health_view, memory_mb
from monitor.runtime.logs import configure_logging
from monitor.runtime.snapshot_file import write_snapshot


def test_the_old_file_stays_when_the_new_one_cannot_be_put_there(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.mkdir()  # replacing a folder by a file fails at the last step
    with pytest.raises(OSError, match=r"page\.json"):
        write_atomic(path, b"new")
    assert path.is_dir()
    assert [p.name for p in tmp_path.iterdir()] == ["page.json"]  # no temporary left


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_whole_and_its_folder_made(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "new" / "page.json"
    write_atomic(path, b"first, longer", durable=durable)
    write_atomic(path, b"second", durable=durable)
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_sweeping_takes_only_what_it_is_told(tmp_path: Path) -> None:
    mine, others = tmp_path / ".page.json.1.tmp", tmp_path / ".positions.json.2.tmp"
    real = tmp_path / "page.json"
    for path in (mine, others, real):
        path.write_text("x")
    assert sweep_temporary(tmp_path, "page.json") == 1
    assert sorted(tmp_path.iterdir()) == sorted([others, real])
    assert sweep_temporary(tmp_path) == 1
    assert sweep_temporary(tmp_path / "not there") == 0


def test_fault_56_nan_and_infinity_are_null(tmp_path: Path) -> None:
    snapshot = empty_snapshot()
    portfolio = replace(
        snapshot.portfolio, unrealized_pnl_usd=float("nan"), total_max_loss_usd=float("inf")
    )
    size = write_snapshot(tmp_path / "page.json", replace(snapshot, portfolio=portfolio))
    body = (tmp_path / "page.json").read_bytes()
    assert size == len(body)

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    page = json.loads(body, parse_constant=refuse)
    assert page["portfolio"]["unrealized_pnl_usd"] is None
    assert page["portfolio"]["total_max_loss_usd"] is None


def view(folder: Path, **changed: Any) -> Any:
    given: dict[str, Any] = {
        "providers": (), "jobs": (), "notifiers": (), "problems": (), "grid_problem": None,
        "history_problem": None, "files_problem": None, "heartbeat_problem": None,
        "slept": (), "folder": folder,
    }  # fmt: skip
    return health_view(**{**given, **changed})


def test_health_names_every_part_that_fares_badly(tmp_path: Path) -> None:
    shown = view(
        tmp_path,
        problems=(Problem(what="position a3f8", why="beyond the calendar"),),
        grid_problem="no grid file",
        history_problem="disk full",
        files_problem="not written",
        heartbeat_problem="answered 404",
    )
    assert [(p.what, p.why) for p in shown.problems][:5] == [
        ("position a3f8", "beyond the calendar"), ("grid", "no grid file"),
        ("history", "disk full"), ("files", "not written"), ("heartbeat", "answered 404"),
    ]  # fmt: skip


def test_a_nearly_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 499e6

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage())
    shown = view(tmp_path)
    assert shown.disk.free_mb == 499
    assert [p.why for p in shown.problems] == ["only 499 MB free"]


def test_a_disk_that_cannot_be_read_is_unknown_not_full(tmp_path: Path) -> None:
    shown = view(tmp_path / "gone")
    assert shown.disk.free_mb is None
    assert [p.why for p in shown.problems] == ["free space cannot be read"]


def test_memory_is_this_processs_own() -> None:
    used = memory_mb()
    assert used is None or 10 < used < 10_000


def test_the_log_holds_message_and_fields_on_one_line_each(tmp_path: Path) -> None:
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    for handler in kept:
        root.removeHandler(handler)  # pytest's own must not be closed
    try:
        configure_logging(tmp_path)
        configure_logging(tmp_path)  # twice is once
        logging.getLogger("monitor.test").warning("price refused", extra={"symbol": "NDX\nx"})
        logging.getLogger("apscheduler").info("not wanted")
        for handler in list(root.handlers):
            root.removeHandler(handler)
            handler.close()
    finally:
        root.setLevel(level)
        for handler in kept:
            root.addHandler(handler)
    lines = (tmp_path / "monitor.log").read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].endswith("WARNING monitor.test: price refused | symbol='NDX\\nx'")
