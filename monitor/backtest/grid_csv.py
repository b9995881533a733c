"""A grid as files: the CSV that the monitor and the person read, and Parquet with every row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from monitor.backtest.grid_table import DECIMALS, Column, GridTable, Words


def to_arrow(grid: GridTable, *, dictionaries: bool, rounded: bool) -> Any:
    """As a pyarrow table; NaN becomes null.

    Args:
        dictionaries: Keep words as codes (Parquet); a CSV writer wants them spelled out.
        rounded: Round to the digits a column is printed with.
    """
    columns = {
        name: _column(name, column, dictionaries=dictionaries, rounded=rounded)
        for name, column in grid.columns.items()
    }
    return pa.table(columns)


def write_csv(grid: GridTable, path: Path) -> None:
    """Write the rows as the person's files have them; unknown numbers are empty cells.

    No word holds a comma or a quote, so nothing is quoted, the header neither.
    """
    table = to_arrow(grid, dictionaries=False, rounded=True)
    options = pacsv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as file:
        file.write((",".join(table.column_names) + "\n").encode())
        pacsv.write_csv(table, file, write_options=options)


def write_parquet(grid: GridTable, path: Path) -> None:
    """Write every row and digit."""
    table = to_arrow(grid, dictionaries=True, rounded=False)
    pq.write_table(table, path, compression="zstd")


def _column(name: str, column: Column, *, dictionaries: bool, rounded: bool) -> Any:
    if isinstance(column, Words):
        codes = pa.array(column.codes.astype(np.int32))
        coded = pa.DictionaryArray.from_arrays(codes, pa.array(column.values, pa.string()))
        return coded if dictionaries else coded.dictionary_decode()
    values = np.asarray(column)
    if not np.issubdtype(values.dtype, np.floating):
        return pa.array(values)
    if rounded and name in DECIMALS:
        values = np.round(values, DECIMALS[name])
    return pa.array(values, mask=np.isnan(values))
