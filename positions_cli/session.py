"""What every command needs: where, under which settings, at what instant."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from monitor.clock import NEW_YORK, Clock, SystemClock
from monitor.config import Settings
from monitor.config_load import load_settings
from monitor.errors import ConfigError, PositionNotFoundError
from monitor.home import Home, find_home
from positions_cli.seen import simulated_now

if TYPE_CHECKING:
    from monitor.domain.positions import Position
    from monitor.domain.trading_calendar import TradingCalendar
    from monitor.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What tests replace: the clock, the calendar, the ids, who sits at the keyboard."""

    clock: Clock | None = None  # None: the machine's, or a simulation's own
    calendar: TradingCalendar | None = None
    new_id: Callable[[], str] | None = None
    interactive: bool | None = None  # None: whether standard input is a terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One command's run. The clock was read once: `now`.

    In the home of a demo or a replay it is the simulation's, and what is logged is simulated.
    """

    home: Home
    settings: Settings
    now: datetime
    dependencies: Dependencies
    simulated: bool = False

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        given = self.dependencies.interactive
        return sys.stdin.isatty() if given is None else given

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.hours.display_timezone)

    def calendar(self) -> TradingCalendar:
        """The exchange's sessions, from a small file under data/."""
        if self.dependencies.calendar is not None:
            return self.dependencies.calendar
        from monitor.providers.sessions import load_calendar

        today = self.now.astimezone(NEW_YORK).date()
        return load_calendar(self.home.data, today=today)

    def store(self) -> Store:
        """The database, made where there is none."""
        from monitor.store.store import open_store, random_id

        new_id = self.dependencies.new_id or random_id
        store = open_store(self.home.root, self.settings, new_id=new_id)
        click.get_current_context().call_on_close(store.close)
        return store

    def existing_store(self) -> Store | None:
        """The database for reading; None where nothing was ever logged."""
        from monitor.store.store import open_existing

        store = open_existing(self.home.root, self.settings)
        if store is not None:
            click.get_current_context().call_on_close(store.close)
        return store

    def require_store(self, position_id: str | None) -> Store:
        """The database; a command that needs a position has nothing to do without one."""
        store = self.existing_store()
        if store is None:
            what = "nothing was ever changed" if position_id is None else "none is logged yet"
            raise PositionNotFoundError(
                f"no position {position_id or ''}: {what}".replace(" :", ":"),
                hint="log one with `positions add`",
            )
        return store

    def priced(self, store: Store, positions: Iterable[Position]) -> list[Position]:
        """The positions with the P&L that counts now: logged, or as the monitor last marked it."""
        from monitor.domain.position_changes import priced

        marks = store.newest_marks()
        fresh = timedelta(minutes=self.settings.marks.logged_fresh_min)
        return [priced(p, marks.get(p.id), logged_fresh=fresh, now=self.now) for p in positions]

    def publish(self, store: Store) -> str | None:
        """Write data/positions.json; a failure is a warning, for the change itself is saved."""
        from monitor.export import export_positions

        try:
            export_positions(store.engine, self.home.positions_export, now=self.now)
        except OSError as error:
            return (
                f"saved, but {self.home.positions_export} could not be written: "
                f"{error.strerror or error}"
            )
        return None


def open_session(home: Path | None) -> Session:
    """Find the home folder and read its settings.

    Raises:
        ConfigError: The folder is not there, or a setting is wrong.
    """
    found = find_home(home)
    if not found.root.is_dir():
        raise ConfigError(
            f"the home folder {found.root} is not there",
            hint="make it, or name another with --home or CONDORWATCH_HOME",
        )
    dependencies = click.get_current_context().find_object(Dependencies) or Dependencies()
    simulated = simulated_now(found.snapshot)
    clock = dependencies.clock
    return Session(
        home=found,
        settings=load_settings(found.root),
        now=clock.now() if clock else simulated or SystemClock().now(),
        dependencies=dependencies,
        simulated=simulated is not None,
    )
