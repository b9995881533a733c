"""`dashboard`: serve the page alone, beside a monitor that runs elsewhere on this machine."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Any

import click

from dashboard.serve import page_server
from dashboard.snapshot_source import FileSnapshotSource
from monitor.cli.group import fail, fail_usage
from monitor.cli.options import WHOLE, home_option
from monitor.clock import SystemClock
from monitor.config_load import load_settings
from monitor.errors import MonitorError
from monitor.home import find_home


class PageCommand(click.Command):
    """One command without subcommands, with the error mapping of the others."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MonitorError as error:
            fail(error, as_json=False)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            fail_usage(error, as_json=False)


@click.command(cls=PageCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--host",
    metavar="ADDRESS",
    help="Address to listen on (127.0.0.1); beyond this machine only with dashboard.token.",
)
@click.option("--port", type=WHOLE, metavar="N", help="Port of the page (5000); 0: any free one.")
@home_option
@click.version_option(package_name="condorwatch")
def cli(host: str | None, port: int | None, home: Path | None) -> None:
    """Show what the monitor knows in a browser on this machine.

    The page reads data/dashboard_data.json under the home folder. It fetches nothing and
    scans nothing, so it needs a running `monitor` to be fresh, and says STALE without one.

    \b
    Examples:
      dashboard
      dashboard --port 5001 --home ~/condorwatch
    """
    folder = find_home(home).root
    settings = load_settings(folder, flags={"dashboard.host": host, "dashboard.port": port})
    server = page_server(
        FileSnapshotSource(folder),
        SystemClock(),
        host=settings.dashboard.host,
        port=settings.dashboard.port,
        token=settings.dashboard.token,
        names=settings.dashboard.names,
    )
    server.start()
    if server.warning:
        click.echo(f"warning: {server.warning}", err=True)
    click.echo(f"Page on {server.url} (shows {folder}; Ctrl-C ends it)")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        server.wait()
    except KeyboardInterrupt:
        click.echo("Page stopped.")
    finally:
        server.stop()


def main() -> None:
    """Run as the whole program."""
    cli.main(prog_name="dashboard")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
