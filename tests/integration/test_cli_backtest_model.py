"""`monitor backtest` on bars alone: model prices, said to be so, from folders and from Yahoo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fakes.history_market import HistoryMarket, write_bars
from fakes.yahoo_client import yahoo_on_loopback
from fakes.yahoo_server import NOT_FOUND, Reply
from test_cli_backtest import document, recording, run

from monitor.backtest.trade_codes import Exit
from monitor.clock import FixedClock
from monitor.config import Settings
from monitor.domain.trading_calendar import TradingCalendar
from monitor.home import Home
from monitor.providers.sessions import load_calendar

FIRST, LAST = date(2025, 6, 2), date(2026, 2, 13)
SMALL = ("--dte", "0,3", "--band", "P95,P98", "--width", "50", "--min-sample", "20")
TIMES = ("--time", "07:30,07:45")


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=LAST)


@pytest.fixture(scope="module")
def market(calendar: TradingCalendar) -> HistoryMarket:
    return HistoryMarket(calendar, FIRST, LAST)


@pytest.fixture(scope="module")
def bars(market: HistoryMarket, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hourly bars of all sessions, 5-minute bars of the last 30, daily bars of the indices."""
    folder = tmp_path_factory.mktemp("bars")
    end = datetime(2026, 2, 13, 22, tzinfo=UTC)
    write_bars(folder, market.bars("NDX", "1h", since=FIRST, until=end))
    write_bars(folder, market.bars("NDX", "5m", since=date(2026, 1, 2), until=end))
    for symbol in ("NDX", "VIX", "VXN", "VIX9D", "VIX3M"):
        write_bars(folder, market.days(symbol))
    return folder


@pytest.fixture(scope="module")
def made(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    home = tmp_path_factory.mktemp("home")
    said = document(run(home, "--source", bars, *SMALL, *TIMES, "--out", "first", "--json"))
    return home / "results" / "first", said["runs"][0]


def test_trap_27_every_row_says_model_and_how_far_the_model_is_off(
    made: tuple[Path, dict[str, Any]],
) -> None:
    folder, facts = made
    grid = pq.read_table(folder / "grid.parquet")
    traded = grid.filter(pc.field("n_trades") > 0)
    assert len(traded) > 20
    assert pc.unique(traded["price_source"].cast("string")).to_pylist() == ["model"]
    assert pc.unique(traded["quotes_share_pct"]).to_pylist() == [0.0]
    assert pc.unique(traded["model_error_pct"]).to_pylist() == [
        20.0
    ]  # docs/pricing.md: NDX, 2 to 3
    trades = pq.read_table(folder / "trades.parquet")
    assert pc.unique(trades["price_source"].cast("string")).to_pylist() == ["model"]
    assert facts["source"]["prices"] == "model"
    assert any("off by 25 % of the credit" in note for note in facts["notes"])


def test_0_dte_is_refused_with_the_reason(made: tuple[Path, dict[str, Any]]) -> None:
    folder, facts = made
    grid = pq.read_table(folder / "grid.parquet", filters=[("dte", "=", 0)])
    assert pc.sum(grid["n_trades"]).as_py() == 0
    reasons = {r["reason"]: r for r in facts["no_trade"]}
    assert "not validated" in reasons["model_0dte_unvalidated"]["text"]
    assert reasons["model_0dte_unvalidated"]["configuration_days"] > 0


def test_times_between_the_hours_are_exploratory_and_in_no_ranking(
    made: tuple[Path, dict[str, Any]],
) -> None:
    """07:45 Pacific has only the 30 sessions of 5-minute bars."""
    folder, facts = made
    assert facts["exploratory"] == ["07:45"]
    assert any(note.startswith("exploratory, n < 60: entry times 07:45") for note in facts["notes"])
    grid = pq.read_table(folder / "grid.parquet", filters=[("n_trades", ">", 1)])
    kept = {
        (time, flag)
        for time, flag in zip(
            grid["entry_time_pst"].to_pylist(), grid["exploratory"].to_pylist(), strict=True
        )
    }
    assert kept == {("07:30", 0), ("07:45", 1)}
    ready = (folder / "grid_trading_ready.csv").read_text().splitlines()
    place = ready[0].split(",").index("entry_time_pst")
    assert {line.split(",")[place] for line in ready[1:]} == {"07:30"}


def test_every_configuration_day_is_a_trade_or_has_a_reason(
    made: tuple[Path, dict[str, Any]],
) -> None:
    _, facts = made
    refused = sum(reason["configuration_days"] for reason in facts["no_trade"])
    days = facts["configurations"] * facts["window"]["entry_sessions"]
    assert facts["trades_by_source"]["model"] + refused == days


def test_time_exits_of_hourly_sessions_fall_at_the_close_not_on_the_next_morning(
    made: tuple[Path, dict[str, Any]],
) -> None:
    """Due at 15:45: with 5-minute bars (from 2 January) on time, by hourly bars at 16:00."""
    folder, _ = made
    trades = pq.read_table(folder / "trades.parquet").to_pylist()
    timed = [t for t in trades if t["exit_managed"] == Exit.TIME.text]
    early_closes = {date(2025, 7, 3), date(2025, 11, 28), date(2025, 12, 24)}
    assert len(timed) > 50
    for trade in timed:
        day = trade["exit_date_managed"]
        on_time, at_close = (765, 780) if day in early_closes else (945, 960)
        expected = on_time if day >= date(2026, 1, 2) else at_close
        assert (day, trade["exit_minute_et_managed"]) == (day, expected)
    days = {trade["exit_date_managed"] for trade in timed}
    assert min(days) < date(2026, 1, 2) <= max(days)


def test_without_days_all_sessions_with_bars_are_entered(
    made: tuple[Path, dict[str, Any]], calendar: TradingCalendar
) -> None:
    _, facts = made
    sessions = len(calendar.between(FIRST, LAST))
    assert facts["window"]["entry_sessions"] == sessions
    notes = "\n".join(facts["notes"])
    assert f"{sessions - 30} of {sessions} entry sessions: where only hourly bars" in notes
    assert f"{sessions} of {sessions} entry sessions: without VIX1D" in notes
    assert f"1 of {sessions} entry sessions: low fidelity" in notes  # before the first close


@pytest.mark.parametrize(
    ("args", "sessions", "first"),
    [
        (("--days", "40"), 40, None),
        (("--from", "2025-12-01", "--to", "2025-12-05"), 5, "2025-12-01"),
    ],
)
def test_days_and_dates_choose_the_entry_sessions(
    bars: Path, home: Path, args: tuple[str, ...], sessions: int, first: str | None
) -> None:
    few = ("--source", bars, *SMALL, "--time", "07:30", *args, "--json", "--out", "few")
    window = document(run(home, *few))["runs"][0]["window"]
    assert window["entry_sessions"] == sessions
    assert first is None or window["first"] == first
    dry = document(run(home, *few, "--dry-run"))["runs"][0]
    assert (dry["entry_sessions"], dry["prices"]) == (sessions, "model")


def test_a_stopped_run_goes_on_and_gives_the_same_grid(
    bars: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitor.cli.backtest_text import Progress

    args = ("--source", bars, *SMALL, *TIMES)
    run(home, *args, "--out", "whole")
    step = Progress.step

    def stop_after_two(self: Progress, name: str, done: int, total: int) -> None:
        step(self, name, done, total)
        if name == "simulating" and done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Progress, "step", stop_after_two)
        stopped = run(home, *args, "--out", "again")
    assert stopped.exit_code == 1
    assert "blocks are kept" in stopped.stderr
    resumed = run(home, *args, "--out", "again", "--resume")
    assert "going on: " in resumed.stderr, resumed.output
    files = [home / "results" / name / "grid.parquet" for name in ("whole", "again")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("missing", ["VIX", "VXN"])
def test_without_its_volatility_index_there_are_no_model_prices(
    market: HistoryMarket, home: Path, tmp_path: Path, missing: str
) -> None:
    folder = tmp_path / "some"
    for symbol in {"NDX", "VIX", "VXN"} - {missing}:
        write_bars(folder, market.days(symbol))
    result = run(home, "--source", folder, *SMALL)
    assert result.exit_code == 3
    assert f"no bars of {missing}" in result.stderr
    assert not list(home.glob("results/*"))


def test_a_folder_with_neither_chains_nor_bars_is_said(home: Path, tmp_path: Path) -> None:
    result = run(home, "--source", tmp_path)
    assert result.exit_code == 3
    assert "no recorded chains and no bars of NDX" in result.stderr


def test_an_underlying_that_was_never_measured_is_refused(
    market: HistoryMarket, home: Path, tmp_path: Path
) -> None:
    write_bars(tmp_path, market.days("RUT"))
    result = run(home, "--ticker", "RUT", "--source", tmp_path)
    assert result.exit_code == 2
    assert "no volatility surface was measured for RUT" in result.stderr


def test_recorded_chains_need_no_hypothetical_listing(home: Path, tmp_path: Path) -> None:
    result = run(home, "--source", recording(tmp_path), "--hypothetical-listing")
    assert result.exit_code == 2
    assert "recorded chains show themselves what was listed" in result.stderr


def test_without_chains_there_is_nothing_to_anchor(bars: Path, home: Path) -> None:
    result = run(home, "--source", bars, "--anchored")
    assert result.exit_code == 2
    assert "no recorded chains to fit surfaces to" in result.stderr


def test_daily_bars_alone_give_entries_at_the_open(
    market: HistoryMarket, home: Path, tmp_path: Path
) -> None:
    for symbol in ("NDX", "VIX", "VXN"):
        write_bars(tmp_path, market.days(symbol))
    args = ("--source", tmp_path, *SMALL, "--time", "06:30,07:30", "--json", "--out", "x")
    facts = document(run(home, *args))["runs"][0]
    assert facts["trades_by_source"]["model"] > 0
    grid = pq.read_table(home / "results" / "x" / "grid.parquet", filters=[("n_trades", ">", 0)])
    assert set(grid["entry_time_pst"].to_pylist()) == {"06:30"}
    assert any("entered at the open alone" in note for note in facts["notes"])


def test_without_a_source_recorded_chains_under_home_are_taken(home: Path) -> None:
    recording(home)
    said = document(run(home, "--dry-run", "--json"))["runs"][0]
    assert said["prices"] == "quotes"
    assert said["taken"] == f"no --source given: recorded chains under {home}"


# --- Yahoo, through the real client on a loopback server

NOW = datetime(2026, 2, 14, 12, 0, tzinfo=UTC)  # the Saturday after LAST
OURS = {"^NDX": "NDX", "^VIX": "VIX", "^VXN": "VXN", "^VIX9D": "VIX9D", "^VIX3M": "VIX3M"}


def _body(symbol: str, bars: Any, starts: Any) -> bytes:
    meta = {
        "currency": "USD", "symbol": symbol, "exchangeName": "SNP", "instrumentType": "INDEX",
        "exchangeTimezoneName": "America/New_York", "timezone": "EST", "gmtoffset": -18_000,
        "dataGranularity": "1h", "range": "1d", "priceHint": 2, "validRanges": ["1d", "max"],
        "tradingPeriods": [[{"timezone": "EST", "start": int(starts[0]), "end": int(starts[-1]),
                             "gmtoffset": -18_000}]],
    }  # fmt: skip
    names = ("open", "high", "low", "close")
    quote = {name: getattr(bars, name).tolist() for name in names} | {"volume": [0] * len(starts)}
    result = {
        "meta": meta, "timestamp": [int(t) for t in starts], "indicators": {"quote": [quote]},
    }  # fmt: skip
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


@contextmanager
def yahoo_plays(
    market: HistoryMarket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The command's own Yahoo client, with its requests answered here. VIX1D is not there."""

    def play(symbol: str) -> Reply:
        name, interval = OURS.get(symbol), server.query["interval"]
        if name is None:
            return Reply(status=404, body=NOT_FOUND)
        if interval == "1d":
            days = market.days(name)
            opens = [s.open.timestamp() for s in market.calendar.between(FIRST, LAST)]
            return Reply(body=_body(symbol, days, opens))
        since = date(2025, 12, 17) if interval == "5m" else FIRST
        found = market.bars(name, interval, since=since, until=NOW)
        return Reply(body=_body(symbol, found, found.start))

    with yahoo_on_loopback(play, cache_dir=tmp_path / "cache", timeout_s=10) as (server, provider):

        @contextmanager
        def source(settings: Settings, home: Home) -> Iterator[Any]:
            del settings, home
            yield provider

        monkeypatch.setattr("monitor.app.history_source", source)
        monkeypatch.setattr("monitor.cli.backtest.SystemClock", lambda: FixedClock(NOW))
        yield server


def test_yahoo_history_is_fetched_kept_and_topped_up(
    market: HistoryMarket, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with yahoo_plays(market, tmp_path, monkeypatch) as server:
        args = ("--source", "yahoo", *SMALL, *TIMES, "--json", "--out", "x")
        facts = document(run(home, *args))["runs"][0]
        assert server.charts == {name: 3 for name in (*OURS, "^VIX1D")}
        assert facts["trades_by_source"]["model"] > 100
        assert facts["exploratory"] == ["07:45"]
        assert "VIX1D 1d: not fetched: yahoo has no symbol 'VIX1D'" in facts["problems"]
        stored = home / "data" / "history" / "backtest"
        assert {p.name for p in stored.glob("NDX_*")} == {
            "NDX_5m.parquet", "NDX_1h.parquet", "NDX_1d.parquet",
        }  # fmt: skip
        server.asked.clear()
        again = document(run(home, *args))["runs"][0]
        assert set(server.charts) == {"^VIX1D"}  # what is whole is not asked again
        assert again["trades"] == facts["trades"]
        server.asked.clear()
        document(run(home, *args, "--resume"))
        assert not server.charts  # going on means: with the same data


def test_without_a_source_and_without_chains_yahoo_is_taken_and_said(
    market: HistoryMarket, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with yahoo_plays(market, tmp_path, monkeypatch):
        result = run(home, *SMALL, *TIMES, "--out", "x")
    assert result.exit_code == 0, result.output
    assert "no --source given and no recorded chains of NDX" in result.stderr
    assert "model from " in result.stdout.splitlines()[0]


def test_yahoo_beside_recorded_chains_gives_regimes_and_earlier_bands(
    market: HistoryMarket, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """22 recorded sessions are too few for a band of 60 moves; the history before them is not."""
    chains = recording(tmp_path / "recording")
    args = ("--source", chains, "--dte", "1", "--width", "10,20", "--time", "07:30", "--json")
    alone = document(run(home, *args, "--out", "alone"))["runs"][0]
    assert alone["trades"] == 0
    calm = HistoryMarket(market.calendar, FIRST, LAST, start=24_000.0, move=0.0008)
    with yahoo_plays(calm, tmp_path, monkeypatch):
        both = document(run(home, *args, "--source", "yahoo", "--out", "both"))["runs"][0]
    assert both["source"]["prices"] == "quotes"
    assert both["regime_known"] is True
    assert both["trades"] > 0


def test_yahoo_out_of_reach_beside_recorded_chains_is_a_problem_and_no_more(
    home: Path, tmp_path: Path, calendar: TradingCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def silent(settings: Settings, home: Home) -> Iterator[HistoryMarket]:
        del settings, home
        yield HistoryMarket(calendar, FIRST, LAST, down=True)

    monkeypatch.setattr("monitor.app.history_source", silent)
    chains = recording(tmp_path)
    args = ("--source", chains, "--source", "yahoo", *SMALL, "--time", "07:30", "--json")
    facts = document(run(home, *args, "--out", "x"))["runs"][0]
    assert facts["source"]["prices"] == "quotes"
    assert any("no history could be fetched: NDX 5m" in p for p in facts["problems"])


def test_yahoo_out_of_reach_leaves_nothing_invented(
    home: Path, calendar: TradingCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def silent(settings: Settings, home: Home) -> Iterator[HistoryMarket]:
        del settings, home
        yield HistoryMarket(calendar, FIRST, LAST, down=True)

    monkeypatch.setattr("monitor.app.history_source", silent)
    result = run(home, "--source", "yahoo", *SMALL)
    assert result.exit_code == 3
    assert "no history could be fetched: NDX 5m" in result.stderr
    assert not list(home.glob("results/*"))
    assert not list(home.glob("data/history/**/*.parquet"))


def test_a_dry_run_fetches_nothing(home: Path) -> None:
    said = document(run(home, "--source", "yahoo", "--dry-run", "--json"))["runs"][0]
    assert said["fetches"] is True
    assert said["entry_sessions"] is None
    assert not (home / "data").exists()


# --- the real files beside the project


def test_the_recorded_bars_as_they_lie_give_a_grid(home: Path, shared_data: Path) -> None:
    folders = ("--source", shared_data / "intraday", "--source", shared_data / "daily")
    span = ("--from", "2023-06-01", "--to", "2023-08-31")
    args = (*folders, *span, "--dte", "1,5", "--width", "50,100", "--time", "07:30,09:00")
    facts = document(run(home, *args, "--json", "--out", "x"))["runs"][0]
    assert facts["window"]["entry_sessions"] == 64  # 21 + 20 + 23 sessions
    assert facts["trades_by_source"]["model"] > 1000
    assert facts["regime_known"] is True
    assert facts["exploratory"] == []
    notes = "\n".join(facts["notes"])
    assert "low fidelity" not in notes  # VIX9D is there
    assert any("sessions without bars: 2012-03-14" in p for p in facts["problems"])
    assert any("2020-03-16" in p and "taken as unknown" in p for p in facts["problems"])


def test_etf_bars_with_adjusted_closes_beside_them_settle_on_the_bars(
    home: Path, shared_data: Path
) -> None:
    """SPY's daily file is adjusted for dividends: 3 to 5 % off what was traded in 2022."""
    folders = ("--source", shared_data / "intraday", "--source", shared_data / "daily")
    args = (*folders, "--ticker", "SPY", "--dte", "3", "--width", "5", "--time", "07:30")
    facts = document(run(home, *args, "--json", "--out", "x"))["runs"][0]
    assert any(p.startswith("SPY_yahoo_adj.csv: not used") for p in facts["problems"])
    assert facts["window"]["first"] == "2022-02-14"
