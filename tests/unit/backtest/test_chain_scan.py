"""The quick reader of recorded chains against plain Python: csv, datetime, decimal."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.backtest import chain_text
from monitor.backtest.chain_reasons import Skip
from monitor.backtest.chain_rows import Line, Refused, add_lines, odd_texts, read_line
from monitor.backtest.chain_scan import COLUMNS, Odd, Rows, find_separators, scan
from monitor.backtest.chain_text import AM, CALL, OTHER, OWN, PUT

unhurried = settings(deadline=None)  # the first example compiles kernels

HEADER = (
    "timestamp", "ticker", "type", "strike", "expiration", "bid", "ask", "day_close", "vwap",
    "fmv", "delta", "gamma", "theta", "vega", "implied_volatility", "volume",
)  # fmt: skip
PLACES = np.array([HEADER.index(name) for name in COLUMNS], np.int64)
ROW = (
    "2025-12-03T14:30:00+00:00,O:NDXP251203P20170000,put,20170,2025-12-03,0.95,1.1,"
    "1.02,1.02,,,,,,,3"
)


def as_bytes(text: str) -> Any:
    return np.frombuffer(text.encode(), np.uint8)


def scanned(text: str) -> tuple[Rows, Odd]:
    return scan(as_bytes(text), places=PLACES, columns=len(HEADER), own=b"NDXP", am=b"NDX")


def changed(**fields: str) -> str:
    values = dict(zip(HEADER, ROW.split(","), strict=True))
    return ",".join((values | fields).values())


def test_a_row_is_read_to_the_last_digit() -> None:
    rows, odd = scanned(ROW + "\n")
    at = datetime.fromtimestamp(int(rows.stamps[rows.stamp[0]]), UTC)
    assert at == datetime(2025, 12, 3, 14, 30, tzinfo=UTC)
    assert date.fromordinal(int(rows.expirations[rows.expiration[0]])) == date(2025, 12, 3)
    assert (rows.strike[0], rows.right[0], rows.series[0]) == (20_170_000, PUT, OWN)
    assert (rows.bid[0], rows.ask[0], rows.line[0]) == (0.95, 1.1, 2)
    assert len(odd.line) == 0


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "newline"])
def test_ends_of_lines_and_of_the_file_do_not_matter(newline: str, last: str) -> None:
    text = newline.join([ROW, changed(strike="20180"), "", changed(strike="20190")])
    rows, odd = scanned(text + (newline if last else ""))
    good = [read_line(t, places=PLACES, columns=16, own="NDXP", am="NDX")
            for _, t in odd_texts(as_bytes(text), odd) if t]  # fmt: skip
    strikes = rows.strike.tolist() + [line.strike for line in good if isinstance(line, Line)]
    assert sorted(strikes) == [20_170_000, 20_180_000, 20_190_000]


def test_lines_keep_their_numbers_over_empty_ones() -> None:
    rows, odd = scanned(f"{ROW}\n\n{ROW}\nshort,row\n{ROW}\n")
    assert rows.line.tolist() == [2, 4, 6]
    assert odd_texts(as_bytes(f"{ROW}\n\n{ROW}\nshort,row\n{ROW}\n"), odd) == [(5, "short,row")]


@pytest.mark.parametrize(
    "fields",
    [
        {"bid": "1e1"},
        {"bid": '"0.95"'},
        {"ask": "+1.1"},
        {"ask": " 1.1"},
        {"strike": "20170.0001"},
        {"strike": "-5"},
        {"strike": "nan"},
        {"type": "Put"},
        {"type": "puts"},
        {"expiration": "2025-02-29"},
        {"expiration": "20251203"},
        {"timestamp": "2025-12-03T14:30:00-05:00"},
        {"timestamp": "2025-12-03 14:30"},
        {"timestamp": "2025-12-03T24:00:00Z"},
        {"ticker": ""},
        {"ticker": "O:251203P20170000"},
        {"volume": "3,4"},
    ],
)
def test_what_is_not_known_for_certain_is_left_to_the_exact_reader(fields: dict[str, str]) -> None:
    rows, odd = scanned(f"{ROW}\n{changed(**fields)}\n{ROW}\n")
    assert odd.line.tolist() == [3]
    assert len(rows.line) == 2


@pytest.mark.parametrize(
    ("ticker", "series"),
    [
        ("O:NDXP251203P20170000", OWN),
        ("NDXP251203P20170000", OWN),
        ("O:NDX251219P20170000", AM),
        ("O:QQQ251203P00500000", OTHER),
        ("O:NDXPX251203P20170000", OTHER),
    ],
)
def test_trap_18_the_ticker_says_whose_series_a_row_is(ticker: str, series: int) -> None:
    rows, _ = scanned(changed(ticker=ticker) + "\n")
    assert rows.series[0] == series
    line = read_line(changed(ticker=ticker), places=PLACES, columns=16, own="NDXP", am="NDX")
    assert isinstance(line, Line)
    assert line.series == series


def test_too_many_distinct_stamps_are_refused() -> None:
    begin = datetime(2025, 12, 3, 9, tzinfo=UTC)
    lines = [changed(timestamp=(begin + timedelta(seconds=i)).isoformat()) for i in range(5001)]
    with pytest.raises(OverflowError, match="5000 distinct stamps"):
        scanned("\n".join(lines))


@unhurried
@given(st.dates(min_value=date(1, 1, 1)))
@example(date(2000, 2, 29))
@example(date(9999, 12, 31))
def test_dates_are_those_of_the_calendar(day: date) -> None:
    text = as_bytes(day.isoformat())
    assert chain_text.read_date(text, np.uint64(0), np.uint64(10)) == day.toordinal()


@unhurried
@given(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 99))
def test_no_day_that_does_not_exist_is_read(year: int, month: int, day: int) -> None:
    written = f"{year:04}-{month:02}-{day:02}"
    try:
        wanted = date.fromisoformat(written).toordinal()
    except ValueError:
        wanted = -1
    assert chain_text.read_date(as_bytes(written), np.uint64(0), np.uint64(10)) == wanted


@unhurried
@given(st.integers(0, 7_200_000_000))
def test_instants_are_utc_seconds(seconds: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    for text in (at.isoformat(), at.isoformat(" ")[:19], at.isoformat()[:19] + "Z"):
        read = chain_text.read_instant(as_bytes(text), np.uint64(0), np.uint64(len(text)))
        assert read == seconds


@unhurried
@given(st.decimals(min_value="-99999", max_value="999999", places=4))
def test_decimals_are_the_nearest_float(number: Decimal) -> None:
    text = format(number, "f")
    value, fine = chain_text.read_decimal(as_bytes(text), np.uint64(0), np.uint64(len(text)))
    assert fine
    assert value == float(number)


@unhurried
@given(st.binary(max_size=300).filter(lambda b: b"\r" not in b))
def test_separators_are_all_commas_and_newlines(data: bytes) -> None:
    text = np.frombuffer(data, np.uint8)
    separators, last = np.empty(len(data) + 1, np.int32), np.empty(len(data) + 1, np.int32)
    count, lines = find_separators(text, separators, last)
    wanted = [i for i, byte in enumerate(data) if byte in b",\n"]
    wanted += [len(data)] if data and data[-1:] != b"\n" else []
    assert separators[:count].tolist() == wanted
    ends = [i for i, at in enumerate(wanted) if at == len(data) or data[at : at + 1] == b"\n"]
    assert last[:lines].tolist() == ends


_ODD = ["", "x", "1e2", "nan", '"1"', "-1", "0", "1.", ".5", "1.2.3", "٣", " 2", "2026-01-01"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "timestamp": st.sampled_from(
                    ["2026-01-05T15:00:00+00:00", "2026-01-05 15:15:00", "2026-01-05T10:00-05:00"]
                ),
                "ticker": st.sampled_from(["O:NDXP1", "NDX1", "SPXW2", "", "O:"]),
                "type": st.sampled_from(["put", "call", "CALL", "c", "x"]),
                "strike": st.one_of(
                    st.decimals(min_value="0.001", max_value="99999", places=3).map(str),
                    st.sampled_from(_ODD),
                ),
                "expiration": st.sampled_from(["2026-01-05", "2026-01-06", "2026-02-30", "soon"]),
                "bid": st.one_of(
                    st.decimals(min_value="0", max_value="999", places=2).map(str),
                    st.sampled_from(_ODD),
                ),
                "ask": st.one_of(
                    st.decimals(min_value="0", max_value="999", places=2).map(str),
                    st.sampled_from(_ODD),
                ),
            }
        ),
        max_size=6,
    )
)
def test_quick_and_exact_reader_together_read_what_the_exact_one_alone_reads(
    fields: list[dict[str, str]],
) -> None:
    lines = [changed(**one) for one in fields]
    text = "\n".join(lines)
    rows, odd = scanned(text)
    left = [
        (number, read)
        for number, line in odd_texts(as_bytes(text), odd)
        if isinstance(read := exact(line), Line)
    ]
    together = add_lines(rows, left)
    alone = [(i, read) for i, line in enumerate(lines, 2) if isinstance(read := exact(line), Line)]
    assert together.line.tolist() == [number for number, _ in alone]
    for i, (_, line) in enumerate(alone):
        assert together.stamps[together.stamp[i]] == line.stamp
        assert together.expirations[together.expiration[i]] == line.expiration
        assert together.strike[i] == line.strike
        assert (together.right[i], together.series[i]) == (line.right, line.series)
        for price, read_price in ((together.bid[i], line.bid), (together.ask[i], line.ask)):
            assert np.isnan(price) if read_price is None else price == read_price


def exact(line: str) -> Line | Refused:
    return read_line(line, places=PLACES, columns=len(HEADER), own="NDXP", am="NDX")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"bid": "abc"}, "bid 'abc'"),
        ({"strike": "0"}, "strike '0'"),
        ({"expiration": "2026-02-30"}, "expiration '2026-02-30'"),
        ({"timestamp": "noon"}, "timestamp 'noon'"),
        ({"type": "straddle"}, "type 'straddle'"),
        ({"ticker": "123"}, "ticker '123'"),
        ({"ask": "inf"}, "ask 'inf'"),
    ],
)
def test_a_row_that_cannot_be_read_names_its_column(fields: dict[str, str], why: str) -> None:
    assert exact(changed(**fields)) == Refused(Skip.UNREADABLE, why)


def test_fault_43_a_short_and_a_long_row_say_how_long() -> None:
    assert exact(ROW.rsplit(",", 1)[0]) == Refused(Skip.SHORT, "15 of 16 columns")
    assert exact(ROW + ",1") == Refused(Skip.SHORT, "17 of 16 columns")


def test_the_exact_reader_reads_what_spreadsheets_and_other_tools_write() -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(
        changed(timestamp="2025-12-03T09:30:00-05:00", strike="2.017E4", type="P").split(",")
    )
    line = exact(written.getvalue().strip())
    assert isinstance(line, Line)
    plain = exact(ROW)
    assert line == plain


def test_call_is_read() -> None:
    rows, _ = scanned(changed(type="call") + "\n")
    assert rows.right[0] == CALL
