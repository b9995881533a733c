"""Bars alone as a run's inputs: what is believed, what is told, and what stays unknown."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes.chain_files import exchange
from fakes.history_market import HistoryMarket, write_bars

from monitor.backtest.bars_panel import PriceTable, sessions_between
from monitor.backtest.configs import BandMode, Dimensions
from monitor.backtest.exploratory import exploratory_times
from monitor.backtest.open_chains import Inputs
from monitor.backtest.open_history import around, open_history
from monitor.backtest.plan_run import plan_run
from monitor.backtest.run_blocks import run_blocks
from monitor.backtest.run_plan import RunSpec
from monitor.config import RegimeEdges
from monitor.domain.pricing.model_error import credit_error_pct, model_error
from monitor.errors import DomainError

FIRST, LAST = date(2025, 10, 1), date(2026, 2, 13)
END = datetime(2026, 2, 13, 22, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]
NAN = float("nan")


@pytest.fixture
def market() -> HistoryMarket:
    return HistoryMarket(exchange(), FIRST, LAST)


def opened(folder: Path, ticker: str = "NDX") -> Inputs:
    return open_history([folder], ticker=ticker, calendar=exchange())


def with_indices(folder: Path, market: HistoryMarket) -> Path:
    for symbol in ("VIX", "VXN"):
        write_bars(folder, market.days(symbol))
    return folder


def test_official_closes_settle_and_bars_price_the_session(
    tmp_path: Path, market: HistoryMarket
) -> None:
    write_bars(tmp_path, market.bars("NDX", "1h", since=FIRST, until=END))
    write_bars(tmp_path, market.days("NDX"))
    inputs = opened(with_indices(tmp_path, market))
    whole = inputs.sessions.close_minute == 16 * 60
    for hour in (570, 630, 690, 750, 810, 870, 930):
        assert np.isfinite(inputs.prices.at(hour)[whole]).all()
    assert np.isnan(inputs.prices.at(810)[~whole]).all()  # 13:30 on early closes
    assert np.isnan(inputs.prices.at(575)).all()
    np.testing.assert_allclose(inputs.prices.close, market.days("NDX").close, atol=1e-3)
    assert inputs.source == "model"
    assert inputs.marks is None
    assert inputs.usual == inputs.days


def test_a_daily_close_far_from_the_bars_is_unknown_and_named(
    tmp_path: Path, market: HistoryMarket
) -> None:
    """One of the two is wrong, and nobody knows which."""
    write_bars(tmp_path, market.bars("NDX", "1h", since=FIRST, until=END))
    days = market.days("NDX")
    days.close[20] *= 1.02
    write_bars(tmp_path, days)
    inputs = opened(with_indices(tmp_path, market))
    assert np.flatnonzero(np.isnan(inputs.prices.close)).tolist() == [20]
    wrong = date.fromordinal(int(days.day[20]))
    assert any(str(wrong) in p and "taken as unknown" in p for p in inputs.problems)


def test_daily_bars_of_another_kind_of_price_are_not_used(
    tmp_path: Path, market: HistoryMarket
) -> None:
    """Closes 3 % below those of the bars throughout: adjusted for dividends, say."""
    write_bars(tmp_path, market.bars("NDX", "1h", since=FIRST, until=END))
    days = market.days("NDX")
    days.close[:] *= 0.97
    write_bars(tmp_path, days)
    inputs = opened(with_indices(tmp_path, market))
    assert any(
        "NDX_daily.csv: not used: its closes are 3.0 % (median)" in p for p in inputs.problems
    )
    np.testing.assert_allclose(inputs.prices.close, market.days("NDX").close, atol=1e-3)


def test_an_index_is_known_by_its_newest_value_of_the_session_never_a_later_one(
    tmp_path: Path, market: HistoryMarket
) -> None:
    write_bars(tmp_path, market.bars("NDX", "5m", since=FIRST, until=END))
    hourly = market.bars("VIX", "1h", since=FIRST, until=END)
    hourly.open[:7] = [20.0, 21.0, 22.0, 23.0, 24.0, 25.0, 26.0]
    write_bars(tmp_path, hourly)
    write_bars(tmp_path, market.days("VXN"))
    vix = opened(tmp_path).vols["VIX"]
    assert [float(vix.at(m)[0]) for m in (570, 625, 630, 635, 955)] == [20, 20, 21, 21, 26]
    assert np.isnan(opened(tmp_path).vols["VXN"].price).all()  # daily: the close before counts


def test_only_what_the_entries_need_is_kept(tmp_path: Path) -> None:
    market = HistoryMarket(exchange(), date(2024, 1, 2), LAST)
    write_bars(tmp_path, market.days("NDX"))
    inputs = opened(with_indices(tmp_path, market))
    first, last = date(2026, 1, 5), date(2026, 1, 16)
    part = around(inputs, first, last, longest=10)
    kept = [date.fromordinal(int(d)) for d in part.sessions.day]
    assert len([d for d in kept if d < first]) == 300  # the bands' 250 moves of 10 sessions
    assert len([d for d in kept if d > last]) == 10  # until the last one settles
    assert part.vols["VIX"].close.shape == part.prices.close.shape == (len(kept),)
    assert part.vix is part.vols["VIX"]
    assert part.vol is part.vols["VXN"]


def test_what_is_left_out_changes_no_trade(tmp_path: Path) -> None:
    market = HistoryMarket(exchange(), date(2023, 9, 1), LAST)
    write_bars(tmp_path, market.bars("NDX", "1h", since=date(2023, 9, 1), until=END))
    write_bars(tmp_path, market.days("NDX"))
    inputs = opened(with_indices(tmp_path, market))
    first, last = date(2025, 12, 1), date(2026, 1, 16)
    spec = RunSpec(
        ticker="NDX", first=first, last=last, source="model", fills=(0.5,),
        dims=Dimensions(
            dtes=(1, 3), bands=(95,), modes=tuple(BandMode), widths=(50,),
            entry_minutes_pt=(390, 450),
        ),
    )  # fmt: skip
    whole, part = (
        run_blocks(plan_run(spec, given, calendar=exchange(), edges=RegimeEdges()))
        for given in (inputs, around(inputs, first, last, longest=3))
    )
    assert len(whole.trades) > 50
    assert {int(mode) for mode in whole.table.mode[whole.trades["config"]]} == {0, 1}
    np.testing.assert_array_equal(part.trades, whole.trades)
    np.testing.assert_array_equal(part.no_trade, whole.no_trade)
    np.testing.assert_array_equal(part.regime, whole.regime)


def test_a_time_between_the_hours_needs_60_sessions() -> None:
    sessions = sessions_between(exchange(), date(2025, 10, 1), date(2026, 2, 13))
    price = np.full((len(sessions), 78), NAN)
    price[:, 12] = 1.0  # 10:30 New York, 07:30 Pacific: on the hour of the session
    price[-59:, 15] = 1.0  # 10:45
    price[-60:, 18] = 1.0  # 11:00
    table = PriceTable(price=price, close=np.ones(len(sessions)))
    span = {"first": date(2025, 10, 1), "last": date(2026, 2, 13)}
    times = (7 * 60 + 30, 7 * 60 + 45, 8 * 60, 8 * 60 + 15)
    assert exploratory_times(table, sessions, times, **span) == (7 * 60 + 45,)
    later = {"first": date(2026, 1, 2), "last": date(2026, 2, 13)}  # 30 sessions
    assert exploratory_times(table, sessions, times, **later) == (7 * 60 + 45, 8 * 60)


@pytest.mark.parametrize("symbol", ["SPX", "NDX", "QQQ", "SPY"])
def test_the_models_error_is_what_the_validation_measured(symbol: str) -> None:
    """The figures are those of docs/pricing.md, made by benchmarks/validate_surface.py."""
    text = (ROOT / "docs" / "pricing.md").read_text()
    whole = re.search(
        rf"\| {symbol}, recommended \| \d+ \| \d+ \| (\S+) \((\S+), (\S+)\) \| (\d+) \|", text
    )
    by_dte = re.findall(rf"\| {symbol}, (?:\d|\d to \d+) \|.*\) \| (\d+) \|", text)
    assert whole is not None
    bias, low, high, mean = (int(cell.replace("−", "-")) for cell in whole.groups())
    error = model_error(symbol)
    assert (error.bias, error.bias_low, error.bias_high, error.mean_absolute) == (
        bias, low, high, mean,
    )  # fmt: skip
    anchored = re.search(rf"\| {symbol}, true ATM .*\) \| (\d+) \|", text)
    assert anchored is not None
    assert error.anchored == int(anchored[1])
    assert list(error.by_dte) == [int(cell) for cell in by_dte]
    one, two, three, four, six, seven, ten = credit_error_pct(symbol, [1, 2, 3, 4, 6, 7, 10])
    assert [one, two, four, seven] == list(error.by_dte)
    assert (two, four, seven) == (three, six, ten)
    assert np.isnan(credit_error_pct(symbol, [0])[0])


def test_what_was_never_measured_has_no_error_to_state() -> None:
    with pytest.raises(DomainError, match="XLE"):
        model_error("XLE")
