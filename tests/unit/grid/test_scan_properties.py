"""Random grids against a plain reading of the contract, written with loops and no arrays."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import msgspec
import pyarrow as pa
from grid_rows import csv_text, row
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_case import ScanCase

from monitor.config import Quality, Scanning, Settings
from monitor.domain.funnel import ticker_funnel
from monitor.domain.grid import Grid
from monitor.domain.grid_check import check_grid
from monitor.domain.vocabulary import Profile, Regime, Trend
from monitor.grid_file import read_grid

TIMES = ["06:30", "07:00", "07:15", "07:30", "08:45", "09:00", "12:30"]
SPREADS = ["put_spread", "call_spread", "iron_condor"]
FLOWS = ["with_flow", "against_flow", "neutral"]
BANDS = ["P95", "P97", "P98", "P99", "P100"]
NOT_NUMBERS = ["", "nan", "inf", "-inf", "abc", "1_000"]


def numbers(*values: float) -> st.SearchStrategy[Any]:
    return st.one_of(st.sampled_from(values), st.sampled_from(values), st.sampled_from(NOT_NUMBERS))


cells = st.fixed_dictionaries(
    {
        "dte": st.sampled_from([0, 1, 3, 4, -1, 2.5, "x"]),
        "band": st.sampled_from([*BANDS, "P50"]),
        "spread_type": st.sampled_from([*SPREADS, *SPREADS, "strangle"]),
        "flow_mode": st.sampled_from([*FLOWS, *FLOWS, "sideways"]),
        "spread_width": numbers(10, 20, 0, -5),
        "entry_time_pst": st.sampled_from([*TIMES, "06:00", "later"]),
        "expected_win_pct": numbers(79, 85, 90, 95.5, 100, 101, -3),
        "expected_roi_pct": numbers(1, 5, 20, 30, 400),
        "sharpe": numbers(-1, 0, 0.3, 1.2),
        "expected_credit": numbers(100, 340, 999, 1000, 2000, 0, -1),
        "max_risk_per_contract": numbers(900, 1660, 0, -2),
        "avg_pnl": numbers(10, 100, -200, 5000),
        "n_trades": numbers(10, 100, 0, 3.5),
        "trade_score": numbers(10, 50, 50, 70, 90),
    }
)
good = st.fixed_dictionaries(
    {
        "dte": st.sampled_from([0, 1, 3]),
        "band": st.sampled_from(BANDS),
        "spread_type": st.sampled_from(SPREADS),
        "flow_mode": st.sampled_from(FLOWS),
        "entry_time_pst": st.sampled_from(TIMES),
        "expected_win_pct": st.sampled_from([79, 85, 95.5]),
        "trade_score": st.sampled_from([10, 50, 70, 90]),
    }
)
files = st.lists(st.one_of(cells, good, good), max_size=25)


def grid_of(rows: list[dict[str, Any]]) -> Grid:
    return check_grid(read_grid(pa.BufferReader(csv_text(rows).encode())))


def number(cell: object) -> float:
    try:
        return float("nan") if "_" in str(cell) else float(str(cell))
    except ValueError:
        return float("nan")


NUMBERS = (
    "dte", "spread_width", "expected_win_pct", "expected_roi_pct", "sharpe", "expected_credit",
    "max_risk_per_contract", "avg_pnl", "n_trades", "trade_score",
)  # fmt: skip


def is_possible(r: dict[str, Any]) -> bool:
    """the contract, Grid CSV: one row by itself."""
    n = {name: number(r[name]) for name in NUMBERS}
    return (
        all(map(math.isfinite, n.values()))
        and r["band"] in BANDS
        and r["spread_type"] in SPREADS
        and (r["spread_type"] == "iron_condor" or r["flow_mode"] in FLOWS)
        and n["dte"] in range(64)
        and r["entry_time_pst"] in TIMES
        and n["spread_width"] > 0
        and 0 <= n["expected_win_pct"] <= 100
        and n["n_trades"] >= 1
        and n["n_trades"] == int(n["n_trades"])
        and 0 < n["expected_credit"] < 100 * n["spread_width"]
        and n["max_risk_per_contract"] > 0
        and -n["max_risk_per_contract"] <= n["avg_pnl"] <= n["expected_credit"]
    )


def flow_of(r: dict[str, Any]) -> str:
    return "neutral" if r["spread_type"] == "iron_condor" else r["flow_mode"]


def usable(rows: list[dict[str, Any]]) -> list[int]:
    """Row numbers that may alert: the possible ones, each configuration once."""
    groups = defaultdict(list)
    for i, r in enumerate(rows):
        if is_possible(r):
            width, dte = number(r["spread_width"]), number(r["dte"])
            words = (r["band"], r["spread_type"], flow_of(r), r["entry_time_pst"])
            groups[dte, width, *words].append(i)
    kept = []
    for group in groups.values():
        order = ["neutral", "with_flow", "against_flow"]
        tellings = defaultdict(set)
        for i in group:
            tellings[rows[i]["flow_mode"]].add(tuple(number(rows[i][n]) for n in NUMBERS))
        if any(len(told) > 1 for told in tellings.values()):
            continue  # they disagree: none is believed
        rank = {flow: place for place, flow in enumerate(order)}
        kept.append(min(group, key=lambda i: (rank.get(rows[i]["flow_mode"], 3), i)))
    return sorted(kept)


def looked_at(
    rows: list[dict[str, Any]], bands: tuple[str, ...], trend: str, flow: str | None, top: int
) -> list[int]:
    """The best of the regime: the trend's spreads in order, then by score, then by line."""
    suits = {
        "up": ["put_spread", "iron_condor"],
        "down": ["call_spread", "iron_condor"],
        "sideways": ["iron_condor"],
    }[trend]
    earning = {("put_spread", "up"), ("call_spread", "down")}
    found = []
    for i in usable(rows):
        r = rows[i]
        if r["band"] not in bands or r["spread_type"] not in suits:
            continue
        if number(r["dte"]) not in (0, 1, 2, 3, 5, 10):
            continue
        if r["entry_time_pst"] not in WINDOWS:
            continue  # never in its window inside the entry hours 07:00–08:59
        mode = flow_of(r)
        if mode != "neutral":
            if flow not in ("up", "down"):
                continue
            with_it = (r["spread_type"], flow) in earning
            if mode != ("with_flow" if with_it else "against_flow"):
                continue
        found.append(i)
    found.sort(
        key=lambda i: (suits.index(rows[i]["spread_type"]), -number(rows[i]["trade_score"]), i)
    )
    return found[:top]


WINDOWS = {"07:00": "07:15", "07:15": "07:30", "07:30": "07:45", "08:45": "09:00"}


@settings(max_examples=80, deadline=None)
@given(files)
def test_every_row_is_usable_or_counted_once(changes: list[dict[str, Any]]) -> None:
    rows = [row(**c) for c in changes]
    report = grid_of(rows).report
    assert report.rows == len(rows)
    assert report.usable + sum(count for _, count in report.rejected) == len(rows)
    found = dict(report.found)
    assert all(found[kind] >= count for kind, count in report.rejected)


@settings(max_examples=80, deadline=None)
@given(files)
def test_the_usable_rows_are_the_plain_readings(changes: list[dict[str, Any]]) -> None:
    rows = [row(**c) for c in changes]
    grid = grid_of(rows)
    assert sorted(int(grid.line[i]) - 2 for i in grid.order) == usable(rows)


@settings(max_examples=80, deadline=None)
@given(
    files,
    st.sampled_from(Regime),
    st.sampled_from(Trend),
    st.sampled_from(["up", "down", "flat", None]),
    st.sampled_from(["06:45", "07:00", "07:14", "07:20", "07:44", "08:59", "09:00", "12:40"]),
    st.integers(1, 8),
)
def test_the_scan_is_the_plain_readings_and_nothing_impossible_alerts(
    changes: list[dict[str, Any]],
    regime: Regime,
    trend: Trend,
    flow: str | None,
    at: str,
    top: int,
) -> None:
    rows = [row(**c) for c in changes]
    own = msgspec.structs.replace(
        Settings(),
        scanning=Scanning(top_configs=top, max_alerted=3),
        quality=Quality(profile=Profile.AGGRESSIVE),
    )
    case = ScanCase(grid_of(rows), at=at, regime=regime, trend=trend, flow=flow, settings=own)
    result = case.run()
    bands = own.preferences.of_regime(regime).bands
    expected = looked_at(rows, bands, trend.value, flow, top)
    assert [p.row.line - 2 for p in result.picks] == expected
    open_now = [
        i for i in expected if (t := rows[i]["entry_time_pst"]) in WINDOWS and t <= at < WINDOWS[t]
    ]
    good = [
        i
        for i in open_now
        if number(rows[i]["expected_win_pct"]) >= 80
        and number(rows[i]["expected_roi_pct"]) >= 2
        and number(rows[i]["sharpe"]) >= 0
    ]
    assert [p.row.line - 2 for p in result.alerted] == good[:3]
    assert all(is_possible(rows[p.row.line - 2]) for p in result.alerted)
    counts = [step.count for step in ticker_funnel(result).steps]
    kept = (len(rows), len(usable(rows)), len(expected), len(open_now), len(good), len(good[:3]))
    assert counts == list(kept)
    assert counts == sorted(counts, reverse=True)
    assert dict(result.profiles)[Profile.MAXIMUM] == min(3, len(open_now))
