"""The snapshot as Prometheus metrics: unknown is absent, never zero."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from dashboard.snapshot_source import Loaded, Reading, SnapshotParts
from dashboard.view_model import is_stale, page_clock

PREFIX = "condorwatch_"


def render_metrics(reading: Reading, now: datetime) -> bytes:
    """Prometheus text format of what the page knows at `now`."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(reading, now))
    return generate_latest(registry)


def ready(reading: Reading, now: datetime) -> str | None:
    """None while a running monitor is on time; else why not."""
    if not isinstance(reading, Loaded):
        return "no readable snapshot"
    if reading.parts.monitor.state == "stopped":
        return "the monitor was stopped"
    return "the snapshot is stale" if is_stale(reading.parts, page_clock(reading, now)) else None


class _Snapshot(Collector):
    def __init__(self, reading: Reading, now: datetime) -> None:
        self._reading = reading
        self._now = now

    def collect(self) -> Iterator[Metric]:
        up = 1.0 if ready(self._reading, self._now) is None else 0.0
        yield _gauge("up", "1 while a running monitor is on time", up)
        if isinstance(self._reading, Loaded):
            parts = self._reading.parts
            age = page_clock(self._reading, self._now) - parts.generated_at
            yield _gauge("snapshot_age_seconds", "Since the last cycle", age.total_seconds())
            yield _gauge("paused", "1 while opportunities are paused", float(parts.monitor.paused))
            yield _gauge("iterations", "Cycles since the start", float(parts.monitor.iteration))
            yield from _markets(parts)
            yield from _book(parts)
            yield from _health(parts)


def _markets(parts: SnapshotParts) -> Iterator[Metric]:
    price = _family("price_points", "Last price; absent while unknown or stale", "ticker")
    vix = _family("vix_points", "VIX; absent while unknown", "ticker")
    for market in parts.markets:
        if market.price is not None and not market.stale:
            price.add_metric([market.ticker], market.price)
        if market.vix is not None:
            vix.add_metric([market.ticker], market.vix)
    yield from (price, vix)


def _book(parts: SnapshotParts) -> Iterator[Metric]:
    due = sum(p.state == "exit due" for p in parts.positions)
    yield _gauge("exits_due", "Positions whose exit is due", float(due))
    book = parts.portfolio
    if book is None:
        return
    yield _gauge("open_positions", "Open positions", float(book.open))
    yield _gauge("max_loss_dollars", "Computed maximum loss of the book", book.total_max_loss_usd)
    yield _gauge("marked_positions", "Open positions with a P&L", float(book.marked))
    yield _gauge("unrealized_pnl_dollars", "P&L of the marked ones", book.unrealized_pnl_usd)
    yield _gauge("realized_pnl_dollars", "P&L of what was closed", book.realized_pnl_usd)


def _health(parts: SnapshotParts) -> Iterator[Metric]:
    health = parts.health
    if health is None:
        return
    source = _family("source_ok", "1 while the source answers", "source")
    for provider in health.providers:
        source.add_metric([provider.name], float(provider.state in ("ok", "unused")))
    channel = _family("channel_ok", "1 while the channel delivers", "channel")
    waiting = _family("channel_waiting_alerts", "Alerts not delivered yet", "channel")
    for notifier in health.notifiers:
        channel.add_metric([notifier.name], float(notifier.state == "ok"))
        waiting.add_metric([notifier.name], float(notifier.pending))
    yield from (source, channel, waiting)
    for job in health.jobs:
        yield _gauge("cycle_duration_seconds", "Of the cycle before", job.last_duration_s)
        yield _gauge("cycle_overruns", "Cycles skipped: one still ran", float(job.overruns))
    yield _gauge("problems", "Entries of the health panel", float(len(health.problems)))
    memory = health.memory_mb
    yield _gauge("memory_bytes", "Of the monitor", None if memory is None else memory * 1e6)
    free = health.disk.free_mb
    yield _gauge("disk_free_bytes", "Where the home lies", None if free is None else free * 1e6)


def _gauge(name: str, what: str, value: float | None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, what)
    if value is not None:
        family.add_metric([], round(value, 6))  # a sum of dollars is not 0.30000000000000004
    return family


def _family(name: str, what: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, what, labels=[label])
