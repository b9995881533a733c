"""Snapshots for page tests: a rich one, an empty one, and their chart files."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from monitor.domain.snapshot import (
    AlertView,
    DiskView,
    EvidenceView,
    ExitView,
    ExpirationRiskView,
    FunnelStep,
    FunnelView,
    GapView,
    GridView,
    HealthView,
    JobView,
    LadderView,
    LegView,
    LevelView,
    LimitView,
    MarketView,
    MarkView,
    MonitorView,
    NearestMiss,
    NotifierView,
    OpportunityView,
    PortfolioView,
    PositionView,
    PriceView,
    Problem,
    ProviderView,
    RateView,
    SessionView,
    SettlementView,
    ShortStrikeView,
    Snapshot,
    TickerFunnel,
    TradeView,
    WhatIfView,
)

NOON_NY = datetime(2026, 2, 19, 15, 42, 10, tzinfo=UTC)  # Thursday 07:42:10 Pacific
HOSTILE_NOTE = "<script>alert(1)</script> {{ 7*7 }}"


def write_snapshot(home: Path, snapshot: Snapshot) -> None:
    """Put it where the monitor does, atomically."""
    put(home / "data" / "dashboard_data.json", msgspec.json.encode(snapshot))


def write_charts(home: Path, snapshot: Snapshot) -> None:
    for position in snapshot.positions:
        body = msgspec.json.encode(history(position, snapshot.generated_at))
        put(home / "data" / "charts" / f"position-{position.id}.json", body)
    for market in snapshot.markets:
        body = msgspec.json.encode(chart(market.ticker, snapshot.generated_at))
        put(home / "data" / "charts" / f"{market.ticker}.json", body)


def put(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(body)
    fresh.replace(path)


def empty_snapshot(now: datetime = NOON_NY, **monitor: Any) -> Snapshot:
    """A monitor that has just begun: no price, no grid, no positions."""
    why = "yahoo: no answer within 6 s (tried 3 times)"
    return Snapshot(
        generated_at=now,
        next_due_at=now + timedelta(seconds=60),
        monitor=_monitor(now, **monitor),
        markets=(
            MarketView(
                ticker="NDX", price=None, previous_close=None, change=None, change_pct=None,
                volume_ratio=None, vix=None, vix_asof=None, vol_index=None, vix_family=(),
                regime=None, regime_since=None, iv_rank=None, iv_percentile=None,
                trend="sideways", trend_source="flag", flow=None, session=_session(now),
                asof=None, age_s=None, stale=True, source=None, delay_s=0.0, simulated=False,
                problems=(
                    Problem(what="price", why=why),
                    Problem(what="vix", why=why),
                    Problem(what="volume_ratio", why="an index has no volume"),
                    Problem(what="iv_rank", why="no daily history of VXN yet"),
                ),
            ),
        ),
        opportunities=(),
        funnel=FunnelView(
            grid=GridView(path=None, rows=0, usable=0, rejected=(), modified_at=None,
                          loaded_at=None, problem="no grid file under results/"),
            tickers=(
                TickerFunnel(ticker="NDX", steps=(), emptied_by=None, nearest_miss=None,
                             profiles=(), scanned_at=None, why_not="VIX unknown"),
            ),
            profile="balanced",
        ),
        portfolio=PortfolioView(
            open=0, closed=0, total_max_loss_usd=0.0, unrealized_pnl_usd=None, marked=0,
            realized_pnl_usd=0.0,
            limits=(
                LimitView(name="Open positions", value=0, limit=5, unit="positions",
                          breached=False),
                LimitView(name="Total Capital at Risk", value=0.0, limit=50_000.0, unit="$",
                          breached=False),
            ),
        ),
        positions=(),
        alerts=(),
        health=HealthView(
            providers=(), jobs=(), notifiers=(), disk=DiskView(free_mb=None), memory_mb=None
        ),
    )  # fmt: skip


def rich_snapshot(now: datetime = NOON_NY, **monitor: Any) -> Snapshot:
    """Two tickers, six opportunities, three positions, ten alerts, a failing provider."""
    return Snapshot(
        generated_at=now,
        next_due_at=now + timedelta(seconds=60),
        monitor=_monitor(now, iteration=73, **monitor),
        markets=_markets(now),
        opportunities=_opportunities(now),
        funnel=_funnel(now),
        portfolio=_portfolio(),
        positions=_positions(now),
        alerts=_alerts(now),
        health=_health(now),
    )


def with_note(snapshot: Snapshot, note: str) -> Snapshot:
    first, *rest = snapshot.positions
    return replace(snapshot, positions=(replace(first, notes=(note,)), *rest))


def chart(ticker: str, now: datetime) -> dict[str, Any]:
    """A session so far in 5-minute points: a wave, with VIX against it across an edge."""
    opened = now - timedelta(hours=3, minutes=12)
    stamps = [int(opened.timestamp()) + 300 * k for k in range(39)]
    base = {"SPX": 6850.0}.get(ticker, 24800.0)
    prices = [[t, round(base * (1 - 0.006 * math.sin(k / 7)), 2)] for k, t in enumerate(stamps)]
    vix = [[t, round(15.4 + 3.4 * math.sin(k / 12), 2)] for k, t in enumerate(stamps)]
    return {
        "schema_version": 1,
        "ticker": ticker,
        "generated_at": now,
        "simulated": False,
        "source": "yahoo",
        "session": {"open": opened, "close": opened + timedelta(hours=6, minutes=30)},
        "price": prices,
        "vix": vix,
        "regime_edges": [12, 16, 20, 30],
        "regime_names": ["very_low", "low", "medium", "high", "extreme"],
    }


def history(position: PositionView, now: datetime) -> dict[str, Any]:
    """Yesterday's afternoon and this morning in 5-minute readings that end at the P&L of now."""
    end = int(now.timestamp())
    stamps = [end - 64_800 - 300 * k for k in range(24, 0, -1)]
    stamps += [end - 300 * k for k in range(14, -1, -1)]
    last = position.pnl_usd or 0.0
    pnl = [
        [t, round(last * k / len(stamps) + 30 * math.sin(k / 3), 2)]
        for k, t in enumerate(stamps, 1)
    ]
    return {
        "schema_version": 1, "position_id": position.id, "ticker": position.ticker,
        "generated_at": now, "simulated": False, "credit_usd": position.credit_usd,
        "target_usd": position.credit_usd / 2, "stop_usd": -2 * position.credit_usd,
        "pnl": [[t, value, value - 25, value + 25] for t, value in pnl],
    }  # fmt: skip


def _monitor(now: datetime, **over: Any) -> MonitorView:
    base: dict[str, Any] = {
        "version": "0.1.0", "pid": 4711, "started_at": now - timedelta(hours=1, minutes=13),
        "state": "running", "iteration": 1, "source": "auto", "simulated": False,
    }  # fmt: skip
    return MonitorView(**{**base, **over})


def _session(now: datetime) -> SessionView:
    return SessionView(
        state="open", date=date(2026, 2, 19),
        open=datetime(2026, 2, 19, 14, 30, tzinfo=UTC),
        close=datetime(2026, 2, 19, 21, 0, tzinfo=UTC),
        early_close=False, next_open=datetime(2026, 2, 20, 14, 30, tzinfo=UTC),
    )  # fmt: skip


def _level(symbol: str, value: float | None, now: datetime, *, stale: bool = False) -> LevelView:
    asof = None if value is None else now - timedelta(minutes=17 if stale else 0, seconds=14)
    source = None if value is None else "yahoo"
    return LevelView(symbol=symbol, value=value, asof=asof, source=source, stale=stale)


def _markets(now: datetime) -> tuple[MarketView, ...]:
    family = (
        _level("VIX", 18.52, now), _level("VIX9D", 17.31, now), _level("VIX3M", 20.44, now),
        _level("VIX1D", None, now),
    )  # fmt: skip
    ndx = MarketView(
        ticker="NDX", price=24876.25, previous_close=24990.1, change=-113.85, change_pct=-0.4556,
        volume_ratio=None, vix=18.52, vix_asof=now - timedelta(seconds=14),
        vol_index=_level("VXN", 22.87, now, stale=True), vix_family=family,
        regime="medium", regime_since=now - timedelta(hours=2), iv_rank=43.4, iv_percentile=61.2,
        trend="sideways", trend_source="flag", flow="down", session=_session(now),
        asof=now - timedelta(seconds=14), age_s=14.0, stale=False, source="yahoo", delay_s=0.0,
        simulated=False,
        problems=(Problem(what="volume_ratio", why="an index has no volume of its own"),),
    )  # fmt: skip
    spx = replace(
        ndx, ticker="SPX", price=6862.4, previous_close=6850.0, change=12.4, change_pct=0.181,
        vol_index=_level("VIX", 18.52, now), iv_rank=38.0, iv_percentile=55.0, flow="up",
        trend="up", trend_source="trend set", asof=now - timedelta(minutes=16), age_s=960.0,
        delay_s=900.0, source="cboe", stale=True,
        problems=(
            Problem(what="price", why="stale: 16 min old, limit 3 min + 15 min delay"),
            Problem(what="volume_ratio", why="an index has no volume of its own"),
        ),
    )  # fmt: skip
    return (ndx, spx)


def _opportunities(now: datetime) -> tuple[OpportunityView, ...]:
    day = date(2026, 2, 24)
    first = OpportunityView(
        rank=1, ticker="NDX", alert_id="A41", status="alerted", status_why="", dte=3,
        expiration=day, band="P98", spread_type="iron_condor", flow_mode="neutral", width=100.0,
        entry_time_pt="07:30", in_window=True, window_opens_at=now - timedelta(minutes=12),
        window_closes_at=now + timedelta(minutes=18), win_rate_pct=95.5, win_low_pct=91.3,
        win_high_pct=97.7, n_trades=178, breakeven_win_pct=88.9, max_return_pct=16.6,
        sharpe=1.21, credit_usd_per_contract=285.0, max_loss_usd_per_contract=1715.0,
        avg_pnl_usd_per_contract=42.5, score=81.4, verdict="evidence",
        verdict_why="the grid file's own", source="grid", trade=condor_trade(now),
        evidence=weak_evidence(), what_if=condor_what_if(),
    )  # fmt: skip
    bare = replace(first, trade=None, evidence=None, what_if=None)
    estimated = condor_trade(
        now, credit_natural=None, order_line=None, poorer_why=(), market_win_pct=None,
        price=PriceView(kind="anchored", source="cboe", asof=now - timedelta(minutes=47),
                        age_s=2820.0, delay_s=900.0, error_pct=20.0),
        problems=(Problem(what="credit_natural", why="the put 24300 has no bid"),),
    )  # fmt: skip
    return (
        first,
        replace(
            first, rank=2, band="P97", dte=1, alert_id="A42", trade=estimated, what_if=None,
            win_rate_pct=91.0, win_low_pct=84.6,
            win_high_pct=94.9, n_trades=122, breakeven_win_pct=88.0, verdict="weak", sharpe=0.44,
            score=66.0, max_return_pct=24.0, credit_usd_per_contract=1935.0,
            max_loss_usd_per_contract=8065.0, avg_pnl_usd_per_contract=15.0,
        ),
        replace(
            bare, rank=3, evidence=weak_evidence(), status="waiting",
            status_why="its window opens at 08:00 PT",
            alert_id=None, entry_time_pt="08:00", in_window=False,
            window_opens_at=now + timedelta(minutes=18),
            window_closes_at=now + timedelta(minutes=48), verdict="unknown",
        ),
        replace(
            bare, rank=4, ticker="SPX", status="blocked", spread_type="put_spread",
            flow_mode="against_flow", width=25.0, alert_id=None,
            status_why="SPX price is stale: 16 min old",
        ),
        replace(
            bare, rank=5, status="below", status_why="win rate 86.2 % is below 90 %",
            alert_id=None, win_rate_pct=86.2, win_low_pct=80.1, win_high_pct=90.6, n_trades=160,
            breakeven_win_pct=91.5, verdict="no edge", avg_pnl_usd_per_contract=-38.4,
            sharpe=-0.21, score=48.0,
        ),
        replace(
            bare, rank=6, status="passed", status_why="its window closed at 07:30 PT",
            alert_id=None, entry_time_pt="07:00", in_window=False, breakeven_win_pct=None,
            window_opens_at=now - timedelta(minutes=42),
            window_closes_at=now - timedelta(minutes=12), expiration=None,
        ),
    )  # fmt: skip


def quoted(now: datetime, *, minutes: float = 16, **over: Any) -> PriceView:
    """Cboe's delayed quotes, a minute older than their delay."""
    terms: dict[str, Any] = {
        "kind": "quotes", "source": "cboe", "asof": now - timedelta(minutes=minutes),
        "age_s": 60.0 * minutes, "delay_s": 900.0,
    }  # fmt: skip
    return PriceView(**{**terms, **over})


def condor_trade(now: datetime, **over: Any) -> TradeView:
    """NDXP 24300/24400 – 25400/25500 at 24,876.25: 1.40 points is $140, maximum loss $9,860."""
    terms: dict[str, Any] = {
        "root": "NDXP", "expiration": date(2026, 2, 24), "settlement": "pm",
        "short_put": 24400.0, "long_put": 24300.0, "short_call": 25400.0, "long_call": 25500.0,
        "width": 100.0, "credit_mid": 1.6, "credit_natural": 1.1, "credit_fill": 1.4,
        "credit_usd_per_contract": 140.0, "max_loss_usd_per_contract": 9860.0,
        "max_return_pct": 1.42, "breakeven_low": 24398.6, "breakeven_high": 25401.4,
        "spot": 24876.25, "expected_move": 384.5,
        "put": ShortStrikeView(strike=24400.0, distance=476.25, distance_pct=1.914,
                               distance_moves=1.239, delta=-0.081, touch_pct=17.4),
        "call": ShortStrikeView(strike=25400.0, distance=523.75, distance_pct=2.105,
                                distance_moves=1.362, delta=0.064, touch_pct=13.8),
        "market_win_pct": 86.1, "price": quoted(now),
        "order_line": "SELL −1 IRON CONDOR NDXP 24 FEB 26 25400/25500/24400/24300 @1.40 LMT",
        "poorer_why": ("credit $140 a contract is half of the grid's $285",),
        "notes": ("P98: 24,402 to 25,391, of the last 100 moves over 3 sessions",),
    }  # fmt: skip
    return TradeView(**{**terms, **over})


def weak_evidence() -> EvidenceView:
    return EvidenceView(
        rates=(
            RateView(scope="all regimes", win_rate_pct=95.5, low_pct=91.3, high_pct=97.7, n=178,
                     n_eff=92.0),
            RateView(scope="medium", win_rate_pct=93.1, low_pct=83.6, high_pct=97.3, n=58),
        ),
        breakeven_win_pct=97.4, breakeven_of="live credit", expected_return_pct=-0.41,
        return_low_pct=-1.32, return_high_pct=0.48, tries=1400, verdict="weak",
        verdict_why="after 1,400 tries", wins_per_full_loss=141.0, full_loss_in_20_pct=60.2,
        notes=("each loss is counted as a full one",),
    )  # fmt: skip


def condor_what_if() -> WhatIfView:
    return WhatIfView(
        contracts=1, total_max_loss_usd=36_660.0, total_before_usd=26_800.0,
        trade_max_loss_usd=9860.0,
        expirations=(
            ExpirationRiskView(ticker="SPX", expiration=date(2026, 2, 20), settlement="am",
                               put_side_usd=7050.0, call_side_usd=0.0, max_loss_usd=7050.0),
            ExpirationRiskView(ticker="NDX", expiration=date(2026, 2, 24), settlement="pm",
                               put_side_usd=29_575.0, call_side_usd=29_575.0,
                               max_loss_usd=29_575.0, with_trade=True),
        ),
        gaps=tuple(
            GapView(move_pct=move, pnl_usd=pnl, trade_usd=own)
            for move, pnl, own in (
                (-8.0, -36_625.0, -9860.0), (-5.0, -36_625.0, -9860.0), (-3.0, -16_910.0, -9860.0),
                (3.0, -9430.0, -9860.0), (5.0, -29_125.0, -9860.0),
            )
        ),
        breaks=("Total Capital at Risk would be $36,945, limit $25,000",),
        contracts_that_fit=0,
        overlaps=("this short put 24400 is the long put of a3f8: the broker nets them, and that "
                  "spread loses its protection",),
        notes=("NDX and SPX are taken to move by the same percentage together",),
    )  # fmt: skip


def _positions(now: datetime) -> tuple[PositionView, ...]:
    first = PositionView(
        id="a3f8", ticker="NDX", spread_type="iron_condor", flow_mode="neutral", band="P98",
        dte=3, entry_dte=3, expiration=date(2026, 2, 24), settlement="pm", contracts=2,
        short_put=19500.0, long_put=19400.0, short_call=20500.0, long_call=20600.0,
        credit_usd=285.0, credit=1.425, max_loss_usd=19715.0, stated_risk_usd=1715.0,
        pnl_usd=98.0, pnl_pct=34.3860, pnl_asof=now - timedelta(minutes=6), pnl_age_s=360.0,
        pnl_source="you",
        exits=(
            ExitView(kind="profit_target", due=False, level_usd=142.5, distance_usd=44.5, at=None),
            ExitView(kind="stop_loss", due=False, level_usd=-570.0, distance_usd=668.0, at=None),
            ExitView(kind="time_exit", due=False, level_usd=None, distance_usd=None,
                     at=datetime(2026, 2, 23, 20, 45, tzinfo=UTC)),
        ),
        state="open", opened_at=now - timedelta(hours=1), notes=("Entry from 07:30 PST alert",),
        warnings=("stated risk $1,715, computed from the strikes $19,715",), simulated=False,
    )  # fmt: skip
    marked = replace(
        first, short_put=24500.0, long_put=24400.0, short_call=25500.0, long_call=25600.0,
        mark=MarkView(
            pnl_mid_usd=98.0, pnl_natural_usd=-42.0, low_usd=61.0, high_usd=127.0,
            price=quoted(now),
            legs=(
                LegView(right="put", strike=24500.0, quantity=-1, bid=3.1, ask=3.6, mid=3.35),
                LegView(right="put", strike=24400.0, quantity=1, bid=2.5, ask=2.95, mid=2.725),
                LegView(right="call", strike=25500.0, quantity=-1, bid=1.05, ask=1.35, mid=1.2),
                LegView(right="call", strike=25600.0, quantity=1, bid=0.7, ask=1.1, mid=0.9),
            ),
        ),
        ladder=LadderView(
            step="watch",
            put=ShortStrikeView(strike=24500.0, distance=376.25, distance_pct=1.5125,
                                distance_moves=0.978, delta=-0.112, touch_pct=24.1),
            call=ShortStrikeView(strike=25500.0, distance=623.75, distance_pct=2.507,
                                 distance_moves=1.622, delta=0.041, touch_pct=8.6),
        ),
    )  # fmt: skip
    due = replace(
        first, id="7c1e", ticker="SPX", spread_type="put_spread", contracts=3, credit_usd=450.0,
        credit=1.5, max_loss_usd=7050.0, stated_risk_usd=None, short_put=6870.0, long_put=6845.0,
        short_call=None, long_call=None, pnl_usd=-940.0, pnl_pct=-208.9,
        pnl_asof=now - timedelta(seconds=40), pnl_age_s=40.0, state="exit due",
        expiration=date(2026, 2, 20), dte=1, settlement="am",
        exits=(
            ExitView(kind="profit_target", due=False, level_usd=225.0, distance_usd=1165.0,
                     at=None),
            ExitView(kind="stop_loss", due=True, level_usd=-900.0, distance_usd=-40.0, at=None),
        ),
        notes=(HOSTILE_NOTE,), warnings=(),
        mark=MarkView(
            pnl_mid_usd=-940.0, pnl_natural_usd=None, low_usd=None, high_usd=None,
            price=PriceView(kind="model", source=None, asof=now - timedelta(seconds=40), age_s=40.0,
                            delay_s=0.0, error_pct=27.0),
            problems=(Problem(what="mark", why="no natural price: the last chain is 2 h old"),),
        ),
        ladder=LadderView(
            step="breached",
            put=ShortStrikeView(strike=6870.0, distance=-7.6, distance_pct=-0.111,
                                distance_moves=-0.21, delta=-0.544),
            call=None, give_back_usd=210.0,
            notes=("settles on tomorrow's opening: nothing can be closed after today's close",),
        ),
    )  # fmt: skip
    settle = replace(
        first, id="e90b", ticker="QQQ", spread_type="call_spread", contracts=1, credit_usd=180.0,
        credit=1.8, max_loss_usd=320.0, stated_risk_usd=None, short_put=None, long_put=None,
        short_call=612.0, long_call=617.0, pnl_usd=None, pnl_pct=None, pnl_asof=None,
        pnl_age_s=None, pnl_source=None, state="settle me", expiration=date(2026, 2, 18), dte=0,
        exits=(
            ExitView(kind="profit_target", due=False, level_usd=90.0, distance_usd=None, at=None),
            ExitView(kind="stop_loss", due=False, level_usd=-360.0, distance_usd=None, at=None,
                     note="can never fire: the maximum loss of $320 is less than $360"),
            ExitView(kind="settle", due=True, level_usd=None, distance_usd=None,
                     at=datetime(2026, 2, 18, 21, 0, tzinfo=UTC)),
        ),
        notes=(), warnings=(),
        settled=SettlementView(
            value=609.31, value_source="close of 2026-02-18, yahoo", pnl_usd=180.0,
            text="expired: settled at 609.31, the close of 2026-02-18 from yahoo: P&L $180.00, "
            "please confirm: positions close e90b --settle",
        ),
    )  # fmt: skip
    return (marked, due, settle)


def _portfolio() -> PortfolioView:
    return PortfolioView(
        open=3, closed=11, total_max_loss_usd=27085.0, unrealized_pnl_usd=-842.0, marked=2,
        realized_pnl_usd=1284.5,
        limits=(
            LimitView(name="Open positions", value=3, limit=5, unit="positions", breached=False),
            LimitView(name="Total Capital at Risk", value=27085.0, limit=25000.0, unit="$",
                      breached=True),
        ),
    )  # fmt: skip


def _alerts(now: datetime) -> tuple[AlertView, ...]:
    def alert(number: int, level: str, title: str, minutes: int, **over: Any) -> AlertView:
        at = now - timedelta(minutes=minutes)
        base: dict[str, Any] = {
            "details": (), "state": "firing", "reason": "first", "started_at": at,
            "last_sent_at": at, "ticker": "NDX", "position_id": None, "sent_count": 1,
        }  # fmt: skip
        return AlertView(id=f"A{number}", level=level, title=title, **{**base, **over})

    return (
        alert(44, "EXIT", "EXIT SIGNAL - Position 7c1e | Reason: Stop loss hit | "
              "P&L: $-940.00 (-208.9%)", 1, reason="reminder", sent_count=3, position_id="7c1e",
              started_at=now - timedelta(minutes=61)),
        alert(43, "ERROR", "RISK LIMIT BREACH - Total Capital at Risk: $27,085 exceeds $25,000", 9),
        alert(41, "OPPORTUNITY", "Found 2 trade opportunity(ies)", 12, details=(
            "#1: 3DTE P98 IRON_CONDOR @ 07:30 | Win:95.5% ROI:346.2% | Credit:$285 Risk:$1715",
            "#2: 1DTE P97 IRON_CONDOR @ 07:30 | Win:91.0% ROI:24.0% | Credit:$1935 Risk:$8065")),
        alert(40, "WARNING", "SPX data stale: newest of 07:26 PT", 15, ticker="SPX"),
        alert(39, "WARNING", "Regime change: LOW → MEDIUM (VIX 18.5)", 120, state="resolved"),
        alert(38, "EXIT", "SETTLE - Position e90b expired", 900, state="acknowledged",
              position_id="e90b"),
        alert(37, "INFO", "Monitor started", 73, state="resolved"),
        alert(36, "WARNING", "Asleep 07:12–07:20", 22, state="resolved"),
        alert(35, "EXIT", "EXIT SIGNAL - Position 1b2c | Reason: Profit target hit | "
              "P&L: $142.50 (+50.0%)", 1500, state="resolved", reason="resolved"),
        alert(34, "INFO", "Grid loaded: 1,042 usable rows", 74, state="snoozed"),
    )  # fmt: skip


def _funnel(now: datetime) -> FunnelView:
    steps = (
        FunnelStep(name="loaded", count=1500),
        FunnelStep(name="possible", count=1042, why="458 rows are impossible or copies"),
        FunnelStep(name="regime", count=120, why="medium VIX looks at P97 to P100, top 20"),
        FunnelStep(name="window", count=6, why="07:30 configurations are in their window"),
        FunnelStep(name="quality", count=2, why="win ≥ 90 %, ROI ≥ 20 %, Sharpe ≥ 0.30"),
        FunnelStep(name="alerted", count=2),
    )
    ndx = TickerFunnel(
        ticker="NDX", steps=steps, emptied_by=None,
        nearest_miss=NearestMiss(config="3DTE P97 IRON_CONDOR @ 07:30", threshold="win rate",
                                 value="86.2 %", needed="90 %"),
        profiles=(("conservative", 1), ("balanced", 2), ("aggressive", 5), ("maximum", 6)),
        scanned_at=now - timedelta(minutes=2),
    )  # fmt: skip
    spx = replace(
        ndx, ticker="SPX", steps=(*steps[:4], FunnelStep(name="quality", count=0, why="Sharpe"),
                                  FunnelStep(name="alerted", count=0)),
        emptied_by="quality", profiles=(("conservative", 0), ("balanced", 0), ("aggressive", 3),
                                        ("maximum", 6)),
    )  # fmt: skip
    return FunnelView(
        grid=GridView(
            path="results/backtest_tight/grid_trading_ready.csv", rows=1500, usable=1042,
            rejected=(("credit_above_width", 312), ("duplicate", 146)),
            modified_at=now - timedelta(days=3), loaded_at=now - timedelta(hours=1), problem=None,
        ),
        tickers=(ndx, spx),
        profile="balanced",
    )  # fmt: skip


def _health(now: datetime) -> HealthView:
    return HealthView(
        providers=(
            ProviderView(name="yahoo", state="ok", last_ok_at=now - timedelta(seconds=14),
                         failures=0, retry_at=None, error=None, delay_s=0.0),
            ProviderView(name="cboe", state="open", last_ok_at=now - timedelta(minutes=16),
                         failures=5, retry_at=now + timedelta(minutes=4),
                         error="429 Too Many Requests", delay_s=900.0),
        ),
        jobs=(
            JobView(name="market_data", last_run_at=now - timedelta(seconds=3),
                    next_run_at=now + timedelta(seconds=57), last_duration_s=1.24, overruns=0,
                    error=None),
            JobView(name="scan", last_run_at=now - timedelta(minutes=2),
                    next_run_at=now + timedelta(minutes=3), last_duration_s=0.02, overruns=1,
                    error=None),
        ),
        notifiers=(
            NotifierView(name="console", state="ok", pending=0, last_ok_at=now, error=None),
            NotifierView(name="alerts.log", state="ok", pending=0, last_ok_at=now, error=None),
        ),
        disk=DiskView(free_mb=48_213.0),
        memory_mb=141.0,
        problems=(),
        slept=("asleep 07:12–07:20, missed 1 window",),
    )  # fmt: skip
