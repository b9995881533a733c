"""Run a compiled loop over ranges of rows in threads (kernels hold no interpreter lock)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# More ranges than threads: rows differ in length, and a thread that ends early takes another.
RANGES_PER_WORKER = 8


def in_ranges(run: Callable[[int, int], None], count: int, *, workers: int) -> None:
    """Call `run(first, stop)` over ranges that together are 0..count.

    Each range must write only its own part of the output, so the result does not depend on
    `workers`.
    """
    workers = max(1, min(workers, count))
    if workers == 1:
        run(0, count)
        return
    pieces = min(count, RANGES_PER_WORKER * workers)
    edges = [count * k // pieces for k in range(pieces + 1)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, edges[:-1], edges[1:]))
