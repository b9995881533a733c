"""The all-day loop: APScheduler runs the cycle, a guard watches the clock around it.

APScheduler waits on the wall clock: set back by an hour it would not poll for an hour. The
guard compares wall and monotonic time and wakes the scheduler when they part.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import FrameType

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobEvent
from apscheduler.schedulers.background import BackgroundScheduler

from monitor.clock import Clock
from monitor.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

GUARD_INTERVAL_S = 0.5
JUMP_S = 2.0
FAILURES_BEFORE_GIVING_UP = 3
STOP_GRACE_S = 3.0


@dataclass(slots=True)
class ClockGuard:
    """Detects a wall clock that was set, by its distance to the monotonic one."""

    clock: Clock
    _offset: float | None = None

    def jumped_s(self) -> float:
        """Seconds the wall clock jumped since the last call; 0.0 when it did not."""
        offset = self.clock.now().timestamp() - self.clock.monotonic()
        jump = 0.0 if self._offset is None else offset - self._offset
        self._offset = offset
        return jump if abs(jump) > JUMP_S else 0.0


@dataclass(slots=True)
class JobHealth:
    """How the cycle job fares, for the page."""

    last_run_at: datetime | None = None
    last_duration_s: float | None = None
    overruns: int = 0
    failures_in_a_row: int = 0
    error: str | None = None


@dataclass(slots=True)
class Loop:
    """Runs `cycle` every `interval_s` real seconds until stopped.

    Args:
        cycle: One whole cycle; what it raises is logged and counted, three in a row end the loop.
        clock: The machine's real clock, also when the cycle's own clock is simulated.
    """

    cycle: Callable[[], None]
    interval_s: float
    clock: Clock
    max_iterations: int | None = None
    health: JobHealth = field(default_factory=JobHealth)
    failed: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)
    _idle: threading.Event = field(default_factory=threading.Event)
    _iterations: int = 0
    _scheduler: BackgroundScheduler | None = None

    def run(self) -> bool:
        """Block until stopped; False when a cycle was still hanging at the end."""
        self._idle.set()
        self._scheduler = BackgroundScheduler(timezone=UTC, daemon=True)
        self._scheduler.add_listener(self._on_overrun, EVENT_JOB_MAX_INSTANCES)
        self._scheduler.add_job(
            self._job,
            "interval",
            seconds=self.interval_s,
            id="cycle",
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )
        self._scheduler.start()
        guard = ClockGuard(self.clock)
        while not self._stop.wait(GUARD_INTERVAL_S):
            if jump := guard.jumped_s():
                self._on_jump(jump)
        self._scheduler.shutdown(wait=False)
        return self._idle.wait(STOP_GRACE_S)

    def stop(self) -> None:
        """End the loop after the running cycle, or after a grace time without it."""
        self._stop.set()

    def stop_on_signals(self) -> None:
        """SIGINT and SIGTERM end the loop."""

        def handle(number: int, _frame: FrameType | None) -> None:
            logger.info("stopping", extra={"signal": signal.Signals(number).name})
            self.stop()

        signal.signal(signal.SIGINT, handle)
        signal.signal(signal.SIGTERM, handle)

    def _job(self) -> None:
        if self._stop.is_set():
            return
        self._idle.clear()
        started = self.clock.monotonic()
        try:
            self.cycle()
            self.health.failures_in_a_row, self.health.error = 0, None
        except StoreUnavailableError as error:
            # No defect of ours: a database server is away. The page goes stale and says so.
            logger.warning("database away", extra={"reason": error.message})
            self.health.error = error.message
        except Exception as error:
            # The one broad catch of the loop: the next cycle must run whatever this one met.
            logger.exception("cycle failed")
            self.health.failures_in_a_row += 1
            self.health.error = f"{type(error).__name__}: {error}"
            if self.health.failures_in_a_row >= FAILURES_BEFORE_GIVING_UP:
                self.failed = True
                self.stop()
        finally:
            self.health.last_run_at = self.clock.now()
            self.health.last_duration_s = self.clock.monotonic() - started
            self._idle.set()
        self._iterations += 1
        if self.max_iterations is not None and self._iterations >= self.max_iterations:
            self.stop()

    def _on_overrun(self, _event: JobEvent) -> None:
        self.health.overruns += 1
        logger.warning("cycle skipped: the last one still runs")

    def _on_jump(self, jump_s: float) -> None:
        logger.warning("the clock was set", extra={"jump_s": round(jump_s)})
        if self._scheduler is not None:
            self._scheduler.modify_job("cycle", next_run_time=datetime.now(UTC) + timedelta(0))
            self._scheduler.wakeup()
