"""Recorded days as files that load at the speed of reading: one per day file, replaced whole.

Layout: 8 bytes magic, 8 bytes length of the header (little endian), the header (JSON), zeros up
to a multiple of 64, then the arrays of `DayChain` one after the other, each at a multiple of 64.
The header says which source file it was made from (name, size, time of change and hash of the
content), what was found in it, and the hash of what follows it. A cache may be deleted at any
time; what is damaged or of another format is made anew.
"""

from __future__ import annotations

import logging
import mmap
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import xxhash

from monitor.backtest.chain_day import DayChain, FileReport
from monitor.backtest.chain_reasons import Skip

logger = logging.getLogger(__name__)

MAGIC = b"CWCHAIN1"
RULES = 1  # raise it when rows are judged, or the forward is found, in another way
_ALIGN = 64
_ARRAYS = (
    ("stamps", np.int64),
    ("expirations", np.int64),
    ("strike_start", np.int64),
    ("strikes", np.int64),
    ("quotes", np.int32),
    ("forwards", np.float64),
    ("forward_strikes", np.int16),
)


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The day file: its identity at a glance (name, size, mtime) and by content."""

    name: str
    size: int
    mtime_ns: int
    xxh3_128: str

    def same_at_a_glance(self, path: Path, stat: os.stat_result) -> bool:
        return (self.name, self.size, self.mtime_ns) == (path.name, stat.st_size, stat.st_mtime_ns)


class _Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rows: int
    kept: int
    locked: int
    skipped: dict[int, int]
    first: dict[int, str]
    fault: str | None


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: int
    ticker: str
    day: date
    session: tuple[int, int]  # open and close in UTC epoch minutes; (0, 0): no session
    source: Source
    report: _Report
    shapes: dict[str, list[int]]  # empty when the file had a fault
    length: int
    xxh3_64: str


@dataclass(frozen=True, slots=True)
class CachedDay:
    """A day as it came from its cache or its file; `chain` is None when the file has a fault."""

    chain: DayChain | None
    report: FileReport
    source: Source


def content_hash(content: bytes) -> str:
    return xxhash.xxh3_128_hexdigest(content)


def write_day(path: Path, day: CachedDay, *, ticker: str, session: tuple[int, int]) -> bool:
    """Replace the cache file in one step; whether that went well (if not, only time is lost)."""
    arrays = [] if day.chain is None else [
        np.ascontiguousarray(getattr(day.chain, name), dtype) for name, dtype in _ARRAYS
    ]  # fmt: skip
    body = b"".join(_padded(a.tobytes()) for a in arrays)
    header = msgspec.json.encode(_header(day, arrays, body, ticker=ticker, session=session))
    head = _padded(MAGIC + len(header).to_bytes(8, "little") + header)
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(head)
            file.write(body)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink(missing_ok=True)
        logger.warning("chain cache not kept", extra={"path": str(path), "error": str(error)})
        return False
    return True


def read_day(path: Path, *, ticker: str, day: date, session: tuple[int, int]) -> CachedDay | None:
    """The cached day, or None when there is none that can be used.

    The arrays are views of the mapped file: read-only, and in memory only where looked at.
    """
    try:
        with path.open("rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        header, begin = _read_header(view)
        body = view[begin:]
        usable = (
            (header.rules, header.ticker, header.day, header.session)
            == (RULES, ticker, day, session)
            and len(body) == header.length
            and xxhash.xxh3_64_hexdigest(body) == header.xxh3_64
        )
        if not usable:
            return None
        chain = _views(header, body) if header.shapes else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, msgspec.DecodeError) as error:
        logger.warning("chain cache unreadable", extra={"path": str(path), "error": str(error)})
        return None
    return CachedDay(chain, _report(header), header.source)


def sweep(folder: Path) -> None:
    """Remove what killed writers left: temporary files older than a day's work."""
    newest = max((p.stat().st_mtime for p in folder.glob("*.chain")), default=0.0)
    for path in folder.glob(".*.chain.*"):
        with suppress(OSError):
            if path.stat().st_mtime < newest - 3600:
                path.unlink(missing_ok=True)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGN)


def _header(
    day: CachedDay, arrays: list[Any], body: bytes, *, ticker: str, session: tuple[int, int]
) -> _Header:
    report = day.report
    assert report.day is not None  # noqa: S101 - a day file has a day
    return _Header(
        rules=RULES,
        ticker=ticker,
        day=report.day,
        session=session,
        source=day.source,
        report=_Report(
            rows=report.rows,
            kept=report.kept,
            locked=report.locked,
            skipped={int(k): v for k, v in report.skipped.items()},
            first={int(k): v for k, v in report.first.items()},
            fault=report.fault,
        ),
        shapes={name: list(a.shape) for (name, _), a in zip(_ARRAYS, arrays, strict=False)},
        length=len(body),
        xxh3_64=xxhash.xxh3_64_hexdigest(body),
    )


def _read_header(view: memoryview) -> tuple[_Header, int]:
    if view[:8] != MAGIC:
        raise ValueError("not a chain cache")
    size = int.from_bytes(view[8:16], "little")
    if not 0 < size <= len(view) - 16:
        raise ValueError("cut short")
    header = msgspec.json.decode(view[16 : 16 + size], type=_Header)
    return header, 16 + size + (-(16 + size) % _ALIGN)


def _views(header: _Header, body: memoryview) -> DayChain:
    arrays: dict[str, Any] = {}
    at = 0
    for name, dtype in _ARRAYS:
        shape = header.shapes[name]
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(body, dtype, count, at).reshape(shape)
        at += count * np.dtype(dtype).itemsize
        at += -at % _ALIGN
    return DayChain(day=header.day.toordinal(), **arrays)


def _report(header: _Header) -> FileReport:
    told = header.report
    return FileReport(
        name=header.source.name,
        day=header.day,
        rows=told.rows,
        kept=told.kept,
        locked=told.locked,
        skipped={Skip(k): v for k, v in told.skipped.items()},
        first={Skip(k): v for k, v in told.first.items()},
        fault=told.fault,
    )
