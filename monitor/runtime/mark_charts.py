"""The P&L of each open position over time, as small files for the page.

Seeded from the stored marks after a start. Written as the price charts are: once a second at
most. A position that is closed loses its file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from monitor.domain.mark_memory import MarkRow
from monitor.domain.position_watch import WatchedPosition
from monitor.runtime.atomic_file import write_atomic
from monitor.runtime.charts import MAX_POINTS, SPACING_S

Point = tuple[int, float, float | None, float | None]  # UTC epoch seconds; P&L, low, high in $
PREFIX = "position-"
_ID = re.compile(r"[0-9a-f]{1,32}", re.ASCII)


@dataclass(slots=True)
class MarkCharts:
    """Keeps `data/charts/position-<id>.json` up to date.

    Args:
        history: What is stored of one position, oldest first.
        monotonic: Real seconds, whatever the cycle's own clock says.
    """

    folder: Path
    simulated: bool
    history: Callable[[str], Sequence[Point]]
    monotonic: Callable[[], float] = time.monotonic
    _points: dict[str, list[Point]] = field(default_factory=dict)
    _waiting: dict[str, WatchedPosition] = field(default_factory=dict)
    _written_at: float | None = None
    _swept: bool = False

    def update(
        self, watched: Sequence[WatchedPosition], rows: Sequence[MarkRow], now: datetime
    ) -> None:
        """Add this cycle's marks; write the files unless that was done a moment ago."""
        new = {row.position_id: row for row in rows}
        self._forget({w.position.id for w in watched})
        for one in watched:
            id_ = one.position.id
            if not _ID.fullmatch(id_):
                continue
            if id_ not in self._points:  # its row of this cycle is stored already
                self._points[id_] = list(self.history(id_))
                self._waiting[id_] = one
            elif id_ in new:
                self._points[id_].append(point_of(new[id_]))
                self._waiting[id_] = one
        if self._written_at is None or self.monotonic() - self._written_at >= SPACING_S:
            self.write(now)

    def write(self, now: datetime) -> None:
        """Write what was added since the last time."""
        self._written_at = self.monotonic()
        for id_, watched in self._waiting.items():
            write_atomic(self.folder / f"{PREFIX}{id_}.json", self._encode(watched, now))
        self._waiting.clear()

    def _forget(self, open_ids: set[str]) -> None:
        for id_ in self._points.keys() - open_ids:
            del self._points[id_]
            self._waiting.pop(id_, None)
            (self.folder / f"{PREFIX}{id_}.json").unlink(missing_ok=True)
        if not self._swept:
            self._swept = True
            for path in self.folder.glob(f"{PREFIX}*.json"):
                if path.stem.removeprefix(PREFIX) not in open_ids:
                    path.unlink(missing_ok=True)

    def _encode(self, watched: WatchedPosition, now: datetime) -> bytes:
        position, exits = watched.position, watched.exits
        return msgspec.json.encode(
            {
                "schema_version": 1,
                "position_id": position.id,
                "ticker": position.ticker,
                "generated_at": now,
                "simulated": self.simulated or position.simulated,
                "credit_usd": position.credit_usd,
                "target_usd": exits.target_usd if exits else None,
                "stop_usd": exits.stop_usd if exits else None,
                "pnl": thinned(self._points[position.id]),
            }
        )


def point_of(row: MarkRow) -> Point:
    return int(row.at.timestamp()), row.pnl_usd, row.low_usd, row.high_usd


def thinned(points: Sequence[Point]) -> list[Point]:
    """At most 400, oldest first, the newest always among them."""
    step = -(-len(points) // MAX_POINTS) or 1
    return list(points[::-step][::-1])
