"""Past days through the very same cycle, with a clock that is moved by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.clock import NEW_YORK

if TYPE_CHECKING:
    from monitor.runtime.runner import Runner

LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(slots=True)
class ReplaySummary:
    """What a replay saw."""

    cycles: int = 0
    sessions: set[date] = field(default_factory=set)
    regimes: list[tuple[datetime, str | None, str, float]] = field(default_factory=list)
    notices: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)


def run_replay(
    runner: Runner,
    instants: Sequence[datetime],
    *,
    speed: float | None,
    on_progress: Callable[[int, datetime], None],
    wait: Callable[[float], bool],
) -> ReplaySummary:
    """Run one cycle at each instant, oldest first.

    Args:
        speed: Market seconds per real second; None: as fast as it goes. A night or weekend
            takes no longer than 15 minutes of the market.
        wait: Waits so many real seconds; True, at once, when the replay is to end with what it
            has (`threading.Event.wait`).
    """
    summary = ReplaySummary()
    for i, now in enumerate(instants):
        passed = min(now - instants[i - 1], LONGEST_PAUSE) if i else timedelta(0)
        if wait(passed.total_seconds() / speed if speed is not None else 0.0):
            break
        _count(summary, runner, now)
        on_progress(i + 1, now)
    return summary


def _count(summary: ReplaySummary, runner: Runner, now: datetime) -> None:
    result = runner.cycle(now)
    summary.cycles += 1
    summary.sessions.add(now.astimezone(NEW_YORK).date())
    change = result.regime_change
    if change is not None:
        previous = change.previous.value if change.previous else None
        summary.regimes.append((now, previous, change.current.value, change.vix.price))
    for notice in result.alerts.notices:
        summary.notices[f"{notice.level.value} {notice.reason.value}"] += 1
    for context in result.contexts.values():
        for problem in context.problems:
            summary.problems[f"{context.ticker} {problem.what}: {problem.why}"] += 1
