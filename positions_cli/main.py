"""`positions`: the book of option positions the person opened by hand."""

from __future__ import annotations

import atexit
import gc
from pathlib import Path
from typing import NoReturn

import click

from monitor.cli.group import CommandGroup, main_command
from monitor.cli.options import home_option

GARBAGE_EVERY = 100_000  # allocations; a short-lived command spends a tenth of its life on it

_COMMANDS = {
    "add": "positions_cli.add:add",
    "whatif": "positions_cli.whatif:whatif",
    "update": "positions_cli.change:update",
    "close": "positions_cli.change:close",
    "list": "positions_cli.view:list_",
    "show": "positions_cli.view:show",
    "summary": "positions_cli.view:summary",
    "edit": "positions_cli.edit:edit",
    "undo": "positions_cli.change:undo",
    "import": "positions_cli.transfer:import_",
    "export": "positions_cli.transfer:export",
}


@click.group(
    cls=CommandGroup,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="condorwatch")
@home_option
def cli(home: Path | None) -> None:
    """Log and follow the credit spreads you opened by hand. Nothing is sent to any broker.

    An ID may be cut to its first characters, as long as they name one position.

    \b
    Example:
      positions add --dte 3 --spread put_spread --contracts 1 --credit 150 \\
          --short-put 19800 --long-put 19700
      positions list
    """


def main() -> NoReturn:
    """Run as the whole program."""
    gc.set_threshold(GARBAGE_EVERY)
    # Taking the libraries apart object by object would be a fifth of the whole run.
    atexit.register(gc.freeze)
    main_command(cli)
