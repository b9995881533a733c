"""/metrics and /readyz: what a machine asks the page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.snapshots import NOON_NY, empty_snapshot, rich_snapshot, write_snapshot
from prometheus_client.parser import text_string_to_metric_families

from dashboard.app import create_app
from dashboard.snapshot_source import FileSnapshotSource
from monitor.clock import FixedClock
from monitor.domain.snapshot import Snapshot


def ask(home: Path, path: str, *, late: timedelta = timedelta(0)) -> tuple[int, str]:
    app = create_app(FileSnapshotSource(home), FixedClock(NOON_NY + late))
    answer = app.test_client().get(path)
    return answer.status_code, answer.get_data(as_text=True)


def metrics(home: Path, **late: timedelta) -> dict[tuple[str, str], float]:
    code, text = ask(home, "/metrics", **late)
    assert code == 200
    return {
        (sample.name.removeprefix("condorwatch_"), ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def live(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, monitor=replace(snapshot.monitor, simulated=False, state="running"))


def test_metrics_say_what_the_snapshot_says(home: Path) -> None:
    snapshot = live(rich_snapshot())
    write_snapshot(home, snapshot)
    found = metrics(home)
    assert found["up", ""] == 1
    assert found["open_positions", ""] == snapshot.portfolio.open
    assert found["max_loss_dollars", ""] == snapshot.portfolio.total_max_loss_usd
    for market in snapshot.markets:
        if market.price is not None and not market.stale:
            assert found["price_points", market.ticker] == market.price


def test_a_sum_of_dollars_has_no_tail_of_digits(home: Path) -> None:
    snapshot = live(rich_snapshot())
    portfolio = replace(snapshot.portfolio, realized_pnl_usd=0.1 + 0.2)
    write_snapshot(home, replace(snapshot, portfolio=portfolio))
    assert "\ncondorwatch_realized_pnl_dollars 0.3\n" in ask(home, "/metrics")[1]


def test_what_is_unknown_is_absent_and_not_zero(home: Path) -> None:
    snapshot = live(empty_snapshot())
    markets = tuple(replace(m, price=None, vix=None) for m in live(rich_snapshot()).markets)
    portfolio = replace(snapshot.portfolio, unrealized_pnl_usd=None)
    write_snapshot(home, replace(snapshot, markets=markets, portfolio=portfolio))
    names = {name for name, _label in metrics(home)}
    assert not names & {"price_points", "vix_points", "unrealized_pnl_dollars"}
    assert "max_loss_dollars" in names


def test_a_late_monitor_is_down_and_not_ready(home: Path) -> None:
    write_snapshot(home, live(rich_snapshot()))
    hour = timedelta(hours=1)
    assert metrics(home, late=hour)["up", ""] == 0
    assert ask(home, "/readyz", late=hour) == (
        503, '{"schema_version":1,"ok":false,"why":"the snapshot is stale"}',
    )  # fmt: skip
    assert ask(home, "/healthz", late=hour)[0] == 200  # the page itself serves


@pytest.mark.parametrize(
    ("state", "why"), [("running", None), ("stopped", "the monitor was stopped")]
)
def test_ready_only_while_a_monitor_runs(home: Path, state: str, why: str | None) -> None:
    snapshot = live(rich_snapshot())
    write_snapshot(home, replace(snapshot, monitor=replace(snapshot.monitor, state=state)))
    code, text = ask(home, "/readyz")
    assert code == (200 if why is None else 503)
    assert (f'"why":"{why}"' if why else '"why":null') in text


def test_without_a_snapshot_metrics_say_down(home: Path) -> None:
    assert metrics(home) == {("up", ""): 0}
    assert "no readable snapshot" in ask(home, "/readyz")[1]
