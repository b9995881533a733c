"""README tells the truth: settings, commands and links."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from dashboard.main import cli as dashboard
from monitor.cli.main import monitor
from positions_cli.main import cli as positions

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_settings_table_is_the_declaration() -> None:
    printed = subprocess.run(
        [sys.executable, ROOT / "tools" / "settings_table.py"],
        capture_output=True, text=True, check=True, encoding="utf-8",
    ).stdout  # fmt: skip
    table = README.split("<!-- settings: made by tools/settings_table.py -->\n")[1]
    assert table.split("<!-- end of settings -->")[0] == printed


@pytest.mark.parametrize(("program", "group"), [("monitor", monitor), ("positions", positions)])
def test_every_command_is_named(program: str, group: click.Group) -> None:
    context = click.Context(group)
    for name in group.list_commands(context):
        assert f"{program} {name}" in README or f"`{name}`" in README, name


def test_every_command_named_exists() -> None:
    names = {name for g in (monitor, positions) for name in g.list_commands(click.Context(g))}
    for program, word in re.findall(r"`?\b(monitor|positions) ([a-z]+)\b", README):
        if f"`{program} {word}" in README:
            assert word in names, f"{program} {word}"


def test_every_relative_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_option_of_the_commands_has_help() -> None:
    def walk(command: click.Command) -> None:
        context = click.Context(command)
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name != "help":
                assert parameter.help, f"{command.name} {parameter.opts}"
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                assert inner.help, f"{command.name} {name}"
                walk(inner)

    for command in (monitor, positions, dashboard):
        walk(command)
