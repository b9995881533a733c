"""A snapshot as text for the terminal: `--once` and the status line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from monitor.domain.alert_text import age_text, clock_text, usd, usd_short
from monitor.domain.plain_text import plain
from monitor.domain.snapshot import (
    GridView,
    MarketView,
    PositionView,
    SessionView,
    Snapshot,
    TickerFunnel,
)
from monitor.domain.trade_line import trade_lines
from monitor.domain.unknowns import by_reason

DATA_MISSING = 3


def exit_code(snapshot: Snapshot) -> int:
    """0, or 3 when a price or VIX that alerts depend on is missing or stale."""
    return DATA_MISSING if any(_missing(m) for m in snapshot.markets) else 0


def _missing(market: MarketView) -> bool:
    return market.price is None or market.stale or market.regime is None


def report(snapshot: Snapshot, *, as_json: bool) -> str:
    """Everything one look showed."""
    if as_json:
        return msgspec.json.encode(snapshot).decode()
    return plain("\n".join(_lines(snapshot)), keep="\n")


def _lines(snapshot: Snapshot) -> Iterator[str]:
    zone = ZoneInfo(snapshot.monitor.display_timezone)
    if snapshot.monitor.simulated:
        yield (
            "SIMULATED: a past day replayed, not the market now"
            if snapshot.monitor.source.startswith("replay")
            else "SIMULATED: nothing below is a real price"
        )
    for market in snapshot.markets:
        yield from _market(market, zone)
    grid = snapshot.funnel.grid
    yield ""
    yield (
        f"Grid: {grid.usable} of {grid.rows} rows usable ({grid.path})"
        if grid.path
        else f"Grid: {grid.problem or 'none'}"
    )
    for funnel in snapshot.funnel.tickers:
        yield from _funnel(funnel, grid, snapshot.funnel.profile)
    entries = [o for o in snapshot.opportunities if o.status == "alerted"]
    if entries:
        yield ""
        yield "Enter now:"
    for opportunity in entries:
        yield from (f"  {line}" for line in trade_lines(opportunity))
    yield ""
    yield from _positions(snapshot, zone)
    for problem in snapshot.health.problems:
        if problem.why != grid.problem:  # said above
            yield f"Problem: {problem.what}: {problem.why}"
    missing = [m.ticker for m in snapshot.markets if _missing(m)]
    if missing:
        yield ""
        yield (
            f"Data is missing or stale for {', '.join(missing)}: no opportunity can be alerted. "
            "Nothing was filled in."
        )


def _market(market: MarketView, zone: ZoneInfo) -> Iterator[str]:
    price = "UNKNOWN"
    if market.price is not None and market.asof is not None:
        change = "" if market.change_pct is None else f" ({market.change_pct:+.2f}% on the day)"
        stale = "STALE, " if market.stale else ""
        price = (
            f"{market.price:,.2f}{change} [{stale}{market.source}, as of "
            f"{clock_text(market.asof, zone)}]"
        )
    yield f"{market.ticker}: {price}"
    vix = "UNKNOWN"
    if market.vix is not None and market.vix_asof is not None:
        vix = f"{market.vix:.2f} [as of {clock_text(market.vix_asof, zone)}]"
    regime = (market.regime or "UNKNOWN").replace("_", " ").upper()
    yield f"  VIX {vix} → regime {regime} | trend {market.trend} ({market.trend_source})"
    rank = "unknown" if market.iv_rank is None else f"{market.iv_rank:.0f}"
    ratio = "unknown" if market.volume_ratio is None else f"{market.volume_ratio:.2f}"
    yield f"  {_session(market.session, zone)} | IV rank {rank} | volume ratio {ratio}"
    for what, why in by_reason(market.problems):
        names = ", ".join(name.replace("_", " ") for name in what)
        yield f"  {names} unknown or refused: {why}"


def _session(session: SessionView, zone: ZoneInfo) -> str:
    """ "session open until 2026-11-23 13:00 PT", "no session now, next opens …"."""
    state = session.state.replace("_", " ")
    if session.state == "open" and session.close is not None:
        return f"session open until {clock_text(session.close, zone)}"
    following = f", next opens {clock_text(session.next_open, zone)}" if session.next_open else ""
    return f"{'no session now' if session.state == 'no_session' else f'session {state}'}{following}"


def _funnel(funnel: TickerFunnel, grid: GridView, profile: str) -> Iterator[str]:
    if funnel.why_not:
        why = "" if funnel.why_not == grid.problem else f": {funnel.why_not}"
        yield f"{funnel.ticker}: no scan{why}"
        return
    yield f"{funnel.ticker} funnel ({profile}):"
    yield "  " + " → ".join(f"{step.name} {step.count}" for step in funnel.steps)
    if funnel.emptied_by:
        why = next((s.why for s in funnel.steps if s.name == funnel.emptied_by), "")
        yield f"  emptied by {funnel.emptied_by}{': ' + why if why else ''}"
    miss = funnel.nearest_miss
    if miss:
        yield f"  nearest miss: {miss.config}: {miss.threshold} {miss.value}, needs {miss.needed}"
    counts = ", ".join(f"{name} {count}" for name, count in funnel.profiles)
    yield f"  each profile would have alerted: {counts}"


def _positions(snapshot: Snapshot, zone: ZoneInfo) -> Iterator[str]:
    portfolio = snapshot.portfolio
    yield (
        f"Positions: {portfolio.open} open, maximum loss {usd_short(portfolio.total_max_loss_usd)}"
    )
    for limit in portfolio.limits:
        if limit.breached:
            yield f"  LIMIT BREACHED: {limit.name} {limit.value:,.0f} of {limit.limit:,.0f}"
    for position in snapshot.positions:
        yield _position(position, zone)


def _position(position: PositionView, zone: ZoneInfo) -> str:
    pnl = "P&L unknown"
    if position.pnl_usd is not None and position.pnl_age_s is not None:
        age = age_text(timedelta(seconds=position.pnl_age_s))
        pnl = f"P&L {usd(position.pnl_usd)} ({position.pnl_source}, {age})"
    timed = next((e.at for e in position.exits if e.kind == "time_exit" and e.at), None)
    exit_at = f", time exit {clock_text(timed, zone)}" if timed else ""
    return (
        f"  {position.id} {position.ticker} {position.spread_type} × {position.contracts}: "
        f"{position.state}, {pnl}{exit_at}"
    )


def status_line(snapshot: Snapshot) -> str:
    """One line a scan, for a terminal that is watched."""
    zone = ZoneInfo(snapshot.monitor.display_timezone)
    markets = ", ".join(
        f"{m.ticker} {m.price:,.2f}" if m.price is not None else f"{m.ticker} UNKNOWN"
        for m in snapshot.markets
    )
    first = snapshot.markets[0]
    vix = f"{first.vix:.2f}" if first.vix is not None else "UNKNOWN"
    regime = (first.regime or "unknown").replace("_", " ")
    alerted = sum(o.status == "alerted" for o in snapshot.opportunities)
    reasons = [funnel.why_not for funnel in snapshot.funnel.tickers]
    entries = f"no scan: {reasons[0]}" if reasons and all(reasons) else f"{alerted} to enter now"
    simulated = "SIMULATED " if snapshot.monitor.simulated else ""
    return (
        f"{snapshot.generated_at.astimezone(zone):%H:%M:%S} {simulated}{markets} | VIX {vix} "
        f"{regime} | {entries} | positions open: {snapshot.portfolio.open}"
    )
