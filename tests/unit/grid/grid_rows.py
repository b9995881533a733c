"""Grid files for tests: rows that are right, to be spoiled one cell at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from monitor.domain.grid import GridFile
from monitor.grid_file import load_grid

COLUMNS = (
    "dte", "band", "spread_type", "flow_mode", "spread_width", "entry_time_pst", "entry_time_et",
    "time_bucket", "expected_win_pct", "expected_roi_pct", "sharpe", "expected_credit",
    "max_risk_per_contract", "avg_pnl", "n_trades", "trade_score",
)  # fmt: skip

Row = dict[str, object]


def row(**changes: object) -> Row:
    """A possible row: a 20-point condor for $340, risking $1,660."""
    cells: Row = {
        "dte": 3, "band": "P98", "spread_type": "iron_condor", "flow_mode": "neutral",
        "spread_width": 20, "entry_time_pst": "07:30", "entry_time_et": "10:30",
        "time_bucket": "B", "expected_win_pct": 95.0, "expected_roi_pct": 20.48, "sharpe": 0.5,
        "expected_credit": 340.0, "max_risk_per_contract": 1660.0, "avg_pnl": 20.0,
        "n_trades": 100, "trade_score": 70.0,
    }  # fmt: skip
    if "entry_time_pst" in changes and "entry_time_et" not in changes:
        hour, _, minute = str(changes["entry_time_pst"]).partition(":")
        if hour.isdigit():
            changes["entry_time_et"] = f"{int(hour) + 3:02d}:{minute}"
    return cells | changes


def csv_text(rows: Sequence[Mapping[str, object]], columns: Sequence[str] = COLUMNS) -> str:
    lines = [",".join(columns), *(",".join(str(r[c]) for c in columns) for r in rows)]
    return "\n".join(lines) + "\n"


def load(tmp_path: Path, rows: Sequence[Mapping[str, object]]) -> GridFile:
    path = tmp_path / "grid.csv"
    path.write_text(csv_text(rows))
    return load_grid(path)
