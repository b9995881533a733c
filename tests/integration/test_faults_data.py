"""Faults 1 to 6, 12 and 14: the real yfinance client against a server that misbehaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.yahoo_client import TIMEOUT_S, yahoo_on_loopback
from fakes.yahoo_server import NOT_FOUND, UNAUTHORIZED, Play, Reply, YahooServer, chart_body

from monitor.domain.quote_guard import GuardLimits
from monitor.errors import (
    PayloadError,
    ProviderError,
    RateLimitedError,
    UnknownSymbolError,
    UnreachableError,
)
from monitor.providers.cboe import CboeProvider
from monitor.providers.fallback import AutoProvider
from monitor.providers.resilience import ResilientProvider

NOW = datetime(2026, 8, 21, 15, 0, tzinfo=UTC)
SYMBOLS = ["NDX", "VIX", "VXN"]
LIMITED = Reply(status=429, body=b"Edge: Too Many Requests", headers={"Content-Type": "text/html"})
PAGE = b"<!doctype html><html><body>Something went wrong</body></html>"


def fine(symbol: str) -> Reply:
    start, step = NOW - timedelta(minutes=10), timedelta(minutes=5)
    body = chart_body(symbol, [100.0, 101.0], start=start, step=step, previous_close=100.5)
    return Reply(body=body)


def always(reply: Reply) -> Play:
    return lambda _: reply


@contextmanager
def yahoo(chart: Play, tmp_path: Path) -> Iterator[tuple[YahooServer, ResilientProvider]]:
    """The provider as the monitor wires it, on the loopback server; it never really sleeps."""
    with yahoo_on_loopback(chart, cache_dir=tmp_path) as (server, raw):
        yield server, ResilientProvider(raw, sleep=lambda _: None)


def only_error(provider: ResilientProvider, *, now: datetime = NOW) -> ProviderError:
    batch = provider.quotes(["VIX"], now=now)
    assert batch.quotes == {}
    return batch.errors["VIX"]


def test_fault_01_429_asks_once_waits_and_probes_once(tmp_path: Path) -> None:
    with yahoo(always(LIMITED), tmp_path) as (server, provider):
        batch = provider.quotes(SYMBOLS, now=NOW)
        assert server.charts == {"^NDX": 1}
        assert isinstance(batch.errors["NDX"], RateLimitedError)
        assert set(batch.errors) == set(SYMBOLS)
        provider.quotes(SYMBOLS, now=NOW + timedelta(seconds=60))
        assert server.charts == {"^NDX": 2}  # the probe
        server.chart = fine
        back = provider.quotes(SYMBOLS, now=NOW + timedelta(seconds=120))
        assert set(back.quotes) == set(SYMBOLS)


def test_fault_01_retry_after_of_the_server_is_kept(tmp_path: Path) -> None:
    reply = Reply(status=429, body=b"Too Many Requests\r\n", headers={"Retry-After": "600"})
    with yahoo(always(reply), tmp_path) as (server, provider):
        only_error(provider)
        only_error(provider, now=NOW + timedelta(seconds=599))
        assert server.charts == {"^VIX": 1}
        only_error(provider, now=NOW + timedelta(seconds=600))
        assert server.charts == {"^VIX": 2}


def test_fault_01_crumb_refused_as_too_often_does_not_hide_a_good_chart(tmp_path: Path) -> None:
    with yahoo(fine, tmp_path) as (server, provider):
        server.crumb = "Edge: Too Many Requests"
        assert provider.quotes(["VIX"], now=NOW).quotes["VIX"].price == 101.0


def test_fault_01_next_provider_answers_while_yahoo_is_left_alone(tmp_path: Path) -> None:
    with yahoo(always(LIMITED), tmp_path) as (_, first):
        limits = GuardLimits(data_interval=timedelta(seconds=60))
        auto = AutoProvider([first, CboeProvider(timeout_s=1)], limits=limits)
        batch = auto.quotes(["VIX"], now=NOW)
        assert batch.quotes == {}
        assert isinstance(batch.errors["VIX"], RateLimitedError)
        assert [h.name for h in auto.health()] == ["yahoo", "cboe"]


@pytest.mark.parametrize("status", [500, 502, 503, 404, 403, 200])
def test_fault_02_server_errors_and_html_pages_are_temporary(tmp_path: Path, status: int) -> None:
    with yahoo(always(Reply(status=status, body=PAGE)), tmp_path) as (server, provider):
        error = only_error(provider)
        assert isinstance(error, PayloadError)
        assert error.retryable
        assert server.charts == {"^VIX": 3}  # once, and at most two retries
        assert "delisted" not in error.message


def test_fault_03_hanging_server_cold(tmp_path: Path) -> None:
    with yahoo(always(Reply(hang=True)), tmp_path) as (server, provider):
        server.hang_aux = True
        batch = provider.quotes(SYMBOLS, now=NOW)
        assert all(e.retryable for e in batch.errors.values())
        assert isinstance(batch.errors["NDX"], UnreachableError)
        # cookie and consent at a third of the limit each, the chart at the whole: 1.67 of 4
        assert len(server.asked) <= 3
        assert server.charts == {"^NDX": 1}


def test_fault_03_hanging_server_warm_is_given_up_after_two_symbols(tmp_path: Path) -> None:
    with yahoo(fine, tmp_path) as (server, provider):
        assert len(provider.quotes(SYMBOLS, now=NOW).quotes) == 3
        server.asked.clear()
        server.chart = always(Reply(hang=True))
        batch = provider.quotes(SYMBOLS, now=NOW + timedelta(seconds=60))
        assert server.charts == {"^NDX": 1, "^VIX": 1}
        assert f"did not answer within {TIMEOUT_S:g} s" in batch.errors["NDX"].message
        assert "not asked again until" in batch.errors["VXN"].message


def test_fault_03_every_request_is_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from curl_cffi import requests as curl

    limits: list[object] = []
    plain = curl.Session.request

    def spy(self: object, *args: object, **kwargs: object) -> object:
        limits.append(kwargs["timeout"])
        return plain(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(curl.Session, "request", spy)
    with yahoo(fine, tmp_path) as (_, provider):
        provider.quotes(["VIX"], now=NOW)
    totals = [sum(limit) if isinstance(limit, tuple) else limit for limit in limits]
    assert totals
    assert sum(totals) <= 4 * TIMEOUT_S
    assert all(0 < total <= TIMEOUT_S for total in totals)


def test_no_server_at_all_is_said_so_and_ends_at_once(tmp_path: Path) -> None:
    with yahoo(fine, tmp_path) as (server, provider):
        provider._inner._session._port = 9  # type: ignore[attr-defined]  # discard: nobody there
        batch = provider.quotes(SYMBOLS, now=NOW)
        assert isinstance(batch.errors["NDX"], UnreachableError)
        assert "cannot be reached" in batch.errors["NDX"].message
        assert server.asked == []


BODIES = {
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "object": b"{}",
    "null chart": b'{"chart":null}',
    "null result": b'{"chart":{"result":null,"error":null}}',
    "no result": b'{"chart":{"result":[],"error":null}}',
    "empty result": b'{"chart":{"result":[{}],"error":null}}',
    "null bars": chart_body("^VIX", [None, None], start=NOW - timedelta(minutes=2)),
    "zero bars": chart_body("^VIX", [0, 0], start=NOW - timedelta(minutes=2)),
    "half a body": fine("^VIX").body[:300],
    "down": b"Will be right back",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("method", ["quotes", "bars", "daily"])
def test_fault_04_bad_bodies_are_temporary_never_delisted_never_zero(
    tmp_path: Path, body: bytes, method: str
) -> None:
    with yahoo(always(Reply(body=body)), tmp_path) as (_, provider):
        if method == "quotes":
            error = only_error(provider)
        else:
            with pytest.raises(ProviderError) as caught:
                getattr(provider, method)("VIX", sessions=5, now=NOW)
            error = caught.value
    assert error.retryable
    assert not isinstance(error, UnknownSymbolError)
    assert "delisted" not in error.message
    assert error.symbol == "VIX"


def test_fault_04_body_cut_short_is_temporary(tmp_path: Path) -> None:
    with yahoo(lambda s: Reply(body=fine(s).body, cut=80), tmp_path) as (_, provider):
        error = only_error(provider)
    assert isinstance(error, PayloadError)
    assert "broke off" in error.message


def test_fault_04_recorded_weekend_without_timestamps(tmp_path: Path, shared_data: Path) -> None:
    name = "yahoo_v8_chart_AAPL_1m_weekend_no_timestamp.json"
    recorded = json.loads((shared_data / "http" / name).read_text())["response"]["body"]
    reply = Reply(body=json.dumps(recorded).encode())
    with yahoo(always(reply), tmp_path) as (_, provider):
        batch = provider.quotes(["AAPL"], now=NOW)
    assert "without a price" in batch.errors["AAPL"].message
    assert batch.errors["AAPL"].retryable


def test_fault_05_new_crumb_is_fetched_once(tmp_path: Path) -> None:
    with yahoo(fine, tmp_path) as (server, provider):
        provider.quotes(["VIX"], now=NOW)
        server.asked.clear()
        server.crumb = server.wanted_crumb = "crumb-2"
        assert len(provider.quotes(SYMBOLS, now=NOW).quotes) == 3
        assert server.asked.count("/v1/test/getcrumb") == 1
        assert server.charts == {"^NDX": 2, "^VIX": 1, "^VXN": 1}


def test_fault_05_crumb_that_never_fits_is_temporary(tmp_path: Path) -> None:
    with yahoo(always(Reply(status=401, body=UNAUTHORIZED)), tmp_path) as (_, provider):
        error = only_error(provider)
    assert isinstance(error, PayloadError)
    assert "401" in error.message


def test_fault_06_404_flags_that_symbol_only(tmp_path: Path) -> None:
    missing = Reply(status=404, body=NOT_FOUND)
    with yahoo(lambda s: missing if s == "^VIX" else fine(s), tmp_path) as (server, provider):
        batch = provider.quotes(SYMBOLS, now=NOW)
        assert set(batch.quotes) == {"NDX", "VXN"}
        assert isinstance(batch.errors["VIX"], UnknownSymbolError)
        assert batch.errors["VIX"].message == "yahoo has no symbol 'VIX'"
        assert server.charts == {"^NDX": 1, "^VIX": 1, "^VXN": 1}
        assert provider.health()[0].state == "ok"


def test_fault_12_one_symbol_failing_leaves_the_others(tmp_path: Path) -> None:
    broken = Reply(status=500, body=b"")
    with yahoo(lambda s: broken if s == "^VIX" else fine(s), tmp_path) as (_, provider):
        batch = provider.quotes(SYMBOLS, now=NOW)
    assert set(batch.quotes) == {"NDX", "VXN"}
    assert set(batch.errors) == {"VIX"}


@pytest.mark.parametrize("method", ["quotes", "bars", "daily"])
def test_fault_14_500_then_fine_recovers_without_a_restart(tmp_path: Path, method: str) -> None:
    with yahoo(always(Reply(status=500, body=PAGE)), tmp_path) as (server, provider):
        only_error(provider)
        server.chart = fine
        if method == "quotes":
            assert provider.quotes(["VIX"], now=NOW).quotes["VIX"].price == 101.0
        else:
            assert getattr(provider, method)("VIX", sessions=1, now=NOW).close[-1] == 101.0


def test_recorded_error_bodies_have_their_documented_outcome(
    tmp_path: Path, shared_data: Path
) -> None:
    recorded = json.loads((shared_data / "http" / "error_bodies.json").read_text())
    outcome = {404: UnknownSymbolError, 422: ProviderError, 429: RateLimitedError}
    replayed = 0
    for entry in recorded:
        if not entry["endpoint"].startswith("v8/finance/chart"):
            continue
        reply = Reply(status=entry["status"], body=entry["body"].encode())
        with yahoo(always(reply), tmp_path) as (_, provider):
            error = only_error(provider)
        assert isinstance(error, outcome[entry["status"]])
        assert error.retryable is (entry["status"] == 429)
        replayed += 1
    assert replayed == 3
