"""Composition root: settings in, wired objects out. The only place that constructs them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.clock import Clock
from monitor.config import Settings
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Trend
from monitor.errors import ConfigError
from monitor.home import Home
from monitor.notify.dispatcher import Dispatcher
from monitor.notify.heartbeat import Heartbeat
from monitor.notify.setup import build_notifiers
from monitor.providers.base import ChainProvider, MarketDataProvider
from monitor.providers.chain_history import ChainHistory
from monitor.providers.history import HistoryStore
from monitor.providers.sessions import load_calendar
from monitor.runtime.atomic_file import sweep_temporary
from monitor.runtime.chain_feed import ChainFeed
from monitor.runtime.charts import ChartFiles
from monitor.runtime.feed import MarketFeed
from monitor.runtime.grid_watch import GridWatch
from monitor.runtime.runner import Identity, Runner
from monitor.store.cycle import CycleStore
from monitor.store.leadership import Leadership
from monitor.store.store import Store, open_store

if TYPE_CHECKING:
    from monitor.providers.live import LiveSources

REPLAY_PREFIX = "replay:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What differs between a live run, a replay and the demo."""

    provider: MarketDataProvider
    calendar: TradingCalendar
    source: str
    started_at: datetime
    clock: Clock
    chains: ChainProvider | None = None
    console: bool = True
    threaded: bool = True
    record: bool = True
    durable: bool = True  # a replay or demo can be run again
    flag_trend: Trend | None = None
    results: Path | None = None  # whose grids; default the home's own
    before_cycle: Callable[[Store, datetime], None] = lambda _store, _now: None
    on_progress: Callable[[str], None] = lambda _text: None


def calendar_for(home: Home, clock: Clock) -> TradingCalendar:
    """The exchange's sessions, from the home's cache."""
    return load_calendar(home.data, today=clock.now().date())


def live_sources(settings: Settings, home: Home, calendar: TradingCalendar) -> LiveSources:
    """The sources that settings name; simulated data is never a fallback."""
    from monitor.providers.live import build_live_sources  # heavy: only when it runs

    scanning = settings.scanning
    return build_live_sources(
        settings.data.source,
        data=settings.data,
        cache_dir=home.data / "cache",
        calendar=calendar,
        data_interval=timedelta(seconds=scanning.data_interval),
        chain_interval=chain_interval(settings),
    )


def chain_interval(settings: Settings) -> timedelta:
    """Once a scan; half a data interval early is on time, as cycles do not fall on the beat."""
    scanning = settings.scanning
    return timedelta(seconds=max(scanning.scan_interval - scanning.data_interval / 2, 5))


def replay_path(source: str) -> Path | None:
    """The folder of `replay:PATH`, or None for another source.

    Raises:
        ConfigError: There is no such folder.
    """
    if not source.startswith(REPLAY_PREFIX):
        return None
    path = Path(source.removeprefix(REPLAY_PREFIX)).expanduser()
    if not path.exists():
        raise ConfigError(
            f"--source {source}: {path} does not exist",
            hint="give a folder of bar files; docs/data-formats.md describes them",
        )
    return path


@contextmanager
def open_runner(settings: Settings, home: Home, wiring: Wiring) -> Iterator[Runner]:
    """A runner over an open store; closes store, dispatcher and provider at the end."""
    home.prepare()
    sweep_temporary(home.data, home.snapshot.name)
    sweep_temporary(home.charts)
    store = open_store(home.root, settings, durable=wiring.durable)
    if wiring.durable:
        store.check(now=wiring.clock.now())
    # Recorded prices are real, but not the market's now: everything shown must say so.
    simulated = wiring.provider.simulated or wiring.source.startswith(REPLAY_PREFIX)
    charts = ChartFiles(
        folder=home.charts, edges=settings.regime, source=wiring.source, simulated=simulated
    )
    recorder = HistoryStore(home.history) if wiring.record and not simulated else None
    leadership = Leadership(store.engine, settings.tickers)
    heartbeat = Heartbeat("" if simulated else settings.notify.heartbeat_url)
    dispatcher = Dispatcher(
        store.engine,
        build_notifiers(home, settings, console=wiring.console, people=not simulated),
        clock=wiring.clock,
        covers=leadership.covers,
    )
    if wiring.threaded:
        dispatcher.start()

    try:
        yield Runner(
            settings=settings,
            home=home,
            calendar=wiring.calendar,
            feed=MarketFeed(
                wiring.provider,
                wiring.calendar,
                recorder=recorder,
                on_progress=wiring.on_progress,
                on_bars=charts.seed,
            ),
            grid=GridWatch(
                wiring.results or home.results, Path(settings.grid) if settings.grid else None
            ),
            chains=_chain_feed(settings, wiring, None if recorder is None else home.history),
            store=CycleStore(store.engine),
            dispatcher=dispatcher,
            heartbeat=heartbeat,
            scope_of=leadership.scope,
            daily_copy=store.daily_copy if wiring.durable else lambda _now: None,
            charts=charts,
            identity=Identity(
                source=wiring.source, simulated=simulated, started_at=wiring.started_at
            ),
            before_cycle=lambda now: wiring.before_cycle(store, now),
            flag_trend=wiring.flag_trend,
            threaded=wiring.threaded,
        )
    finally:
        heartbeat.stop()
        dispatcher.stop()
        if recorder is not None:
            recorder.flush()
        if wiring.chains is not None:
            wiring.chains.close()
        wiring.provider.close()
        leadership.close()
        store.close()


def _chain_feed(settings: Settings, wiring: Wiring, history: Path | None) -> ChainFeed | None:
    """Live sources are asked in a thread, once a scan; simulated and recorded ones at once."""
    if wiring.chains is None:
        return None
    live = not (wiring.chains.simulated or wiring.source.startswith(REPLAY_PREFIX))
    return ChainFeed(
        wiring.chains,
        wiring.calendar,
        interval=chain_interval(settings) if live else timedelta(0),
        patience_s=settings.data.timeout_s if live and wiring.threaded else None,
        recorder=None if history is None else ChainHistory(history),
    )
