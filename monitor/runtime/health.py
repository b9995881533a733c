"""How the process itself fares: sources, jobs, channels, disk and memory."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from monitor.domain.snapshot import (
    DiskView,
    HealthView,
    JobView,
    NotifierView,
    Problem,
    ProviderView,
)
from monitor.providers.base import SourceHealth

DISK_LOW_MB = 500.0
SLEPT_SHOWN = 5


def health_view(
    *,
    providers: tuple[SourceHealth, ...],
    jobs: tuple[JobView, ...],
    notifiers: tuple[NotifierView, ...],
    problems: tuple[Problem, ...],
    grid_problem: str | None,
    history_problem: str | None,
    files_problem: str | None,
    heartbeat_problem: str | None,
    slept: tuple[str, ...],
    folder: Path,
) -> HealthView:
    free_mb = _disk_free_mb(folder)
    found = list(problems)
    for what, why in (
        ("grid", grid_problem),
        ("history", history_problem),
        ("files", files_problem),
        ("heartbeat", heartbeat_problem),
    ):
        if why:
            found.append(Problem(what=what, why=why))
    if free_mb is None:
        found.append(Problem(what="disk", why="free space cannot be read"))
    elif free_mb < DISK_LOW_MB:
        found.append(Problem(what="disk", why=f"only {free_mb:.0f} MB free"))
    return HealthView(
        providers=tuple(
            ProviderView(
                name=p.name,
                state=p.state,
                last_ok_at=p.last_ok_at,
                failures=p.failures,
                retry_at=p.retry_at,
                error=p.error,
                delay_s=p.delay.total_seconds(),
            )
            for p in providers
        ),
        jobs=jobs,
        notifiers=notifiers,
        disk=DiskView(free_mb=free_mb),
        memory_mb=memory_mb(),
        problems=tuple(found),
        slept=slept,
    )


def _disk_free_mb(folder: Path) -> float | None:
    try:
        return shutil.disk_usage(folder).free / 1e6
    except OSError:
        return None


def memory_mb() -> float | None:
    """Resident memory of this process; None where the system does not tell cheaply."""
    if sys.platform != "linux":
        return None
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * 4096 / 1e6
