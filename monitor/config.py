"""Settings: every key declared once, with default, unit, range and help. Frozen.

`monitor/config_load.py` merges and validates them, `monitor/config_docs.py` tells them: README's
table, `--help` and the contract test read the declarations below. msgspec rather than pydantic,
because `positions list` must start fast (docs/decisions/0003-msgspec-at-the-edges.md).
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from monitor.domain.vocabulary import AlertFrom, Loudness, Profile, Regime, SpreadType, Trend

_MAYBE_CLOCK = r"^(\d\d:\d\d)?$"
BANDS = ("P95", "P97", "P98", "P99", "P100")


def _m(help_: str, unit: str = "", *, secret: bool = False, **bounds: Any) -> Meta:
    return Meta(description=help_, extra={"unit": unit, "secret": secret}, **bounds)


class Scanning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the loop runs."""

    scan_interval: Annotated[float, _m("between two scans of the grid", "s", ge=5, le=86400)] = 300
    data_interval: Annotated[
        float, _m("between two fetches of VIX and price", "s", ge=5, le=3600)
    ] = 60
    top_configs: Annotated[
        int, _m("best configurations of the regime that are considered", "rows", ge=1, le=10000)
    ] = 20
    max_alerted: Annotated[int, _m("opportunities named in one alert", "rows", ge=1, le=50)] = 5


class Quality(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which profile filters, and the person's own thresholds over it (empty: the profile's)."""

    profile: Annotated[Profile, _m("conservative, balanced, aggressive or maximum")] = (
        Profile.BALANCED
    )
    min_win_rate_pct: Annotated[float, _m("win rate at least", "%", ge=0, le=100)] | None = None
    min_roi_pct: (
        Annotated[float, _m("ROI (credit ÷ max loss, max_return_pct) at least", "%", ge=0)] | None
    ) = None
    min_sharpe: Annotated[float, _m("Sharpe ratio at least")] | None = None
    min_score: Annotated[float, _m("composite score at least")] | None = None


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entry windows and the person's clock."""

    entry_window_start: Annotated[
        str, _m("first minute of the entry windows, Pacific", "HH:MM", pattern=r"^\d\d:\d\d$")
    ] = "07:00"
    entry_window_end: Annotated[
        str, _m("last minute of the entry windows, Pacific", "HH:MM", pattern=r"^\d\d:\d\d$")
    ] = "08:59"
    display_timezone: Annotated[str, _m("zone of alert lines and page", "IANA name")] = (
        "America/Los_Angeles"
    )


class Exits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a position must be closed."""

    profit_target_pct: Annotated[float, _m("profit target, of the credit", "%", gt=0, le=100)] = 50
    stop_loss_credit_multiple: Annotated[
        float, _m("stop when the loss reaches this many credits", "× credit", gt=0, le=100)
    ] = 2
    time_exit_dte: Annotated[
        int, _m("time exit this many sessions before expiration", "sessions", ge=0, le=30)
    ] = 1


class Marks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How open positions are priced between your own updates."""

    logged_fresh_min: Annotated[
        float, _m("a P&L that you logged counts before any mark for so long", "min", ge=0, le=1440)
    ] = 15
    wide_quote_pct: Annotated[
        float,
        _m(
            "mid and natural price further apart than this decide no stop and no target",
            "% of the credit",
            gt=0,
            le=1000,
        ),
    ] = 150
    tight_quote_pct: Annotated[
        float,
        _m(
            "up to this far apart, one natural price past the level decides alone",
            "% of the credit",
            ge=0,
            le=1000,
        ),
    ] = 25
    keep_days: Annotated[
        int, _m("marks of a closed position are kept so long", "days", ge=1, le=3650)
    ] = 90


class Ladder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How near the short strikes may come, and how much of a profit may be lost again."""

    watch_moves: Annotated[
        float, _m("short strike nearer than this: watch", "expected moves", gt=0, le=10)
    ] = 1.0
    warning_moves: Annotated[float, _m("… warning (page)", "expected moves", gt=0, le=10)] = 0.5
    critical_moves: Annotated[
        float, _m("… critical; past the strike it is breached", "expected moves", gt=0, le=10)
    ] = 0.25
    hysteresis_moves: Annotated[
        float, _m("a step is left only this much further away", "expected moves", ge=0, le=2)
    ] = 0.1
    alert_from: Annotated[
        AlertFrom, _m("first step that alerts: watch, warning, critical, breached or never")
    ] = AlertFrom.CRITICAL
    give_back_from_pct: Annotated[
        float,
        _m("give-back counts once the best P&L was this much", "% of the credit", gt=0, le=100),
    ] = 25
    give_back_pct: Annotated[
        float, _m("… and this much of it is lost again", "% of the best P&L", gt=0, le=1000)
    ] = 50
    give_back_alert: Annotated[bool, _m("whether give-back alerts, or shows on the page only")] = (
        False
    )
    settlement_alert: Annotated[
        bool, _m("whether assignment or settlement risk on the last trading day alerts")
    ] = True
    near_strike_pct: Annotated[
        float, _m("near the money on the last trading day, of the price", "%", ge=0, le=10)
    ] = 0.5


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be at risk at once."""

    max_positions: Annotated[int, _m("open positions", "positions", ge=1, le=10000)] = 5
    max_total_risk_usd: Annotated[float, _m("total computed maximum loss", "$", gt=0)] = 50_000


class Costs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opening a trade costs you: live credits and break-even win rates use it."""

    fill: Annotated[
        float, _m("share of each leg's half-spread paid when filled", "0 mid … 1 worst", ge=0, le=1)
    ] = 0.5
    index_fee_usd: Annotated[
        float, _m("fee a leg and contract, each way: index options", "$", ge=0, le=100)
    ] = 1.0
    etf_fee_usd: Annotated[float, _m("the same: options of ETFs and shares", "$", ge=0, le=100)] = (
        0.65
    )


class Preference(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which configurations one regime looks at. Higher VIX means farther strikes."""

    bands: Annotated[tuple[str, ...], _m("bands looked at, nearest first")]
    dtes: Annotated[tuple[int, ...], _m("days to expiration looked at", "sessions")] = (
        0, 1, 2, 3, 5, 10,
    )  # fmt: skip


class Preferences(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Regime → bands and DTE; trend → spread types. No preference here is a claim of profit."""

    very_low: Preference = Preference(bands=("P95", "P97", "P98", "P99"))
    low: Preference = Preference(bands=("P95", "P97", "P98", "P99"))
    medium: Preference = Preference(bands=("P97", "P98", "P99", "P100"))
    high: Preference = Preference(bands=("P98", "P99", "P100"))
    extreme: Preference = Preference(bands=("P99", "P100"))
    up: Annotated[tuple[SpreadType, ...], _m("spreads that suit a rising market, best first")] = (
        SpreadType.PUT_SPREAD,
        SpreadType.IRON_CONDOR,
    )
    down: Annotated[tuple[SpreadType, ...], _m("spreads that suit a falling market")] = (
        SpreadType.CALL_SPREAD,
        SpreadType.IRON_CONDOR,
    )
    sideways: Annotated[tuple[SpreadType, ...], _m("spreads that suit a quiet market")] = (
        SpreadType.IRON_CONDOR,
    )

    def of_regime(self, regime: Regime) -> Preference:
        choice: Preference = getattr(self, regime.value)
        return choice

    def of_trend(self, trend: Trend) -> tuple[SpreadType, ...]:
        choice: tuple[SpreadType, ...] = getattr(self, trend.value)
        return choice


class RegimeEdges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """VIX levels between the regimes, and the hysteresis that keeps them from flapping."""

    edges: Annotated[
        tuple[float, float, float, float],
        _m("very_low | low | medium | high | extreme", "VIX points"),
    ] = (12.0, 16.0, 20.0, 30.0)
    margin: Annotated[
        float, _m("a neighbour is entered only this far past the edge", "VIX points", ge=0, le=5)
    ] = 0.5
    confirmations: Annotated[
        int, _m("… on this many consecutive readings", "readings", ge=1, le=20)
    ] = 2


class Alerting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the same thing is said again."""

    exit_reminder_min: Annotated[
        float, _m("reminder of an unanswered exit", "min", gt=0, le=1440)
    ] = 30
    error_reminder_min: Annotated[
        float, _m("reminder of an unanswered error or limit breach", "min", gt=0, le=10080)
    ] = 240
    daily_messages: Annotated[bool, _m("armed at the open, all clear at the close")] = True


class Notify(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where alerts go besides the log files, and how loudly."""

    urls: Annotated[
        tuple[str, ...],
        _m("channels as apprise URLs, each with NAME= before it if wanted; secret", secret=True),
    ] = ()
    urls_file: Annotated[str, _m("file with more of them, one a line")] = ""
    heartbeat_url: Annotated[
        str, _m("pinged after each healthy cycle; its silence means a dead monitor", secret=True)
    ] = ""
    info: Annotated[Loudness, _m("INFO messages: on, silent or off")] = Loudness.SILENT
    opportunity: Annotated[Loudness, _m("OPPORTUNITY messages: on, silent or off")] = Loudness.ON
    warning: Annotated[Loudness, _m("WARNING messages: on, silent or off")] = Loudness.ON
    exit: Annotated[Loudness, _m("EXIT messages: on, silent or off")] = Loudness.ON
    error: Annotated[Loudness, _m("ERROR messages: on, silent or off")] = Loudness.ON
    quiet_start: Annotated[
        str, _m("quiet hours begin, display zone; empty: none", "HH:MM", pattern=_MAYBE_CLOCK)
    ] = ""
    quiet_end: Annotated[
        str, _m("quiet hours end; exits and errors pass them", "HH:MM", pattern=_MAYBE_CLOCK)
    ] = ""
    group_from: Annotated[
        int, _m("this many waiting alerts go out as one message", "alerts", ge=2, le=500)
    ] = 4
    max_per_hour: Annotated[
        int, _m("messages a channel; exits and errors pass it", "messages", ge=1, le=3600)
    ] = 30


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where numbers come from and when they are too old."""

    source: Annotated[str, _m("yahoo, cboe, auto, demo or replay:PATH")] = "auto"
    stale_after_intervals: Annotated[
        float, _m("a quote older than this many data intervals is stale", "×", ge=1, le=100)
    ] = 3
    frozen_after_readings: Annotated[
        int, _m("an unchanged price is suspect after this many readings", "readings", ge=3)
    ] = 10
    spike_pct: Annotated[
        float, _m("a jump beyond this waits for a second reading", "%", gt=0, le=100)
    ] = 8
    vix_spike_pct: Annotated[float, _m("the same for volatility indices", "%", gt=0, le=1000)] = 60
    disagree_pct: Annotated[
        float, _m("two sources further apart than this block alerts", "%", gt=0, le=50)
    ] = 1
    timeout_s: Annotated[float, _m("one network request", "s", gt=0, le=60)] = 6


class Dashboard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page."""

    host: Annotated[str, _m("address the page listens on")] = "127.0.0.1"
    port: Annotated[int, _m("port the page listens on", ge=0, le=65535)] = 5000
    token: Annotated[
        str,
        _m(
            "opens the page by log-in, 16 characters or more; needed beyond this machine",
            secret=True,
        ),
    ] = ""
    names: Annotated[
        tuple[str, ...], _m("further host names by which browsers may call the page")
    ] = ()
    refresh: Annotated[float, _m("between two refreshes of the page", "s", ge=1, le=3600)] = 30


class Store(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The database."""

    url: Annotated[str, _m("SQLAlchemy URL; empty: data/monitor.db under home", secret=True)] = ""
    busy_timeout_s: Annotated[
        float, _m("wait for another process's write lock", "s", ge=0, le=60)
    ] = 5


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings; each group is a table of `config.toml`."""

    tickers: Annotated[tuple[str, ...], _m("underlyings watched")] = ("NDX",)
    trend: Annotated[Trend, _m("the person's own view: up, down or sideways")] = Trend.SIDEWAYS
    grid: Annotated[str, _m("grid file; empty: the newest results/*/grid_trading_ready.csv")] = ""
    build_grid: Annotated[
        bool, _m("without any grid, build one in the background from recorded chains or history")
    ] = True
    scanning: Scanning = Scanning()
    quality: Quality = Quality()
    hours: Hours = Hours()
    exits: Exits = Exits()
    marks: Marks = Marks()
    ladder: Ladder = Ladder()
    limits: Limits = Limits()
    costs: Costs = Costs()
    preferences: Preferences = Preferences()
    regime: RegimeEdges = RegimeEdges()
    alerts: Alerting = Alerting()
    notify: Notify = Notify()
    data: Data = Data()
    dashboard: Dashboard = Dashboard()
    store: Store = Store()
