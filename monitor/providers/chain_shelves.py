"""Recorded chains by the instant at which they were known: three kinds of files, one question.

A shelf holds the recordings of one underlying in one form and answers with the newest chains
known at an instant. Files are opened when they are needed, and the readers of the backtest, with
their compiled kernels, only for the forms that nothing else reads.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from monitor.clock import NEW_YORK
from monitor.domain.delayed_quotes import LAST_MINUTE
from monitor.domain.instruments import underlying
from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DataError
from monitor.providers.chain_history import read_chains
from monitor.providers.option_rows import Said, Symbols, chains_of, read_symbols, wanted_rows

if TYPE_CHECKING:
    from monitor.backtest.chain_book import ChainBook

CBOE_DELAY = timedelta(minutes=15)
RECENT = timedelta(days=4)  # an older chain says nothing about today
LOOKED_BACK = 40  # fetches, for an expiration that the newest ones did not ask for
LONGEST_DTE = 63


class Shelf(Protocol):
    def chains(self, request: ChainRequest, now: datetime) -> Sequence[OptionChain]:
        """The newest chains known at `now`, of the asked expirations that are there.

        Raises:
            DataError: A file is not what it should be.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeptShelf:
    """What the monitor itself kept (`chain_history.py`); `heard` ascending, beside `paths`."""

    ticker: str
    heard: tuple[datetime, ...]
    paths: tuple[Path, ...]

    def chains(self, request: ChainRequest, now: datetime) -> Sequence[OptionChain]:
        last = bisect_right(self.heard, now)
        found: dict[date, tuple[OptionChain, ...]] = {}
        for i in range(last - 1, max(last - LOOKED_BACK, 0) - 1, -1):
            missing = set(request.expirations) - set(found)
            if not missing or now - self.heard[i] > RECENT:
                break
            chains = _kept_file(self.paths[i], self.ticker)
            for day in missing & {chain.expiration for chain in chains}:
                found[day] = tuple(c for c in chains if c.expiration == day)
        return [chain for chains in found.values() for chain in chains]


@lru_cache(maxsize=64)
def _kept_file(path: Path, ticker: str) -> tuple[OptionChain, ...]:
    return read_chains(path, ticker=ticker)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot of Cboe's delayed quotes in a Parquet table."""

    path: Path
    name: str
    asof: datetime

    @property
    def known_at(self) -> datetime:
        return self.asof + CBOE_DELAY


@dataclass(frozen=True, slots=True)
class SnapshotShelf:
    """Snapshots of one underlying, ascending in time."""

    ticker: str
    snapshots: tuple[Snapshot, ...]

    def chains(self, request: ChainRequest, now: datetime) -> Sequence[OptionChain]:
        known = [s for s in self.snapshots if s.known_at <= now <= s.known_at + RECENT]
        if not known:
            return ()
        newest = known[-1]
        symbols, values, spot = _snapshot_rows(newest.path, newest.name)
        rows = wanted_rows(symbols, request)
        said = Said(
            source="", spot=spot, asof=newest.asof, fetched_at=newest.known_at, delay=CBOE_DELAY
        )
        return chains_of(
            symbols.take(rows),
            {name: column[rows] for name, column in values.items()},
            ticker=self.ticker,
            said=said,
        )


def snapshots_in(path: Path, calendar: TradingCalendar) -> Iterator[tuple[str, Snapshot]]:
    """The snapshots of one file with their underlyings: `NDX@2023-04-14T18:31`, New York time.

    A quote is a quarter of an hour older than its snapshot, and after the close it stands at
    the last minute of the session that the file names.
    """
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["snapshot", "session"], partitioning=None)
    distinct = table.group_by(["snapshot", "session"]).aggregate([])
    for row in distinct.to_pylist():
        symbol, _, clock = str(row["snapshot"]).partition("@")
        taken = datetime.fromisoformat(clock).replace(tzinfo=NEW_YORK).astimezone(UTC)
        day = date.fromisoformat(str(row["session"]))
        session = calendar.on(day) if calendar.first <= day <= calendar.last else None
        at = taken - CBOE_DELAY
        asof = min(at, session.close - LAST_MINUTE) if session else at
        yield symbol, Snapshot(path, str(row["snapshot"]), asof)


@lru_cache(maxsize=4)
def _snapshot_rows(path: Path, name: str) -> tuple[Symbols, dict[str, Any], float | None]:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path, partitioning=None)
    table = table.filter(pc.equal(pc.cast(table["snapshot"], pa.string()), name))

    def column(of: str) -> Any:
        values = pc.cast(table[of], pa.float64()).to_numpy(zero_copy_only=False)
        return np.round(values, 4)  # stored in single precision, meant to four decimals

    vol = column("iv")
    known = vol > 0
    values = {
        "bid": column("bid"),
        "ask": column("ask"),
        "open_interest": column("open_interest"),
        "implied_vol": np.where(known, vol, np.nan),
        **{greek: np.where(known, column(greek), np.nan) for greek in ("delta", "gamma")},
    }
    spot = float(table["spot"][0].as_py())
    return read_symbols(table["occ"].to_pylist()), values, spot if spot > 0 else None


@dataclass(slots=True)
class BookShelf:
    """Recordings that the backtest reads: a folder of day files, or one Parquet table.

    A day file is loaded when its day is asked for; a table whole, at the first question.
    """

    ticker: str
    place: Path
    calendar: TradingCalendar
    _books: dict[date | None, ChainBook | DataError] = field(default_factory=dict)

    def chains(self, request: ChainRequest, now: datetime) -> Sequence[OptionChain]:
        day = now.astimezone(NEW_YORK).date()
        book = self._book(day if self.place.is_dir() else None)
        place = next((d for d, one in enumerate(book.days) if one.day == day.toordinal()), None)
        if place is None:
            return ()
        t = int(np.searchsorted(book.days[place].stamps, now.timestamp(), "right")) - 1
        return _of_stamp(book, place, t, request) if t >= 0 else ()

    def _book(self, day: date | None) -> ChainBook:
        if day not in self._books:
            self._books.clear()  # a day is asked for at each of its bars, then never again
            try:
                self._books[day] = self._load(day)
            except DataError as error:
                self._books[day] = error
        book = self._books[day]
        if isinstance(book, DataError):
            raise book
        return book

    def _load(self, day: date | None) -> ChainBook:
        from monitor.backtest.chain_snapshots import load_snapshots  # heavy: numba
        from monitor.backtest.chain_source import load_chains

        if day is None:
            return load_snapshots(
                [self.place], ticker=self.ticker, calendar=self.calendar, max_dte=LONGEST_DTE
            ).book
        return load_chains(
            self.place, ticker=self.ticker, calendar=self.calendar, cache_dir=None,
            max_dte=LONGEST_DTE, first=day, last=day, workers=1,
        ).book  # fmt: skip


def _of_stamp(
    book: ChainBook, place: int, t: int, request: ChainRequest
) -> tuple[OptionChain, ...]:
    """The asked expirations of one recorded day at its stamp `t`."""
    from monitor.backtest.parity import PRICE_UNIT

    day = book.days[place]
    known = underlying(book.ticker)
    strikes, days, prices = [], [], []
    for e, expiration in enumerate(day.expirations.tolist()):
        if date.fromordinal(expiration) in request.expirations:
            own = slice(int(day.strike_start[e]), int(day.strike_start[e + 1]))
            strikes.append(day.strikes[own] / 1000)
            days.append(np.full(len(strikes[-1]), expiration, np.int64))
            prices.append(day.quotes[:, own, t])
    if not strikes:
        return ()
    n = sum(map(len, strikes))
    put_bid, put_ask, call_bid, call_ask = np.concatenate(prices, axis=1) / PRICE_UNIT
    symbols = Symbols(
        roots=(known.pm_root,),
        root=np.zeros(2 * n, np.int64),
        expiration=np.tile(np.concatenate(days), 2),
        call=np.repeat([False, True], n),
        strike=np.tile(np.concatenate(strikes), 2),
    )
    values = {
        "bid": np.concatenate([put_bid, call_bid]),
        "ask": np.concatenate([put_ask, call_ask]),
    }
    quoted = np.flatnonzero(values["ask"] >= 0)  # a missing quote is below 0
    wanted = np.intersect1d(quoted, wanted_rows(symbols, request))
    spot, at = float(book.spot[place][t]), datetime.fromtimestamp(int(day.stamps[t]), UTC)
    return chains_of(
        symbols.take(wanted),
        {name: column[wanted] for name, column in values.items()},
        ticker=book.ticker,
        said=Said(
            source="" if book.kind.value == "quotes" else f"{book.kind.value}, no quotes",
            spot=spot if np.isfinite(spot) else None,
            asof=at,
            fetched_at=at,
        ),
    )
