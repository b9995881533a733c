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
class PriceView:
    """Where option prices come from and how old they are."""

    kind: str  # "quotes" | "anchored" | "model"
    source: str | None  # "cboe", "yahoo", "replay:…", "demo"; None: the model needs no chain
    asof: datetime | None
    age_s: float | None
    delay_s: float
    error_pct: float | None = None  # typical error of an anchored or model credit, % of it
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortStrikeView:
    """A short strike against the price of the underlying now."""

    strike: float
    distance: float  # points from the price to the strike, negative once it is breached
    distance_pct: float
    distance_moves: float | None  # in expected moves to expiration
    delta: float | None
    touch_pct: float | None = None  # chance that the price touches it, from the market's vol


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeView:
    """An opportunity as it can be opened now: listed strikes and their prices.

    Credits in points per share, per contract where `_usd_per_contract` says so. Unknown is None
    with an entry in `problems`.
    """

    root: str | None
    expiration: date
    settlement: str
    short_put: float | None
    long_put: float | None
    short_call: float | None
    long_call: float | None
    width: float | None
    credit_mid: float | None
    credit_natural: float | None  # sell at the bid, buy at the ask
    credit_fill: float | None  # mid less the fill assumption's share of the half-spreads
    credit_usd_per_contract: float | None  # of credit_fill
    max_loss_usd_per_contract: float | None
    max_return_pct: float | None
    breakeven_low: float | None
    breakeven_high: float | None
    spot: float | None
    expected_move: float | None  # points, one standard deviation to expiration
    put: ShortStrikeView | None
    call: ShortStrikeView | None
    market_win_pct: float | None  # chance of a profit at expiration that the prices imply
    price: PriceView | None
    order_line: str | None  # to type at the broker
    poorer_why: tuple[str, ...] = ()  # how it falls short of the grid's configuration
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()  # where the band lies and what it was made from
    order_contracts: int | None = None  # that the order line names


@dataclass(frozen=True, slots=True, kw_only=True)
class RateView:
    """A win rate with its 95 % interval; `n` trades, `n_eff` effective ones where known."""

    scope: str  # "all regimes" or the regime's label
    win_rate_pct: float
    low_pct: float
    high_pct: float
    n: int
    n_eff: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """What the record of a configuration is worth."""

    rates: tuple[RateView, ...]
    breakeven_win_pct: float | None  # under the person's own exits and fees
    breakeven_of: str  # "live credit" | "grid credit"
    expected_return_pct: float | None  # mean P&L ÷ maximum loss after costs, % a trade
    return_low_pct: float | None
    return_high_pct: float | None
    tries: int
    verdict: str
    verdict_why: str
    wins_per_full_loss: float | None  # wins at the target that repay one maximum loss
    full_loss_in_20_pct: float | None  # chance of at least one full loss in the next 20 trades
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirationRiskView:
    """What can be lost on one expiration of one underlying, dollars.

    Far below the strikes the puts' side is lost, far above the calls' side, never both; the
    maximum loss is the worst of all prices between and beyond.
    """

    ticker: str
    expiration: date
    settlement: str
    put_side_usd: float
    call_side_usd: float
    max_loss_usd: float
    with_trade: bool = False  # the new trade expires here too


@dataclass(frozen=True, slots=True, kw_only=True)
class GapView:
    """P&L at expiration values after every underlying gaps by the same percentage, dollars."""

    move_pct: float
    pnl_usd: float | None  # of the whole book, the trade included
    trade_usd: float | None = None  # of the trade alone
    underlyings: tuple[tuple[str, float | None], ...] = ()  # of the book, where several


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfView:
    """The portfolio with one more trade in it."""

    contracts: int
    total_max_loss_usd: float  # of the book with the trade: sides net, expirations add
    expirations: tuple[ExpirationRiskView, ...]
    gaps: tuple[GapView, ...]
    breaks: tuple[str, ...]  # limits that this trade would break, one sentence each
    contracts_that_fit: int
    overlaps: tuple[str, ...]  # "you already hold this", "this long leg is …'s short"
    total_before_usd: float = 0.0  # the same without the trade
    trade_max_loss_usd: float = 0.0  # of the trade alone
    notes: tuple[str, ...] = ()  # what moves together, what counts at full risk


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityView:
    """One configuration the regime prefers, best first, alerted or not."""

    rank: int
    ticker: str
    alert_id: str | None
    # "alerted" | "waiting" (window to come) | "passed" | "below" | "poorer" (on the live chain) |
    # "blocked"
    status: str
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
    trade: TradeView | None = None  # as it can be opened now
    evidence: EvidenceView | None = None
    what_if: WhatIfView | None = None
    alert_line: int | None = None  # 2 for the alert's "#2": `A17#2`


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """`name`: loaded, possible, regime, window, quality, live, alerted. `why`: what it removes."""

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
class LegView:
    """One leg's price, points per share."""

    right: str  # "put" | "call"
    strike: float
    quantity: int  # -1 short, +1 long
    bid: float | None
    ask: float | None
    mid: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkView:
    """What closing the position would pay now, dollars of the whole position.

    `low_usd` to `high_usd` is what the P&L may be once a delayed quote is moved to the price of
    the underlying now; both equal `pnl_mid_usd` where nothing is uncertain.
    """

    pnl_mid_usd: float | None
    pnl_natural_usd: float | None  # buying back at the ask, selling at the bid
    low_usd: float | None
    high_usd: float | None
    price: PriceView | None
    legs: tuple[LegView, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderView:
    """How near the worse short strike is: "calm", "watch", "warning", "critical", "breached"."""

    step: str
    put: ShortStrikeView | None
    call: ShortStrikeView | None
    give_back_usd: float | None = None  # of the best P&L reached, lost again
    notes: tuple[str, ...] = ()  # "settlement risk today: …"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementView:
    """An expired position settled on paper, until the person confirms it."""

    value: float | None  # settlement value of the underlying, points
    value_source: str | None
    pnl_usd: float | None
    text: str  # "expired: settled at …, please confirm"


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
    mark: MarkView | None = None
    ladder: LadderView | None = None
    settled: SettlementView | None = None


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
