"""The charts of a report as plotly.js figures: plain values, no plotting library imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.grid_table import ALL_REGIMES, GridTable, Words
from monitor.domain.vocabulary import Regime

Floats = NDArray[np.float64]
Figure = dict[str, Any]
RED_TO_BLUE = [[0.0, "#b2182b"], [0.5, "#f7f7f7"], [1.0, "#2166ac"]]
BLUES = [[0.0, "#f7fbff"], [1.0, "#08306b"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A column to average over the configurations of a cell."""

    column: str
    title: str
    digits: int
    centered: bool  # colors meet at zero


RETURN = Measure(
    column="expected_return_pct",
    title="Expected return: average P&L ÷ maximum loss, % a trade",
    digits=2,
    centered=True,
)
WIN_LOW = Measure(
    column="win_low_pct",
    title="Win rate, lower end of its 95 % interval, %",
    digits=1,
    centered=False,
)


def of_variant(grid: GridTable, *, policy: str, fill: float) -> GridTable:
    """The rows of one exit policy and fill that traded, of all regimes and each."""
    policies = grid.words("exit_policy")
    mine = np.array([v == policy for v in policies.values], np.bool_)[policies.codes]
    return grid.take(mine & (grid.floats("fill") == fill) & (grid.floats("n_trades") > 0))


def by_time_and_band(grid: GridTable, measure: Measure) -> Figure | None:
    """A heat map by entry time (down) and band (across); None without a traded row."""
    rows = grid.take(in_regime(grid, single=False))
    return _heat_map(rows, "entry_time_pst", "band", measure, across="band", down="entry time, PT")


def by_dte_and_regime(grid: GridTable, measure: Measure) -> Figure | None:
    """A heat map by DTE (down) and VIX regime at entry (across); None where none is known."""
    rows = grid.take(in_regime(grid, single=True))
    return _heat_map(rows, "dte", "regime", measure, across="VIX regime at entry", down="DTE")


def in_regime(grid: GridTable, *, single: bool) -> NDArray[np.bool_]:
    """Rows of a single regime, or those of all together."""
    words = grid.words("regime")
    every = np.array([v == ALL_REGIMES for v in words.values], np.bool_)
    found: NDArray[np.bool_] = (~every if single else every)[words.codes]
    return found


def cell_means(
    grid: GridTable, row: str, column: str, value: str
) -> tuple[list[str], list[str], Floats, Floats]:
    """Labels down and across, the trade-weighted mean of a column in each cell, and its trades.

    Shapes: means and trades (n_rows, n_columns); NaN where nothing traded.
    """
    down, i = _labels(grid, row)
    across, j = _labels(grid, column)
    values, weight = grid.floats(value), grid.floats("n_trades")
    known = np.isfinite(values)
    place = (i * len(across) + j)[known]
    size = len(down) * len(across)
    total = np.bincount(place, (values * weight)[known], minlength=size)
    count = np.bincount(place, weight[known], minlength=size).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = total / count
    shape = (len(down), len(across))
    return down, across, means.reshape(shape), count.reshape(shape)


def _labels(grid: GridTable, name: str) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct values in their natural order, and each row's place among them."""
    column = grid.columns[name]
    if isinstance(column, Words):
        used = np.unique(column.codes)
        order = sorted(used.tolist(), key=lambda code: _rank(column.values[code]))
        place = np.zeros(len(column.values), np.int64)
        place[order] = np.arange(len(order))
        return [column.values[code] for code in order], place[column.codes]
    values, place = np.unique(column, return_inverse=True)
    return [f"{value:g}" for value in values], place.astype(np.int64)


def _rank(word: str) -> tuple[int, str]:
    regimes = [regime.value for regime in Regime]
    if word in regimes:
        return regimes.index(word), word
    return (len(word), word) if word.startswith("P") else (0, word)


def _heat_map(
    grid: GridTable, row: str, column: str, measure: Measure, *, across: str, down: str
) -> Figure | None:
    if len(grid) == 0:
        return None
    rows, columns, means, trades = cell_means(grid, row, column, measure.column)
    text = [
        [_cell(mean, count, measure.digits) for mean, count in zip(a, b, strict=True)]
        for a, b in zip(means, trades, strict=True)
    ]
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": columns,
        "y": rows,
        "z": [[_number(v) for v in line] for line in means],
        "text": text,
        "texttemplate": "%{text}",
        "hoverinfo": "x+y+text",
        "colorscale": RED_TO_BLUE if measure.centered else BLUES,
    }
    if measure.centered:
        trace["zmid"] = 0
    return _figure(measure.title, [trace], x=across, y=down, rows=len(rows))


def shown_against_realized(facts: Mapping[str, Any] | None, unit: str) -> Figure | None:
    """Bars of what the picks showed and what they then did; `unit` is `win` or `return`."""
    if facts is None:
        return None
    rules = facts["rules"]
    names = {"naive": "the usual rule (win ≥ 90 %, best score)", "honest": "best lower bound"}
    traces = []
    for when, color in (("shown", "#9ecae1"), ("realized", "#08519c")):
        values = [rules[rule][f"{when}_{unit}_pct"] for rule in names]
        traces.append(
            {
                "type": "bar",
                "name": when,
                "x": list(names.values()),
                "y": [value["mean"] for value in values],
                "error_y": {"type": "data", "array": [value["error"] for value in values]},
                "marker": {"color": color},
            }
        )
    title = "Win rate, %" if unit == "win" else "Return on maximum loss, % a trade"
    return _plain(f"{title}: shown in the past, then realized (± standard error)", traces)


def reliability_chart(facts: Mapping[str, Any] | None) -> Figure | None:
    """Forecast win rates against what followed, with Wilson bounds, beside the diagonal."""
    found = {k: v for k, v in (facts["reliability"].items() if facts else ()) if v is not None}
    if not found:
        return None
    traces: list[Figure] = [
        {"type": "scatter", "mode": "lines", "name": "as forecast", "x": [0, 100], "y": [0, 100],
         "line": {"dash": "dot", "color": "#888"}}
    ]  # fmt: skip
    for name, one in found.items():
        middle, low, high = one["realized_pct"], one["low_pct"], one["high_pct"]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{name} (mean error {one['expected_error_pct']:.1f} points)",
                "x": one["forecast_pct"],
                "y": middle,
                "text": [f"{n:,} trades" for n in one["trials"]],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [b - a for a, b in zip(middle, high, strict=True)],
                    "arrayminus": [a - b for a, b in zip(middle, low, strict=True)],
                },
            }
        )
    figure = _plain("Forecast win rate (across) and realized win rate (up), %", traces)
    figure["layout"]["height"] = 480
    return figure


def _plain(title: str, traces: Sequence[Figure]) -> Figure:
    return {
        "data": list(traces),
        "layout": {
            "title": {"text": title, "font": {"size": 15}},
            "height": 340,
            "margin": {"l": 60, "r": 20, "t": 50, "b": 50},
        },
    }


def _cell(mean: float, count: float, digits: int) -> str:
    return "" if np.isnan(mean) else f"{mean:.{digits}f} (n {count:,.0f})"


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _figure(title: str, traces: Sequence[Figure], *, x: str, y: str, rows: int) -> Figure:
    return {
        "data": list(traces),
        "layout": {
            "title": {"text": title, "font": {"size": 15}},
            "height": 170 + 26 * max(rows, 6),
            "margin": {"l": 90, "r": 20, "t": 50, "b": 60},
            "xaxis": {"title": {"text": x}, "type": "category"},
            "yaxis": {"title": {"text": y}, "type": "category", "autorange": "reversed"},
        },
    }
