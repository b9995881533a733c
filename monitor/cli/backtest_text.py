"""What `monitor backtest` says: progress while it runs, and the short of its result."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

import click

if TYPE_CHECKING:
    from monitor.backtest.write_run import Written

BEST = 5
REASONS = 5
BAR_CELLS = 20


def eta_text(done: int, total: int, elapsed_s: float) -> str:
    """`34 of 120, about 12 s left`; no estimate before anything is done.

    >>> eta_text(30, 120, 10.0)
    '30 of 120, about 30 s left'
    """
    return f"{done:,} of {total:,}{left_text(done, total, elapsed_s)}"


def left_text(done: int, total: int, elapsed_s: float) -> str:
    """`, about 12 s left`; nothing before anything is done, or when all is.

    >>> left_text(1, 4, 60.0)
    ', about 3 min left'
    """
    if done <= 0 or done >= total:
        return ""
    left = elapsed_s / done * (total - done)
    if left < 90:
        return f", about {max(1, round(left))} s left"
    return f", about {round(left / 60)} min left"


def bar(done: int, total: int) -> str:
    """How much is done, as a bar.

    >>> bar(3, 4)
    '###############.....'
    """
    full = BAR_CELLS * done // total if total else 0
    return "#" * full + "." * (BAR_CELLS - full)


class Progress:
    """One line on stderr that renews itself; on a pipe a line a step begun, and no more."""

    def __init__(self, ticker: str, *, quiet: bool) -> None:
        self.ticker, self.quiet = ticker, quiet
        self.live = sys.stderr.isatty() and not quiet
        self.current, self.begun, self.last = "", 0.0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.live and self.current:
            click.echo("\r\x1b[K", nl=False, err=True)

    def step(self, name: str, done: int, total: int) -> None:
        now = time.monotonic()
        if name != self.current:
            self.say(name)
            self.begun = now
        if self.live and (now - self.last > 0.1 or done == total):
            self.last = now
            told = eta_text(done, total, now - self.begun)
            shown = f"{self.ticker}: {name} {bar(done, total)} {told}"
            click.echo(f"\r\x1b[K{shown}", nl=False, err=True)

    def say(self, name: str) -> None:
        """A step begins."""
        self.current = name
        if self.quiet:
            return
        if self.live:
            click.echo(f"\r\x1b[K{self.ticker}: {name}", nl=False, err=True)
        else:
            click.echo(f"{self.ticker}: {name}", err=True)

    def note(self, text: str) -> None:
        if not self.quiet:
            click.echo(("\r\x1b[K" if self.live else "") + f"{self.ticker}: {text}", err=True)


def run_json(run: Written) -> dict[str, Any]:
    """One run for programs: its facts, folder and the comparison."""
    compared = None if run.comparison is None else asdict(run.comparison)
    return {"folder": str(run.folder), **run.facts, "comparison": compared}


def run_lines(run: Written, *, before: str | None) -> Iterable[str]:
    """The short of a run; its last line is what a careful friend would say."""
    facts = run.facts
    window, tally = facts["window"], facts["tally"]
    yield (
        f"{facts['ticker']}  {window['first']} to {window['last']}, "
        f"{window['entry_sessions']} entry sessions, {facts['source']['prices']} from "
        f"{facts['source']['path']}"
    )
    yield (
        f"{facts['configurations']:,} configurations, {tally['traded']:,} traded at fill "
        f"{facts['shown']['fill']:g} with exits {facts['shown']['exit_policy']}, "
        f"{len(run.ready):,} rows in {run.folder}"
    )
    yield from _best(run)
    yield from _no_trade(facts)
    yield from _luck(facts)
    for problem in facts["problems"]:
        yield f"data: {problem}"
    for note in facts["notes"]:
        yield f"note: {note}"
    if run.comparison is not None and before is not None:
        from monitor.backtest.compare import comparison_lines

        yield from comparison_lines(run.comparison, before=before)
    seconds = facts["seconds"]
    yield f"{sum(seconds.values()):.1f} s: " + ", ".join(f"{k} {v:.1f}" for k, v in seconds.items())
    yield facts["sentence"]


def _best(run: Written) -> Iterable[str]:
    from monitor.backtest.run_report import config_name

    rows = run.ready
    if len(rows) == 0:
        return
    yield (
        f"{'best by honest score':<46} {'n':>4} {'win %':>6} {'95 % interval':>14} "
        f"{'break-even':>10} {'P&L $':>9} {'return % believed':>20} {'score':>6}  verdict"
    )
    verdict = rows.words("verdict")
    for i in range(min(BEST, len(rows))):

        def at(name: str, i: int = i) -> float:
            return float(rows.floats(name)[i])

        win = f"{at('win_low_pct'):.1f}–{at('win_high_pct'):.1f}"
        known = at("breakeven_win_pct")
        even = "unknown" if known != known else f"{known:.1f}"
        believed = (
            f"{at('shrunk_return_pct'):.1f} ({at('return_low_pct'):.1f}…"
            f"{at('return_high_pct'):.1f})"
        )
        yield (
            f"{config_name(rows, i):<46} {at('n_trades'):>4.0f} {at('expected_win_pct'):>6.1f} "
            f"{win:>14} {even:>10} {at('avg_pnl'):>9.2f} {believed:>20} "
            f"{at('honest_score'):>6.1f}  {verdict.values[verdict.codes[i]]}"
        )


def _luck(facts: Mapping[str, Any]) -> Iterable[str]:
    found = facts["overfitting"]
    if found is not None:
        yield (
            "the best of one half of the sessions was, in the other half, no better than the "
            f"median {found['pbo_pct']:.0f} % of the time (PBO), and a loss "
            f"{found['best_loses_pct']:.0f} %"
        )


def _no_trade(facts: Mapping[str, Any]) -> Iterable[str]:
    reasons = facts["no_trade"]
    if not reasons:
        return
    total = sum(r["configuration_days"] for r in reasons)
    yield f"no trade on {total:,} configuration-days:"
    for reason in reasons[:REASONS]:
        yield f"  {reason['configuration_days']:>12,}  {reason['text']}"
    rest = sum(r["configuration_days"] for r in reasons[REASONS:])
    if rest:
        yield f"  {rest:>12,}  other reasons, all in run.json"
    if any(r["reason"] == "no_band" for r in reasons[:REASONS]):
        least = facts["settings"]["min_sample"]
        yield (
            f"  a band needs {least} past moves: record longer, add a folder of bars with "
            "--source, or ask for fewer with --min-sample"
        )
