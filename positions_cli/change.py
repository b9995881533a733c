"""`positions update`, `close` and `undo`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from monitor.cli.options import DECIMAL, WHOLE, dry_run_option, home_option, json_option
from monitor.domain.position_changes import Closing, closed, marked, noted
from monitor.domain.position_input import check_note, check_pnl
from monitor.domain.position_record import to_record
from monitor.domain.position_warnings import pnl_warning, usd
from monitor.domain.positions import Position
from monitor.domain.vocabulary import PositionStatus
from monitor.errors import InputError, StoreError
from monitor.store.position_events import ChangeKind
from positions_cli.history import differences
from positions_cli.output import say, say_json, warn
from positions_cli.session import Session, open_session
from positions_cli.settle import settled
from positions_cli.words import local, title


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One applied (or, with `dry_run`, only tried) change."""

    before: Position
    after: Position
    problems: list[str]


@click.command(short_help="Note a P&L of now, or add a note.")
@click.argument("position_id", metavar="ID")
@click.option("--pnl", type=DECIMAL, help="Unrealized P&L of the whole position, dollars.")
@click.option("--note", help="One line to add.")
@dry_run_option
@json_option
@home_option
def update(
    *,
    position_id: str,
    pnl: float | None,
    note: str | None,
    dry_run: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Note what a position would earn if you closed it now, or add a note.

    \b
    Example:
      positions update a3f8 --pnl 142.50
    """
    if pnl is None and note is None:
        raise InputError("there is nothing to update", hint="give --pnl, --note or both")
    session = open_session(home)
    text = None if note is None else check_note(note)
    value = None if pnl is None else check_pnl(pnl)

    def change(position: Position) -> Position:
        if value is not None:
            position = marked(position, pnl_usd=value, now=session.now)
        return noted(position, text) if text else position

    done = apply(session, position_id, change, kind=ChangeKind.UPDATE, dry_run=dry_run)
    if value is not None:
        done.problems.append(pnl_warning(done.before, value) or "")
    mark = done.after.mark
    parts = [] if value is None or mark is None else [f"P&L {usd(mark.pnl_usd)}"]
    parts += [] if text is None else ["note added"]
    report(done, ", ".join(parts), dry_run=dry_run, as_json=as_json)


@click.command(short_help="Log that you closed a position or a part.")
@click.argument("position_id", metavar="ID")
@click.option("--pnl", type=DECIMAL, help="P&L of the contracts closed now, dollars.")
@click.option("--settle", is_flag=True, help="Expired: take the P&L the monitor settled it at.")
@click.option("--contracts", type=WHOLE, help="Close only so many; the rest stays open.")
@click.option("--note", help="One line of your own.")
@dry_run_option
@json_option
@home_option
def close(
    *,
    position_id: str,
    pnl: float | None,
    settle: bool,
    contracts: int | None,
    note: str | None,
    dry_run: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Log that you closed a position, or with --contracts a part of it.

    --pnl is the P&L of the contracts closed now. The rest keeps its share of the credit.
    --settle confirms the settlement on paper of an expired position instead.

    \b
    Example:
      positions close a3f8 --pnl 142.50 --note "Profit target hit at 50%"
      positions close a3f8 --settle
    """
    session = open_session(home)
    if settle:
        _refuse_beside_settle(pnl, contracts)
        pnl, said = settled(session, position_id)
        note = said if note is None else note
    if pnl is None:
        raise InputError(
            "there is no outcome to log", hint="give --pnl DOLLARS, or --settle once it expired"
        )
    closing = Closing(
        pnl_usd=check_pnl(pnl),
        contracts=contracts,
        note=None if note is None else check_note(note),
    )
    done = apply(
        session,
        position_id,
        lambda position: closed(position, closing, now=session.now),
        kind=ChangeKind.CLOSE,
        dry_run=dry_run,
    )
    count = contracts or done.before.contracts
    share = count / done.before.contracts
    done.problems.append(pnl_warning(done.before, pnl, share=share) or "")
    text = f"closed {count} of {done.before.contracts} contracts, P&L {usd(pnl)}"
    if done.after.status is PositionStatus.OPEN:
        text += (
            f"; {done.after.contracts} stay open with credit {usd(done.after.credit_usd)} "
            f"and maximum loss {usd(done.after.max_loss_usd)}"
        )
    report(done, text, dry_run=dry_run, as_json=as_json)


def _refuse_beside_settle(pnl: float | None, contracts: int | None) -> None:
    for name, value in (("--pnl", pnl), ("--contracts", contracts)):
        if value is not None:
            raise InputError(
                f"--settle takes the whole outcome as stored; {name} {value:g} contradicts it",
                hint=f"give --settle alone, or leave it out and give {name}",
            )


@click.command(short_help="Take back the newest change.")
@click.argument("position_id", metavar="[ID]", required=False)
@dry_run_option
@json_option
@home_option
def undo(*, position_id: str | None, dry_run: bool, as_json: bool, home: Path | None) -> None:
    """Take back the newest change, of one position (ID) or of all; again for the one before.

    The position is then exactly what it was. An import counts as one change.

    \b
    Example:
      positions undo --dry-run
    """
    session = open_session(home)
    store = session.require_store(position_id)
    events = store.next_undo(position_id)
    if not events:
        raise StoreError("there is nothing to undo")
    problem = None
    if not dry_run:
        store.undo(position_id, at=session.now)
        problem = session.publish(store)
    fields = [{"position_id": e.position_id, "undone": e.kind, "at": e.at} for e in events]
    if as_json:
        say_json({"dry_run": dry_run, "undone": fields, "warnings": [problem] if problem else []})
        return
    verb = "would undo" if dry_run else "undid"
    for event in events:
        what = f"{event.kind.value} of {event.position_id}"
        now_counts = differences(event, taken_back=True)
        say(f"{verb} the {what} from {local(session, event.at)}{now_counts}")
    warn([problem])


def apply(
    session: Session,
    position_id: str,
    change: Callable[[Position], Position],
    *,
    kind: ChangeKind,
    dry_run: bool,
) -> Done:
    """Change one position under the write lock, and export the book."""
    store = session.require_store(position_id)
    if dry_run:
        before = store.get(position_id)
        return Done(before=before, after=change(before), problems=[])
    result = store.change(position_id, change, kind=kind, at=session.now)
    assert result.before is not None  # noqa: S101 -- a change of one that exists
    assert result.after is not None  # noqa: S101 -- and it still does
    problem = session.publish(store)
    return Done(before=result.before, after=result.after, problems=[problem or ""])


def report(done: Done, text: str, *, dry_run: bool, as_json: bool) -> None:
    """Say what was changed."""
    problems = [p for p in done.problems if p]
    if as_json:
        record = to_record(done.after)
        say_json({"dry_run": dry_run, "position": record, "warnings": problems})
        return
    would = "would change " if dry_run else ""
    say(f"{would}{done.after.id} {title(done.after)}: {text or 'unchanged'}")
    warn(problems)
