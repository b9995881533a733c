"""Reading the monitor's files: whole, in part, or not at all, but never with a guess."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from fakes.snapshots import put, rich_snapshot, write_charts, write_snapshot

from dashboard.snapshot_source import FileSnapshotSource, Loaded, Missing, Unreadable, decode_parts


def test_reads_what_the_monitor_wrote(home: Path) -> None:
    snapshot = rich_snapshot()
    write_snapshot(home, snapshot)
    reading = FileSnapshotSource(home).read()
    assert isinstance(reading, Loaded)
    assert reading.parts.positions == snapshot.positions
    assert reading.parts.funnel == snapshot.funnel
    assert not reading.parts.failed


def test_sees_a_replaced_file_at_the_next_read(home: Path) -> None:
    source = FileSnapshotSource(home)
    write_snapshot(home, rich_snapshot())
    first = source.read()
    assert source.read() is first  # unchanged: nothing is decoded again
    write_snapshot(home, replace(rich_snapshot(), positions=()))
    second = source.read()
    assert isinstance(second, Loaded)
    assert second.parts.positions == ()
    assert second.fingerprint != first.fingerprint


def test_no_file_is_not_an_error(home: Path) -> None:
    assert isinstance(FileSnapshotSource(home).read(), Missing)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'{"schema_version":1}', b'{"schema_version":1,"price":NaN}'],
)
def test_garbage_is_unreadable_and_left_alone(home: Path, body: bytes) -> None:
    path = home / "data" / "dashboard_data.json"
    put(path, body)
    reading = FileSnapshotSource(home).read()
    assert isinstance(reading, Unreadable)
    assert str(path) == reading.path
    assert path.read_bytes() == body


def test_another_schema_version_is_named(home: Path) -> None:
    put(home / "data" / "dashboard_data.json", b'{"schema_version": 7}')
    reading = FileSnapshotSource(home).read()
    assert isinstance(reading, Unreadable)
    assert "schema version 7" in reading.why


def test_one_bad_entry_is_named_and_the_others_are_shown() -> None:
    raw = json.loads(msgspec.json.encode(rich_snapshot()))
    raw["positions"][1]["max_loss_usd"] = "a lot"
    raw["health"] = None
    parts = decode_parts(json.dumps(raw).encode())
    assert [p.id for p in parts.positions] == ["a3f8", "e90b"]
    assert parts.failed["positions"][0].startswith("id 7c1e: ")
    assert parts.health is None
    assert "health" in parts.failed
    assert len(parts.markets) == 2


def test_fault_56_a_number_that_is_none_arrives_as_null_and_reads_as_unknown() -> None:
    snapshot = rich_snapshot()
    market = replace(snapshot.markets[0], price=float("nan"), vix=float("inf"))
    raw = msgspec.json.encode(replace(snapshot, markets=(market,)))
    assert b"NaN" not in raw
    (read,) = decode_parts(raw).markets
    assert read.price is None
    assert read.vix is None


def test_a_chart_that_is_no_json_is_no_chart(home: Path) -> None:
    snapshot = rich_snapshot()
    write_charts(home, snapshot)
    source = FileSnapshotSource(home)
    assert source.chart("NDX") is not None
    put(home / "data" / "charts" / "NDX.json", b'{"price":[[1,')
    assert source.chart("NDX") is None
    assert source.chart("RUT") is None
