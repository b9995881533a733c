"""History through the real Yahoo client, on a loopback server."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fakes.yahoo_client import yahoo_on_loopback
from fakes.yahoo_server import Reply, chart_body

from monitor.backtest.history import load_history
from monitor.backtest.history_download import stored_folder, top_up
from monitor.domain.trading_calendar import TradingCalendar
from monitor.providers.sessions import load_calendar

NOW = datetime(2026, 8, 22, 12, 0, tzinfo=UTC)  # a Saturday
OPEN = datetime(2026, 8, 21, 13, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=NOW.date())


def friday(symbol: str) -> Reply:
    """Three 5-minute bars of Friday; the client asks for its own interval by the query."""
    return Reply(
        body=chart_body(symbol, [100, 101, 102.5], start=OPEN, step=timedelta(minutes=5), volume=7)
    )


def test_bars_come_through_the_real_client_and_are_kept(
    tmp_path: Path, calendar: TradingCalendar
) -> None:
    with yahoo_on_loopback(friday, cache_dir=tmp_path / "cache", timeout_s=5) as (server, provider):
        done = top_up(
            tmp_path, ["NDX", "QQQ"], source=provider, calendar=calendar, now=NOW,
            intervals=("5m",),
        )  # fmt: skip
        assert server.charts == {"^NDX": 1, "QQQ": 1}
    assert done.added == {"NDX 5m": 3, "QQQ 5m": 3}
    (bars,) = load_history([stored_folder(tmp_path)], "QQQ", calendar=calendar).bars
    assert bars.close.tolist() == [100, 101, 102.5]
    assert bars.volume.tolist() == [7, 7, 7]
    assert datetime.fromtimestamp(int(bars.start[0]), UTC) == OPEN


def test_hourly_bars_begin_at_half_past_as_the_session_does(
    tmp_path: Path, calendar: TradingCalendar
) -> None:
    def hours(symbol: str) -> Reply:
        return Reply(body=chart_body(symbol, [100.0] * 7, start=OPEN, step=timedelta(hours=1)))

    with yahoo_on_loopback(hours, cache_dir=tmp_path / "cache", timeout_s=5) as (_, provider):
        top_up(tmp_path, ["NDX"], source=provider, calendar=calendar, now=NOW, intervals=("1h",))
    (bars,) = load_history([stored_folder(tmp_path)], "NDX", calendar=calendar).bars
    assert len(bars) == 7


def test_decades_of_days_are_asked_the_first_time(
    tmp_path: Path, calendar: TradingCalendar
) -> None:
    asked: list[str] = []

    def days(symbol: str) -> Reply:
        asked.append(symbol)
        start = datetime(2026, 8, 17, 13, 30, tzinfo=UTC)
        return Reply(body=chart_body(symbol, [20.0] * 5, start=start, step=timedelta(days=1)))

    with yahoo_on_loopback(days, cache_dir=tmp_path / "cache", timeout_s=5) as (_, provider):
        top_up(tmp_path, ["VIX"], source=provider, calendar=calendar, now=NOW, intervals=("1d",))
    daily = load_history([stored_folder(tmp_path)], "VIX", calendar=calendar).daily
    assert daily is not None
    assert [date.fromordinal(int(d)).day for d in daily.day] == [17, 18, 19, 20, 21]
    assert asked == ["^VIX"]


def test_fault_06_a_symbol_the_source_has_not_leaves_the_others_alone(
    tmp_path: Path, calendar: TradingCalendar
) -> None:
    def one_missing(symbol: str) -> Reply:
        from fakes.yahoo_server import NOT_FOUND

        return Reply(status=404, body=NOT_FOUND) if symbol == "ZZZ" else friday(symbol)

    with yahoo_on_loopback(one_missing, cache_dir=tmp_path / "c", timeout_s=5) as (_, provider):
        done = top_up(
            tmp_path, ["ZZZ", "QQQ"], source=provider, calendar=calendar, now=NOW,
            intervals=("5m",),
        )  # fmt: skip
    assert done.problems == ("ZZZ 5m: not fetched: yahoo has no symbol 'ZZZ'",)
    assert done.added == {"QQQ 5m": 3}
