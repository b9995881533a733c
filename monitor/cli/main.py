"""`monitor`: the day's loop when called alone, subcommands for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from monitor import __version__
from monitor.cli.group import CommandGroup, main_command
from monitor.cli.options import DECIMAL, WHOLE, OneOf, home_option, json_option
from monitor.domain.vocabulary import Profile

EPILOG = """\b
Examples:
  monitor --source demo                    a simulated session, to look around
  monitor --ticker NDX --trend sideways    run all day, page on http://127.0.0.1:5000
  monitor --once                           one look, then stop
  monitor trend set up                     tell the running monitor
"""


@click.group(
    cls=CommandGroup,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    lazy={
        "replay": "monitor.cli.replay:replay",
        "backtest": "monitor.cli.backtest:backtest",
        "grid": "monitor.cli.grid:grid",
        "alerts": "monitor.cli.alerts:alerts",
        "trend": "monitor.cli.trend:trend",
        "pause": "monitor.cli.pause:pause",
        "resume": "monitor.cli.pause:resume",
        "status": "monitor.cli.status:status",
        "start": "monitor.cli.background:start",
        "stop": "monitor.cli.background:stop",
        "service": "monitor.cli.service:service",
        "backup": "monitor.cli.backup:backup",
        "restore": "monitor.cli.backup:restore",
        "doctor": "monitor.cli.doctor:doctor",
    },
)
@click.option(
    "--ticker", "tickers", multiple=True, metavar="T", help="Underlying; repeatable (NDX)."
)
@click.option("--trend", metavar="up|down|sideways", help="Your own view of the market (sideways).")
@click.option("--scan-interval", type=DECIMAL, metavar="S", help="Seconds between scans (300).")
@click.option("--data-interval", type=DECIMAL, metavar="S", help="Seconds between fetches (60).")
@click.option(
    "--source",
    metavar="yahoo|cboe|auto|demo|replay:PATH",
    help="Where data comes from (auto: Yahoo, then Cboe; never simulated).",
)
@click.option("--profile", type=OneOf(Profile), help="How strict the quality filter is (balanced).")
@click.option("--grid", "grid_file", type=click.Path(path_type=Path), help="Grid file to scan.")
@click.option("--no-dashboard", is_flag=True, help="Do not serve the page.")
@click.option("--port", type=WHOLE, metavar="N", help="Port of the page (5000).")
@click.option("--once", is_flag=True, help="One cycle, a report, and stop.")
@click.option("--max-iterations", type=WHOLE, metavar="N", help="Stop after N cycles.")
@json_option
@home_option
@click.version_option(__version__, prog_name="condorwatch")
@click.pass_context
def monitor(context: click.Context, /, **options: Any) -> None:
    """Watch VIX and price, find spreads worth opening, say when a position must be closed.

    It never sends an order. Without a subcommand it runs all day and serves the page.
    """
    if context.invoked_subcommand is not None:
        _refuse_stray_options(context)
        return
    from monitor.cli.run import run  # heavy: numpy and more
    from monitor.cli.session import RunOptions

    context.exit(run(RunOptions(**options)))


def _refuse_stray_options(context: click.Context) -> None:
    """`monitor --ticker SPX replay …` would silently replay the default ticker."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is click.core.ParameterSource.COMMANDLINE and parameter.name != "home":
            raise click.UsageError(
                f"{parameter.opts[0]} stands before {context.invoked_subcommand!r}: "
                f"options of a subcommand come after it",
                context,
            )


def main() -> None:
    main_command(monitor)


if __name__ == "__main__":
    main()
