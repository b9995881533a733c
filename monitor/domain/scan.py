"""One scan: grid, regime and clock in; ranked configurations with their status out. Pure.

loaded → possible → regime (the best `top_configs` of it) → window → quality → live → alerted. An
empty result is an answer: `funnel.py` says which step emptied it and what came nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from monitor.clock import PACIFIC
from monitor.config import Exits, Settings
from monitor.domain.entry_windows import EntryWindow, entry_window, minutes_of, openable_minutes
from monitor.domain.grid import Grid, GridRow
from monitor.domain.live_quality import live_shortfalls, poorer_text
from monitor.domain.quality import Shortfall, shortfalls, thresholds_of
from monitor.domain.resolve import ResolvedTrade
from monitor.domain.selection import Selection, select
from monitor.domain.snapshot import EvidenceView
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
POORER = "poorer"  # on the live chain than the person asks
Resolver = Callable[[GridRow], ResolvedTrade | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One configuration the regime looks at. Rates are fractions of 1.

    `missing` are the thresholds of the profile in force that it does not reach, `poorer` those
    that its live trade does not. `live` is None where nobody looked.
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
    verdict_why: str
    missing: tuple[Shortfall, ...]
    status: str  # "alerted" | "waiting" | "passed" | "below" | "poorer" | "blocked"
    status_why: str
    live: ResolvedTrade | None = None
    poorer: tuple[Shortfall, ...] = ()
    evidence: EvidenceView | None = None

    @property
    def risk_usd(self) -> float:
        """Maximum loss of one contract: the live one where quotes give it, else the grid's."""
        quoted = self.live is not None and self.live.quoted
        live = self.live.view.max_loss_usd_per_contract if self.live and quoted else None
        return self.row.risk_usd if live is None else live

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
    `looked_live`: live trades were asked for, whether or not there were chains.
    `failure` is the traceback of a defect that ended this scan.
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
    looked_live: bool = False
    failure: str | None = None

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

    @property
    def openable(self) -> tuple[Pick, ...]:
        """Of those, the ones that their live trade does not speak against."""
        return tuple(p for p in self.passing if not p.poorer)


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
    resolver: Resolver | None = None,
    min_credit_usd: float = 0.0,
) -> ScanResult:
    """Look for configurations worth opening now.

    Args:
        regime: None when VIX is unknown: then nothing is scanned, and the result says so.
        flow: The day's move so far, "up", "down" or "flat"; None: unknown.
        session: Today's session, None when there is none.
        expirations: DTE → listed expiration, counted from today; None: not known.
        blocked_why: Why nothing may be opened now (a limit), or None.
        resolver: A configuration's trade as it can be opened now; None: nobody looks.
        min_credit_usd: The least live credit of a contract that is worth a trade.
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
        entry_minutes=openable_minutes(
            first_minute=minutes_of(settings.hours.entry_window_start),
            last_minute=minutes_of(settings.hours.entry_window_end),
        ),
        top=settings.scanning.top_configs,
    )
    looked_at = _candidates(grid, selection, settings, session, now)
    if resolver is not None:
        for one in looked_at:
            if one.window.opens_at is not None and not one.window.is_past(now):
                one.live = resolver(one.row)
    open_now = [one for one in looked_at if one.in_window]
    return replace(
        result,
        picks=_picks(result, looked_at, expirations or {}, min_credit_usd),
        selection=selection,
        looked_live=resolver is not None,
        profiles=tuple((p, _alerts_of(open_now, settings, p, min_credit_usd)) for p in Profile),
    )


def breakeven_of(row: GridRow, exits: Exits) -> float:
    """The win rate at which this configuration breaks even under the person's exits."""
    return breakeven_win_rate(
        credit=row.credit_usd,
        max_loss=row.risk_usd,
        profit_target_pct=exits.profit_target_pct,
        stop_credit_multiple=exits.stop_loss_credit_multiple,
    )


def verdict_of(row: GridRow, *, win: Interval, breakeven: float, tries: int) -> Verdict:
    """The file's own verdict where it has one, else what may be said without it."""
    if row.verdict is not None and row.verdict is not Verdict.UNKNOWN:
        return row.verdict
    if win.low <= breakeven:  # the corrected bound is lower still
        return Verdict.NO_EDGE
    return verdict_without_score(
        wins=wins_of(row.win_rate_pct, row.n_trades),
        trials=row.n_trades,
        breakeven=breakeven,
        tries=tries,
    )


def verdict_reason(row: GridRow, verdict: Verdict, *, tries: int) -> str:
    """Why the verdict is what it is, in one phrase for the page."""
    if row.verdict is not None and row.verdict is not Verdict.UNKNOWN:
        return "the grid file's own"
    if verdict is Verdict.NO_EDGE:
        return f"not beyond luck among {tries:,} rows tried"
    return "the grid file has no deflated statistics"


def win_interval(row: GridRow) -> Interval:
    """Wilson 95 % interval of the row's win rate."""
    return wilson_interval(wins_of(row.win_rate_pct, row.n_trades), row.n_trades)


@dataclass(slots=True, kw_only=True)  # not frozen: made anew for each row of each scan
class _Candidate:
    row: GridRow
    window: EntryWindow
    in_window: bool
    breakeven: float
    win: Interval
    verdict: Verdict
    live: ResolvedTrade | None = None


def _candidates(
    grid: Grid, selection: Selection, settings: Settings, session: Session | None, now: datetime
) -> list[_Candidate]:
    first = minutes_of(settings.hours.entry_window_start)
    last = minutes_of(settings.hours.entry_window_end)
    candidates = []
    for row in grid.rows(selection.rows):
        window = entry_window(row.minute, session=session, first_minute=first, last_minute=last)
        breakeven, win = breakeven_of(row, settings.exits), win_interval(row)
        candidates.append(
            _Candidate(
                row=row,
                window=window,
                in_window=window.contains(now),
                breakeven=breakeven,
                win=win,
                verdict=verdict_of(row, win=win, breakeven=breakeven, tries=grid.report.rows),
            )
        )
    return candidates


def _picks(
    result: ScanResult,
    looked_at: Sequence[_Candidate],
    expirations: Mapping[int, date],
    min_credit_usd: float,
) -> tuple[Pick, ...]:
    """Give each candidate its rank, status and statistics."""
    asked = thresholds_of(result.settings.quality)
    room = result.settings.scanning.max_alerted
    picks: list[Pick] = []
    for rank, one in enumerate(looked_at, 1):
        missing = shortfalls(one.row, one.verdict, asked)
        poorer = live_shortfalls(one.live, asked, min_credit_usd=min_credit_usd)
        status, why = _status(one, result, missing, poorer, room)
        room -= status in (ALERTED, BLOCKED)
        picks.append(
            Pick(
                rank=rank,
                ticker=result.ticker,
                row=one.row,
                expiration=expirations.get(one.row.dte),
                window=one.window,
                in_window=one.in_window,
                win=one.win,
                breakeven=one.breakeven,
                verdict=one.verdict,
                verdict_why=verdict_reason(one.row, one.verdict, tries=result.rows),
                missing=missing,
                status=status,
                status_why=why,
                live=one.live,
                poorer=poorer,
            )
        )
    return tuple(picks)


def _status(
    one: _Candidate,
    result: ScanResult,
    missing: tuple[Shortfall, ...],
    poorer: tuple[Shortfall, ...],
    room: int,
) -> tuple[str, str]:
    """What becomes of one configuration, and the sentence that says why."""
    window = one.window
    if missing:
        return BELOW, str(missing[0])
    if window.opens_at is None or window.closes_at is None:
        return BELOW, window.why
    if window.is_past(result.scanned_at):
        return PASSED, f"closed {_pt(window.closes_at)} PT"
    if not one.in_window:
        return WAITING, f"opens {_pt(window.opens_at)} PT"
    if poorer:
        return POORER, poorer_text(poorer[0])
    if room <= 0:
        return BELOW, f"one alert names the best {result.settings.scanning.max_alerted}"
    return (BLOCKED, result.blocked_why) if result.blocked_why else (ALERTED, "")


def _alerts_of(
    open_now: Sequence[_Candidate], settings: Settings, profile: Profile, min_credit_usd: float
) -> int:
    asked = thresholds_of(settings.quality, profile)
    good = sum(
        not shortfalls(one.row, one.verdict, asked)
        and not live_shortfalls(one.live, asked, min_credit_usd=min_credit_usd)
        for one in open_now
    )
    return min(good, settings.scanning.max_alerted)


@lru_cache(maxsize=128)
def _pt(instant: datetime) -> str:
    return f"{instant.astimezone(PACIFIC):%H:%M}"
