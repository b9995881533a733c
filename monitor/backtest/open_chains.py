"""A folder of recorded chains → all that a run needs: sessions, prices, marks and provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from monitor.backtest.bars_panel import PriceTable, Sessions, sessions_between
from monitor.backtest.beside_chains import EARLIER_SESSIONS, Beside, read_beside
from monitor.backtest.chain_book import ChainBook, QuoteKind
from monitor.backtest.chain_folders import ChainFolders, day_files, find_folders
from monitor.backtest.chain_source import ChainLoad, load_chains
from monitor.backtest.day_ranges import DayRanges
from monitor.backtest.quote_marks import QuoteMarks, parity_prices
from monitor.backtest.run_plan import MarksSource
from monitor.backtest.table_costs import TableCosts
from monitor.domain.pricing.costs import has_half_spreads
from monitor.domain.trading_calendar import TradingCalendar

Progress = Callable[[int, int, str], None]
LONG_GAP = 5  # sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What one ticker is backtested on.

    Args:
        days: The sessions with chains or bars, ascending; `sessions` may begin earlier.
        usual: Entry sessions unless others are asked, all of them; (): the newest 90 of `days`.
        marks: Where option marks come from; None: model prices, made when the bands are known.
        vol, vix: The underlying's own volatility index, and VIX; None where not at hand.
        vols: All the indices that model prices need, by symbol.
        ranges: Of the days, for model marks of sessions without a bar inside.
        source: "quotes", "anchored" or "model".
        provenance: For run.json: what was read, and its hash.
        problems: What is wrong with the data, counted, in plain sentences.
        notes: What a reader of the result must know.
    """

    ticker: str
    days: tuple[date, ...]
    sessions: Sessions
    prices: PriceTable
    marks: MarksSource | None
    source: str
    provenance: Mapping[str, Any]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    vol: PriceTable | None = None
    vix: PriceTable | None = None
    vols: Mapping[str, PriceTable] = field(default_factory=dict)
    usual: tuple[date, ...] = ()
    ranges: DayRanges | None = None

    @property
    def fingerprint(self) -> str:
        return str(self.provenance["hash"])

    def told(self, problems: tuple[str, ...]) -> Inputs:
        """The same, with problems that came up before anything was read."""
        return replace(self, problems=(*problems, *self.problems))


def chain_folders(found: ChainFolders, *, dtes: tuple[int, ...]) -> tuple[Path, ...]:
    """The folders whose day files these DTEs need: the finer 0 DTE recording serves 0 alone."""
    wanted = []
    if found.full is not None and (set(dtes) != {0} or found.zero_dte is None):
        wanted.append(found.full)
    if found.zero_dte is not None and (0 in dtes or found.full is None):
        wanted.append(found.zero_dte)
    return tuple(wanted)


def recorded_days(root: Path, ticker: str, *, dtes: tuple[int, ...]) -> list[date]:
    """The days that have chains, without reading any.

    Raises:
        DataError: There are none of this ticker.
    """
    found = find_folders(root, ticker)
    if found.tables:
        from monitor.backtest.chain_snapshots import table_days  # heavy: pyarrow

        return table_days(found.tables)
    folders = chain_folders(found, dtes=dtes)
    return sorted({day for folder in folders for day in day_files(folder, ticker)})


def open_chains(
    root: Path,
    *,
    ticker: str,
    calendar: TradingCalendar,
    cache_dir: Path | None,
    dtes: tuple[int, ...],
    history: Sequence[Path] = (),
    anchored: bool = False,
    workers: int = 2,
    progress: Progress | None = None,
) -> Inputs:
    """Load the recorded chains of one ticker.

    The underlying's prices come from bars where there are any, else out of the chains by parity.

    Args:
        history: Folders with files of bars, for the underlying, its volatility index and VIX.
        anchored: Price everything with surfaces fitted to the chains instead of their quotes.

    Raises:
        DataError: No day file, or none of them can be used.
        DomainError: Anchored prices are asked of a ticker that cannot have them.
    """
    loads = _loads(root, ticker, calendar, cache_dir, dtes, workers, progress)
    books = tuple(load.book for load in loads)
    days = sorted({day.day for book in books for day in book.days})
    sessions = sessions_between(
        calendar, _begin(days[0], calendar, history), date.fromordinal(days[-1])
    )
    chain_prices = parity_prices(sessions, books)
    beside = read_beside(history, ticker=ticker, sessions=sessions, chain_prices=chain_prices)
    quotes = QuoteMarks(sessions=sessions, books=books, longest=max(dtes))
    marks = _marks(quotes, ticker, books)
    notes = [
        *beside.notes,
        *_notes(ticker, books),
        *gap_notes(beside.prices, sessions, first=days[0], ticker=ticker),
    ]
    if anchored:
        from monitor.backtest.anchored_marks import ANCHORED_NOTE, anchored_marks  # heavy: scipy

        marks = anchored_marks(
            ticker, quotes=quotes, prices=beside.prices, vol=beside.vol, calendar=calendar
        )
        notes.append(ANCHORED_NOTE)
    return Inputs(
        ticker=ticker,
        days=tuple(map(date.fromordinal, days)),
        sessions=sessions,
        prices=beside.prices,
        vol=beside.vol,
        vix=beside.vix,
        marks=marks,
        source="anchored" if anchored else "quotes",
        provenance=_provenance(root, loads, beside),
        problems=tuple(
            dict.fromkeys((*(p for load in loads for p in load.problems()), *beside.problems))
        ),
        notes=tuple(notes),
    )


def _loads(
    root: Path,
    ticker: str,
    calendar: TradingCalendar,
    cache_dir: Path | None,
    dtes: tuple[int, ...],
    workers: int,
    progress: Progress | None,
) -> list[ChainLoad]:
    found = find_folders(root, ticker)
    if found.tables:
        from monitor.backtest.chain_snapshots import load_tables  # heavy: pyarrow

        return load_tables(found.tables, ticker=ticker, calendar=calendar, max_dte=max(dtes))
    return [
        load_chains(
            folder, ticker=ticker, calendar=calendar, cache_dir=cache_dir, max_dte=max(dtes),
            workers=workers, progress=progress,
        )
        for folder in chain_folders(found, dtes=dtes)
    ]  # fmt: skip


def _begin(first: int, calendar: TradingCalendar, history: Sequence[Path]) -> date:
    """The first session looked at: bars from before the chains feed the bands' windows."""
    day = date.fromordinal(first)
    if not history:
        return day
    earlier = calendar.ordinals_between(calendar.first, day)
    return date.fromordinal(int(earlier[-min(EARLIER_SESSIONS, len(earlier))]))


def _provenance(root: Path, loads: list[ChainLoad], beside: Beside) -> dict[str, Any]:
    return {
        "kind": "recorded chains",
        "path": str(root),
        "hash": "-".join([*(load.fingerprint for load in loads), *filter(None, [beside.hash])]),
        "files": sum(len(load.sources) for load in loads),
        "rows": sum(r.rows for load in loads for r in load.book.reports),
        "rows_kept": sum(r.kept for load in loads for r in load.book.reports),
        "converted": sum(load.converted for load in loads),
        "history_files": [path.name for path in beside.files],
    }


def _marks(quotes: QuoteMarks, ticker: str, books: tuple[ChainBook, ...]) -> MarksSource:
    """Quotes as they are; where the recording has none, the measured half-spreads instead."""
    if _quoted(books) or not has_half_spreads(ticker):
        return quotes
    return TableCosts(ticker=ticker, source=quotes)


def _notes(ticker: str, books: tuple[ChainBook, ...]) -> tuple[str, ...]:
    if _quoted(books):
        return ()
    costs = (
        f"half-spreads are those measured for {ticker} by the leg's price"
        if has_half_spreads(ticker)
        else "the bid-ask spread that a fill pays is not in them"
    )
    return (f"bids and asks of this recording are prices of trades or mids, not quotes: {costs}",)


def gap_notes(
    prices: PriceTable, sessions: Sessions, *, first: int, ticker: str
) -> tuple[str, ...]:
    """What the bands of the first entries rest on, where bars end long before the chains begin."""
    begin = int(np.searchsorted(sessions.day, first))
    known = np.flatnonzero(np.isfinite(prices.price[:begin]).any(axis=1))
    if len(known) == 0 or begin - 1 - known[-1] <= LONG_GAP:
        return ()
    last, gap = date.fromordinal(int(sessions.day[known[-1]])), begin - 1 - known[-1]
    return (
        f"bars of {ticker} end on {last}, {gap} sessions before the first chains: the first bands "
        "rest on moves as old as that",
    )


def _quoted(books: tuple[ChainBook, ...]) -> bool:
    return all(book.kind is QuoteKind.QUOTES for book in books)
