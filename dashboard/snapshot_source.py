"""Where the page's facts come from: the files the monitor writes. Reads, never fetches or scans.

A snapshot that cannot be read whole is still shown as far as it can: each section and each
entry is decoded for itself, and what fails is named in `SnapshotParts.failed`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from monitor.domain.snapshot import (
    SCHEMA_VERSION,
    AlertView,
    FunnelView,
    HealthView,
    MarketView,
    MonitorView,
    OpportunityView,
    PortfolioView,
    PositionView,
)

MAX_BYTES = 8 * 1024 * 1024  # a hundred times what a snapshot may be; beyond it is not one

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotParts:
    """A snapshot, section by section. `failed` maps a section to why parts of it are missing."""

    generated_at: datetime
    next_due_at: datetime
    monitor: MonitorView
    markets: tuple[MarketView, ...]
    opportunities: tuple[OpportunityView, ...]
    funnel: FunnelView | None
    portfolio: PortfolioView | None
    positions: tuple[PositionView, ...]
    alerts: tuple[AlertView, ...]
    health: HealthView | None
    failed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A readable snapshot: `raw` its bytes, `written_at` when the file was put in place."""

    parts: SnapshotParts
    raw: bytes
    written_at: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The monitor has not written anything yet."""

    path: str
    fingerprint: str = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """There is a file, and it is no snapshot this version understands."""

    path: str
    why: str
    hint: str
    fingerprint: str


Reading = Loaded | Missing | Unreadable


class SnapshotSource(Protocol):
    def read(self) -> Reading:
        """What is known now. Never raises for a bad file: that is a `Reading` too."""
        ...

    def chart(self, name: str) -> bytes | None:
        """JSON bytes of a series, or None: a watched ticker's session so far, or with
        `position-` before its id a position's P&L. `name` is trusted."""
        ...


class FileSnapshotSource:
    """`data/dashboard_data.json` and `data/charts/` under the monitor's home."""

    def __init__(self, home: Path) -> None:
        self._path = home / "data" / "dashboard_data.json"
        self._charts = home / "data" / "charts"
        self._last: tuple[tuple[int, int, int], Reading] | None = None

    def read(self) -> Reading:
        try:
            stat = self._path.stat()
            key = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            last = self._last
            if last is not None and last[0] == key:
                return last[1]
            if stat.st_size > MAX_BYTES:
                return self._unreadable(f"{stat.st_size:,} bytes, more than any snapshot", b"")
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return Missing(path=str(self._path))
        except OSError as error:
            return self._unreadable(str(error.strerror or error), b"")
        reading = self._decode(raw, datetime.fromtimestamp(stat.st_mtime, UTC))
        self._last = (key, reading)
        return reading

    def chart(self, name: str) -> bytes | None:
        try:
            raw = (self._charts / f"{name}.json").read_bytes()
            msgspec.json.decode(raw)
        except (OSError, msgspec.DecodeError):
            return None
        return raw

    def _decode(self, raw: bytes, written_at: datetime) -> Reading:
        try:
            parts = decode_parts(raw)
        except msgspec.DecodeError as error:
            return self._unreadable(str(error), raw)
        return Loaded(parts=parts, raw=raw, written_at=written_at, fingerprint=_fingerprint(raw))

    def _unreadable(self, why: str, raw: bytes) -> Unreadable:
        return Unreadable(
            path=str(self._path),
            why=why,
            hint="The monitor replaces this file at its next cycle. If this stays, look at "
            "logs/monitor.log; the file itself was left as it is.",
            fingerprint=_fingerprint(raw + why.encode()),
        )


def _fingerprint(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=8).hexdigest()


class _Envelope(msgspec.Struct):
    schema_version: int
    generated_at: datetime
    next_due_at: datetime
    monitor: msgspec.Raw
    markets: list[msgspec.Raw]
    opportunities: list[msgspec.Raw]
    funnel: msgspec.Raw
    portfolio: msgspec.Raw
    positions: list[msgspec.Raw]
    alerts: list[msgspec.Raw]
    health: msgspec.Raw


class _Version(msgspec.Struct):
    schema_version: int


def decode_parts(raw: bytes) -> SnapshotParts:
    """Decode a snapshot, keeping every section and entry that is whole.

    Raises:
        msgspec.DecodeError: Not JSON, another schema version, or without its frame
            (times, monitor, the list of sections).
    """
    version = msgspec.json.decode(raw, type=_Version).schema_version
    if version != SCHEMA_VERSION:
        raise msgspec.ValidationError(
            f"schema version {version}, and this page reads version {SCHEMA_VERSION}: "
            "run the monitor and the page from the same release"
        )
    frame = msgspec.json.decode(raw, type=_Envelope)
    failed: dict[str, tuple[str, ...]] = {}
    return SnapshotParts(
        generated_at=_aware(frame.generated_at, "generated_at"),
        next_due_at=_aware(frame.next_due_at, "next_due_at"),
        monitor=msgspec.json.decode(frame.monitor, type=MonitorView),
        markets=_entries(frame.markets, MarketView, "markets", failed),
        opportunities=_entries(frame.opportunities, OpportunityView, "opportunities", failed),
        funnel=_section(frame.funnel, FunnelView, "funnel", failed),
        portfolio=_section(frame.portfolio, PortfolioView, "portfolio", failed),
        positions=_entries(frame.positions, PositionView, "positions", failed),
        alerts=_entries(frame.alerts, AlertView, "alerts", failed),
        health=_section(frame.health, HealthView, "health", failed),
        failed=failed,
    )


def _aware(instant: datetime, name: str) -> datetime:
    if instant.tzinfo is None:
        raise msgspec.ValidationError(f"{name} has no time zone")
    return instant


def _section(
    raw: msgspec.Raw, kind: type[T], name: str, failed: dict[str, tuple[str, ...]]
) -> T | None:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        failed[name] = (str(error),)
        return None


def _entries(
    raws: list[msgspec.Raw], kind: type[T], name: str, failed: dict[str, tuple[str, ...]]
) -> tuple[T, ...]:
    whole: list[T] = []
    broken: list[str] = []
    for raw in raws:
        try:
            whole.append(msgspec.json.decode(raw, type=kind))
        except msgspec.DecodeError as error:
            broken.append(f"{_name_of(raw)}: {error}")
    if broken:
        failed[name] = tuple(broken)
    return tuple(whole)


def _name_of(raw: msgspec.Raw) -> str:
    entry: Any = msgspec.json.decode(raw)
    if isinstance(entry, dict):
        for key in ("id", "ticker"):
            if key in entry:
                return f"{key} {entry[key]}"
    return "an entry"
