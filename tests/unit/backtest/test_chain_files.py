"""Day files of recorded chains: what they give, and that every fault is named and counted."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from fakes.chain_files import DAY, HEADER, exchange, parity_rows, row, text, write_day

from monitor.backtest.chain_day import DayChain, FileReport
from monitor.backtest.chain_files import read_day_file
from monitor.backtest.chain_folders import find_folders
from monitor.backtest.chain_reasons import Skip
from monitor.errors import DataError

MISSING = -1


def read(
    content: bytes, *, day: date = DAY, ticker: str = "NDX", name: str = "x.csv"
) -> tuple[DayChain | None, FileReport]:
    return read_day_file(content, name=name, day=day, ticker=ticker, calendar=exchange())


def usable(content: bytes, **more: object) -> tuple[DayChain, FileReport]:
    chain, report = read(content, **more)  # type: ignore[arg-type]
    assert report.fault is None
    assert chain is not None
    return chain, report


def test_quotes_stand_where_side_strike_and_stamp_say() -> None:
    chain, report = usable(
        text(
            [
                row("14:45", "call", 24_020, 1.25, 1.35),
                row("14:30", "put", 24_000, 0.05, 0.1),
                row("14:30", "put", 23_990.5, 7171.34, 7171.35),
                row("14:30", "call", 24_000, 0, 0.05),
            ]
        )
    )
    assert chain.strikes.tolist() == [23_990_500, 24_000_000, 24_020_000]
    assert np.diff(chain.stamps).tolist() == [900]
    wanted = np.full((4, 3, 2), MISSING)
    wanted[0:2, 0, 0] = 71_713_400, 71_713_500  # exact: no price is rounded to binary
    wanted[0:2, 1, 0] = 500, 1000
    wanted[2:4, 1, 0] = 0, 500
    wanted[2:4, 2, 1] = 12_500, 13_500
    assert chain.quotes.tolist() == wanted.tolist()
    assert (report.rows, report.kept, report.locked) == (4, 4, 0)


def test_trap_20_expirations_of_a_day_are_chains_of_their_own() -> None:
    """The same strike of two expirations: never one table, never each other's prices."""
    later = date(2026, 2, 18)
    chain, _ = usable(
        text(
            [
                row("14:30", "put", 24_000, 10, 10.2),
                row("14:30", "put", 24_000, 110, 110.5, expiration=later),
                row("14:30", "put", 23_950, 8, 8.2),
            ]
        )
    )
    assert chain.expirations.tolist() == [DAY.toordinal(), later.toordinal()]
    assert chain.strike_start.tolist() == [0, 2, 3]
    assert chain.strikes.tolist() == [23_950_000, 24_000_000, 24_000_000]
    assert chain.quotes[0, :, 0].tolist() == [80_000, 100_000, 1_100_000]


def test_the_forward_of_each_chain_comes_from_its_own_parity() -> None:
    later = date(2026, 2, 18)
    chain, _ = usable(
        text(parity_rows("14:30", 24_010) + parity_rows("14:45", 24_033.5, expiration=later))
    )
    assert chain.forwards[0, 0] == pytest.approx(24_010)
    assert chain.forwards[1, 1] == pytest.approx(24_033.5)
    assert np.isnan(chain.forwards[0, 1])
    assert chain.forward_strikes.tolist() == [[5, 0], [0, 5]]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row("14:30", "put", 24_000, 1, 1.1)[:-2], Skip.SHORT),
        (row("14:30", "put", 24_000, "?", 1.1), Skip.UNREADABLE),
        (row("14:30", "put", 24_000, 1, 1.1, root="SPXW"), Skip.FOREIGN),
        (row("14:30", "put", 24_000, 1, 1.1, root="NDX"), Skip.AM_SETTLED),
        (row("14:30", "put", 24_000, 1, 1.1, day=date(2026, 2, 18)), Skip.WRONG_DAY),
        (row("14:29", "put", 24_000, 1, 1.1), Skip.OUTSIDE_HOURS),
        (row("21:00", "put", 24_000, 1, 1.1), Skip.OUTSIDE_HOURS),
        (row("14:30", "put", 24_000, 1, 1.1, expiration=date(2026, 2, 13)), Skip.EXPIRED),
        (row("14:30", "put", 24_000, 1, 1.1, expiration=date(2026, 2, 21)), Skip.NO_SESSION),
        (row("14:30", "put", 24_000, "", 1.1), Skip.ONE_SIDED),
        (row("14:30", "put", 24_000, 0, 0), Skip.NO_PRICE),
        (row("14:30", "put", 24_000, -1, 1), Skip.NO_PRICE),
        (row("14:30", "put", 24_000, 1, 3_000_000), Skip.NO_PRICE),
        (row("14:30", "put", 24_000, 1.2, 1.1), Skip.CROSSED),
        (row("14:30", "put", 23_000, 2, 2.2), Skip.REPEATED),
    ],
)
def test_trap_28_a_bad_row_is_skipped_counted_and_named(bad: str, reason: Skip) -> None:
    good = row("14:30", "put", 23_000, 1, 1.1)
    chain, report = usable(text([good, bad, row("14:45", "put", 23_000, 3, 3.1)]))
    assert report.skipped == {reason: 1}
    assert report.first[reason].startswith("row 3")
    assert (report.rows, report.kept) == (3, 2)
    first = 20_000 if reason is Skip.REPEATED else 10_000  # of two tellings the later one
    assert chain.quotes[0].tolist() == [[first, 30_000]]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "empty: no header"),
        (HEADER.replace(",bid", "").encode(), "column 'bid' missing"),
        (HEADER.replace("timestamp", "time").encode(), "column 'timestamp' missing"),
        (HEADER.replace(",", ";").encode(), "separated by ';'"),
        (HEADER.replace("volume", "bid").encode(), "'bid' stands there twice"),
        ((HEADER + "\n").encode(), "no rows"),
        ((HEADER + "\na,b\nc\n").encode(), "none of its 2 rows can be read"),
        (text([row("12:00", "put", 24_000, 1, 1.1)]), "none of its 1 rows can be used"),
        (b"\xff\xfet\x00i\x00", "no header in UTF-8"),
    ],
)
def test_fault_43_a_file_that_cannot_be_used_says_why(content: bytes, fault: str) -> None:
    chain, report = read(content)
    assert chain is None
    assert fault in (report.fault or "")


def test_fault_44_byte_order_mark_crlf_and_foreign_order_of_columns_are_fine() -> None:
    plain, _ = usable(text([row("14:30", "put", 24_000, 1, 1.1)]))
    marked = b"\xef\xbb\xbf" + text([row("14:30", "put", 24_000, 1, 1.1)]).replace(b"\n", b"\r\n")
    moved = (
        b"ask,bid,expiration,strike,type,ticker,timestamp\n"
        b"1.1,1,2026-02-17,24000,put,O:NDXP260217P24000000,2026-02-17T14:30:00Z\n"
    )
    for content in (marked, moved):
        chain, report = usable(content)
        assert report.skipped == {}
        assert chain.quotes.tolist() == plain.quotes.tolist()


def test_a_gzipped_day_is_read_and_a_broken_one_named() -> None:
    content = gzip.compress(text([row("14:30", "put", 24_000, 1, 1.1)]))
    usable(content, name="x.csv.gz")
    _, report = read(content[:-9], name="x.csv.gz")
    assert "not readable as gzip" in (report.fault or "")


def test_trap_14_a_half_day_ends_at_its_close() -> None:
    half = date(2025, 11, 28)  # closes 13:00 in New York, 18:00 UTC
    rows = [row(at, "put", 24_000, 1, 1.1, day=half, expiration=half) for at in ("17:45", "18:00")]
    chain, report = usable(text(rows), day=half)
    assert len(chain.stamps) == 1
    assert report.skipped == {Skip.OUTSIDE_HOURS: 1}


def test_a_day_without_a_session_is_not_used() -> None:
    _, report = read(text([row("14:30", "put", 24_000, 1, 1.1)]), day=date(2026, 2, 16))
    assert report.fault == "2026-02-16 (Monday) is no trading session"


@pytest.mark.parametrize("day", [date(2026, 3, 6), date(2026, 3, 9)])
def test_fault_16_the_open_is_0930_in_new_york_on_both_sides_of_the_change(day: date) -> None:
    opening = datetime(day.year, day.month, day.day, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    at = opening.astimezone(ZoneInfo("UTC"))
    rows = [row(f"{at:%H:%M}", "put", 24_000, 1, 1.1, day=day, expiration=day)]
    chain, _ = usable(text(rows), day=day)
    assert chain.stamps.tolist() == [int(opening.timestamp())]


def test_strikes_without_a_common_step_are_refused_not_laid_out() -> None:
    rows = [row("14:30", "put", k, 1, 1.1) for k in (1, 1.001, 90_000)]
    _, report = read(text(rows))
    assert "no common step" in (report.fault or "")


def test_locked_quotes_are_counted() -> None:
    rows = [row("14:30", "put", 24_000, 1, 1), row("14:30", "put", 24_010, 1, 1.1)]
    assert usable(text(rows))[1].locked == 1


def test_an_etf_has_one_series() -> None:
    rows = [row("14:30", "put", 500.5, 1, 1.1, root="QQQ")]
    chain, report = usable(text(rows), ticker="QQQ")
    assert chain.strikes.tolist() == [500_500]
    assert report.kept == 1


def test_folders_are_found_from_where_the_person_points(tmp_path: Path) -> None:
    full, zero = (tmp_path / name / "NDX" for name in
                  ("options_csv_output_full", "options_csv_output"))  # fmt: skip
    for folder in (full, zero):
        write_day(folder, [])
    both = find_folders(tmp_path, "NDX")
    assert (both.full, both.zero_dte) == (full, zero)
    for pointed in (full, full.parent):
        assert find_folders(pointed, "ndx").full == full
    assert find_folders(zero, "NDX").zero_dte == zero
    with pytest.raises(DataError, match="no recorded chains of SPX"):
        find_folders(tmp_path, "SPX")


def test_day_files_lying_in_the_folder_itself_are_taken_as_all_expirations(tmp_path: Path) -> None:
    write_day(tmp_path, [])
    assert find_folders(tmp_path, "NDX").full == tmp_path
