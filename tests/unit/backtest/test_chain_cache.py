"""Cached days: the same numbers, renewed with their file, safe to share and to damage."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from fakes.chain_files import DAY, exchange, parity_rows, row, text, write_day

from monitor.backtest.chain_cache import read_day
from monitor.backtest.chain_source import ChainLoad, load_chains
from monitor.errors import DataError

NEXT = date(2026, 2, 18)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "options_csv_output_full" / "NDX"
    write_day(folder, [*parity_rows("14:30", 24_010), row("14:30", "put", 24_000, 2, 1)])
    write_day(folder, parity_rows("15:00", 24_100, day=NEXT, expiration=NEXT), day=NEXT)
    return folder


def load(folder: Path, cache: Path | None, **more: object) -> ChainLoad:
    return load_chains(
        folder,
        ticker="NDX",
        calendar=exchange(),
        cache_dir=cache,
        max_dte=10,
        **more,  # type: ignore[arg-type]
    )


def cached(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.chain"))


def same(a: ChainLoad, b: ChainLoad) -> bool:
    return a.book.reports == b.book.reports and all(
        np.array_equal(x, y, equal_nan=np.asarray(x).dtype.kind == "f")
        for one, other in zip(a.book.days, b.book.days, strict=True)
        for x, y in zip(one, other, strict=True)
    )


def test_a_second_load_reads_the_cache_and_says_the_same(folder: Path, tmp_path: Path) -> None:
    first, second = (load(folder, tmp_path / "cache") for _ in range(2))
    assert (first.converted, second.converted) == (2, 0)
    assert same(first, second)
    assert same(first, load(folder, None))
    assert first.fingerprint == second.fingerprint
    assert second.problems() == first.problems()
    assert len(second.problems()) == 1  # the crossed row, remembered


def test_only_a_changed_day_is_converted_again(folder: Path, tmp_path: Path) -> None:
    before = load(folder, tmp_path)
    write_day(folder, parity_rows("14:30", 24_999))
    after = load(folder, tmp_path)
    assert after.converted == 1
    assert after.book.spot[0][0] == pytest.approx(24_999)
    assert after.fingerprint != before.fingerprint


def test_same_size_and_time_but_another_name_is_another_file(folder: Path, tmp_path: Path) -> None:
    load(folder, tmp_path)
    path = folder / f"NDX_options_{DAY}.csv"
    path.rename(folder / f"NDX_options_{DAY}.csv.gz")
    report = load(folder, tmp_path).book.reports[0]
    assert "gzip" in (report.fault or "")


def test_a_touched_file_of_the_same_content_is_not_converted(folder: Path, tmp_path: Path) -> None:
    load(folder, tmp_path)
    path = folder / f"NDX_options_{DAY}.csv"
    os.utime(path, (time.time() + 60, time.time() + 60))
    assert load(folder, tmp_path).converted == 0
    kept = read_day(cached(tmp_path)[0], ticker="NDX", day=DAY, session=(29522310, 29522700))
    assert kept is not None
    assert kept.source.mtime_ns == path.stat().st_mtime_ns


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "foreign", "header"])
def test_fault_29_a_damaged_cache_is_made_anew(folder: Path, tmp_path: Path, damage: str) -> None:
    first = load(folder, tmp_path)
    path = cached(tmp_path)[0]
    data = bytearray(path.read_bytes())
    if damage == "truncate":
        data = data[:-100]
    elif damage == "flip":
        data[-300] ^= 1
    elif damage == "empty":
        data = bytearray()
    elif damage == "foreign":
        data = bytearray(b"PAR1" * 100)
    else:
        data[20:24] = b"\x00\x01\x02\x03"
    path.write_bytes(bytes(data))
    again = load(folder, tmp_path)
    assert again.converted == 1
    assert same(first, again)
    assert load(folder, tmp_path).converted == 0


def test_a_file_with_a_fault_is_remembered_too(folder: Path, tmp_path: Path) -> None:
    bad = folder / "NDX_options_2026-02-19.csv"
    bad.write_bytes(b"timestamp,bid\n")
    problems = [load(folder, tmp_path).problems() for _ in range(2)]
    assert problems[0] == problems[1]
    assert any("NDX_options_2026-02-19.csv: not used: row 1: column" in p for p in problems[0])


def test_sessions_without_a_file_are_named(folder: Path, tmp_path: Path) -> None:
    later = date(2026, 2, 20)
    write_day(folder, parity_rows("15:00", 24_100, day=later, expiration=later), day=later)
    loaded = load(folder, tmp_path)
    assert loaded.missing == (date(2026, 2, 19),)
    assert "1 sessions without chains: 2026-02-19" in loaded.problems()


def test_no_usable_file_is_an_error_that_shows_the_first_reason(tmp_path: Path) -> None:
    write_day(tmp_path, [])
    with pytest.raises(DataError, match=r"none of 1 day files can be used.*no rows"):
        load(tmp_path, None)
    with pytest.raises(DataError, match="no day file of NDX from 2026-03-01"):
        load(tmp_path, None, first=date(2026, 3, 1))


def test_a_cache_that_cannot_be_written_costs_only_time(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert load(folder, tmp_path / "cache").converted == 2


def test_two_folders_of_one_ticker_do_not_share_a_cache(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "NDX"
    write_day(other, parity_rows("14:30", 25_000))
    cache = tmp_path / "cache"
    load(folder, cache)
    assert load(other, cache).book.spot[0][0] == pytest.approx(25_000)
    assert load(folder, cache).book.spot[0][0] == pytest.approx(24_010)


def test_progress_reaches_the_number_of_files(folder: Path) -> None:
    told: list[tuple[int, int, str]] = []
    load(folder, None, workers=1, progress=lambda *step: told.append(step))
    assert [step[:2] for step in told] == [(1, 2), (2, 2)]


LOADER = """
import sys
from datetime import date
from pathlib import Path
from monitor.backtest.chain_source import load_chains
from monitor.providers.sessions import load_calendar
calendar = load_calendar(None, today=date(2026, 2, 20))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    loaded = load_chains(Path(sys.argv[1]), ticker="NDX", calendar=calendar,
                         cache_dir=Path(sys.argv[2]), max_dte=10)
    for path in Path(sys.argv[2]).rglob("*.chain"):
        if _ % 2:
            path.unlink(missing_ok=True)
    print(float(loaded.book.spot[0][0]), float(loaded.book.spot[1][0]))
"""


def test_two_processes_that_convert_and_delete_at_once_always_read_whole_days(
    folder: Path, tmp_path: Path
) -> None:
    load(folder, None)  # the kernels are compiled before
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", LOADER, str(folder), str(tmp_path / "cache")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for run in runs:
        assert run.stdout is not None
        run.stdout.readline()
    outputs = [run.communicate("go\n", timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    lines = [line.split() for output in outputs for line in output.splitlines()]
    assert len(lines) == 40
    assert {(round(float(a)), round(float(b))) for a, b in lines} == {(24_010, 24_100)}
    assert not list((tmp_path / "cache").rglob(".*"))


def test_text_of_the_cases_is_what_the_recorder_writes() -> None:
    """The shared generator's header, letter for letter."""
    assert text([]).decode().strip() == (
        "timestamp,ticker,type,strike,expiration,bid,ask,day_close,vwap,fmv,delta,gamma,theta,"
        "vega,implied_volatility,volume"
    )
