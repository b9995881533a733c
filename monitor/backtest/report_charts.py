"""The charts of a report as plotly.js figures: plain values, no plotting library imported.

A figure's `title` is for the page around it, where it can wrap on a narrow screen.
"""

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
RULE_NAMES = {"naive": "usual rule", "honest": "best lower bound"}
SHOWN_COLOR, CAME_COLOR = "#d6604d", "#4393c3"  # readable on light and on dark


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A column to average over the configurations of a cell."""

    column: str
    title: str
    unit: str
    digits: int
    centered: bool  # colors meet at zero


RETURN = Measure(
    column="expected_return_pct",
    title="Expected return, % of the maximum loss a trade",
    unit="%",
    digits=2,
    centered=True,
)
WIN_LOW = Measure(
    column="win_low_pct",
    title="Win rate: lower end of its 95 % interval, %",
    unit="%",
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
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": columns,
        "y": rows,
        "z": [[_number(v) for v in line] for line in means],
        "text": [[_cell(v, measure.digits) for v in line] for line in means],
        "customdata": [[f"{n:,.0f}" for n in line] for line in trades],
        "texttemplate": "%{text}",
        "hovertemplate": f"%{{y}}, %{{x}}: %{{text}} {measure.unit}<br>%{{customdata}} trades"
        "<extra></extra>",
        "hoverongaps": False,
        "colorscale": RED_TO_BLUE if measure.centered else BLUES,
        "colorbar": {"thickness": 10, "ticksuffix": f" {measure.unit}"},
        "xgap": 1,
        "ygap": 1,
    }
    if measure.centered:
        trace["zmid"] = 0
    layout = {
        "height": 110 + 26 * max(len(rows), 6),
        "margin": {"l": 80, "r": 10, "t": 20, "b": 50},
        "xaxis": {"title": {"text": across}, "type": "category", "showgrid": False},
        "yaxis": {"title": {"text": down, "standoff": 12}, "type": "category",
                  "autorange": "reversed", "showgrid": False},
    }  # fmt: skip
    return {"title": measure.title, "data": [trace], "layout": layout}


def shown_against_realized(facts: Mapping[str, Any] | None, unit: str) -> Figure | None:
    """Bars of what the picks showed and what they then did; `unit` is `win` or `return`."""
    if facts is None:
        return None
    rules = facts["rules"]
    names = {
        rule: name if rules[rule]["picked"] else f"{name}: picked none"
        for rule, name in RULE_NAMES.items()
    }
    traces = []
    for when, color in (("shown", SHOWN_COLOR), ("realized", CAME_COLOR)):
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
    what = "Win rate, %" if unit == "win" else "Return, % of the maximum loss a trade"
    title = f"{what}: shown where they were picked, then realized (± standard error)"
    return _plain(title, traces, down="%")


def reliability_chart(facts: Mapping[str, Any] | None) -> Figure | None:
    """Forecast win rates against what followed, with Wilson bounds, beside the diagonal."""
    found = {k: v for k, v in (facts["reliability"].items() if facts else ()) if v is not None}
    if not found:
        return None
    traces: list[Figure] = [
        {"type": "scatter", "mode": "lines", "name": "as forecast", "x": [0, 100], "y": [0, 100],
         "line": {"dash": "dot", "color": "#888"}}
    ]  # fmt: skip
    for (name, one), color in zip(found.items(), (SHOWN_COLOR, CAME_COLOR), strict=False):
        middle, low, high = one["realized_pct"], one["low_pct"], one["high_pct"]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{name} (mean error {one['expected_error_pct']:.1f} points)",
                "x": one["forecast_pct"],
                "y": middle,
                "text": [f"{n:,} trades" for n in one["trials"]],
                "marker": {"color": color, "size": 8},
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [b - a for a, b in zip(middle, high, strict=True)],
                    "arrayminus": [a - b for a, b in zip(middle, low, strict=True)],
                },
            }
        )
    title = "Forecast win rate against the realized one, %"
    figure = _plain(title, traces, across="forecast win rate, %", down="realized win rate, %")
    figure["layout"]["height"] = 480
    return figure


def rank_chart(facts: Mapping[str, Any] | None) -> Figure | None:
    """Where the best of each half stood in the other half; the bars left of the middle are PBO."""
    if facts is None:
        return None
    counts = np.asarray(facts["ranks"], np.float64)
    width = 1 / len(counts)
    middle = (np.arange(len(counts)) + 0.5) * width
    bars = {
        "type": "bar",
        "x": [_number(x) for x in middle],
        "y": [_number(share) for share in 100 * counts / counts.sum()],
        "width": width,
        "marker": {"color": [SHOWN_COLOR if x < 0.5 else CAME_COLOR for x in middle]},
        "hovertemplate": "%{y:.1f} % of the choices<extra></extra>",
    }
    title = "Where the best of one half stood in the other half (0 the worst, 1 the best)"
    figure = _plain(title, [bars], across="rank in the other half", down="% of the choices")
    figure["layout"]["xaxis"]["range"] = [0, 1]
    return figure


def _plain(title: str, traces: Sequence[Figure], *, down: str, across: str = "") -> Figure:
    return {
        "title": title,
        "data": list(traces),
        "layout": {
            "height": 340,
            "margin": {"l": 60, "r": 20, "t": 30, "b": 60},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
            "xaxis": {"title": {"text": across}},
            "yaxis": {"title": {"text": down}},
        },
    }


def _cell(mean: float, digits: int) -> str:
    return "" if np.isnan(mean) else f"{mean:.{digits}f}"


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
