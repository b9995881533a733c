"""Cboe's chain files through the real client: recorded bodies, and a server that misbehaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from fakes.chain_bodies import cboe_body, snapshot
from fakes.http_server import Server, serving
from fakes.positions_book import nyse
from fakes.yahoo_server import Reply

from monitor.config import Settings
from monitor.domain.chain_quotes import is_stale, vertical_quote
from monitor.domain.option_chain import ChainRequest, OptionChain, Right
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Settlement
from monitor.errors import (
    PayloadError,
    ProviderError,
    RateLimitedError,
    UnknownSymbolError,
    UnreachableError,
)
from monitor.providers.base import ChainBatch, ChainProvider
from monitor.providers.cboe_chains import CboeChainProvider, read_book
from monitor.providers.chain_fallback import ResilientChains

MINUTE = timedelta(minutes=1)
TIMEOUT_S = 0.5
NDX = "NDX@2023-04-14T18:31"  # Friday, after the close
SPX = "SPX@2023-02-07T17:34"
IN_SESSION = "QQQ@2023-05-10T15:10"
FRIDAY = date(2023, 4, 14)
LIMITED = Reply(status=429, headers={"Retry-After": "600"})
Play = Callable[[str, Mapping[str, str]], Reply]


def always(reply: Reply) -> Play:
    return lambda _path, _headers: reply


@contextmanager
def cboe(
    play: Play, calendar: TradingCalendar, *, timeout_s: float = 5.0
) -> Iterator[tuple[Server, ResilientChains]]:
    """The provider as the monitor wires it; it never really sleeps."""
    with serving(play) as server:
        raw = CboeChainProvider(
            calendar=calendar, timeout_s=timeout_s, interval=5 * MINUTE, base_url=server.url
        )
        provider = ResilientChains(raw, sleep=lambda _: None)
        assert isinstance(provider, ChainProvider)
        try:
            yield server, provider
        finally:
            provider.close()


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return nyse()


def ask(ticker: str, *days: date, **bounds: float) -> ChainRequest:
    return ChainRequest(ticker=ticker, expirations=days, **bounds)


def ndx_body(shared_data: Path) -> tuple[bytes, datetime]:
    one = snapshot(shared_data, NDX)
    return cboe_body(one, symbol="^NDX"), one.taken


# what it says


def test_the_recorded_body_is_read_to_the_letter(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    body = (shared_data / "http" / "cboe_delayed_quotes_AAPL_trimmed.json").read_bytes()
    now = datetime(2026, 8, 7, 18, 59, tzinfo=UTC)
    with cboe(always(Reply(body=body)), calendar) as (server, provider):
        batch = provider.chains(ask("AAPL", date(2026, 8, 7)), now=now)
    assert server.paths == ["/AAPL.json"]
    (chain,) = batch.chains
    assert chain.strikes.tolist() == [110, 125, 170, 185]
    assert (chain.call.bid[0], chain.call.ask[0]) == (200.7, 202.25)
    assert (chain.put.bid[0], chain.put.ask[0]) == (0.0, 0.01)
    assert np.isnan(chain.put.bid[2])  # only the call of 170 is in the body
    assert (chain.call.open_interest[0], chain.put.open_interest[0]) == (7, 119)
    assert chain.spot == 312.0335
    # The stamp 18:58:23 is UTC; the share last traded 14:43:22 in New York, 15 minutes before.
    assert chain.asof == datetime(2026, 8, 7, 18, 43, 22, tzinfo=UTC)
    assert (chain.fetched_at, chain.delay, chain.source) == (now, 15 * MINUTE, "cboe")
    assert (chain.root, chain.settlement) == ("AAPL", Settlement.PM)
    # Volatility 0 is "none found"; a delta of 1 beside it is not this option's.
    assert np.isnan(chain.call.implied_vol).all()
    assert np.isnan(chain.call.delta).all()


@pytest.mark.parametrize(
    ("name", "symbol", "file"),
    [(NDX, "NDX", "/_NDX.json"), (SPX, "SPX", "/_SPX.json"), (IN_SESSION, "QQQ", "/QQQ.json")],
)
def test_every_listed_option_of_a_real_chain_comes_through(
    shared_data: Path, calendar: TradingCalendar, name: str, symbol: str, file: str
) -> None:
    one = snapshot(shared_data, name)
    days = tuple(sorted({date.fromisoformat(str(d)) for d in one.rows["expiry"].unique()}))
    with cboe(always(Reply(body=cboe_body(one, symbol=symbol))), calendar) as (server, provider):
        batch = provider.chains(ask(symbol, *days), now=one.taken)
    assert server.paths == [file]
    assert not batch.errors
    by_series = {(c.root, c.expiration): c for c in batch.chains}
    rows = one.rows
    assert {
        (str(r), date.fromisoformat(str(d)))
        for r, d in zip(rows["root"], rows["expiry"], strict=True)
    } == set(by_series)
    for row in rows.sample(300, random_state=7).itertuples():
        chain = by_series[str(row.root), date.fromisoformat(str(row.expiry))]
        k = chain.place(float(row.strike))
        assert k is not None
        side = chain.side(Right.CALL if row.right == "C" else Right.PUT)
        assert side.bid[k] == pytest.approx(row.bid, abs=1e-4)
        assert side.ask[k] == pytest.approx(row.ask, abs=1e-4)
        if row.iv > 0:
            assert side.implied_vol[k] == pytest.approx(row.iv, abs=1e-4)
            assert side.delta[k] == pytest.approx(row.delta, abs=1e-4)
        else:
            assert np.isnan(side.implied_vol[k])


def test_am_and_pm_series_of_a_third_friday_are_told_apart(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    one = snapshot(shared_data, SPX)
    with cboe(always(Reply(body=cboe_body(one, symbol="_SPX"))), calendar) as (_, provider):
        am, pm = provider.chains(ask("SPX", date(2023, 2, 17)), now=one.taken).chains
    assert (am.root, am.settlement, pm.root, pm.settlement) == (
        "SPX", Settlement.AM, "SPXW", Settlement.PM,
    )  # fmt: skip


def test_after_the_close_quotes_are_of_the_sessions_last_minute(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    body, now = ndx_body(shared_data)
    with cboe(always(Reply(body=body)), calendar) as (_, provider):
        chain = provider.chains(ask("NDX", date(2023, 4, 17)), now=now).chains[0]
    assert chain.asof == datetime(2023, 4, 14, 19, 59, tzinfo=UTC)  # 15:59 in New York


def test_in_the_session_quotes_are_a_delay_older_than_the_answer(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    one = snapshot(shared_data, IN_SESSION)
    with cboe(always(Reply(body=cboe_body(one, symbol="QQQ"))), calendar) as (_, provider):
        chain = provider.chains(ask("QQQ", date(2023, 5, 12)), now=one.taken).chains[0]
    assert chain.asof == one.taken - 15 * MINUTE
    assert not is_stale(chain, now=one.taken, settings=Settings(), calendar=calendar)


def test_a_real_condors_value_lies_within_its_quotes(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    body, now = ndx_body(shared_data)
    with cboe(always(Reply(body=body)), calendar) as (_, provider):
        chain = provider.chains(ask("NDX", date(2023, 4, 17)), now=now).chains[0]
    for right, short, long in ((Right.PUT, 12_900, 12_800), (Right.CALL, 13_300, 13_400)):
        quote = vertical_quote(chain, right, short=short, long=long, opening=True)
        assert quote.problem is None
        assert quote.mid is not None
        assert 0 < quote.mid < 100


# how it is asked


def test_one_file_an_interval_serves_every_expiration(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    body, now = ndx_body(shared_data)
    with cboe(always(Reply(body=body)), calendar) as (server, provider):
        for n, day in enumerate([date(2023, 4, 17), date(2023, 4, 18), date(2023, 4, 19)]):
            assert provider.chains(ask("NDX", day), now=now + n * MINUTE).chains
        assert len(server.paths) == 1
        provider.chains(ask("NDX", FRIDAY), now=now + 5 * MINUTE)
        assert len(server.paths) == 2


def test_only_the_asked_strikes_are_kept(shared_data: Path, calendar: TradingCalendar) -> None:
    body, now = ndx_body(shared_data)
    request = ask("NDX", date(2023, 4, 17), low_strike=12_000.0, high_strike=14_000.0)
    with cboe(always(Reply(body=body)), calendar) as (_, provider):
        (chain,) = provider.chains(request, now=now).chains
    assert (chain.strikes[0], chain.strikes[-1]) == (12_000, 14_000)


@pytest.mark.parametrize(
    ("given", "asked_with"), [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")]
)
def test_a_file_that_did_not_change_is_not_sent_again(
    shared_data: Path, calendar: TradingCalendar, given: str, asked_with: str
) -> None:
    body, now = ndx_body(shared_data)

    def play(_path: str, headers: Mapping[str, str]) -> Reply:
        if headers.get(asked_with) == "a-1":
            return Reply(status=304)
        return Reply(body=body, headers={given: "a-1"})

    later = now + 10 * MINUTE
    with cboe(play, calendar) as (server, provider):
        first = provider.chains(ask("NDX", date(2023, 4, 17)), now=now).chains[0]
        again = provider.chains(ask("NDX", date(2023, 4, 17)), now=later).chains[0]
    assert [asked_with in headers for _, headers in server.asked] == [False, True]
    assert (again.asof, again.fetched_at) == (first.asof, later)


def test_an_expiration_that_is_not_listed_leaves_the_others(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    body, now = ndx_body(shared_data)
    with cboe(always(Reply(body=body)), calendar) as (_, provider):
        batch = provider.chains(ask("NDX", date(2023, 4, 16), date(2023, 4, 17)), now=now)
    assert [c.expiration for c in batch.chains] == [date(2023, 4, 17)]
    error = batch.errors["NDX", date(2023, 4, 16)]
    assert "lists no options of NDX for 2023-04-16" in error.message
    assert not error.retryable


# faults

DAY = date(2023, 4, 17)
NOW = datetime(2023, 4, 14, 22, 31, tzinfo=UTC)


def only_error(provider: Any, *, now: datetime = NOW, ticker: str = "NDX") -> ProviderError:
    batch: ChainBatch = provider.chains(ask(ticker, DAY), now=now)
    assert batch.chains == ()
    return batch.errors[ticker, DAY]


def test_fault_01_chain_429_opens_the_breaker_for_as_long_as_asked(
    calendar: TradingCalendar,
) -> None:
    with cboe(always(LIMITED), calendar) as (server, provider):
        assert isinstance(only_error(provider), RateLimitedError)
        only_error(provider, now=NOW + 9 * MINUTE)
        assert len(server.paths) == 1
        assert provider.health()[0].state == "open"
        only_error(provider, now=NOW + 10 * MINUTE)
        assert len(server.paths) == 2


@pytest.mark.parametrize(
    "reply", [Reply(status=500), Reply(status=502), Reply(body=b"<html></html>")]
)
def test_fault_02_chain_server_error_is_temporary_and_retried_once(
    calendar: TradingCalendar, reply: Reply
) -> None:
    with cboe(always(reply), calendar) as (server, provider):
        error = only_error(provider)
    assert isinstance(error, PayloadError)
    assert "temporary" in error.message
    assert len(server.paths) == 2


def test_fault_03_chain_call_that_hangs_ends_in_time(calendar: TradingCalendar) -> None:
    with cboe(always(Reply(hang=True)), calendar, timeout_s=TIMEOUT_S) as (_, provider):
        begun = monotonic()
        assert isinstance(only_error(provider), UnreachableError)
        assert monotonic() - begun < 4 * TIMEOUT_S


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b'{"timestamp":"2023-04-14 22:31:00"}',
        b'{"timestamp":"2023-04-14 22:31:00","data":{"options":[]}}',
        b'{"timestamp":"soon","data":{"options":[{"option":"NDXP230417P12900000"}]}}',
        b'{"timestamp":"2023-04-14 22:31:00","data":{"options":[{"option":"NDXP230417P1290',
        b'{"timestamp":"2023-04-14 22:31:00","data":{"options":[{"option":"NDXP230417P12900000",'
        b'"bid":NaN}]}}',
        b'{"timestamp":"2023-04-14 22:31:00","data":{"options":[{"option":"NDXP230417P12900000",'
        b'"bid":"1.2"}]}}',
        b'{"timestamp":"2023-04-14 22:31:00","data":{"options":[{"option":"NDXP230417P12900000",'
        b'"bid":1e999}]}}',
    ],
)  # fmt: skip
def test_fault_04_07_chain_body_that_is_none_is_temporary(
    calendar: TradingCalendar, body: bytes
) -> None:
    with cboe(always(Reply(body=body)), calendar) as (_, provider):
        error = only_error(provider)
    assert isinstance(error, PayloadError)
    assert error.retryable


def test_fault_04_chain_body_cut_short_is_temporary(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    body, now = ndx_body(shared_data)
    with cboe(always(Reply(body=body, cut=200_000)), calendar, timeout_s=2) as (_, provider):
        error = only_error(provider, now=now)
    assert error.retryable
    assert "cboe" in error.message


def test_fault_04_chain_body_cut_anywhere_is_never_half_believed(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    body = (shared_data / "http" / "cboe_delayed_quotes_AAPL_trimmed.json").read_bytes()
    for end in range(0, len(body.rstrip()), 61):
        with pytest.raises(PayloadError):
            read_book(body[:end], ticker="AAPL", calendar=calendar, now=NOW)


@pytest.mark.parametrize("status", [403, 404])
def test_fault_06_chain_of_an_unknown_symbol_flags_only_that_one(
    shared_data: Path, calendar: TradingCalendar, status: int
) -> None:
    body, now = ndx_body(shared_data)

    def play(path: str, _headers: Mapping[str, str]) -> Reply:
        return Reply(body=body) if path == "/_NDX.json" else Reply(status=status)

    with cboe(play, calendar) as (_, provider):
        assert isinstance(only_error(provider, now=now, ticker="SPXX"), UnknownSymbolError)
        assert provider.chains(ask("NDX", DAY), now=now).chains
        assert provider.health()[0].state == "ok"


def test_fault_01_chain_refused_for_a_known_underlying_is_a_block_and_waits(
    calendar: TradingCalendar,
) -> None:
    with cboe(always(Reply(status=403)), calendar) as (server, provider):
        error = only_error(provider)
        assert isinstance(error, RateLimitedError)
        assert "refuses its option chains of NDX" in error.message
        only_error(provider, now=NOW + MINUTE)
        assert len(server.paths) == 1
        assert provider.health()[0].state == "open"


def test_fault_08_chain_with_impossible_prices_says_unknown(calendar: TradingCalendar) -> None:
    body = (
        b'{"timestamp":"2023-04-14 19:31:00","data":{"current_price":-5,"options":['
        b'{"option":"NDXP230417P12900000","bid":-1,"ask":0,"iv":0.2,"delta":-0.1},'
        b'{"option":"NDXP230417P12800000","bid":null,"ask":2}]}}'
    )
    with cboe(always(Reply(body=body)), calendar) as (_, provider):
        (chain,) = provider.chains(ask("NDX", DAY), now=NOW).chains
    assert chain.spot is None
    assert np.isnan(chain.put.bid).all()
    assert chain.put.ask.tolist() == [2, 0]
    quote = vertical_quote(chain, Right.PUT, short=12_900, long=12_800, opening=True)
    assert (quote.mid, quote.natural_credit) == (None, None)


def test_fault_09_chain_whose_stamp_stands_still_grows_stale(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    one = snapshot(shared_data, IN_SESSION)
    body, request = cboe_body(one, symbol="QQQ"), ask("QQQ", date(2023, 5, 12))
    stale = []
    with cboe(always(Reply(body=body)), calendar) as (_, provider):
        for n in range(5):
            now = one.taken + n * 5 * MINUTE
            chain: OptionChain = provider.chains(request, now=now).chains[0]
            stale.append(is_stale(chain, now=now, settings=Settings(), calendar=calendar))
    assert stale == [False, False, False, False, True]  # 15 minutes and the delay are allowed


def test_fault_09_chain_with_a_new_stamp_on_an_old_market_is_old(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    one = snapshot(shared_data, IN_SESSION)
    body = cboe_body(one, symbol="QQQ", last_trade=one.taken - 60 * MINUTE)
    with cboe(always(Reply(body=body)), calendar) as (_, provider):
        chain = provider.chains(ask("QQQ", date(2023, 5, 12)), now=one.taken).chains[0]
    assert is_stale(chain, now=one.taken, settings=Settings(), calendar=calendar)


def test_fault_14_chain_source_recovers_without_a_restart(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    body, now = ndx_body(shared_data)
    with cboe(always(Reply(status=500, headers={"ETag": "x"})), calendar) as (server, provider):
        for n in range(3):
            only_error(provider, now=now + n * MINUTE)
        server.play = always(Reply(body=body))
        assert provider.chains(ask("NDX", DAY), now=now + 5 * MINUTE).chains
        assert "If-None-Match" not in server.asked[-1][1]
        assert provider.health()[0].state == "ok"
        assert provider.health()[0].delay == 15 * MINUTE


def test_another_underlyings_file_is_refused(shared_data: Path, calendar: TradingCalendar) -> None:
    body = cboe_body(snapshot(shared_data, SPX), symbol="_SPX")
    with cboe(always(Reply(body=body)), calendar) as (_, provider):
        assert "answered for 'SPX' when asked for 'NDX'" in only_error(provider).message
