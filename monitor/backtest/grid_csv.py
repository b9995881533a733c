"""A grid as files: the CSV that the monitor and the person read, and Parquet with every row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from monitor.backtest.arrow_columns import numbers, words, write_table
from monitor.backtest.grid_table import DECIMALS, Column, GridTable, Words


def to_arrow(grid: GridTable, *, rounded: bool) -> Any:
    """As a pyarrow table, words as dictionaries; NaN becomes null.

    Args:
        rounded: Round to the digits a column is printed with.
    """
    return pa.table(
        {name: _column(name, column, rounded=rounded) for name, column in grid.columns.items()}
    )


def write_csv(grid: GridTable, path: Path) -> None:
    """Write the rows as the person's files have them; unknown numbers are empty cells.

    No word holds a comma or a quote, so nothing is quoted, the header neither.
    """
    table = to_arrow(grid, rounded=True)
    options = pacsv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as file:
        file.write((",".join(table.column_names) + "\n").encode())
        pacsv.write_csv(table, file, write_options=options)


def write_parquet(grid: GridTable, path: Path) -> None:
    """Write every row and digit."""
    write_table(to_arrow(grid, rounded=False), path)


def _column(name: str, column: Column, *, rounded: bool) -> Any:
    if isinstance(column, Words):
        return words(column.codes.astype(np.int32), column.values)
    values = np.asarray(column)
    if not np.issubdtype(values.dtype, np.floating):
        return numbers(values)
    if rounded and name in DECIMALS:
        values = np.round(values, DECIMALS[name])
    return numbers(values, unknown=np.isnan(values))
