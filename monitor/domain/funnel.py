"""The funnel of a scan: how many configurations each step left, and what came nearest."""

from __future__ import annotations

from monitor.clock import PACIFIC
from monitor.domain.entry_windows import EntryWindow
from monitor.domain.grid import GridFile
from monitor.domain.live_quality import poorer_text
from monitor.domain.quality import thresholds_of
from monitor.domain.scan import ALERTED, BLOCKED, Pick, ScanResult
from monitor.domain.selection import Selection
from monitor.domain.snapshot import FunnelStep, GridView, NearestMiss, TickerFunnel
from monitor.domain.vocabulary import Regime

SESSION_MINUTES = 390.0


def ticker_funnel(result: ScanResult) -> TickerFunnel:
    """The scan's funnel as the page and `--once` show it."""
    steps = funnel_steps(result)
    ran = result.why_not is None
    return TickerFunnel(
        ticker=result.ticker,
        steps=steps,
        emptied_by=next((s.name for s in steps if s.count == 0), None) if ran else None,
        nearest_miss=nearest_miss(result),
        profiles=tuple((profile.value, count) for profile, count in result.profiles),
        scanned_at=result.scanned_at,
        why_not=result.why_not,
    )


def funnel_steps(result: ScanResult) -> tuple[FunnelStep, ...]:
    """loaded → possible → regime → window → quality → live → alerted; fewer without a scan."""
    if result.why_not is not None and not result.rows:
        return ()
    quality, scanning = result.settings.quality, result.settings.scanning
    steps: list[tuple[str, int, str]] = [
        ("loaded", result.rows, "rows of the grid file"),
        ("possible", result.possible, f"{result.rows - result.possible:,} impossible rows"),
    ]
    if result.why_not is None and result.selection is not None and result.regime is not None:
        asked = f"{quality.profile.value}: {thresholds_of(quality)}"
        blocked = next((p.status_why for p in result.picks if p.status == BLOCKED), None)
        held = blocked or f"one alert names the best {scanning.max_alerted}"
        steps += [
            ("regime", len(result.picks), _regime_why(result, result.selection, result.regime)),
            ("window", len(result.in_window), f"in their entry window at {_pt(result)}"),
            ("quality", len(result.passing), asked),
            *([("live", len(result.openable), _live_why(result))] if result.looked_live else ()),
            ("alerted", len(result.alerted), held),
        ]
    return tuple(FunnelStep(name=name, count=count, why=why) for name, count, why in steps)


def _live_why(result: ScanResult) -> str:
    """What the live chain took away, else what was looked at."""
    poorer = [p for p in result.passing if p.poorer]
    if poorer:
        first = poorer[0]
        more = f"; {len(poorer) - 1:,} more" if len(poorer) > 1 else ""
        why = poorer_text(first.poorer[0])
        return f"not as asked on the live chain: {first.row.config}: {why}{more}"
    unknown = sum(p.live is None or not p.live.quoted for p in result.passing)
    if unknown:
        return f"{unknown:,} without a live quote pass unseen"
    return "as asked on the live chain too"


def _regime_why(result: ScanResult, chosen: Selection, regime: Regime) -> str:
    settings = result.settings
    wanted = settings.preferences.of_regime(regime)
    spreads = ", ".join(settings.preferences.of_trend(result.trend)) or "no spread"
    why = (
        f"{regime.label} and {result.trend.value}: {spreads}, {', '.join(wanted.bands)}, "
        f"DTE {', '.join(map(str, wanted.dtes))}: "
        f"the best {settings.scanning.top_configs:,} of {chosen.matching:,}"
    )
    if chosen.off_hours:
        hours = f"{settings.hours.entry_window_start}–{settings.hours.entry_window_end} PT"
        why += f"; {chosen.off_hours:,} enter outside your hours {hours}"
    if chosen.unlisted:
        why += f"; {chosen.unlisted:,} without a listed expiration at their DTE"
    if chosen.off_flow:
        why += f"; {chosen.off_flow:,} not of the day's direction so far"
    return why


def nearest_miss(result: ScanResult) -> NearestMiss | None:
    """The configuration closest to alerting and the one threshold that blocks it most.

    Fewest thresholds missed first; then the least distance, relative to what is needed (a
    window's distance is its share of a session, one that has passed counts as a whole one).
    """
    if result.why_not is not None or result.selection is None or result.regime is None:
        return None
    missed = [p for p in result.picks if p.status != ALERTED]
    if not missed:
        return _missed_regime(result, result.selection, result.regime)
    best = min(missed, key=lambda p: (*_distance(p, result), p.rank))
    return _blocking(best, result)


def _missed_regime(result: ScanResult, chosen: Selection, regime: Regime) -> NearestMiss | None:
    """Nothing suited the regime: what would have, had one thing been otherwise."""
    if result.picks or result.possible == 0:
        return None
    if chosen.off_flow:
        return NearestMiss(
            config=f"{chosen.off_flow:,} directional rows",
            threshold="day's direction",
            value="flat, unknown or the other way",
            needed="the move their flow mode names",
        )
    if chosen.unlisted:
        return NearestMiss(
            config=f"{chosen.unlisted:,} rows",
            threshold="expiration",
            value="none listed at their DTE today",
            needed="a listed one",
        )
    return NearestMiss(
        config=f"{result.possible:,} possible rows",
        threshold=f"preferences of {regime.label}",
        value="another band, DTE or spread",
        needed=", ".join(result.settings.preferences.of_regime(regime).bands),
    )


def _distance(pick: Pick, result: ScanResult) -> tuple[int, float]:
    short = (*pick.missing, *pick.poorer)
    count, far = len(short), sum(s.distance for s in short)
    if not pick.in_window:
        count, far = count + 1, far + _window_distance(pick.window, result)
    return count, far


def _window_distance(window: EntryWindow, result: ScanResult) -> float:
    if window.opens_at is None:
        return 2.0
    wait = (window.opens_at - result.scanned_at).total_seconds() / 60
    return wait / SESSION_MINUTES if wait > 0 else 1.0


def _blocking(pick: Pick, result: ScanResult) -> NearestMiss:
    name = pick.row.config
    if pick.missing or (pick.poorer and pick.in_window):
        worst = (*pick.missing, *pick.poorer)[0]
        return NearestMiss(
            config=name, threshold=worst.threshold, value=worst.value, needed=worst.needed
        )
    if pick.in_window:
        threshold = "limits" if pick.status == BLOCKED else "alert length"
        return NearestMiss(
            config=name, threshold=threshold, value=pick.status_why, needed="room for one more"
        )
    return NearestMiss(
        config=name, threshold="entry window", value=f"now {_pt(result)}", needed=pick.status_why
    )


def _pt(result: ScanResult) -> str:
    return f"{result.scanned_at.astimezone(PACIFIC):%H:%M} PT"


def grid_view(grid_file: GridFile | None, problem: str | None) -> GridView:
    """The grid file in force, for the snapshot."""
    if grid_file is None:
        return GridView(
            path=None,
            rows=0,
            usable=0,
            rejected=(),
            modified_at=None,
            loaded_at=None,
            problem=problem or "no grid file",
        )
    report = grid_file.report
    return GridView(
        path=str(grid_file.path),
        rows=report.rows,
        usable=report.usable,
        rejected=tuple((kind.value, count) for kind, count in report.rejected),
        modified_at=grid_file.modified_at,
        loaded_at=None,
        problem=problem,
    )
