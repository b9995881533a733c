"""Run a plan's blocks on a Dask cluster, with the bits that threads give.

Blocks carry all their data, so workers read nothing from disk and one that dies loses nothing:
the scheduler gives its blocks to another. `distributed` is imported when a run begins.
"""

from __future__ import annotations

import importlib
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

from monitor.backtest.cluster_worker import environment, run_checked
from monitor.backtest.run_blocks import Progress, assemble
from monitor.backtest.run_plan import BlockResult, GridResult, Plan
from monitor.errors import ConfigError, InputError, MonitorError

CONNECT_S = 10.0
IN_FLIGHT_PER_THREAD = 2  # one at work, one on its way: the scheduler never holds the whole plan
LOOK_EVERY_S = 5.0
RESULT_S = 10.0
# Of a block that raises, for what may pass: no memory, no file handles. A block whose worker dies
# is run again by the scheduler itself (its setting `allowed-failures`, 3).
RETRIES = 2
INSTALL_HINT = "install it here and on the workers: pip install 'condorwatch[cluster]'"
RESUME_HINT = "finished blocks can be kept: go on with --resume"


class ClusterError(MonitorError):
    """The cluster failed half way; every finished block was handed to `keep` before."""


def run_on_dask(
    plan: Plan,
    *,
    address: str,
    timeout_s: float = CONNECT_S,
    done: Iterable[BlockResult] = (),
    keep: Callable[[BlockResult], None] | None = None,
    progress: Progress | None = None,
) -> GridResult:
    """Run all blocks that are not `done` yet on the cluster; `run_blocks` for many machines.

    Args:
        address: Of the scheduler, `tcp://host:port` (or `tls://`).
        timeout_s: How long to wait for the scheduler, and for a first worker, each.
        keep, progress: As in `run_blocks`: called in this thread as blocks finish.

    Raises:
        InputError: The address is none.
        ConfigError: No `distributed`, no scheduler, no workers, or workers with other code.
        ClusterError: Scheduler or all workers were lost half way, or a block ends each worker.
    """
    check_address(address)
    begun = time.perf_counter()
    finished = {one.number: one for one in done}
    left = [n for n in range(plan.n_blocks) if n not in finished]
    if left:
        with _connected(address, timeout_s) as client:
            for result in _results(client, plan, left, address=address, timeout_s=timeout_s):
                finished[result.number] = result
                if keep is not None:
                    keep(result)
                if progress is not None:
                    progress(len(finished), plan.n_blocks)
    simulated = time.perf_counter() - begun
    return assemble(plan, [finished[n] for n in range(plan.n_blocks)], simulated=simulated)


def check_address(address: str) -> None:
    """Refuse what is no address of a scheduler.

    Raises:
        InputError: It is not `tcp://host:port` or `tls://host:port`.
    """
    found = re.fullmatch(r"(?:tcp|tls)://(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", address)
    if found is None or not 1 <= int(found[1]) <= 65_535:
        raise InputError(
            f"--dask {address!r}: need tcp://HOST:PORT with a port from 1 to 65535",
            hint="`dask scheduler` prints its address when it starts; its port is usually 8786",
        )


@contextmanager
def _connected(address: str, timeout_s: float) -> Iterator[Any]:
    """A client of a cluster that has workers."""
    try:
        dask, distributed = (importlib.import_module(n) for n in ("dask", "distributed"))
    except ImportError as error:
        raise ConfigError(f"--dask needs Dask: {error}", hint=INSTALL_HINT) from error
    try:
        client = distributed.Client(address, timeout=timeout_s, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {address} within {timeout_s:g} s ({error})",
            hint="start one with `dask scheduler`; a firewall must let its port through",
        ) from error
    # a block is some megabytes, and they go one by one: nothing to warn of
    quiet = {"distributed.admin.large-graph-warning-threshold": "1TB"}
    with client, client.as_current(), dask.config.set(quiet):
        try:
            client.wait_for_workers(1, timeout=timeout_s)
        except TimeoutError as error:
            raise ConfigError(
                f"the Dask scheduler at {address} has no workers after {timeout_s:g} s",
                hint=f"start some with `dask worker {address}`",
            ) from error
        yield client


def _results(
    client: Any, plan: Plan, left: Sequence[int], *, address: str, timeout_s: float
) -> Iterator[BlockResult]:
    """Results as they come; blocks are made and sent only as workers have room for them."""
    waiting, pending = deque(left), dict[Any, int]()
    wanted, patience = environment(), RESULT_S
    while waiting or pending:
        with _lost(address):
            room = IN_FLIGHT_PER_THREAD * _threads(client, address, timeout_s)
            while waiting and len(pending) < room:
                number = waiting.popleft()
                future = client.submit(
                    run_checked, plan.block(number), wanted, pure=False, retries=RETRIES
                )
                pending[future] = number
            ended = _ended(pending)
        for future in ended:
            if future.status == "error":
                raise _failure(pending[future], future.exception(timeout=RESULT_S))
            with _lost(address):
                result = _fetched(future, patience)
            if result is None:
                patience *= 2  # a slow line; or nobody is left, which the next look shows
            else:
                del pending[future]
                yield result


def _threads(client: Any, address: str, timeout_s: float) -> int:
    """How many blocks the cluster runs at once just now; workers may come and go."""
    count = int(sum(client.nthreads().values()))
    if count == 0:
        try:
            client.wait_for_workers(1, timeout=timeout_s)
        except TimeoutError as error:
            raise ClusterError(
                f"the Dask scheduler at {address} lost all its workers", hint=RESUME_HINT
            ) from error
        count = int(sum(client.nthreads().values()))
    return max(1, count)


def _ended(pending: Iterable[Any]) -> list[Any]:
    """Those that came to an end; none when it is time to look at the workers again."""
    wait = importlib.import_module("distributed").wait
    try:
        done = wait(list(pending), timeout=LOOK_EVERY_S, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        return []
    # a result that was lost with its worker is on its way again; failures come last, so that
    # what is finished is kept before
    return [
        future for status in ("finished", "error") for future in done if future.status == status
    ]


def _fetched(future: Any, patience_s: float) -> BlockResult | None:
    """The result; None while its worker does not hand it out."""
    try:
        result: BlockResult = future.result(timeout=patience_s)
    except TimeoutError:
        return None
    return result


@contextmanager
def _lost(address: str) -> Iterator[None]:
    """Everything that a lost connection shows itself as, told as that."""
    try:
        yield
    except (OSError, CancelledError) as error:
        raise ClusterError(
            f"the connection to the Dask scheduler at {address} was lost", hint=RESUME_HINT
        ) from error


def _failure(number: int, error: BaseException) -> BaseException:
    """What a block that cannot be run is told as."""
    if isinstance(error, importlib.import_module("distributed").KilledWorker):
        return ClusterError(
            f"block {number} ended every worker that ran it",
            hint="most likely memory: give a worker more of it, or fewer threads; " + RESUME_HINT,
        )
    if isinstance(error, ModuleNotFoundError):
        return ConfigError(f"a worker cannot run block {number}: {error}", hint=INSTALL_HINT)
    return error
