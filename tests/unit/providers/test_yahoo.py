"""What the Yahoo provider makes of good charts, through the real client on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.yahoo_client import yahoo_on_loopback
from fakes.yahoo_server import Reply, YahooServer, chart_body

from monitor.errors import UnknownSymbolError
from monitor.providers.yahoo import SYMBOLS, YahooProvider, yahoo_symbol
from monitor.providers.yahoo_session import retry_after

NOW = datetime(2026, 8, 21, 15, 0, 30, tzinfo=UTC)  # Friday, 11:00:30 in New York
START = datetime(2026, 8, 21, 14, 58, tzinfo=UTC)

Client = tuple[YahooServer, YahooProvider]


def three_bars(symbol: str) -> Reply:
    return Reply(
        body=chart_body(symbol, [100, 101, 102.5], start=START, previous_close=99.5, volume=1000)
    )


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with yahoo_on_loopback(three_bars, cache_dir=tmp_path) as pair:
        yield pair


def test_trap_37_every_index_has_its_own_yahoo_symbol() -> None:
    assert SYMBOLS["NDX"] == "^NDX"
    assert SYMBOLS["SPX"] == "^GSPC"
    assert SYMBOLS["RUT"] == "^RUT"
    assert {SYMBOLS[s] for s in ("VIX", "VXN", "VIX9D", "VIX3M", "VIX1D", "RVX")} == {
        "^VIX", "^VXN", "^VIX9D", "^VIX3M", "^VIX1D", "^RVX",
    }  # fmt: skip
    assert [yahoo_symbol(s) for s in ("QQQ", "spy", "XLE", "^DJI", "BRK-B")] == [
        "QQQ", "SPY", "XLE", "^DJI", "BRK-B",
    ]  # fmt: skip


@pytest.mark.parametrize("symbol", ["", "../etc", "NDX NDX", "US0378331005", "$SPX", "ＮＤＸ"])
def test_what_cannot_be_a_symbol_is_refused_without_asking(symbol: str) -> None:
    with pytest.raises(UnknownSymbolError, match="yahoo has no symbol"):
        yahoo_symbol(symbol)


def test_near_miss_is_suggested() -> None:
    with pytest.raises(UnknownSymbolError) as caught:
        yahoo_symbol("$VIX")
    assert caught.value.hint == "did you mean VIX?"


def test_quote_is_the_last_bar_with_its_stamp(client: Client) -> None:
    server, provider = client
    quote = provider.quotes(["SPX"], now=NOW).quotes["SPX"]
    assert server.charts == {"^GSPC": 1}
    assert (quote.symbol, quote.price, quote.source) == ("SPX", 102.5, "yahoo")
    assert quote.asof == datetime(2026, 8, 21, 15, 0, tzinfo=UTC)
    assert quote.fetched_at == NOW
    assert quote.previous_close == 99.5
    assert quote.simulated is False


def test_volume_of_the_day_is_summed_for_a_share_and_unknown_for_an_index(client: Client) -> None:
    quotes = client[1].quotes(["QQQ", "NDX"], now=NOW).quotes
    assert quotes["QQQ"].day_volume == 3000
    assert quotes["NDX"].day_volume is None


def test_previous_close_that_yahoo_does_not_say_is_unknown(client: Client) -> None:
    server, provider = client
    server.chart = lambda symbol: Reply(body=chart_body(symbol, [100], start=START))
    assert provider.quotes(["QQQ"], now=NOW).quotes["QQQ"].previous_close is None


@pytest.mark.parametrize(
    ("exchange", "minutes"), [("CXI", 15), ("WCB", 15), ("NIM", 0), ("PCX", 0)]
)
def test_trap_36_quote_carries_the_delay_of_its_exchange(
    client: Client, exchange: str, minutes: int
) -> None:
    server, provider = client
    server.chart = lambda s: Reply(body=chart_body(s, [18.5], start=START, exchange=exchange))
    quote = provider.quotes(["VIX"], now=NOW).quotes["VIX"]
    assert quote.delay == timedelta(minutes=minutes)


@pytest.mark.parametrize("last", [None, 0, float("nan")])
def test_fault_04_null_last_bar_shows_in_the_stamp(client: Client, last: float | None) -> None:
    server, provider = client
    server.chart = lambda s: Reply(body=chart_body(s, [100, 101, last], start=START))
    quote = provider.quotes(["NDX"], now=NOW).quotes["NDX"]
    assert (quote.price, quote.asof) == (101, START + timedelta(minutes=1))


def test_bars_are_whole_five_minute_bars_of_the_last_sessions(client: Client) -> None:
    server, provider = client
    step = timedelta(minutes=5)
    first = datetime(2026, 8, 20, 19, 50, tzinfo=UTC)  # two bars, then the overnight gap
    body = json.loads(chart_body("QQQ", [1, 2, 3, 4, 5], start=first, step=step, volume=7))
    today = int(datetime(2026, 8, 21, 13, 30, tzinfo=UTC).timestamp())
    live_row = today + 300 + 97  # Yahoo adds the running price at its own second
    body["chart"]["result"][0]["timestamp"][2:] = [today, today + 300, live_row]
    body["chart"]["result"][0]["meta"]["tradingPeriods"] = [
        [{"timezone": "EDT", "start": today - 86_400, "end": today - 63_000, "gmtoffset": -14400}],
        [{"timezone": "EDT", "start": today, "end": today + 23_400, "gmtoffset": -14400}],
    ]
    server.chart = lambda _: Reply(body=json.dumps(body).encode())
    bars = provider.bars("QQQ", sessions=5, now=NOW)
    assert (bars.interval, bars.source) == (step, "yahoo")
    # The client folds the running price into the bar it falls in: no bar of its own.
    assert bars.close.tolist() == [1, 2, 3, 5]
    assert bars.start.tolist()[2:] == [today, today + 300]
    assert bars.volume.tolist() == [7, 7, 7, 14]
    assert provider.bars("QQQ", sessions=1, now=NOW).close.tolist() == [3, 5]
    running = datetime.fromtimestamp(live_row, UTC)
    assert bars.until(running).close.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("file", "symbol", "last_close"),
    [
        ("yahoo_v8_chart_vix_2y_1d_2026-08-21.json", "VIX", 15.13),
        ("yahoo_v8_chart_spx_2y_1d_2026-08-21.json", "SPX", 7674.37),
        ("yahoo_v8_chart_vix9d_2y_1d_2026-08-21.json", "VIX9D", 12.58),
    ],
)
def test_recorded_two_years_give_daily_bars(
    client: Client, shared_data: Path, file: str, symbol: str, last_close: float
) -> None:
    server, provider = client
    body = (shared_data / "http" / file).read_bytes()
    server.chart = lambda _: Reply(body=body)
    daily = provider.daily(symbol, sessions=260, now=NOW)
    assert len(daily) == 260
    assert daily.day[-1] == date(2026, 8, 21).toordinal()
    assert daily.close[-1] == pytest.approx(last_close, abs=0.005)
    assert np.all(np.diff(daily.day) > 0)
    assert np.all(np.isnan(daily.volume))
    assert sum(server.charts.values()) == 1  # one request, no second one for metadata


def test_recorded_null_bars_are_left_out(client: Client, shared_data: Path) -> None:
    server, provider = client
    name = "yahoo_v8_chart_7203T_1d_5m_null_bars_trimmed.json"
    body = json.loads((shared_data / "http" / name).read_text())
    body["chart"]["result"][0]["meta"]["validRanges"] = ["1d"]  # trimmed off the recording
    server.chart = lambda _: Reply(body=json.dumps(body).encode())
    quote = provider.quotes(["7203.T"], now=NOW).quotes["7203.T"]
    # The last bar inside Tokyo's session that has prices; the one at 06:25 is null.
    assert (quote.price, quote.asof) == (2898.0, datetime(2026, 10, 5, 6, 20, tzinfo=UTC))
    assert quote.previous_close == 2856.5
    closes = provider.bars("7203.T", sessions=1, now=NOW + timedelta(days=60)).close
    assert np.all(np.isfinite(closes))


def test_chart_of_another_symbol_is_refused(client: Client) -> None:
    server, provider = client
    server.chart = lambda _: three_bars("^VXN")
    batch = provider.quotes(["VIX"], now=NOW)
    assert batch.quotes == {}
    assert "answered for '^VXN' when asked for '^VIX'" in batch.errors["VIX"].message


def test_caches_are_in_a_folder_of_this_process_and_old_ones_go(tmp_path: Path) -> None:
    old = tmp_path / "yfinance-1"
    old.mkdir()
    os.utime(old, (0, 0))
    with yahoo_on_loopback(three_bars, cache_dir=tmp_path):
        assert [p.name for p in tmp_path.iterdir()] == [f"yfinance-{os.getpid()}"]


def test_the_clients_own_warnings_stay_off_a_terminal_without_a_log(tmp_path: Path) -> None:
    code = (
        "import logging, pathlib, sys\n"
        "from monitor.providers.yahoo import YahooProvider\n"
        "YahooProvider(timeout_s=1.0, cache_dir=pathlib.Path(sys.argv[1]))\n"
        "logging.getLogger('yfinance').warning('Cookie/crumb fetch failed')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "Cookie" not in done.stderr


def test_importing_the_module_imports_neither_client_nor_pandas() -> None:
    code = (
        "import sys, monitor.providers.live\n"
        "print([m for m in ('yfinance', 'pandas', 'curl_cffi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), (" 5 ", 5), ("999999", 86_400), (None, None), ("soon", None), ("-1", None)],
)
def test_retry_after_is_read_in_seconds(header: str | None, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(header) == expected
