"""Chains kept as Parquet tables: snapshots of whole chains, recorded sessions, mids alone.

Which of the three a file is, its columns decide. All become the same days as recorded CSV.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from monitor.backtest.chain_book import QuoteKind, make_book
from monitor.backtest.chain_cache import Source, content_hash
from monitor.backtest.chain_day import DayChain, FileReport, build_day
from monitor.backtest.chain_files import describe
from monitor.backtest.chain_reasons import Skip
from monitor.backtest.chain_scan import Rows
from monitor.backtest.chain_source import ChainLoad
from monitor.backtest.chain_tables import TableKind, kind_of
from monitor.backtest.chain_text import AM, CALL, EPOCH, MILLI, OTHER, OWN, PUT
from monitor.clock import NEW_YORK
from monitor.domain.instruments import Underlying, underlying
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DataError

DELAY = timedelta(minutes=15)  # of Cboe's delayed-quote files
LAST_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """One row per option and stamp; `spot` is NaN where the file does not say."""

    stamp: NDArray[np.int64]
    day: NDArray[np.int64]
    expiration: NDArray[np.int64]
    strike: NDArray[np.int32]
    right: NDArray[np.uint8]
    series: NDArray[np.uint8]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    spot: NDArray[np.float64]


def load_snapshots(
    paths: Sequence[Path], *, ticker: str, calendar: TradingCalendar, max_dte: int
) -> ChainLoad:
    """Read Parquet chains of one ticker into a book; files must be of one kind.

    Snapshots of Cboe's delayed quotes say in New York time when they were taken; their quotes
    are a quarter of an hour older, and those taken after the close stand at its last minute.

    Raises:
        DataError: A file is no table of chains, kinds are mixed, or nothing can be used.
    """
    known = underlying(ticker)
    kinds: set[QuoteKind | None] = set()
    days: dict[int, DayChain] = {}
    spots: dict[int, NDArray[np.float64]] = {}
    reports: list[FileReport] = []
    sources: list[Source] = []
    for path in paths:
        table, kind, reader = _open(path)
        kinds.add(kind)
        columns = reader(table, known, calendar)
        for day in np.unique(columns.day).tolist():
            if day in days:
                reports.append(_fault(path, day, "another file has this session already"))
                continue
            chain, spot, report = _day(path, columns, columns.day == day, day, calendar)
            reports.append(report)
            if chain is not None:
                days[day], spots[day] = chain, spot
        stat = path.stat()
        sources.append(
            Source(path.name, stat.st_size, stat.st_mtime_ns, content_hash(path.read_bytes()))
        )
    if len(kinds) > 1:
        raise DataError("chain files of several kinds do not make one book", hint="load them apart")
    if not days:
        why = f": {reports[0].fault}" if reports else ""
        raise DataError(f"no chain of {known.symbol} in {', '.join(p.name for p in paths)}{why}")
    book = make_book(
        list(days.values()), ticker=known.symbol, calendar=calendar, max_dte=max_dte,
        reports=reports, kind=next(iter(kinds)), spots=spots,
    )  # fmt: skip
    return ChainLoad(book=book, sources=tuple(sources), missing=(), converted=len(days))


def load_tables(
    paths: Sequence[Path], *, ticker: str, calendar: TradingCalendar, max_dte: int
) -> list[ChainLoad]:
    """Files of any kinds as one book a kind, the best prices of a session first."""
    by_kind = {kind: [path for path in paths if kind_of(path) is kind] for kind in TableKind}
    return [
        load_snapshots(some, ticker=ticker, calendar=calendar, max_dte=max_dte)
        for some in by_kind.values()
        if some
    ]


def table_days(paths: Sequence[Path]) -> list[date]:
    """The days that the files have rows of, ascending; only the column that says so is read."""
    days: set[int] = set()
    for path in paths:
        name = _DAY_COLUMN[kind_of(path)]
        column = pc.unique(pq.read_table(path, columns=[name], partitioning=None)[name])
        if name == "ts_utc":
            days.update(_new_york_days(_seconds(column)).tolist())
        else:
            days.update(_ordinals(column).tolist())
    return [date.fromordinal(day) for day in sorted(days)]


Reader = Callable[[Any, Underlying, TradingCalendar], _Columns]
_DAY_COLUMN = {
    TableKind.RECORDED: "ts_utc",
    TableKind.SNAPSHOTS: "session",
    TableKind.MIDS: "date",
}


def _open(path: Path) -> tuple[Any, QuoteKind | None, Reader]:
    """The table, what its quotes are (None: to be judged) and who reads it."""
    kind, reader = _READERS[kind_of(path)]
    return pq.read_table(path, partitioning=None), kind, reader


def _day(
    path: Path, columns: _Columns, own: Any, day: int, calendar: TradingCalendar
) -> tuple[DayChain | None, NDArray[np.float64], FileReport]:
    """Judge and lay out one session's rows; the price the file states at each kept stamp."""
    none = np.empty(0)
    on = date.fromordinal(day)
    if not calendar.first <= on <= calendar.last or not calendar.is_session(on):
        return None, none, _fault(path, day, f"{on} ({on:%A}) is no trading session")
    stamps, stamp = np.unique(columns.stamp[own], return_inverse=True)
    expirations, expiration = np.unique(columns.expiration[own], return_inverse=True)
    rows = Rows(
        stamp=stamp.astype(np.int16),
        expiration=expiration.astype(np.int16),
        strike=columns.strike[own],
        right=columns.right[own],
        series=columns.series[own],
        bid=columns.bid[own],
        ask=columns.ask[own],
        line=np.flatnonzero(own).astype(np.int32) + 1,
        stamps=stamps,
        expirations=expirations,
    )
    try:
        chain, verdicts, locked = build_day(rows, day=on, calendar=calendar)
    except OverflowError as error:
        return None, none, _fault(path, day, str(error))
    found = np.bincount(verdicts, minlength=len(Skip)).tolist()
    counts = {Skip(code): n for code, n in enumerate(found) if code and n}
    kept = len(verdicts) - sum(counts.values())
    if not kept:
        return None, none, _fault(path, day, f"no usable row: {describe(counts)}")
    first = {s: f"row {int(rows.line[np.argmax(verdicts == s)])}" for s in counts}
    report = FileReport(
        name=f"{path.name} {on}", day=on, rows=len(verdicts), kept=kept, locked=locked,
        skipped=counts, first=first,
    )  # fmt: skip
    place = np.searchsorted(chain.stamps, stamps)
    spot = np.full(len(chain.stamps), np.nan)
    held = np.isin(stamps, chain.stamps)
    at = np.unique(stamp, return_index=True)[1]
    spot[place[held]] = columns.spot[own][at[held]]
    return chain, spot, report


def _fault(path: Path, day: int, why: str) -> FileReport:
    on = date.fromordinal(day)
    return FileReport(name=f"{path.name} {on}", day=on, fault=why)


def _cboe(table: Any, known: Underlying, calendar: TradingCalendar) -> _Columns:
    """Delayed-quote snapshots: `snapshot` is NAME@local time, `session` the day it shows."""
    told = table["snapshot"].to_numpy().astype(str)
    session = table["session"].to_numpy().astype(str)
    distinct, which = np.unique(np.char.add(np.char.add(told, " "), session), return_inverse=True)
    at = [_snapshot_time(one, calendar) for one in distinct]
    days = [date.fromisoformat(one.split(" ")[1]).toordinal() for one in distinct]
    return _Columns(
        stamp=np.array(at, np.int64)[which],
        day=np.array(days, np.int64)[which],
        expiration=_ordinals(table["expiry"]),
        strike=_milli(table["strike"]),
        right=_rights(table["right"]),
        series=_series(table["root"], known),
        bid=_floats(table["bid"]),
        ask=_floats(table["ask"]),
        spot=_floats(table["spot"]),
    )


def _snapshot_time(told: str, calendar: TradingCalendar) -> int:
    """When the quotes were so: a delay before the snapshot, at most the session's last minute."""
    snapshot, session = told.split(" ")
    taken = datetime.fromisoformat(snapshot.split("@")[1]).replace(tzinfo=NEW_YORK)
    known = calendar.on(date.fromisoformat(session))
    at = taken.astimezone(UTC) - DELAY
    if known is not None:
        at = min(at, known.close - LAST_MINUTE)
    return int(at.timestamp())


def _recorded(table: Any, known: Underlying, calendar: TradingCalendar) -> _Columns:
    """Recorded sessions: `ts_utc`, and the series in the option's symbol."""
    del calendar
    stamps = _seconds(table["ts_utc"])
    roots = pc.replace_substring_regex(table["occ"], r"^(?:O:)?([A-Z]+)\d.*$", r"\1")
    return _Columns(
        stamp=stamps,
        day=_new_york_days(stamps),
        expiration=_ordinals(table["expiration"]),
        strike=_milli(table["strike"]),
        right=_rights(table["right"]),
        series=_series(roots, known),
        bid=_floats(table["bid"]),
        ask=_floats(table["ask"]),
        spot=np.full(len(table), np.nan),
    )


def _mids(table: Any, known: Underlying, calendar: TradingCalendar) -> _Columns:
    """Mids of same-day options: bid = ask = mid, so that nothing looks like a known spread."""
    del known, calendar
    days = _ordinals(table["date"])
    told = table["time_et"].to_numpy().astype(str)
    distinct, which = np.unique(
        np.array([f"{d} {t}" for d, t in zip(days.tolist(), told, strict=True)]),
        return_inverse=True,
    )
    stamps = np.array([_new_york_instant(one) for one in distinct], np.int64)[which]
    spot = _floats(table["spx"]) if "spx" in table.column_names else np.full(len(days), np.nan)
    mids = [_floats(table["put_mid"]), _floats(table["call_mid"])]
    twice = {
        "stamp": stamps, "day": days, "expiration": days, "strike": _milli(table["strike"]),
        "spot": spot,
    }  # fmt: skip
    both = {name: np.concatenate([values, values]) for name, values in twice.items()}
    mid = np.concatenate(mids)
    right = np.repeat(np.array([PUT, CALL], np.uint8), len(days))
    return _Columns(**both, right=right, series=np.full(len(mid), OWN, np.uint8), bid=mid, ask=mid)


def _seconds(column: Any) -> NDArray[np.int64]:
    """Stamps in UTC as whole seconds since 1970."""
    whole = column.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64())
    seconds: NDArray[np.int64] = whole.to_numpy(zero_copy_only=False)
    return seconds


def _new_york_instant(told: str) -> int:
    ordinal, clock = told.split(" ")
    at = datetime.combine(date.fromordinal(int(ordinal)), time.fromisoformat(clock), NEW_YORK)
    return int(at.timestamp())


def _new_york_days(stamps: NDArray[np.int64]) -> NDArray[np.int64]:
    distinct, which = np.unique(stamps, return_inverse=True)
    days = [datetime.fromtimestamp(at, UTC).astimezone(NEW_YORK).toordinal() for at in distinct]
    return np.array(days, np.int64)[which]


def _ordinals(column: Any) -> NDArray[np.int64]:
    days: NDArray[np.int32] = (
        pc.cast(pc.cast(column, pa.string()), pa.date32()).cast(pa.int32()).to_numpy()
    )
    return days.astype(np.int64) + EPOCH


def _milli(column: Any) -> NDArray[np.int32]:
    return np.round(_floats(column) * MILLI).astype(np.int32)


def _floats(column: Any) -> NDArray[np.float64]:
    """Double precision; what was stored in single is meant to four decimals."""
    values: NDArray[np.float64] = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    return np.round(values, 4) if column.type == pa.float32() else values


def _rights(column: Any) -> NDArray[np.uint8]:
    calls = pc.equal(pc.cast(column, pa.string()), "C").to_numpy(zero_copy_only=False)
    return np.where(calls, CALL, PUT).astype(np.uint8)


def _series(column: Any, known: Underlying) -> NDArray[np.uint8]:
    roots = pc.cast(column, pa.string()).to_numpy(zero_copy_only=False).astype(str)
    codes = np.where(roots == (known.am_root or ""), AM, OTHER)
    return np.where(roots == known.pm_root, OWN, codes).astype(np.uint8)


_READERS: dict[TableKind, tuple[QuoteKind | None, Reader]] = {
    TableKind.SNAPSHOTS: (QuoteKind.QUOTES, _cboe),
    TableKind.RECORDED: (None, _recorded),
    TableKind.MIDS: (QuoteKind.MIDS, _mids),
}
