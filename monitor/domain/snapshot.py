"""What one cycle knew, as the page and other readers get it (`dashboard_data.json`).

Schema version 1. Plain values only: instants are aware UTC (RFC 3339 in JSON), unknown is None
with an entry in `problems`. Field suffixes give the unit: `_usd` dollars for the whole position,
`_usd_per_contract`, `_pct` percent, `_s` seconds; strikes, prices, width and VIX are points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something unknown, refused or wrong. `what` is the field or part, `why` one sentence."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorView:
    version: str
    pid: int
    started_at: datetime
    state: str  # "running" | "stopped" | "paused"
    iteration: int
    source: str  # "auto", "yahoo", "replay:…", "demo"
    simulated: bool  # not the market now: made up, or a past day replayed
    paused: bool = False
    display_timezone: str = "America/Los_Angeles"
    refresh_s: float = 30.0
    profile: str = "balanced"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    state: str  # SessionState
    date: date | None
    open: datetime | None
    close: datetime | None
    early_close: bool
    next_open: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelView:
    """One volatility index of the family."""

    symbol: str
    value: float | None
    asof: datetime | None
    source: str | None
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    ticker: str
    price: float | None
    previous_close: float | None
    change: float | None
    change_pct: float | None
    volume_ratio: float | None
    vix: float | None
    vix_asof: datetime | None
    vol_index: LevelView | None  # the underlying's own: VXN for NDX
    vix_family: tuple[LevelView, ...]
    regime: str | None
    regime_since: datetime | None
    iv_rank: float | None  # 0..100, of the underlying's own index, 252 sessions
    iv_percentile: float | None
    trend: str
    trend_source: str  # "flag" | "trend set" | "settings"
    flow: str | None  # "up" | "down" | "flat"
    session: SessionView
    asof: datetime | None
    age_s: float | None
    stale: bool
    source: str | None
    delay_s: float
    simulated: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityView:
    """One configuration the regime prefers, best first, alerted or not."""

    rank: int
    ticker: str
    alert_id: str | None
    status: str  # "alerted" | "waiting" (window to come) | "passed" | "below" | "blocked"
    status_why: str  # one plain sentence: what keeps it from being alerted, or ""
    dte: int
    expiration: date | None
    band: str
    spread_type: str
    flow_mode: str
    width: float
    entry_time_pt: str  # "07:30"
    in_window: bool
    window_opens_at: datetime | None
    window_closes_at: datetime | None
    win_rate_pct: float
    win_low_pct: float  # Wilson 95 % interval
    win_high_pct: float
    n_trades: int
    breakeven_win_pct: float | None  # under the person's own exits
    max_return_pct: float
    sharpe: float
    credit_usd_per_contract: float
    max_loss_usd_per_contract: float
    avg_pnl_usd_per_contract: float
    score: float
    verdict: str
    verdict_why: str  # one plain phrase: after how many tries, or why it is unknown
    source: str  # "grid" (backtest, not a live quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """`name`: loaded, possible, regime, window, quality, alerted. `why`: what the step removes."""

    name: str
    count: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestMiss:
    """The configuration closest to alerting and the one threshold that blocks it."""

    config: str
    threshold: str
    value: str
    needed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerFunnel:
    ticker: str
    steps: tuple[FunnelStep, ...]
    emptied_by: str | None
    nearest_miss: NearestMiss | None
    profiles: tuple[tuple[str, int], ...]  # alerts each profile would have sent at this scan
    scanned_at: datetime | None
    why_not: str | None = None  # when no scan could run: "VIX unknown", "no grid file"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridView:
    path: str | None
    rows: int
    usable: int
    rejected: tuple[tuple[str, int], ...]
    modified_at: datetime | None
    loaded_at: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelView:
    grid: GridView
    tickers: tuple[TickerFunnel, ...]
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    name: str  # "Open positions", "Total Capital at Risk"
    value: float
    limit: float
    unit: str  # "positions" | "$"
    breached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioView:
    open: int
    closed: int
    total_max_loss_usd: float
    unrealized_pnl_usd: float | None  # of the marked ones
    marked: int  # how many of the open ones have a P&L
    realized_pnl_usd: float
    limits: tuple[LimitView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitView:
    """One exit of one position and how far away it is."""

    kind: str  # "profit_target" | "stop_loss" | "time_exit" | "heads_up" | "settle"
    due: bool
    level_usd: float | None  # P&L at which it fires
    distance_usd: float | None
    at: datetime | None
    note: str = ""  # "can never fire: …"


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    id: str
    ticker: str
    spread_type: str
    flow_mode: str
    band: str | None
    dte: int | None  # sessions left; None beyond the calendar
    entry_dte: int
    expiration: date
    settlement: str
    contracts: int
    short_put: float | None
    long_put: float | None
    short_call: float | None
    long_call: float | None
    credit_usd: float
    credit: float  # points per share
    max_loss_usd: float
    stated_risk_usd: float | None
    pnl_usd: float | None
    pnl_pct: float | None  # of the credit
    pnl_asof: datetime | None
    pnl_age_s: float | None
    pnl_source: str | None
    exits: tuple[ExitView, ...]
    state: str  # "open" | "exit due" | "settle me"
    opened_at: datetime
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    id: str
    level: str
    title: str
    details: tuple[str, ...]
    state: str  # pending, firing, acknowledged, snoozed, resolved; "told" for an event
    reason: str  # of the last telling
    started_at: datetime
    last_sent_at: datetime | None
    ticker: str | None
    position_id: str | None
    sent_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderView:
    name: str
    state: str
    last_ok_at: datetime | None
    failures: int
    retry_at: datetime | None
    error: str | None
    delay_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    name: str
    last_run_at: datetime | None
    next_run_at: datetime | None
    last_duration_s: float | None
    overruns: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierView:
    name: str
    state: str  # "ok" | "failing" | "disabled"
    pending: int
    last_ok_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskView:
    """Of the disk that holds the home folder."""

    free_mb: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthView:
    providers: tuple[ProviderView, ...]
    jobs: tuple[JobView, ...]
    notifiers: tuple[NotifierView, ...]
    disk: DiskView
    memory_mb: float | None
    problems: tuple[Problem, ...] = ()
    slept: tuple[str, ...] = ()  # "asleep 07:12–08:40, missed 3 windows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    generated_at: datetime
    next_due_at: datetime
    monitor: MonitorView
    markets: tuple[MarketView, ...]
    opportunities: tuple[OpportunityView, ...]
    funnel: FunnelView
    portfolio: PortfolioView
    positions: tuple[PositionView, ...]
    alerts: tuple[AlertView, ...]  # last 10, newest first
    health: HealthView
    schema_version: int = field(default=SCHEMA_VERSION)
