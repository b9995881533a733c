"""History from Yahoo, kept as Parquet and topped up: each run asks only for what it lacks.

Under the history folder: `backtest/NDX_5m.parquet`, `NDX_1h.parquet`, `NDX_1d.parquet`, in the
columns of docs/data-formats.md, so the folder reads as a folder of history files. The source
keeps 60 days of 5-minute bars; what is stored grows beyond that, so a file that cannot be read
is set aside, never overwritten.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from monitor.backtest.bar_columns import PRICES, BarFileError, read_bars
from monitor.clock import NEW_YORK
from monitor.domain.quotes import Bars, DailyBars
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DataError, ProviderError, RateLimitedError, UnreachableError

logger = logging.getLogger(__name__)

FOLDER = "backtest"
INTERVALS = ("5m", "1h", "1d")
LENGTHS = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}
# Days of gap that each period certainly covers, shortest first; the last one whatever the gap.
_PERIODS = {
    "5m": ((3, "5d"), (25, "1mo"), (10_000, "60d")),
    "1h": ((3, "5d"), (25, "1mo"), (85, "3mo"), (10_000, "730d")),
}
_ALL_SESSIONS = 100_000
_OVERLAP = 5  # sessions of daily bars asked again: late corrections
_LOCK_S = 60
_SILENT_TO_STOP = (
    4  # charts in a row without an answer: more than one symbol; the rest is not asked
)
_EPOCH = date(1970, 1, 1)

Progress = Callable[[int, int, str], None]
"""Called with charts done, charts in all, and what is asked now ("" at the end)."""


class HistorySource(Protocol):
    """What is asked of the Yahoo provider."""

    @property
    def name(self) -> str: ...

    def chart(self, symbol: str, *, interval: str, period: str, now: datetime) -> Bars: ...

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What a top-up did: bars added by file, charts that needed nothing, and what failed."""

    added: dict[str, int]
    current: tuple[str, ...]
    problems: tuple[str, ...]


def top_up(
    folder: Path,
    symbols: Sequence[str],
    *,
    source: HistorySource,
    calendar: TradingCalendar,
    now: datetime,
    intervals: Sequence[str] = INTERVALS,
    progress: Progress | None = None,
) -> Download:
    """Fetch what the files lack up to the last session that is over; one chart at a time.

    A chart that fails is told and the rest goes on, unless nobody answers; what was stored stays.

    Raises:
        DataError: Nothing could be fetched and nothing is stored, or the disk refuses.
    """
    charts = [(symbol, interval) for symbol in symbols for interval in intervals]
    added: dict[str, int] = {}
    current: list[str] = []
    problems: list[str] = []
    silent = 0
    for done, (symbol, interval) in enumerate(charts):
        name = f"{symbol} {interval}"
        if silent >= _SILENT_TO_STOP:
            left = ", ".join(f"{s} {i}" for s, i in charts[done:])
            problems.append(f"not asked after that: {left}")
            break
        if progress is not None:
            progress(done, len(charts), name)
        path = folder / FOLDER / f"{symbol}_{interval}.parquet"
        try:
            n = _top_up_one(path, symbol, interval, source, calendar, now)
        except ProviderError as error:
            problems.append(f"{name}: not fetched: {error.message}")
            silent = silent + 1 if isinstance(error, UnreachableError) else 0
            if isinstance(error, RateLimitedError):
                silent = _SILENT_TO_STOP
            continue
        silent = 0
        if n is None:
            current.append(name)
        else:
            added[name] = n
    if progress is not None:
        progress(len(charts), len(charts), "")
    if problems and not added and not current and not any((folder / FOLDER).glob("*.parquet")):
        raise DataError(
            f"no history could be fetched: {problems[0]}",
            hint="check the network, or give a folder of bars with --source",
        )
    return Download(added=added, current=tuple(current), problems=tuple(problems))


def stored_folder(folder: Path) -> Path:
    """Where `history_files.read_history` finds what was downloaded."""
    return folder / FOLDER


def _top_up_one(
    path: Path,
    symbol: str,
    interval: str,
    source: HistorySource,
    calendar: TradingCalendar,
    now: datetime,
) -> int | None:
    """How many bars were added; None when nothing is lacking."""
    with _locked(path.parent):
        stored = _read_or_set_aside(path)
        fetch = _fetch_daily if interval == "1d" else _fetch_bars
        fresh = fetch(stored, symbol, interval, source, calendar, now)
        if fresh is None:
            return None
        merged = _merged(stored, fresh)
        if stored is None or not _equal(merged, stored):
            _replace(path, merged, symbol=symbol, daily=interval == "1d")
        return len(merged["key"]) - (0 if stored is None else len(stored["key"]))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time tops up a folder.

    Raises:
        DataError: Another one holds it for longer than a minute, or the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=_LOCK_S)
        lock.acquire()
    except Timeout as error:
        raise DataError(
            f"{folder}: another process has been fetching history for {_LOCK_S} s",
            hint="wait until it is done",
        ) from error
    except OSError as error:
        raise DataError(
            f"history cannot be kept in {folder}: {error.strerror}",
            hint="check disk space and permissions",
        ) from error
    try:
        yield
    finally:
        lock.release()


Columns = dict[str, Any]  # "key" and the prices and volume, all of one length


def _fetch_bars(
    stored: Columns | None,
    symbol: str,
    interval: str,
    source: HistorySource,
    calendar: TradingCalendar,
    now: datetime,
) -> Columns | None:
    over = calendar.last_closed(now)
    if over is None:
        return None
    period = _PERIODS[interval][-1][1]
    if stored is not None and len(stored["key"]):
        last = datetime.fromtimestamp(int(stored["key"][-1]), UTC)
        if last + LENGTHS[interval] >= over.close:
            return None
        gap = (now - last).days
        period = next(name for days, name in _PERIODS[interval] if gap <= days)
    bars = source.chart(symbol, interval=interval, period=period, now=now)
    bars = replace(bars, interval=LENGTHS[interval]).until(now)
    return _columns(bars.start, bars)


def _fetch_daily(
    stored: Columns | None,
    symbol: str,
    interval: str,
    source: HistorySource,
    calendar: TradingCalendar,
    now: datetime,
) -> Columns | None:
    del interval
    # The day of `now` may be unfinished even after the close, while corrections come in.
    today = now.astimezone(NEW_YORK).date()
    newest = calendar.shift(today, -1).date
    sessions = _ALL_SESSIONS
    if stored is not None and len(stored["key"]):
        last = int(stored["key"][-1])
        if last >= newest.toordinal():
            return None
        sessions = len(calendar.ordinals_between(date.fromordinal(last), newest)) + _OVERLAP
    daily = source.daily(symbol, sessions=sessions, now=now)
    keep = daily.day < today.toordinal()
    return {name: values[keep] for name, values in _columns(daily.day, daily).items()}


def _columns(key: Any, bars: Bars | DailyBars) -> Columns:
    """Columns without rows that hold no finite price above 0."""
    prices = {name: getattr(bars, name) for name in PRICES}
    fine = np.logical_and.reduce([np.isfinite(v) & (v > 0) for v in prices.values()])
    found = {"key": key, **prices, "volume": bars.volume}
    return {name: values[fine] for name, values in found.items()}


def _merged(stored: Columns | None, fresh: Columns) -> Columns:
    """Both in order; where both tell a bar the fresh one counts."""
    if stored is None:
        stored = {name: values[:0] for name, values in fresh.items()}
    both = {name: np.concatenate([fresh[name], stored[name]]) for name in fresh}
    _, first = np.unique(both["key"], return_index=True)
    return {name: values[first] for name, values in both.items()}


def _equal(a: Columns, b: Columns) -> bool:
    return all(np.array_equal(a[n], b[n], equal_nan=n != "key") for n in a)


def _read_or_set_aside(path: Path) -> Columns | None:
    if not path.exists():
        return None
    try:
        found = read_bars(path)
    except BarFileError as error:
        aside = next(
            name
            for n in range(1, 1000)
            if not (name := path.with_name(f"{path.name}.damaged-{n}")).exists()
        )
        path.rename(aside)
        logger.warning("history file set aside", extra={"path": str(aside), "error": str(error)})
        return None
    return {"key": found.key, **found.prices, "volume": found.volume}


def _replace(path: Path, columns: Columns, *, symbol: str, daily: bool) -> None:
    """Write beside the file, then put it in its place.

    Raises:
        DataError: The disk is full or cannot be written; the file is as it was.
    """
    values = {name: pa.array(columns[name], pa.float64()) for name in (*PRICES, "volume")}
    if daily:
        days = (columns["key"] - _EPOCH.toordinal()).astype(np.int32)
        table = pa.table({"date": pa.array(days, pa.int32()).cast(pa.date32()), **values})
    else:
        starts = pa.array(columns["key"], pa.int64()).cast(pa.timestamp("s", "UTC"))
        table = pa.table({"ts_utc": starts, "symbol": pa.array([symbol] * len(starts)), **values})
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            pq.write_table(table, file, compression="zstd")
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink(missing_ok=True)
        raise DataError(
            f"history not kept: {path}: {error.strerror}", hint="check disk space and permissions"
        ) from error
