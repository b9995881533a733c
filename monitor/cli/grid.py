"""`monitor grid`: what a grid file holds, what is impossible in it and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from monitor.cli.group import CommandGroup
from monitor.cli.options import DECIMAL, WHOLE, OneOf, home_option, json_option
from monitor.config import BANDS, Settings
from monitor.config_load import load_settings
from monitor.domain.grid import Example, GridFile, GridReport, GridRow, Warn
from monitor.domain.plain_text import plain
from monitor.domain.vocabulary import SpreadType
from monitor.errors import GridFileError, InputError
from monitor.home import find_home

SCHEMA_VERSION = 1
NAME = "grid_trading_ready.csv"

WORDS = {
    "short_row": "too few cells in the row",
    "long_row": "too many cells in the row",
    "not_a_number": "a number is missing or none",
    "unknown_band": "band not known",
    "unknown_spread": "spread type not known",
    "unknown_flow": "flow mode not known",
    "invalid_dte": "days to expiration impossible",
    "invalid_entry_time": "entry time outside the session or none",
    "entry_times_disagree": "Pacific and Eastern entry times disagree",
    "width_not_positive": "spread width not above 0",
    "win_outside_0_100": "win rate outside 0–100 %",
    "n_trades_not_positive": "number of trades not a whole number above 0",
    "credit_not_positive": "credit not above 0",
    "credit_at_least_width": "credit as large as the width or larger",
    "risk_not_positive": "risk not above 0",
    "avg_pnl_impossible": "average P&L beyond the credit or the risk",
    "unknown_verdict": "verdict not known",
    "contradicting_duplicate": "same configuration twice, with different numbers",
    "duplicate": "same configuration again",
    "condor_copy": "same condor again under another flow mode",
    "risk_contradicts_width": "credit + risk is not the width: another spread was traded",
    "roi_is_expected_return": "ROI column holds average P&L ÷ risk, not credit ÷ risk",
    "roi_contradicts_credit_and_risk": "ROI column is not credit ÷ risk",
    "few_trades": "fewer than 30 trades",
}


@click.group(cls=CommandGroup, name="grid", no_args_is_help=True)
def grid() -> None:
    """Look into a grid file.

    \b
    Example:
      monitor grid check results/backtest_tight/grid_trading_ready.csv
    """


@grid.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Report what FILE holds and what is impossible in it.

    \b
    Example:
      monitor grid check results/backtest_tight/grid_trading_ready.csv --json
    """
    from monitor.grid_file import load_grid

    loaded = load_grid(file)
    if as_json:
        _say_json(_report_fields(loaded))
    else:
        click.echo("\n".join(_report_lines(loaded)))


@grid.command(short_help="Show the usable rows, best score first.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--dte", type=WHOLE, help="Only this many sessions to expiration.")
@click.option("--band", help=f"Only this band ({', '.join(BANDS)}).")
@click.option("--spread", type=OneOf(SpreadType), help="Only this spread type.")
@click.option("--min-win", type=DECIMAL, help="Only win rates of at least this, in %.")
@click.option("--limit", type=WHOLE, default=20, show_default=True, help="Rows shown.")
@home_option
@json_option
def show(
    file: Path | None,
    dte: int | None,
    band: str | None,
    spread: SpreadType | None,
    min_win: float | None,
    limit: int,
    home: Path | None,
    as_json: bool,
) -> None:
    """Show the usable rows, best score first, with the 95 % interval of each win rate.

    FILE defaults to the newest results/*/grid_trading_ready.csv under the home folder.

    \b
    Example:
      monitor grid show --dte 3 --band P98 --spread iron_condor
    """
    from monitor.domain.selection import best_rows
    from monitor.grid_file import load_grid

    if limit < 1:
        raise InputError(f"--limit {limit}: must be 1 or more")
    wanted = _band(band)
    root = find_home(home)
    settings = load_settings(root.root)
    loaded = load_grid(file or newest_grid(root.results, settings.grid))
    matching = best_rows(loaded.grid, dte=dte, band=wanted, spread=spread, min_win_pct=min_win)
    shown = loaded.grid.rows(matching[:limit])
    if as_json:
        _say_json(
            {
                "path": str(loaded.path),
                "usable": len(loaded.grid),
                "matching": len(matching),
                "rows": [_row_fields(r, settings, loaded.report) for r in shown],
            }
        )
        return
    if not shown:
        click.echo(f"no usable row is like that; {len(loaded.grid):,} usable in all")
        return
    _print_rows(shown, settings, loaded.report)
    click.echo(f"{len(shown)} of {len(matching):,} matching rows; {len(loaded.grid):,} usable")


def newest_grid(results: Path, chosen: str = "") -> Path:
    """The grid file named in the settings, else the newest run's.

    Raises:
        GridFileError: There is none.
    """
    if chosen:
        return Path(chosen)
    found = sorted(results.glob(f"*/{NAME}"), key=lambda p: p.stat().st_mtime)
    if not found:
        raise GridFileError(
            f"no grid file under {results}",
            hint=f"put one at {results / 'backtest_tight' / NAME}, or name it: "
            "monitor grid show FILE",
        )
    return found[-1]


def _band(given: str | None) -> str | None:
    if given is None or given.upper() in BANDS:
        return given.upper() if given else None
    raise InputError(f"--band {given}: not known", hint=f"one of {', '.join(BANDS)}")


def _report_fields(loaded: GridFile) -> dict[str, Any]:
    report = loaded.report
    return {
        "path": str(loaded.path),
        "rows": report.rows,
        "usable": report.usable,
        "rejected": {kind.value: count for kind, count in report.rejected},
        "found": {kind.value: count for kind, count in report.found},
        "warnings": {kind.value: count for kind, count in report.warnings},
        "worst": [_example_fields(example) for example in report.worst],
        "extra_columns": list(report.extra_columns),
    }


def _example_fields(example: Example) -> dict[str, Any]:
    return {
        "line": example.line,
        "kind": example.kind.value,
        "column": example.column,
        "value": example.value,
        "config": example.config,
        "why": example.why,
    }


def _report_lines(loaded: GridFile) -> Iterable[str]:
    report = loaded.report
    yield f"{plain(str(loaded.path))}: {report.rows:,} rows, {report.usable:,} usable"
    if report.rejected:
        yield f"\nimpossible, never alerted: {report.rows - report.usable:,}"
        yield from _counted(report.rejected)
    if report.warnings:
        yield "\nusable but doubtful (a row may count more than once):"
        yield from _counted(report.warnings)
    if report.worst:
        yield "\nworst:"
        yield from (
            f"  line {e.line}: {e.column} {e.value}: {e.why}"
            + (f"  [{e.config}]" if e.config else "")
            for e in report.worst
        )
    if report.extra_columns:
        yield f"\nfurther columns, not used: {', '.join(report.extra_columns)}"


def _counted(counts: Sequence[tuple[str, int]]) -> Iterable[str]:
    return (f"  {count:>9,}  {name}: {WORDS[str(name)]}" for name, count in counts)


def _row_fields(row: GridRow, settings: Settings, report: GridReport) -> dict[str, Any]:
    from monitor.domain.scan import breakeven_of, verdict_of, win_interval

    win, breakeven = win_interval(row), breakeven_of(row, settings.exits)
    return {
        "line": row.line,
        "dte": row.dte,
        "band": row.band,
        "spread_type": row.spread_type.value,
        "flow_mode": row.flow_mode.value,
        "width": row.width,
        "entry_time_pt": row.entry_time_pt,
        "win_rate_pct": row.win_rate_pct,
        "win_low_pct": 100 * win.low,
        "win_high_pct": 100 * win.high,
        "n_trades": row.n_trades,
        "breakeven_win_pct": 100 * breakeven,
        "roi_pct": row.roi_pct,
        "max_return_pct": row.max_return_pct,
        "expected_return_pct": row.expected_return_pct,
        "sharpe": row.sharpe,
        "credit_usd_per_contract": row.credit_usd,
        "max_loss_usd_per_contract": row.risk_usd,
        "avg_pnl_usd_per_contract": row.avg_pnl_usd,
        "score": row.score,
        "verdict": verdict_of(row, win=win, breakeven=breakeven, tries=report.rows).value,
        "warnings": [w.value for w in row.warnings],
    }


def _print_rows(rows: Sequence[GridRow], settings: Settings, report: GridReport) -> None:
    wide = max(13, *(len(row.config) for row in rows))
    header = f"{'configuration':<{wide}}  {'win %':>6} {'95 % interval':>14} {'n':>4}"
    click.echo(f"{header} {'break-even':>10} {'credit $':>9} {'risk $':>9} {'score':>7}  verdict")
    for row in rows:
        f = _row_fields(row, settings, report)
        interval = f"{f['win_low_pct']:.1f}–{f['win_high_pct']:.1f}"
        mark = "*" if _contradicts(row) else " "
        click.echo(
            f"{row.config:<{wide}}{mark} {row.win_rate_pct:>6.1f} {interval:>14} "
            f"{row.n_trades:>4} {f['breakeven_win_pct']:>9.1f}% {row.credit_usd:>9,.0f} "
            f"{row.risk_usd:>9,.0f} {row.score:>7.1f}  {f['verdict']}"
        )
    if any(_contradicts(row) for row in rows):
        click.echo("* its numbers contradict each other: monitor grid check says how")


def _contradicts(row: GridRow) -> bool:
    return any(warning is not Warn.FEW_TRADES for warning in row.warnings)


def _say_json(fields: dict[str, Any]) -> None:
    document = {"schema_version": SCHEMA_VERSION, "ok": True, **fields}
    click.echo(json.dumps(document, indent=1, allow_nan=False))
