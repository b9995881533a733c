"""CSV files of bars: quick when they are right, exact about what is wrong when not.

pyarrow reads the good file; when it objects, or a price is missing, the file is read again
row by row with the csv module to name row and column.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from monitor.errors import PayloadError

PRICES = ("open", "high", "low", "close")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def refused(path: Path, why: str) -> PayloadError:
    """The error of a file that is not in the format."""
    return PayloadError(
        f"{path}: {why}",
        source="replay",
        retryable=False,
        hint="correct the file or move it out of the folder (docs/data-formats.md)",
    )


def read_text(
    path: Path, *, kinds: Sequence[tuple[str, ...]], types: Mapping[str, Any], notes: list[str]
) -> pa.Table | None:
    """The columns of the first of `kinds` (and `volume`) that the header has.

    None, with a note, for a file whose header resembles none of them.

    Raises:
        PayloadError: Not UTF-8, not comma separated, a column missing or doubled, a short or
            long row, a value that is no number or no time.
    """
    data = _bytes(path)
    header = _header(path, data)
    wanted = _columns(path, header, kinds)
    if wanted is None:
        notes.append(f"{path.name}: not a file of bars, left out")
        return None
    foreign = [name for name in header if name not in wanted]
    if foreign:
        notes.append(f"{path.name}: unknown column {', '.join(foreign)} left out")
    try:
        table = pacsv.read_csv(
            io.BytesIO(data),
            read_options=pacsv.ReadOptions(column_names=header, skip_rows=1),
            convert_options=pacsv.ConvertOptions(
                column_types={name: types[name] for name in wanted},
                include_columns=list(wanted),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        _name_the_fault(path, data, header, wanted)
        raise refused(path, f"not readable: {error}") from error
    needed = [name for name in wanted if name != "volume"]
    whole = all(table[name].null_count == 0 for name in needed)
    if not whole or not all(_finite(table[name]) for name in PRICES):
        _name_the_fault(path, data, header, wanted)
    return table


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise refused(path, f"not readable: {error}") from error
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise refused(
            path, f"row {row}: byte 0x{data[error.start]:02x} is not UTF-8 (latin-1 or UTF-16?)"
        ) from error
    return data


def _header(path: Path, data: bytes) -> list[str]:
    line = data.split(b"\n", 1)[0].decode("utf-8").strip("\r")
    if not line.strip():
        raise refused(path, "row 1: no header")
    if ";" in line and "," not in line:
        raise refused(path, "row 1: columns are separated by ';', commas are expected")
    header = [name.strip().lower() for name in next(csv.reader([line]))]
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise refused(path, f"row 1: column {doubled[0]!r} stands there twice")
    return header


def _columns(
    path: Path, header: list[str], kinds: Sequence[tuple[str, ...]]
) -> tuple[str, ...] | None:
    """The known columns in the header's order, or None for a file of something else."""
    for kind in kinds:
        missing = [name for name in kind if name not in header]
        if not missing:
            return tuple(name for name in header if name in kind or name == "volume")
    near = [k for k in kinds if k[0] in header and len(set(k) & set(header)) >= len(k) - 2]
    if not near and not path.name.startswith("bars"):
        return None
    kind = (near or list(kinds))[0]
    missing = [name for name in kind if name not in header]
    raise refused(path, f"row 1: column {missing[0]!r} is missing; expected {','.join(kind)}")


def _finite(column: Any) -> bool:
    return bool(pc.all(pc.is_finite(column)).as_py() in (True, None))


def _name_the_fault(path: Path, data: bytes, header: list[str], wanted: Sequence[str]) -> None:
    """Raise for the first row that is wrong; return when every row seems right."""
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
    next(reader)
    for row in reader:
        if not row:
            continue
        at = f"row {reader.line_num}"
        if len(row) != len(header):
            column = header[len(row)] if len(row) < len(header) else f"after {header[-1]}"
            raise refused(path, f"{at}: {len(row)} of {len(header)} columns, {column!r} is wrong")
        for name, text in zip(header, row, strict=True):
            why = _fault(name, text) if name in wanted else ""
            if why:
                raise refused(path, f"{at}, column {name!r}: {text!r} {why}")


def _fault(name: str, text: str) -> str:
    if name == "symbol":
        return "" if text.strip() else "is no symbol"
    if name == "volume" and text == "":
        return ""
    if name == "ts_utc":
        return _time_fault(text)
    if name == "date":
        return "" if _parses(date, text) else "is no date like 2026-03-09"
    return "" if _NUMBER.fullmatch(text) else "is no finite number"


def _time_fault(text: str) -> str:
    if not _parses(datetime, text):
        return "is no time like 2026-03-09T13:30:00Z"
    zoned = datetime.fromisoformat(text).tzinfo is not None
    return "" if zoned else "has no zone: write UTC with Z, like 2026-03-09T13:30:00Z"


def _parses(kind: type[date], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True
