"""`monitor backtest` as a person calls it, on a small recording written here."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.cli.main import monitor
from monitor.grid_file import load_grid
from monitor.providers.sessions import load_calendar

HEADER = (
    "timestamp,ticker,type,strike,expiration,bid,ask,day_close,vwap,fmv,delta,gamma,theta,vega,"
    "implied_volatility,volume"
)
SMALL = ("--dte", "0,1", "--width", "10,20", "--time", "07:30,09:00", "--min-sample", "5")
FIRST = date(2026, 1, 5)


def recording(root: Path, *, sessions: int = 22) -> Path:
    """Chains of a market that walks up and down; put and call mids agree by parity."""
    calendar = load_calendar(None, today=date(2026, 2, 20))
    days = [s.date for s in calendar.between(FIRST, FIRST + timedelta(days=60))]
    folder = root / "options_csv_output_full" / "NDX"
    folder.mkdir(parents=True)
    for i, day in enumerate(days[:sessions]):
        rows = [HEADER]
        for slot in (*range(0, 390, 30), 385):
            at, price = _moment(day, slot), _price(i, slot)
            for ahead in (0, 1):
                rows += _chain(at, price, days[i + ahead], left=ahead + 1 - slot / 390)
        (folder / f"NDX_options_{day}.csv").write_text("\n".join(rows) + "\n")
    return root


def _moment(day: date, slot: int) -> datetime:
    open_at = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
    return open_at + timedelta(minutes=slot)


def _price(i: int, slot: int) -> float:
    return 24_000 + 90 * math.sin(1.7 * i) + 40 * math.sin(0.9 * i + slot / 55)


def bars_beside(root: Path, *, sessions: int = 22) -> Path:
    """5-minute bars of the same market."""
    calendar = load_calendar(None, today=date(2026, 2, 20))
    days = [s.date for s in calendar.between(FIRST, FIRST + timedelta(days=60))]
    rows = ["ts_utc,open,high,low,close,volume"]
    for i, day in enumerate(days[:sessions]):
        for slot in range(0, 390, 5):
            now, then = _price(i, slot), _price(i, slot + 5)
            high, low = max(now, then), min(now, then)
            rows.append(
                f"{_moment(day, slot):%Y-%m-%dT%H:%M:%S+00:00},{now:.2f},{high:.2f},{low:.2f},"
                f"{then:.2f},0"
            )
    (root / "NDX_5m.csv").write_text("\n".join(rows) + "\n")
    return root


def _chain(at: datetime, price: float, expiration: date, *, left: float) -> list[str]:
    rows = []
    center = round(price / 10) * 10
    for strike in range(center - 250, center + 260, 10):
        extra = 60 * math.sqrt(left) * math.exp(-abs(strike - price) / (70 * math.sqrt(left)))
        for right, inner in (("put", strike - price), ("call", price - strike)):
            mid = max(inner, 0.0) + extra
            if mid < 0.2:
                continue
            symbol = f"O:NDXP{expiration:%y%m%d}{right[0].upper()}{strike * 1000:08d}"
            rows.append(
                f"{at:%Y-%m-%dT%H:%M:%S+00:00},{symbol},{right},{strike},{expiration},"
                f"{mid - 0.1:.2f},{mid + 0.1:.2f},,,,,,,,,5"
            )
    return rows


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recording(tmp_path_factory.mktemp("recording"))


def run(home: Path, *args: str | Path) -> Result:
    given = ["backtest", "--home", str(home), *map(str, args)]
    return CliRunner().invoke(monitor, given)


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    parsed: dict[str, Any] = json.loads(result.stdout)
    assert (parsed["schema_version"], parsed["ok"]) == (1, True)
    return parsed


@pytest.fixture(scope="module")
def made(chains: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    home = tmp_path_factory.mktemp("home")
    said = document(run(home, "--source", chains, *SMALL, "--out", "first", "--json"))
    return home, said["runs"][0]


def test_a_recording_becomes_a_run_that_the_monitor_can_load(
    made: tuple[Path, dict[str, Any]],
) -> None:
    home, facts = made
    report = load_grid(home / "results" / "first" / "grid_trading_ready.csv").report
    assert report.rows == facts["rows"]["grid_trading_ready.csv"] > 20
    assert report.rejected == ()
    assert sorted(p.name for p in (home / "results").iterdir()) == ["first"]


def test_every_configuration_day_is_a_trade_or_has_a_reason(
    made: tuple[Path, dict[str, Any]],
) -> None:
    _, facts = made
    refused = sum(reason["configuration_days"] for reason in facts["no_trade"])
    days = facts["configurations"] * facts["window"]["entry_sessions"]
    assert facts["trades_by_source"]["quotes"] + refused == days
    # 2 DTE × 5 bands × 5 kinds × 2 widths × 2 times
    assert facts["configurations"] == 200


def test_anchored_prices_are_asked_for_and_said_in_every_row(
    chains: Path, home: Path, tmp_path: Path
) -> None:
    """Chains every half hour: at 07:45 Pacific there is none, but there is a surface."""
    asked = ("--source", chains, "--source", bars_beside(tmp_path), *SMALL[:4], "--time", "07:45")
    asked = (*asked, "--min-sample", "5", "--json")
    (none,) = document(run(home, *asked, "--out", "quotes"))["runs"]
    assert none["trades_by_source"] == {}
    (facts,) = document(run(home, *asked, "--anchored", "--out", "anchored"))["runs"]
    assert set(facts["trades_by_source"]) == {"anchored"}
    assert facts["trades_by_source"]["anchored"] > 20
    assert any("anchored, not quotes" in note for note in facts["notes"])
    rows = (home / "results" / "anchored" / "grid_trading_ready.csv").read_text().splitlines()
    place = rows[0].split(",").index("price_source")
    assert len(rows) > 5
    assert {line.split(",")[place] for line in rows[1:]} == {"anchored"}


def test_the_last_line_is_the_careful_sentence(chains: Path, home: Path) -> None:
    result = run(home, "--source", chains, *SMALL, "--out", "said")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("Of 200 configurations ")


def test_the_same_question_gives_the_same_grid_and_compare_says_so(
    made: tuple[Path, dict[str, Any]], chains: Path
) -> None:
    home, _ = made
    before = (home / "results" / "first" / "grid_trading_ready.csv").read_bytes()
    args = ("--source", chains, *SMALL, "--out", "second", "--compare", "first", "--json")
    found = document(run(home, *args))["runs"][0]["comparison"]
    assert found["shared"] == found["same"] > 0
    assert (home / "results" / "second" / "grid_trading_ready.csv").read_bytes() == before


def test_one_worker_and_three_give_the_same_bytes(chains: Path, tmp_path: Path) -> None:
    files = []
    for workers in ("1", "3"):
        home = tmp_path / workers
        home.mkdir()
        run(home, "--source", chains, *SMALL, "--out", "one", "--workers", workers)
        files.append((home / "results" / "one" / "grid.parquet").read_bytes())
    assert files[0] == files[1]


def test_a_dry_run_says_what_would_be_computed_and_writes_nothing(chains: Path, home: Path) -> None:
    said = document(run(home, "--source", chains, *SMALL, "--dry-run", "--json", "--days", "10"))
    (only,) = said["runs"]
    assert only["entry_sessions"] == 10
    assert only["configuration_days"] == 10 * 200
    assert not (home / "results").exists()


def test_days_and_dates_choose_the_entry_sessions(chains: Path, home: Path) -> None:
    args = ("--from", "2026-01-20", "--to", "2026-01-23", "--json", "--out", "few")
    facts = document(run(home, "--source", chains, *SMALL, *args))["runs"][0]
    window = facts["window"]
    assert (window["first"], window["last"], window["entry_sessions"]) == (
        "2026-01-20", "2026-01-23", 4,
    )  # fmt: skip


def test_bad_input_is_named_and_counted_and_the_rest_is_used(tmp_path: Path, home: Path) -> None:
    root = recording(tmp_path, sessions=10)
    folder = root / "options_csv_output_full" / "NDX"
    files = sorted(folder.iterdir())
    files[3].write_text("timestamp,strike\n2026-01-08T15:00:00+00:00,24000\n")
    text = files[4].read_text().splitlines()
    cells = text[1].split(",")
    cells[5], cells[6] = "9.00", "1.00"
    text[1] = ",".join(cells)
    files[4].write_text("\n".join(text) + "\n")
    facts = document(run(home, "--source", root, *SMALL, "--json", "--out", "x"))["runs"][0]
    problems = "\n".join(facts["problems"])
    assert f"{files[3].name}: not used" in problems
    assert "1 rows skipped in 1 files: bid above ask" in problems
    assert "1 sessions without chains" in problems


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--band", "P96"), 2, "--band 'P96': not known"),
        (("--dte", "x"), 2, "--dte 'x': not a whole number"),
        (("--dte", "99"), 2, "dte 99: need 0 to 10"),
        (("--width", "0"), 2, "--width '0'"),
        (("--time", "05:00"), 2, "--time 05:00: need 06:30 to 12:55"),
        (("--time", "07:31"), 2, "in steps of 5 minutes"),
        (("--exit-policy", "manged"), 2, "--exit-policy manged"),
        (("--fill", "1.5"), 2, "--fill 1.5: need 0"),
        (("--days", "0"), 2, "--days 0"),
        (("--days", "5", "--from", "2026-01-20"), 2, "give one of the two"),
        (("--from", "2026-01-20", "--to", "2026-01-19"), 2, "is before --from"),
        (("--from", "2030-01-02"), 3, "no recorded session"),
        (("--out", "../x"), 2, "not a run's name"),
        (("--compare", "nothing"), 2, "no run 'nothing'"),
        (("--ticker", "SPX"), 3, "SPX"),
        (("--workers", "0"), 2, "--workers 0"),
    ],
)
def test_what_is_refused_is_named_before_anything_is_written(
    chains: Path, home: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    result = run(home, "--source", chains, *args)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert not list(home.glob("results/*"))


def test_a_folder_that_does_not_exist_is_said(home: Path) -> None:
    result = run(home, "--source", home / "nowhere")
    assert result.exit_code == 2
    assert "no such folder" in result.stderr


def test_trap_29_without_chains_there_is_no_grid_and_no_default(home: Path) -> None:
    result = run(home, "--source", home)
    assert result.exit_code == 3
    assert not (home / "results").exists()


def test_a_stopped_run_keeps_its_blocks_and_resume_gives_the_same_grid(
    chains: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitor.cli.backtest_text import Progress

    whole = home / "results" / "whole" / "grid_trading_ready.csv"
    run(home, "--source", chains, *SMALL, "--out", "whole")
    step = Progress.step

    def stop_after_one(self: Progress, name: str, done: int, total: int) -> None:
        step(self, name, done, total)
        if name == "simulating" and done == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Progress, "step", stop_after_one)
        stopped = run(home, "--source", chains, *SMALL, "--out", "again")
    assert stopped.exit_code == 1
    assert "of 3 blocks are kept" in stopped.stderr
    assert not (home / "results" / "again").exists()
    resumed = run(home, "--source", chains, *SMALL, "--out", "again", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert "going on: " in resumed.stderr
    again = home / "results" / "again" / "grid_trading_ready.csv"
    assert again.read_bytes() == whole.read_bytes()
    assert not list((home / "data" / "backtest").glob("*"))


@pytest.mark.parametrize("address", ["localhost:8786", "http://127.0.0.1:8786", "tcp://"])
def test_a_cluster_address_that_cannot_be_one_is_refused(tmp_path: Path, address: str) -> None:
    result = CliRunner().invoke(
        monitor, ["backtest", "--source", str(tmp_path), "--dask", address, "--home", str(tmp_path)]
    )
    assert result.exit_code == 2
    assert "tcp://" in result.output
    assert not (tmp_path / "results").exists()
