"""`positions list`, `show` and `summary`."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.options import home_option, json_option
from monitor.domain.position_warnings import usd
from monitor.domain.positions import Position
from monitor.errors import PositionNotFoundError
from positions_cli.output import say, say_json, terminal_columns, warn
from positions_cli.session import Session, open_session

EMPTY = "no position is logged yet; log one with `positions add` (`positions add --help`)"
NONE_OPEN = "no position is open; `positions list --include-closed` shows the closed ones"


@click.command("list")
@click.option("--include-closed", is_flag=True, help="Also the closed ones.")
@json_option
@home_option
def list_(*, include_closed: bool, as_json: bool, home: Path | None) -> None:
    """Show the open positions, nearest expiration first.

    \b
    Example:
      positions list --include-closed
    """
    session = open_session(home)
    book = priced_book(session)
    shown = [p for p in book if include_closed or not p.closed_at]
    if not shown and not as_json:
        say(NONE_OPEN if book else EMPTY)
        return
    _show_list(session, shown, as_json=as_json)


def _show_list(session: Session, shown: list[Position], *, as_json: bool) -> None:
    calendar = session.calendar() if shown else None
    if as_json or calendar is None:
        from positions_cli.render import position_json

        fields = [] if calendar is None else [position_json(session, p, calendar) for p in shown]
        say_json({"generated_at": session.now, "positions": fields})
    else:
        from positions_cli.listing import list_table

        say(list_table(session, shown, calendar, columns=terminal_columns()))


@click.command()
@click.argument("position_id", metavar="ID")
@json_option
@home_option
def show(*, position_id: str, as_json: bool, home: Path | None) -> None:
    """Show one position in full, with every change made to it.

    \b
    Example:
      positions show a3f8
    """
    from positions_cli.history import change_lines
    from positions_cli.render import position_json, show_text

    session = open_session(home)
    store = session.existing_store()
    if store is None:
        raise PositionNotFoundError(
            f"no position {position_id[:40]!r}: none is logged yet",
            hint="log one with `positions add`",
        )
    (position,) = session.priced(store, [store.get(position_id)])
    events = store.history(position_id)
    calendar = session.calendar()
    if as_json:
        history = [
            {"seq": e.seq, "kind": e.kind, "at": e.at, "undoes": e.undoes,
             "before": e.before, "after": e.after}
            for e in events
        ]  # fmt: skip
        fields = position_json(session, position, calendar)
        say_json({"generated_at": session.now, "position": fields, "history": history})
        return
    say(show_text(session, position, calendar))
    say("  changes:")
    for line in change_lines(session, events):
        say(f"    {line}")


@click.command(short_help="Show counts, risk, results and limits.")
@json_option
@home_option
def summary(*, as_json: bool, home: Path | None) -> None:
    """Show how many positions there are, what they risk, and what they earned.

    \b
    Example:
      positions summary
    """
    from positions_cli.watch import limit_warnings, show_limit, watch

    session = open_session(home)
    book = priced_book(session)
    if not book and not as_json:
        say(EMPTY)
        return
    still_open = [p for p in book if not p.closed_at]
    calendar = session.calendar() if still_open else None
    limits = watch(session, still_open, calendar).limits if calendar else ()
    counted = next((int(v.value) for v in limits if v.unit == "positions"), 0)
    marks = [p.mark.pnl_usd for p in still_open if p.mark]
    fields = {
        "open": len(still_open),
        "closed": len(book) - len(still_open),
        "total_max_loss_usd": sum(p.max_loss_usd for p in still_open),
        "realized_pnl_usd": sum(p.realized_pnl_usd for p in book),
        "unrealized_pnl_usd": None if still_open and not marks else sum(marks, 0.0),
        "marked": len(marks),
        "limits": limits,
    }
    if as_json:
        say_json({"generated_at": session.now, **fields})
        return
    unknown = "unknown" if still_open else usd(0)
    say(f"positions     {len(still_open)} open, {len(book) - len(still_open)} closed")
    say(f"maximum loss  {usd(sum(p.max_loss_usd for p in still_open))} of all open positions")
    say(f"realized      {usd(sum(p.realized_pnl_usd for p in book))}")
    say(
        f"unrealized    {usd(sum(marks)) if marks else unknown} "
        f"({len(marks)} of {len(still_open)} open positions have a P&L)"
    )
    for view in limits:
        state = "BROKEN" if view.breached else "within"
        say(
            f"limit         {view.name}: {show_limit(view, view.value)} "
            f"of {show_limit(view, view.limit)}, {state}"
        )
    settled = len(still_open) - counted
    if settled:
        say(f"{settled} expired: in no limit any more; log the end with `positions close`")
    if calendar:
        warn(limit_warnings(session, still_open, calendar))


def book_of(session: Session) -> tuple[Position, ...]:
    """Every position as it was logged, open ones first; empty where none ever was."""
    store = session.existing_store()
    return () if store is None else store.list_positions(include_closed=True)


def priced_book(session: Session) -> tuple[Position, ...]:
    """The same with the P&L that counts now: logged, or as the monitor last marked it."""
    store = session.existing_store()
    if store is None:
        return ()
    return tuple(session.priced(store, store.list_positions(include_closed=True)))
