"""Files of bars, as a replay folder holds them: found, checked, read into arrays.

The format is docs/data-formats.md. A file that is not in the format is refused as a whole,
naming file, row and column; what can be set right without guessing (repeated bars, bars out
of order, foreign columns) is set right, counted and named in the notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitor.domain.quotes import Bars, DailyBars
from monitor.errors import DataError
from monitor.providers.bar_text import PRICES, read_text, refused

SUBFOLDERS = ("bars", "daily")  # looked into as well: HOME/data/history has them
INTRADAY = ("ts_utc", "symbol", *PRICES)
DAILY = ("date", *PRICES)
_TYPES = {
    "ts_utc": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "symbol": pa.string(),
    **dict.fromkeys((*PRICES, "volume"), pa.float64()),
}
_NAMED_INTERVAL = re.compile(r"(?:^|_)(\d+)([smh])(?:_|\.|$)")
_SUFFIX = re.compile(r"\.(csv|csv\.gz|parquet)$")
_UNIT = {"s": 1, "m": 60, "h": 3600}
EPOCH_ORDINAL = 719_163  # date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class BarFolder:
    """Everything a folder holds: one `Bars` per file and symbol, likewise `DailyBars`.

    `notes` says in plain sentences what was left out or set right.
    """

    bars: tuple[Bars, ...]
    daily: tuple[DailyBars, ...]
    notes: tuple[str, ...]


def read_folder(folder: Path) -> BarFolder:
    """Read every file of bars in `folder`, `folder/bars` and `folder/daily`.

    Raises:
        DataError: No such folder, or nothing in it that could be replayed.
        PayloadError: A file of bars is not in the format; names file, row and column.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder to replay",
            hint="give a folder of bars: replay:PATH (docs/data-formats.md)",
        )
    bars: list[Bars] = []
    daily: list[DailyBars] = []
    notes: list[str] = []
    for path in _files(folder):
        table = _read(path, notes)
        if table is None:
            continue
        if "ts_utc" in table.column_names:
            bars += _intraday(path, table, notes)
        else:
            daily.append(_daily(path, table, notes))
    if not bars and not daily:
        raise DataError(
            f"{folder}: holds no bars",
            hint=f"expected CSV or Parquet files with {','.join(INTRADAY)},volume",
        )
    return BarFolder(bars=tuple(bars), daily=tuple(daily), notes=tuple(notes))


def _files(folder: Path) -> Iterator[Path]:
    for place in (folder, *(folder / name for name in SUBFOLDERS)):
        if place.is_dir():
            for path in sorted(place.iterdir()):
                if path.name.endswith((".csv", ".csv.gz", ".parquet")) and path.name[0] not in "._":
                    yield path


def _read(path: Path, notes: list[str]) -> pa.Table | None:
    """The file's known columns in our types, or None when it is not a file of bars."""
    if path.suffix == ".parquet":
        return _read_parquet(path, notes)
    return read_text(path, kinds=(INTRADAY, DAILY), types=_TYPES, notes=notes)


def _read_parquet(path: Path, notes: list[str]) -> pa.Table | None:
    try:
        names = pq.read_schema(path).names
        wanted = next((k for k in (INTRADAY, DAILY) if set(k) <= set(names)), None)
        if wanted is None:
            notes.append(f"{path.name}: not a file of bars, left out")
            return None
        columns = [*wanted, *(["volume"] if "volume" in names else [])]
        table = pq.read_table(path, columns=columns, partitioning=None)
        return table.cast(pa.schema([(name, _TYPES[name]) for name in table.column_names]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise refused(path, f"not readable as Parquet bars: {error}") from error


def _floats(table: pa.Table, name: str) -> Any:
    if name not in table.column_names:
        return np.full(len(table), np.nan)
    return pc.fill_null(table[name], float("nan")).to_numpy().astype(np.float64)


def _check_prices(path: Path, columns: dict[str, Any]) -> None:
    """Parquet can hold what a text file was already refused for."""
    for name in PRICES:
        bad = np.flatnonzero(~np.isfinite(columns[name]))
        if len(bad):
            raise refused(path, f"row {bad[0] + 1}, column {name!r}: no finite number")


def _intraday(path: Path, table: pa.Table, notes: list[str]) -> Iterator[Bars]:
    if table["ts_utc"].null_count:
        raise refused(path, "a row without time")
    start = -(table["ts_utc"].cast(pa.int64()).to_numpy() // -1_000_000)  # up: never early
    symbols = np.array([clean_symbol(s or "") for s in table["symbol"].to_pylist()], dtype=object)
    columns = {name: _floats(table, name) for name in (*PRICES, "volume")}
    _check_prices(path, columns)
    if "" in set(symbols):
        raise refused(path, "a row without symbol")
    for symbol in sorted(set(symbols)):
        rows = np.flatnonzero(symbols == symbol)
        keep = rows[_in_order(f"{path.name}: {symbol}", start[rows], "bars", notes)]
        yield Bars(
            symbol=symbol,
            interval=timedelta(seconds=_interval(path, symbol, start[keep])),
            start=start[keep],
            source=path.name,
            **{name: values[keep] for name, values in columns.items()},
        )


def _daily(path: Path, table: pa.Table, notes: list[str]) -> DailyBars:
    if table["date"].null_count:
        raise refused(path, "a row without date")
    day = table["date"].cast(pa.int32()).to_numpy().astype(np.int64) + EPOCH_ORDINAL
    columns = {name: _floats(table, name) for name in (*PRICES, "volume")}
    _check_prices(path, columns)
    symbol = clean_symbol(_SUFFIX.sub("", path.name).split("_")[0])
    keep = _in_order(f"{path.name}: {symbol}", day, "days", notes)
    return DailyBars(
        symbol=symbol,
        day=day[keep],
        source=path.name,
        **{name: values[keep] for name, values in columns.items()},
    )


def _in_order(what: str, keys: Any, unit: str, notes: list[str]) -> Any:
    """Indices that put `keys` in ascending order, the first of equal ones kept; notes counts."""
    disorder = int(np.count_nonzero(np.diff(keys) < 0))
    _, first = np.unique(keys, return_index=True)
    if disorder:
        notes.append(f"{what}: {disorder} {unit} out of order, sorted")
    if len(first) < len(keys):
        notes.append(f"{what}: {len(keys) - len(first)} repeated {unit} left out, the first kept")
    return first


def _interval(path: Path, symbol: str, start: Any) -> int:
    """Seconds from a bar's start to its end: from the file's name, else the usual distance."""
    steps = np.diff(start)
    named = _NAMED_INTERVAL.search(path.name)
    if named:
        interval = int(named[1]) * _UNIT[named[2]]
        if len(steps) and int(steps.min()) < interval:
            raise refused(
                path,
                f"bars of {symbol} stand {int(steps.min())} s apart, closer than the "
                f"{named[1]}{named[2]} of the file's name",
            )
        return interval
    if not len(steps):
        raise refused(
            path, f"one bar of {symbol} alone has no interval: put it in the name, bars_5m_…"
        )
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)])


def clean_symbol(text: str) -> str:
    """Our spelling of a symbol: upper case, no caret."""
    return text.strip().upper().removeprefix("^")
