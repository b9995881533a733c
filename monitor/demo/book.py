"""Playing the script into the demo's store, session after session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from monitor.clock import NEW_YORK
from monitor.demo.clock import LEAD
from monitor.demo.home import require_demo_home
from monitor.demo.market import DemoMarket
from monitor.demo.script import MARK_SOURCE, NOTE, DemoAction, Kind, demo_script
from monitor.domain.position_changes import Closing, closed, marked
from monitor.domain.positions import Position
from monitor.errors import DomainError
from monitor.home import Home
from monitor.store.position_events import ChangeKind


class PositionStore(Protocol):
    """What the demo needs of `monitor.store.store.Store`."""

    @property
    def home(self) -> Path: ...

    def list_positions(self) -> tuple[Position, ...]: ...

    def add(self, build: Callable[[str], Position], *, at: datetime) -> Position: ...

    def change(
        self,
        prefix: str,
        change: Callable[[Position], Position],
        *,
        kind: ChangeKind,
        at: datetime,
    ) -> object: ...


@dataclass(slots=True)
class DemoBook:
    """The simulated person at the desk: logs, marks and closes what the script says."""

    market: DemoMarket
    ticker: str
    _index: int = field(default=-1, init=False)
    _waiting: tuple[DemoAction, ...] = field(default=(), init=False)

    def step(self, store: PositionStore, now: datetime) -> None:
        """Bring the store up to `now`; a new session first settles what the last one left."""
        index = self._session_index(now)
        if index != self._index:
            settle_left(store, now)
            self._index = index
            self._waiting = demo_script(self.market, ticker=self.ticker, index=index)
        self._waiting = apply_due(self._waiting, store, now)

    def _session_index(self, now: datetime) -> int:
        index = self.market.index(now.astimezone(NEW_YORK).date())
        return index if now >= self.market.session(index).open - LEAD else index - 1


def apply_due(
    actions: Sequence[DemoAction], store: PositionStore, now: datetime
) -> tuple[DemoAction, ...]:
    """Write the actions whose time has come; returns those still to come.

    Of several marks of one position that are due together only the newest is written.

    Raises:
        ConfigError: The store is not the demo's own; nothing was written.
    """
    require_demo_home(Home(store.home))
    due = [action for action in actions if action.at <= now]
    newest_mark = {a.position_id: a for a in due if a.kind is Kind.MARK}
    closing = {a.position_id for a in due if a.kind is Kind.CLOSE}
    for action in due:
        if action.kind is Kind.MARK and (
            action is not newest_mark[action.position_id] or action.position_id in closing
        ):
            continue
        _apply(action, store)
    return tuple(action for action in actions if action.at > now)


def settle_left(store: PositionStore, now: datetime) -> None:
    """Close what the script left open in an earlier session at its last simulated mark.

    What the person logged in the demo stays theirs.
    """
    require_demo_home(Home(store.home))
    for position in store.list_positions():
        if NOTE not in position.notes:
            continue
        pnl = position.mark.pnl_usd if position.mark else 0.0  # never marked: opened just now
        request = Closing(pnl_usd=pnl, note="SIMULATED: the demo's session is over")
        change = partial(closed, closing=request, now=now)
        store.change(position.id, change, kind=ChangeKind.CLOSE, at=now)


def _apply(action: DemoAction, store: PositionStore) -> None:
    if action.kind is Kind.ADD:
        store.add(partial(_with_scripted_id, action), at=action.at)
        return
    if action.pnl_usd is None:
        raise DomainError(f"demo action {action.kind} of {action.position_id} has no P&L")
    if action.kind is Kind.MARK:
        mark = partial(marked, pnl_usd=action.pnl_usd, now=action.at, source=MARK_SOURCE)
        store.change(action.position_id, mark, kind=ChangeKind.UPDATE, at=action.at)
    else:
        request = Closing(pnl_usd=action.pnl_usd, note=action.note)
        change = partial(closed, closing=request, now=action.at)
        store.change(action.position_id, change, kind=ChangeKind.CLOSE, at=action.at)


def _with_scripted_id(action: DemoAction, _offered: str) -> Position:
    """The script's own id, so that two runs of one seed show the same ids."""
    if action.position is None:
        raise DomainError(f"demo action add of {action.position_id} has no position")
    return action.position
