"""One cycle from end to end: fetch, decide, save, write the snapshot, send."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import __version__
from monitor.config import Settings
from monitor.domain.chain_needs import chain_needs, grid_dtes, levels_of
from monitor.domain.positions import Position
from monitor.domain.scope import ALONE, Scope
from monitor.domain.sleep import Gap, entry_times_pt, find_gap
from monitor.domain.snapshot import JobView, MonitorView, Problem, Snapshot
from monitor.domain.snapshot_build import Surroundings, build_snapshot
from monitor.domain.step import CycleInputs, CycleResult, MonitorState, step
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Trend
from monitor.export import export_positions
from monitor.home import Home
from monitor.notify.dispatcher import Dispatcher
from monitor.notify.heartbeat import Heartbeat
from monitor.providers.base import SourceHealth
from monitor.runtime.chain_feed import ChainFeed, ChainReading
from monitor.runtime.charts import ChartFiles
from monitor.runtime.feed import FeedReading, MarketFeed
from monitor.runtime.grid_builder import GridBuilder
from monitor.runtime.grid_watch import GridWatch
from monitor.runtime.health import SLEPT_SHOWN, health_view
from monitor.runtime.loop import JobHealth
from monitor.runtime.mark_charts import MarkCharts
from monitor.runtime.snapshot_file import write_snapshot
from monitor.store.cycle import CycleStore, Known, Saved

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What this run is, for snapshot and alerts."""

    source: str
    simulated: bool
    started_at: datetime


@dataclass(slots=True, kw_only=True)
class Runner:
    """Holds what lives between two cycles and runs one at a time."""

    settings: Settings
    home: Home
    calendar: TradingCalendar
    feed: MarketFeed
    grid: GridWatch
    store: CycleStore
    dispatcher: Dispatcher
    charts: ChartFiles
    mark_charts: MarkCharts
    identity: Identity
    chains: ChainFeed | None = None
    heartbeat: Heartbeat = field(default_factory=lambda: Heartbeat(""))
    job: JobHealth = field(default_factory=JobHealth)
    builder: GridBuilder | None = None
    before_cycle: Callable[[datetime], None] = lambda _now: None
    daily_copy: Callable[[datetime], object] = lambda _now: None
    scope_of: Callable[[Iterable[str]], Scope] = lambda _tickers: ALONE
    flag_trend: Trend | None = None
    threaded: bool = True
    state: MonitorState = field(default_factory=MonitorState)
    iteration: int = 0
    last: CycleResult | None = None
    last_cycle_at: datetime | None = None
    slept: tuple[str, ...] = ()
    snapshot: Snapshot | None = None
    files_problem: str | None = None
    _exported: int | None = None  # the book's version that positions.json holds
    _kept_day: date | None = None
    _paused: bool = False
    _trend: Trend = Trend.SIDEWAYS
    _trend_source: str = "settings"

    def cycle(self, now: datetime) -> CycleResult:
        """Run one cycle at the instant `now`."""
        self.before_cycle(now)
        self._notice_sleep(now)
        self.grid.refresh()
        if self.builder is not None:
            self.builder.look(missing=self.grid.missing)
        held = self.store.open_positions()
        tickers = tuple(dict.fromkeys([*self.settings.tickers, *(p.ticker for p in held)]))
        reading = self.feed.fetch(tickers, now)
        chains = self._fetch_chains(held, tickers, reading, now)
        saved = self.store.run(
            lambda known: self._decide(reading, chains, known, now),
            now=now,
            channels=self.dispatcher.channels,
            remembered=self.state.marks.keys(),
            keep_days=self.settings.marks.keep_days,
        )
        result = saved.result
        self.state, self.last = result.state, result
        self.iteration += 1
        self.last_cycle_at = now
        if result.scanned:
            for ticker, scan in result.state.scans.items():
                if scan.failure is not None:
                    logger.error("scan failed", extra={"ticker": ticker, "trace": scan.failure})
        self._send(now)
        self.snapshot = self._snapshot(saved, now)
        self._write_files(self.snapshot, saved, now)
        self._keep_house(now)
        self.heartbeat.beat()
        return result

    def _keep_house(self, now: datetime) -> None:
        """Once a UTC day: a monitor that runs for weeks has a fresh copy of its book."""
        if self._kept_day == now.date():
            return
        try:
            self.daily_copy(now)
        except (OSError, sqlite3.Error) as error:
            self.files_problem = f"no backup: {error}"
            logger.warning("backup not made", extra={"reason": str(error)})
        else:
            self._kept_day = now.date()

    def _write_files(self, snapshot: Snapshot, saved: Saved, now: datetime) -> None:
        """Page, charts, export. They are copies: a full disk must not stop the next cycle."""
        try:
            write_snapshot(self.home.snapshot, snapshot)
            self.charts.update(saved.result.contexts, now)
            self.mark_charts.update(saved.result.watch.watched, saved.result.mark_rows, now)
            if saved.book_version != self._exported:
                export_positions(self.store.engine, self.home.positions_export, now=now)
                self._exported = saved.book_version
        except OSError as error:
            self.files_problem = f"not written: {error}"
            logger.warning("files not written", extra={"reason": str(error)})
        else:
            self.files_problem = None

    def _fetch_chains(
        self,
        positions: Sequence[Position],
        tickers: Sequence[str],
        reading: FeedReading,
        now: datetime,
    ) -> ChainReading:
        """Chains of what is held and of what may be opened soon."""
        if self.chains is None:
            return ChainReading()
        needs = chain_needs(
            tickers=self.settings.tickers,
            positions=positions,
            dtes=grid_dtes(self.grid.grid, self.settings),
            levels=levels_of(tickers, reading.readings),
            settings=self.settings,
            calendar=self.calendar,
            now=now,
        )
        return self.chains.fetch(needs, now)

    def _decide(
        self, reading: FeedReading, chains: ChainReading, known: Known, now: datetime
    ) -> CycleResult:
        self._trend, self._trend_source = self._choose_trend(known.trend)
        self._paused = known.paused_since is not None
        return step(
            self.state,
            CycleInputs(
                readings=reading.readings,
                daily=reading.daily,
                profiles=reading.profiles,
                positions=known.positions,
                alerts=known.alerts,
                next_alert_number=known.next_alert_number,
                grid=self.grid.grid,
                grid_problem=self._grid_problem(),
                trend=self._trend,
                mark_memories=known.mark_memories,
                chains=chains.chains,
                chain_problems=chains.problems,
                broken_channels=self.dispatcher.broken(),
                paused_since=known.paused_since,
                told_today=known.told_today,
                scope=self.scope_of(_tickers_of(known)),
                simulated=self.identity.simulated,
            ),
            settings=self.settings,
            calendar=self.calendar,
            now=now,
        )

    def _grid_problem(self) -> str | None:
        """What the build says while there is no grid, else what the file says."""
        built = self.builder.text() if self.builder and self.grid.missing else None
        return built or self.grid.problem

    def _choose_trend(self, stored: Trend | None) -> tuple[Trend, str]:
        if stored is not None:
            return stored, "trend set"
        if self.flag_trend is not None:
            return self.flag_trend, "flag"
        return self.settings.trend, "settings"

    def _send(self, now: datetime) -> None:
        """Live: wake the channels' threads. Replay: send here, so that the order is fixed."""
        if self.threaded:
            self.dispatcher.wake()
        elif self.last and self.last.alerts.notices:
            self.dispatcher.dispatch_due(now)

    def _notice_sleep(self, now: datetime) -> None:
        gap: Gap | None = find_gap(
            last_cycle=self.last_cycle_at,
            now=now,
            interval=timedelta(seconds=self.settings.scanning.data_interval),
            entry_times=entry_times_pt(self.settings.hours),
            calendar=self.calendar,
        )
        if gap is not None:
            text = gap.text(ZoneInfo(self.settings.hours.display_timezone))
            self.slept = (*self.slept, text)[-SLEPT_SHOWN:]
            logger.warning("the monitor did not run", extra={"gap": text})

    def _snapshot(self, saved: Saved, now: datetime) -> Snapshot:
        result = saved.result
        interval = timedelta(seconds=self.settings.scanning.data_interval)
        around = Surroundings(
            monitor=self._monitor_view("running"),
            health=health_view(
                providers=self._sources(),
                jobs=(self._job_view(now, now + interval),),
                notifiers=self.dispatcher.health(),
                problems=(*result.watch.problems, *_standby(result.scope)),
                files_problem=self.files_problem,
                grid_problem=self._grid_problem(),
                history_problem=self.feed.history_problem or self._chains_not_kept(),
                heartbeat_problem=self.heartbeat.problem,
                slept=self.slept,
                folder=self.home.root,
            ),
            alerts=saved.recent_alerts,
            closed_positions=saved.closed_positions,
            realized_pnl_usd=saved.realized_closed_usd,
            trend=self._trend,
            trend_source=self._trend_source,
            grid=self.grid.grid,
            grid_problem=self._grid_problem(),
            next_due_at=now + interval,
        )
        return build_snapshot(
            result, around, settings=self.settings, calendar=self.calendar, now=now
        )

    def _sources(self) -> tuple[SourceHealth, ...]:
        chains = self.chains.provider.health() if self.chains else ()
        return (*self.feed.provider.health(), *chains)

    def _chains_not_kept(self) -> str | None:
        return self.chains.history_problem if self.chains else None

    def stopped(self, now: datetime) -> None:
        """Tell the page that nobody refreshes it any more."""
        if self.snapshot is None:
            return
        final = replace(self.snapshot, monitor=self._monitor_view("stopped"), next_due_at=now)
        try:
            write_snapshot(self.home.snapshot, final)
            self.charts.write()
            self.mark_charts.write(now)
        except OSError as error:  # the old page goes stale by itself
            logger.warning("files not written", extra={"reason": str(error)})

    def _monitor_view(self, state: str) -> MonitorView:
        return MonitorView(
            version=__version__,
            pid=os.getpid(),
            started_at=self.identity.started_at,
            state=state,
            paused=self._paused,
            iteration=self.iteration,
            source=self.identity.source,
            simulated=self.identity.simulated,
            display_timezone=self.settings.hours.display_timezone,
            refresh_s=self.settings.dashboard.refresh,
            profile=self.settings.quality.profile.value,
        )

    def _job_view(self, now: datetime, next_run_at: datetime) -> JobView:
        return JobView(
            name="cycle",
            last_run_at=now,
            next_run_at=next_run_at,
            last_duration_s=self.job.last_duration_s,
            overruns=self.job.overruns,
            error=self.job.error,
        )


def _tickers_of(known: Known) -> set[str]:
    """Whatever positions and alerts are about."""
    alerted = {record.condition.ticker for record in known.alerts.values()}
    return {p.ticker for p in known.positions} | {t for t in alerted if t is not None}


def _standby(scope: Scope) -> tuple[Problem, ...]:
    if not scope.elsewhere and scope.rest:
        return ()
    whose = ", ".join(sorted(scope.elsewhere)) or "what belongs to no ticker"
    why = f"another monitor on this database tells the alerts of {whose}; this one stands by"
    return (Problem(what="leader", why=why),)
