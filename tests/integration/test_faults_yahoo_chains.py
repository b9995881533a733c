"""Yahoo's option chains: the real yfinance client against recorded and made-up answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from fakes.chain_bodies import Snapshot, snapshot, yahoo_body
from fakes.positions_book import nyse
from fakes.yahoo_client import yahoo_on_loopback
from fakes.yahoo_server import PlayOptions, Reply, YahooServer

from monitor.domain.chain_quotes import leg_quote
from monitor.domain.option_chain import ChainRequest, Right
from monitor.errors import PayloadError, ProviderError, RateLimitedError, UnreachableError
from monitor.providers.base import ChainBatch
from monitor.providers.chain_fallback import ResilientChains
from monitor.providers.yahoo_chains import YahooChainProvider

MINUTE = timedelta(minutes=1)
TIMEOUT_S = 0.6
SPX = "SPX@2023-02-07T17:34"
DAY, OTHER = date(2023, 2, 8), date(2023, 2, 10)
LIMITED = Reply(status=429, body=b"Edge: Too Many Requests", headers={"Retry-After": "600"})


@contextmanager
def yahoo(
    options: PlayOptions, tmp_path: Path, *, timeout_s: float = 5.0
) -> Iterator[tuple[YahooServer, ResilientChains]]:
    """The provider as the monitor wires it; it never really sleeps."""
    no_chart = Reply(status=404, body=b"")
    with yahoo_on_loopback(lambda _: no_chart, cache_dir=tmp_path, timeout_s=timeout_s) as (
        server, raw,
    ):  # fmt: skip
        server.options = options
        chains = YahooChainProvider(raw, calendar=nyse(), interval=5 * MINUTE)
        yield server, ResilientChains(chains, sleep=lambda _: None)


def serving(
    one: Snapshot, *, symbol: str, root: str, traded: datetime | None = None
) -> PlayOptions:
    def play(_symbol: str, asked: int | None) -> Reply:
        day = None if asked is None else datetime.fromtimestamp(asked, UTC).date()
        return Reply(body=yahoo_body(one, symbol=symbol, root=root, day=day, traded=traded))

    return play


def always(reply: Reply) -> PlayOptions:
    return lambda _symbol, _date: reply


def ask(ticker: str = "SPX", *days: date, **bounds: float) -> ChainRequest:
    return ChainRequest(ticker=ticker, expirations=days or (DAY,), **bounds)


@pytest.fixture
def spx(shared_data: Path) -> Snapshot:
    return snapshot(shared_data, SPX)


def test_a_real_chain_comes_through_without_greeks(spx: Snapshot, tmp_path: Path) -> None:
    with yahoo(serving(spx, symbol="^SPX", root="SPXW"), tmp_path) as (server, provider):
        batch = provider.chains(ask("SPX", DAY, OTHER), now=spx.taken)
    assert server.option_pages == {"^SPX": 3}  # the list, and a page each
    assert not batch.errors
    assert [(c.root, c.expiration) for c in batch.chains] == [("SPXW", DAY), ("SPXW", OTHER)]
    chain = batch.chains[0]
    rows = spx.rows[(spx.rows["expiry"] == DAY.isoformat()) & (spx.rows["root"] == "SPXW")]
    assert len(chain.strikes) == rows["strike"].nunique()
    for row in rows.itertuples():
        k = chain.place(float(row.strike))
        assert k is not None
        side = chain.side(Right.CALL if row.right == "C" else Right.PUT)
        assert side.bid[k] == pytest.approx(row.bid, abs=1e-4)
        assert side.ask[k] == pytest.approx(row.ask, abs=1e-4)
        known = row.iv > 0.001 and row.ask > 0
        assert np.isfinite(side.implied_vol[k]) == known
    assert np.isnan(chain.put.delta).all()
    assert np.isnan(chain.call.vega_per_vol_point).all()
    assert (chain.spot, chain.source, chain.delay) == (spx.spot, "yahoo", 15 * MINUTE)
    assert chain.asof == datetime(2023, 2, 7, 20, 59, tzinfo=UTC)  # taken after the close


def test_the_recorded_answer_before_the_open_has_no_quotes(
    shared_data: Path, tmp_path: Path
) -> None:
    recorded = json.loads((shared_data / "http" / "yahoo_v7_options_QQQ.json").read_text())
    body = json.dumps(recorded["response"]["body"]).encode()
    now, monday = datetime(2025, 2, 24, 9, 24, 45, tzinfo=UTC), date(2025, 2, 24)
    with yahoo(always(Reply(body=body)), tmp_path) as (_, provider):
        (chain,) = provider.chains(ask("QQQ", monday), now=now).chains
    assert (chain.root, chain.spot) == ("QQQ", 526.12)
    assert chain.asof == datetime(2025, 2, 21, 20, 59, tzinfo=UTC)  # Friday's last minute
    put = leg_quote(chain, Right.PUT, 513)
    assert (put.mid, put.problem) == (None, "513 put: not quoted")
    k = chain.place(513)
    assert k is not None
    assert np.isnan(chain.put.implied_vol[k])  # Yahoo's 0.125 is of an old trade


def test_a_price_of_now_is_not_the_price_of_quotes_that_are_15_minutes_late(
    spx: Snapshot, tmp_path: Path
) -> None:
    noon = datetime(2023, 2, 7, 17, 0, tzinfo=UTC)
    for traded, spot in ((noon, None), (noon - 15 * MINUTE, spx.spot)):
        served = serving(spx, symbol="^SPX", root="SPXW", traded=traded)
        with yahoo(served, tmp_path) as (_, provider):
            (chain,) = provider.chains(ask(), now=noon).chains
        assert (chain.asof, chain.spot) == (noon - 15 * MINUTE, spot)


def test_an_index_without_options_is_said_plainly(shared_data: Path, tmp_path: Path) -> None:
    recorded = json.loads((shared_data / "http" / "yahoo_v7_options_index_empty.json").read_text())
    body = json.dumps(recorded["response"]["body"]).encode()
    with yahoo(always(Reply(body=body)), tmp_path) as (_, provider):
        error = only_error(provider, ticker="NDX")
    assert error.message == "yahoo has no option chains of NDX: its list of expirations is empty"
    assert not error.retryable
    assert provider.health()[0].state == "ok"  # it answered


def test_an_expiration_is_asked_once_an_interval(spx: Snapshot, tmp_path: Path) -> None:
    with yahoo(serving(spx, symbol="^SPX", root="SPXW"), tmp_path) as (server, provider):
        for n in range(5):
            assert provider.chains(ask(), now=spx.taken + n * MINUTE).chains
        assert server.option_pages == {"^SPX": 2}
        provider.chains(ask(), now=spx.taken + 5 * MINUTE)
        assert server.option_pages == {"^SPX": 4}


def test_only_the_asked_strikes_are_kept(spx: Snapshot, tmp_path: Path) -> None:
    request = ask("SPX", DAY, low_strike=4_000.0, high_strike=4_300.0)
    with yahoo(serving(spx, symbol="^SPX", root="SPXW"), tmp_path) as (_, provider):
        (chain,) = provider.chains(request, now=spx.taken).chains
    assert (chain.strikes[0], chain.strikes[-1]) == (4_000, 4_300)


# faults


def only_error(provider: Any, *, now: datetime | None = None, ticker: str = "SPX") -> ProviderError:
    at = now or datetime(2023, 2, 7, 22, 34, tzinfo=UTC)
    batch: ChainBatch = provider.chains(ask(ticker), now=at)
    assert batch.chains == ()
    return batch.errors[ticker, DAY]


def test_fault_01_chain_429_asks_once_and_waits(tmp_path: Path) -> None:
    with yahoo(always(LIMITED), tmp_path) as (server, provider):
        now = datetime(2023, 2, 7, 20, 0, tzinfo=UTC)
        assert isinstance(only_error(provider, now=now), RateLimitedError)
        only_error(provider, now=now + 9 * MINUTE)
        assert server.option_pages == {"^SPX": 1}
        only_error(provider, now=now + 10 * MINUTE)
        assert server.option_pages == {"^SPX": 2}


@pytest.mark.parametrize(
    "reply", [Reply(status=500), Reply(status=502, body=b"<html>"), Reply(body=b"<html></html>")]
)
def test_fault_02_chain_server_error_is_temporary(tmp_path: Path, reply: Reply) -> None:
    with yahoo(always(reply), tmp_path) as (server, provider):
        error = only_error(provider)
    assert error.retryable
    assert "temporary" in error.message
    assert server.option_pages == {"^SPX": 2}


def test_fault_03_chain_call_that_hangs_ends_in_time(tmp_path: Path) -> None:
    with yahoo(always(Reply(hang=True)), tmp_path, timeout_s=TIMEOUT_S) as (server, provider):
        begun = monotonic()
        batch = provider.chains(ask("SPX", DAY, OTHER), now=datetime(2023, 2, 7, 20, tzinfo=UTC))
        assert monotonic() - begun < 4 * TIMEOUT_S
    assert all(isinstance(error, UnreachableError) for error in batch.errors.values())
    assert set(batch.errors) == {("SPX", DAY), ("SPX", OTHER)}
    assert server.option_pages == {"^SPX": 1}  # the second expiration would only hang too


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"optionChain":{"result":[{"expi'])
def test_fault_04_chain_body_that_is_none_is_temporary(tmp_path: Path, body: bytes) -> None:
    with yahoo(always(Reply(body=body)), tmp_path) as (_, provider):
        error = only_error(provider)
    assert isinstance(error, PayloadError)
    assert error.retryable
    assert "delisted" not in error.message


def test_fault_05_chain_with_an_old_crumb_gets_a_new_one(spx: Snapshot, tmp_path: Path) -> None:
    play = serving(spx, symbol="^SPX", root="SPXW")
    with yahoo(play, tmp_path) as (server, provider):
        assert provider.chains(ask(), now=spx.taken).chains
        server.crumb = server.wanted_crumb = "crumb-2"
        assert provider.chains(ask(), now=spx.taken + 6 * MINUTE).chains


def test_fault_06_chain_that_is_not_found_flags_only_that_symbol(
    spx: Snapshot, tmp_path: Path
) -> None:
    play = serving(spx, symbol="^SPX", root="SPXW")
    missing = b'{"optionChain":{"result":[],"error":{"code":"Not Found","description":"none"}}}'

    def one_missing(symbol: str, asked: int | None) -> Reply:
        return play(symbol, asked) if symbol == "^SPX" else Reply(status=404, body=missing)

    with yahoo(one_missing, tmp_path) as (_, provider):
        error = only_error(provider, ticker="XLFF")
        assert not error.retryable
        assert "no symbol 'XLFF'" in error.message
        assert provider.chains(ask(), now=spx.taken).chains


def test_fault_12_chain_page_that_is_missing_leaves_the_others(
    spx: Snapshot, tmp_path: Path
) -> None:
    play = serving(spx, symbol="^SPX", root="SPXW")
    bad = int(datetime(2023, 2, 10, tzinfo=UTC).timestamp())

    def one_bad(symbol: str, asked: int | None) -> Reply:
        return Reply(status=500) if asked == bad else play(symbol, asked)

    with yahoo(one_bad, tmp_path) as (_, provider):
        batch = provider.chains(ask("SPX", DAY, OTHER, date(2023, 2, 11)), now=spx.taken)
    assert [c.expiration for c in batch.chains] == [DAY]
    assert batch.errors["SPX", OTHER].retryable
    assert (
        "lists no options of SPX for 2023-02-11" in batch.errors["SPX", date(2023, 2, 11)].message
    )  # a Saturday


def test_fault_14_chain_source_recovers_without_a_restart(spx: Snapshot, tmp_path: Path) -> None:
    with yahoo(always(Reply(status=500)), tmp_path) as (server, provider):
        only_error(provider, now=spx.taken)
        server.options = serving(spx, symbol="^SPX", root="SPXW")
        assert provider.chains(ask(), now=spx.taken + MINUTE).chains
