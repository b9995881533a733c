"""A folder of recorded chains → all that a run needs: sessions, prices, marks and provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from monitor.backtest.bars_panel import PriceTable, Sessions, sessions_between
from monitor.backtest.beside_chains import EARLIER_SESSIONS, Beside, read_beside
from monitor.backtest.chain_book import ChainBook, QuoteKind
from monitor.backtest.chain_folders import ChainFolders, day_files, find_folders
from monitor.backtest.chain_source import ChainLoad, load_chains
from monitor.backtest.quote_marks import QuoteMarks, parity_prices
from monitor.backtest.run_plan import MarksSource
from monitor.domain.trading_calendar import TradingCalendar

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What one ticker is backtested on.

    Args:
        days: The sessions with chains, ascending; `sessions` may begin earlier.
        vol, vix: The underlying's own volatility index, and VIX; None where not at hand.
        source: "quotes", "anchored" or "model".
        provenance: For run.json: what was read, and its hash.
        problems: What is wrong with the data, counted, in plain sentences.
        notes: What a reader of the result must know.
    """

    ticker: str
    days: tuple[date, ...]
    sessions: Sessions
    prices: PriceTable
    marks: MarksSource
    source: str
    provenance: Mapping[str, Any]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    vol: PriceTable | None = None
    vix: PriceTable | None = None

    @property
    def fingerprint(self) -> str:
        return str(self.provenance["hash"])


def chain_folders(root: Path, ticker: str, *, dtes: tuple[int, ...]) -> tuple[Path, ...]:
    """The folders whose day files these DTEs need: the finer 0 DTE recording serves 0 alone.

    Raises:
        DataError: There is no day file of this ticker.
    """
    found: ChainFolders = find_folders(root, ticker)
    wanted = []
    if found.full is not None and (set(dtes) != {0} or found.zero_dte is None):
        wanted.append(found.full)
    if found.zero_dte is not None and (0 in dtes or found.full is None):
        wanted.append(found.zero_dte)
    return tuple(wanted)


def recorded_days(root: Path, ticker: str, *, dtes: tuple[int, ...]) -> list[date]:
    """The days that have a file, without opening any."""
    folders = chain_folders(root, ticker, dtes=dtes)
    return sorted({day for folder in folders for day in day_files(folder, ticker)})


def open_chains(
    root: Path,
    *,
    ticker: str,
    calendar: TradingCalendar,
    cache_dir: Path | None,
    dtes: tuple[int, ...],
    history: Sequence[Path] = (),
    workers: int = 2,
    progress: Progress | None = None,
) -> Inputs:
    """Load the recorded chains of one ticker.

    The underlying's prices come from bars where there are any, else out of the chains by parity.

    Args:
        history: Folders with files of bars, for the underlying, its volatility index and VIX.

    Raises:
        DataError: No day file, or none of them can be used.
    """
    loads = [
        load_chains(
            folder, ticker=ticker, calendar=calendar, cache_dir=cache_dir, max_dte=max(dtes),
            workers=workers, progress=progress,
        )
        for folder in chain_folders(root, ticker, dtes=dtes)
    ]  # fmt: skip
    books = tuple(load.book for load in loads)
    days = sorted({day.day for book in books for day in book.days})
    sessions = sessions_between(
        calendar, _begin(days[0], calendar, history), date.fromordinal(days[-1])
    )
    chain_prices = parity_prices(sessions, books)
    beside = read_beside(history, ticker=ticker, sessions=sessions, chain_prices=chain_prices)
    return Inputs(
        ticker=ticker,
        days=tuple(map(date.fromordinal, days)),
        sessions=sessions,
        prices=beside.prices,
        vol=beside.vol,
        vix=beside.vix,
        marks=QuoteMarks(sessions=sessions, books=books, longest=max(dtes)),
        source="quotes",
        provenance=_provenance(root, loads, beside),
        problems=tuple(
            dict.fromkeys((*(p for load in loads for p in load.problems()), *beside.problems))
        ),
        notes=(*beside.notes, *_notes(books)),
    )


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


def _notes(books: tuple[ChainBook, ...]) -> tuple[str, ...]:
    notes = []
    if any(book.kind is not QuoteKind.QUOTES for book in books):
        notes.append(
            "bids and asks of this recording are prices of trades or mids, not quotes: the "
            "bid-ask spread that a fill pays is not in them"
        )
    return tuple(notes)
