"""The funnel: an empty result says which step emptied it and what came nearest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from grid_rows import load, row
from scan_case import ScanCase

from monitor.config import Quality, Settings
from monitor.domain.funnel import grid_view, ticker_funnel
from monitor.domain.scan import BLOCKED
from monitor.domain.snapshot import TickerFunnel
from monitor.domain.vocabulary import Profile, Regime, Trend

STEPS = ["loaded", "possible", "regime", "window", "quality", "alerted"]


def counts(funnel: TickerFunnel) -> list[int]:
    assert [s.name for s in funnel.steps] == STEPS
    return [s.count for s in funnel.steps]


def test_each_step_counts_what_is_left(tmp_path: Path) -> None:
    rows = [
        row(),
        row(dte=1, expected_credit=9000),  # impossible
        row(dte=1, band="P100"),  # not looked at in LOW
        row(dte=1, entry_time_pst="08:00"),  # its window comes later
        row(dte=1, expected_win_pct=85),  # below balanced
    ]
    funnel = ticker_funnel(ScanCase(load(tmp_path, rows).grid).run())
    assert counts(funnel) == [5, 4, 3, 2, 1, 1]
    assert funnel.emptied_by is None
    assert dict(funnel.profiles) == {
        "conservative": 0,
        "balanced": 1,
        "aggressive": 2,
        "maximum": 2,
    }


def test_trap_28_nothing_possible(tmp_path: Path) -> None:
    funnel = ticker_funnel(ScanCase(load(tmp_path, [row(sharpe="")]).grid).run())
    assert counts(funnel) == [1, 0, 0, 0, 0, 0]
    assert (funnel.emptied_by, funnel.nearest_miss) == ("possible", None)


def test_trap_28_an_empty_file_is_emptied_by_loading(tmp_path: Path) -> None:
    assert ticker_funnel(ScanCase(load(tmp_path, []).grid).run()).emptied_by == "loaded"


def test_trap_28_nothing_for_the_regime_does_not_fall_back_to_everything(tmp_path: Path) -> None:
    grid = load(tmp_path, [row(band="P95")]).grid
    funnel = ticker_funnel(ScanCase(grid, regime=Regime.EXTREME).run())
    assert counts(funnel) == [1, 1, 0, 0, 0, 0]
    assert funnel.emptied_by == "regime"
    assert funnel.nearest_miss is not None
    assert funnel.nearest_miss.threshold == "preferences of EXTREME"
    assert funnel.nearest_miss.needed == "P99, P100"


def test_trap_28_a_flat_day_leaves_directional_rows_out_and_says_so(tmp_path: Path) -> None:
    grid = load(tmp_path, [row(spread_type="put_spread", flow_mode="with_flow")]).grid
    funnel = ticker_funnel(ScanCase(grid, trend=Trend.UP, flow="flat").run())
    assert funnel.emptied_by == "regime"
    assert "1 not of the day's direction so far" in funnel.steps[2].why
    assert funnel.nearest_miss is not None
    assert funnel.nearest_miss.threshold == "day's direction"


def test_trap_28_no_listed_expiration_is_named(tmp_path: Path) -> None:
    grid = load(tmp_path, [row()]).grid
    funnel = ticker_funnel(ScanCase(grid, expirations={1: date(2026, 2, 23)}).run())
    assert funnel.emptied_by == "regime"
    assert "1 without a listed expiration" in funnel.steps[2].why
    assert funnel.nearest_miss is not None
    assert funnel.nearest_miss.threshold == "expiration"


def test_trap_28_a_window_that_opens_later_is_the_nearest_miss(tmp_path: Path) -> None:
    rows = [row(entry_time_pst="08:30", trade_score=90), row(entry_time_pst="08:00")]
    funnel = ticker_funnel(ScanCase(load(tmp_path, rows).grid).run())
    assert funnel.emptied_by == "window"
    miss = funnel.nearest_miss
    assert miss is not None
    assert miss.config.endswith("@ 08:00 w20")
    assert (miss.threshold, miss.value, miss.needed) == (
        "entry window",
        "now 07:32 PT",
        "opens 08:00 PT",
    )


def test_trap_28_the_one_threshold_that_blocks_is_named(tmp_path: Path) -> None:
    rows = [
        row(dte=1, expected_win_pct=70, trade_score=90),
        row(expected_win_pct=88.1),
        row(dte=5, expected_win_pct=89.9, sharpe=0.1),  # nearer in one, but misses two
    ]
    funnel = ticker_funnel(ScanCase(load(tmp_path, rows).grid).run())
    assert funnel.emptied_by == "quality"
    miss = funnel.nearest_miss
    assert miss is not None
    assert miss.config.startswith("3DTE")
    assert (miss.threshold, miss.value, miss.needed) == ("win rate", "88.1 %", "≥ 90 %")


def test_conservative_without_evidence_says_that_evidence_is_missing(tmp_path: Path) -> None:
    strict = msgspec.structs.replace(Settings(), quality=Quality(profile=Profile.CONSERVATIVE))
    funnel = ticker_funnel(ScanCase(load(tmp_path, [row()]).grid, settings=strict).run())
    assert funnel.emptied_by == "quality"
    assert funnel.nearest_miss is not None
    assert (funnel.nearest_miss.threshold, funnel.nearest_miss.needed) == ("verdict", "evidence")
    assert "verdict evidence" in funnel.steps[4].why


def test_a_limit_empties_the_last_step(tmp_path: Path) -> None:
    funnel = ticker_funnel(ScanCase(load(tmp_path, [row()]).grid, blocked_why="5 of 5 open").run())
    assert counts(funnel) == [1, 1, 1, 1, 1, 0]
    assert funnel.emptied_by == "alerted"
    assert funnel.steps[-1].why == "5 of 5 open"
    assert funnel.nearest_miss is not None
    assert (funnel.nearest_miss.threshold, funnel.nearest_miss.value) == ("limits", "5 of 5 open")


def test_a_pick_blocked_afterwards_counts_as_not_alerted(tmp_path: Path) -> None:
    result = ScanCase(load(tmp_path, [row()]).grid).run()
    held = replace(result.picks[0], status=BLOCKED, status_why="$60,000 exceeds $50,000")
    funnel = ticker_funnel(replace(result, picks=(held,)))
    assert funnel.emptied_by == "alerted"
    assert funnel.steps[-1].why == "$60,000 exceeds $50,000"


@pytest.mark.parametrize("blind", [{"regime": None}])
def test_no_scan_is_not_an_empty_scan(tmp_path: Path, blind: dict[str, None]) -> None:
    funnel = ticker_funnel(ScanCase(load(tmp_path, [row()]).grid, **blind).run())
    assert [s.name for s in funnel.steps] == ["loaded", "possible"]
    assert (funnel.why_not, funnel.emptied_by, funnel.nearest_miss) == ("VIX unknown", None, None)


def test_a_result_refused_afterwards_counts_nothing_as_zero(tmp_path: Path) -> None:
    result = ScanCase(load(tmp_path, [row()]).grid).run()
    funnel = ticker_funnel(replace(result, picks=(), profiles=(), why_not="price of NDX stale"))
    assert [s.name for s in funnel.steps] == ["loaded", "possible"]
    assert (funnel.emptied_by, funnel.nearest_miss) == (None, None)


def test_without_a_grid_there_are_no_steps() -> None:
    funnel = ticker_funnel(ScanCase(None).run())
    assert (funnel.steps, funnel.why_not) == ((), "no grid file")


def test_the_grid_view_counts_what_the_report_counts(tmp_path: Path) -> None:
    loaded = load(tmp_path, [row(), row(), row(dte=1, band="P1")])
    view = grid_view(loaded, None)
    assert (view.rows, view.usable) == (3, 1)
    assert dict(view.rejected) == {"duplicate": 1, "unknown_band": 1}
    assert view.modified_at is not None
    assert view.modified_at.tzinfo is UTC
    assert view.modified_at > datetime(2020, 1, 1, tzinfo=UTC)
    assert grid_view(None, "no grid file: put one there").problem == "no grid file: put one there"
