"""Chains kept as Parquet: the shared real ones, each with an answer from elsewhere."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes.chain_files import exchange

from monitor.backtest.chain_book import QuoteKind
from monitor.backtest.chain_reasons import Skip
from monitor.backtest.chain_snapshots import load_snapshots
from monitor.backtest.chain_source import ChainLoad
from monitor.errors import DataError


def load(path: Path, ticker: str) -> ChainLoad:
    return load_snapshots([path], ticker=ticker, calendar=exchange(), max_dte=10)


def closes(shared_data: Path, name: str) -> dict[str, float]:
    with (shared_data / "daily" / name).open() as file:
        return {line["date"]: float(line["close"]) for line in csv.DictReader(file)}


def test_snapshots_after_the_close_stand_at_its_last_minute(shared_data: Path) -> None:
    """The week-end file of 2022-02-05 shows Friday's close, 14694.35 as the file says itself."""
    loaded = load(shared_data / "chains" / "cboe_NDX_chains.parquet", "NDX")
    first = loaded.book.days[0]
    assert date.fromordinal(first.day) == date(2022, 2, 4)
    at = datetime.fromtimestamp(int(first.stamps[0]), UTC)
    assert at == datetime(2022, 2, 4, 20, 59, tzinfo=UTC)
    assert loaded.book.spot[0][0] == pytest.approx(14_694.35, rel=0.003)
    assert loaded.book.kind is QuoteKind.QUOTES


def test_a_snapshot_in_the_session_is_a_quarter_of_an_hour_older_than_its_stamp(
    shared_data: Path,
) -> None:
    """QQQ@2023-05-10T15:10 New York: the 5-minute bar of 18:55 UTC trades at its parity price."""
    loaded = load(shared_data / "chains" / "cboe_QQQ_chains.parquet", "QQQ")
    days = [date.fromordinal(d.day) for d in loaded.book.days]
    i = days.index(date(2023, 5, 10))
    at = datetime.fromtimestamp(int(loaded.book.days[i].stamps[0]), UTC)
    assert at == datetime(2023, 5, 10, 18, 55, tzinfo=UTC)
    assert loaded.book.spot[i][0] == pytest.approx(324.5, abs=0.3)


def test_trap_18_the_am_series_is_not_mixed_into_the_third_friday(shared_data: Path) -> None:
    path = shared_data / "chains" / "cboe_NDX_chains.parquet"
    loaded = load(path, "NDX")
    roots = pq.read_table(path, columns=["root"])["root"].cast(pa.string()).to_pylist()
    skipped = sum(r.skipped.get(Skip.AM_SETTLED, 0) for r in loaded.book.reports)
    assert skipped == roots.count("NDX") > 1000


def test_the_persons_recorded_sessions_are_prices_of_trades(shared_data: Path) -> None:
    """Bid and ask are each bar's lowest and highest trade: 37 % of them are equal."""
    loaded = load(shared_data / "chains" / "NDX_0DTE_5m_2025-10_2025-11.parquet", "NDX")
    book = loaded.book
    assert (book.kind, book.delay_s, len(book.days)) == (QuoteKind.TRADES, 300, 42)
    assert all(d.expirations.tolist() == [d.day] for d in book.days)
    share = sum(r.locked for r in book.reports) / sum(r.kept for r in book.reports)
    assert share == pytest.approx(0.368, abs=0.01)


def test_parity_near_the_close_is_near_the_days_close(shared_data: Path) -> None:
    """Against NDX daily closes from elsewhere; the bar of 15:50 to 15:55 is the last one known
    before the close, and the price moves on for five minutes."""
    book = load(shared_data / "chains" / "NDX_0DTE_5m_2025-10_2025-11.parquet", "NDX").book
    close = closes(shared_data, "NDX_yahoo.csv")
    off = [
        abs(spot[-1] - close[str(date.fromordinal(day.day))])
        for day, spot in zip(book.days, book.spot, strict=True)
        if str(date.fromordinal(day.day)) in close
    ]
    assert len(off) > 38
    assert np.median(off) < 20  # points of 25,000
    assert max(off) < 100


def test_mids_alone_are_told_as_such(shared_data: Path) -> None:
    path = shared_data / "chains" / "SPXW_0DTE_mids_to2024.parquet"
    book = load(path, "SPX").book
    assert (book.kind, book.delay_s) == (QuoteKind.MIDS, 0)
    told = pq.read_table(path).to_pandas()
    first = told[(told.date == "2023-11-06") & (told.time_et == "09:35")]
    assert book.spot[0][0] == pytest.approx(first.spx.iloc[0], abs=1)
    at = datetime.fromtimestamp(int(book.days[0].stamps[0]), UTC)
    assert at == datetime(2023, 11, 6, 14, 35, tzinfo=UTC)


def test_a_parquet_of_something_else_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(DataError, match=r"x\.parquet: no table of chains: its columns are a"):
        load(path, "NDX")
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="not readable as Parquet"):
        load(path, "NDX")


def test_another_tickers_file_gives_no_chain(shared_data: Path) -> None:
    with pytest.raises(DataError, match="no chain of SPX"):
        load(shared_data / "chains" / "cboe_NDX_chains.parquet", "SPX")
