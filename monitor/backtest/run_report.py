"""`report.html`: one file that needs no network, with what a run found and what it could not."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from monitor.backtest.grid_table import GridTable
from monitor.backtest.report_charts import (
    RETURN,
    WIN_LOW,
    Figure,
    by_dte_and_regime,
    by_time_and_band,
    of_variant,
    reliability_chart,
    shown_against_realized,
)

SHOWN = 20
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:1.5rem auto;padding:0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.5rem 0 1.5rem}
th,td{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}
.wide{overflow-x:auto}.said{font-size:1.2rem;border-left:4px solid #2166ac;padding:.4rem 1rem}
.note{color:#555}
"""
CELLS = (
    ("n_trades", "n", 0), ("n_eff", "n eff.", 1), ("expected_win_pct", "win %", 1),
    ("win_low_pct", "from", 1), ("win_high_pct", "to", 1), ("breakeven_win_pct", "break-even", 1),
    ("expected_credit", "credit $", 0), ("max_risk_per_contract", "risk $", 0),
    ("avg_pnl", "P&L $", 2), ("expected_return_pct", "return %", 2),
    ("shrunk_return_pct", "believed %", 2), ("return_low_pct", "from", 2),
    ("return_high_pct", "to", 2), ("honest_score", "score", 1),
)  # fmt: skip


def write_report(
    path: Path, *, grid: GridTable, ready: GridTable, facts: Mapping[str, Any]
) -> None:
    """Write the report.

    Args:
        grid: All rows; ready: those of the CSV, best first; facts: run.json.
    """
    path.write_text(report_html(grid=grid, ready=ready, facts=facts), encoding="utf-8")


def report_html(*, grid: GridTable, ready: GridTable, facts: Mapping[str, Any]) -> str:
    """The report as one page."""
    shown = facts["shown"]
    rows = of_variant(grid, policy=shown["exit_policy"], fill=shown["fill"])
    figures = {
        "time-band-return": by_time_and_band(rows, RETURN),
        "time-band-win": by_time_and_band(rows, WIN_LOW),
        "dte-regime-return": by_dte_and_regime(rows, RETURN),
        "dte-regime-win": by_dte_and_regime(rows, WIN_LOW),
        "walk-win": shown_against_realized(facts["walk_forward"], "win"),
        "walk-return": shown_against_realized(facts["walk_forward"], "return"),
        "reliability": reliability_chart(facts["walk_forward"]),
    }
    title = f"Backtest {facts['ticker']} {facts['window']['first']} to {facts['window']['last']}"
    body = "".join(_sections(title, facts, figures, ready))
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style>\n{body}"
        f"<script>{_plotly()}</script>\n<script>{_draw(figures)}</script></html>\n"
    )


def _sections(
    title: str, facts: Mapping[str, Any], figures: Mapping[str, Figure | None], ready: GridTable
) -> Iterable[str]:
    shown, window = facts["shown"], facts["window"]
    yield f"<h1>{escape(title)}</h1><p class=said>{escape(facts['sentence'])}</p>"
    yield (
        f"<p>{window['entry_sessions']} entry sessions, {facts['configurations']:,} "
        f"configurations, {facts['trades']:,} trades over all fills. Shown here: exits "
        f"<b>{escape(shown['exit_policy'])}</b>, fill {shown['fill']:g} of the half-spread. "
        f"Prices: {escape(facts['source']['prices'])}. Version {escape(facts['version'])}, "
        f"made {escape(facts['made_at'])}.</p>"
    )
    yield _listed("To be known", facts["notes"])
    yield "<h2>By entry time and band</h2>"
    yield _charts(figures, "time-band-return", "time-band-win", "nothing traded")
    yield "<h2>By days to expiration and VIX regime</h2>"
    without = "no VIX history was at hand, so the regimes at entry are unknown"
    yield _charts(figures, "dte-regime-return", "dte-regime-win", without)
    yield from _walk(facts["walk_forward"], figures)
    yield _best_and_worst(ready)
    yield "<h2>What was not traded, and why</h2>" + _no_trade(facts["no_trade"])
    yield _listed("What is wrong with the data", facts["problems"])


def _walk(facts: Mapping[str, Any] | None, figures: Mapping[str, Figure | None]) -> Iterable[str]:
    yield "<h2>What picking from the past would have earned</h2>"
    if facts is None:
        yield "<p class=note>the window is too short to learn from one part and judge another</p>"
        return
    picked = ", ".join(f"{rule} {one['picked']}" for rule, one in facts["rules"].items())
    yield (
        f"<p>{facts['folds']} times: learned from {facts['train_sessions']} sessions, left out "
        f"{facts['embargo_sessions']}, judged on the next {facts['test_sessions']}. Configurations "
        f"picked: {escape(picked)}.</p><div id=walk-win></div><div id=walk-return></div>"
    )
    yield "<h2>Do the win rates come true?</h2>"
    if figures["reliability"] is None:
        yield "<p class=note>no configuration traded both before and after</p>"
    else:
        yield (
            "<div id=reliability></div><p class=note>The bars take each trade for independent; "
            "trades of one day are not, so they are too narrow.</p>"
        )


def _charts(figures: Mapping[str, Figure | None], first: str, second: str, without: str) -> str:
    if figures[first] is None:
        return f"<p class=note>{escape(without)}</p>"
    note = "<p class=note>Each cell averages its configurations, weighted by their trades.</p>"
    return f"<div id={first}></div><div id={second}></div>{note}"


def _best_and_worst(ready: GridTable) -> str:
    if len(ready) == 0:
        return "<h2>Best and worst</h2><p class=note>no configuration traded twice</p>"
    order = np.argsort(-ready.floats("expected_return_pct"), kind="stable")
    best, worst = order[:SHOWN], order[::-1][: min(SHOWN, max(0, len(order) - SHOWN))]
    note = (
        "<p class=note>“return” is what the configuration itself earned, “believed” what is left "
        "of it after luck is allowed for, with its 95 % interval. The best of many are mostly the "
        "luckiest.</p>"
    )
    return (
        f"<h2>The {len(best)} best by return</h2>{note}{_table(ready.take(best))}"
        f"<h2>The {len(worst)} worst</h2>{_table(ready.take(worst))}"
    )


def _table(rows: GridTable) -> str:
    head = "".join(f"<th>{escape(label)}</th>" for _, label, _ in CELLS)
    numbers = [(rows.floats(name), digits) for name, _, digits in CELLS]
    verdict = rows.words("verdict")
    lines = []
    for i in range(len(rows)):
        cells = "".join(f"<td>{_told(column[i], digits)}</td>" for column, digits in numbers)
        word = verdict.values[verdict.codes[i]]
        lines.append(f"<tr><td>{escape(config_name(rows, i))}</td>{cells}<td>{escape(word)}</td>")
    return (
        f"<div class=wide><table><tr><th>configuration</th>{head}<th>verdict</th></tr>"
        f"{''.join(lines)}</table></div>"
    )


def config_name(rows: GridTable, i: int) -> str:
    """`3DTE P98 put_spread with_flow w50 @ 07:30`."""

    def word(name: str) -> str:
        column = rows.words(name)
        return column.values[int(column.codes[i])]

    return (
        f"{rows.floats('dte')[i]:.0f}DTE {word('band')} {word('spread_type')} "
        f"{word('flow_mode')} w{rows.floats('spread_width')[i]:g} @ {word('entry_time_pst')}"
    )


def _told(value: float, digits: int) -> str:
    return "–" if not np.isfinite(value) else f"{value:,.{digits}f}"


def _no_trade(reasons: Sequence[Mapping[str, Any]]) -> str:
    if not reasons:
        return "<p class=note>everything was traded</p>"
    lines = "".join(
        f"<tr><td>{escape(r['text'])}</td><td>{r['configuration_days']:,}</td></tr>"
        for r in reasons
    )
    return f"<table><tr><th>reason</th><th>configuration-days</th></tr>{lines}</table>"


def _listed(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f"<h2>{escape(title)}</h2><ul>{''.join(f'<li>{escape(x)}</li>' for x in lines)}</ul>"


def _plotly() -> str:
    """plotly.js out of the installed package, found without importing it."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:  # pragma: no cover - a declared dependency
        return ""
    path = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    return path.read_text(encoding="utf-8")


def _draw(figures: Mapping[str, Figure | None]) -> str:
    drawn = {name: figure for name, figure in figures.items() if figure is not None}
    data = json.dumps(drawn, allow_nan=False).replace("<", "\\u003c")
    return (
        f"const figures={data};for(const [id,f] of Object.entries(figures))"
        "Plotly.newPlot(id,f.data,f.layout,{responsive:true,displaylogo:false});"
    )
