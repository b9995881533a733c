"""Processes that change a book, to be raced and killed; started from a clean fork server."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from fakes.positions_book import NOW, put_spread
from monitor.config import Settings
from monitor.domain.position_changes import Closing, closed, marked, noted
from monitor.export import export_positions
from monitor.store.position_events import ChangeKind
from monitor.store.store import open_store

DONE = Closing(pnl_usd=9.0)
PRELOADED = ["fakes.book_writer", "sqlalchemy.dialects.sqlite", "filelock", "monitor.store.upgrade"]


def context() -> ForkServerContext:
    """Processes start in milliseconds, from a server that has no threads."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(PRELOADED)
    return found


class Writer:
    """A process that tells each change once it is done."""

    def __init__(self, work: Callable[..., None], *args: Any) -> None:
        self._heard, told = context().Pipe(duplex=False)
        self.process: ForkServerProcess = context().Process(target=work, args=(told, *args))
        self.process.start()
        told.close()

    def hear(self) -> tuple[str, str]:
        """The next change it acknowledged: what, of which position."""
        said: tuple[str, str] = self._heard.recv()
        return said

    def rest(self) -> list[tuple[str, str]]:
        """All it acknowledged until it ended; a message it was killed in does not count."""
        heard = []
        with suppress(EOFError, OSError):
            while True:
                heard.append(self.hear())
        self.process.join()
        self._heard.close()
        return heard


def add_update_close(told: Connection, home: Path, rounds: int) -> None:
    """Log, mark and close one position after another."""
    store = open_store(home, Settings())
    for _ in range(rounds):
        one = store.add(put_spread, at=NOW).id
        told.send(("add", one))
        export_positions(store.engine, store.positions_json, now=NOW)
        store.change(one, lambda p: marked(p, pnl_usd=9.0, now=NOW), kind=ChangeKind.UPDATE, at=NOW)
        told.send(("update", one))
        store.change(one, lambda p: closed(p, DONE, now=NOW), kind=ChangeKind.CLOSE, at=NOW)
        told.send(("close", one))
    store.close()


def add_notes(told: Connection, home: Path, name: str, rounds: int) -> None:
    """Add notes "name-0", "name-1", … to position a3f8."""
    store = open_store(home, Settings())
    for i in range(rounds):
        note = f"{name}-{i}"
        store.change("a3f8", lambda p, n=note: noted(p, n), kind=ChangeKind.UPDATE, at=NOW)
        told.send(("note", note))
    store.close()


def open_only(told: Connection, home: Path) -> None:
    """Start on a home that has no database yet."""
    open_store(home, Settings()).close()
    told.send(("opened", ""))
