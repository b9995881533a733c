"""`positions add`."""

from __future__ import annotations

from dataclasses import replace
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
from monitor.config import BANDS
from monitor.domain.instruments import SYMBOLS, Kind, underlying
from monitor.domain.position_input import PositionDraft, build_position
from monitor.domain.positions import Position, Strikes
from monitor.domain.vocabulary import FlowMode, Settlement, SpreadType
from positions_cli.output import say, say_json, warn
from positions_cli.render import logged_text, position_json
from positions_cli.session import Session, open_session
from positions_cli.watch import limit_warnings, warnings_of

NO_ID = "0" * 8


@click.command()
@click.option("--ticker", default="NDX", show_default=True, help="Underlying.")
@click.option("--dte", type=WHOLE, help="Sessions to expiration, 0 is today.")
@click.option("--expiration", type=DAY, help="Expiration date; overrides --dte.")
@click.option("--settlement", type=OneOf(Settlement), help="am: third-Friday index series.")
@click.option("--band", help="Band of the grid configuration, as P98.")
@click.option(
    "--spread", "spread_type", type=OneOf(SpreadType), required=True, help="What you sold."
)
@click.option("--flow-mode", type=OneOf(FlowMode), help="Condors have none.")
@click.option("--contracts", type=WHOLE, required=True, help="How many spreads.")
@click.option("--credit", "credit_usd", type=DECIMAL, help="Dollars for the whole position.")
@click.option("--price", type=DECIMAL, help="Instead of --credit: points per share.")
@click.option("--risk", "risk_usd", type=DECIMAL, help="Dollars; needed without strikes only.")
@click.option("--short-call", type=DECIMAL, help="Strike, points.")
@click.option("--long-call", type=DECIMAL, help="Strike, points.")
@click.option("--short-put", type=DECIMAL, help="Strike, points.")
@click.option("--long-put", type=DECIMAL, help="Strike, points.")
@click.option("--note", help="One line of your own.")
@dry_run_option
@json_option
@home_option
def add(
    *,
    ticker: str,
    dte: int | None,
    expiration: date | None,
    settlement: Settlement | None,
    band: str | None,
    spread_type: SpreadType,
    flow_mode: FlowMode | None,
    contracts: int,
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
    """Log a position you opened.

    The maximum loss is computed from the strikes (wider wing × multiplier × contracts − credit).

    \b
    Example:
      positions add --dte 5 --band P97 --spread put_spread --contracts 3 \\
          --credit 150.00 --short-put 19800 --long-put 19700
    """
    strikes = Strikes(
        short_put=short_put, long_put=long_put, short_call=short_call, long_call=long_call
    )
    draft = PositionDraft(
        ticker=ticker,
        spread_type=spread_type,
        contracts=contracts,
        flow_mode=flow_mode,
        band=band,
        credit_usd=credit_usd,
        price=price,
        risk_usd=risk_usd,
        strikes=None if strikes == Strikes() else strikes,
        dte=dte,
        expiration=expiration,
        settlement=settlement,
        note=note,
    )
    log_position(open_session(home), draft, dry_run=dry_run, as_json=as_json)


def log_position(session: Session, draft: PositionDraft, *, dry_run: bool, as_json: bool) -> None:
    """Check the draft, store it, and say what it means. Refused input opens no database."""
    calendar = session.calendar()
    position = build_position(draft, position_id=NO_ID, now=session.now, calendar=calendar)
    problems = [*_said_otherwise(draft, position.entry_dte, position.flow_mode)]
    problems += _unusual(position)
    store = session.existing_store() if dry_run else session.store()
    if store is not None and not dry_run:
        position = store.add(lambda new: replace(position, id=new), at=session.now)
        problems += [session.publish(store) or ""]
    book = store.list_positions() if store is not None else ()
    book = (*book, position) if dry_run else book
    problems += [*warnings_of(session, position), *limit_warnings(session, book, calendar)]
    problems = [p for p in problems if p]
    if as_json:
        fields = position_json(session, position, calendar)
        say_json({"dry_run": dry_run, "position": fields, "warnings": problems})
        return
    say(logged_text(session, position, calendar, dry_run=dry_run))
    warn(problems)


def _said_otherwise(draft: PositionDraft, dte: int, flow: FlowMode) -> list[str]:
    """What was typed but is not what was stored."""
    said = []
    if draft.dte is not None and draft.dte != dte:
        said.append(f"--expiration overrides --dte {draft.dte}: the position has {dte} DTE")
    if draft.flow_mode not in (None, flow):
        said.append(f"condors have no flow: --flow-mode {draft.flow_mode} was not kept")
    return said


def _unusual(position: Position) -> list[str]:
    """What may be a slip of the pen: a symbol or band that nothing here knows."""
    said = []
    if underlying(position.ticker).kind is Kind.OTHER:
        said.append(
            f"{position.ticker} is none of {', '.join(SYMBOLS)}: taken as a share "
            "(multiplier 100, Friday expirations)"
        )
    if position.band is not None and position.band not in BANDS:
        said.append(f"band {position.band} is in no grid; grids have {', '.join(BANDS)}")
    return said
