"""Write a grid file of any size, of the same shape as the person's own, for the benchmarks.

    python benchmarks/make_grid.py 1000000 big.csv

Most rows are possible; some are duplicates, copies of condors, or have a credit above the width.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from monitor.domain.entry_windows import GRID_MINUTES_PT

BANDS = np.array(["P95", "P97", "P98", "P99", "P100"])
SPREADS = np.array(["put_spread", "call_spread", "iron_condor"])
FLOWS = np.array(["neutral", "with_flow", "against_flow"])
BUCKETS = np.array(
    [
        "A: 06:30-06:50 PST / 09:30-09:50 ET (10-min)",
        "B: 07:00-08:45 PST / 10:00-11:45 ET (15-min)",
        "C: 09:00-12:30 PST / 12:00-15:30 ET (30-min)",
    ]
)


def make_table(rows: int, *, seed: int = 7, duplicates: float = 0.1) -> pa.Table:
    """Build `rows` rows; about `duplicates` of them repeat an earlier row word for word."""
    rng = np.random.default_rng(seed)
    cell = np.arange(rows)
    repeated = rng.random(rows) < duplicates
    cell[repeated] = (cell[repeated] * rng.random(int(repeated.sum()))).astype(np.int64)
    cell, times = np.divmod(cell, len(GRID_MINUTES_PT))
    cell, flow = np.divmod(cell, 3)
    cell, spread = np.divmod(cell, 3)
    cell, band = np.divmod(cell, 5)
    width, dte = np.divmod(cell, 11)
    width = 5.0 * (width + 1)
    mixed = ((times + 1) * 7919 + flow * 104729 + band * 1299709 + dte * 15485863 + width) % 997
    share = 0.02 + 1.02 * (mixed / 997) ** 3  # of the width; the last few lie above it
    credit = np.round(100 * width * share, 2)
    risk = np.round(np.maximum(100 * width - credit, 25.0), 2)
    win = np.round(100 - 20 * ((mixed * 31) % 997) / 997, 1)
    minutes = np.array(GRID_MINUTES_PT)[times]
    return pa.table(
        {
            "dte": dte,
            "band": BANDS[band],
            "spread_type": SPREADS[spread],
            "flow_mode": FLOWS[flow],
            "spread_width": width,
            "entry_time_pst": _clock_text(minutes),
            "entry_time_et": _clock_text(minutes + 180),
            "time_bucket": BUCKETS[np.searchsorted([420, 540], minutes, "right")],
            "expected_win_pct": win,
            "expected_roi_pct": np.round(100 * credit / risk, 2),
            "sharpe": np.round(1.2 * ((mixed * 17) % 997) / 997, 3),
            "expected_credit": credit,
            "max_risk_per_contract": risk,
            "avg_pnl": np.round(0.3 * credit, 2),
            "n_trades": 20 + (mixed * 13).astype(np.int64) % 60,
            "trade_score": 25.0 * credit / risk + 0.6 * win,
        }
    )


def _clock_text(minutes: np.ndarray) -> np.ndarray:
    texts = np.array([f"{m // 60:02d}:{m % 60:02d}" for m in range(1440)])
    return texts[minutes]


def write_grid(path: Path, rows: int) -> None:
    pyarrow.csv.write_csv(
        make_table(rows), path, write_options=pyarrow.csv.WriteOptions(quoting_style="none")
    )


if __name__ == "__main__":
    write_grid(Path(sys.argv[2]), int(sys.argv[1]))
