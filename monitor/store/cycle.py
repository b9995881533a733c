"""One cycle's reading and writing of the database, in one transaction.

The decision runs inside it, so that an alert acknowledged or a position closed in between is
never overwritten. Network and files stay outside.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

import msgspec
from sqlalchemy import Connection, Engine, func, insert, select

from monitor.clock import new_york_midnight
from monitor.domain.alerts import AlertRecord
from monitor.domain.mark_memory import MarkMemory
from monitor.domain.opportunities import opportunity_view
from monitor.domain.positions import Position
from monitor.domain.scan_step import told
from monitor.domain.snapshot import AlertView
from monitor.domain.step import CycleResult
from monitor.domain.vocabulary import PositionStatus, Trend
from monitor.errors import StoreUnavailableError
from monitor.store import alerts as alert_store
from monitor.store import controls, position_events
from monitor.store import marks as mark_store
from monitor.store.engine import read, write
from monitor.store.position_rows import list_positions
from monitor.store.schema import opportunities, positions, regime_changes

KEEP_DAYS = 90
# Made once: every cycle runs it.
_CLOSED = select(func.count(), func.coalesce(func.sum(positions.c.realized_pnl_usd), 0.0)).where(
    positions.c.status == PositionStatus.CLOSED.value
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database says at the start of a cycle."""

    positions: tuple[Position, ...]
    alerts: Mapping[str, AlertRecord]
    next_alert_number: int
    trend: Trend | None
    mark_memories: Mapping[str, MarkMemory]  # of open positions that the caller did not know
    paused_since: datetime | None = None
    told_today: int = 0  # alerts since the New York day began, INFO aside


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A cycle's decision once it is committed, and what the snapshot shows beside it."""

    result: CycleResult
    recent_alerts: tuple[AlertView, ...]
    closed_positions: int
    realized_closed_usd: float
    book_version: int  # rises with every change of any position, by whatever process


@dataclass(slots=True)
class CycleStore:
    """The monitor's way into the database."""

    engine: Engine
    pruned_on: date | None = None

    def open_positions(self) -> tuple[Position, ...]:
        """What is held now; a cycle fetches its chains before it decides."""
        with read(self.engine) as connection:
            return list_positions(connection)

    def mark_history(self, position_id: str) -> list[tuple[int, float, float | None, float | None]]:
        """UTC epoch seconds, P&L and its range in dollars, oldest first."""
        with read(self.engine) as connection:
            found = mark_store.history(connection, position_id)
        return [(int(at.timestamp()), pnl, low, high) for at, pnl, low, high in found]

    def run(
        self,
        decide: Callable[[Known], CycleResult],
        *,
        now: datetime,
        channels: Sequence[str],
        remembered: Collection[str] = (),
        keep_days: int = KEEP_DAYS,
    ) -> Saved:
        """Load, decide and save; nothing is kept when any of it fails.

        A connection that breaks on the way is tried once more: the decision is made anew from
        what the database then says, so nothing is told twice.

        Args:
            remembered: Ids of the positions whose marks the caller remembers itself.
            keep_days: Marks of positions closed longer ago are deleted, once a day.
        """
        wanted = partial(
            self._run, decide, now=now, channels=channels, remembered=remembered,
            keep_days=keep_days,
        )  # fmt: skip
        try:
            return wanted()
        except StoreUnavailableError:
            return wanted()

    def _run(
        self,
        decide: Callable[[Known], CycleResult],
        *,
        now: datetime,
        channels: Sequence[str],
        remembered: Collection[str],
        keep_days: int,
    ) -> Saved:
        with write(self.engine) as connection:
            self._prune(connection, now, keep_days)
            open_ones = list_positions(connection)
            new = {p.id for p in open_ones} - set(remembered)
            known = Known(
                positions=open_ones,
                mark_memories=mark_store.load_memories(connection, new),
                alerts=alert_store.load_living(connection),
                next_alert_number=alert_store.next_number(connection),
                trend=controls.trend_set(connection),
                paused_since=controls.paused_since(connection),
                told_today=alert_store.told_since(connection, new_york_midnight(now)),
            )
            result = decide(known)
            self._save(connection, result, now=now, channels=channels)
            closed, realized = _closed(connection)
            return Saved(
                result=result,
                recent_alerts=alert_store.recent(connection),
                closed_positions=closed,
                realized_closed_usd=realized,
                book_version=position_events.newest(connection),
            )

    def _prune(self, connection: Connection, now: datetime, keep_days: int) -> None:
        if self.pruned_on != now.date():
            self.pruned_on = now.date()
            mark_store.prune(connection, before=mark_store.keep_from(now, keep_days))

    def _save(
        self, connection: Connection, result: CycleResult, *, now: datetime, channels: Sequence[str]
    ) -> None:
        alert_store.save(connection, result.alerts, channels=channels)
        controls.put(connection, controls.HEARTBEAT, now.isoformat(), at=now)
        change = result.regime_change
        if change is not None and result.scope.covers(None):
            connection.execute(
                insert(regime_changes).values(
                    at=now,
                    previous=change.previous.value if change.previous else None,
                    regime=change.current.value,
                    vix=change.vix.price,
                    vix_asof=change.vix.asof,
                    vix_source=change.vix.source,
                )
            )
        self._save_opportunities(connection, result, now)
        mark_store.save(connection, result.mark_rows, result.settlements, at=now)

    def _save_opportunities(
        self, connection: Connection, result: CycleResult, now: datetime
    ) -> None:
        """Every configuration of an opportunity alert that was told now, as it was then."""
        if not result.scanned:
            return
        numbers = {n.alert_number for n in result.alerts.notices}
        records = {r.condition.key: r for r in result.alerts.records if r.number in numbers}
        keys = told(result.state.scans, records, now=now)
        rows = [
            {
                "ticker": pick.ticker,
                "scanned_at": now,
                "config": pick.key,
                "alert_id": keys[pick.key].alert_id,
                "data": msgspec.to_builtins(opportunity_view(pick, told=keys[pick.key], now=now)),
            }
            for scan in result.state.scans.values()
            for pick in scan.alerted
            if pick.key in keys
        ]
        if rows:
            connection.execute(insert(opportunities), rows)


def _closed(connection: Connection) -> tuple[int, float]:
    row = connection.execute(_CLOSED).one()
    return int(row[0]), float(row[1])
