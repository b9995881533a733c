"""Recorded option chains as a source: past days, and at each instant only what was known then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from monitor.backtest.chain_folders import find_folders
from monitor.domain.alert_text import clock_text
from monitor.domain.instruments import SYMBOLS, underlying
from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DataError, ProviderError
from monitor.providers.base import ChainBatch, SourceHealth
from monitor.providers.chain_history import FOLDER, heard_at
from monitor.providers.chain_shelves import (
    BookShelf,
    KeptShelf,
    Shelf,
    Snapshot,
    SnapshotShelf,
    snapshots_in,
)

SNAPSHOTS = 0  # the place of their columns among those of all kinds
SNAPSHOT_COLUMNS = {"snapshot", "session", "occ", "bid", "ask", "iv", "delta", "gamma", "spot"}
TABLE_COLUMNS = (
    {"ts_utc", "occ", "right", "strike", "expiration", "bid", "ask"},
    {"date", "time_et", "strike", "call_mid", "put_mid"},
)


class ReplayChainProvider:
    """Chains of a replay folder: what the monitor kept, snapshots, recorded day files.

    Args:
        path: The folder; what it may hold is docs/data-formats.md (Option chains).
    """

    simulated = False

    def __init__(self, path: Path, *, calendar: TradingCalendar) -> None:
        self.path = path
        self.name = f"replay:{path} chains"
        self._calendar = calendar
        self._tables = tuple(_tables(path))
        self._snapshots = _snapshots([p for p, kind in self._tables if kind == SNAPSHOTS], calendar)
        self._kept = _kept(path / FOLDER)
        self._shelves: dict[str, tuple[Shelf, ...]] = {}
        self._last_ok_at: datetime | None = None
        held = [ticker for ticker in SYMBOLS if self._of(ticker)]
        self.notes: tuple[str, ...] = (
            (f"option chains of {', '.join(held)}",)
            if held
            else (f"{path} holds no option chains: alerts and marks are without quotes",)
        )

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        newest: dict[tuple[str, date], OptionChain] = {}
        faults: list[str] = []
        for shelf in self._of(request.ticker):
            try:
                found = shelf.chains(request, now)
            except DataError as error:
                faults.append(error.message)
                continue
            for chain in found:
                key = (chain.root, chain.expiration)
                if key not in newest or chain.asof > newest[key].asof:
                    newest[key] = chain
        if newest:
            self._last_ok_at = now
        came = {day for _, day in newest}
        return ChainBatch(
            chains=tuple(self._named(chain) for chain in newest.values()),
            errors={
                (request.ticker, day): self._nothing(request.ticker, day, now, faults)
                for day in request.expirations
                if day not in came
            },
        )

    def health(self) -> tuple[SourceHealth, ...]:
        state = "ok" if self._last_ok_at else "unused"
        return (SourceHealth(name=self.name, state=state, last_ok_at=self._last_ok_at),)

    def close(self) -> None:
        """Nothing to release."""

    def _of(self, ticker: str) -> tuple[Shelf, ...]:
        ticker = underlying(ticker).symbol
        if ticker not in self._shelves:
            self._shelves[ticker] = tuple(self._open(ticker))
        return self._shelves[ticker]

    def _open(self, ticker: str) -> Iterator[Shelf]:
        if ticker in self._kept:
            yield self._kept[ticker]
        if ticker in self._snapshots:
            yield self._snapshots[ticker]
        try:
            folders = find_folders(self.path, ticker)
        except DataError:
            pass
        else:
            for place in (folders.full, folders.zero_dte):
                if place is not None:
                    yield BookShelf(ticker, place, self._calendar)
        known = underlying(ticker)
        for path, kind in self._tables:
            if kind != SNAPSHOTS and path.name.split("_")[0] in (ticker, known.pm_root):
                yield BookShelf(ticker, path, self._calendar)

    def _named(self, chain: OptionChain) -> OptionChain:
        """The replay's name in front: the numbers are real, the time is not."""
        more = f" ({chain.source})" if chain.source else ""
        return replace(chain, source=f"replay:{self.path}{more}")

    def _nothing(
        self, ticker: str, day: date, now: datetime, faults: Sequence[str]
    ) -> ProviderError:
        told = f"replay:{self.path} has no chain of {ticker} {day} known at {clock_text(now)}"
        return ProviderError(
            "; ".join([told, *faults]), source=self.name, symbol=ticker, retryable=False
        )


def _tables(path: Path) -> Iterator[tuple[Path, int]]:
    """Parquet tables of chains, and their kind: snapshots, recorded sessions or mids."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for place in (path, path / FOLDER):
        for file in sorted(place.glob("*.parquet")) if place.is_dir() else ():
            try:
                names = set(pq.read_schema(file).names)
            except (OSError, pa.ArrowInvalid):
                continue  # the reader of bars says so
            for kind, columns in enumerate((SNAPSHOT_COLUMNS, *TABLE_COLUMNS)):
                if columns <= names:
                    yield file, kind
                    break


def _snapshots(paths: list[Path], calendar: TradingCalendar) -> dict[str, SnapshotShelf]:
    found: dict[str, list[Snapshot]] = {}
    for path in paths:
        for symbol, one in snapshots_in(path, calendar):
            found.setdefault(underlying(symbol).symbol, []).append(one)
    return {
        ticker: SnapshotShelf(ticker, tuple(sorted(ones, key=lambda one: one.asof)))
        for ticker, ones in found.items()
    }


def _kept(folder: Path) -> dict[str, KeptShelf]:
    found: dict[str, list[tuple[datetime, Path]]] = {}
    for path in folder.glob("*/*.parquet"):
        told = heard_at(path)
        if told is not None:
            found.setdefault(told[0], []).append((told[1], path))
    return {
        ticker: KeptShelf(ticker, *map(tuple, zip(*sorted(files), strict=True)))
        for ticker, files in found.items()
    }
