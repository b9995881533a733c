"""The evidence card by hand: break-even under the person's exits and fees, and what losses cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from fakes.live import EXPIRATION, condor_chain, condor_row, live_market
from fakes.spine import NOW

from monitor.config import Costs, Exits, Settings
from monitor.domain.entry_windows import EntryWindow
from monitor.domain.evidence import evidence
from monitor.domain.grid import Grid, GridFile, GridRow, RowStats, combo_of
from monitor.domain.regime_rows import MODE_CODES, REGIME_CODES, RegimeRows, row_key
from monitor.domain.resolve import resolve
from monitor.domain.scan import Pick, win_interval
from monitor.domain.snapshot import EvidenceView
from monitor.domain.vocabulary import BandMode, Regime, SpreadType, Verdict
from monitor.grid_file import load_grid

STATS = RowStats(
    win_low_pct=84.0, win_high_pct=98.0, n_eff=41.5, return_pct=-0.4, return_low_pct=-1.9,
    return_high_pct=1.1,
)  # fmt: skip


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    path = tmp_path_factory.mktemp("grid") / "grid.csv"
    header = (
        "dte,band,spread_type,flow_mode,spread_width,entry_time_pst,expected_win_pct,"
        "expected_roi_pct,sharpe,expected_credit,max_risk_per_contract,avg_pnl,n_trades,trade_score"
    )
    row = "3,P100,iron_condor,neutral,{},07:30,95.0,2.93,0.5,285,9715,20.0,100,70.0"
    path.write_text("\n".join([header, *(row.format(100 + n) for n in range(7))]) + "\n")
    return load_grid(path).grid


def pick(row: GridRow, *, live: bool = True, **market: Any) -> Pick:
    trade = resolve(row, EXPIRATION, live_market(condor_chain(), **market)) if live else None
    return Pick(
        rank=1, ticker="NDX", row=row, expiration=EXPIRATION,
        window=EntryWindow(opens_at=NOW, closes_at=NOW), in_window=True, win=win_interval(row),
        breakeven=0.8, verdict=Verdict.NO_EDGE, verdict_why="not beyond luck", missing=(),
        status="alerted", status_why="", live=trade,
    )  # fmt: skip


def card(
    grid: Grid, row: GridRow | None = None, *, regimes: RegimeRows | None = None,
    regime: Regime | None = Regime.MEDIUM, live: bool = True, **market: Any,
) -> EvidenceView:  # fmt: skip
    row = row or condor_row()
    file = GridFile(path=Path("grid.csv"), modified_at=NOW, grid=grid, regimes=regimes)
    return evidence(
        pick(row, live=live, **market), grid=file, regime=regime,
        market=live_market(condor_chain(), **market),
    )  # fmt: skip


def test_break_even_under_your_exits_and_fees_of_the_live_credit(grid: Grid) -> None:
    """$115, target 50 %: $57.50 less 8 fees of $1 is $49.50; stop 2 × $115 plus $8 is $238.

    238 ÷ (238 + 49.5) = 82.78 %. The whole loss is $9,885 and $4 of opening: 199.8 wins.
    """
    found = card(grid)
    assert found.breakeven_of == "live credit"
    assert found.breakeven_win_pct == pytest.approx(100 * 238 / 287.5)
    assert found.wins_per_full_loss == pytest.approx(9_889 / 49.5)


def test_without_a_live_credit_the_grids_counts(grid: Grid) -> None:
    """$285: profit 142.50 − 8, loss 570 + 8."""
    found = card(grid, live=False)
    assert found.breakeven_of == "grid credit"
    assert found.breakeven_win_pct == pytest.approx(100 * 578 / (578 + 134.5))


def test_a_vertical_has_two_legs_to_pay_for(grid: Grid) -> None:
    """$60: 30 − 4, 120 + 4."""
    found = card(grid, condor_row(spread_type=SpreadType.PUT_SPREAD))
    assert found.breakeven_win_pct == pytest.approx(100 * 124 / 150)


def test_trap_07_fees_that_eat_the_target_leave_no_break_even(grid: Grid) -> None:
    dear = msgspec.structs.replace(Settings(), costs=Costs(index_fee_usd=8.0))
    found = card(grid, settings=dear)  # 57.50 − 64
    assert (found.breakeven_win_pct, found.wins_per_full_loss) == (None, None)
    assert "fees of $64.00 eat the whole profit target: no win rate pays" in found.notes


def test_a_stop_beyond_the_maximum_loss_is_the_maximum_loss(grid: Grid) -> None:
    """200 credits of $115 exceed $9,885."""
    exits = Exits(stop_loss_credit_multiple=100)
    far = msgspec.structs.replace(Settings(), exits=exits)
    found = card(grid, settings=far)
    assert found.breakeven_win_pct == pytest.approx(100 * 9_893 / (9_893 + 49.5))


def test_a_full_loss_in_twenty_is_an_upper_estimate_and_says_so(grid: Grid) -> None:
    """95 of 100: Wilson's lower end is 88.825 %; 1 − 0.88825²⁰ = 90.66 %, 1 − 0.95²⁰ = 64.2 %."""
    found = card(grid)
    assert found.full_loss_in_20_pct == pytest.approx(90.66, abs=0.01)
    (note,) = [n for n in found.notes if n.startswith("full loss")]
    assert "upper estimate" in note
    assert note.endswith("at the rate itself 64 %")


def test_a_perfect_record_is_not_a_certain_one(grid: Grid) -> None:
    """90 of 90: lower end 95.91 % (golden list); 1 − 0.9591²⁰ = 56.6 %, not zero."""
    found = card(grid, condor_row(win_rate_pct=100.0, n_trades=90))
    assert found.full_loss_in_20_pct == pytest.approx(56.6, abs=0.1)


def test_the_files_own_interval_and_return_are_shown_where_it_has_them(grid: Grid) -> None:
    found = card(grid, condor_row(stats=STATS))
    (rate,) = found.rates
    assert (rate.low_pct, rate.high_pct, rate.n, rate.n_eff) == (84.0, 98.0, 100, 41.5)
    assert (found.expected_return_pct, found.return_low_pct, found.return_high_pct) == (
        -0.4,
        -1.9,
        1.1,
    )
    assert found.full_loss_in_20_pct == pytest.approx(100 * (1 - 0.84**20))


def test_what_the_file_does_not_say_is_unknown_with_a_note(grid: Grid) -> None:
    found = card(grid)
    (rate,) = found.rates
    assert rate.scope == "all regimes"
    assert (rate.low_pct, rate.high_pct) == (
        pytest.approx(88.825, abs=0.001),  # Wilson 95/100, golden list
        pytest.approx(97.846, abs=0.001),
    )
    assert (found.expected_return_pct, found.return_low_pct) == (None, None)
    assert "expected return after costs: unknown, the grid file has no such column" in found.notes
    assert "win rate in this regime: unknown, the grid file has no rows by regime" in found.notes


def test_the_verdict_and_the_tries_stand_beside_it(grid: Grid) -> None:
    found = card(grid)
    assert (found.tries, found.verdict, found.verdict_why) == (7, "no edge", "not beyond luck")


def regime_rows(*rows: GridRow, regime: Regime) -> RegimeRows:
    keys = [
        row_key(
            combo=combo_of(row), milli=round(1000 * row.width), minute=row.minute,
            mode=MODE_CODES[BandMode.RAW100], regime=REGIME_CODES[regime],
        )
        for row in rows
    ]  # fmt: skip
    order = np.argsort(keys)
    win = np.array([80.0 + n for n in range(len(rows))])
    return RegimeRows(
        key=np.array(keys)[order], win_rate_pct=win[order], low_pct=win[order] - 10,
        high_pct=win[order] + 10, n=np.full(len(rows), 20), n_eff=np.full(len(rows), np.nan),
    )  # fmt: skip


def test_the_rate_of_this_regime_stands_beside_that_of_all(grid: Grid) -> None:
    others = [condor_row(minute=465), condor_row(width=50.0), condor_row(dte=5)]
    known = regime_rows(*others, condor_row(), regime=Regime.MEDIUM)
    found = card(grid, regimes=known)
    assert [(r.scope, r.win_rate_pct, r.n, r.n_eff) for r in found.rates] == [
        ("all regimes", 95.0, 100, None),
        ("MEDIUM", 83.0, 20, None),
    ]
    elsewhere = card(grid, regimes=known, regime=Regime.HIGH)
    assert len(elsewhere.rates) == 1
    assert "no trade in HIGH on record" in elsewhere.notes
    assert len(card(grid, replace(condor_row(), minute=480), regimes=known).rates) == 1
