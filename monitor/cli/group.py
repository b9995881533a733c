"""The one `click.Group` of every command: lazy subcommands, error mapping, near misses.

Imports click and the error tree only, so that a quick command starts quickly.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from monitor.domain.plain_text import plain
from monitor.errors import MonitorError

USAGE_EXIT = 2
JSON_FLAG = "--json"


class CommandGroup(click.Group):
    """A group whose errors end with the README's exit codes.

    Args:
        lazy: Subcommand name → "package.module:attribute", imported when it is asked for.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        # in the order of declaration: the way of a position, not the alphabet
        return [*self._lazy, *(name for name in self.commands if name not in self._lazy)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = self._lazy.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            known = self.list_commands(ctx)
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=2, cutoff=0.5)
            advice = f"did you mean {' or '.join(near)}?" if near else f"try {', '.join(known)}"
            raise click.UsageError(f"no command {name!r}: {advice}", ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if not any(arg in self.list_commands(ctx) for arg in args):
                raise
            raise click.UsageError(
                f"{error.option_name} stands before the command: its options come after it", ctx
            ) from error

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run; with `standalone_mode` an error becomes a message and an exit code."""
        given = list(sys.argv[1:] if args is None else args)
        if not standalone_mode:
            return super().main(given, prog_name, complete_var, False, **extra)
        try:
            code = super().main(given, prog_name, complete_var, False, **extra)
        except MonitorError as error:
            fail(error, as_json=JSON_FLAG in given)
        except click.ClickException as error:
            fail_usage(error, as_json=JSON_FLAG in given)
        except click.exceptions.Abort:
            click.echo("stopped; nothing more was done", err=True)
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def main_command(group: click.Group) -> NoReturn:
    """Run a group as the whole program."""
    try:
        group.main()
    finally:
        gc.freeze()  # the program ends: what it still holds need not be searched for garbage
    raise AssertionError("a group in standalone mode always exits")


def fail(error: MonitorError, *, as_json: bool) -> NoReturn:
    """Say what went wrong and what to do, and exit with the error's own code."""
    _say(type(error).__name__.removesuffix("Error"), error.message, error.hint, as_json=as_json)
    sys.exit(error.exit_code)


def fail_usage(error: click.ClickException, *, as_json: bool) -> NoReturn:
    """Say in one line what is wrong with the command line, and exit."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        sys.exit(USAGE_EXIT)
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
    hint = f"`{path} --help` shows what it takes" if path else ""
    _say("Usage", error.format_message(), hint, as_json=as_json)
    sys.exit(error.exit_code)


def _say(kind: str, message: str, hint: str, *, as_json: bool) -> None:
    if as_json:
        error = {"type": kind, "message": message, "hint": hint}
        click.echo(json.dumps({"schema_version": 1, "ok": False, "error": error}))
        return
    click.echo(plain(f"error: {message}", keep="\n"), err=True)
    if hint:
        click.echo(plain(f"  {hint}", keep="\n"), err=True)
