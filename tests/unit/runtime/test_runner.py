"""One cycle from end to end on a real store: what is kept, written and said."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.positions_book import put_spread
from fakes.spine import MINUTE, NOW, FakeProvider, pacific, running
from sqlalchemy import Engine, func, select

from monitor.domain.position_changes import Closing, closed
from monitor.domain.positions import PnlMark
from monitor.domain.vocabulary import Trend
from monitor.errors import StoreBusyError
from monitor.runtime import runner as runner_module
from monitor.runtime.runner import Runner
from monitor.store import controls
from monitor.store.engine import read, write
from monitor.store.position_events import ChangeKind
from monitor.store.schema import alerts, marks, notices, opportunities, outbox, regime_changes
from monitor.store.store import Store

GRID = (
    "dte,band,spread_type,flow_mode,spread_width,entry_time_pst,entry_time_et,time_bucket,"
    "expected_win_pct,expected_roi_pct,sharpe,expected_credit,max_risk_per_contract,avg_pnl,"
    "n_trades,trade_score\n"
    "3,P98,iron_condor,neutral,20,07:30,10:30,B,95.0,20.48,0.5,340.0,1660.0,20.0,100,70.0\n"
)


@pytest.fixture
def grid(home: Path) -> Path:
    path = home / "results" / "backtest_tight" / "grid_trading_ready.csv"
    path.parent.mkdir(parents=True)
    path.write_text(GRID)
    return path


def store_of(runner: Runner) -> Store:
    return Store(runner.store.engine, runner.home.root)


def page(runner: Runner) -> Any:
    return json.loads(runner.home.snapshot.read_bytes(), parse_constant=_refuse)


def _refuse(text: str) -> None:
    raise AssertionError(f"{text} is no JSON")


def count(engine: Engine, table: Any) -> int:
    with read(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_cycle_keeps_alert_outbox_opportunity_and_regime_together(home: Path, grid: Path) -> None:
    with running(home) as runner:
        runner.cycle(NOW)
        engine = runner.store.engine
        assert count(engine, alerts) == count(engine, notices) == 1
        assert count(engine, outbox) == 2  # alerts.log and alerts.jsonl
        assert count(engine, opportunities) == 1
        assert count(engine, regime_changes) == 1
        shown = page(runner)
    assert shown["opportunities"][0]["alert_id"] == "A1"
    assert shown["alerts"][0]["title"] == "Found 1 trade opportunity(ies)"
    lines = (home / "logs" / "alerts.log").read_text().splitlines()
    assert lines[0] == "[2026-11-18 07:32:00] [OPPORTUNITY] Found 1 trade opportunity(ies)"
    assert len((home / "logs" / "alerts.jsonl").read_text().splitlines()) == 1


def test_a_cycle_that_fails_while_saving_leaves_nothing(
    home: Path, grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(home) as runner:

        def broken(*_: Any, **__: Any) -> None:
            raise StoreBusyError("the last statement of the transaction")

        with monkeypatch.context() as patch:
            patch.setattr("monitor.store.alerts.recent", broken)
            with pytest.raises(StoreBusyError):
                runner.cycle(NOW)
        engine = runner.store.engine
        for table in (alerts, notices, outbox, opportunities, regime_changes, controls.controls):
            assert count(engine, table) == 0, table
        assert runner.iteration == 0
        assert not runner.home.snapshot.exists()
        assert len(runner.cycle(NOW + MINUTE).alerts.notices) == 1  # nothing was lost either


def test_a_decision_that_raises_leaves_nothing_and_the_next_cycle_runs(
    home: Path, grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(home) as runner:

        def broken(*_: Any, **__: Any) -> None:
            raise ValueError("a mistake of ours")

        with monkeypatch.context() as patch:
            patch.setattr(runner_module, "step", broken)
            with pytest.raises(ValueError, match="a mistake of ours"):
                runner.cycle(NOW)
        assert count(runner.store.engine, alerts) == 0
        runner.cycle(NOW + MINUTE)
        assert count(runner.store.engine, alerts) == 1


def test_trap_30_positions_json_follows_what_any_process_changed(home: Path) -> None:
    def exported(runner: Runner) -> list[tuple[str, str]]:
        listed = json.loads(runner.home.positions_export.read_bytes())["positions"]
        return [(p["id"], p["status"]) for p in listed]

    with running(home) as runner:
        runner.cycle(NOW)
        assert exported(runner) == []
        other = store_of(runner)
        other.add(lambda _id: put_spread(), at=NOW)
        runner.cycle(NOW + MINUTE)
        assert exported(runner) == [("a3f8c2d1", "open")]
        assert [p["id"] for p in page(runner)["positions"]] == ["a3f8c2d1"]
        request = Closing(pnl_usd=75.0, note=None)
        other.change(
            "a3f8", lambda p: closed(p, closing=request, now=NOW + MINUTE),
            kind=ChangeKind.CLOSE, at=NOW + MINUTE,
        )  # fmt: skip
        runner.cycle(NOW + 2 * MINUTE)
        assert exported(runner) == [("a3f8c2d1", "closed")]
        assert page(runner)["portfolio"] | {"limits": None} == {
            "open": 0, "closed": 1, "total_max_loss_usd": 0, "unrealized_pnl_usd": 0,
            "marked": 0, "realized_pnl_usd": 75.0, "limits": None,
        }  # fmt: skip


def test_the_export_is_written_when_the_book_changed_not_every_cycle(home: Path) -> None:
    with running(home) as runner:
        runner.cycle(NOW)
        runner.home.positions_export.unlink()
        runner.cycle(NOW + MINUTE)
        assert not runner.home.positions_export.exists()


def test_each_mark_is_kept_once(home: Path) -> None:
    with running(home) as runner:
        marked = put_spread(mark=PnlMark(pnl_usd=10.0, asof=NOW, source="you"))
        store_of(runner).add(lambda _id: marked, at=NOW)
        for i in range(3):
            runner.cycle(NOW + i * MINUTE)
        assert count(runner.store.engine, marks) == 1
        newer = replace(marked, mark=PnlMark(pnl_usd=12.0, asof=NOW + MINUTE, source="you"))
        store_of(runner).change(
            "a3f8", lambda _p: newer, kind=ChangeKind.UPDATE, at=NOW + 2 * MINUTE
        )
        runner.cycle(NOW + 3 * MINUTE)
        assert count(runner.store.engine, marks) == 2


def test_the_trend_set_counts_over_flag_and_settings_from_the_next_cycle(home: Path) -> None:
    with running(home, flag_trend=Trend.DOWN) as runner:
        runner.cycle(NOW)
        assert page(runner)["markets"][0]["trend"] == "down"
        assert page(runner)["markets"][0]["trend_source"] == "flag"
        with write(runner.store.engine) as connection:
            controls.set_trend(connection, Trend.UP, at=NOW)
        runner.cycle(NOW + MINUTE)
        assert page(runner)["markets"][0]["trend"] == "up"
        assert page(runner)["markets"][0]["trend_source"] == "trend set"
        with write(runner.store.engine) as connection:
            controls.set_trend(connection, None, at=NOW)
        runner.cycle(NOW + 2 * MINUTE)
        assert page(runner)["markets"][0]["trend"] == "down"


def test_fault_20_a_suspend_is_one_catch_up_cycle_that_says_what_was_missed(
    home: Path, grid: Path
) -> None:
    with running(home) as runner:
        runner.cycle(pacific("07:12"))
        assert page(runner)["health"]["slept"] == []
        runner.cycle(pacific("08:40"))
        runner.cycle(pacific("08:41"))
        # entry times 07:15, 07:30, 07:45, 08:00, 08:15, 08:30
        assert page(runner)["health"]["slept"] == ["asleep 07:12–08:40, missed 6 windows"]
        assert page(runner)["monitor"]["iteration"] == 3


def test_fault_24_a_page_that_cannot_be_written_keeps_no_alert_back(
    home: Path, grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with running(home) as runner:
        with monkeypatch.context() as patch:
            patch.setattr(runner_module, "write_snapshot", full)
            runner.cycle(NOW)
        assert "Found 1 trade" in (home / "logs" / "alerts.log").read_text()
        runner.cycle(NOW + MINUTE)
        problems = {p["what"]: p["why"] for p in page(runner)["health"]["problems"]}
        assert problems["files"] == "not written: [Errno 28] No space left on device"
        runner.cycle(NOW + 2 * MINUTE)
        assert "files" not in {p["what"] for p in page(runner)["health"]["problems"]}
        assert runner.home.positions_export.exists()


def test_fault_23_what_a_killed_writer_left_is_swept_at_the_start(home: Path) -> None:
    left = [
        home / "data" / ".dashboard_data.json.4711.tmp",
        home / "data" / "charts" / ".NDX.json.4711.tmp",
        home / "data" / ".positions.json.4711.tmp",
    ]
    (home / "data" / "charts").mkdir(parents=True)
    for path in left:
        path.write_text("{ half")
    with running(home) as runner:
        runner.cycle(NOW)
    assert [path for path in left if path.exists()] == []


def test_the_page_learns_that_the_monitor_stopped(home: Path) -> None:
    with running(home) as runner:
        runner.cycle(NOW)
        assert page(runner)["monitor"]["state"] == "running"
        assert page(runner)["next_due_at"] == "2026-11-18T15:33:00Z"
        runner.stopped(NOW + MINUTE / 2)
        assert page(runner)["monitor"]["state"] == "stopped"
        assert page(runner)["next_due_at"] == "2026-11-18T15:32:30Z"


def test_stopping_before_the_first_cycle_writes_nothing(home: Path) -> None:
    with running(home) as runner:
        runner.stopped(NOW)
        assert not runner.home.snapshot.exists()


def test_trap_29_with_no_source_the_page_invents_nothing(home: Path, grid: Path) -> None:
    with running(home, provider=FakeProvider(prices={})) as runner:
        runner.cycle(NOW)
        shown = page(runner)
    market = shown["markets"][0]
    for unknown in (
        "price", "previous_close", "change", "change_pct", "volume_ratio", "vix", "vix_asof",
        "regime", "regime_since", "iv_rank", "iv_percentile", "flow", "asof", "age_s", "source",
    ):  # fmt: skip
        assert market[unknown] is None, unknown
    assert {p["what"] for p in market["problems"]} >= {"price", "vix"}
    assert shown["opportunities"] == []
    assert shown["funnel"]["tickers"][0]["why_not"] == "VIX unknown"


def test_simulated_is_written_on_page_and_alert(home: Path, grid: Path) -> None:
    with running(home, provider=FakeProvider(simulated=True)) as runner:
        runner.cycle(NOW)
        assert page(runner)["monitor"]["simulated"] is True
    assert "SIMULATED" in (home / "logs" / "alerts.log").read_text()
    assert json.loads((home / "logs" / "alerts.jsonl").read_text())["simulated"] is True


def test_alerts_outlive_a_restart_and_are_not_told_again(home: Path, grid: Path) -> None:
    held = put_spread(mark=PnlMark(pnl_usd=90.0, asof=NOW, source="you"))
    with running(home) as runner:
        store_of(runner).add(lambda _id: held, at=NOW)
        assert len(runner.cycle(NOW).alerts.notices) == 2
    with running(home) as runner:
        assert runner.cycle(NOW + 2 * MINUTE).alerts.notices == ()
        assert [a["id"] for a in page(runner)["alerts"]] == ["A2", "A1"]


def test_the_first_reading_after_a_restart_is_no_regime_change(home: Path) -> None:
    provider = FakeProvider()
    with running(home, provider=provider) as runner:
        runner.cycle(NOW)
    provider.prices["VIX"] = 25.0
    with running(home, provider=provider) as runner:
        assert runner.cycle(NOW + timedelta(hours=1)).alerts.notices == ()


def test_fault_56_no_nan_reaches_the_page(home: Path) -> None:
    with running(home, provider=FakeProvider({"NDX": math.nan, "VIX": math.inf})) as runner:
        result = runner.cycle(NOW)
        snapshot = runner.snapshot
        assert snapshot is not None
        assert result.contexts["NDX"].price is None
        spoiled = replace(
            snapshot, portfolio=replace(snapshot.portfolio, unrealized_pnl_usd=math.nan)
        )
        runner_module.write_snapshot(runner.home.snapshot, spoiled)
        assert page(runner)["portfolio"]["unrealized_pnl_usd"] is None
