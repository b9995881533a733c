"""Read a grid CSV: cells to columns by pyarrow, judged by `monitor/domain/grid_check.py`.

The file as a whole is refused when its columns cannot be told apart; a bad row is counted.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from monitor.domain.grid import STAT_COLUMNS, BadLine, GridFile, RawGrid, TextColumn
from monitor.domain.grid_check import check_grid
from monitor.domain.grid_rules import NUMBERS
from monitor.domain.plain_text import plain
from monitor.errors import GridFileError

TEXTS = ("band", "spread_type", "flow_mode")
TIMES = ("entry_time_pst", "entry_time_et")
OPTIONAL_TEXTS = ("verdict", "band_mode", "price_source")
OPTIONAL_NUMBERS = ("honest_score", *STAT_COLUMNS)
TIME_BUCKET = "time_bucket"  # says again what the entry time says; read over
OLD_NAMES = {
    "time_pst": "entry_time_pst",
    "time_et": "entry_time_et",
    "win_rate_pct": "expected_win_pct",
    "roi_pct": "expected_roi_pct",
    "avg_credit": "expected_credit",
    "avg_max_risk": "max_risk_per_contract",
}
KNOWN = (*NUMBERS, *TEXTS, *TIMES, *OPTIONAL_TEXTS, *OPTIONAL_NUMBERS)
BLOCK = 4 << 20
PIECE = 1 << 20
HEADER_LIMIT = 1 << 20
Columns = dict[str, pa.ChunkedArray]
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
BAD_CELLS_KEPT = 20
HINT = "export it again as comma-separated UTF-8 text; docs/grid.md lists the columns"


def load_grid(path: Path) -> GridFile:
    """Read and check a grid file.

    Raises:
        GridFileError: No such file, not comma-separated UTF-8 text, or a column is missing or
            doubled. Rows that are wrong are counted in the report instead.
    """
    try:
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        with pa.OSFile(str(path)) as file:  # opened once: it may be replaced while we read
            raw = read_grid(file)
    except OSError as error:
        why = error.strerror or ("it is a folder" if path.is_dir() else str(error))
        raise GridFileError(
            f"the grid file {path} cannot be read: {why}",
            hint="name another with `monitor grid check FILE`, or build one: monitor backtest",
        ) from error
    except GridFileError as error:
        raise GridFileError(f"{path}: {error.message}", hint=error.hint or HINT) from error
    return GridFile(path=path, modified_at=modified, grid=check_grid(raw))


def read_grid(file: pa.NativeFile) -> RawGrid:
    """Split an open CSV file into columns, unjudged.

    Raises:
        GridFileError: Not comma-separated UTF-8 text, or columns missing or doubled.
    """
    _require_utf8(file)
    names, named = _columns(file)
    columns, bad_lines = _parse(file, names)
    words = [name for name in columns if name in (*TEXTS, *TIMES, *OPTIONAL_TEXTS)]
    texts = {name: _text(columns.pop(name)) for name in words}
    bad_cells: dict[tuple[int, str], str] = {}
    # each column leaves the table as it is copied, so that no two whole copies exist
    numbers = {name: _numbers(columns.pop(name), name, bad_cells) for name in tuple(columns)}
    pa.default_memory_pool().release_unused()
    return RawGrid(
        line=_lines(len(numbers["dte"]), bad_lines),
        numbers=numbers,
        texts=texts,
        named=named,
        bad_lines=bad_lines,
        bad_cells=bad_cells,
        extra_columns=tuple(named[n] for n in names if n not in (*KNOWN, TIME_BUCKET)),
    )


def _require_utf8(file: pa.NativeFile) -> None:
    """Look at the whole file: the parser checks only the columns it is asked for."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    bad = False
    while (piece := file.read(PIECE)) and not bad:
        if decoder.getstate()[0] or not piece.isascii():
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                bad = True
    if bad or decoder.getstate()[0]:
        file.seek(0)
        raise _not_utf8(file.read())


def _not_utf8(content: bytes) -> GridFileError:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return GridFileError("the file is UTF-16 text, not UTF-8")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        at = error.start
    line = content.count(b"\n", 0, at) + 1
    cell = content.count(b",", content.rfind(b"\n", 0, at) + 1, at) + 1
    return GridFileError(
        f"not UTF-8 text: byte 0x{content[at]:02X} in line {line}, column {cell} "
        "(latin-1 or Windows text?)"
    )


def _columns(file: pa.NativeFile) -> tuple[list[str], dict[str, str]]:
    """Our name for each column of the file, in its order, and the file's own for each."""
    file.seek(0)
    first = re.split(r"[\r\n]", file.read(HEADER_LIMIT).decode("utf-8-sig", "ignore"), maxsplit=1)[
        0
    ]
    if not first.strip():
        raise GridFileError("the file is empty, or its first line is: a header is expected")
    header = [cell.strip() for cell in next(csv.reader([first]))]
    if len(header) == 1:
        for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if mark in first:
                raise GridFileError(f"line 1: the columns are separated by {word}, not by commas")
    names: list[str] = []
    named: dict[str, str] = {}
    for number, cell in enumerate(header, 1):
        name = OLD_NAMES.get(cell, cell)
        if name in named and name in KNOWN:
            raise GridFileError(
                f"line 1: column {plain(cell)!r} (number {number}) repeats {plain(named[name])!r} "
                f"(number {names.index(name) + 1})",
                hint="remove one of the two",
            )
        if name in named or not name:
            name = f"{name} (column {number})"
        names.append(name)
        named[name] = plain(cell)
    _require_columns(names, header)
    return names, named


def _require_columns(names: Sequence[str], header: Sequence[str]) -> None:
    missing = [name for name in (*NUMBERS, *TEXTS) if name not in names]
    if not any(name in names for name in TIMES):
        missing.append(TIMES[0])
    if not missing:
        return
    old = {new: name for name, new in OLD_NAMES.items()}
    words = [f"{n!r}" + (f" (or {old[n]!r})" if n in old else "") for n in missing]
    near = [difflib.get_close_matches(n, header, n=1, cutoff=0.8) for n in missing]
    close = [f"{plain(found[0])!r}" for found in near if found]
    raise GridFileError(
        f"line 1: missing column{'s' if len(missing) > 1 else ''} {', '.join(words)}",
        hint=f"is it the column {', '.join(close)}? rename it" if close else HINT,
    )


def _parse(file: pa.NativeFile, names: list[str]) -> tuple[Columns, tuple[BadLine, ...]]:
    """Parse with numbers as numbers; a cell that is none makes all be read as text first."""
    try:
        return _read(file, names, number=pa.float64())
    except pa.ArrowInvalid as error:
        if "conversion error" not in str(error):
            raise GridFileError(f"not readable as CSV: {plain(str(error))[:200]}") from error
    return _read(file, names, number=pa.string())


def _read(
    file: pa.NativeFile, names: list[str], *, number: pa.DataType, threads: bool = True
) -> tuple[Columns, tuple[BadLine, ...]]:
    bad: list[Any] = []

    def skip(row: Any) -> str:
        bad.append(row)
        return "skip"

    word = pa.dictionary(pa.int32(), pa.string())
    wanted = [name for name in names if name in KNOWN]
    is_number = {*NUMBERS, *OPTIONAL_NUMBERS}
    file.seek(0)
    table = pacsv.read_csv(
        file,
        read_options=pacsv.ReadOptions(
            column_names=names, skip_rows=1, block_size=BLOCK, use_threads=threads
        ),
        parse_options=pacsv.ParseOptions(invalid_row_handler=skip),
        convert_options=pacsv.ConvertOptions(
            include_columns=wanted,
            column_types={name: number if name in is_number else word for name in wanted},
        ),
    )
    if bad and threads:  # only one thread counts lines
        return _read(file, names, number=number, threads=False)
    columns = dict(zip(table.column_names, table.columns, strict=True))
    return columns, tuple(_bad_line(row, names) for row in bad)


def _bad_line(row: Any, names: Sequence[str]) -> BadLine:
    column = names[min(row.actual_columns, len(names) - 1)]
    return BadLine(
        number=row.number, cells=row.actual_columns, expected=row.expected_columns, column=column
    )


def _lines(rows: int, bad: Sequence[BadLine]) -> NDArray[np.int32]:
    """Line numbers of the rows kept; the header is line 1."""
    if not bad:
        return np.arange(2, rows + 2, dtype=np.int32)
    every = np.arange(2, rows + len(bad) + 2, dtype=np.int32)
    return np.delete(every, [b.number - 2 for b in bad])


def _text(column: pa.ChunkedArray) -> TextColumn:
    if column.num_chunks == 0:
        return TextColumn(codes=np.zeros(0, np.int32), values=())
    joined = column.unify_dictionaries()
    codes = [chunk.indices.to_numpy(zero_copy_only=False) for chunk in joined.chunks]
    return TextColumn(
        codes=np.concatenate(codes), values=tuple(joined.chunk(0).dictionary.to_pylist())
    )


def _numbers(
    column: pa.ChunkedArray, name: str, bad_cells: dict[tuple[int, str], str]
) -> NDArray[np.float64]:
    """Floats; NaN where the cell is empty or no number, whose text is kept for the report."""
    if column.type == pa.string():
        text = pc.utf8_trim_whitespace(column)
        good = pc.match_substring_regex(text, NUMBER)
        rows = np.flatnonzero(~good.to_numpy())[:BAD_CELLS_KEPT]
        for row in rows:
            bad_cells[int(row), name] = plain(text[int(row)].as_py()[:80]) or "empty"
        column = pc.if_else(good, text, pa.scalar(None, pa.string())).cast(pa.float64())
    values: NDArray[np.float64] = column.to_numpy()
    return values
