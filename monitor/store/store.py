"""The store as the shell uses it: one engine on a database of the right version.

What changes positions is imported where it is used: `positions list` starts without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from monitor.config import Settings
from monitor.domain.positions import Position
from monitor.errors import StoreError
from monitor.store import position_rows
from monitor.store.backup import daily_backup
from monitor.store.database_file import absent
from monitor.store.engine import database_url, open_engine, read, sqlite_path, write
from monitor.store.migrate import check_integrity, ensure_schema, unreadable

if TYPE_CHECKING:
    from monitor.store.position_events import ChangeKind, PositionEvent
    from monitor.store.positions import Change

IdFactory = Callable[[], str]
ID_TRIES = 20


def random_id() -> str:
    """Eight hexadecimal digits."""
    import secrets  # needs OpenSSL: only for writing, `positions list` starts without

    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Store:
    """Each method is one transaction. `home` is the home folder the files lie under."""

    engine: Engine
    home: Path
    new_id: IdFactory = random_id

    @property
    def positions_json(self) -> Path:
        return self.home / "data" / "positions.json"

    def close(self) -> None:
        self.engine.dispose()

    def check(self, *, now: datetime) -> None:
        """Once at a long-running start: read the whole file, then keep today's backup.

        Raises:
            StoreCorruptError: Something in it is broken; it is kept as it is.
        """
        check_integrity(self.engine)
        self.daily_copy(now)

    def daily_copy(self, now: datetime) -> None:
        """Today's backup, unless there is one; a database server has its own."""
        path = sqlite_path(self.engine)
        if path is not None:
            daily_backup(path, now=now)

    def list_positions(self, *, include_closed: bool = False) -> tuple[Position, ...]:
        """Open positions, nearest expiration first; closed ones after them when asked for."""
        with read(self.engine) as connection:
            return position_rows.list_positions(connection, include_closed=include_closed)

    def get(self, prefix: str) -> Position:
        """The position whose id begins with `prefix`; raises PositionNotFoundError."""
        with read(self.engine) as connection:
            return position_rows.get_position(connection, prefix)

    def history(self, prefix: str) -> tuple[PositionEvent, ...]:
        """Every change of one position, oldest first."""
        from monitor.store import position_events

        with read(self.engine) as connection:
            found = position_rows.get_position(connection, prefix)
            return position_events.history(connection, found.id)

    def add(self, build: Callable[[str], Position], *, at: datetime) -> Position:
        """Log a new position; `build` is given its id."""
        from monitor.store import position_events, positions

        with write(self.engine) as connection:
            position = build(self._free_id(position_events.used_ids(connection)))
            positions.insert_positions(
                connection, [position], kind=position_events.ChangeKind.ADD, at=at
            )
        return position

    def import_all(self, new: Iterable[Position], *, at: datetime) -> None:
        """Log many positions, all or none, as one change."""
        from monitor.store import position_events, positions

        with write(self.engine) as connection:
            positions.insert_positions(
                connection, new, kind=position_events.ChangeKind.IMPORT, at=at, batch=random_id()
            )

    def change(
        self,
        prefix: str,
        change: Callable[[Position], Position],
        *,
        kind: ChangeKind,
        at: datetime,
    ) -> Change:
        """Apply a pure change to one position under the write lock."""
        from monitor.store import positions

        with write(self.engine) as connection:
            return positions.change_position(connection, prefix, change, kind=kind, at=at)

    def undo(self, prefix: str | None = None, *, at: datetime) -> tuple[Change, ...]:
        """Take back the newest change that stands, exactly."""
        from monitor.store import positions

        with write(self.engine) as connection:
            return positions.undo(connection, prefix, at=at)

    def next_undo(self, prefix: str | None = None) -> tuple[PositionEvent, ...]:
        """What `undo` would take back now; empty when nothing is left."""
        from monitor.store import position_events

        with read(self.engine) as connection:
            found = None if prefix is None else position_rows.get_position(connection, prefix).id
            return position_events.to_undo(connection, found)

    def _free_id(self, used: frozenset[str]) -> str:
        # ids of positions whose adding was undone are never given again: alerts may name them
        for _ in range(ID_TRIES):
            candidate = self.new_id()
            if candidate not in used:
                return candidate
        raise StoreError(f"no free id for a position was found in {ID_TRIES} tries")


def open_store(
    home: Path, settings: Settings, *, new_id: IdFactory = random_id, durable: bool = True
) -> Store:
    """Open the home's database, creating or upgrading it first where needed.

    Raises:
        StoreCorruptError: The database is bad, empty or of a newer version; it is kept.
        StoreError: It cannot be opened.
    """
    engine = _engine(home, settings, durable=durable)
    try:
        ensure_schema(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, home, new_id)


def open_existing(home: Path, settings: Settings) -> Store | None:
    """The same for a reader: where there is no database yet, none is made."""
    path = sqlite_path(_engine(home, settings))
    try:
        if path is not None and absent(path):
            return None
    except OSError as error:
        raise unreadable(path or home, error) from error
    return open_store(home, settings)


def _engine(home: Path, settings: Settings, *, durable: bool = True) -> Engine:
    url = database_url(home, settings.store.url)
    return open_engine(url, busy_timeout_s=settings.store.busy_timeout_s, durable=durable)
