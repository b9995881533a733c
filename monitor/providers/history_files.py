"""The Parquet files of the history: read, merged by key, replaced in one step."""

from __future__ import annotations

import logging
import math
import os
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

Row = tuple[float, float, float, float, float]
"""Open, high, low, close, volume (NaN where unknown)."""

Key = tuple[str, int]
"""Symbol and the bar's start, UTC epoch seconds; in daily files "" and the day's ordinal."""

COLUMNS = ("open", "high", "low", "close", "volume")


def merge(path: Path, rows: Mapping[Key, Row]) -> None:
    """Add `rows` to the file, replacing those of the same key.

    A file that is no Parquet file of ours is renamed first (`.damaged`), never overwritten.

    Raises:
        OSError: The folder cannot be written; the file is as it was.
    """
    kept = _read_or_set_aside(path)
    kept.update(rows)
    replace_file(path, _table(kept, daily=path.parent.name == "daily"))


def volume_so_far(path: Path, symbol: str) -> float:
    """Volume of one symbol in a day's file: 0 without a file, NaN where unknown."""
    try:
        kept = read(path)
    except FileNotFoundError:
        return 0.0
    except (OSError, ValueError, KeyError):
        return math.nan
    return sum(row[4] for (of, _), row in kept.items() if of == symbol)


def read(path: Path) -> dict[Key, Row]:
    """All rows of one file.

    Raises:
        OSError: Not readable. FileNotFoundError: Not there.
        ValueError, KeyError: Not a Parquet file, or without our columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path, partitioning=None)
    values = zip(*(table[name].to_pylist() for name in COLUMNS), strict=True)
    rows = (tuple(math.nan if v is None else float(v) for v in row) for row in values)
    keys: list[Key]
    if "date" in table.column_names:
        keys = [("", day.toordinal()) for day in table["date"].to_pylist()]
    else:
        starts = table["ts_utc"].cast(pa.timestamp("s", "UTC")).cast(pa.int64()).to_pylist()
        keys = list(zip(table["symbol"].to_pylist(), starts, strict=True))
    return {key: (o, h, lo, c, v) for key, (o, h, lo, c, v) in zip(keys, rows, strict=True)}


def sweep(folder: Path) -> None:
    """Remove what a killed process left half-written."""
    for leftover in folder.glob("*/.*.tmp"):
        leftover.unlink(missing_ok=True)


def _read_or_set_aside(path: Path) -> dict[Key, Row]:
    try:
        return read(path)
    except FileNotFoundError:
        return {}
    except PermissionError:
        raise
    except (OSError, ValueError, KeyError) as error:
        aside = next(
            name
            for n in range(1, 1000)
            if not (name := path.with_name(f"{path.name}.damaged-{n}")).exists()
        )
        path.rename(aside)
        logger.warning("history file set aside", extra={"path": str(aside), "error": str(error)})
        return {}


def _table(rows: Mapping[Key, Row], *, daily: bool) -> pa.Table:
    import pyarrow as pa

    keys = sorted(rows, key=lambda key: (key[1], key[0]))
    values = list(zip(*(rows[key] for key in keys), strict=True))
    named = {n: pa.array(v, pa.float64()) for n, v in zip(COLUMNS, values, strict=True)}
    if daily:
        days = [date.fromordinal(day) for _, day in keys]
        return pa.table({"date": pa.array(days, pa.date32()), **named})
    starts = pa.array([at for _, at in keys], pa.int64()).cast(pa.timestamp("s", "UTC"))
    symbols = pa.array([symbol for symbol, _ in keys], pa.string())
    return pa.table({"ts_utc": starts, "symbol": symbols, **named})


def replace_file(path: Path, table: pa.Table) -> None:
    """Write beside the file, then put it in its place.

    Raises:
        OSError: The folder cannot be written; a file that was there is as it was.
    """
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            pq.write_table(table, file, compression="zstd")
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
