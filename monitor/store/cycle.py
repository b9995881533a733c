"""One cycle's reading and writing of the database, in one transaction.

The decision runs inside it, so that an alert acknowledged or a position closed in between is
never overwritten. Network and files stay outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, Engine, func, insert, select

from monitor.clock import new_york_midnight
from monitor.domain.alerts import AlertRecord
from monitor.domain.opportunities import opportunity_view
from monitor.domain.positions import Position
from monitor.domain.scan_step import told
from monitor.domain.snapshot import AlertView
from monitor.domain.step import CycleResult
from monitor.domain.vocabulary import PositionStatus, Trend
from monitor.errors import StoreUnavailableError
from monitor.store import alerts as alert_store
from monitor.store import controls, position_events
from monitor.store.engine import read, write
from monitor.store.position_rows import list_positions
from monitor.store.schema import marks, opportunities, positions, regime_changes

# Made once: every cycle runs them.
_NEWEST_MARKS = select(marks.c.position_id, func.max(marks.c.at).label("newest")).group_by(
    marks.c.position_id
)
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

    def open_positions(self) -> tuple[Position, ...]:
        """What is held now; a cycle fetches its chains before it decides."""
        with read(self.engine) as connection:
            return list_positions(connection)

    def run(
        self,
        decide: Callable[[Known], CycleResult],
        *,
        now: datetime,
        channels: Sequence[str],
    ) -> Saved:
        """Load, decide and save; nothing is kept when any of it fails.

        A connection that breaks on the way is tried once more: the decision is made anew from
        what the database then says, so nothing is told twice.
        """
        try:
            return self._run(decide, now=now, channels=channels)
        except StoreUnavailableError:
            return self._run(decide, now=now, channels=channels)

    def _run(
        self,
        decide: Callable[[Known], CycleResult],
        *,
        now: datetime,
        channels: Sequence[str],
    ) -> Saved:
        with write(self.engine) as connection:
            known = Known(
                positions=list_positions(connection),
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
        self._save_marks(connection, result)

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

    def _save_marks(self, connection: Connection, result: CycleResult) -> None:
        """P&L readings that are newer than the last one kept: the mark history."""
        marked = [(w.position.id, m) for w in result.watch.watched if (m := w.position.mark)]
        if not marked:
            return
        seen = {row.position_id: row.newest for row in connection.execute(_NEWEST_MARKS)}
        rows = [
            {"position_id": id_, "at": m.asof, "pnl_usd": m.pnl_usd, "source": m.source}
            for id_, m in marked
            if id_ not in seen or m.asof > seen[id_]
        ]
        if rows:
            connection.execute(insert(marks), rows)


def _closed(connection: Connection) -> tuple[int, float]:
    row = connection.execute(_CLOSED).one()
    return int(row[0]), float(row[1])
