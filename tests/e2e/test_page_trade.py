"""A trade from its alert to its close, in the demo, as the person at the page sees it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.browser import PATIENCE_MS
from fakes.positions_book import nyse
from fakes.processes import run
from playwright.sync_api import Page, expect

from dashboard.serve import PageServer, page_server
from dashboard.snapshot_source import FileSnapshotSource
from monitor.app import Wiring, open_runner
from monitor.clock import FixedClock, SystemClock
from monitor.config import Settings
from monitor.demo.book import DemoBook
from monitor.demo.clock import LEAD, TAIL
from monitor.demo.grid import write_demo_grid
from monitor.demo.home import demo_home, prepare_demo_home
from monitor.demo.market import UNDERLYINGS, DemoMarket
from monitor.demo.settings import FIRST_SESSION, SEED, demo_settings
from monitor.domain.alerts import Notice
from monitor.home import Home
from monitor.providers.demo import DemoProvider
from monitor.providers.demo_chains import DemoChainProvider
from monitor.runtime.grid_watch import NAME
from monitor.runtime.runner import Runner

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TICKER = "NDX"
STEP = timedelta(minutes=2)
SESSIONS = 4  # the alert comes in the first, its exit within three more


@dataclass
class Demo:
    """The demo's sessions, cycle by cycle and without waiting."""

    home: Home
    runner: Runner
    now: datetime

    def play_until(self, found: Callable[[tuple[Notice, ...]], Any]) -> Any:
        """Go on until `found` sees something in the snapshot or among the notices."""
        calendar = nyse()
        last = calendar.shift(FIRST_SESSION, SESSIONS).date
        while self.now.date() <= last:
            result = self.runner.cycle(self.now)
            self.now += STEP
            session = calendar.on(self.now.date())
            if session is not None and self.now > session.close + TAIL:
                self.now = calendar.shift(session.date, 1).open - LEAD
            if value := found(result.alerts.notices):
                return value
        raise AssertionError("the demo's sessions passed without it")

    def snapshot(self) -> Any:
        return msgspec.json.decode(self.home.snapshot.read_bytes())

    def position(self, position_id: str) -> Any:
        return next(p for p in self.snapshot()["positions"] if p["id"] == position_id)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    home = demo_home(Home(tmp_path))
    prepare_demo_home(home)
    first = nyse().on(FIRST_SESSION)
    assert first is not None
    market = DemoMarket(SEED, first, nyse())
    write_demo_grid(home.results / "demo" / NAME, SEED, width=UNDERLYINGS[TICKER].width)
    wiring = Wiring(
        provider=DemoProvider(market), chains=DemoChainProvider(market), calendar=nyse(),
        source="demo", started_at=first.open, clock=FixedClock(first.open), console=False,
        threaded=False, durable=False, before_cycle=DemoBook(market, TICKER).step,
    )  # fmt: skip
    with open_runner(demo_settings(Settings()), home, wiring) as runner:
        yield Demo(home, runner, first.open - LEAD)


@pytest.fixture
def server(demo: Demo) -> Iterator[PageServer]:
    source = FileSnapshotSource(demo.home.root)
    running = page_server(source, SystemClock(), host="127.0.0.1", port=0)
    running.start()
    yield running
    running.stop()


def positions(demo: Demo, *line: str) -> str:
    done = run("positions", *line, home=demo.home.root)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_the_alert_to_the_close(
    demo: Demo, server: PageServer, page: Page, complaints: list[str]
) -> None:
    def alerted(_notices: tuple[Notice, ...]) -> bool:
        return any(
            o["status"] == "alerted" and o["trade"] and o["trade"]["order_line"]
            for o in demo.snapshot()["opportunities"]
        )

    demo.play_until(alerted)
    page.goto(server.url)
    card = page.locator("tr.opens.is-alerted details").first
    card.locator("summary").click()
    expect(card.locator(".part").nth(3)).to_contain_text("The whole book can lose")
    expect(card).to_contain_text("SELL −")

    # The card's own command logs it, at the simulation's own time.
    command = card.locator("code[id^=add-]").inner_text()
    assert re.fullmatch(
        r"positions add --from-alert A\d+#1 --price [\d.]+ --contracts \d+", command
    )
    logged = positions(demo, *shlex.split(command)[1:])
    found = re.search(r"SIMULATED: logged ([0-9a-f]{8})", logged)
    assert found is not None
    position_id = found[1]

    # It is marked from the chain, and the mark moves.
    demo.play_until(lambda _: True)
    row = page.locator(f"#position-{position_id}")
    expect(row.locator(".mark")).to_contain_text("quotes from SIMULATED", timeout=PATIENCE_MS)
    first = demo.position(position_id)["pnl_usd"]
    assert first is not None
    demo.play_until(lambda _: abs(demo.position(position_id)["pnl_usd"] - first) > 50)
    now = f"{abs(demo.position(position_id)['pnl_usd']):,.0f}"
    expect(row.locator(".pnl .big")).to_contain_text(now, timeout=PATIENCE_MS)
    demo.runner.mark_charts.write(demo.now)  # else once a second, as people read
    demo.play_until(lambda _: True)  # something new, so that the page looks again
    expect(row.locator(".history polyline")).to_be_visible(timeout=PATIENCE_MS)

    # Its target or its stop fires.
    exit_told = demo.play_until(
        lambda notices: next(
            (n for n in notices if n.position_id == position_id and "EXIT SIGNAL" in n.title), None
        )
    )
    assert re.search(r"Profit target hit|Stop loss hit", exit_told.title)
    expect(row).to_contain_text("DUE NOW", timeout=PATIENCE_MS)
    expect(page.locator("#status .attention")).to_contain_text(f"Close {position_id}")

    # Closed by hand at what it stands, it is gone from the page and from the open alerts.
    pnl = demo.position(position_id)["pnl_usd"]
    positions(demo, "close", position_id, "--pnl", f"{pnl:.2f}")
    demo.play_until(lambda _: True)
    expect(row).to_have_count(0, timeout=PATIENCE_MS)
    shown = positions(demo, "show", position_id)
    assert "[closed]" in shown
    assert complaints == []
