"""The demo: one simulated session through the very cycle, and the command that plays it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fakes.positions_book import nyse

from monitor.app import Wiring, open_runner
from monitor.cli.main import monitor
from monitor.clock import FixedClock
from monitor.config import Settings
from monitor.demo.book import DemoBook
from monitor.demo.clock import LEAD, TAIL
from monitor.demo.grid import write_demo_grid
from monitor.demo.home import demo_home, prepare_demo_home
from monitor.demo.market import UNDERLYINGS, DemoMarket
from monitor.demo.settings import DATA_INTERVAL_S, FIRST_SESSION, SEED, demo_settings
from monitor.domain.alerts import Notice, Reason
from monitor.domain.vocabulary import Level
from monitor.home import Home
from monitor.providers.demo import DemoProvider
from monitor.runtime.grid_watch import NAME

TICKER = "NDX"


@dataclass
class Played:
    """What one simulated session said and showed."""

    home: Home
    notices: list[Notice] = field(default_factory=list)
    pages: list[Any] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def kinds(self) -> set[str]:
        return {_kind(notice) for notice in self.notices}


def _kind(notice: Notice) -> str:
    text = notice.title
    for part in ("Stop loss hit", "Profit target hit", "Time exit", "Heads-up", "Regime change",
                 "RISK LIMIT BREACH", "Data problem", "opportunity", "Settle me",
                 "Short strike"):  # fmt: skip
        if part in text and notice.reason is not Reason.RESOLVED:
            return part
    return notice.reason.value


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demo's first session, at the demo's own pace, without waiting."""
    demo = demo_home(Home(tmp_path_factory.mktemp("live")))
    prepare_demo_home(demo)
    calendar = nyse()
    first = calendar.on(FIRST_SESSION)
    assert first is not None
    market = DemoMarket(SEED, first, calendar)
    write_demo_grid(demo.results / "demo" / NAME, SEED, width=UNDERLYINGS[TICKER].width)
    book = DemoBook(market, TICKER)
    wiring = Wiring(
        provider=DemoProvider(market), calendar=calendar, source="demo",
        started_at=first.open, clock=FixedClock(first.open), console=False, threaded=False,
        durable=False, before_cycle=book.step,
    )  # fmt: skip
    told = Played(demo)
    with open_runner(demo_settings(Settings()), demo, wiring) as runner:
        now = first.open - LEAD
        while now <= first.close + TAIL:
            told.notices += runner.cycle(now).alerts.notices
            body = demo.snapshot.read_bytes()
            told.pages.append(json.loads(body))
            told.sizes.append(len(body))
            now += timedelta(seconds=DATA_INTERVAL_S)
    return told


def test_the_first_session_shows_every_kind_of_alert(played: Played) -> None:
    assert played.kinds() == {
        "Stop loss hit", "Profit target hit", "Time exit", "Heads-up", "Regime change",
        "RISK LIMIT BREACH", "Data problem", "opportunity", "resolved",
        "Settle me", "Short strike",
    }  # fmt: skip
    assert {n.level for n in played.notices} == set(Level)


def test_a_time_exit_comes_as_heads_up_first_and_escalates(played: Played) -> None:
    (timed,) = [n.alert_number for n in played.notices if _kind(n) == "Time exit"]
    of_time = [n.reason for n in played.notices if n.alert_number == timed]
    assert of_time == [Reason.FIRST, Reason.ESCALATED]


def test_what_is_left_to_settle_gets_a_heads_up_an_hour_before(played: Played) -> None:
    settle, settled = [n for n in played.notices if _kind(n) == "Settle me"]
    before = [_kind(n) for n in played.notices if n.position_id == settle.position_id]
    assert before == ["Heads-up", "Settle me", "Settle me"]
    # told once more when its settlement is known, ten minutes after the close
    assert "please confirm" in settled.title
    assert settled.at - settle.at == timedelta(minutes=10)
    assert any(
        position["state"] == "settle me" for page in played.pages for position in page["positions"]
    )


def test_trap_33_nothing_is_told_twice(played: Played) -> None:
    told = [(n.alert_number, n.reason, n.title) for n in played.notices]
    assert len(told) == len(set(told))


def test_the_page_is_filled_on_every_panel(played: Played) -> None:
    busiest = max(played.pages, key=lambda p: len(p["positions"]))
    assert busiest["opportunities"]
    assert busiest["positions"]
    assert busiest["alerts"]
    assert busiest["funnel"]["tickers"][0]["steps"]
    assert busiest["portfolio"]["limits"]
    assert any(limit["breached"] for page in played.pages for limit in page["portfolio"]["limits"])
    assert any(row["in_window"] for page in played.pages for row in page["opportunities"])
    chart = json.loads((played.home.charts / f"{TICKER}.json").read_bytes())
    assert len(chart["price"]) > 100
    assert len(chart["vix"]) > 100


def test_no_page_of_the_session_exceeds_64_kb(played: Played) -> None:
    assert max(played.sizes) <= 64 * 1024


def test_trap_34_everything_says_simulated(played: Played) -> None:
    logs = played.home.logs
    records = [json.loads(line) for line in (logs / "alerts.jsonl").read_text().splitlines()]
    assert len(records) == len(played.notices)
    assert all(record["simulated"] for record in records)
    heads = [
        line for line in (logs / "alerts.log").read_text().splitlines() if line.startswith("[")
    ]
    assert heads
    assert all("SIMULATED" in line for line in heads)
    for page in played.pages:
        assert page["monitor"]["simulated"]
        assert page["monitor"]["source"] == "demo"
        assert all(m["simulated"] for m in page["markets"] if m["price"] is not None)
        assert all(p["simulated"] for p in page["positions"])
    assert json.loads((played.home.charts / f"{TICKER}.json").read_bytes())["simulated"]


def test_trap_34_nothing_lies_outside_the_demos_own_home(played: Played) -> None:
    live = played.home.root.parent
    assert [path.name for path in live.iterdir()] == ["demo"]


def test_positions_json_follows_the_simulated_book(played: Played) -> None:
    exported = json.loads(played.home.positions_export.read_bytes())["positions"]
    assert len(exported) == 6
    assert all(position["simulated"] for position in exported)


@pytest.fixture
def command(home: Path) -> Iterator[Any]:
    def run(*args: str) -> Result:
        return CliRunner().invoke(monitor, [*args, "--home", str(home)])

    return run


def test_demo_once_reports_a_simulated_look(command: Any, home: Path) -> None:
    done = command("--source", "demo", "--once")
    assert done.exit_code == 0, done.output
    assert "SIMULATED: nothing below is a real price" in done.stdout
    assert "NDX funnel (balanced):" in done.stdout
    assert not (home / "data").exists()
    assert not (home / "logs").exists()


def test_the_demo_refuses_a_folder_that_is_not_its_own(command: Any, home: Path) -> None:
    (home / "demo").mkdir()
    (home / "demo" / "mine.txt").write_text("keep")
    done = command("--source", "demo", "--once")
    assert done.exit_code == 2
    assert "is not a folder of the demo" in done.stderr
    assert (home / "demo" / "mine.txt").read_text() == "keep"


def test_the_demo_refuses_a_ticker_it_does_not_simulate(command: Any) -> None:
    done = command("--source", "demo", "--ticker", "GLD", "--once")
    assert done.exit_code == 2
    assert "the demo does not simulate GLD" in done.stderr
