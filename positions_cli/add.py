"""`positions add`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from monitor.cli.options import dry_run_option, home_option, json_option
from monitor.config import BANDS
from monitor.domain.instruments import SYMBOLS, Kind, underlying
from monitor.domain.position_input import PositionDraft, build_position
from monitor.domain.positions import Position
from monitor.domain.vocabulary import FlowMode
from monitor.errors import InputError
from positions_cli.output import say, say_json, warn
from positions_cli.render import logged_text, position_json
from positions_cli.session import Session, open_session
from positions_cli.sketch import Sketch, from_alert, from_order, typed
from positions_cli.trade_options import TradeTerms, new_trade_options, note_option
from positions_cli.watch import limit_warnings, warnings_of

NO_ID = "0" * 8


@click.command()
@click.option(
    "--from-alert", "alert", metavar="A17", help="Take the terms from an alert; A17#2: its second."
)
@click.option(
    "--paste",
    is_flag=False,
    flag_value="-",
    metavar="[TEXT]",
    help="Take them from your broker's order text, given here or on standard input.",
)
@new_trade_options
@note_option("One line of your own.")
@click.option("--yes", is_flag=True, help="Ask nothing; take it as it is understood.")
@dry_run_option
@json_option
@home_option
def add(
    *,
    terms: TradeTerms,
    ticker: str | None,
    dte: int | None,
    alert: str | None,
    paste: str | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Log a position you opened.

    The maximum loss is computed from the strikes (wider wing × multiplier × contracts − credit).
    What is typed beside --from-alert or --paste wins over what they say.

    \b
    Example:
      positions add --from-alert A17 --price 1.40 --contracts 2
      positions add --paste "SELL -2 IRON CONDOR NDXP 100 (Weeklys) 24 FEB 26 \\
          20500/20600/19500/19400 CALL/PUT @1.40 LMT"
      positions add --dte 5 --band P97 --spread put_spread --contracts 3 \\
          --credit 150.00 --short-put 19800 --long-put 19700
    """
    session = open_session(home)
    interactive = session.interactive and not as_json
    sketch = sketched(
        session, terms, ticker=ticker, dte=dte, alert=alert, paste=paste,
        interactive=interactive,
    )  # fmt: skip
    from positions_cli.asking import completed

    sketch = completed(sketch, interactive=interactive, yes=yes)
    if paste is not None and interactive and not yes and not dry_run:
        show_first(session, sketch)
    log_position(session, sketch, dry_run=dry_run, as_json=as_json)


def sketched(
    session: Session,
    terms: TradeTerms,
    *,
    ticker: str | None,
    dte: int | None,
    alert: str | None,
    paste: str | None,
    interactive: bool,
) -> Sketch:
    """What is known of the trade, from wherever it is said.

    Raises:
        InputError, StoreError: Two sources at once, or one that cannot be read.
    """
    if alert is not None and paste is not None:
        raise InputError("--from-alert and --paste at once", hint="take the terms from one of them")
    if alert is not None:
        return from_alert(session, alert, terms, ticker=ticker, dte=dte)
    if paste is not None:
        from positions_cli.asking import order_text

        text = order_text(paste, interactive=interactive)
        return from_order(text, terms, ticker=ticker, dte=dte)
    return typed(terms, ticker=ticker, dte=dte)


def show_first(session: Session, sketch: Sketch) -> None:
    """What was understood of a pasted text, before it is logged."""
    from positions_cli.asking import confirm

    calendar = session.calendar()
    position = build_position(sketch.draft(), position_id=NO_ID, now=session.now, calendar=calendar)
    confirm(logged_text(session, position, calendar, dry_run=True))


def log_position(session: Session, sketch: Sketch, *, dry_run: bool, as_json: bool) -> None:
    """Check the trade, store it, and say what it means. Refused input opens no database."""
    draft = sketch.draft(simulated=session.simulated)
    calendar = session.calendar()
    position = build_position(draft, position_id=NO_ID, now=session.now, calendar=calendar)
    problems = [*sketch.overruled]
    problems += _said_otherwise(draft, position.entry_dte, position.flow_mode)
    problems += [*_unusual(position), _far_from_alert(sketch, position)]
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


def _far_from_alert(sketch: Sketch, position: Position) -> str:
    if sketch.expected is None:
        return ""
    from positions_cli.asking import credit_note

    return credit_note(sketch, position.credit_usd / (position.multiplier * position.contracts))
