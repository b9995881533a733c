"""VIX level → volatility regime, with hysteresis so that it does not flap.

Edges 12, 16, 20, 30 by default (settings `regime.*`). The first reading of a run classifies
plainly; a neighbouring regime is entered after consecutive readings at least a margin past the
edge; a jump over a whole regime is taken at once. Source: docs/sources.md#regimes
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.config import RegimeEdges
from monitor.domain.vocabulary import Regime

ORDER = tuple(Regime)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeState:
    """The regime in force, and the neighbour that is on its way in, if any.

    `asof` is the stamp of the last reading that was counted: the same reading seen twice is
    one reading.
    """

    regime: Regime
    since: datetime
    vix: float
    asof: datetime
    candidate: Regime | None = None
    confirmations: int = 0


def classify(vix: float, edges: RegimeEdges) -> Regime:
    """The regime of a VIX level taken alone; an edge belongs to the regime above it."""
    return ORDER[bisect_right(edges.edges, vix)]


def advance(
    state: RegimeState | None, *, vix: float, asof: datetime, edges: RegimeEdges
) -> RegimeState:
    """Count one VIX reading.

    Args:
        vix: VIX points, finite and positive (the quote guard has seen to it).
        asof: When the market said so; a stamp not newer than the last one changes nothing.
    """
    plain = classify(vix, edges)
    if state is None:
        return RegimeState(regime=plain, since=asof, vix=vix, asof=asof)
    if asof <= state.asof:
        return state
    steps = ORDER.index(plain) - ORDER.index(state.regime)
    if abs(steps) > 1:
        return RegimeState(regime=plain, since=asof, vix=vix, asof=asof)
    if steps == 0 or not _is_past_edge(vix, state.regime, steps, edges):
        return replace(state, vix=vix, asof=asof, candidate=None, confirmations=0)
    seen = state.confirmations + 1 if state.candidate is plain else 1
    if seen >= edges.confirmations:
        return RegimeState(regime=plain, since=asof, vix=vix, asof=asof)
    return replace(state, vix=vix, asof=asof, candidate=plain, confirmations=seen)


def _is_past_edge(vix: float, current: Regime, step: int, edges: RegimeEdges) -> bool:
    here = ORDER.index(current)
    if step > 0:
        return vix >= edges.edges[here] + edges.margin
    return vix <= edges.edges[here - 1] - edges.margin
