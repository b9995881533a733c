"""`monitor replay` over the recorded month: regimes, volume, what is missing, what is refused."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fakes.positions_book import CONDOR

from monitor.cli.main import monitor
from positions_cli.main import cli as positions

MONTH = ("2022-03-14", "--to", "2022-04-18")
BARS = "bars_5m_2022-03-14_2022-04-18.csv"
MINUTES_5 = timedelta(minutes=5)


def command(home: Path, *args: str) -> Result:
    return CliRunner().invoke(monitor, [*args, "--home", str(home)])


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "replay"


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / BARS).open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def live_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A live home with a position and files of its own."""
    home = tmp_path_factory.mktemp("live")
    added = CliRunner().invoke(positions, [*CONDOR, "--home", str(home)])
    assert added.exit_code == 0, added.output
    (home / "logs").mkdir()
    (home / "logs" / "alerts.log").write_text("a real alert\n")
    (home / "data" / "dashboard_data.json").write_text("{}")
    return home


def contents(home: Path) -> dict[str, tuple[bytes, int]]:
    """Every file outside the replay's own folder, with its time of change."""
    return {
        str(p.relative_to(home)): (p.read_bytes(), p.stat().st_mtime_ns)
        for p in sorted(home.rglob("*"))
        if p.is_file() and p.relative_to(home).parts[0] != "replay"
    }


@pytest.fixture(scope="module")
def month(live_home: Path, folder: Path) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """The whole month once: its summary, and the live home before and after."""
    before = contents(live_home)
    done = command(
        live_home, "replay", *MONTH, "--source", f"replay:{folder}",
        "--ticker", "SPX", "--ticker", "QQQ", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), before, contents(live_home)


def regimes_by_hand(rows: list[dict[str, str]]) -> list[tuple[str, str | None, str, float]]:
    """the contract's rule on the recorded VIX closes, written down a second time.

    A bar is known at its end. A neighbour needs two readings in a row 0.5 past the edge; a jump
    over a whole regime is immediate.
    """
    names, edges = ["very_low", "low", "medium", "high", "extreme"], [12, 16, 20, 30]
    now: int | None = None
    waiting = 0
    found: list[tuple[str, str | None, str, float]] = []
    for row in rows:
        if row["symbol"] != "VIX":
            continue
        vix = float(row["close"])
        plain = sum(vix >= edge for edge in edges)
        ends = datetime.fromisoformat(row["ts_utc"]).astimezone(UTC) + MINUTES_5
        at = f"{ends:%Y-%m-%dT%H:%M:%SZ}"
        if now is None:
            found.append((at, None, names[plain], vix))
            now = plain
            continue
        if abs(plain - now) == 1:
            past = vix - edges[now] >= 0.5 if plain > now else edges[plain] - vix >= 0.5
            waiting = waiting + 1 if past else 0
        else:
            waiting = 2 if plain != now else 0
        if waiting == 2:
            found.append((at, names[now], names[plain], vix))
            now, waiting = plain, 0
    return found


def test_the_month_names_vixs_regime_changes_and_none_by_flapping(
    month: tuple[Any, Any, Any], rows: list[dict[str, str]]
) -> None:
    told = [(r["at"], r["previous"], r["regime"], r["vix"]) for r in month[0]["regimes"]]
    assert told == regimes_by_hand(rows)
    assert [r["regime"] for r in month[0]["regimes"]] == [
        "extreme", "high", "medium", "high", "medium", "high",
    ]  # fmt: skip


def test_fault_49_plain_edges_would_have_flapped(rows: list[dict[str, str]]) -> None:
    """The month has what hysteresis is for: many more crossings than changes."""
    closes = [float(r["close"]) for r in rows if r["symbol"] == "VIX"]
    plain = [sum(c >= edge for edge in (12, 16, 20, 30)) for c in closes]
    crossings = sum(a != b for a, b in pairwise(plain))
    assert crossings > 2 * (len(regimes_by_hand(rows)) - 1)


def test_alerts_log_has_one_line_a_change_in_the_documented_form(
    month: tuple[Any, Any, Any], live_home: Path
) -> None:
    log = (live_home / "replay" / "logs" / "alerts.log").read_text().splitlines()
    assert [line for line in log if "Regime change" in line] == [
        "[2022-03-16 06:40:00] [WARNING] [SIMULATED] Regime change: EXTREME → HIGH (VIX 28.32)",
        "[2022-03-30 06:40:00] [WARNING] [SIMULATED] Regime change: HIGH → MEDIUM (VIX 19.13)",
        "[2022-03-31 12:30:00] [WARNING] [SIMULATED] Regime change: MEDIUM → HIGH (VIX 20.66)",
        "[2022-04-04 08:10:00] [WARNING] [SIMULATED] Regime change: HIGH → MEDIUM (VIX 19.42)",
        "[2022-04-05 09:25:00] [WARNING] [SIMULATED] Regime change: MEDIUM → HIGH (VIX 20.56)",
    ]


def test_trap_34_a_replayed_day_says_that_it_is_not_the_market_now(
    month: tuple[Any, Any, Any], live_home: Path
) -> None:
    replayed = live_home / "replay"
    page = json.loads((replayed / "data" / "dashboard_data.json").read_bytes())
    assert page["monitor"]["simulated"]
    assert json.loads((replayed / "data" / "charts" / "SPX.json").read_bytes())["simulated"]
    told = (replayed / "logs" / "alerts.jsonl").read_text().splitlines()
    assert told
    assert all(json.loads(line)["simulated"] for line in told)
    assert month[0]["simulated"]


def test_the_summary_names_the_sessions_that_were_not_recorded(
    month: tuple[Any, Any, Any],
) -> None:
    summary = month[0]
    assert (len(summary["sessions"]), summary["cycles"]) == (22, 1716)
    # 14 March to 18 April 2022 has 25 sessions (Good Friday was the 15th of April)
    assert summary["missing_sessions"] == ["2022-03-21", "2022-03-29", "2022-04-06"]


def test_volume_ratio_is_there_once_enough_sessions_were_recorded(
    month: tuple[Any, Any, Any], live_home: Path, rows: list[dict[str, str]]
) -> None:
    page = json.loads((live_home / "replay" / "data" / "dashboard_data.json").read_bytes())
    by_day: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        if row["symbol"] == "QQQ":
            by_day[row["ts_utc"][:10]] += float(row["volume"])
    # The 20 sessions before 18 April begin on 18 March; three of them were not recorded.
    past = [v for day, v in by_day.items() if "2022-03-18" <= day < "2022-04-18"]
    assert len(past) == 17
    spx, qqq = page["markets"]
    assert qqq["volume_ratio"] == pytest.approx(by_day["2022-04-18"] / (sum(past) / 17))
    assert spx["volume_ratio"] is None


def test_trap_34_the_live_home_is_untouched(month: tuple[Any, Any, Any], live_home: Path) -> None:
    _summary, before, after = month
    assert after == before
    assert "data/monitor.db" in before
    page = json.loads((live_home / "replay" / "data" / "dashboard_data.json").read_bytes())
    assert page["positions"] == []
    assert page["monitor"]["source"].startswith("replay:")
    assert page["markets"][0]["source"].startswith("replay:")


def test_text_summary_of_one_day(home: Path, folder: Path) -> None:
    done = command(
        home, "replay", "2022-03-21", "--to", "2022-03-22", "--source", f"replay:{folder}",
        "--ticker", "SPX",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Replayed 1 session(s), 78 cycles in ")
    assert lines[1] == "Not recorded, so passed over: 2022-03-21"
    assert any(line.startswith("  2022-03-22 06:35 PT  starts HIGH (VIX 2") for line in lines)
    assert "Alerts sent: none" in lines
    assert lines[-1] == f"Its files: {home.resolve() / 'replay'}"


def test_source_replay_plays_the_newest_session(home: Path, folder: Path) -> None:
    done = command(
        home, "--source", f"replay:{folder}", "--ticker", "SPX", "--no-dashboard",
        "--max-iterations", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Replayed 1 session(s), 1 cycles" in done.stdout
    page = json.loads((home / "replay" / "data" / "dashboard_data.json").read_bytes())
    assert page["generated_at"] == "2022-04-18T13:35:00Z"
    assert page["monitor"]["state"] == "stopped"


def test_source_replay_once_looks_at_the_newest_close(home: Path, folder: Path) -> None:
    done = command(home, "--source", f"replay:{folder}", "--ticker", "SPX", "--once")
    assert done.exit_code == 0, done.output
    assert "SPX: 4,392.04" in done.stdout
    assert "as of 2022-04-18 13:00 PT" in done.stdout


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("2022-3-14",), 2, "is not a date: write YYYY-MM-DD"),
        (("2022-02-30",), 2, "is not a date"),
        (("2022-03-14", "--to", "2022-03-10"), 2, "--to 2022-03-10 is before 2022-03-14"),
        (("2022-03-14", "--speed", "0"), 2, "write max, or a whole number from 1 to 3600"),
        (("2022-03-14", "--speed", "3601"), 2, "write max, or a whole number from 1 to 3600"),
        (("2022-03-14", "--speed", "fast"), 2, "write max, or a whole number from 1 to 3600"),
        (("2022-03-19",), 3, "no exchange session between 2022-03-19 and 2022-03-19"),
        (("2021-05-03",), 3, "has no bars of SPX on 2021-05-03"),
        (("2030-01-02",), 3, "no exchange session between 2030-01-02 and 2030-01-02"),
        (("2022-03-14", "--ticker", "NDX"), 3, "has no bars of NDX"),
        (("2022-03-14", "--trend", "auto"), 2, "trend 'auto' is not available yet"),
        (("2022-03-14", "--profile", "balance"), 2, "did you mean balanced?"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_plain_words(
    home: Path, folder: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    done = command(home, "replay", *args, "--source", f"replay:{folder}", "--ticker", "SPX")
    assert done.exit_code == code, done.output
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("source", ["demo", "yahoo", "auto", "/some/folder"])
def test_a_source_that_is_no_recording_is_refused_not_ignored(home: Path, source: str) -> None:
    done = command(home, "replay", "2022-03-14", "--source", source)
    assert done.exit_code == 2
    assert f"--source {source} cannot be replayed" in done.stderr


def test_without_a_recording_it_says_how_to_give_one(home: Path) -> None:
    done = command(home, "replay", "2022-03-14")
    assert done.exit_code == 3
    assert "nothing was recorded yet" in done.stderr
    missing = command(home, "replay", "2022-03-14", "--source", "replay:/no/such/folder")
    assert missing.exit_code == 2
    assert "/no/such/folder does not exist" in missing.stderr


def test_a_folder_that_no_replay_made_is_not_cleared(home: Path, folder: Path) -> None:
    (home / "replay").mkdir()
    (home / "replay" / "mine.txt").write_text("keep")
    done = command(home, "replay", "2022-03-14", "--source", f"replay:{folder}", "--ticker", "SPX")
    assert done.exit_code == 2
    assert "it is not cleared" in done.stderr
    assert (home / "replay" / "mine.txt").read_text() == "keep"
