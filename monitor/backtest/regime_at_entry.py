"""The VIX regime that was in force when a trade was entered, from nothing later."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bars_panel import PriceTable, Sessions
from monitor.config import RegimeEdges
from monitor.domain.regime import ORDER, RegimeState, advance, classify

UNKNOWN = -1


def regimes(
    vix: PriceTable, sessions: Sessions, minutes: tuple[int, ...], edges: RegimeEdges
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """With hysteresis and plain, as places in `Regime`; −1 unknown.

    The first advances the live rule over the closes up to the session before; the second only
    classifies the newest VIX known at the entry time. Shapes: both (n_sessions, n_times).
    """
    n = len(sessions)
    steady = np.full((n, len(minutes)), UNKNOWN, np.int8)
    state: RegimeState | None = None
    for s in range(n):
        if state is not None:
            steady[s] = ORDER.index(state.regime)
        if np.isfinite(vix.close[s]):
            asof = datetime.fromtimestamp(int(sessions.open_s[s]), UTC)
            state = advance(state, vix=float(vix.close[s]), asof=asof, edges=edges)
    plain = np.full((n, len(minutes)), UNKNOWN, np.int8)
    for j, minute in enumerate(minutes):
        for s, value in enumerate(vix.known_at(minute)):
            if np.isfinite(value):
                plain[s, j] = ORDER.index(classify(float(value), edges))
    return steady, plain
