"""`dashboard`: serve the page alone, beside a monitor that runs elsewhere on this machine."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from dashboard.serve import page_server
from dashboard.snapshot_source import FileSnapshotSource
from monitor import __version__
from monitor.clock import SystemClock
from monitor.config import load_settings
from monitor.errors import MonitorError

EPILOG = """\b
Examples:
  dashboard
  dashboard --port 5001 --home ~/condorwatch
"""


@click.command(epilog=EPILOG)
@click.option("--host", help="Loopback address to listen on (default 127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port (default 5000; 0: any free one)."
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder with data/ and logs/ (default: CONDORWATCH_HOME, else the current folder).",
)
@click.version_option(__version__, prog_name="dashboard")
def cli(host: str | None, port: int | None, home: Path | None) -> None:
    """Show what the monitor knows in a browser on this machine.

    The page reads data/dashboard_data.json under the home folder. It fetches nothing and
    scans nothing, so it needs a running `monitor` to be fresh, and says STALE without one.
    """
    folder = (home or Path(os.environ.get("CONDORWATCH_HOME", "."))).expanduser()
    settings = load_settings(folder, flags={"dashboard.host": host, "dashboard.port": port})
    server = page_server(
        FileSnapshotSource(folder),
        SystemClock(),
        host=settings.dashboard.host,
        port=settings.dashboard.port,
    )
    server.start()
    click.echo(f"Page on {server.url} (shows {folder.resolve()}; Ctrl-C ends it)")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        server.wait()
    except KeyboardInterrupt:
        click.echo("Page stopped.")
    finally:
        server.stop()


def main() -> None:
    """Entry point: expected failures become one line on stderr and their exit code."""
    try:
        cli.main(prog_name="dashboard", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except MonitorError as error:
        click.echo(f"Error: {error.message}", err=True)
        if error.hint:
            click.echo(f"Hint: {error.hint}", err=True)
        sys.exit(error.exit_code)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
