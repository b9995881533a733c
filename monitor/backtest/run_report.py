"""`report.html`: one file that needs no network, with what a run found and what it could not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from monitor.backtest.grid_table import GridTable
from monitor.backtest.report_charts import (
    RETURN,
    RULE_NAMES,
    WIN_LOW,
    Figure,
    by_dte_and_regime,
    by_time_and_band,
    of_variant,
    rank_chart,
    reliability_chart,
    shown_against_realized,
)
from monitor.backtest.report_page import page

CELL_NOTE = (
    "<p class=note>Here and below each cell averages its configurations, weighted by their trades; "
    "point at one to see how many. Configurations of a cell trade on the same days: a thousand "
    "trades of one bad week are one bad week. Empty: nothing traded.</p>"
)
SHOWN = 20
FEW_TRADES = 10  # configurations with fewer are not ranked where there are enough others
CELLS = (
    ("expected_return_pct", "return %", 2), ("shrunk_return_pct", "believed return %", 2),
    ("return_low_pct", "believed from", 2), ("return_high_pct", "to (95 %)", 2),
    ("n_trades", "trades", 0), ("n_eff", "effective trades", 1), ("expected_win_pct", "win %", 1),
    ("win_low_pct", "win from", 1), ("win_high_pct", "to (95 %)", 1),
    ("breakeven_win_pct", "break-even win %", 1), ("expected_credit", "credit $", 0),
    ("max_risk_per_contract", "max loss $", 0), ("avg_pnl", "mean P&L $", 2),
    ("honest_score", "score 0–100", 1),
)  # fmt: skip
READING = (
    ("return", "mean of P&L ÷ maximum loss of its trades, after slippage and fees, % a trade"),
    ("believed return", "what is left of the return after luck is allowed for, with its 95 % "
     "interval"),
    ("effective trades", "trades that overlap or fall on the same days tell less than their "
     "number; the win rate's 95 % interval rests on this"),
    ("break-even win", "the win rate at which its own mean win and mean loss cancel"),
    ("score", "100 × the smaller of the chance that the mean return is above zero and the "
     "deflated Sharpe ratio: 95 and more is evidence, 80 to 95 weak, below no edge"),
    ("dollars", "per contract of the spread"),
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
        "ranks": rank_chart(facts["overfitting"]),
    }
    title = f"Backtest {facts['ticker']} {facts['window']['first']} to {facts['window']['last']}"
    return page(title, "".join(_sections(title, facts, figures, ready)), figures)


def _sections(
    title: str, facts: Mapping[str, Any], figures: Mapping[str, Figure | None], ready: GridTable
) -> Iterable[str]:
    shown, window = facts["shown"], facts["window"]
    yield f"<h1>{escape(title)}</h1><p class=said>{escape(facts['sentence'])}</p>"
    yield (
        f"<p>{window['entry_sessions']} entry sessions, {facts['configurations']:,} "
        f"configurations, {facts['trades']:,} trades over all fills. Everything below is for exits "
        f"<b>{escape(shown['exit_policy'])}</b>, each leg filled at mid less {shown['fill']:g} of "
        f"its half-spread. Prices: <b>{escape(facts['source']['prices'])}</b>. "
        f"Version {escape(facts['version'])}, made {escape(facts['made_at'])}.</p>"
    )
    yield _listed("To be known", facts["notes"])
    yield "<h2>By entry time and band</h2>"
    yield _charts(figures, "time-band-return", "time-band-win", "nothing traded") + CELL_NOTE
    yield "<h2>By days to expiration and VIX regime</h2>"
    without = "no VIX history was at hand, so the regimes at entry are unknown"
    yield _charts(figures, "dte-regime-return", "dte-regime-win", without)
    yield from _walk(facts["walk_forward"], figures)
    yield from _overfitting(facts["overfitting"], figures)
    yield from _best_and_worst(ready)
    yield "<h2>What was not traded, and why</h2>" + _no_trade(facts["no_trade"], shown["fill"])
    yield _listed("What is wrong with the data", facts["problems"])
    yield "<h2>How to read the numbers</h2><dl>"
    yield "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in READING)
    yield "</dl>"


def _walk(facts: Mapping[str, Any] | None, figures: Mapping[str, Figure | None]) -> Iterable[str]:
    yield "<h2>What picking from the past would have earned</h2>"
    if facts is None:
        yield "<p class=note>the window is too short to learn from one part and judge another</p>"
        return
    picked = ", ".join(
        f"{name} {facts['rules'][rule]['picked']:,}" for rule, name in RULE_NAMES.items()
    )
    yield (
        f"<p>{facts['folds']} times: learned from {facts['train_sessions']} sessions, left out "
        f"{facts['embargo_sessions']}, judged on the next {facts['test_sessions']}. Configurations "
        f"picked: {escape(picked)}. The usual rule takes the best trade scores among win rates "
        "of 90 % and more; the other one the highest lower bounds of the mean return.</p>"
    )
    if facts["folds"] == 1:
        yield "<p class=note>Once is no average: there is no standard error to show.</p>"
    yield f"<div class=pair>{_figure(figures, 'walk-win')}{_figure(figures, 'walk-return')}</div>"
    yield "<h2>Do the win rates come true?</h2>"
    if figures["reliability"] is None:
        yield "<p class=note>no configuration traded both before and after</p>"
    else:
        yield _figure(figures, "reliability")
        yield (
            "<p class=note>On the dotted line what was forecast came. The bars take each trade for "
            "independent; trades of one day are not, so they are too narrow.</p>"
        )


def _overfitting(
    facts: Mapping[str, Any] | None, figures: Mapping[str, Figure | None]
) -> Iterable[str]:
    yield "<h2>Is the best one the best by luck?</h2>"
    if facts is None:
        yield (
            "<p class=note>not computed: it needs two configurations that traded and 32 "
            "sessions</p>"
        )
        return
    yield (
        f"<p>The sessions were cut into {facts['blocks']} blocks, and for each of the "
        f"{facts['choices']:,} choices of half of them the best configuration there (by Sharpe "
        "ratio) was looked up in the other half.</p><ul>"
        f"<li><b>{facts['pbo_pct']:.0f} %</b> of the time it was no better than the median there: "
        "the probability of backtest overfitting (PBO).</li>"
        f"<li><b>{facts['best_loses_pct']:.0f} %</b> of the time it lost money there. PBO alone "
        "says nothing about that: the least bad of a losing lot is still the best.</li>"
        f"<li>Its annual Sharpe ratio was {facts['seen_sharpe_annual']:.1f} where it was chosen "
        f"and {facts['realized_sharpe_annual']:.1f} in the other half (medians). "
        f"{facts['different_best']:,} different configurations were best at least once.</li></ul>"
    )
    yield _figure(figures, "ranks")


def _charts(figures: Mapping[str, Figure | None], first: str, second: str, without: str) -> str:
    if figures[first] is None:
        return f"<p class=note>{escape(without)}</p>"
    return f"<div class=pair>{_figure(figures, first)}{_figure(figures, second)}</div>"


def _figure(figures: Mapping[str, Figure | None], name: str) -> str:
    figure = figures[name]
    if figure is None:
        return ""
    return (
        f"<figure><figcaption>{escape(figure['title'])}</figcaption><div id={name}></div></figure>"
    )


def _best_and_worst(ready: GridTable) -> Iterable[str]:
    if len(ready) == 0:
        yield "<h2>Best and worst</h2><p class=note>no configuration traded twice</p>"
        return
    often = ready.take(ready.floats("n_trades") >= FEW_TRADES)
    enough = len(often) >= 2 * SHOWN
    rows = often if enough else ready
    order = np.argsort(-rows.floats("expected_return_pct"), kind="stable")
    best, worst = order[:SHOWN], order[::-1][: min(SHOWN, max(0, len(order) - SHOWN))]
    least = f"{FEW_TRADES} trades" if enough else "two trades"
    yield (
        f"<h2>The {len(best)} best by return</h2><p class=note>Of {len(rows):,} configurations "
        f"with at least {least}. The best of many are mostly the luckiest: what is believed of "
        "each stands beside what it earned.</p>"
    )
    yield _table(rows.take(best))
    if len(worst):
        yield f"<h2>The {len(worst)} worst by return</h2>{_table(rows.take(worst))}"


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
        f"<div class=wide><table><tr><th>configuration (PT)</th>{head}<th>verdict</th></tr>"
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


def _no_trade(reasons: Sequence[Mapping[str, Any]], fill: float) -> str:
    if not reasons:
        return "<p class=note>everything was traded</p>"
    total = sum(r["configuration_days"] for r in reasons)
    lines = "".join(
        f"<tr><td>{escape(r['text'])}</td><td>{r['configuration_days']:,}</td>"
        f"<td>{100 * r['configuration_days'] / total:.1f}</td></tr>"
        for r in reasons
    )
    return (
        f"<p class=note>A configuration-day is one configuration on one session; at fill {fill:g}."
        "</p><div class=wide><table class=reasons><tr><th>reason</th><th>configuration-days</th>"
        f"<th>%</th></tr>{lines}</table></div>"
    )


def _listed(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f"<h2>{escape(title)}</h2><ul>{''.join(f'<li>{escape(x)}</li>' for x in lines)}</ul>"
