"""`positions edit`: correct what was typed wrong."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.options import dry_run_option, home_option, json_option
from monitor.domain.position_edit import edited
from monitor.errors import InputError
from monitor.store.position_events import ChangeKind
from positions_cli.change import apply, report
from positions_cli.session import open_session
from positions_cli.trade_options import TradeTerms, note_option, trade_options
from positions_cli.watch import warnings_of


@click.command()
@click.argument("position_id", metavar="ID")
@trade_options
@note_option("Replaces all notes (`update --note` adds one).")
@dry_run_option
@json_option
@home_option
def edit(
    *, position_id: str, terms: TradeTerms, dry_run: bool, as_json: bool, home: Path | None
) -> None:
    """Correct a position. What is not given stays; everything is checked as when logging.

    \b
    Example:
      positions edit a3f8 --credit 310.00 --short-put 19550
    """
    if terms == TradeTerms():
        raise InputError(
            "there is nothing to change", hint="`positions edit --help` lists what can be"
        )
    session = open_session(home)
    calendar = session.calendar()
    done = apply(
        session,
        position_id,
        lambda position: edited(position, terms, now=session.now, calendar=calendar),
        kind=ChangeKind.EDIT,
        dry_run=dry_run,
    )
    done.problems.extend(warnings_of(session, done.after))
    report(done, _changed(done.before != done.after), dry_run=dry_run, as_json=as_json)


def _changed(changed: bool) -> str:
    return "corrected; `positions show` lists what changed" if changed else ""
