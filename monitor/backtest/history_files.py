"""Files of bars as they lie in a folder: which are a symbol's, and what they hold.

A file belongs to a symbol by the first word of its name (`NDX_yahoo.csv`, `QQQ_5m_2022….csv.gz`,
`GSPC_yahoo.csv` for SPX), or by its column `symbol` (`bars_5m_2022-03-14.parquet`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from monitor.backtest.bar_columns import BarColumns, BarFileError, read_bars
from monitor.domain.quotes import Bars, DailyBars

SUBFOLDERS = ("", "bars", "intraday", "daily")
# Names under which others keep a symbol: the cash index's ticker, contracts that follow it.
ALIASES = {
    "SPX": ("GSPC", "US500CFD"),
    "NDX": ("NAS100CFD",),
}
ADJUSTED = 10  # rank from which prices are adjusted for dividends
SHARED = ("BARS", "QUOTES")  # first words of files that hold several symbols
_ENDING = re.compile(r"\.(csv|csv\.gz|parquet)$")
_INTERVAL = re.compile(r"(?:^|_)(\d+)([mh])(?=[_.]|$)")
_UNIT = {"m": 60, "h": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFile:
    """A file that may hold a symbol. `interval` None: daily. `rank` 0 is the best kind."""

    path: Path
    interval: timedelta | None
    shared: bool
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHistory:
    """What a folder holds of one symbol.

    `bars` has the finest interval first; `problems` says in plain sentences what was left out.
    """

    bars: tuple[Bars, ...]
    daily: DailyBars | None
    files: tuple[Path, ...]
    problems: tuple[str, ...]


def files_of(folder: Path, symbol: str) -> tuple[HistoryFile, ...]:
    """Files of a symbol, best first: its own name, unadjusted prices, then by name.

    Dividend-adjusted prices (`_adj`) are no prices that strikes were listed at: they come last.
    """
    found = [one for path in _files(folder) if (one := _classify(path, symbol)) is not None]
    return tuple(sorted(found, key=lambda one: (one.rank, one.path.name)))


def read_history(folder: Path, symbol: str) -> FileHistory:
    """Read all intervals of one symbol.

    Files are put together, the better one where two tell the same bar; daily prices that are
    adjusted for dividends are only used where there are no others. Faulty files and rows are left
    out and told.
    """
    problems: list[str] = []
    used: list[Path] = []
    bars: dict[timedelta, list[Bars]] = {}
    daily: DailyBars | None = None
    for file in files_of(folder, symbol):
        if file.interval is None and daily is not None and file.rank >= ADJUSTED:
            problems.append(f"{file.path.name}: not used, {symbol} is taken from {daily.source}")
            continue
        try:
            columns = _of_symbol(read_bars(file.path), symbol, shared=file.shared)
        except BarFileError as error:
            problems.append(f"{file.path.name}: not used: {error}")
            continue
        if not len(columns.key) or columns.daily != (file.interval is None):
            if not file.shared:
                problems.append(f"{file.path.name}: not used: no bar of {symbol}")
            continue
        used.append(file.path)
        problems += _told(file, columns)
        if file.interval is None:
            one_daily = _daily(columns, symbol, file.path.name)
            daily = one_daily if daily is None else join_daily([daily, one_daily])
        else:
            one = _bars(columns, symbol, file.interval, file.path.name)
            bars.setdefault(file.interval, []).append(one)
    joined = tuple(join_bars(bars[interval]) for interval in sorted(bars))
    return FileHistory(bars=joined, daily=daily, files=tuple(used), problems=tuple(problems))


def join_bars(parts: Sequence[Bars]) -> Bars:
    """Bars of one symbol and interval in order of time; where two tell one bar the first counts."""
    if len(parts) == 1:
        return parts[0]
    start, first = np.unique(np.concatenate([p.start for p in parts]), return_index=True)
    values = {
        name: np.concatenate([getattr(p, name) for p in parts])[first]
        for name in ("open", "high", "low", "close", "volume")
    }
    return Bars(
        symbol=parts[0].symbol,
        interval=parts[0].interval,
        start=start,
        source=", ".join(dict.fromkeys(p.source for p in parts)),
        simulated=any(p.simulated for p in parts),
        **values,
    )


def join_daily(parts: Sequence[DailyBars]) -> DailyBars:
    """The same for daily bars."""
    if len(parts) == 1:
        return parts[0]
    names = ("open", "high", "low", "close", "volume")
    day, first = np.unique(np.concatenate([p.day for p in parts]), return_index=True)
    values: Any = {n: np.concatenate([getattr(p, n) for p in parts])[first] for n in names}
    source = ", ".join(dict.fromkeys(p.source for p in parts))
    return replace(parts[0], day=day, source=source, **values)


def _files(folder: Path) -> Iterator[Path]:
    for name in SUBFOLDERS:
        place = folder / name
        if place.is_dir():
            for path in sorted(place.iterdir()):
                if _ENDING.search(path.name) and path.name[0] not in "._":
                    yield path


def _classify(path: Path, symbol: str) -> HistoryFile | None:
    stem = _ENDING.sub("", path.name)
    words = stem.upper().split("_")
    named = _INTERVAL.search(stem)
    interval = None if named is None else timedelta(seconds=int(named[1]) * _UNIT[named[2]])
    names = (symbol.upper(), *ALIASES.get(symbol.upper(), ()))
    shared = words[0] in SHARED
    if not shared and words[0] not in names:
        return None
    if shared and interval is None:
        return None
    adjusted = "ADJ" in words
    short = "CLOSE" in words  # a list of closes only
    rank = ADJUSTED * adjusted + 5 * short + (3 if shared else names.index(words[0]))
    return HistoryFile(path=path, interval=interval, shared=shared, rank=rank)


def _of_symbol(columns: BarColumns, symbol: str, *, shared: bool) -> BarColumns:
    """Only the symbol's rows of a shared file, in order, each key once (the first told)."""
    rows = np.arange(len(columns.key))
    if columns.symbol is not None and shared:
        rows = np.flatnonzero(columns.symbol == symbol.upper())
    elif shared:
        rows = rows[:0]
    key, first = np.unique(columns.key[rows], return_index=True)
    skipped = dict(columns.skipped)
    if len(key) < len(rows):
        skipped["the same bar again: the first counts"] = len(rows) - len(key)
    rows = rows[first]
    return BarColumns(
        daily=columns.daily,
        key=key,
        symbol=None,
        prices={name: values[rows] for name, values in columns.prices.items()},
        volume=columns.volume[rows],
        skipped=skipped,
    )


def _told(file: HistoryFile, columns: BarColumns) -> list[str]:
    name = file.path.name
    lines = [f"{name}: {n} rows skipped: {why}" for why, n in columns.skipped.items()]
    if "ADJ" in _ENDING.sub("", name).upper().split("_"):
        lines.append(f"{name}: prices are adjusted for dividends, not those that were traded")
    close, high, low = (columns.prices[k] for k in ("close", "high", "low"))
    outside = int(np.count_nonzero((close > high) | (close < low)))
    if outside:
        lines.append(f"{name}: {outside} closes outside their bar's range, kept as they are")
    return lines


def _daily(columns: BarColumns, symbol: str, source: str) -> DailyBars:
    prices: dict[str, Any] = dict(columns.prices)
    return DailyBars(symbol=symbol, day=columns.key, volume=columns.volume, source=source, **prices)


def _bars(columns: BarColumns, symbol: str, interval: timedelta, source: str) -> Bars:
    prices: dict[str, Any] = dict(columns.prices)
    return Bars(
        symbol=symbol, interval=interval, start=columns.key, volume=columns.volume,
        source=source, **prices,
    )  # fmt: skip
