"""Recorded chains: at each instant the newest that were known then, and never a later one."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes.chain_bodies import snapshot
from fakes.chain_files import DAY as CSV_DAY
from fakes.chain_files import exchange, parity_rows, row, write_day
from fakes.chains import EXPIRATION, chain
from fakes.spine import CALENDAR, NOW

from monitor.domain.chain_quotes import vertical_quote
from monitor.domain.option_chain import ChainRequest, OptionChain, Right
from monitor.providers.base import ChainProvider
from monitor.providers.chain_history import ChainHistory
from monitor.providers.replay_chains import ReplayChainProvider

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
LATER = date(2026, 11, 23)


def ask(ticker: str, *days: date, **bounds: float) -> ChainRequest:
    return ChainRequest(ticker=ticker, expirations=days, **bounds)


def only(provider: ReplayChainProvider, request: ChainRequest, now: datetime) -> OptionChain:
    batch = provider.chains(request, now=now)
    assert not batch.errors
    (one,) = batch.chains
    return one


# what the monitor kept


def kept(n: int, bid: float, day: date = EXPIRATION) -> OptionChain:
    """Heard n minutes after NOW, of a quarter of an hour before."""
    heard = NOW + n * MINUTE
    return replace(
        chain(puts={19_500: (bid, bid + 1)}, asof=heard - 15 * MINUTE, expiration=day),
        fetched_at=heard, delay=15 * MINUTE, source="cboe",
    )  # fmt: skip


@pytest.fixture
def watched(tmp_path: Path) -> ReplayChainProvider:
    history = ChainHistory(tmp_path)
    history.record([kept(0, 1.0), kept(0, 8.0, LATER)])
    history.record([kept(5, 2.0)])
    return ReplayChainProvider(tmp_path, calendar=CALENDAR)


def test_a_kept_chain_is_known_when_it_was_heard(watched: ReplayChainProvider) -> None:
    assert isinstance(watched, ChainProvider)
    assert not watched.simulated
    request = ask("NDX", EXPIRATION)
    early = watched.chains(request, now=NOW - SECOND)
    assert early.chains == ()
    assert "has no chain of NDX 2026-11-20 known at 2026-11-18 07:31 PT" in (
        early.errors["NDX", EXPIRATION].message
    )
    assert only(watched, request, NOW + 5 * MINUTE - SECOND).put.bid.tolist() == [1.0]
    newest = only(watched, request, NOW + 5 * MINUTE)
    assert (newest.put.bid.tolist(), newest.asof) == ([2.0], NOW - 10 * MINUTE)
    assert newest.source == f"replay:{watched.path} (cboe)"


def test_an_expiration_that_the_newest_fetch_did_not_ask_for_is_found(
    watched: ReplayChainProvider,
) -> None:
    batch = watched.chains(ask("NDX", EXPIRATION, LATER), now=NOW + 60 * MINUTE)
    assert {c.expiration: c.put.bid[0] for c in batch.chains} == {EXPIRATION: 2.0, LATER: 8.0}


def test_last_weeks_chains_say_nothing_about_today(watched: ReplayChainProvider) -> None:
    assert watched.chains(ask("NDX", LATER), now=NOW + timedelta(days=5)).chains == ()


def test_notes_say_what_there_is(watched: ReplayChainProvider, tmp_path: Path) -> None:
    assert watched.notes == ("option chains of NDX",)
    empty = ReplayChainProvider(tmp_path / "none", calendar=CALENDAR)
    assert empty.notes == (
        f"{tmp_path / 'none'} holds no option chains: alerts and marks are without quotes",
    )
    assert (
        "has no chain of NDX"
        in empty.chains(ask("NDX", EXPIRATION), now=NOW).errors["NDX", EXPIRATION].message
    )


def test_a_damaged_file_is_a_problem_and_no_crash(watched: ReplayChainProvider) -> None:
    for path in watched.path.rglob("*.parquet"):
        path.write_bytes(b"broken")
    batch = watched.chains(ask("NDX", EXPIRATION), now=NOW + 9 * MINUTE)
    assert "not a file of kept chains" in batch.errors["NDX", EXPIRATION].message


def test_kept_chains_and_snapshots_are_read_without_the_backtests_kernels(
    watched: ReplayChainProvider,
) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import *\n"
        "from monitor.providers.replay_chains import ReplayChainProvider\n"
        "from monitor.providers.sessions import load_calendar\n"
        "from monitor.domain.option_chain import ChainRequest\n"
        f"p = ReplayChainProvider(Path({str(watched.path)!r}), "
        "calendar=load_calendar(None, today=date(2026, 11, 18)))\n"
        "b = p.chains(ChainRequest(ticker='NDX', expirations=(date(2026, 11, 20),)), "
        f"now=datetime.fromtimestamp({NOW.timestamp()}, UTC))\n"
        "assert b.chains, b.errors\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# recorded day files


def test_a_day_file_is_known_at_its_stamps(tmp_path: Path) -> None:
    early = [*parity_rows("14:30", 24_020.0), row("14:30", "put", 23_900, 1.0, 1.2)]
    late = [*parity_rows("14:45", 24_030.0), row("14:45", "put", 23_900, 2.0, 2.2)]
    write_day(tmp_path / "options_csv_output_full" / "NDX", [*early, *late])
    provider = ReplayChainProvider(tmp_path, calendar=exchange())
    request, opened = ask("NDX", CSV_DAY), datetime(2026, 2, 17, 14, 30, tzinfo=UTC)
    assert provider.notes == ("option chains of NDX",)
    assert provider.chains(request, now=opened - SECOND).chains == ()
    first = only(provider, request, opened + 15 * MINUTE - SECOND)
    assert (first.asof, first.root, first.delay) == (opened, "NDXP", timedelta(0))
    assert first.spot == pytest.approx(24_020.0)
    assert first.put.bid[0] == 1.0
    assert np.isnan(first.call.bid[0])
    second = only(provider, ask("NDX", CSV_DAY, high_strike=24_000.0), opened + 15 * MINUTE)
    assert second.strikes.tolist() == [23_900, 24_000]
    assert second.put.bid[0] == 2.0
    assert second.source == f"replay:{tmp_path}"


# the recorded chains of the shared data folder

SESSIONS = [
    "NDX@2022-02-05T20:26", "NDX@2023-04-14T18:31", "NDX@2023-05-02T16:43", "SPX@2022-03-23T10:11",
    "SPX@2023-02-07T17:34", "SPX@2020-03-22T18:24", "QQQ@2023-05-10T15:10", "SPY@2025-05-01T16:49",
]  # fmt: skip


@pytest.mark.parametrize("name", SESSIONS)
def test_a_snapshot_is_known_a_delay_after_its_quotes(shared_data: Path, name: str) -> None:
    ticker = name.partition("@")[0]
    one = snapshot(shared_data, name)
    provider = ReplayChainProvider(shared_data / "chains", calendar=exchange())
    last_quotes = exchange().on(one.session).close - MINUTE  # type: ignore[union-attr]
    asof = min(one.taken - 15 * MINUTE, last_quotes)
    rows = one.rows[one.rows["expiry"].astype(str) > one.session.isoformat()]
    day = date.fromisoformat(sorted(map(str, rows["expiry"].unique()))[0])
    request = ask(ticker, day, low_strike=0.9 * one.spot, high_strike=1.1 * one.spot)
    before = provider.chains(request, now=asof + 15 * MINUTE - SECOND)
    assert all(c.asof < asof for c in before.chains)
    chains = provider.chains(request, now=asof + 15 * MINUTE).chains
    assert chains
    for chain_ in chains:
        assert (chain_.asof, chain_.spot) == (asof, pytest.approx(one.spot))
        own = rows[(rows["root"] == chain_.root) & (rows["expiry"] == day.isoformat())]
        near = own[(own["strike"] >= 0.9 * one.spot) & (own["strike"] <= 1.1 * one.spot)]
        assert chain_.strikes.tolist() == sorted(set(near["strike"].astype(float)))
        _condor_by_hand(chain_, near)


def _condor_by_hand(one: OptionChain, rows: pd.DataFrame) -> None:
    """Short strikes 3 % out, the next strikes but one behind them: credit from the raw rows."""
    assert one.spot is not None
    k = one.strikes
    put = int(np.searchsorted(k, 0.97 * one.spot))
    call = int(np.searchsorted(k, 1.03 * one.spot))
    for right, letter, short, long in (
        (Right.PUT, "P", put, put - 2), (Right.CALL, "C", call, call + 2),
    ):  # fmt: skip
        if not 0 <= long < len(k):
            continue
        quote = vertical_quote(one, right, short=float(k[short]), long=float(k[long]), opening=True)
        raw = rows[rows["right"] == letter].set_index("strike")
        s, b = raw.loc[k[short]], raw.loc[k[long]]
        if quote.mid is not None:
            assert quote.mid == pytest.approx((s.bid + s.ask - b.bid - b.ask) / 2, abs=1e-3)
            assert quote.width == k[short] - k[long] if right is Right.PUT else k[long] - k[short]
        else:
            assert s.bid <= 0 or b.ask <= 0 or s.bid + s.ask < b.bid + b.ask


def test_recorded_trades_are_not_called_quotes(shared_data: Path) -> None:
    """The 42 sessions of autumn 2025 hold a bar's lowest and highest trade, known at its end."""
    provider = ReplayChainProvider(shared_data / "chains", calendar=exchange())
    day = date(2025, 10, 1)
    at = datetime(2025, 10, 1, 15, 0, tzinfo=UTC)
    one = only(provider, ask("NDX", day), at)
    assert one.source.endswith("(trades, no quotes)")
    table = pd.read_parquet(shared_data / "chains" / "NDX_0DTE_5m_2025-10_2025-11.parquet")
    bar = table[table["ts_utc"] == pd.Timestamp(at - 5 * MINUTE)]
    assert one.asof == at  # the bar of 14:55 is known at 15:00
    assert set(one.strikes) <= set(bar["strike"].astype(float))
    calls = bar[bar["right"] == "C"].set_index("strike")
    for k, bid in zip(one.strikes, one.call.bid, strict=True):
        if np.isfinite(bid):
            assert bid == pytest.approx(calls.loc[k].bid)


def test_a_day_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "options_csv_output_full" / "NDX"
    folder.mkdir(parents=True)
    (folder / f"NDX_options_{CSV_DAY}.csv").write_text("timestamp;ticker\n")
    provider = ReplayChainProvider(tmp_path, calendar=exchange())
    batch = provider.chains(ask("NDX", CSV_DAY), now=datetime(2026, 2, 17, 15, tzinfo=UTC))
    told = batch.errors["NDX", CSV_DAY].message
    assert "has no chain of NDX 2026-02-17" in told
    assert "separated by ';'" in told
