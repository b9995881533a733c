"""A folder of recorded bars as a source of market data: past days through the same code.

Whatever is asked, only what was complete at `now` is answered: a bar is known at its end, a
day when the next New York day has begun. The numbers are real, the time is not, so the name
(`replay:PATH`) stands in every quote.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from monitor.domain.alert_text import clock_text
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DataError, ProviderError, UnknownSymbolError
from monitor.providers.bar_files import BarFolder, clean_symbol, read_folder
from monitor.providers.bar_index import SymbolIndex, build_index, new_york_day
from monitor.providers.base import QuoteBatch, SourceHealth


class ReplayProvider:
    """Answers from files as a live source would have answered at `now`.

    Args:
        path: The folder; its format is docs/data-formats.md.
        calendar: Real hours and previous sessions. Without it half days are not taken as
            whole and the previous close is known only from the weekday before.

    Raises:
        DataError: The folder is missing, empty, or a file in it is malformed.
    """

    simulated = False

    def __init__(self, path: Path, *, calendar: TradingCalendar | None = None) -> None:
        self.path = path
        self.name = f"replay:{path}"
        self._calendar = calendar
        folder = read_folder(path)
        notes = list(folder.notes)
        self._index = _index(folder, calendar, notes)
        self.notes: tuple[str, ...] = tuple(notes)
        self._previous: dict[tuple[str, int], float | None] = {}
        self._last_ok_at: datetime | None = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols with intraday bars."""
        return tuple(sorted(s for s, found in self._index.items() if found.ends))

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        """The close of the last bar complete at `now`, stamped with that bar's end."""
        quotes: dict[str, Quote] = {}
        errors: dict[str, ProviderError] = {}
        for symbol in symbols:
            try:
                quotes[symbol] = self._quote(symbol, now)
            except ProviderError as error:
                errors[symbol] = error
        if quotes:
            self._last_ok_at = now
        return QuoteBatch(quotes=quotes, errors=errors)

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        """Session bars complete at `now`, of the newest bar's interval."""
        found = self._of(symbol)
        end = int(np.searchsorted(found.session_end, now.timestamp(), "right"))
        if found.session_bars is None or end == 0:
            raise self._nothing(symbol, now)
        newest = bisect_left(found.held_first, end) - 1
        first = found.held_first[max(0, newest - sessions + 1)]
        interval = int(found.session_interval[end - 1])
        kept = np.arange(first, end)[found.session_interval[first:end] == interval]
        return _take(found.session_bars, kept, interval=interval, source=self.name)

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        """Days before the New York day of `now`: daily files, else whole days of bars."""
        found = self._of(symbol).daily
        end = int(np.searchsorted(found.day, new_york_day(now)))
        first = max(0, end - sessions)
        if end == 0:
            raise self._nothing(symbol, now)
        return DailyBars(
            symbol=symbol,
            day=found.day[first:end],
            open=found.open[first:end],
            high=found.high[first:end],
            low=found.low[first:end],
            close=found.close[first:end],
            volume=found.volume[first:end],
            source=self.name,
        )

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=self.name, state="ok", last_ok_at=self._last_ok_at),)

    def close(self) -> None:
        """Nothing to release: the files were read at the start."""

    def cycle_instants(
        self, first: date, last: date, calendar: TradingCalendar, *, symbols: Sequence[str]
    ) -> list[datetime]:
        """The ends of all session bars of `symbols`, from `first` to `last`, ascending.

        Sessions that the folder lacks are passed over; `missing_sessions` names them.

        Raises:
            DataError: No session in the span, or one of the symbols has no bar in it; names
                the range that the folder has.
        """
        wanted = [session.date.toordinal() for session in calendar.between(first, last)]
        if not wanted:
            raise DataError(f"no exchange session between {first} and {last}")
        instants: set[int] = set()
        for symbol in symbols:
            found = self._of(symbol)
            of_span = np.isin(found.session_day, wanted)
            if not of_span.any():
                raise self._no_days(found, first, last)
            instants.update(found.session_end[of_span].tolist())
        return [datetime.fromtimestamp(at, UTC) for at in sorted(instants)]

    def missing_sessions(
        self, first: date, last: date, calendar: TradingCalendar, *, symbols: Sequence[str]
    ) -> tuple[date, ...]:
        """Sessions of the span in which one of `symbols` has no bars."""
        held = [set(self._of(symbol).held_days) for symbol in symbols]
        return tuple(
            session.date
            for session in calendar.between(first, last)
            if not all(session.date.toordinal() in days for days in held)
        )

    def _quote(self, symbol: str, now: datetime) -> Quote:
        found = self._of(symbol)
        i = bisect_right(found.ends, now.timestamp()) - 1
        if i < 0:
            raise self._nothing(symbol, now)
        volume = found.day_volume[i]
        return Quote(
            symbol=symbol,
            price=found.closes[i],
            asof=datetime.fromtimestamp(found.ends[i], UTC),
            fetched_at=now,
            source=self.name,
            previous_close=self._previous_close(found, found.days[i]),
            day_volume=None if math.isnan(volume) else volume,
        )

    def _previous_close(self, found: SymbolIndex, day: int) -> float | None:
        """The close of the session before `day`; None when the folder lacks that very one."""
        key = (found.symbol, day)
        if key not in self._previous:
            before = self._session_before(date.fromordinal(day))
            self._previous[key] = found.closes_on.get(before.toordinal())
        return self._previous[key]

    def _session_before(self, day: date) -> date:
        calendar = self._calendar
        if calendar is not None and calendar.first < day <= calendar.last:
            return calendar.shift(day, -1).date
        return day - timedelta(days=3 if day.weekday() == 0 else 1)

    def _of(self, symbol: str) -> SymbolIndex:
        found = self._index.get(symbol) or self._index.get(clean_symbol(symbol))
        if found is None:
            raise UnknownSymbolError(
                f"{self.name} has no bars of {symbol}",
                source=self.name,
                symbol=symbol,
                hint=f"it has {', '.join(sorted(self._index))}",
            )
        return found

    def _nothing(self, symbol: str, now: datetime) -> ProviderError:
        return ProviderError(
            f"{self.name} has nothing of {symbol} before {clock_text(now)}",
            source=self.name,
            retryable=False,
            symbol=symbol,
            hint=f"intraday bars: {_range(self._index[clean_symbol(symbol)])}",
        )

    def _no_days(self, found: SymbolIndex, first: date, last: date) -> DataError:
        span = f"on {first}" if first == last else f"from {first} to {last}"
        return DataError(
            f"{self.name} has no bars of {found.symbol} {span}",
            hint=f"bars of {found.symbol}: {_range(found)}; symbols: {', '.join(self.symbols)}",
        )


def _index(
    folder: BarFolder, calendar: TradingCalendar | None, notes: list[str]
) -> dict[str, SymbolIndex]:
    symbols = {one.symbol for one in folder.bars} | {one.symbol for one in folder.daily}
    found: dict[str, SymbolIndex] = {}
    for symbol in sorted(symbols):
        found[symbol] = build_index(
            symbol,
            [one for one in folder.bars if one.symbol == symbol],
            [one for one in folder.daily if one.symbol == symbol],
            calendar=calendar,
            notes=notes,
        )
    return found


def _range(found: SymbolIndex) -> str:
    """The days that have bars, as spans: "2019-02-11 to 2019-02-15, 2022-03-14 to 2022-04-18"."""
    spans: list[list[date]] = []
    for day in map(date.fromordinal, found.held_days):
        if spans and (day - spans[-1][1]).days <= 5:
            spans[-1][1] = day
        else:
            spans.append([day, day])
    return ", ".join(f"{a} to {b}" if a != b else str(a) for a, b in spans) or "none"


def _take(bars: Bars, rows: np.typing.NDArray[np.int64], *, interval: int, source: str) -> Bars:
    whole = len(rows) and rows[-1] - rows[0] + 1 == len(rows)
    at = slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows
    return Bars(
        symbol=bars.symbol,
        interval=timedelta(seconds=interval),
        start=bars.start[at],
        open=bars.open[at],
        high=bars.high[at],
        low=bars.low[at],
        close=bars.close[at],
        volume=bars.volume[at],
        source=source,
    )
