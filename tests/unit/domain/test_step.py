"""One cycle's decisions: what blocks what, when a scan is due, which regime is in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.positions_book import put_spread
from fakes.spine import (
    CALM,
    MINUTE,
    NOW,
    Cycle,
    daily,
    outage,
    pacific,
    quote,
    titles,
    with_scanning,
)

from monitor.config import Limits
from monitor.domain.grid import GridFile
from monitor.domain.positions import PnlMark
from monitor.domain.step import CycleResult
from monitor.domain.vocabulary import Level, Regime, Trend
from monitor.errors import DisagreementError
from monitor.grid_file import load_grid

COLUMNS = (
    "dte,band,spread_type,flow_mode,spread_width,entry_time_pst,entry_time_et,time_bucket,"
    "expected_win_pct,expected_roi_pct,sharpe,expected_credit,max_risk_per_contract,avg_pnl,"
    "n_trades,trade_score"
)
# Twenty-point condors for $340 that risk $1,660, one for 07:30 and one for 08:00 Pacific.
ROW = "3,P98,iron_condor,neutral,20,{at},{et},B,95.0,20.48,0.5,340.0,1660.0,20.0,100,70.0"
ENTRY = {"07:30": ROW.format(at="07:30", et="10:30"), "08:00": ROW.format(at="08:00", et="11:00")}


@pytest.fixture
def grid(tmp_path: Path) -> GridFile:
    return grid_of(tmp_path / "grid.csv", ENTRY["07:30"])


def grid_of(path: Path, *rows: str) -> GridFile:
    path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    return load_grid(path)


def cycle(grid: GridFile | None = None, **changed: Any) -> Cycle:
    made = Cycle(**changed)
    made.inputs.update({"grid": grid, "grid_problem": None if grid else "no grid file"})
    return made


def found(result: CycleResult) -> list[str]:
    return [pick.key for pick in result.state.scans["NDX"].alerted]


# regime


def test_the_first_reading_classifies_plainly_and_is_no_change_to_tell() -> None:
    result = cycle(vix=quote("VIX", 16.0)).run()
    assert result.state.regime is not None
    assert result.state.regime.regime is Regime.MEDIUM
    assert result.regime_change is not None
    assert result.regime_change.previous is None
    assert titles(result) == []


def test_a_neighbour_needs_two_readings_half_a_point_past_the_edge() -> None:
    one = cycle(vix=quote("VIX", 15.0))
    one.run()
    one.vix = quote("VIX", 16.6)
    assert one.run(NOW + MINUTE).regime_change is None
    result = one.run(NOW + 2 * MINUTE)
    assert titles(result) == ["Regime change: LOW → MEDIUM (VIX 16.6)"]


def test_one_reading_fetched_twice_is_one_reading() -> None:
    one = cycle(vix=quote("VIX", 15.0))
    one.run()
    same = {"NDX": quote("NDX", 25_000.0), "VIX": quote("VIX", 16.6, NOW + MINUTE)}
    one.run(NOW + MINUTE, readings=same)
    assert one.run(NOW + 2 * MINUTE, readings=same).regime_change is None


def test_a_jump_over_a_whole_regime_is_told_at_once() -> None:
    one = cycle(vix=quote("VIX", 15.0))
    one.run()
    one.vix = quote("VIX", 21.0)
    assert titles(one.run(NOW + MINUTE)) == ["Regime change: LOW → HIGH (VIX 21.0)"]


def test_a_stale_vix_moves_no_regime_and_stops_the_scan(grid: GridFile) -> None:
    one = cycle(grid, vix=quote("VIX", 15.0))
    assert len(found(one.run())) == 1
    late = NOW + 6 * MINUTE
    readings = {"NDX": quote("NDX", 25_000.0, late), "VIX": quote("VIX", 21.0, NOW + MINUTE)}
    result = one.run(late, readings=readings)
    assert result.regime_change is None
    assert result.scanned
    assert found(result) == []
    assert result.state.scans["NDX"].why_not == "VIX stale"


# what blocks an opportunity


def test_an_opportunity_in_its_window_is_told_once(grid: GridFile) -> None:
    one = cycle(grid)
    result = one.run()
    assert titles(result) == ["Found 1 trade opportunity(ies)"]
    assert titles(one.run(NOW + 5 * MINUTE)) == []


@pytest.mark.parametrize(
    ("readings", "why_not"),
    [
        ({"NDX": outage(), "VIX": quote("VIX", 17.0)}, "price of NDX unknown"),
        ({"NDX": quote("NDX", 25_000.0), "VIX": outage()}, "VIX unknown"),
        ({"NDX": quote("NDX", float("nan")), "VIX": quote("VIX", 17.0)}, "price of NDX unknown"),
        ({"NDX": quote("NDX", 25_000.0), "VIX": quote("VIX", 0.0)}, "VIX unknown"),
        (
            {"NDX": quote("NDX", 25_000.0, NOW - 4 * MINUTE), "VIX": quote("VIX", 17.0)},
            "price of NDX stale",
        ),
        (
            {
                "NDX": DisagreementError("2 % apart", source="a, b", retryable=True),
                "VIX": quote("VIX", 17.0),
            },
            "price of NDX unknown",
        ),
        ({}, "VIX unknown"),
    ],
)
def test_no_opportunity_from_unknown_stale_or_contradictory_data(
    grid: GridFile, readings: dict[str, Any], why_not: str
) -> None:
    result = cycle(grid).run(readings=readings)
    assert titles(result) == []
    assert result.state.scans["NDX"].why_not == why_not


def test_trap_36_a_delayed_quote_is_judged_with_its_stated_delay(grid: GridFile) -> None:
    late = quote("NDX", 25_000.0, NOW - 15 * MINUTE, delay=15 * MINUTE)
    readings = {"NDX": late, "VIX": quote("VIX", 17.0)}
    assert len(found(cycle(grid).run(readings=readings))) == 1


def test_time_exits_fire_without_any_data() -> None:
    # Put spread for the 25th, one session before is the 24th: 12:45 PT is its exit.
    due = pacific("12:45", date(2026, 11, 24))
    result = cycle().run(
        due, readings={"NDX": outage(), "VIX": outage()}, positions=(put_spread(),)
    )
    exits = [n for n in result.alerts.notices if n.level is Level.EXIT]
    assert [n.title for n in exits] == [
        "EXIT SIGNAL - Position a3f8 | Reason: Time exit | P&L: unknown"
    ]


def test_a_position_outside_the_calendar_does_not_stop_the_others() -> None:
    far = put_spread("ffff0000", expiration=date(2031, 1, 3))
    near = put_spread(mark=PnlMark(pnl_usd=90.0, asof=NOW, source="you"))
    result = cycle().run(positions=(far, near))
    assert titles(result) == [
        "EXIT SIGNAL - Position a3f8 | Reason: Profit target hit | P&L: $90.00 (+60.0%)",
        "RISK LIMIT BREACH - Total Capital at Risk: $59,700 exceeds $50,000",
    ]
    assert [p.what for p in result.watch.problems] == ["position ffff"]
    assert "outside the exchange calendar" in result.watch.problems[0].why


def test_a_limit_blocks_the_opportunity_that_would_break_it(grid: GridFile) -> None:
    # One position may lose $29,850; with one $1,660 contract more it is $31,510.
    for limit, blocked in ((31_510.0, False), (31_509.0, True)):
        settings = msgspec.structs.replace(CALM, limits=Limits(max_total_risk_usd=limit))
        result = cycle(grid, settings=settings).run(positions=(put_spread(),))
        assert (found(result) == []) is blocked
        assert [p.status for p in result.state.scans["NDX"].picks] == [
            "blocked" if blocked else "alerted"
        ]


def test_the_count_limit_blocks_at_the_limit_not_above_it(grid: GridFile) -> None:
    settings = msgspec.structs.replace(CALM, limits=Limits(max_positions=1))
    result = cycle(grid, settings=settings).run(positions=(put_spread(),))
    assert found(result) == []


# when a scan is due


def test_the_grid_is_scanned_every_scan_interval_not_every_cycle(grid: GridFile) -> None:
    one = cycle(grid)
    scanned = [one.run(NOW + i * MINUTE).scanned for i in range(11)]
    assert [i for i, due in enumerate(scanned) if due] == [0, 5, 10]


def test_a_cycle_a_little_early_still_keeps_the_beat(grid: GridFile) -> None:
    one = cycle(grid)
    one.run()
    assert one.run(NOW + 5 * MINUTE - timedelta(seconds=20)).scanned


def test_data_slower_than_scans_scans_each_cycle(grid: GridFile) -> None:
    one = cycle(grid, settings=with_scanning(scan_interval=60.0, data_interval=300.0))
    assert one.run().scanned
    assert one.run(NOW + 5 * MINUTE).scanned


def test_a_grid_that_was_loaded_anew_is_scanned_at_once(grid: GridFile, tmp_path: Path) -> None:
    one = cycle(grid)
    one.run()
    assert not one.run(NOW + MINUTE).scanned
    newer = grid_of(tmp_path / "new.csv", ENTRY["07:30"], ENTRY["08:00"])
    result = one.run(NOW + 2 * MINUTE, grid=newer)
    assert result.scanned
    assert result.state.scans["NDX"].rows == 2


def test_fault_15_a_clock_set_back_scans_at_once_and_repeats_nothing(grid: GridFile) -> None:
    one = cycle(grid)
    assert len(titles(one.run(NOW + timedelta(hours=1) - 50 * MINUTE))) == 1
    back = one.run(NOW)
    assert back.scanned
    assert titles(back) == []


def test_fault_15_after_the_clock_is_set_back_older_stamps_move_no_regime() -> None:
    one = cycle(vix=quote("VIX", 15.0))
    one.run(NOW + timedelta(hours=1))
    one.vix = quote("VIX", 17.0)
    for i in range(3):
        assert one.run(NOW + i * MINUTE).regime_change is None


# the clock and the entry windows


@pytest.mark.parametrize(
    ("at", "status"),
    [("07:29", "waiting"), ("07:30", "alerted"), ("07:44", "alerted"), ("07:45", "passed"),
     ("12:00", "passed")],
)  # fmt: skip
def test_trap_15_a_0730_config_is_actionable_in_its_window_only(
    grid: GridFile, at: str, status: str
) -> None:
    result = cycle(grid).run(pacific(at))
    assert [p.status for p in result.state.scans["NDX"].picks] == [status]
    assert (titles(result) != []) is (status == "alerted")


@pytest.mark.parametrize("day", [date(2026, 11, 26), date(2026, 11, 21)])
def test_trap_14_nothing_is_actionable_on_a_holiday_or_weekend(grid: GridFile, day: date) -> None:
    assert titles(cycle(grid).run(pacific("07:32", day))) == []


def test_trap_28_an_empty_result_is_empty(tmp_path: Path) -> None:
    # Extreme VIX looks at P99 and P100 only: the P98 row is not taken instead.
    grid = grid_of(tmp_path / "grid.csv", ENTRY["07:30"])
    result = cycle(grid, vix=quote("VIX", 40.0)).run()
    assert result.state.scans["NDX"].picks == ()
    assert titles(result) == []


def test_trap_08_an_up_trend_does_not_sell_calls(tmp_path: Path) -> None:
    call = ENTRY["07:30"].replace("iron_condor,neutral", "call_spread,with_flow")
    put = ENTRY["07:30"].replace("iron_condor,neutral", "put_spread,with_flow")
    grid = grid_of(tmp_path / "grid.csv", call, put)
    rising = {"NDX": daily("NDX", {date(2026, 11, 17): 24_000.0})}
    result = cycle(grid).run(trend=Trend.UP, daily=rising)
    assert {p.row.spread_type.value for p in result.state.scans["NDX"].picks} == {"put_spread"}


def test_without_a_grid_everything_else_runs() -> None:
    settings = CALM
    result = cycle(None, vix=quote("VIX", 17.0), settings=settings).run(
        positions=(put_spread(mark=PnlMark(pnl_usd=-300.0, asof=NOW, source="you")),)
    )
    assert result.state.scans["NDX"].why_not == "no grid file"
    assert "Stop loss hit" in titles(result)[0]


# data problems


def test_missing_data_is_told_when_it_lasts_and_when_it_ends() -> None:
    one = cycle()
    one.vix = outage("no network")
    assert titles(one.run()) == []
    assert titles(one.run(NOW + MINUTE)) == []
    assert titles(one.run(NOW + 2 * MINUTE)) == ["Data problem: VIX | no network"]
    assert titles(one.run(NOW + 3 * MINUTE)) == []
    one.vix = quote("VIX", 17.0)
    told: list[str] = []
    for i in range(4, 30):
        one.ndx, one.vix = quote("NDX", 25_000.0 + i), quote("VIX", 17 + i / 100)
        told += titles(one.run(NOW + i * MINUTE))
    assert told == ["Data is back: VIX"]


def test_missing_data_is_no_news_while_the_exchange_is_closed() -> None:
    one = cycle(vix=outage(), ndx=outage())
    evening = pacific("18:00")
    assert [t for i in range(10) for t in titles(one.run(evening + i * MINUTE))] == []


def test_exit_reminders_rest_while_the_exchange_is_closed() -> None:
    held = put_spread(mark=PnlMark(pnl_usd=90.0, asof=NOW, source="you"))
    one = cycle()
    told = {i: titles(one.run(NOW + i * MINUTE, positions=(held,))) for i in range(0, 12 * 60, 10)}
    times = [NOW + i * MINUTE for i, lines in told.items() if any("EXIT" in t for t in lines)]
    assert times[0] == NOW
    assert times[1] == NOW + 30 * MINUTE
    assert max(times) < pacific("13:00")


def test_a_dead_channel_is_an_alert() -> None:
    result = cycle().run(broken_channels={"mail": "535 refused"})
    assert titles(result) == ["Alert channel mail is switched off | 535 refused"]


def test_the_simulated_flag_reaches_every_notice(grid: GridFile) -> None:
    notices = cycle(grid).run(simulated=True).alerts.notices
    assert notices
    assert all(notice.simulated for notice in notices)


# another underlying's grid


def test_a_grid_of_another_underlying_opens_nothing_and_says_so(grid: GridFile) -> None:
    result = cycle(replace(grid, ticker="SPX")).run()
    assert found(result) == []
    assert result.state.scans["NDX"].why_not == "the grid was built for SPX, not for NDX"
    assert found(cycle(replace(grid, ticker="NDX")).run()) != []


# a defect in a scan


def test_a_scan_that_breaks_is_told_and_takes_no_exit_with_it(
    grid: GridFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a width of nothing")

    won = put_spread(mark=PnlMark(pnl_usd=90.0, asof=NOW, source="you"))  # of $150
    one = cycle(grid)
    with monkeypatch.context() as broken:
        broken.setattr("monitor.domain.step.scan_context", breaks)
        result = one.run(positions=(won,))
    scan = result.state.scans["NDX"]
    assert scan.why_not is not None
    assert "ZeroDivisionError: a width of nothing" in scan.why_not
    assert scan.failure is not None
    assert "Traceback" in scan.failure
    told = titles(result)
    assert any("EXIT SIGNAL" in title and "Profit target" in title for title in told)
    assert any(title.startswith("Data problem: NDX scan | the scan failed") for title in told)
    again = one.run(NOW + 5 * MINUTE)
    assert found(again) != []
    later = one.run(NOW + 21 * MINUTE)  # away for a quarter of an hour
    assert any(title.startswith("Data is back: NDX scan") for title in titles(later))
