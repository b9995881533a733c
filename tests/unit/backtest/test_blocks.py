"""A whole small run: cut any way, run anywhere, nothing lost."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from monitor.backtest.bars_panel import SLOTS, PriceTable, Sessions, sessions_between
from monitor.backtest.configs import Dimensions, ExitPolicy, Kind
from monitor.backtest.engine_kernel import simulate
from monitor.backtest.engine_plain import simulate_plain
from monitor.backtest.entry import entries_into
from monitor.backtest.grid_build import build_grid
from monitor.backtest.grid_csv import write_parquet
from monitor.backtest.legs import MILLI, TRADE, ExpirationMarks, ExpirationTask, Terms
from monitor.backtest.regime_at_entry import regimes
from monitor.backtest.run_blocks import assemble, make_plan, run_block, run_blocks
from monitor.backtest.run_plan import GridResult, MarksSource, Plan, RunSpec
from monitor.backtest.trade_codes import Exit, NoTrade, PriceSource
from monitor.backtest.trades_table import arrow_table, regime_of
from monitor.config import RegimeEdges
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import BandMode, Regime
from monitor.errors import DomainError
from monitor.providers.sessions import load_calendar

N = 60
STEP = 30


@dataclass(frozen=True)
class MadeUpMarks:
    """Half-hourly marks of every strike from a formula of (price, time left)."""

    sessions: Sessions
    prices: PriceTable
    offset: int = 0

    def part(self, first: int, stop: int) -> MarksSource:
        return self

    def marks(self, expiration: int) -> ExpirationMarks | None:
        since = max(expiration - 5, 0)
        minute = np.arange(570, 960, STEP)
        session = np.repeat(np.arange(since, expiration + 1), len(minute))
        minute = np.tile(minute, expiration + 1 - since)
        open_now = minute < self.sessions.close_minute[session]
        session, minute = session[open_now], minute[open_now]
        spot = self.prices.price[session, (minute - 570) // 5]
        left = expiration - session + (960 - minute) / 390
        strike = np.arange(4000, 6000, 5)
        sd = 0.01 * spot * np.sqrt(left)
        away = strike[:, None] - spot[None, :]
        tail = 0.4 * sd * np.exp(-np.abs(away) / sd * 1.3)
        mid = np.concatenate([np.maximum(away, 0) + tail, np.maximum(-away, 0) + tail])
        return ExpirationMarks(
            expiration=expiration, session=session, minute=minute, spot=spot,
            source=np.zeros(len(session), np.uint8), put_strike=strike * MILLI,
            call_strike=strike * MILLI, mid=mid, half=np.full(mid.shape, 0.05),
        )  # fmt: skip


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=date(2026, 3, 2))


@pytest.fixture(scope="module")
def plan(calendar: TradingCalendar) -> Plan:
    # Thanksgiving 2025 and its early close on Friday, 28 November, lie inside
    sessions = sessions_between(calendar, date(2025, 9, 15), date(2025, 12, 8))
    assert len(sessions) == N
    rng = np.random.default_rng(5)
    path = 5000 * np.exp(np.cumsum(rng.normal(0, 0.0008, N * len(SLOTS)))).reshape(N, -1)
    early = sessions.close_minute < 960
    path[early, (780 - 570) // 5 :] = np.nan
    close = np.where(early, path[:, (780 - 570) // 5 - 1], path[:, -1])
    prices = PriceTable(price=path, close=close)
    vix = PriceTable(price=np.full(path.shape, np.nan), close=rng.uniform(10, 25, N))
    spec = RunSpec(
        ticker="SPX", first=date(2025, 10, 20), last=date(2025, 12, 8), source="quotes",
        dims=Dimensions(
            dtes=(0, 1, 5), bands=(95, 99), modes=(BandMode.RAW100, BandMode.VIX250),
            widths=(5.0, 25.0), entry_minutes_pt=(390, 420, 600),
        ),
        fills=(0.0, 0.5), min_sample=15, block_sessions=7,
    )  # fmt: skip
    return make_plan(
        spec, sessions=sessions, prices=prices, source=MadeUpMarks(sessions, prices),
        calendar=calendar, vol=vix, vix=vix, terms=Terms(ticks_per_point=100),
    )  # fmt: skip


@pytest.fixture(scope="module")
def grid(plan: Plan) -> GridResult:
    return run_blocks(plan, workers=1)


def _same(a: GridResult, b: GridResult) -> None:
    assert a.trades.tobytes() == b.trades.tobytes()
    np.testing.assert_array_equal(a.no_trade, b.no_trade)


def test_every_configuration_day_is_a_trade_or_counted_under_a_reason(
    grid: GridResult, plan: Plan
) -> None:
    for fill in range(2):
        traded = np.count_nonzero(grid.trades["fill"] == fill)
        asked = len(plan.table) * grid.n_entry_days
        assert traded + grid.no_trade[fill].sum() == asked
    reasons = grid.no_trade_reasons(fill=0.5)
    # 1 early close × 1 of 3 times × configurations of a time
    assert reasons[NoTrade.OUT_OF_SESSION] == len(plan.table) // 3
    assert reasons[NoTrade.NOT_SETTLED] > 0
    assert len(grid.trades) > 2000


@dataclass(frozen=True)
class CalledModel(MadeUpMarks):
    """The same marks, said to be model prices."""

    def marks(self, expiration: int) -> ExpirationMarks | None:
        found = super().marks(expiration)
        model = int(PriceSource.MODEL)
        return found and replace(found, source=np.full_like(found.source, model))


def test_model_prices_at_0_dte_are_refused_and_counted(grid: GridResult, plan: Plan) -> None:
    source = plan.source
    assert isinstance(source, MadeUpMarks)
    modeled = run_blocks(replace(plan, source=CalledModel(source.sessions, source.prices)))

    def later(result: GridResult) -> tuple[int, int]:
        dte = result.table.dte[result.trades["config"]]
        return int(np.count_nonzero(dte == 0)), int(np.count_nonzero(dte > 0))

    assert later(grid)[0] > 0
    assert later(modeled) == (0, later(grid)[1])
    assert NoTrade.MODEL_0DTE_UNVALIDATED not in grid.no_trade_reasons(fill=0.5)
    # every entry day × 3 times, but for the last on the early close
    n_0dte = np.count_nonzero(plan.table.dte == 0)
    refused = modeled.no_trade_reasons(fill=0.5)[NoTrade.MODEL_0DTE_UNVALIDATED]
    assert refused == n_0dte * grid.n_entry_days - n_0dte // 3
    assert np.count_nonzero(modeled.trades["fill"] == 1) + modeled.no_trade[1].sum() == (
        len(plan.table) * grid.n_entry_days
    )


def test_threads_processes_and_any_cut_give_the_same_bits(grid: GridResult, plan: Plan) -> None:
    _same(run_blocks(plan, workers=3), grid)
    coarse = replace(plan, spec=replace(plan.spec, block_sessions=100))
    assert coarse.n_blocks == 1
    _same(run_blocks(coarse), grid)
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        _same(run_blocks(plan, executor=pool), grid)


def test_a_block_is_the_same_after_pickling_and_in_any_order(grid: GridResult, plan: Plan) -> None:
    results = []
    for number in reversed(range(plan.n_blocks)):
        block = pickle.loads(pickle.dumps(plan.block(number)))  # noqa: S301 - our own
        results.append(run_block(block))
    _same(assemble(plan, results[::-1]), grid)


def test_finished_blocks_are_kept_and_not_run_again(grid: GridResult, plan: Plan) -> None:
    kept = []

    def stop_after_two(result: object) -> None:
        kept.append(result)
        if len(kept) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_blocks(plan, workers=1, keep=stop_after_two)
    ran: list[object] = []
    again = run_blocks(plan, workers=1, done=kept, keep=ran.append)
    assert len(ran) == plan.n_blocks - 2
    _same(again, grid)


def test_the_kernel_equals_the_plain_engine_on_a_real_plan(plan: Plan) -> None:
    for number in (1, 4):
        block = plan.block(number)
        for expiration in range(block.first, min(block.first + 2, block.stop)):
            marks = block.source.marks(expiration)
            assert marks is not None
            task = ExpirationTask(
                marks=marks, entries=entries_into(block.facts, block.cells, expiration, marks),
                cells=block.cells, terms=block.terms, rules=block.rules, fills=block.fills,
            )  # fmt: skip
            want, refused = simulate_plain(task)
            got, counted = simulate(task)
            order = ["config", "fill"]
            np.testing.assert_array_equal(np.sort(got, order=order), np.sort(want, order=order))
            np.testing.assert_array_equal(counted, refused)
            assert len(got) > 20


def test_trap_21_a_crash_after_the_entry_changes_no_entry(plan: Plan, grid: GridResult) -> None:
    """Prices from session 45 on fall by 30 %: entries before it keep strikes and credits."""
    source = plan.source
    assert isinstance(source, MadeUpMarks)
    crash = 45
    price, close = source.prices.price.copy(), source.prices.close.copy()
    price[crash:] *= 0.7
    close[crash:] *= 0.7
    prices = PriceTable(price=price, close=close)
    vix = PriceTable(price=np.full(price.shape, np.nan), close=np.full(N, 15.0))
    calm = make_plan(
        plan.spec, sessions=source.sessions, prices=source.prices,
        source=MadeUpMarks(source.sessions, source.prices), vol=vix,
        calendar=load_calendar(None, today=date(2026, 3, 2)), terms=plan.terms,
    )  # fmt: skip
    moved = make_plan(
        plan.spec, sessions=source.sessions, prices=prices,
        source=MadeUpMarks(source.sessions, prices), vol=vix,
        calendar=load_calendar(None, today=date(2026, 3, 2)), terms=plan.terms,
    )  # fmt: skip
    known = ["config", "entry", "fill", "short_put", "short_call", "credit_mid", "credit"]
    before = [
        (g := run_blocks(p)).trades[g.trades["entry"] < crash - p.first] for p in (calm, moved)
    ]
    np.testing.assert_array_equal(before[0][known], before[1][known])
    assert before[1]["pnl_hold"].sum() < before[0]["pnl_hold"].sum()  # the crash did strike


def test_short_strikes_lie_beyond_the_band_and_out_of_the_money(
    plan: Plan, grid: GridResult
) -> None:
    times = np.array([390, 420, 600])
    for row in grid.trades[:: max(1, len(grid.trades) // 400)]:
        config, s = int(row["config"]), int(row["entry"]) + plan.first
        j = int(np.searchsorted(times, plan.table.entry_minute_pt[config]))
        cell = int(np.searchsorted(plan.table.cell_start, config, side="right")) - 1
        spot = plan.facts.price[s, j]
        if row["short_put"] > 0:
            assert row["short_put"] <= plan.facts.low[cell, s, j]
            assert row["short_put"] < spot
        if row["short_call"] > 0:
            assert row["short_call"] >= plan.facts.high[cell, s, j]
            assert row["short_call"] > spot


def test_flow_is_the_days_move_known_at_entry(plan: Plan, grid: GridResult) -> None:
    source = plan.source
    assert isinstance(source, MadeUpMarks)
    kind = plan.table.kind[grid.trades["config"]]
    rows = grid.trades[np.isin(kind, (Kind.PUT_WITH, Kind.CALL_AGAINST))]
    checked = 0
    for row in rows[:: max(1, len(rows) // 200)]:
        config, s = int(row["config"]), int(row["entry"]) + plan.first
        k = (int(plan.table.entry_minute_pt[config]) + 180 - 570) // 5
        now = source.prices.price[s, k]
        if plan.table.dte[config] == 0:
            assert now / source.prices.price[s, k - 2] - 1 > 0.0005
        else:
            assert now / source.prices.close[s - 1] - 1 > 0.001
        checked += 1
    assert checked > 20


def test_time_exits_fall_15_minutes_before_the_close_of_the_session_before(
    plan: Plan, grid: GridResult
) -> None:
    rows = grid.trades[grid.trades["reason"] == Exit.TIME]
    assert len(rows) > 50
    dte = plan.table.dte[rows["config"]]
    assert (dte >= 2).all()
    expiration = rows["entry"] + dte
    # half-hourly marks: the first at or after 15:45 is the next session's 09:30, or, on the
    # early close (12:45), also the next open
    assert (rows["exit_session"] == expiration).all()
    assert (rows["exit_minute"] == 570).all()


def test_statistics_columns_and_the_table_agree_with_the_rows(grid: GridResult) -> None:
    rows = grid.trades[grid.trades["fill"] == 1]
    managed = grid.columns(ExitPolicy.MANAGED, fill=0.5)
    assert managed.n_trades == len(rows)
    np.testing.assert_allclose(managed.returns, rows["pnl_managed"] / rows["max_loss"], rtol=1e-6)
    table = arrow_table(grid)
    assert table.num_rows == len(grid.trades)
    one = table.slice(len(grid.trades) // 2, 1).to_pylist()[0]
    assert one["price_source"] == "quotes"
    assert one["expiration"] >= one["entry_date"]
    assert set(regime_of(grid, rows)) <= set(range(len(Regime)))


def test_any_number_of_workers_judges_alike(grid: GridResult, tmp_path: Path) -> None:
    files = []
    for workers in (1, 4):
        built = build_grid(grid, workers=workers)
        files.append(tmp_path / f"{workers}.parquet")
        write_parquet(built.table, files[-1])
        assert len(built.table) > len(ExitPolicy) * len(grid.spec.fills) * len(grid.table)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_regimes_use_only_closes_before_the_entry(calendar: TradingCalendar) -> None:
    sessions = sessions_between(calendar, date(2026, 1, 5), date(2026, 1, 9))
    close = np.array([13.0, 17.0, 17.0, 31.0, 13.0])
    table = PriceTable(price=np.full((5, len(SLOTS)), np.nan), close=close)
    steady, plain = regimes(table, sessions, (600,), RegimeEdges())
    low, medium, extreme = (
        list(Regime).index(r) for r in (Regime.LOW, Regime.MEDIUM, Regime.EXTREME)
    )
    assert steady[:, 0].tolist() == [-1, low, low, medium, extreme]
    assert plain[:, 0].tolist() == [-1, low, medium, medium, extreme]


def test_a_span_without_sessions_is_refused(plan: Plan, calendar: TradingCalendar) -> None:
    source = plan.source
    assert isinstance(source, MadeUpMarks)
    spec = replace(plan.spec, first=date(2026, 6, 1), last=date(2026, 6, 5))
    with pytest.raises(DomainError, match="no session from 2026-06-01"):
        make_plan(
            spec, sessions=source.sessions, prices=source.prices, source=source,
            calendar=calendar,
        )  # fmt: skip


def test_a_trade_row_stays_small() -> None:
    assert TRADE.itemsize == sum(TRADE[name].itemsize for name in TRADE.names or ()) <= 48
