"""Win rates of a run's configurations by regime, found by the configuration's own key.

Kept as a few columns sorted by one whole number a row: 200,000 rows take a few megabytes and
a look-up microseconds. Widths are whole thousandths of a point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.domain.quotes import Floats
from monitor.domain.vocabulary import BandMode, Regime

Ints = NDArray[np.int64]
REGIME_CODES = {regime: i for i, regime in enumerate(Regime)}
MODE_CODES = {mode: i for i, mode in enumerate(BandMode)}
_MINUTES, _WIDTHS, _MODES, _REGIMES = 1 << 11, 1 << 24, 1 << 2, 1 << 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeRate:
    """One configuration in one regime; percent, n trades, `n_eff` effective ones."""

    win_rate_pct: float
    low_pct: float
    high_pct: float
    n: int
    n_eff: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeRows:
    """Columns of one length, sorted by `key`. Shapes: (n_rows,)."""

    key: Ints
    win_rate_pct: Floats
    low_pct: Floats
    high_pct: Floats
    n: Ints
    n_eff: Floats

    def find(
        self, *, combo: int, width: float, minute: int, mode: BandMode, regime: Regime
    ) -> RegimeRate | None:
        """The record of a configuration in a regime; None: it never traded there.

        Args:
            combo: `grid.combo_code` of DTE, band, spread and flow.
        """
        key = row_key(
            combo=combo, milli=round(width * 1000), minute=minute,
            mode=MODE_CODES[mode], regime=REGIME_CODES[regime],
        )  # fmt: skip
        i = int(np.searchsorted(self.key, key))
        if i >= len(self.key) or self.key[i] != key:
            return None
        n_eff = float(self.n_eff[i])
        return RegimeRate(
            win_rate_pct=float(self.win_rate_pct[i]),
            low_pct=float(self.low_pct[i]),
            high_pct=float(self.high_pct[i]),
            n=int(self.n[i]),
            n_eff=n_eff if np.isfinite(n_eff) else None,
        )


def row_key(*, combo: int, milli: int, minute: int, mode: int, regime: int) -> int:
    """All that names a configuration and a regime as one number; works on int64 arrays too."""
    return (((combo * _WIDTHS + milli) * _MINUTES + minute) * _MODES + mode) * _REGIMES + regime
