"""One cycle's decisions: everything known in, everything to save and to say out. Pure.

`data → context → regime → scan | exit → alerts`: the shell fetches `CycleInputs`, calls `step`
once, saves the result in one transaction and sends afterwards. Live, replay and demo run this
very function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from monitor.config import Settings
from monitor.domain.alert_lifecycle import AdvanceResult, AlertPolicy, advance, living
from monitor.domain.alert_text import (
    channel_condition,
    data_problem_condition,
    regime_change_condition,
)
from monitor.domain.alerts import AlertRecord, Condition
from monitor.domain.anchor import ChainAnchor
from monitor.domain.context import MarketContext, VolumeProfile, build_context
from monitor.domain.day_messages import day_conditions, pause_condition
from monitor.domain.grid import GridFile
from monitor.domain.limits import limit_conditions
from monitor.domain.live_market import live_market
from monitor.domain.mark_memory import MarkMemory, MarkRow
from monitor.domain.mark_step import mark_step
from monitor.domain.marks import ChainKey
from monitor.domain.option_chain import OptionChain
from monitor.domain.position_watch import (
    PositionWatch,
    conditions_of,
    gone,
    undecided,
)
from monitor.domain.positions import Position
from monitor.domain.quote_guard import GuardLimits, Judgement, QuoteMemory, judge
from monitor.domain.quotes import DailyBars, Quote
from monitor.domain.regime import RegimeState
from monitor.domain.regime import advance as advance_regime
from monitor.domain.scan import ScanResult
from monitor.domain.scan_step import (
    failed_scan_conditions,
    opportunity_conditions,
    scan_apart,
    scan_context,
)
from monitor.domain.scope import ALONE, Scope
from monitor.domain.settlement import SettlementValue
from monitor.domain.snapshot import LimitView
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Level, Regime, SessionState, Trend
from monitor.errors import ProviderError

# Told only when it lasts: one lost request a minute is no news.
DATA_PROBLEM_HOLD = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleInputs:
    """What the shell read for this cycle."""

    readings: Mapping[str, Quote | ProviderError]
    daily: Mapping[str, DailyBars]
    profiles: Mapping[str, VolumeProfile]
    positions: tuple[Position, ...]  # open ones
    alerts: Mapping[str, AlertRecord]  # living ones by key
    next_alert_number: int
    grid: GridFile | None
    grid_problem: str | None
    trend: Trend
    chains: tuple[OptionChain, ...] = ()
    chain_problems: Mapping[tuple[str, date], str] = field(default_factory=dict)
    mark_memories: Mapping[str, MarkMemory] = field(default_factory=dict)  # after a start
    broken_channels: Mapping[str, str] = field(default_factory=dict)
    paused_since: datetime | None = None
    told_today: int = 0
    scope: Scope = ALONE
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorState:
    """What one cycle leaves to the next."""

    memories: Mapping[str, QuoteMemory] = field(default_factory=dict)
    regime: RegimeState | None = None
    scans: Mapping[str, ScanResult] = field(default_factory=dict)
    scanned_at: datetime | None = None
    scanned_grid: GridFile | None = None
    anchors: Mapping[ChainKey, ChainAnchor] = field(default_factory=dict)
    marks: Mapping[str, MarkMemory] = field(default_factory=dict)  # by position id
    scanned_paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeChange:
    previous: Regime | None  # None: the first reading of a run
    current: Regime
    vix: Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleResult:
    """What one cycle decided."""

    state: MonitorState
    contexts: Mapping[str, MarketContext]
    regime_change: RegimeChange | None
    watch: PositionWatch
    mark_rows: tuple[MarkRow, ...]  # new ones only
    settlements: tuple[SettlementValue, ...]
    scanned: bool
    alerts: AdvanceResult
    living: Mapping[str, AlertRecord]
    scope: Scope = ALONE


def step(
    state: MonitorState,
    inputs: CycleInputs,
    *,
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
) -> CycleResult:
    """Decide one cycle."""
    zone = ZoneInfo(settings.hours.display_timezone)
    memories, judged = _judge_all(state, inputs, settings, calendar, now)
    regime, change = _next_regime(state.regime, judged.get("VIX"), settings)
    held = {p.ticker for p in inputs.positions if p.ticker in inputs.readings}
    every = {
        ticker: build_context(
            ticker,
            judged=judged,
            daily=inputs.daily,
            profile=inputs.profiles.get(ticker),
            calendar=calendar,
            now=now,
        )
        for ticker in dict.fromkeys([*settings.tickers, *sorted(held)])
    }
    contexts = {ticker: every[ticker] for ticker in settings.tickers}
    marks = mark_step(
        inputs.positions,
        contexts=every,
        daily=inputs.daily,
        chains=inputs.chains,
        chain_problems=inputs.chain_problems,
        anchors=state.anchors,
        memories={**inputs.mark_memories, **state.marks},
        settings=settings,
        calendar=calendar,
        now=now,
        scope=inputs.scope,
    )
    watch = marks.watch
    due = _scan_due(state, inputs, settings, now)
    scans = state.scans
    if due:
        usable = {ticker: _usable_regime(regime, context) for ticker, context in contexts.items()}
        scans = {
            ticker: scan_apart(
                partial(
                    _scan, context, inputs, settings, calendar, now,
                    regime=usable[ticker], limits=watch.limits,
                ),
                without=ScanResult(
                    ticker=ticker, scanned_at=now, regime=usable[ticker], trend=inputs.trend,
                    settings=settings,
                ),
            )
            for ticker, context in contexts.items()
        }  # fmt: skip
    conditions: list[Condition] = []
    if change is not None and change.previous is not None:
        conditions.append(_regime_condition(change, change.previous, now, zone))
    if due:
        conditions += opportunity_conditions(scans, now=now)
    conditions += conditions_of(watch, now=now, zone=zone, ladder=settings.ladder)
    conditions += limit_conditions(watch.limits)
    conditions += _data_conditions(contexts)
    conditions += failed_scan_conditions(scans)
    conditions += [channel_condition(name, why) for name, why in inputs.broken_channels.items()]
    if inputs.paused_since is not None:
        conditions.append(pause_condition(inputs.paused_since, zone))
    if settings.alerts.daily_messages and not inputs.simulated:
        conditions += _day_conditions(inputs, contexts, settings, calendar, now)
    open_now = calendar.state_at(now)[0] is SessionState.OPEN
    covers = inputs.scope.covers
    alerts = advance(
        {k: record for k, record in inputs.alerts.items() if covers(record.condition.ticker)},
        [condition for condition in conditions if covers(condition.ticker)],
        now=now,
        policy=AlertPolicy.from_settings(settings.alerts),
        next_number=inputs.next_alert_number,
        simulated=inputs.simulated,
        undecided=undecided(watch),
        gone=gone(watch, inputs.alerts),
        hold_reminders=() if open_now else (Level.EXIT, Level.ERROR),
    )
    return CycleResult(
        state=replace(
            state,
            memories=memories,
            regime=regime,
            scans=scans,
            scanned_at=now if due else state.scanned_at,
            scanned_grid=inputs.grid if due else state.scanned_grid,
            anchors=marks.anchors,
            marks=marks.memories,
            scanned_paused=inputs.paused_since is not None if due else state.scanned_paused,
        ),
        contexts=contexts,
        regime_change=change,
        watch=watch,
        mark_rows=marks.rows,
        settlements=marks.settlements,
        scanned=due,
        alerts=alerts,
        living=living(inputs.alerts, alerts),
        scope=inputs.scope,
    )


def _scan(
    context: MarketContext,
    inputs: CycleInputs,
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
    *,
    regime: Regime | None,
    limits: Sequence[LimitView],
) -> ScanResult:
    return scan_context(
        context,
        grid=inputs.grid,
        grid_problem=inputs.grid_problem,
        regime=regime,
        trend=inputs.trend,
        limits=limits,
        blocked_why="paused: `monitor resume`" if inputs.paused_since else None,
        settings=settings,
        calendar=calendar,
        now=now,
        market=live_market(
            context,
            chains=inputs.chains,
            chain_problems=inputs.chain_problems,
            daily=inputs.daily,
            settings=settings,
            calendar=calendar,
            now=now,
        ),
    )


def guard_limits(settings: Settings) -> GuardLimits:
    data = settings.data
    return GuardLimits(
        data_interval=timedelta(seconds=settings.scanning.data_interval),
        stale_after_intervals=data.stale_after_intervals,
        frozen_after_readings=data.frozen_after_readings,
        spike_pct=data.spike_pct,
        vix_spike_pct=data.vix_spike_pct,
        disagree_pct=data.disagree_pct,
    )


def _judge_all(
    state: MonitorState,
    inputs: CycleInputs,
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
) -> tuple[dict[str, QuoteMemory], dict[str, Judgement]]:
    session_state, session = calendar.state_at(now)
    is_open = session_state is SessionState.OPEN
    closed = calendar.last_closed(now)
    limits = guard_limits(settings)
    memories, judged = dict(state.memories), {}
    for symbol, reading in inputs.readings.items():
        memories[symbol], judged[symbol] = judge(
            state.memories.get(symbol, QuoteMemory()),
            reading,
            now=now,
            session_open=is_open,
            limits=limits,
            last_session_close=closed.close if closed else None,
            opened_at=session.open if session and is_open else None,
        )
    return memories, judged


def _next_regime(
    state: RegimeState | None, vix: Judgement | None, settings: Settings
) -> tuple[RegimeState | None, RegimeChange | None]:
    """Count the VIX reading, if it can be believed."""
    if vix is None or vix.quote is None or vix.stale:
        return state, None
    quote = vix.quote
    after = advance_regime(state, vix=quote.price, asof=quote.asof, edges=settings.regime)
    if state is not None and after.regime is state.regime:
        return after, None
    previous = state.regime if state else None
    return after, RegimeChange(previous=previous, current=after.regime, vix=quote)


def _usable_regime(regime: RegimeState | None, context: MarketContext) -> Regime | None:
    """The regime, unless the VIX it rests on is unknown or stale now."""
    known = context.vix.value is not None and not context.vix.stale
    return regime.regime if regime is not None and known else None


def _scan_due(state: MonitorState, inputs: CycleInputs, settings: Settings, now: datetime) -> bool:
    last = state.scanned_at
    if last is None or last > now or inputs.grid is not state.scanned_grid:
        return True
    if (inputs.paused_since is not None) is not state.scanned_paused:
        return True
    # Half a data interval early is on time: cycles do not fall exactly on the scan's beat.
    wait = settings.scanning.scan_interval - settings.scanning.data_interval / 2
    return now - last >= timedelta(seconds=wait)


def _regime_condition(
    change: RegimeChange, previous: Regime, now: datetime, zone: ZoneInfo
) -> Condition:
    return regime_change_condition(
        previous,
        change.current,
        vix=change.vix.price,
        asof=change.vix.asof,
        source=change.vix.source,
        now=now,
        zone=zone,
    )


def _data_conditions(contexts: Mapping[str, MarketContext]) -> list[Condition]:
    """What the person must know is missing while the exchange is open."""
    found = {}
    for ticker, context in contexts.items():
        if context.session_state is not SessionState.OPEN:
            continue
        for subject, what, bad in (
            (ticker, "price", context.price is None or context.stale),
            (None, "VIX", context.vix.value is None or context.vix.stale),
        ):
            if bad:
                why = _why(context, what.lower(), stale=context.stale if subject else False)
                found[subject, what] = data_problem_condition(
                    subject, what, why, hold=DATA_PROBLEM_HOLD
                )
    return list(found.values())


def _day_conditions(
    inputs: CycleInputs,
    contexts: Mapping[str, MarketContext],
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
) -> list[Condition]:
    missing = [f"{t} price" for t, c in contexts.items() if c.price is None or c.stale]
    if any(c.vix.value is None or c.vix.stale for c in contexts.values()):
        missing.append("VIX")
    if inputs.grid is None:
        missing.append("opportunities (no grid file)")
    return day_conditions(
        tickers=settings.tickers,
        open_positions=len(inputs.positions),
        told_today=inputs.told_today,
        living=inputs.alerts,
        missing=missing,
        calendar=calendar,
        now=now,
    )


def _why(context: MarketContext, what: str, *, stale: bool) -> str:
    reasons = [p.why for p in context.problems if p.what == what]
    return reasons[0] if reasons else ("stale" if stale else "unknown")
