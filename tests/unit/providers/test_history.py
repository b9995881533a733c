"""History: what a watched day leaves behind can be replayed with the same prices."""

from __future__ import annotations

import math
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.errors import DataError
from monitor.providers.history import HistoryStore
from monitor.providers.replay import ReplayProvider


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OPEN = utc("2026-02-09T14:30")
MINUTE = timedelta(minutes=1)


def quote(
    price: float, asof: datetime, *, symbol: str = "QQQ", volume: float | None = None,
    simulated: bool = False,
) -> Quote:  # fmt: skip
    return Quote(
        symbol=symbol,
        price=price,
        asof=asof,
        fetched_at=asof,
        source="test",
        day_volume=volume,
        simulated=simulated,
    )


def bars(closes: list[float], *, start: datetime = OPEN, source: str = "test") -> Bars:
    values = np.array(closes, dtype=np.float64)
    return Bars(
        symbol="QQQ",
        interval=timedelta(minutes=5),
        start=np.array([int(start.timestamp()) + 300 * n for n in range(len(closes))]),
        open=values,
        high=values,
        low=values,
        close=values,
        volume=np.full(len(closes), 7.0),
        source=source,
    )


def daily(days: list[date], closes: list[float]) -> DailyBars:
    values = np.array(closes, dtype=np.float64)
    return DailyBars(
        symbol="VIX",
        day=np.array([d.toordinal() for d in days]),
        open=values,
        high=values,
        low=values,
        close=values,
        volume=np.full(len(days), np.nan),
        source="test",
    )


def rows(path: Path) -> list[tuple[str, float]]:
    table = pq.read_table(path, partitioning=None).to_pydict()
    return [
        (f"{at:%H:%M}", close) for at, close in zip(table["ts_utc"], table["close"], strict=True)
    ]


def test_a_watched_day_replays_with_the_same_prices(home: Path) -> None:
    """30 s into each minute a price comes; at the full minute the replay knows exactly it."""
    store = HistoryStore(home)
    for n in range(390):
        at = OPEN + n * MINUTE + timedelta(seconds=30)
        vix = quote(20 + math.sin(n), at, symbol="VIX")
        store.record_quotes([quote(500 + n / 7, at, volume=1000.0 * (n + 1)), vix])
        if n % 50 == 49:
            store.flush()
    store.flush()
    replay = ReplayProvider(home)
    for n in (0, 1, 49, 50, 388, 389):
        batch = replay.quotes(["QQQ", "VIX"], now=OPEN + (n + 1) * MINUTE)
        assert batch.quotes["QQQ"].price == 500 + n / 7
        assert batch.quotes["QQQ"].day_volume == 1000 * (n + 1)
        assert batch.quotes["VIX"].price == 20 + math.sin(n)
        assert batch.quotes["VIX"].day_volume is None
    early = replay.quotes(["QQQ"], now=OPEN + MINUTE - timedelta(seconds=1))
    assert not early.quotes


def test_a_price_is_never_known_before_it_was_said(home: Path) -> None:
    store = HistoryStore(home)
    store.record_quotes(
        {"QQQ": quote(1, OPEN), "VIX": quote(2, OPEN + timedelta(seconds=1), symbol="VIX")}
    )
    store.flush()
    (path,) = (home / "bars").iterdir()
    assert path.name == "quotes_1m_2026-02-09.parquet"
    assert rows(path) == [("14:29", 1.0), ("14:30", 2.0)]  # known at 14:30:00 and at 14:31:00


def test_several_prices_of_a_minute_make_one_bar_even_across_a_flush(home: Path) -> None:
    store = HistoryStore(home)
    for second, price, volume in ((5, 10, 100), (20, 14, 150), (40, 9, 180), (55, 11, 200)):
        store.record_quotes([quote(price, OPEN + timedelta(seconds=second), volume=volume)])
        store.flush()
    table = pq.read_table(
        home / "bars" / "quotes_1m_2026-02-09.parquet", partitioning=None
    ).to_pylist()
    assert [[row[k] for k in ("open", "high", "low", "close", "volume")] for row in table] == [
        [10, 14, 9, 11, 200]
    ]


def test_a_repeated_quote_writes_nothing(home: Path) -> None:
    store = HistoryStore(home)
    store.record_quotes([quote(10, OPEN)])
    store.flush()
    path = home / "bars" / "quotes_1m_2026-02-09.parquet"
    before = path.stat().st_mtime_ns
    for _ in range(5):
        store.record_quotes([quote(10, OPEN)])
        store.flush()
    assert path.stat().st_mtime_ns == before


def test_volume_goes_on_after_a_restart(home: Path) -> None:
    for n, volume in enumerate((1000, 1500, 2100)):
        store = HistoryStore(home)
        store.record_quotes([quote(1 + n, OPEN + (n + 1) * MINUTE, volume=volume)])
        store.flush()
    now = OPEN + timedelta(minutes=3)
    assert ReplayProvider(home).quotes(["QQQ"], now=now).quotes["QQQ"].day_volume == 2100


def test_trap_34_simulated_prices_are_not_kept(home: Path) -> None:
    store = HistoryStore(home)
    store.record_quotes([quote(1, OPEN, simulated=True), quote(math.nan, OPEN)])
    store.flush()
    assert list(home.iterdir()) == []


def test_a_late_evening_price_belongs_to_its_new_york_day(home: Path) -> None:
    store = HistoryStore(home)
    store.record_quotes([quote(1, utc("2026-02-10T00:30"))])  # 19:30 New York on the 9th
    store.flush()
    assert [p.name for p in (home / "bars").iterdir()] == ["quotes_1m_2026-02-09.parquet"]


def test_only_complete_bars_are_kept_and_each_once(home: Path) -> None:
    store = HistoryStore(home)
    now = OPEN + timedelta(minutes=12)
    for _ in range(2):
        store.record_bars(bars([1, 2, 3]), now=now)
        store.flush()
    path = home / "bars" / "bars_5m_2026-02-09.parquet"
    assert rows(path) == [("14:30", 1.0), ("14:35", 2.0)]
    store.record_bars(bars([1, 2.5, 3, 4]), now=OPEN + timedelta(minutes=20))  # one corrected
    store.flush()
    assert rows(path) == [("14:30", 1.0), ("14:35", 2.5), ("14:40", 3.0), ("14:45", 4.0)]


def test_unchanged_days_are_not_written_again(home: Path) -> None:
    store = HistoryStore(home)
    store.record_bars(bars([1, 2]), now=OPEN + timedelta(hours=1))
    store.flush()
    path = home / "bars" / "bars_5m_2026-02-09.parquet"
    before = path.stat().st_mtime_ns
    store.record_bars(bars([1, 2]), now=OPEN + timedelta(hours=2))
    store.flush()
    assert path.stat().st_mtime_ns == before


def test_daily_bars_round_trip_without_today(home: Path) -> None:
    store = HistoryStore(home)
    days = [date(2026, 2, 5), date(2026, 2, 6), date(2026, 2, 9)]
    store.record_daily(daily(days, [17, 18, 99]), now=OPEN)
    store.record_quotes([quote(19, OPEN, symbol="VIX"), quote(20, OPEN + MINUTE, symbol="VIX")])
    store.flush()
    replay = ReplayProvider(home)
    assert replay.daily("VIX", sessions=9, now=OPEN + MINUTE).close.tolist() == [17, 18]
    got = replay.quotes(["VIX"], now=OPEN + MINUTE).quotes["VIX"]
    assert (got.price, got.previous_close) == (20, 18)


def test_recorded_bars_and_quotes_of_one_day_do_not_double_the_volume(home: Path) -> None:
    store = HistoryStore(home)
    store.record_bars(bars([1, 2, 3]), now=OPEN + timedelta(minutes=15))
    for n in range(1, 16):
        store.record_quotes([quote(n, OPEN + n * MINUTE, volume=1.4 * n)])
    store.flush()
    got = ReplayProvider(home).quotes(["QQQ"], now=OPEN + timedelta(minutes=15)).quotes["QQQ"]
    assert (got.price, got.day_volume) == (15, 21)


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"not parquet at all"])
def test_fault_30_an_unreadable_file_is_set_aside_not_overwritten(
    home: Path, damage: bytes
) -> None:
    path = home / "bars" / "quotes_1m_2026-02-09.parquet"
    path.parent.mkdir()
    path.write_bytes(damage)
    store = HistoryStore(home)
    store.record_quotes([quote(1, OPEN), quote(2, OPEN + MINUTE)])
    store.flush()
    assert rows(path) == [("14:29", 1.0), ("14:30", 2.0)]
    assert (path.parent / f"{path.name}.damaged-1").read_bytes() == damage
    assert ReplayProvider(home).symbols == ("QQQ",)


def test_fault_24_what_cannot_be_written_is_kept_for_the_next_flush(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = HistoryStore(home)
    store.record_quotes([quote(1, OPEN)])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", full)
        with pytest.raises(DataError, match="No space left"):
            store.flush()
    assert not [p for p in (home / "bars").iterdir() if p.suffix == ".tmp"]
    store.flush()
    assert rows(home / "bars" / "quotes_1m_2026-02-09.parquet") == [("14:29", 1.0)]


def test_fault_23_leftovers_of_a_killed_process_are_swept_and_never_read(home: Path) -> None:
    leftover = home / "bars" / ".quotes_1m_2026-02-09.x1.tmp"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half")
    store = HistoryStore(home)
    store.record_quotes([quote(1, OPEN)])
    store.flush()
    assert not leftover.exists()


def test_fault_23_killed_at_any_moment_leaves_a_whole_file(home: Path) -> None:
    """kill -9 while it writes without pause: what was told as flushed is there, and readable."""
    script = (
        "from datetime import datetime, UTC, timedelta; from pathlib import Path\n"
        "from monitor.domain.quotes import Quote\n"
        "from monitor.providers.history import HistoryStore\n"
        f"store = HistoryStore(Path({str(home)!r}))\n"
        "at = datetime(2026, 2, 9, 14, 30, tzinfo=UTC)\n"
        "for n in range(100_000):\n"
        "    at += timedelta(minutes=1) if n < 60 else timedelta(0)\n"
        "    store.record_quotes([Quote(symbol='QQQ', price=n + 1.0, asof=at,\n"
        "                               fetched_at=at, source='t')])\n"
        "    store.flush()\n"
        "    print(n, flush=True)\n"
    )
    path = home / "bars" / "quotes_1m_2026-02-09.parquet"
    for told in (3, 17, 40):
        with subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                if int(line) == told:
                    break
            writer.kill()
        assert len(rows(path)) > told
    assert ReplayProvider(home).symbols == ("QQQ",)
