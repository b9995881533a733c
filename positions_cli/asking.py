"""What only the person can say: missing terms, and which of its meanings an amount has.

A command that is not typed at a terminal (or wants JSON) is asked nothing: it is refused with
what to give instead.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import takewhile

import click

from monitor.domain.credit_reading import LIKENESS, Reading, Unit, readings
from monitor.domain.instruments import underlying
from monitor.domain.order_text import MAX_TEXT
from monitor.domain.plain_text import plain
from monitor.domain.position_input import check_contracts
from monitor.domain.spreads import widest_wing
from monitor.errors import InputError
from positions_cli.sketch import Sketch

FROM_STDIN = "-"


def completed(sketch: Sketch, *, interactive: bool, yes: bool) -> Sketch:
    """The sketch with its number of contracts, and a credit whose meaning is clear.

    Raises:
        InputError: Something is missing or unclear, and nobody can be asked.
        click.Abort: The person said no.
    """
    if sketch.origin:
        sketch = _with_contracts(sketch, interactive=interactive)
        sketch = _with_credit(sketch, interactive=interactive)
    return _clear_credit(sketch, interactive=interactive, yes=yes)


def _with_contracts(sketch: Sketch, *, interactive: bool) -> Sketch:
    if sketch.terms.contracts is not None:
        return sketch
    if not interactive:
        raise InputError(f"{sketch.origin} does not say how many you sold", hint="give --contracts")
    count = click.prompt("How many contracts", type=click.IntRange(min=1), err=True)
    return replace(sketch, terms=replace(sketch.terms, contracts=count))


def _with_credit(sketch: Sketch, *, interactive: bool) -> Sketch:
    if sketch.terms.price is not None or sketch.terms.credit_usd is not None:
        return sketch
    alerted = "" if sketch.expected is None else f"; the alert said {sketch.expected:g}"
    if not interactive:
        raise InputError(
            f"{sketch.origin} does not say what you were paid{alerted}",
            hint="give --price (points per share) or --credit (dollars for the position)",
        )
    price = click.prompt(f"What were you paid, points per share{alerted}", type=float, err=True)
    return replace(sketch, terms=replace(sketch.terms, price=price))


def _clear_credit(sketch: Sketch, *, interactive: bool, yes: bool) -> Sketch:
    """Read the amount as what it is. As it was said where that can be; else ask or refuse."""
    terms = sketch.terms
    if (terms.price is None) == (terms.credit_usd is None) or terms.contracts is None:
        return sketch  # refused later, with both named
    check_contracts(terms.contracts)
    stated = Unit.POINTS if terms.price is not None else Unit.POSITION
    amount = terms.price if terms.price is not None else terms.credit_usd
    assert amount is not None  # noqa: S101 -- one of them is given
    multiplier = underlying(sketch.ticker).multiplier
    width = widest_wing(terms.strikes) if _complete(sketch) and terms.strikes else None
    found = readings(
        amount,
        stated,
        contracts=terms.contracts,
        multiplier=multiplier,
        width=width,
        expected=sketch.expected,
    )
    if len(found) == 1 and found[0].unit is stated:
        return sketch
    assert width is not None  # noqa: S101 -- without it there is one reading
    chosen = _choose(amount, stated, found, width=width, interactive=interactive, yes=yes)
    return replace(sketch, terms=replace(terms, price=round(chosen.credit, 9), credit_usd=None))


def _complete(sketch: Sketch) -> bool:
    """Whether a width can be taken: each short strike has its long one."""
    t = sketch.terms
    pairs = ((t.short_put, t.long_put), (t.short_call, t.long_call))
    return all((a is None) == (b is None) for a, b in pairs)


def _choose(
    amount: float,
    stated: Unit,
    found: tuple[Reading, ...],
    *,
    width: float,
    interactive: bool,
    yes: bool,
) -> Reading:
    option = "--price" if stated is Unit.POINTS else "--credit"
    if len(found) == 1:
        only = found[0]
        if only.unit is Unit.POINTS:
            question = f"{option} {amount:g} is hardly {stated}: take it as points per share?"
        else:
            means = f"{amount:g} {only.unit} = {only.credit:.4g} points per share"
            question = f"{option} {amount:g}: {means}?"
        if yes or (interactive and click.confirm(question, err=True)):
            return only
    elif interactive:
        return _picked(amount, found)
    can_be = " or ".join(f"{r.unit} ({r.credit:.4g} points)" for r in found)
    prices = " or ".join(f"--price {r.credit:.6g}" for r in found)
    raise InputError(
        f"{option} {amount:g} is hardly {stated} on a width of {width:g} points; "
        f"it can be {can_be}",
        hint=f"say which: {prices} (points per share)"
        + ("; or --yes to take it so" if len(found) == 1 else ""),
    )


def _picked(amount: float, found: tuple[Reading, ...]) -> Reading:
    click.echo(f"{amount:g} can be", err=True)
    for number, reading in enumerate(found, 1):
        click.echo(f"  {number}  {reading.unit}: {reading.credit:.4g} points per share", err=True)
    choice = click.prompt("Which", type=click.IntRange(1, len(found)), err=True)
    return found[choice - 1]


def credit_note(sketch: Sketch, credit: float) -> str:
    """Where the credit is far from the alert's: points per share."""
    expected = sketch.expected
    if expected is None or expected / LIKENESS <= credit <= expected * LIKENESS:
        return ""
    return f"you were paid {credit:.4g} points per share; {sketch.origin} said {expected:.4g}"


def confirm(text: str) -> None:
    """Go on only when the person says yes."""
    click.echo(plain(text, keep="\n"), err=True)
    click.confirm("Log it", default=True, abort=True, err=True)


def order_text(given: str, *, interactive: bool) -> str:
    """The pasted text, or standard input for "-": at a terminal up to an empty line."""
    if given != FROM_STDIN:
        return given
    if not interactive:
        return sys.stdin.read(MAX_TEXT + 1)
    click.echo("Paste the order, then press Enter on an empty line:", err=True)
    return "".join(takewhile(str.strip, iter(sys.stdin.readline, "")))
