"""Recorded chains as they lie on disk: day files read, and what is wrong with them named."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.chain_day import DayChain, FileReport, build_day
from monitor.backtest.chain_reasons import Skip
from monitor.backtest.chain_rows import Line, add_lines, odd_texts, read_line
from monitor.backtest.chain_scan import COLUMNS, Odd, scan
from monitor.backtest.chain_text import Bytes
from monitor.domain.instruments import underlying
from monitor.domain.trading_calendar import TradingCalendar

_MAX_BYTES = 2**31 - 64


@dataclass(frozen=True, slots=True)
class _Header:
    places: NDArray[np.int64]
    columns: int
    length: int  # bytes, its newline included


def read_day_file(
    content: bytes, *, name: str, day: date, ticker: str, calendar: TradingCalendar
) -> tuple[DayChain | None, FileReport]:
    """One day file's content → its chain and what was found. Never raises for what is in it."""
    try:
        text = _text(content, name)
        header = _header(text)
        if not _is_session(day, calendar):
            raise _FileFault(f"{day} ({day:%A}) is no trading session")
        return _read(text[header.length :], header, name, day, ticker, calendar)
    except _FileFault as fault:
        return None, FileReport(name=name, day=day, fault=str(fault))


class _FileFault(Exception):
    """The whole file cannot be used."""


def _read(
    text: Bytes, header: _Header, name: str, day: date, ticker: str, calendar: TradingCalendar
) -> tuple[DayChain, FileReport]:
    known = underlying(ticker)
    am = known.am_root if known.am_root != known.pm_root else None
    try:
        rows, odd = scan(
            text, places=header.places, columns=header.columns,
            own=known.pm_root.encode(), am=(am or "").encode(),
        )  # fmt: skip
        good, counts, first = _odd_lines(text, odd, header, own=known.pm_root, am=am)
        rows = add_lines(rows, good)
        if not len(rows.line):
            raise _FileFault(_unreadable(counts, first))
        chain, verdicts, locked = build_day(rows, day=day, calendar=calendar)
    except OverflowError as error:
        raise _FileFault(str(error)) from error
    n_rows = len(rows.line) + sum(counts.values())
    for code, count in enumerate(np.bincount(verdicts, minlength=len(Skip)).tolist()):
        if code and count:
            counts[Skip(code)] = counts.get(Skip(code), 0) + count
            line = int(rows.line[np.argmax(verdicts == code)])
            first.setdefault(Skip(code), f"row {line}")
    report = FileReport(
        name=name, day=day, rows=n_rows, kept=n_rows - sum(counts.values()), locked=locked,
        skipped=counts, first=first,
    )  # fmt: skip
    if not report.kept:
        raise _FileFault(f"none of its {n_rows} rows can be used: {describe(counts)}")
    return chain, report


def _unreadable(counts: Mapping[Skip, int], first: Mapping[Skip, str]) -> str:
    if not counts:
        return "no rows"
    example = next(iter(first.values()))
    return f"none of its {sum(counts.values())} rows can be read: {example}"


def describe(counts: Mapping[Skip, int]) -> str:
    """Counts of reasons in words."""
    return "; ".join(f"{count} × {reason.text}" for reason, count in sorted(counts.items()))


def _odd_lines(
    text: Bytes, odd: Odd, header: _Header, *, own: str, am: str | None
) -> tuple[list[tuple[int, Line]], dict[Skip, int], dict[Skip, str]]:
    """The lines the quick reader left, read exactly: the good ones, and counts of the others."""
    good: list[tuple[int, Line]] = []
    counts: dict[Skip, int] = {}
    first: dict[Skip, str] = {}
    for number, line in odd_texts(text, odd):
        if not line.strip():
            continue
        read = read_line(line, places=header.places, columns=header.columns, own=own, am=am)
        if isinstance(read, Line):
            good.append((number, read))
        else:
            counts[read.reason] = counts.get(read.reason, 0) + 1
            first.setdefault(read.reason, f"row {number}: {read.why}")
    return good, counts, first


def _text(content: bytes, name: str) -> Bytes:
    if name.endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise _FileFault(f"not readable as gzip: {error}") from error
    if len(content) > _MAX_BYTES:
        raise _FileFault(f"{len(content)} bytes, more than {_MAX_BYTES} in one day")
    text = np.frombuffer(content, np.uint8)
    return text[3:] if content[:3] == b"\xef\xbb\xbf" else text


def _header(text: Bytes) -> _Header:
    head = bytes(text[: 64 * 1024])
    line, newline, _ = head.partition(b"\n")
    try:
        names = next(csv.reader([line.decode("utf-8").rstrip("\r")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _FileFault("row 1: no header in UTF-8") from error
    names = [name.strip().lower() for name in names]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise _FileFault(_missing(missing, names))
    doubled = [name for name in COLUMNS if names.count(name) > 1]
    if doubled:
        raise _FileFault(f"row 1: column {doubled[0]!r} stands there twice")
    places = np.array([names.index(name) for name in COLUMNS], np.int64)
    return _Header(places, len(names), len(line) + len(newline))


def _missing(missing: Iterable[str], names: list[str]) -> str:
    if not any(names):
        return "empty: no header"
    if len(names) == 1 and ";" in names[0]:
        return "row 1: columns are separated by ';', commas are expected"
    return f"row 1: column {', '.join(map(repr, missing))} missing, expected {','.join(COLUMNS)}"


def _is_session(day: date, calendar: TradingCalendar) -> bool:
    if not calendar.first <= day <= calendar.last:
        raise _FileFault(f"{day} is outside the exchange calendar")
    return calendar.is_session(day)
