"""Past days through the very same cycle, with a clock that is moved by hand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.runtime.runner import Runner


@dataclass(slots=True)
class ReplaySummary:
    """What a replay saw."""

    cycles: int = 0
    sessions: set[str] = field(default_factory=set)
    regimes: list[tuple[datetime, str | None, str, float]] = field(default_factory=list)
    notices: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)


def run_replay(
    runner: Runner,
    instants: Sequence[datetime],
    *,
    speed: float | None,
    on_progress: Callable[[int, datetime], None],
    stopped: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> ReplaySummary:
    """Run one cycle at each instant, oldest first.

    Args:
        speed: Market seconds per real second; None: as fast as it goes.
        stopped: Asked before each cycle; True ends the replay with what it has.
    """
    summary = ReplaySummary()
    for i, now in enumerate(instants):
        if stopped():
            break
        if speed is not None and i:
            sleep((now - instants[i - 1]).total_seconds() / speed)
        _count(summary, runner, now)
        on_progress(i + 1, now)
    return summary


def _count(summary: ReplaySummary, runner: Runner, now: datetime) -> None:
    result = runner.cycle(now)
    summary.cycles += 1
    summary.sessions.add(f"{now:%Y-%m-%d}")
    change = result.regime_change
    if change is not None:
        previous = change.previous.value if change.previous else None
        summary.regimes.append((now, previous, change.current.value, change.vix.price))
    for notice in result.alerts.notices:
        summary.notices[f"{notice.level.value} {notice.reason.value}"] += 1
    for context in result.contexts.values():
        for problem in context.problems:
            summary.problems[f"{context.ticker} {problem.what}: {problem.why}"] += 1
