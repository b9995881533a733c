"""Cboe's daily files: both forms, and what is said when one is not there."""

from __future__ import annotations

import math
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import requests
import responses

from monitor.errors import (
    NotOfferedError,
    PayloadError,
    RateLimitedError,
    UnknownSymbolError,
    UnreachableError,
)
from monitor.providers.cboe import CboeProvider, parse_daily
from monitor.providers.cboe_http import within

NOON = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)
URL = "https://cdn.cboe.com/api/global/us_indices/daily_prices/VIX_History.csv"
FULL = (
    "DATE,OPEN,HIGH,LOW,CLOSE\r\n"
    "03/06/2026,17.100000,18.200000,16.900000,17.500000\r\n"
    "03/09/2026,17.600000,19.000000,17.400000,18.250000\r\n"
)


def provider() -> CboeProvider:
    return CboeProvider(timeout_s=2)


def test_full_form_is_read_with_days_and_prices() -> None:
    rows = parse_daily(FULL, symbol="VIX")
    assert rows == [
        (date(2026, 3, 6).toordinal(), 17.1, 18.2, 16.9, 17.5),
        (date(2026, 3, 9).toordinal(), 17.6, 19.0, 17.4, 18.25),
    ]


def test_close_only_form_leaves_the_other_prices_unknown() -> None:
    rows = parse_daily("DATE,RVX\n03/09/2026,21.5\n", symbol="RVX")
    assert rows[0][4] == 21.5
    assert all(math.isnan(value) for value in rows[0][1:4])


def test_rows_without_a_possible_close_are_left_out() -> None:
    text = FULL + "03/10/2026,0,0,0,0\n,1,1,1,1\n03/11/2026,1,1,1,\n03/12/2026,18.1,18"
    assert [row[4] for row in parse_daily(text, symbol="VIX")] == [17.5, 18.25]


def test_rows_are_sorted_and_a_repeated_day_keeps_its_last_row() -> None:
    text = "DATE,CLOSE\n03/09/2026,2\n03/06/2026,1\n03/09/2026,3\n"
    assert [row[4] for row in parse_daily(text, symbol="VIX")] == [1.0, 3.0]


@pytest.mark.parametrize("text", ["", "<html></html>", "DATE,OPEN\n", "DATE,CLOSE\n", "null"])
def test_fault_04_anything_else_is_temporary(text: str) -> None:
    with pytest.raises(PayloadError) as caught:
        parse_daily(text, symbol="VIX")
    assert caught.value.retryable


@responses.activate
def test_daily_returns_the_last_sessions_of_the_file() -> None:
    responses.get(URL, body=FULL)
    daily = provider().daily("VIX", sessions=1, now=NOON)
    assert (len(daily), daily.close[0], daily.source) == (1, 18.25, "cboe")
    assert daily.day[0] == date(2026, 3, 9).toordinal()
    assert math.isnan(daily.volume[0])


def test_recorded_vix_history_reads_whole(shared_data: Path) -> None:
    recorded = (shared_data / "daily" / "VIX_cboe.csv").read_text()
    rows = parse_daily(recorded, symbol="VIX")  # kept with lower-case names and ISO dates
    assert len(rows) == len(recorded.splitlines()) - 1
    assert rows[0] == (date(1990, 1, 2).toordinal(), 17.24, 17.24, 17.24, 17.24)


@responses.activate
@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (429, RateLimitedError, True),
        (500, PayloadError, True),
        (502, PayloadError, True),
        (404, UnknownSymbolError, False),
        (403, UnknownSymbolError, False),
    ],
)
def test_status_is_told_apart(status: int, error: type[Exception], retryable: bool) -> None:
    responses.get(URL, status=status, body="<html>", headers={"Retry-After": "90"})
    with pytest.raises(error) as caught:
        provider().daily("VIX", sessions=5, now=NOON)
    assert caught.value.retryable is retryable  # type: ignore[attr-defined]
    if status == 429:
        assert caught.value.retry_after.total_seconds() == 90  # type: ignore[attr-defined]


@responses.activate
@pytest.mark.parametrize("failure", [requests.ConnectionError(), requests.ReadTimeout()])
def test_fault_03_no_answer_is_said_so(failure: Exception) -> None:
    responses.get(URL, body=failure)
    with pytest.raises(UnreachableError, match="cboe"):
        provider().daily("VIX", sessions=5, now=NOON)


def test_fault_03_waiting_ends_even_when_the_request_does_not() -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.01, lambda: release.wait(30))
    release.set()


def test_symbol_without_a_file_is_refused_without_asking() -> None:
    with pytest.raises(UnknownSymbolError, match=r"RVX, VIX, .* only, not of 'SPX'"):
        provider().daily("SPX", sessions=5, now=NOON)


def test_yesterdays_close_is_not_a_quote() -> None:
    batch = provider().quotes(["VIX", "NDX"], now=NOON)
    assert batch.quotes == {}
    assert set(batch.errors) == {"VIX", "NDX"}
    assert "daily closes only" in batch.errors["VIX"].message
    with pytest.raises(NotOfferedError):
        provider().bars("VIX", sessions=1, now=NOON)
