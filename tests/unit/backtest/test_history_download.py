"""Topping history up: what is asked, what is kept, and what never happens to it."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.chain_files import exchange

from monitor.backtest.history import load_history
from monitor.backtest.history_download import Download, stored_folder, top_up
from monitor.domain.quotes import Bars, DailyBars
from monitor.errors import DataError, UnreachableError

NOW = datetime(2026, 2, 18, 15, 2, tzinfo=UTC)  # Wednesday, 10:02 in New York


class Market:
    """A source that answers every span with one made-up price a bar."""

    name = "yahoo"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.price = 100.0
        self.down: set[str] = set()

    def chart(self, symbol: str, *, interval: str, period: str, now: datetime) -> Bars:
        self._ask(symbol, interval, period)
        step = 300 if interval == "5m" else 3600
        days = {"5d": 7, "1mo": 30, "3mo": 91, "60d": 60, "730d": 730}[period]
        sessions = exchange().between((now - timedelta(days=days)).date(), now.date())
        start = np.array(
            [t for s in sessions
             for t in range(int(s.open.timestamp()), int(s.close.timestamp()), step)
             if t <= now.timestamp()], np.int64,
        )  # fmt: skip
        values: Any = {k: np.full(len(start), self.price) for k in ("open", "high", "low", "close")}
        return Bars(
            symbol=symbol, interval=timedelta(seconds=step), start=start,
            volume=np.full(len(start), np.nan), source="yahoo", **values,
        )  # fmt: skip

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        self._ask(symbol, "1d", str(sessions))
        days = np.array(exchange().ordinals_between(date(2000, 1, 1), now.date())[-sessions:])
        values: Any = {k: np.full(len(days), self.price) for k in ("open", "high", "low", "close")}
        return DailyBars(
            symbol=symbol, day=days, volume=np.full(len(days), np.nan), source="yahoo", **values
        )

    def _ask(self, *what: str) -> None:
        self.asked.append(what)  # type: ignore[arg-type]
        if what[0] in self.down:
            raise UnreachableError("yahoo cannot be reached", source="yahoo", retryable=True)


def fetch(folder: Path, market: Market, *, now: datetime = NOW, symbol: str = "NDX") -> Download:
    return top_up(folder, [symbol], source=market, calendar=exchange(), now=now)


def stored(folder: Path, symbol: str = "NDX"):  # type: ignore[no-untyped-def]
    return load_history([stored_folder(folder)], symbol, calendar=exchange())


def test_the_first_time_everything_the_source_has_is_asked(tmp_path: Path) -> None:
    market = Market()
    done = fetch(tmp_path, market)
    assert market.asked == [("NDX", "5m", "60d"), ("NDX", "1h", "730d"), ("NDX", "1d", "100000")]
    history = stored(tmp_path)
    assert [bars.interval for bars in history.bars] == [timedelta(minutes=5), timedelta(hours=1)]
    assert date.fromordinal(int(history.daily.day[0])) == date(2000, 1, 3)
    assert done.added["NDX 5m"] == len(history.bars[0])


def test_unfinished_bars_and_the_unfinished_day_are_not_kept(tmp_path: Path) -> None:
    """At 15:02 UTC the bar of 15:00 runs, and so does Wednesday."""
    fetch(tmp_path, Market())
    history = stored(tmp_path)
    last = datetime.fromtimestamp(int(history.bars[0].start[-1]), UTC)
    assert last == datetime(2026, 2, 18, 14, 55, tzinfo=UTC)
    assert date.fromordinal(int(history.daily.day[-1])) == date(2026, 2, 17)


def test_later_only_the_gap_is_asked(tmp_path: Path) -> None:
    market = Market()
    fetch(tmp_path, market)
    market.asked.clear()
    market.price = 101.0
    fetch(tmp_path, market, now=NOW + timedelta(days=2))
    assert market.asked == [("NDX", "5m", "5d"), ("NDX", "1h", "5d"), ("NDX", "1d", "8")]
    market.asked.clear()
    fetch(tmp_path, market, now=NOW + timedelta(days=20))
    assert [a[2] for a in market.asked] == [
        "1mo",
        "1mo",
        "18",
    ]  # 19 Feb to 9 Mar are 13 sessions, and 5 again
    five = stored(tmp_path).bars[0]
    assert len(np.unique(five.start)) == len(five)
    assert five.close[0] == 100.0  # older than what was asked again
    assert five.close[-1] == 101.0


def test_what_is_whole_is_not_asked_again(tmp_path: Path) -> None:
    """On the Saturday after, everything up to Friday's close is stored."""
    market = Market()
    saturday = datetime(2026, 2, 21, 12, tzinfo=UTC)
    fetch(tmp_path, market, now=saturday)
    market.asked.clear()
    done = fetch(tmp_path, market, now=saturday + timedelta(hours=1))
    assert market.asked == []
    assert done.current == ("NDX 5m", "NDX 1h", "NDX 1d")


def test_history_grows_beyond_what_the_source_keeps(tmp_path: Path) -> None:
    market = Market()
    fetch(tmp_path, market)
    first = stored(tmp_path).bars[0].start[0]
    for weeks in (4, 8, 12, 16):
        fetch(tmp_path, market, now=NOW + timedelta(weeks=weeks))
    five = stored(tmp_path)
    assert five.bars[0].start[0] == first
    assert not any("without bars" in p for p in five.problems)


def test_fault_12_a_symbol_that_fails_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    market = Market()
    market.down = {"VXN"}
    done = top_up(tmp_path, ["VXN", "NDX"], source=market, calendar=exchange(), now=NOW)
    assert done.problems[0] == "VXN 5m: not fetched: yahoo cannot be reached"
    assert set(done.added) == {"NDX 5m", "NDX 1h", "NDX 1d"}


def test_trap_29_without_a_network_and_without_files_it_is_an_error(tmp_path: Path) -> None:
    market = Market()
    market.down = {"NDX"}
    with pytest.raises(DataError, match="no history could be fetched: NDX 5m"):
        fetch(tmp_path, market)


def test_without_a_network_what_is_stored_stays_usable(tmp_path: Path) -> None:
    market = Market()
    fetch(tmp_path, market)
    before = stored(tmp_path).fingerprint
    market.down = {"NDX"}
    done = fetch(tmp_path, market, now=NOW + timedelta(days=7))
    assert len(done.problems) == 3
    assert stored(tmp_path).fingerprint == before


def test_fault_29_a_damaged_file_is_set_aside_not_overwritten(tmp_path: Path) -> None:
    fetch(tmp_path, Market())
    path = stored_folder(tmp_path) / "NDX_5m.parquet"
    path.write_bytes(b"PAR1 half a file")
    fetch(tmp_path, Market())
    aside = path.with_name("NDX_5m.parquet.damaged-1")
    assert aside.read_bytes() == b"PAR1 half a file"
    assert len(stored(tmp_path).bars[0]) > 1000


def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    markets = [Market(), Market()]
    threads = [
        threading.Thread(target=fetch, args=(tmp_path, m), kwargs={"symbol": "NDX"})
        for m in markets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = tmp_path / "alone"
    fetch(alone, Market())
    np.testing.assert_array_equal(stored(tmp_path).bars[0].start, stored(alone).bars[0].start)


def test_fault_25_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "backtest").write_text("a file in the way")
    with pytest.raises(DataError, match="history cannot be kept in"):
        fetch(tmp_path, Market())


def test_progress_names_each_chart_and_ends(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    top_up(
        tmp_path, ["NDX"], source=Market(), calendar=exchange(), now=NOW,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert told == [(0, 3, "NDX 5m"), (1, 3, "NDX 1h"), (2, 3, "NDX 1d"), (3, 3, "")]
