"""Options and value types that every command shares.

click's own number types accept `nan`, `inf`, `1_000` and full-width digits: a slip of the
keyboard would become money. These accept plain ASCII decimals only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import click

from monitor.domain.plain_numbers import decimal, whole

F = TypeVar("F", bound=Callable[..., Any])

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Decimal(click.ParamType[float]):
    """A plain decimal number: 285, 285.00, -142.5."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        number = decimal(str(value))
        if number is None:
            self.fail(
                f"{_shown(value)} is not a plain number: write digits with an optional point, "
                "as 1715.00, without $, commas or exponent",
                param,
                ctx,
            )
        return number


class Whole(click.ParamType[int]):
    """A plain whole number."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        number = whole(str(value))
        if number is None:
            self.fail(f"{_shown(value)} is not a whole number: write digits, as 2", param, ctx)
        return number


class Day(click.ParamType[date]):
    """A calendar day, YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            if _DAY.fullmatch(str(value)):
                return date.fromisoformat(str(value))
        except ValueError:
            pass
        self.fail(f"{_shown(value)} is not a date: write YYYY-MM-DD, as 2026-11-25", param, ctx)


class OneOf(click.ParamType[StrEnum]):
    """One member of an enum by its value; a near miss is named."""

    name = "choice"

    def __init__(self, members: Iterable[StrEnum]) -> None:
        self.members = {member.value: member for member in members}

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "|".join(self.members)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> StrEnum:
        found = self.members.get(str(value))
        if found is not None:
            return found
        from difflib import get_close_matches

        near = get_close_matches(str(value).lower(), self.members, n=1, cutoff=0.5)
        advice = f"did you mean {near[0]}?" if near else f"choose {', '.join(self.members)}"
        self.fail(f"{_shown(value)} is not known: {advice}", param, ctx)


DECIMAL = Decimal()
WHOLE = Whole()
DAY = Day()


def _shown(value: object) -> str:
    text = repr(str(value))
    return text if len(text) <= 60 else text[:57] + "…'"


def _or_the_groups(
    context: click.Context, parameter: click.Parameter, value: Path | None
) -> Path | None:
    """The option's value, else what stands before the subcommand."""
    above = context.parent
    while value is None and above is not None:
        value = above.params.get(parameter.name or "")
        above = above.parent
    return value


def home_option(command: F) -> F:
    """`--home`: the folder that holds data/, logs/ and config.toml. A group's own serves its
    commands too: `positions --home X list`."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        callback=_or_the_groups,
        help="Home folder (default: CONDORWATCH_HOME, else the current folder).",
    )(command)


def json_option(command: F) -> F:
    """`--json`: one object for programs instead of text."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def dry_run_option(command: F) -> F:
    """`--dry-run`: check and show, write nothing."""
    return click.option(
        "--dry-run", is_flag=True, help="Check and show what would happen; write nothing."
    )(command)
