"""Which configurations a regime and a trend look at: the preference table, made of codes.

Direction words mean one thing. A put spread earns when price holds or rises, so it goes *with*
the flow of a day that is up and *against* that of a day that is down; a call spread the other
way round. A directional row of a flow mode applies only on such a day; a neutral one always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from monitor.config import BANDS, Preference, Preferences
from monitor.domain.grid import FLOWS, MAX_DTE, SPREADS, Grid, combo_code
from monitor.domain.vocabulary import FlowMode, Regime, SpreadType, Trend

Rows = NDArray[np.int64]
MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Row indices of the best `top`, best first, and what was counted on the way."""

    rows: Rows
    matching: int  # rows the regime and trend look at, the best `top` among them
    off_hours: int  # set aside: their entry time lies outside the person's entry hours
    unlisted: int  # set aside: no expiration is listed at that DTE
    off_flow: int  # set aside: the day's move does not make them what their flow mode says


def flow_modes(spread: SpreadType, flow: str | None) -> tuple[FlowMode, ...]:
    """Flow modes that apply to a spread on a day that is "up", "down", "flat" or None."""
    if spread is SpreadType.IRON_CONDOR or flow not in ("up", "down"):
        return (FlowMode.NEUTRAL,)
    earns_when = "up" if spread is SpreadType.PUT_SPREAD else "down"
    mode = FlowMode.WITH_FLOW if flow == earns_when else FlowMode.AGAINST_FLOW
    return (FlowMode.NEUTRAL, mode)


def select(
    grid: Grid,
    *,
    regime: Regime,
    trend: Trend,
    flow: str | None,
    preferences: Preferences,
    expirations: Mapping[int, date] | None,
    entry_minutes: Sequence[int],
    top: int,
) -> Selection:
    """The best `top` rows: the trend's first spread type before its second, then by score.

    Rows that can never be in their window would only crowd out those that can.

    Args:
        expirations: DTE → listed expiration, as seen today; None: not known, all pass.
        entry_minutes: Entry times (Pacific minutes of the day) inside the person's hours.
    """
    openable = _openable_at(tuple(entry_minutes))
    wanted = preferences.of_regime(regime)
    spreads = preferences.of_trend(trend)
    dtes = [d for d in dict.fromkeys(wanted.dtes) if 0 <= d <= MAX_DTE]
    listed = [d for d in dtes if expirations is None or d in expirations]
    unlisted = [d for d in dtes if d not in listed]
    chosen: list[Rows] = []
    matching = off_hours = off_flow = missing = 0
    for spread in spreads:
        applies = flow_modes(spread, flow)
        others = tuple(f for f in FLOWS if f not in applies)
        first, last = _spans(grid, listed, wanted, spread, applies)
        found = _openable(grid, first, last, openable)
        matching += len(found)
        off_hours += int((last - first).sum()) - len(found)
        off_flow += _count(grid, listed, wanted, spread, others)
        missing += _count(grid, unlisted, wanted, spread, FLOWS) if unlisted else 0
        free = top - sum(map(len, chosen))
        if free > 0:
            chosen.append(_best(grid, found, free))
    rows = np.concatenate(chosen) if chosen else np.zeros(0, np.int64)
    return Selection(
        rows=rows, matching=matching, off_hours=off_hours, unlisted=missing, off_flow=off_flow
    )


def best_rows(
    grid: Grid,
    *,
    dte: int | None = None,
    band: str | None = None,
    spread: SpreadType | None = None,
    min_win_pct: float | None = None,
) -> Rows:
    """Indices of the usable rows that match, best score first; None: anything does."""
    spread_and_flow = len(SPREADS) * len(FLOWS)
    combo = grid.combo[grid.order].astype(np.int64)
    keep = np.ones(len(combo), np.bool_)
    if dte is not None:
        keep &= combo // (len(BANDS) * spread_and_flow) == dte
    if band is not None:
        keep &= combo // spread_and_flow % len(BANDS) == BANDS.index(band)
    if spread is not None:
        keep &= combo // len(FLOWS) % len(SPREADS) == SPREADS.index(spread)
    if min_win_pct is not None:
        keep &= grid.columns["expected_win_pct"][grid.order] >= min_win_pct
    rows = grid.order[keep]
    best: Rows = rows[np.lexsort((rows, -grid.sorted_score[keep]))]
    return best


def _spans(
    grid: Grid, dtes: list[int], wanted: Preference, spread: SpreadType, flows: tuple[FlowMode, ...]
) -> tuple[Rows, Rows]:
    """First and last + 1 position in `grid.order` of each combination; equal where it has none."""
    code = _codes(tuple(dtes), wanted.bands, spread, flows)
    return grid.starts[code], grid.starts[code + 1]


def _count(
    grid: Grid, dtes: list[int], wanted: Preference, spread: SpreadType, flows: tuple[FlowMode, ...]
) -> int:
    first, last = _spans(grid, dtes, wanted, spread, flows)
    return int((last - first).sum())


@lru_cache(maxsize=256)
def _codes(
    dtes: tuple[int, ...], bands: tuple[str, ...], spread: SpreadType, flows: tuple[FlowMode, ...]
) -> Rows:
    codes = [
        combo_code(dte, BANDS.index(band), SPREADS.index(spread), FLOWS.index(flow))
        for dte in dtes
        for band in dict.fromkeys(bands)
        for flow in flows
    ]
    return np.array(codes, np.int64)


@lru_cache(maxsize=16)
def _openable_at(entry_minutes: tuple[int, ...]) -> NDArray[np.bool_]:
    """For each minute of the day: is it one of these?"""
    openable = np.zeros(MINUTES, np.bool_)
    openable[list(entry_minutes)] = True
    openable.flags.writeable = False
    return openable


def _openable(grid: Grid, first: Rows, last: Rows, openable: NDArray[np.bool_]) -> Rows:
    """Positions in `grid.order` within the spans whose entry time can be in its window."""
    length = last - first
    before = np.cumsum(length) - length  # places that the spans ahead of each one take
    places = np.arange(length.sum()) + np.repeat(first - before, length)
    found: Rows = places[openable[grid.sorted_minute[places]]]
    return found


def _best(grid: Grid, found: Rows, top: int) -> Rows:
    """The `top` best scores of these positions; equal scores in file order."""
    score = grid.sorted_score[found]
    if len(score) > top:
        least = np.partition(score, len(score) - top)[len(score) - top]
        near = np.flatnonzero(score >= least)
        score, found = score[near], found[near]
    rows = grid.order[found]
    best: Rows = rows[np.lexsort((rows, -score))[:top]]
    return best
