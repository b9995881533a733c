"""Everything fetched is kept, as files that a replay reads: any watched day can be replayed.

Layout under `data/history` (docs/data-formats.md): `bars/quotes_1m_DAY.parquet` holds the
minute prices of one New York day, `bars/bars_5m_DAY.parquet` fetched bars by interval and day,
`daily/SYMBOL_daily.parquet` daily bars. `replay:HOME/data/history` reads them as they lie.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from monitor.clock import NEW_YORK
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.errors import DataError
from monitor.providers import history_files
from monitor.providers.history_files import Key, Row

MINUTE_S = 60
Fingerprint = tuple[int, float, float]


class HistoryStore:
    """Buffers what was fetched and merges it into Parquet files on `flush`.

    A killed process loses what was not flushed yet: flush once a minute. A file is replaced in
    one step and never holds one bar twice; of two tellings the later one counts. Memory holds
    only the unflushed rows and what was last told of each symbol. One thread at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buffer: dict[Path, dict[Key, Row]] = {}
        self._volume: dict[str, tuple[date, float]] = {}
        self._minute: dict[str, tuple[Key, Row]] = {}
        self._told: dict[tuple[str, ...], dict[date, Fingerprint]] = {}
        self._swept = False

    def record_quotes(self, quotes: Mapping[str, Quote] | Iterable[Quote]) -> None:
        """Keep prices as 1-minute bars that end at the full minute at or after `asof`.

        So a replay knows a price at most a minute late and never early. Simulated quotes are
        not kept. Volume is what was traded since the quote before; unknown when either lacks it.
        """
        for quote in quotes.values() if isinstance(quotes, Mapping) else quotes:
            if quote.simulated or not math.isfinite(quote.price):
                continue
            end = math.ceil(quote.asof.timestamp() / MINUTE_S) * MINUTE_S
            day = _new_york_day(quote.asof)
            path = self._folder / "bars" / f"quotes_1m_{day}.parquet"
            key = (quote.symbol, end - MINUTE_S)
            told, row = self._minute.get(quote.symbol, (None, None))
            volume = self._traded(quote, path, day)
            joined = _joined(row if told == key else None, quote.price, volume)
            if told != key or not _same(joined, row):
                self._buffer.setdefault(path, {})[key] = joined
                self._minute[quote.symbol] = (key, joined)

    def record_bars(self, bars: Bars, *, now: datetime) -> None:
        """Keep the bars that are complete at `now`, in one file per interval and day."""
        if bars.simulated:
            return
        complete = bars.until(now)
        days = [_new_york_day(datetime.fromtimestamp(at, UTC)) for at in complete.start.tolist()]
        name = _interval_name(bars.interval)
        known = self._told.get((bars.symbol, name, bars.source), {})
        told: dict[date, Fingerprint] = {}
        for day in dict.fromkeys(days):
            first, last = bisect_left(days, day), bisect_right(days, day)
            told[day] = _fingerprint(complete, first, last)
            if told[day] != known.get(day):
                path = self._folder / "bars" / f"bars_{name}_{day}.parquet"
                starts = complete.start[first:last].tolist()
                self._add(path, [(bars.symbol, at) for at in starts], complete, first)
        self._told[(bars.symbol, name, bars.source)] = told

    def record_daily(self, daily: DailyBars, *, now: datetime) -> None:
        """Keep daily bars of days before the New York day of `now` (today's is unfinished)."""
        if daily.simulated:
            return
        today = _new_york_day(now)
        last = bisect_left(daily.day.tolist(), today.toordinal())
        told = _fingerprint(daily, 0, last)
        known = self._told.get((daily.symbol, "daily", daily.source), {})
        if last and known.get(date.min) != told:
            path = self._folder / "daily" / f"{_file_word(daily.symbol)}_daily.parquet"
            self._add(path, [("", day) for day in daily.day[:last].tolist()], daily, 0)
            self._told[(daily.symbol, "daily", daily.source)] = {date.min: told}

    def flush(self) -> None:
        """Merge what is buffered into the files; what could not be written stays buffered.

        A file that cannot be read as one of ours is set aside under another name, never
        overwritten.

        Raises:
            DataError: A file could not be written; the others are written all the same.
        """
        if not self._swept:
            history_files.sweep(self._folder)
            self._swept = True
        failed: list[str] = []
        for path, rows in list(self._buffer.items()):
            try:
                history_files.merge(path, rows)
            except OSError as error:
                failed.append(f"{path}: {error}")
            else:
                del self._buffer[path]
        if failed:
            raise DataError(
                f"history not kept: {'; '.join(failed)}", hint="check disk space and permissions"
            )

    def _add(self, path: Path, keys: list[Key], bars: Bars | DailyBars, first: int) -> None:
        rows = self._buffer.setdefault(path, {})
        for i, key in enumerate(keys, first):
            row = _row(bars, i)
            if all(map(math.isfinite, row[:4])):
                rows[key] = row
        if not rows:
            del self._buffer[path]

    def _traded(self, quote: Quote, path: Path, day: date) -> float:
        """Volume since the quote before of the same day; NaN where it is unknown."""
        if quote.day_volume is None:
            return math.nan
        seen_day, seen = self._volume.get(quote.symbol, (None, 0.0))
        if seen_day != day:  # this process' first: an earlier one may have recorded the morning
            seen = history_files.volume_so_far(path, quote.symbol)
        self._volume[quote.symbol] = (day, quote.day_volume)
        return max(0.0, quote.day_volume - seen)


def _same(a: Row, b: Row | None) -> bool:
    return b is not None and repr(a) == repr(b)  # NaN is unlike itself, its name is not


def _fingerprint(bars: Bars | DailyBars, first: int, last: int) -> Fingerprint:
    """Changes when a bar is added or corrected; so the same fetch twice is written once."""
    close = float(bars.close[first:last].sum())
    volume = bars.volume[first:last]
    return last - first, close, float(volume[volume == volume].sum())


def _file_word(symbol: str) -> str:
    return re.sub(r"[^A-Za-z0-9.\-]", "-", symbol)


def _joined(known: Row | None, price: float, volume: float) -> Row:
    """The minute's bar with one more price in it."""
    if known is None:
        return (price, price, price, price, volume)
    opened, high, low, _, before = known
    return (opened, max(high, price), min(low, price), price, before + volume)


def _row(bars: Bars | DailyBars, i: int) -> Row:
    return (
        float(bars.open[i]),
        float(bars.high[i]),
        float(bars.low[i]),
        float(bars.close[i]),
        float(bars.volume[i]),
    )


def _new_york_day(at: datetime) -> date:
    return at.astimezone(NEW_YORK).date()


def _interval_name(interval: timedelta) -> str:
    seconds = int(interval.total_seconds())
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
