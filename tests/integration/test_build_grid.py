"""The background builder's own words and its last look before it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.cli.build_grid import ProgressLines, main
from monitor.errors import ConfigError


def test_it_tells_each_step_once_and_then_how_far_it_is(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([100.0, 100.2, 130.0, 130.5])
    monkeypatch.setattr("monitor.cli.build_grid.time.monotonic", lambda: next(seconds))
    told = ProgressLines("NDX", home)
    for done in (0, 1, 60, 61):
        told.step("simulating", done, 120)
    lines = [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "NDX: simulating", "NDX: simulating, 0 %", "NDX: simulating, 50 %, about 30 s left",
    ]  # fmt: skip


def test_a_grid_that_came_meanwhile_is_not_outdone(home: Path) -> None:
    told = ProgressLines("NDX", home)
    told.say("judging")
    mine = home / "mine" / "grid_trading_ready.csv"
    mine.parent.mkdir()
    mine.touch()
    with pytest.raises(ConfigError, match="there is a grid by now"):
        told.say("writing")


def test_a_failure_is_one_line_with_its_reason(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.cli.build_grid.os.nice", lambda _more: None)
    assert main(str(home), "RUT") == 2
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "no volatility surface was measured for RUT" in told["error"]
