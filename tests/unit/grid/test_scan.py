"""The scan: what a regime looks at, in which direction, when, and how good."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from grid_rows import load, row
from scan_case import DAY, ScanCase, pacific

from monitor.config import Exits, Preferences, Quality, Scanning, Settings
from monitor.domain.opportunities import Told, opportunity_lines, opportunity_views
from monitor.domain.trading_calendar import Session
from monitor.domain.vocabulary import Profile, Regime, SpreadType, Trend, Verdict

PUT = {"spread_type": "put_spread"}
CALL = {"spread_type": "call_spread"}


def settings(**groups: msgspec.Struct) -> Settings:
    return msgspec.structs.replace(Settings(), **groups)


def test_a_good_configuration_in_its_window_is_alerted(tmp_path: Path) -> None:
    result = ScanCase(load(tmp_path, [row()]).grid).run()
    (pick,) = result.alerted
    assert (pick.rank, pick.status, pick.status_why) == (1, "alerted", "")
    assert pick.key == "NDX:3:P98:iron_condor:neutral:20:07:30"
    assert (100 * pick.win.low, 100 * pick.win.high) == (
        pytest.approx(88.825, abs=0.001),  # Wilson 95/100, golden list
        pytest.approx(97.846, abs=0.001),
    )
    assert pick.breakeven == pytest.approx(0.8)


def test_the_line_is_the_documented_one_with_more_after_it(tmp_path: Path) -> None:
    cells = row(
        expected_win_pct=95.5, expected_roi_pct=346.2, expected_credit=285,
        max_risk_per_contract=1715, n_trades=200, avg_pnl=14.25,
    )  # fmt: skip
    (line,) = opportunity_lines(ScanCase(load(tmp_path, [cells]).grid).run().alerted)
    assert line == (
        "#1: 3DTE P98 IRON_CONDOR @ 07:30 | Win:95.5% ROI:346.2% | Credit:$285 Risk:$1715"
        " | Win95: 91.7–97.6% (n=200) | Break-even:80.0%"
        " | Verdict:unknown (the grid file has no deflated statistics) | NDX width:20"
        " | Avg P&L:$14 (+0.8% of risk) | CHECK ROI: credit ÷ risk is 16.6% | backtest"
    )


def test_trap_05_a_line_says_when_the_width_is_not_what_was_traded(tmp_path: Path) -> None:
    wide = row(max_risk_per_contract=1700, expected_roi_pct=20.0, spread_width=10)
    (line,) = opportunity_lines(ScanCase(load(tmp_path, [wide]).grid).run().alerted)
    assert "CHECK width: credit + risk make 20.4 points, the file says 10" in line


@pytest.mark.parametrize(
    ("trend", "spreads"),
    [
        (Trend.UP, ["put_spread", "iron_condor"]),
        (Trend.DOWN, ["call_spread", "iron_condor"]),
        (Trend.SIDEWAYS, ["iron_condor"]),
    ],
)
def test_trap_08_up_sells_puts_and_never_calls(
    tmp_path: Path, trend: Trend, spreads: list[str]
) -> None:
    # the condor has the best score: preference comes before score
    rows = [row(trade_score=90), row(**PUT), row(**CALL)]
    result = ScanCase(load(tmp_path, rows).grid, trend=trend, flow="up").run()
    assert [p.row.spread_type.value for p in result.picks] == spreads


@pytest.mark.parametrize(
    ("spread", "flow", "modes"),
    [
        (PUT, "up", {"with_flow", "neutral"}),
        (PUT, "down", {"against_flow", "neutral"}),
        (CALL, "down", {"with_flow", "neutral"}),
        (CALL, "up", {"against_flow", "neutral"}),
        (PUT, "flat", {"neutral"}),
        (PUT, None, {"neutral"}),
        (CALL, "flat", {"neutral"}),
    ],
)
def test_trap_08_with_flow_is_the_spread_that_earns_if_the_move_goes_on(
    tmp_path: Path, spread: dict[str, object], flow: str | None, modes: set[str]
) -> None:
    rows = [row(**spread, flow_mode=m) for m in ("with_flow", "against_flow", "neutral")]
    trend = Trend.UP if spread is PUT else Trend.DOWN
    result = ScanCase(load(tmp_path, rows).grid, trend=trend, flow=flow).run()
    assert {p.row.flow_mode.value for p in result.picks} == modes
    assert result.selection is not None
    assert result.selection.off_flow == 3 - len(modes)


def test_trap_09_a_condor_is_alerted_once_whatever_its_flow_modes(tmp_path: Path) -> None:
    rows = [row(flow_mode=f) for f in ("with_flow", "against_flow", "neutral")]
    assert len(ScanCase(load(tmp_path, rows).grid, flow="up").run().alerted) == 1


def test_trap_10_higher_vix_never_brings_strikes_closer() -> None:
    order = ["P95", "P97", "P98", "P99", "P100"]
    nearest = [order.index(Preferences().of_regime(r).bands[0]) for r in Regime]
    farthest = [order.index(Preferences().of_regime(r).bands[-1]) for r in Regime]
    assert nearest == sorted(nearest)
    assert farthest == sorted(farthest)


def test_trap_10_an_extreme_regime_looks_at_far_bands_only(tmp_path: Path) -> None:
    rows = [row(band=b, dte=d) for d, b in enumerate(("P95", "P97", "P98", "P99", "P100")) if d < 4]
    rows.append(row(band="P100", dte=5))
    result = ScanCase(load(tmp_path, rows).grid, regime=Regime.EXTREME).run()
    assert {p.row.band for p in result.picks} == {"P99", "P100"}


def test_trap_15_a_morning_configuration_is_not_actionable_at_noon(tmp_path: Path) -> None:
    grid = load(tmp_path, [row()]).grid
    statuses = {at: ScanCase(grid, at=at).run().picks[0] for at in ("07:29", "07:44", "12:00")}
    assert statuses["07:29"].status == "waiting"
    assert statuses["07:29"].status_why == "opens 07:30 PT"
    assert statuses["07:44"].status == "alerted"
    assert statuses["12:00"].status == "passed"
    assert statuses["12:00"].status_why == "closed 07:45 PT"


def test_nothing_is_alerted_on_a_holiday_or_after_an_early_close(tmp_path: Path) -> None:
    grid = load(tmp_path, [row()]).grid
    assert ScanCase(grid, session=None).run().alerted == ()
    short = Session(
        date=DAY,
        open=datetime(2026, 2, 20, 14, 30, tzinfo=UTC),
        close=pacific("07:31").astimezone(UTC),
    )
    assert ScanCase(grid, session=short).run().alerted == ()
    assert len(ScanCase(grid, session=short, at="07:30").run().alerted) == 1


def test_only_the_best_of_the_regime_are_looked_at(tmp_path: Path) -> None:
    rows = [row(spread_width=20 + i, trade_score=50 + i) for i in range(10)]
    top3 = settings(scanning=Scanning(top_configs=3))
    result = ScanCase(load(tmp_path, rows).grid, settings=top3).run()
    assert [p.row.score for p in result.picks] == [59, 58, 57]
    assert result.selection is not None
    assert result.selection.matching == 10


def test_equal_scores_keep_the_files_order(tmp_path: Path) -> None:
    rows = [row(dte=d, band=b) for b in ("P99", "P95") for d in (5, 0, 1)]
    top4 = settings(scanning=Scanning(top_configs=4))
    result = ScanCase(load(tmp_path, rows).grid, settings=top4).run()
    assert [p.row.line for p in result.picks] == [2, 3, 4, 5]


def test_one_alert_names_no_more_than_the_setting(tmp_path: Path) -> None:
    rows = [row(spread_width=20 + i, trade_score=60 + i) for i in range(8)]
    result = ScanCase(load(tmp_path, rows).grid).run()
    assert [p.status for p in result.picks] == ["alerted"] * 5 + ["below"] * 3
    assert dict(result.profiles)[Profile.BALANCED] == 5


@pytest.mark.parametrize(
    ("changes", "passes"),
    [
        # the contract, Defaults: win ≥ 90, ROI ≥ 20, Sharpe ≥ 0.30, score ≥ 50
        ({}, {"balanced", "aggressive", "maximum"}),
        ({"expected_win_pct": 89.9}, {"aggressive", "maximum"}),
        ({"expected_roi_pct": 19.9}, {"aggressive", "maximum"}),
        ({"sharpe": 0.29}, {"aggressive", "maximum"}),
        ({"trade_score": 49.9}, {"aggressive", "maximum"}),
        ({"expected_win_pct": 79.9}, {"maximum"}),
        ({"expected_roi_pct": 1.9}, {"maximum"}),
        ({"sharpe": -0.01}, {"maximum"}),
        (
            {"expected_win_pct": 90, "expected_roi_pct": 20, "sharpe": 0.3, "trade_score": 50},
            {"balanced", "aggressive", "maximum"},
        ),
    ],
)
def test_every_profile_is_counted_at_each_scan(
    tmp_path: Path, changes: dict[str, object], passes: set[str]
) -> None:
    grid = load(tmp_path, [row(**changes)]).grid
    result = ScanCase(grid).run()
    assert {p.value for p, count in result.profiles if count} == passes
    for profile in Profile:
        own = ScanCase(grid, settings=settings(quality=Quality(profile=profile))).run()
        assert bool(own.alerted) == (profile.value in passes)


def test_conservative_wants_evidence_from_the_file_itself(tmp_path: Path) -> None:
    from grid_rows import COLUMNS, csv_text

    from monitor.grid_file import load_grid

    path = tmp_path / "own.csv"
    rows = [row(dte=d) | {"verdict": v} for d, v in ((0, "evidence"), (1, "weak"), (2, ""))]
    path.write_text(csv_text(rows, [*COLUMNS, "verdict"]))
    strict = settings(quality=Quality(profile=Profile.CONSERVATIVE))
    result = ScanCase(load_grid(path).grid, settings=strict).run()
    assert [p.row.dte for p in result.alerted] == [0]
    assert result.alerted[0].verdict is Verdict.EVIDENCE


def test_the_persons_own_thresholds_stand_over_the_profiles(tmp_path: Path) -> None:
    grid = load(tmp_path, [row(expected_win_pct=85, expected_roi_pct=20.48)]).grid
    assert ScanCase(grid).run().alerted == ()
    own = settings(quality=Quality(min_win_rate_pct=85))
    assert len(ScanCase(grid, settings=own).run().alerted) == 1
    none = settings(quality=Quality(profile=Profile.MAXIMUM, min_sharpe=2))
    assert ScanCase(grid, settings=none).run().alerted == ()


def test_a_limit_blocks_and_says_which(tmp_path: Path) -> None:
    grid = load(tmp_path, [row()]).grid
    result = ScanCase(grid, blocked_why="5 positions open, limit 5").run()
    assert result.alerted == ()
    assert [(p.status, p.status_why) for p in result.picks] == [
        ("blocked", "5 positions open, limit 5")
    ]
    assert dict(result.profiles)[Profile.BALANCED] == 1  # would have, had there been room


def test_trap_16_a_dte_without_a_listed_expiration_does_not_pass(tmp_path: Path) -> None:
    grid = load(tmp_path, [row(dte=1), row(dte=3)]).grid
    listed = {3: date(2026, 2, 25)}
    result = ScanCase(grid, expirations=listed).run()
    assert [(p.row.dte, p.expiration) for p in result.alerted] == [(3, date(2026, 2, 25))]
    assert result.selection is not None
    assert result.selection.unlisted == 1


def test_unknown_vix_scans_nothing(tmp_path: Path) -> None:
    result = ScanCase(load(tmp_path, [row()]).grid, regime=None).run()
    assert (result.why_not, result.picks, result.profiles) == ("VIX unknown", (), ())


def test_without_a_grid_the_scan_says_so() -> None:
    assert ScanCase(None).run().why_not == "no grid file"


def test_exits_of_the_person_move_the_break_even(tmp_path: Path) -> None:
    grid = load(tmp_path, [row()]).grid
    own = settings(exits=Exits(profit_target_pct=25, stop_loss_credit_multiple=1))
    assert ScanCase(grid, settings=own).run().picks[0].breakeven == pytest.approx(0.8)
    own = settings(exits=Exits(profit_target_pct=100, stop_loss_credit_multiple=100))
    # loses all: 1660 / (1660 + 340)
    assert ScanCase(grid, settings=own).run().picks[0].breakeven == pytest.approx(0.83)


def test_trap_26_a_lucky_row_among_many_is_called_no_edge(tmp_path: Path) -> None:
    few = ScanCase(load(tmp_path, [row()]).grid).run()
    assert few.picks[0].verdict is Verdict.UNKNOWN
    many = [row(dte=60, spread_width=20 + i) for i in range(2000)]
    lucky = ScanCase(load(tmp_path, [row(), *many]).grid).run()
    assert lucky.picks[0].verdict is Verdict.NO_EDGE


def test_page_rows_carry_every_number_with_its_unit(tmp_path: Path) -> None:
    result = ScanCase(
        load(tmp_path, [row(**PUT, flow_mode="with_flow")]).grid,
        trend=Trend.UP,
        flow="up",
        expirations={3: date(2026, 2, 25)},
    ).run()
    (view,) = opportunity_views(result, told={result.picks[0].key: Told("A17", 1)})
    assert (view.alert_id, view.alert_line) == ("A17", 1)
    assert (view.status, view.in_window) == ("alerted", True)
    assert view.window_opens_at == datetime(2026, 2, 20, 15, 30, tzinfo=UTC)
    assert view.window_closes_at == datetime(2026, 2, 20, 15, 45, tzinfo=UTC)
    assert (view.credit_usd_per_contract, view.max_loss_usd_per_contract) == (340.0, 1660.0)
    assert view.breakeven_win_pct == pytest.approx(80.0)
    assert view.max_return_pct == pytest.approx(20.48, abs=0.01)
    assert (view.spread_type, view.flow_mode) == (SpreadType.PUT_SPREAD.value, "with_flow")
    assert (view.expiration, view.source) == (date(2026, 2, 25), "grid")
