"""A file of bars → columns of numbers, bad rows left out and counted instead of refused.

A replay wants every bar exact and refuses a file with one bad row; a backtest over years must
not stop half way for it. CSV (also gzipped) and Parquet, with `ts_utc` or `date`.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PRICES = ("open", "high", "low", "close")
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:?\d{2})$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_EPOCH = 719_163  # date(1970, 1, 1).toordinal()


class BarFileError(Exception):
    """The whole file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarColumns:
    """Good rows in the file's order.

    Shapes: all (n,). `key` is UTC epoch seconds of the bar's start, or `date.toordinal()` when
    `daily`. Prices a file does not have (a list of closes) and unknown volumes are NaN. `symbol`
    is None when the file has no such column. `skipped` counts rows by reason.
    """

    daily: bool
    key: NDArray[np.int64]
    symbol: NDArray[np.object_] | None
    prices: Mapping[str, Floats]
    volume: Floats
    skipped: Mapping[str, int]


def read_bars(path: Path) -> BarColumns:
    """Read one file.

    Raises:
        BarFileError: Not readable, no header, a column missing.
    """
    skipped: dict[str, int] = {}
    try:
        table = _parquet(path) if path.suffix == ".parquet" else _csv(path, skipped)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise BarFileError(f"not readable: {error}") from error
    names = table.column_names
    daily = "ts_utc" not in names
    if daily and "date" not in names:
        raise BarFileError("no column 'ts_utc' or 'date'")
    if "close" not in names:
        raise BarFileError("no column 'close'")
    if not daily and any(name not in names for name in PRICES):
        missing = [name for name in PRICES if name not in names]
        raise BarFileError(f"column {', '.join(map(repr, missing))} missing")
    key, whole = _keys(table["date" if daily else "ts_utc"], daily=daily)
    prices = {name: _numbers(table, name) for name in PRICES}
    told = [values for name, values in prices.items() if name in names]
    fine = whole & np.logical_and.reduce([np.isfinite(values) for values in told])
    _count(skipped, "a value that cannot be read", ~fine)
    positive = fine & np.logical_and.reduce([values > 0 for values in told])
    _count(skipped, "a price that is not above 0", fine & ~positive)
    upside_down = positive & (prices["high"] < prices["low"])
    _count(skipped, "a high below its low", upside_down)
    kept = positive & ~upside_down
    symbols = None
    if "symbol" in names:
        symbols = np.array([_clean(s) for s in table["symbol"].to_pylist()], dtype=object)[kept]
    return BarColumns(
        daily=daily,
        key=key[kept],
        symbol=symbols,
        prices={name: values[kept] for name, values in prices.items()},
        volume=_numbers(table, "volume")[kept],
        skipped=skipped,
    )


def _clean(symbol: str | None) -> str:
    return (symbol or "").strip().upper().removeprefix("^")


def _count(skipped: dict[str, int], reason: str, rows: Any) -> None:
    if n := int(np.count_nonzero(rows)):
        skipped[reason] = skipped.get(reason, 0) + n


def _parquet(path: Path) -> pa.Table:
    wanted = ("ts_utc", "date", "symbol", *PRICES, "volume")
    names = pq.read_schema(path).names
    return pq.read_table(path, columns=[n for n in wanted if n in names], partitioning=None)


def _csv(path: Path, skipped: dict[str, int]) -> pa.Table:
    """Every column as text; rows of another length are skipped."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    data = data.removeprefix(b"\xef\xbb\xbf")
    line, _, rest = data.partition(b"\n")
    try:
        header = next(csv.reader([line.decode("utf-8").strip("\r")]), [])
    except UnicodeDecodeError as error:
        raise BarFileError("row 1: no header in UTF-8") from error
    header = [name.strip().lower() for name in header]
    if len(set(header)) < len(header):
        raise BarFileError("row 1: a column stands there twice")
    if not rest.strip():
        raise BarFileError("no rows")

    def other_length(row: Any) -> str:
        del row
        skipped["too few or too many columns"] = skipped.get("too few or too many columns", 0) + 1
        return "skip"

    return pacsv.read_csv(
        pa.py_buffer(rest),
        read_options=pacsv.ReadOptions(column_names=header, use_threads=False),
        parse_options=pacsv.ParseOptions(invalid_row_handler=other_length),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
    )


def _numbers(table: pa.Table, name: str) -> Floats:
    if name not in table.column_names:
        return np.full(len(table), np.nan)
    column = table[name]
    if pa.types.is_string(column.type):
        column = _only(column, _NUMBER)
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _only(column: Any, pattern: str) -> Any:
    """The texts that match, null for the others."""
    return pc.if_else(pc.match_substring_regex(column, pattern), column, None)


def _keys(column: Any, *, daily: bool) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Ordinals or UTC seconds (a fraction of a second counts as the next one), and which are."""
    if pa.types.is_string(column.type):
        column = _only(column, _DATE if daily else _TIME)
    try:
        if daily:
            days = pc.cast(column, pa.date32()).cast(pa.int32())
            known = days.is_valid().to_numpy(zero_copy_only=False)
            return pc.fill_null(days, 0).to_numpy().astype(np.int64) + _EPOCH, known
        micros = pc.cast(column, pa.timestamp("us", "UTC")).cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise BarFileError(f"a time that does not exist: {error}") from error
    known = micros.is_valid().to_numpy(zero_copy_only=False)
    return -(pc.fill_null(micros, 0).to_numpy().astype(np.int64) // -1_000_000), known
