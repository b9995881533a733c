"""A grid file for the demo: in the person's columns, with honest and impossible rows.

Drawn, not backtested: win rates, trades and average P&L come from a seeded generator and hang
together (the average P&L follows from win rate, credit and loss under the default exits), but
say nothing about any market. The folder's name and the `source` column call it simulated.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

COLUMNS = (
    "dte", "band", "spread_type", "flow_mode", "spread_width", "entry_time_pst", "entry_time_et",
    "time_bucket", "expected_win_pct", "expected_roi_pct", "sharpe", "expected_credit",
    "max_risk_per_contract", "avg_pnl", "n_trades", "trade_score", "source",
)  # fmt: skip
TIMES = ("07:00", "07:30", "08:00", "08:30")
# band → typical win rate in % and credit as a part of the width, before noise
BANDS = {
    "P95": (85.0, 0.30), "P97": (90.0, 0.25), "P98": (92.5, 0.215), "P99": (95.0, 0.16),
    "P100": (97.0, 0.09),
}  # fmt: skip
KINDS = (
    ("iron_condor", "neutral"), ("put_spread", "against_flow"), ("put_spread", "with_flow"),
    ("call_spread", "with_flow"),
)  # fmt: skip
DTES = (0, 1, 3, 5)
MULTIPLIER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One configuration; dollars per contract, width in points."""

    dte: int
    band: str
    spread_type: str
    flow_mode: str
    width: float
    entry_time_pt: str
    win_pct: float
    credit: float
    n_trades: int
    sharpe: float

    @property
    def max_loss(self) -> float:
        return self.width * MULTIPLIER - self.credit

    @property
    def avg_pnl(self) -> float:
        """Wins take half the credit, losses two credits: the default exits, without fees."""
        win = self.win_pct / 100
        return win * 0.5 * self.credit - (1 - win) * min(2 * self.credit, self.max_loss)

    def record(self) -> dict[str, object]:
        hour, minute = self.entry_time_pt.split(":")
        return_pct = 100 * self.credit / self.max_loss if self.max_loss else 0.0
        return {
            "dte": self.dte,
            "band": self.band,
            "spread_type": self.spread_type,
            "flow_mode": self.flow_mode,
            "spread_width": f"{self.width:g}",
            "entry_time_pst": self.entry_time_pt,
            "entry_time_et": f"{int(hour) + 3:02d}:{minute}",
            "time_bucket": f"{self.entry_time_pt} PT",
            "expected_win_pct": f"{self.win_pct:.1f}",
            "expected_roi_pct": f"{return_pct:.2f}",
            "sharpe": f"{self.sharpe:.3f}",
            "expected_credit": f"{self.credit:.2f}",
            "max_risk_per_contract": f"{self.max_loss:.2f}",
            "avg_pnl": f"{self.avg_pnl:.2f}",
            "n_trades": self.n_trades,
            "trade_score": f"{self.win_pct * 0.6 + return_pct * 0.4:.2f}",
            "source": "SIMULATED",
        }


def demo_rows(rng: np.random.Generator, *, width: float = 50) -> list[GridRow]:
    """The possible rows: every band, DTE, time and kind that the draw keeps (about one in four)."""
    rows = []
    for spread_type, flow_mode in KINDS:
        for dte in DTES:
            for band, (win, part) in BANDS.items():
                for time in TIMES:
                    keep, noise = rng.random(), rng.normal(0.0, 1.0, 3)
                    if keep > 0.25 and (spread_type, dte) != ("iron_condor", 3):
                        continue
                    sides = 1.0 if spread_type == "iron_condor" else 0.7
                    credit = width * MULTIPLIER * part * sides * np.exp(0.06 * noise[0])
                    rows.append(
                        GridRow(
                            dte=dte,
                            band=band,
                            spread_type=spread_type,
                            flow_mode=flow_mode,
                            width=width,
                            entry_time_pt=time,
                            win_pct=float(np.clip(win + 1.2 * noise[1], 50.0, 99.0)),
                            credit=round(float(credit) / 5) * 5,
                            n_trades=int(rng.integers(60, 180)),
                            sharpe=float((win - 80) / 25 + 0.08 * noise[2]),
                        )
                    )
    return rows


def impossible_records(rows: list[GridRow]) -> list[dict[str, object]]:
    """The defects that real files have, so that the file's report has something to show."""
    good = rows[0].record()
    worth = rows[0].width * MULTIPLIER
    condor = next(row for row in rows if row.spread_type == "iron_condor")
    return [
        {**good, "expected_credit": f"{worth * 1.6:.2f}", "expected_roi_pct": "604.00"},
        {**good, "max_risk_per_contract": "-125.00", "entry_time_pst": "09:00"},
        {**good, "expected_win_pct": "104.2", "entry_time_pst": "09:15"},
        {**good, "expected_credit": "nan", "entry_time_pst": "09:30"},
        {**good, "band": "P42"},
        {**good, "spread_type": "butterfly"},
        dict(good),  # a row twice
        {**condor.record(), "flow_mode": "with_flow"},  # the same condor once more,
        {**condor.record(), "flow_mode": "against_flow"},  # under two flow modes
    ]


def write_demo_grid(path: Path, seed: int, *, width: float = 50) -> int:
    """Write the grid file; the same seed gives the same bytes.

    Args:
        width: Points between the strikes; 50 suits NDX, 10 SPX.

    Returns:
        Rows written, impossible ones included.
    """
    rows = demo_rows(np.random.default_rng([seed, 1]), width=width)
    records = [row.record() for row in rows] + impossible_records(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return len(records)
