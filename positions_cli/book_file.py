"""The book as CSV or JSON text: writing it, and reading rows back with their line numbers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NoReturn

from monitor.domain.plain_numbers import written
from monitor.domain.position_import import REQUIRED, ImportRow
from monitor.domain.position_record import FIELDS, to_record
from monitor.domain.positions import Position
from monitor.errors import InputError

# What a spreadsheet takes for the beginning of a formula, full-width forms included; a quote
# before it makes it text. Quotes that stand there already are escaped the same way.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_ESCAPED = re.compile(r"''*[=+\-@\t\r＝＋－＠]")
MAX_ROWS = 100_000


def to_csv(positions: Iterable[Position]) -> str:
    """One row a position; several notes stand on lines of one cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FIELDS)
    for position in positions:
        writer.writerow([_cell(name, value) for name, value in to_record(position).items()])
    return out.getvalue()


def neutralized(text: str) -> str:
    """Text that a spreadsheet shows instead of running."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """The text that `neutralized` was given."""
    return text[1:] if _ESCAPED.match(text) else text


def read_csv(text: str) -> list[ImportRow]:
    """Rows of a comma-separated file with a header.

    Raises:
        InputError: The header or a row's length is wrong; names line and column.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[ImportRow] = []
    try:
        header = next(reader, [])
        _check_header(header)
        for cells in reader:
            if not cells:
                continue
            line = f"line {reader.line_num}"
            if len(cells) != len(header):
                raise InputError(f"{line}: {len(cells)} values, the header has {len(header)}")
            rows.append(_csv_row(line, dict(zip(header, cells, strict=True))))
            _check_count(len(rows))
    except csv.Error as error:
        raise InputError(f"line {reader.line_num}: not readable as CSV: {error}") from error
    return rows


def read_json(text: str) -> list[ImportRow]:
    """Rows of `data/positions.json` or of `positions export --format json`.

    Raises:
        InputError: It is not that; names the line, or the number of the position.
    """
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"line {error.lineno}: not readable as JSON: {error.msg}") from error
    except RecursionError as error:
        raise InputError("not readable as JSON: nested too deeply") from error
    found = document.get("positions") if isinstance(document, dict) else document
    if not isinstance(found, list):
        raise InputError("the JSON has no list of positions", hint='it needs {"positions": […]}')
    if isinstance(document, dict) and document.get("schema_version", 1) != 1:
        raise InputError(
            f"the file has schema_version {document['schema_version']!r:.20}; this program reads 1"
        )
    _check_count(len(found))
    return [_json_row(f"position {i}", one) for i, one in enumerate(found, start=1)]


def _csv_row(where: str, cells: Mapping[str, str]) -> ImportRow:
    notes = restored(cells.get("notes", "")).replace("\r\n", "\n").split("\n")
    return ImportRow(where=where, cells=cells, notes=tuple(n for n in notes if n.strip()))


def _json_row(where: str, one: object) -> ImportRow:
    if not isinstance(one, dict):
        raise InputError(f"{where}: it is not an object")
    _check_names(list(one), where=where)
    notes = one.get("notes") or []
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise InputError(f"{where}, column notes: it must be a list of texts")
    cells = {k: _text(where, k, v) for k, v in one.items() if k != "notes" and v is not None}
    return ImportRow(where=where, cells=cells, notes=tuple(notes))


def _text(where: str, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return written(value)
    raise InputError(f"{where}, column {name}: neither a text nor a number")


def _cell(name: str, value: Any) -> str:
    if name == "notes":
        return neutralized("\n".join(value))
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return written(value) if isinstance(value, int | float) else neutralized(str(value))


def _check_header(header: list[str]) -> None:
    if len(header) == 1 and ";" in header[0]:
        raise InputError(
            "line 1: the values are separated by semicolons",
            hint="save the file as CSV with commas",
        )
    _check_names(header, where="line 1")


def _check_names(names: list[str], *, where: str) -> None:
    for name in names:
        if name not in FIELDS:
            near = get_close_matches(name, FIELDS, n=1)
            raise InputError(
                f"{where}: unknown column {name[:40]!r}",
                hint=f"did you mean {near[0]}?" if near else f"known: {', '.join(FIELDS)}",
            )
        if names.count(name) > 1:
            raise InputError(f"{where}: column {name} stands there twice")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError(f"{where}: missing column {', '.join(missing)}")


def _check_count(rows: int) -> None:
    if rows > MAX_ROWS:
        raise InputError(f"more than {MAX_ROWS:,} positions; split the file")


def _refuse_constant(name: str) -> NoReturn:
    raise InputError(f"the JSON holds {name}, which is no number")
