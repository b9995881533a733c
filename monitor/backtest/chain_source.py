"""A folder of recorded chains → a book: cached days read, new ones converted, problems named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import xxhash

from monitor.backtest.chain_book import ChainBook, make_book
from monitor.backtest.chain_cache import (
    CachedDay,
    Source,
    content_hash,
    read_day,
    sweep,
    write_day,
)
from monitor.backtest.chain_day import FileReport
from monitor.backtest.chain_files import read_day_file
from monitor.backtest.chain_folders import day_files
from monitor.backtest.chain_reasons import Skip
from monitor.domain.instruments import underlying
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DataError

Progress = Callable[[int, int, str], None]
"""Called with days done, days in all, and the file just done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLoad:
    """A book, where it came from, and what is to be told about it.

    `missing` are sessions between the first and the last day file without a usable one.
    """

    book: ChainBook
    sources: tuple[Source, ...]
    missing: tuple[date, ...]
    converted: int

    @property
    def fingerprint(self) -> str:
        """One hash of all content that was read, for `run.json`."""
        joined = "\n".join(f"{s.name} {s.xxh3_128}" for s in self.sources)
        return xxhash.xxh3_128_hexdigest(joined.encode())

    def problems(self) -> tuple[str, ...]:
        """Plain sentences: files not used, rows skipped by reason, sessions without a file."""
        return problem_lines(self.book.reports, self.missing)


def load_chains(
    folder: Path,
    *,
    ticker: str,
    calendar: TradingCalendar,
    cache_dir: Path | None,
    max_dte: int,
    first: date | None = None,
    last: date | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> ChainLoad:
    """Load the day files of one ticker; what is not in the cache is converted into it.

    Args:
        folder: Holds `TICKER_options_YYYY-MM-DD.csv` (`chain_folders.find_folders`).
        cache_dir: Below it lies a folder of cached days per source folder; None: keep nothing.
        max_dte: Sessions to expiration that are of interest; the cache keeps all.
        first, last: Days, both included.

    Raises:
        DataError: No day of the span can be used; says what is wrong with the first files.
    """
    ticker = underlying(ticker).symbol
    files = {
        day: path
        for day, path in day_files(folder, ticker).items()
        if (first is None or day >= first) and (last is None or day <= last)
    }
    own_cache = None if cache_dir is None else cache_dir / ticker / cache_name(folder)
    if own_cache is not None and own_cache.is_dir():
        sweep(own_cache)
    done = 0

    def one(item: tuple[date, Path]) -> tuple[CachedDay, bool]:
        nonlocal done
        loaded = _load_day(*item, ticker, calendar, own_cache)
        done += 1  # an approximate count is enough to show
        if progress is not None:
            progress(done, len(files), item[1].name)
        return loaded

    with ThreadPoolExecutor(max(1, workers)) as pool:
        loaded = list(pool.map(one, files.items()))
    reports = [day.report for day, _ in loaded]
    chains = [day.chain for day, _ in loaded if day.chain is not None]
    if not chains:
        raise _nothing(folder, ticker, reports, first, last)
    return ChainLoad(
        book=make_book(chains, ticker=ticker, calendar=calendar, max_dte=max_dte, reports=reports),
        sources=tuple(day.source for day, _ in loaded),
        missing=_missing([one.day for one in chains], calendar),
        converted=sum(fresh for _, fresh in loaded),
    )


def cache_name(folder: Path) -> str:
    """A readable name that two folders never share."""
    resolved = folder.resolve()
    told = resolved.parent.name if resolved.parent.name.startswith("options_csv") else resolved.name
    return f"{told}-{xxhash.xxh3_64_hexdigest(str(resolved).encode())[:12]}"


def problem_lines(reports: Sequence[FileReport], missing: Sequence[date]) -> tuple[str, ...]:
    """What is wrong with the data, each kind once, counted, with an example."""
    lines = [f"{r.name}: not used: {r.fault}" for r in reports if r.fault is not None]
    for reason in list(Skip)[1:]:
        touched = [r for r in reports if r.skipped.get(reason)]
        if touched:
            count = sum(r.skipped[reason] for r in touched)
            lines.append(
                f"{count} rows skipped in {len(touched)} files: {reason.text} "
                f"(first: {touched[0].name}, {touched[0].first.get(reason, 'row unknown')})"
            )
    if missing:
        told = ", ".join(map(str, missing[:5])) + (" …" if len(missing) > 5 else "")
        lines.append(f"{len(missing)} sessions without chains: {told}")
    return tuple(lines)


def _load_day(
    day: date, path: Path, ticker: str, calendar: TradingCalendar, cache: Path | None
) -> tuple[CachedDay, bool]:
    """The day and whether it had to be converted."""
    session = _session_minutes(day, calendar)
    kept = None if cache is None else cache / f"{day}.chain"
    known = None if kept is None else read_day(kept, ticker=ticker, day=day, session=session)
    try:
        stat = path.stat()
        if known is not None and known.source.same_at_a_glance(path, stat):
            return known, False
        content = path.read_bytes()
    except OSError as error:
        report = FileReport(name=path.name, day=day, fault=f"not readable: {error.strerror}")
        return CachedDay(None, report, Source(path.name, 0, 0, "")), False
    source = Source(path.name, stat.st_size, stat.st_mtime_ns, content_hash(content))
    touched = known is not None and known.source.xxh3_128 == source.xxh3_128
    if touched and known is not None and known.source.name == source.name:
        fresh = CachedDay(known.chain, known.report, source)
    else:
        chain, report = read_day_file(
            content, name=path.name, day=day, ticker=ticker, calendar=calendar
        )
        fresh = CachedDay(chain, report, source)
        touched = False
    if kept is not None:
        write_day(kept, fresh, ticker=ticker, session=session)
    return fresh, not touched


def _session_minutes(day: date, calendar: TradingCalendar) -> tuple[int, int]:
    if not calendar.first <= day <= calendar.last:
        return 0, 0
    session = calendar.on(day)
    if session is None:
        return 0, 0
    return int(session.open.timestamp()) // 60, int(session.close.timestamp()) // 60


def _missing(days: Sequence[int], calendar: TradingCalendar) -> tuple[date, ...]:
    wanted = calendar.ordinals_between(date.fromordinal(min(days)), date.fromordinal(max(days)))
    return tuple(date.fromordinal(d) for d in sorted(set(wanted) - set(days)))


def _nothing(
    folder: Path,
    ticker: str,
    reports: Sequence[FileReport],
    first: date | None,
    last: date | None,
) -> DataError:
    if not reports:
        span = f" from {first or 'the first'} to {last or 'the last'}" if first or last else ""
        return DataError(
            f"{folder}: no day file of {ticker}{span}",
            hint=f"expected {ticker}_options_YYYY-MM-DD.csv",
        )
    return DataError(
        f"{folder}: none of {len(reports)} day files can be used; "
        f"{reports[0].name}: {reports[0].fault}",
        hint="see docs/backtest-data.md for what a day file holds",
    )
