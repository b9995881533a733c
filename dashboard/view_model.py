"""Snapshot → everything the page says, as text. Pure; HTML and JSON render this one object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.funnel_panel import FunnelCard, funnel_card
from dashboard.health_panel import AlertRow, HealthCard, alert_rows, health_card
from dashboard.market_panel import MarketCard, market_cards
from dashboard.opportunity_panel import OpportunityRow, opportunity_rows
from dashboard.position_panel import PortfolioCard, PositionCard, portfolio_card, position_cards
from dashboard.snapshot_source import Loaded, Missing, Reading, SnapshotParts, Unreadable
from dashboard.text import Stamp, Wording, wording
from monitor.domain.snapshot import MonitorView

PAGE_SCHEMA_VERSION = 1
GRACE = timedelta(seconds=5)
"""A cycle ends a little after it was due; beyond this the page says STALE."""
DEFAULT_ZONE = "America/Los_Angeles"
DEFAULT_REFRESH_S = 5.0
"""Before there is a snapshot to name its own interval: look often, so that it appears soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the top of the page says of everything below it.

    `state`: "fresh", "stale", "empty" (nothing written yet) or "failed" (not readable).
    """

    state: str
    monitor_state: str  # "running", "paused", "stopped", "unknown"
    headline: str
    detail: str
    hint: str
    generated: Stamp | None
    due: Stamp | None
    grace_s: float
    refresh_s: float
    source: str
    profile: str
    iteration: int | None
    version: str
    pid: int | None
    started: Stamp | None
    zone: str  # of every time shown, as an IANA name
    simulated: str  # the banner, or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Something the person must act on, and the panel it is in."""

    text: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page. `failed` maps a panel to why (parts of) it could not be read."""

    schema_version: int
    now: str
    status: Status
    attention: tuple[Attention, ...]
    markets: tuple[MarketCard, ...]
    opportunities: tuple[OpportunityRow, ...]
    portfolio: PortfolioCard | None
    positions: tuple[PositionCard, ...]
    alerts: tuple[AlertRow, ...]
    funnel: FunnelCard | None
    health: HealthCard | None
    failed: dict[str, tuple[str, ...]]


def page_clock(reading: Reading, now: datetime) -> datetime:
    """The instant from which the page sees its snapshot.

    Replayed and simulated sessions have instants of their own: there, time has passed since
    `generated_at` as it has passed since the file was written. Live, it is simply now.
    """
    if isinstance(reading, Loaded) and reading.parts.monitor.simulated:
        return reading.parts.generated_at + max(timedelta(), now - reading.written_at)
    return now


def is_stale(parts: SnapshotParts, now: datetime) -> bool:
    """Whether the next snapshot is overdue, `now` being the page's clock."""
    return now > parts.next_due_at + GRACE


def build_page(reading: Reading, now: datetime) -> Page:
    """Everything the page says of `reading` at `now` (the machine's clock, aware UTC)."""
    seen = page_clock(reading, now)
    if not isinstance(reading, Loaded):
        say = wording(DEFAULT_ZONE, seen)
        return _page(say, _status_without(reading))
    parts = reading.parts
    say = wording(parts.monitor.display_timezone, seen)
    positions = position_cards(parts.positions, parts.markets, say)
    portfolio = portfolio_card(parts.portfolio) if parts.portfolio else None
    health = health_card(parts.health, say) if parts.health else None
    return _page(
        say,
        _status(parts, say),
        attention=_attention(positions, portfolio, parts),
        markets=market_cards(parts.markets, say),
        opportunities=opportunity_rows(parts.opportunities, say),
        portfolio=portfolio,
        positions=positions,
        alerts=alert_rows(parts.alerts, say),
        funnel=funnel_card(parts.funnel, say) if parts.funnel else None,
        health=health,
        failed=dict(parts.failed),
    )


def title(page: Page) -> str:
    """The browser tab: what matters when the page is one of twenty."""
    mark = {"stale": "STALE · ", "failed": "FAILED · "}.get(page.status.state, "")
    count = len(page.attention)
    act = f"({count} to act on) " if count else ""
    simulated = "SIMULATED · " if page.status.simulated else ""
    return f"{mark}{simulated}{act}Condorwatch"


def _page(
    say: Wording,
    status: Status,
    *,
    attention: tuple[Attention, ...] = (),
    markets: tuple[MarketCard, ...] = (),
    opportunities: tuple[OpportunityRow, ...] = (),
    portfolio: PortfolioCard | None = None,
    positions: tuple[PositionCard, ...] = (),
    alerts: tuple[AlertRow, ...] = (),
    funnel: FunnelCard | None = None,
    health: HealthCard | None = None,
    failed: dict[str, tuple[str, ...]] | None = None,
) -> Page:
    return Page(
        schema_version=PAGE_SCHEMA_VERSION,
        now=say.stamp(say.now).iso,
        status=status,
        attention=attention,
        markets=markets,
        opportunities=opportunities,
        portfolio=portfolio,
        positions=positions,
        alerts=alerts,
        funnel=funnel,
        health=health,
        failed=failed or {},
    )


def _status(parts: SnapshotParts, say: Wording) -> Status:
    monitor = parts.monitor
    stale = is_stale(parts, say.now)
    state = "paused" if monitor.paused else monitor.state
    return Status(
        state="stale" if stale else "fresh",
        monitor_state=state,
        headline="STALE" if stale else "",
        detail=_stopped_or_late(state),
        hint="",
        generated=say.stamp(parts.generated_at),
        due=say.stamp(parts.next_due_at),
        grace_s=GRACE.total_seconds(),
        refresh_s=monitor.refresh_s,
        source=monitor.source,
        profile=monitor.profile,
        iteration=monitor.iteration,
        version=monitor.version,
        pid=monitor.pid,
        started=say.stamp(monitor.started_at),
        zone=say.zone.key,
        simulated=simulated_banner(monitor),
    )


def _stopped_or_late(state: str) -> str:
    if state == "stopped":
        return "The monitor was stopped. Nothing here is watched until it runs again."
    return "The monitor has not written its next update. Is it still running?"


def simulated_banner(monitor: MonitorView) -> str:
    """The word that goes on everything when the market data is not the live market's."""
    if not monitor.simulated:
        return ""
    if monitor.source.startswith("replay"):
        return "SIMULATED: a past day replayed, not the market now"
    return "SIMULATED: made-up market data, not the market"


def _status_without(reading: Missing | Unreadable) -> Status:
    failed = isinstance(reading, Unreadable)
    return Status(
        state="failed" if failed else "empty",
        monitor_state="unknown",
        headline="CANNOT READ THE MONITOR'S DATA" if failed else "Nothing to show yet",
        detail=f"{reading.path}: {reading.why}"
        if isinstance(reading, Unreadable)
        else f"The monitor has not written anything yet ({reading.path} does not exist).",
        hint=reading.hint
        if isinstance(reading, Unreadable)
        else "Start it with: monitor --ticker NDX. This page fills by itself.",
        generated=None,
        due=None,
        grace_s=GRACE.total_seconds(),
        refresh_s=DEFAULT_REFRESH_S,
        source="",
        profile="",
        iteration=None,
        version="",
        pid=None,
        started=None,
        zone=DEFAULT_ZONE,
        simulated="",
    )


def _attention(
    positions: tuple[PositionCard, ...], portfolio: PortfolioCard | None, parts: SnapshotParts
) -> tuple[Attention, ...]:
    """Exits due first, then positions to settle, limits breached, and entries not readable."""
    found = [
        Attention(text=_call_to_act(card), target=f"position-{card.id}")
        for card in positions
        if card.urgent
    ]
    for limit in portfolio.limits if portfolio else ():
        if limit.breached:
            text = f"Risk limit breached: {limit.name} {limit.text}"
            found.append(Attention(text=text, target="portfolio"))
    if broken := parts.failed.get("positions"):
        text = f"{len(broken)} position(s) could not be read and are missing below"
        found.append(Attention(text=text, target="positions"))
    return tuple(found)


def _call_to_act(card: PositionCard) -> str:
    due = ", ".join(row.name.lower() for row in card.exits if row.due)
    verb = "Settle" if card.state == "settle me" else "Close"
    return f"{verb} {card.id}: {card.title}" + (f" ({due} due)" if due else "")
