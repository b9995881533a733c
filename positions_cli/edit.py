"""`positions edit`: correct what was typed wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from monitor.cli.options import (
    DAY,
    DECIMAL,
    WHOLE,
    OneOf,
    dry_run_option,
    home_option,
    json_option,
)
from monitor.domain.position_edit import PositionEdit, edited
from monitor.domain.vocabulary import FlowMode, Settlement, SpreadType
from monitor.errors import InputError
from monitor.store.position_events import ChangeKind
from positions_cli.change import apply, report
from positions_cli.session import open_session
from positions_cli.watch import warnings_of


@click.command()
@click.argument("position_id", metavar="ID")
@click.option("--expiration", type=DAY, help="Expiration date.")
@click.option("--settlement", type=OneOf(Settlement), help="am or pm.")
@click.option("--band", help="Band, as P98.")
@click.option("--spread", "spread_type", type=OneOf(SpreadType), help="What you sold.")
@click.option("--flow-mode", type=OneOf(FlowMode), help="Condors have none.")
@click.option("--contracts", type=WHOLE, help="How many spreads are open.")
@click.option("--credit", "credit_usd", type=DECIMAL, help="Dollars for the whole position.")
@click.option("--price", type=DECIMAL, help="Instead of --credit: points per share.")
@click.option("--risk", "risk_usd", type=DECIMAL, help="Your stated risk, dollars.")
@click.option("--short-call", type=DECIMAL, help="Strike, points.")
@click.option("--long-call", type=DECIMAL, help="Strike, points.")
@click.option("--short-put", type=DECIMAL, help="Strike, points.")
@click.option("--long-put", type=DECIMAL, help="Strike, points.")
@click.option("--note", help="Replaces all notes (`update --note` adds one).")
@dry_run_option
@json_option
@home_option
def edit(
    *,
    position_id: str,
    expiration: date | None,
    settlement: Settlement | None,
    band: str | None,
    spread_type: SpreadType | None,
    flow_mode: FlowMode | None,
    contracts: int | None,
    credit_usd: float | None,
    price: float | None,
    risk_usd: float | None,
    short_call: float | None,
    long_call: float | None,
    short_put: float | None,
    long_put: float | None,
    note: str | None,
    dry_run: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Correct a position. What is not given stays; everything is checked as when logging.

    \b
    Example:
      positions edit a3f8 --credit 310.00 --short-put 19550
    """
    wanted = PositionEdit(
        expiration=expiration,
        settlement=settlement,
        band=band,
        spread_type=spread_type,
        flow_mode=flow_mode,
        contracts=contracts,
        credit_usd=credit_usd,
        price=price,
        risk_usd=risk_usd,
        short_call=short_call,
        long_call=long_call,
        short_put=short_put,
        long_put=long_put,
        note=note,
    )
    if wanted == PositionEdit():
        raise InputError(
            "there is nothing to change", hint="`positions edit --help` lists what can be"
        )
    session = open_session(home)
    calendar = session.calendar()
    done = apply(
        session,
        position_id,
        lambda position: edited(position, wanted, now=session.now, calendar=calendar),
        kind=ChangeKind.EDIT,
        dry_run=dry_run,
    )
    done.problems.extend(warnings_of(session, done.after))
    report(done, _changed(done.before != done.after), dry_run=dry_run, as_json=as_json)


def _changed(changed: bool) -> str:
    return "corrected; `positions show` lists what changed" if changed else ""
