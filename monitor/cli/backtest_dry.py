"""`monitor backtest --dry-run`: what would be computed, from what lies on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import click

from monitor.cli.backtest_args import Asked
from monitor.cli.backtest_sources import stored_days
from monitor.clock import Clock
from monitor.home import Home

SCHEMA_VERSION = 1


def say_dry_run(asked: Asked, home: Home, clock: Clock, *, as_json: bool) -> None:
    """Say it; nothing is fetched, computed or written."""
    runs = [_facts(asked, ticker, home, clock) for ticker in asked.tickers]
    if as_json:
        document = {"schema_version": SCHEMA_VERSION, "ok": True, "dry_run": True, "runs": runs}
        click.echo(json.dumps(document, indent=1))
        return
    for run in runs:
        click.echo(_line(run))


def _facts(asked: Asked, ticker: str, home: Home, clock: Clock) -> dict[str, Any]:
    from monitor.backtest.configs import config_table

    table = config_table(asked.dims)
    return {
        "ticker": ticker,
        **_sessions(asked, ticker, home, clock, configurations=len(table)),
        "configurations": len(table),
        "counted_as_before": table.counted_as_before,
        "exit_policies": [p.value for p in asked.policies],
        "fills": list(asked.fills),
        "out": f"results/{asked.out or 'TICKER-TIME'}",
    }


def _sessions(
    asked: Asked, ticker: str, home: Home, clock: Clock, *, configurations: int
) -> dict[str, Any]:
    """Entry sessions and where they come from; null while history is still to be fetched."""
    found = asked.sources[ticker]
    usual: tuple[date, ...] = ()
    if found.chains is not None:
        from monitor.backtest.open_chains import recorded_days

        days = recorded_days(found.chains, ticker, dtes=asked.dims.dtes)
    else:
        from monitor.providers.sessions import load_calendar

        calendar = load_calendar(None, today=clock.now().date())
        on_disk, usual = stored_days(found, ticker, home, calendar)
        days = list(on_disk)
    facts: dict[str, Any] = {
        "prices": _prices(asked, recorded=found.chains is not None),
        "source": found.text,
        "fetches": found.yahoo,
        "taken": found.taken,
        "day_files": len(days) if found.chains is not None else 0,
    }
    if found.yahoo and found.chains is None and not days:
        nothing = dict.fromkeys(("first", "last", "entry_sessions", "configuration_days"))
        return {**facts, **nothing}
    first, last = asked.span(days, usual)
    sessions = sum(first <= day <= last for day in days)
    return {
        **facts,
        "first": str(first),
        "last": str(last),
        "entry_sessions": sessions,
        "configuration_days": configurations * sessions,
    }


def _prices(asked: Asked, *, recorded: bool) -> str:
    if not recorded:
        return "model"
    return "anchored" if asked.anchored else "quotes"


def _line(run: Mapping[str, Any]) -> str:
    said = f"{run['taken']}\n" if run["taken"] else ""
    if run["entry_sessions"] is None:
        window = "entry sessions are known once the history is fetched"
        work = "configuration-days unknown"
    else:
        window = f"{run['entry_sessions']} entry sessions {run['first']} to {run['last']}"
        window += f" ({run['day_files']} recorded days)" if run["day_files"] else ""
        work = f"{run['configuration_days']:,} configuration-days"
    fetches = ", after fetching what is new" if run["fetches"] else ""
    return (
        f"{said}{run['ticker']}: {run['prices']} from {run['source']}{fetches}: {window}, "
        f"{run['configurations']:,} configurations ({run['counted_as_before']:,} as counted "
        f"before), exits {' and '.join(run['exit_policies'])}, fills "
        f"{', '.join(f'{f:g}' for f in run['fills'])}: {work}, into {run['out']}; nothing was "
        "fetched, computed or written"
    )
