"""What changed between two runs, configuration by configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

KEY = (
    "ticker", "band_mode", "dte", "band", "spread_type", "flow_mode", "spread_width",
    "entry_time_pst", "exit_policy", "fill", "regime",
)  # fmt: skip
VALUES = ("n_trades", "avg_pnl", "expected_win_pct", "verdict")
NAMED = 5  # of the largest changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One configuration's average P&L before and now, dollars per contract."""

    config: str
    before: float
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two grids over the rows that both have.

    `same` rows have equal trades, P&L, win rate and verdict to the last digit. Means are over
    rows traded in both; None where there is no such row.
    """

    rows_before: int
    rows_now: int
    shared: int
    same: int
    mean_pnl_before: float | None
    mean_pnl_now: float | None
    mean_win_before: float | None
    mean_win_now: float | None
    verdicts: tuple[tuple[str, str, int], ...]  # before, now, how many
    largest: tuple[Change, ...]


def compare(before: Path, now: Path) -> Comparison:
    """Compare two `grid.parquet` files over their rows of all regimes.

    Raises:
        pyarrow.ArrowInvalid: A file is no such grid.
    """
    old, new = _read(before), _read(now)
    both = new.join(old, keys=list(KEY), join_type="inner", right_suffix="_before")
    pairs = {name: _pair(both, name) for name in ("n_trades", "avg_pnl", "expected_win_pct")}
    old_verdict = both["verdict_before"].to_pylist()
    new_verdict = both["verdict"].to_pylist()
    same = np.array([a == b for a, b in zip(old_verdict, new_verdict, strict=True)], np.bool_)
    for was, is_now in pairs.values():
        same &= (was == is_now) | (np.isnan(was) & np.isnan(is_now))
    traded = (pairs["n_trades"][0] > 0) & (pairs["n_trades"][1] > 0)
    return Comparison(
        rows_before=old.num_rows,
        rows_now=new.num_rows,
        shared=both.num_rows,
        same=int(same.sum()),
        mean_pnl_before=_mean(pairs["avg_pnl"][0][traded]),
        mean_pnl_now=_mean(pairs["avg_pnl"][1][traded]),
        mean_win_before=_mean(pairs["expected_win_pct"][0][traded]),
        mean_win_now=_mean(pairs["expected_win_pct"][1][traded]),
        verdicts=_moves(old_verdict, new_verdict),
        largest=_largest(both, *pairs["avg_pnl"]),
    )


def comparison_lines(found: Comparison, *, before: str) -> list[str]:
    """The comparison for a reader."""
    lines = [
        f"against {before}: {found.shared:,} rows in both "
        f"({found.rows_before:,} then, {found.rows_now:,} now), {found.same:,} the same"
    ]
    if found.mean_pnl_before is not None and found.mean_pnl_now is not None:
        lines.append(
            f"  mean P&L a trade ${found.mean_pnl_before:,.2f} → ${found.mean_pnl_now:,.2f}, "
            f"win rate {found.mean_win_before:.2f} % → {found.mean_win_now:.2f} %"
        )
    lines += [f"  {n:,} rows: {was} → {now}" for was, now, n in found.verdicts if was != now]
    lines += [f"  {c.config}: ${c.before:,.2f} → ${c.now:,.2f}" for c in found.largest]
    return lines


def _read(path: Path) -> Any:
    table = pq.read_table(path, columns=[*KEY, *VALUES], filters=pc.field("regime") == "all")
    words = [f.name for f in table.schema if pa.types.is_dictionary(f.type)]
    for name in words:  # joins do not know dictionaries
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(pa.string()))
    return table


def _pair(both: Any, name: str) -> tuple[Any, Any]:
    def floats(column: str) -> Any:
        return both[column].cast(pa.float64()).to_numpy()

    return floats(f"{name}_before"), floats(name)


def _mean(values: Any) -> float | None:
    return float(values.mean()) if len(values) else None


def _moves(before: list[str], now: list[str]) -> tuple[tuple[str, str, int], ...]:
    from collections import Counter

    counts = Counter(zip(before, now, strict=True))
    return tuple((was, is_now, n) for (was, is_now), n in counts.most_common())


def _largest(both: Any, before: Any, now: Any) -> tuple[Change, ...]:
    moved = np.abs(now - before)
    moved[~(moved > 0)] = -1.0
    rows = [int(i) for i in np.argsort(-moved, kind="stable")[:NAMED] if moved[i] > 0]
    found = []
    for i in rows:
        row = {name: both[name][i].as_py() for name in KEY}
        found.append(
            Change(
                config=(
                    f"{row['ticker']} {row['dte']}DTE {row['band']} {row['spread_type']} "
                    f"{row['flow_mode']} w{row['spread_width']:g} @ {row['entry_time_pst']} "
                    f"{row['exit_policy']} f={row['fill']:g} ({row['band_mode']})"
                ),
                before=float(before[i]),
                now=float(now[i]),
            )
        )
    return tuple(found)
