"""`positions import` and `export`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from monitor.cli.options import dry_run_option, home_option, json_option
from monitor.domain.plain_text import plain
from monitor.domain.position_import import ImportRow, parse_row
from monitor.domain.positions import Position
from monitor.errors import InputError, MonitorError, StoreError
from monitor.export import encode_document, positions_document
from monitor.runtime.atomic_file import write_atomic
from monitor.store.store import random_id
from positions_cli.book_file import read_csv, read_json, to_csv
from positions_cli.output import say, say_json, warn
from positions_cli.session import Session, open_session
from positions_cli.view import book_of
from positions_cli.watch import limit_warnings, warnings_of

FORMATS = click.Choice(["csv", "json"])
MAX_BYTES = 50_000_000
SHOWN_ERRORS = 10
STANDARD = Path("-")


@click.command("import", short_help="Take positions from a CSV or JSON file.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE")
@click.option("--format", "format_", type=FORMATS, help="Default: by the file's ending.")
@dry_run_option
@json_option
@home_option
def import_(
    *, file: Path, format_: str | None, dry_run: bool, as_json: bool, home: Path | None
) -> None:
    """Take positions from a CSV or JSON file, all of them or none ("-": standard input).

    Every row is checked first. Positions that are there already, unchanged, are passed over.

    \b
    Example:
      positions export --format csv book.csv
      positions import book.csv --dry-run
    """
    session = open_session(home)
    rows = _read(file, _format(file, format_))
    found = _checked(session, rows)
    store = session.existing_store() if dry_run else session.store()
    new = _unknown(found, store.list_positions(include_closed=True) if store else ())
    problems: list[str] = []
    if store is not None and new and not dry_run:
        store.import_all(new, at=session.now)
        problems += [session.publish(store) or ""]
    problems += _warnings(session, new, book_of(session))
    problems = [p for p in problems if p]
    passed = len(found) - len(new)
    if as_json:
        ids = [p.id for p in new]
        say_json({"dry_run": dry_run, "imported": ids, "unchanged": passed, "warnings": problems})
        return
    there = f", {passed} there already" if passed else ""
    say(f"{'would import' if dry_run else 'imported'} {len(new)} positions{there}")
    warn(problems)


@click.command(short_help="Write all positions as CSV or JSON.")
@click.argument(
    "file", type=click.Path(path_type=Path, allow_dash=True), metavar="[FILE]", default=STANDARD
)
@click.option("--format", "format_", type=FORMATS, help="Default: by the ending, else json.")
@home_option
def export(*, file: Path, format_: str | None, home: Path | None) -> None:
    """Write all positions, closed ones too, as CSV or JSON; without FILE to standard output.

    \b
    Example:
      positions export --format csv book.csv
    """
    session = open_session(home)
    book = book_of(session)
    chosen = format_ or ("csv" if file.suffix.lower() == ".csv" else "json")
    if chosen == "csv":
        # the mark tells spreadsheets that it is UTF-8; line ends stay as they are
        data = plain(to_csv(book), keep="\n").encode("utf-8-sig")
    else:
        data = encode_document(positions_document(book, now=session.now))
    if file == STANDARD:
        click.echo(data.removeprefix(b"\xef\xbb\xbf"), nl=False)
        return
    try:
        write_atomic(file, data, durable=True)
    except OSError as error:
        raise StoreError(
            f"{file} could not be written: {error.strerror or error}",
            hint="name another file, or leave it out to print",
        ) from error
    click.echo(f"wrote {len(book)} positions to {plain(str(file))}", err=True)


def _format(file: Path, given: str | None) -> str:
    chosen = given or file.suffix.lower().removeprefix(".")
    if chosen not in {"csv", "json"}:
        raise InputError(
            f"{str(file)!r}: the ending does not say what it is", hint="give --format csv or json"
        )
    return chosen


def _read(file: Path, chosen: str) -> list[ImportRow]:
    try:
        if file == STANDARD:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with file.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise InputError(f"{str(file)!r} is larger than {MAX_BYTES // 1_000_000} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{str(file)!r}, line {line}: it is not UTF-8", hint="save it as UTF-8 and try again"
        ) from error
    return read_csv(text) if chosen == "csv" else read_json(text)


def _checked(session: Session, rows: Sequence[ImportRow]) -> list[Position]:
    """Every row as a position; one refusal that names all bad rows."""
    calendar, new_id = session.calendar(), session.dependencies.new_id or random_id
    found, errors = [], []
    ids: dict[str, str] = {}
    for row in rows:
        try:
            one = parse_row(row, new_id=_free(new_id, ids), now=session.now, calendar=calendar)
        except MonitorError as error:
            errors.append(error.message)
            continue
        if one.id in ids:
            errors.append(f"{row.where}, column id: {one.id} stands at {ids[one.id]} too")
        ids[one.id] = row.where
        found.append(one)
    if errors:
        more = len(errors) - SHOWN_ERRORS
        text = "\n  ".join(errors[:SHOWN_ERRORS]) + (f"\n  and {more} more" if more > 0 else "")
        raise InputError(text, hint="nothing was imported; correct the file and try again")
    return found


def _free(new_id: Callable[[], str], taken: dict[str, str]) -> str:
    while (candidate := new_id()) in taken:
        pass
    return candidate


def _unknown(found: Sequence[Position], book: Sequence[Position]) -> list[Position]:
    """Those the book does not have; one it has differently is refused."""
    known = {position.id: position for position in book}
    changed = [p.id for p in found if p.id in known and p != known[p.id]]
    if changed:
        raise InputError(
            f"the book has {len(changed)} of these ids with other values: {', '.join(changed[:8])}",
            hint="nothing was imported; remove these rows, or clear their id to add them anew",
        )
    return [p for p in found if p.id not in known]


def _warnings(session: Session, new: Sequence[Position], book: Sequence[Position]) -> list[str]:
    calendar = session.calendar()
    own = [f"{p.id}: {text}" for p in new if not p.closed_at for text in warnings_of(session, p)]
    return own + limit_warnings(session, book, calendar)
