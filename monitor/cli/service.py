"""`monitor service`: run at log-in and after a crash, by the machine's own service manager."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from monitor.cli.group import CommandGroup
from monitor.cli.options import home_option
from monitor.config_load import load_settings
from monitor.errors import ConfigError, MonitorError
from monitor.home import find_home
from monitor.service.definitions import (
    NAME,
    Definition,
    Job,
    launchd_agent,
    shown,
    systemd_unit,
    windows_task,
)

MANAGERS = ("systemd", "launchd", "windows")
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show the file and the commands; write and run nothing."
)
manager_option = click.option(
    "--manager", type=click.Choice(MANAGERS), help="Which one (this machine's own)."
)


@click.group(cls=CommandGroup, no_args_is_help=True)
def service() -> None:
    """Run the monitor at log-in and again after a crash: systemd, launchd, Task Scheduler.

    \b
    Example:
      monitor service install --dry-run -- --ticker NDX --trend sideways
    """


@service.command()
@dry_run_option
@manager_option
@home_option
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def install(
    dry_run: bool, manager: str | None, home: Path | None, options: tuple[str, ...]
) -> None:
    """Install and start the service; what stands after `--` are options of `monitor`.

    Example: monitor service install -- --ticker NDX --trend sideways
    """
    made = _definition(home, manager, options)
    if dry_run:
        click.echo(f"# {made.path}\n{made.text}")
        _show_commands(made.install)
        return
    path = Path(made.path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.text, "utf-8")
    except OSError as error:
        raise MonitorError(f"{path} cannot be written: {error.strerror}") from error
    _run_all(made.install)
    click.echo(f"installed {path} and started; {made.note}")


@service.command()
@dry_run_option
@manager_option
@home_option
def uninstall(dry_run: bool, manager: str | None, home: Path | None) -> None:
    """Stop the service and remove it; the home's files stay.

    Example: monitor service uninstall
    """
    made = _definition(home, manager, ())
    if dry_run:
        _show_commands((*made.uninstall, ("rm", str(made.path))))
        return
    path = Path(made.path)
    if not path.exists():
        raise MonitorError(f"{path} is not there: no service of ours is installed")
    _run_all(made.uninstall)
    path.unlink()
    click.echo(f"stopped and removed {path}")


@service.command()
@manager_option
@home_option
def status(manager: str | None, home: Path | None) -> None:
    """Ask the service manager; `monitor status` says whether it watches.

    Example: monitor service status
    """
    made = _definition(home, manager, ())
    if not Path(made.path).exists():
        raise MonitorError(
            f"no service is installed ({made.path} is not there)",
            hint="`monitor service install` makes one",
        )
    raise click.exceptions.Exit(_run(made.status))


def _definition(home: Path | None, manager: str | None, options: tuple[str, ...]) -> Definition:
    found = find_home(home)
    job = Job(
        python=sys.executable,
        home=found.root,
        options=options,
        data_interval_s=load_settings(found.root).scanning.data_interval,
    )
    user = Path.home()
    match manager or _own_manager():
        case "systemd":
            config = Path(os.environ.get("XDG_CONFIG_HOME") or user / ".config")
            return systemd_unit(job, config / "systemd" / "user")
        case "launchd":
            return launchd_agent(job, user / "Library" / "LaunchAgents")
        case _:
            return windows_task(job, found.data)


def _own_manager() -> str:
    if sys.platform == "darwin":
        return "launchd"
    if sys.platform == "win32":
        return "windows"
    if Path("/run/systemd/system").exists():
        return "systemd"
    raise ConfigError(
        "no service manager was found on this machine (systemd does not run)",
        hint=f"`monitor start` runs {NAME} in the background; --manager shows another's file",
    )


def _show_commands(commands: Sequence[Sequence[str]]) -> None:
    for command in commands:
        click.echo(shown(command))


def _run_all(commands: Sequence[Sequence[str]]) -> None:
    for command in commands:
        if code := _run(command):
            raise MonitorError(f"`{shown(command)}` ended with exit code {code}")


def _run(command: Sequence[str]) -> int:
    try:
        return subprocess.run(command, check=False).returncode  # noqa: S603 -- our own commands
    except FileNotFoundError as error:
        raise ConfigError(
            f"{command[0]} is not on this machine", hint="--manager names another, with --dry-run"
        ) from error
