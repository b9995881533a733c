"""`monitor --source demo`: the whole product on a simulated session, in a home of its own."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.app import Wiring, calendar_for, open_runner
from monitor.cli.session import RunOptions, run_all_day, run_once, single_instance
from monitor.clock import Clock, FixedClock, SystemClock
from monitor.config import Settings
from monitor.demo.book import DemoBook
from monitor.demo.clock import SPEED, DemoClock
from monitor.demo.grid import write_demo_grid
from monitor.demo.home import demo_home, prepare_demo_home
from monitor.demo.market import UNDERLYINGS, DemoMarket
from monitor.demo.settings import FIRST_SESSION, SEED, demo_settings
from monitor.errors import CalendarHorizonError
from monitor.home import Home
from monitor.providers.demo import DemoProvider
from monitor.providers.demo_chains import DemoChainProvider
from monitor.runtime.grid_watch import NAME
from monitor.runtime.logs import configure_logging
from monitor.store.store import Store

LOOK = timedelta(minutes=65)  # where in the simulated session `--once` looks


def run_demo(options: RunOptions, settings: Settings, home: Home) -> int:
    """Run the simulation; it says SIMULATED everywhere and never touches the live home."""
    settings = demo_settings(settings)
    demo = demo_home(home)
    with single_instance(home_lock(home), shown=demo.root):
        prepare_demo_home(demo)
        configure_logging(demo.logs)
        calendar = calendar_for(demo, SystemClock())
        first = calendar.on(FIRST_SESSION)
        if first is None:
            raise CalendarHorizonError(f"the demo's first day {FIRST_SESSION} is no session")
        played = DemoClock(first, calendar, SystemClock())
        clock: Clock = FixedClock(first.open + LOOK) if options.once else played
        market = DemoMarket(SEED, first, calendar)
        ticker = settings.tickers[0]
        write_demo_grid(demo.results / "demo" / NAME, SEED, width=UNDERLYINGS[ticker].width)
        book = DemoBook(market, ticker)

        def play(store: Store, now: datetime) -> None:
            book.step(store, now)

        wiring = Wiring(
            provider=DemoProvider(market),
            chains=DemoChainProvider(market),
            calendar=calendar,
            source="demo",
            started_at=clock.now(),
            clock=clock,
            console=not options.as_json,
            threaded=not options.once,
            before_cycle=play,
            durable=False,
        )
        with open_runner(settings, demo, wiring) as runner:
            if options.once:
                return run_once(runner, clock, as_json=options.as_json)
            played.begin()
            interval = settings.scanning.data_interval / SPEED
            return run_all_day(runner, clock, options=options, interval_s=interval)


def home_lock(home: Home) -> Home:
    """The demo's lock lies beside its folder, which each start clears."""
    return Home(home.root / ".demo-lock")
