"""One scan: grid, regime and clock in; ranked configurations with their status out. Pure.

loaded → possible → regime (the best `top_configs` of it) → window → quality → alerted. An empty
result is an answer: `funnel.py` says which step emptied it and what came nearest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from monitor.clock import PACIFIC
from monitor.config import Exits, Settings
from monitor.domain.entry_windows import EntryWindow, entry_window, minutes_of
from monitor.domain.grid import Grid, GridRow
from monitor.domain.quality import Shortfall, Thresholds, shortfalls, thresholds_of
from monitor.domain.selection import Selection, select
from monitor.domain.statistics import (
    Interval,
    breakeven_win_rate,
    verdict_without_score,
    wilson_interval,
    wins_of,
)
from monitor.domain.trading_calendar import Session
from monitor.domain.vocabulary import Profile, Regime, Trend, Verdict

NO_GRID, VIX_UNKNOWN = "no grid file", "VIX unknown"
ALERTED, WAITING, PASSED, BELOW, BLOCKED = "alerted", "waiting", "passed", "below", "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One configuration the regime looks at. Rates are fractions of 1.

    `missing` are the thresholds of the profile in force that it does not reach.
    """

    rank: int
    ticker: str
    row: GridRow
    expiration: date | None
    window: EntryWindow
    in_window: bool
    win: Interval
    breakeven: float
    verdict: Verdict
    missing: tuple[Shortfall, ...]
    status: str  # "alerted" | "waiting" | "passed" | "below" | "blocked"
    status_why: str

    @property
    def key(self) -> str:
        """The configuration across scans and restarts: `NDX:3:P98:iron_condor:neutral:20:07:30`."""
        r = self.row
        return (
            f"{self.ticker}:{r.dte}:{r.band}:{r.spread_type}:{r.flow_mode}:{r.width:g}:"
            f"{r.entry_time_pt}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """`why_not`, when set, is why no scan could run; then there are no picks and no counts.

    `profiles` counts the alerts each profile would have sent now, limits left aside.
    """

    ticker: str
    scanned_at: datetime
    regime: Regime | None
    trend: Trend
    settings: Settings
    picks: tuple[Pick, ...] = ()
    rows: int = 0
    possible: int = 0
    selection: Selection | None = None
    profiles: tuple[tuple[Profile, int], ...] = ()
    blocked_why: str | None = None
    why_not: str | None = None

    @property
    def alerted(self) -> tuple[Pick, ...]:
        return tuple(p for p in self.picks if p.status == ALERTED)

    @property
    def in_window(self) -> tuple[Pick, ...]:
        return tuple(p for p in self.picks if p.in_window)

    @property
    def passing(self) -> tuple[Pick, ...]:
        """In their window and good enough, whether or not they were alerted."""
        return tuple(p for p in self.picks if p.in_window and not p.missing)


def scan(
    grid: Grid | None,
    *,
    ticker: str,
    now: datetime,
    regime: Regime | None,
    trend: Trend,
    flow: str | None,
    session: Session | None,
    settings: Settings,
    expirations: Mapping[int, date] | None = None,
    blocked_why: str | None = None,
) -> ScanResult:
    """Look for configurations worth opening now.

    Args:
        regime: None when VIX is unknown: then nothing is scanned, and the result says so.
        flow: The day's move so far, "up", "down" or "flat"; None: unknown.
        session: Today's session, None when there is none.
        expirations: DTE → listed expiration, counted from today; None: not known.
        blocked_why: Why nothing may be opened now (a limit), or None.
    """
    result = ScanResult(
        ticker=ticker, scanned_at=now, regime=regime, trend=trend, settings=settings
    )
    if grid is None:
        return replace(result, why_not=NO_GRID)
    result = replace(result, rows=grid.report.rows, possible=len(grid), blocked_why=blocked_why)
    if regime is None:
        return replace(result, why_not=VIX_UNKNOWN)
    selection = select(
        grid,
        regime=regime,
        trend=trend,
        flow=flow,
        preferences=settings.preferences,
        expirations=expirations,
        top=settings.scanning.top_configs,
    )
    windows = _Windows(settings, session)
    looked_at = [
        _Candidate(
            row=row,
            window=windows.of(row),
            verdict=verdict_of(row, settings.exits, tries=grid.report.rows),
        )
        for row in (grid.row(int(i)) for i in selection.rows)
    ]
    asked = thresholds_of(settings.quality)
    most = settings.scanning.max_alerted
    return replace(
        result,
        picks=_picks(result, looked_at, asked, expirations or {}),
        selection=selection,
        profiles=tuple(
            (p, min(most, _passing(looked_at, now, thresholds_of(settings.quality, p))))
            for p in Profile
        ),
    )


def breakeven_of(row: GridRow, exits: Exits) -> float:
    """The win rate at which this configuration breaks even under the person's exits."""
    return breakeven_win_rate(
        credit=row.credit_usd,
        max_loss=row.risk_usd,
        profit_target_pct=exits.profit_target_pct,
        stop_credit_multiple=exits.stop_loss_credit_multiple,
    )


def verdict_of(row: GridRow, exits: Exits, *, tries: int) -> Verdict:
    """The file's own verdict where it has one, else what may be said without it."""
    if row.verdict is not None and row.verdict is not Verdict.UNKNOWN:
        return row.verdict
    return verdict_without_score(
        wins=wins_of(row.win_rate_pct, row.n_trades),
        trials=row.n_trades,
        breakeven=breakeven_of(row, exits),
        tries=tries,
    )


def win_interval(row: GridRow) -> Interval:
    """Wilson 95 % interval of the row's win rate."""
    return wilson_interval(wins_of(row.win_rate_pct, row.n_trades), row.n_trades)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    row: GridRow
    window: EntryWindow
    verdict: Verdict


@dataclass(slots=True)
class _Windows:
    """Today's windows, computed once per entry time."""

    settings: Settings
    session: Session | None
    _known: dict[int, EntryWindow] = field(default_factory=dict)

    def of(self, row: GridRow) -> EntryWindow:
        if row.minute not in self._known:
            hours = self.settings.hours
            self._known[row.minute] = entry_window(
                row.minute,
                session=self.session,
                first_minute=minutes_of(hours.entry_window_start),
                last_minute=minutes_of(hours.entry_window_end),
            )
        return self._known[row.minute]


def _picks(
    result: ScanResult,
    looked_at: Sequence[_Candidate],
    asked: Thresholds,
    expirations: Mapping[int, date],
) -> tuple[Pick, ...]:
    """Give each candidate its rank, status and statistics."""
    settings, now = result.settings, result.scanned_at
    picks: list[Pick] = []
    named = 0
    for rank, one in enumerate(looked_at, 1):
        missing = shortfalls(one.row, one.verdict, asked)
        room = settings.scanning.max_alerted - named
        status, why = _status(one.window, now, missing, result.blocked_why, room)
        named += status in (ALERTED, BLOCKED)
        picks.append(
            Pick(
                rank=rank,
                ticker=result.ticker,
                row=one.row,
                expiration=expirations.get(one.row.dte),
                window=one.window,
                in_window=one.window.contains(now),
                win=win_interval(one.row),
                breakeven=breakeven_of(one.row, settings.exits),
                verdict=one.verdict,
                missing=missing,
                status=status,
                status_why=why,
            )
        )
    return tuple(picks)


def _status(
    window: EntryWindow,
    now: datetime,
    missing: tuple[Shortfall, ...],
    blocked_why: str | None,
    room: int,
) -> tuple[str, str]:
    """What becomes of one configuration, and the sentence that says why."""
    if missing:
        return BELOW, str(missing[0])
    if window.opens_at is None or window.closes_at is None:
        return BELOW, window.why
    if window.is_past(now):
        return PASSED, f"closed {_pt(window.closes_at)} PT"
    if not window.contains(now):
        return WAITING, f"opens {_pt(window.opens_at)} PT"
    if room <= 0:
        return BELOW, "one alert names no more; better ones were named"
    return (BLOCKED, blocked_why) if blocked_why else (ALERTED, "")


def _passing(looked_at: Sequence[_Candidate], now: datetime, asked: Thresholds) -> int:
    return sum(
        one.window.contains(now) and not shortfalls(one.row, one.verdict, asked)
        for one in looked_at
    )


def _pt(instant: datetime) -> str:
    return f"{instant.astimezone(PACIFIC):%H:%M}"
