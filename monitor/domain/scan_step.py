"""The scan inside a cycle: one underlying's context → its scan, its alert, its page rows."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType

from monitor.clock import NEW_YORK
from monitor.config import Settings
from monitor.domain.alert_text import (
    data_problem_condition,
    opportunity_condition,
    opportunity_key,
)
from monitor.domain.alerts import AlertRecord, Condition
from monitor.domain.context import MarketContext
from monitor.domain.evidence import evidence
from monitor.domain.expirations import expiration_for_dte
from monitor.domain.funnel import ticker_funnel
from monitor.domain.grid import GridFile, GridRow
from monitor.domain.limits import blocks_new
from monitor.domain.live_market import LiveMarket
from monitor.domain.opportunities import (
    Told,
    most_pressing,
    opportunity_facts,
    opportunity_lines,
    opportunity_views,
)
from monitor.domain.order_line import contracts_that_fit, order_line
from monitor.domain.resolve import ResolvedTrade, resolve
from monitor.domain.scan import ALERTED, BLOCKED, Pick, ScanResult, scan
from monitor.domain.snapshot import LimitView, OpportunityView, TickerFunnel
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Level, Regime, SessionState, Trend
from monitor.errors import CalendarHorizonError


def scan_apart(scanning: Callable[[], ScanResult], *, without: ScanResult) -> ScanResult:
    """The scan, or `without` and what broke it: a defect in a scan takes no exit with it."""
    try:
        return scanning()
    except Exception as error:  # noqa: BLE001 - its traceback goes with the result
        why = f"the scan failed ({type(error).__name__}: {error}); exits are watched all the same"
        return replace(without, why_not=why, failure=traceback.format_exc())


def scan_context(
    context: MarketContext,
    *,
    grid: GridFile | None,
    grid_problem: str | None,
    regime: Regime | None,
    trend: Trend,
    limits: Sequence[LimitView],
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
    market: LiveMarket,
    blocked_why: str | None = None,
) -> ScanResult:
    """Scan for one underlying; where a needed number is unknown, say so instead.

    A pick that would break a limit with one contract is blocked, each by its own risk.
    """
    if grid is not None and grid.ticker not in (None, context.ticker):
        return ScanResult(
            ticker=context.ticker,
            scanned_at=now,
            regime=regime,
            trend=trend,
            settings=settings,
            why_not=f"the grid was built for {grid.ticker}, not for {context.ticker}",
        )
    expirations = listed(
        context.ticker,
        settings.preferences.of_regime(regime).dtes if regime else (),
        now.astimezone(NEW_YORK).date(),
        calendar,
    )

    def resolver(row: GridRow) -> ResolvedTrade | None:
        expiration = (expirations or {}).get(row.dte)
        return None if expiration is None else resolve(row, expiration, market)

    result = scan(
        grid.grid if grid else None,
        ticker=context.ticker,
        now=now,
        regime=regime,
        trend=trend,
        flow=context.flow,
        session=context.session,
        settings=settings,
        expirations=expirations,
        resolver=resolver,
        min_credit_usd=market.costs.min_credit_usd,
        blocked_why=blocked_why,
    )
    if grid is None and grid_problem:
        return replace(result, why_not=grid_problem)
    if context.session_state is SessionState.OPEN and not context.may_alert:
        return replace(result, picks=(), profiles=(), why_not=_unknown(context))
    picks = (_limited(pick, limits) for pick in result.picks)
    if grid is None:
        return replace(result, picks=tuple(picks))
    return replace(
        result,
        picks=tuple(_with_evidence(p, grid=grid, regime=regime, market=market) for p in picks),
    )


def _limited(pick: Pick, limits: Sequence[LimitView]) -> Pick:
    """Blocked by a limit, or with the order that fits them."""
    if pick.status != ALERTED:
        return pick
    why = blocks_new(limits, pick.risk_usd)
    if why is not None:
        return replace(pick, status=BLOCKED, status_why=why)
    if pick.live is None:
        return pick
    contracts = contracts_that_fit(limits, pick.risk_usd)
    line = order_line(pick.live.view, contracts=contracts)
    ordered = contracts if line is not None else None
    view = replace(pick.live.view, order_line=line, order_contracts=ordered)
    return replace(pick, live=replace(pick.live, view=view))


def _with_evidence(
    pick: Pick, *, grid: GridFile, regime: Regime | None, market: LiveMarket
) -> Pick:
    if not pick.in_window:
        return pick
    return replace(pick, evidence=evidence(pick, grid=grid, regime=regime, market=market))


def _unknown(context: MarketContext) -> str:
    if context.vix.value is None:
        return "VIX unknown"
    if context.vix.stale:
        return "VIX stale"
    return f"price of {context.ticker} {'stale' if context.stale else 'unknown'}"


@lru_cache(maxsize=32)  # the same all day long, and dear beside the rest of a cycle
def listed(
    ticker: str, dtes: tuple[int, ...], today: date, calendar: TradingCalendar
) -> Mapping[int, date] | None:
    """DTE → listed expiration counted from `today`; None beyond the calendar."""
    found = {}
    try:
        for dte in dtes:
            day = expiration_for_dte(ticker, today, dte, calendar)
            if day is not None:
                found[dte] = day
    except CalendarHorizonError:
        return None
    return MappingProxyType(found)


def opportunity_conditions(scans: Mapping[str, ScanResult], *, now: datetime) -> list[Condition]:
    """One alert per underlying that has something to open now."""
    day = now.astimezone(NEW_YORK).date()
    return [
        opportunity_condition(
            ticker=ticker,
            session_date=day,
            configs=[pick.key for pick in result.alerted],
            lines=opportunity_lines(result.alerted),
            facts=opportunity_facts(result.alerted),
        )
        for ticker, result in scans.items()
        if result.alerted
    ]


def failed_scan_conditions(scans: Mapping[str, ScanResult]) -> list[Condition]:
    return [
        data_problem_condition(ticker, "scan", result.why_not or "", level=Level.ERROR)
        for ticker, result in scans.items()
        if result.failure is not None
    ]


def told(
    scans: Mapping[str, ScanResult], living: Mapping[str, AlertRecord], *, now: datetime
) -> dict[str, Told]:
    """`Pick.key` → today's alert that named it, and its line there."""
    day = now.astimezone(NEW_YORK).date()
    found: dict[str, Told] = {}
    for ticker, result in scans.items():
        record = living.get(opportunity_key(ticker, day))
        if record is None or not result.alerted:
            continue
        named = str(dict(record.condition.data).get("configs", "")).split()
        lines = {key: number for number, key in enumerate(named, 1)}
        found |= {p.key: Told(record.id, lines.get(p.key)) for p in result.alerted}
    return found


def opportunity_rows(
    scans: Mapping[str, ScanResult], living: Mapping[str, AlertRecord], *, now: datetime
) -> tuple[OpportunityView, ...]:
    """The page's rows of every underlying, best first within each."""
    carded = most_pressing(pick for result in scans.values() for pick in result.picks)
    return tuple(
        view
        for result in scans.values()
        for view in opportunity_views(
            result,
            told=told({result.ticker: result}, living, now=result.scanned_at),
            now=now,
            carded=carded,
        )
    )


def funnels(scans: Mapping[str, ScanResult]) -> tuple[TickerFunnel, ...]:
    return tuple(ticker_funnel(result) for result in scans.values())
