"""One plan on threads, processes and a real Dask cluster; workers die, the numbers do not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import dask
import numpy as np
import pytest
from dask_cases import FIRST, LAST, DeadlyMarks, write_recording
from distributed import Client, LocalCluster, Scheduler

from monitor.backtest import run_dask
from monitor.backtest.configs import Dimensions
from monitor.backtest.open_chains import open_chains
from monitor.backtest.run_blocks import make_plan, run_blocks
from monitor.backtest.run_dask import ClusterError, run_on_dask
from monitor.backtest.run_plan import BlockResult, GridResult, Plan, RunSpec
from monitor.domain.vocabulary import BandMode
from monitor.errors import ConfigError
from monitor.providers.sessions import load_calendar

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("dask-cluster"),
    pytest.mark.skipif(sys.platform == "win32", reason="kills processes as POSIX does"),
]
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    root = tmp_path_factory.mktemp("recording")
    calendar = load_calendar(None, today=date(2026, 3, 2))
    write_recording(root, calendar)
    dims = Dimensions(
        dtes=(0, 1), bands=(95, 99), modes=(BandMode.RAW100,), widths=(25.0, 50.0),
        entry_minutes_pt=(420, 450, 600),
    )  # fmt: skip
    read = [
        open_chains(root, ticker="NDX", calendar=calendar, cache_dir=root / "cache", dtes=dims.dtes)
        for _ in range(2)
    ]
    inputs = read[1]  # out of the cache: arrays that are views of mapped files
    assert inputs.provenance["converted"] == 0
    spec = RunSpec(
        ticker="NDX", first=FIRST, last=LAST, source="quotes", dims=dims, min_sample=4,
        block_sessions=1,
    )  # fmt: skip
    return make_plan(
        spec, sessions=inputs.sessions, prices=inputs.prices, source=inputs.marks,
        calendar=calendar,
    )  # fmt: skip


@pytest.fixture(scope="module")
def threaded(plan: Plan) -> GridResult:
    grid = run_blocks(plan, workers=2)
    assert plan.n_blocks == 16
    assert len(grid.trades) > 500
    return grid


class Workers:
    """Two worker processes of one thread without a nanny: who dies stays dead."""

    def __init__(self, scheduler: Scheduler, folder: Path) -> None:
        self.scheduler = scheduler
        self.address = address = str(scheduler.address)
        places = os.pathsep.join([str(Path(__file__).parent), str(REPOSITORY)])
        command = [
            sys.executable, "-m", "dask", "worker", address, "--no-nanny", "--nthreads", "1",
            "--no-dashboard", "--local-directory", str(folder), "--death-timeout", "60",
        ]  # fmt: skip
        with (folder / "workers.log").open("wb") as log:
            self.processes = [
                subprocess.Popen(
                    command, env={**os.environ, "PYTHONPATH": places}, stdout=log, stderr=log
                )
                for _ in range(2)
            ]

    def end_of(self, pid: int) -> int:
        """How the worker with this process id ended."""
        (process,) = (one for one in self.processes if one.pid == pid)
        return process.wait(30)

    def arrived(self) -> None:
        """Return when both have joined."""
        with Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait(30)


def scheduler() -> LocalCluster:
    """In this process, on free ports, with nobody at work yet."""
    return LocalCluster(
        n_workers=0, processes=False, protocol="tcp", dashboard_address=":0", silence_logs=50
    )


@contextmanager
def cluster(folder: Path, *, allowed_failures: int = 3) -> Iterator[Workers]:
    """A scheduler and two worker processes that are on their way to it."""
    allowed = {"distributed.scheduler.allowed-failures": allowed_failures}
    with dask.config.set(allowed), scheduler() as local:
        workers = Workers(local.scheduler, folder)
        try:
            yield workers
        finally:
            workers.end()


def _same(a: GridResult, b: GridResult) -> None:
    """Every array of the two results, bit by bit."""
    compared = 0
    for one in fields(GridResult):
        x, y = getattr(a, one.name), getattr(b, one.name)
        if isinstance(x, np.ndarray):
            assert (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes()), one.name
            compared += 1
    assert compared == 5  # days, trades, no_trade, both regimes


def test_processes_give_the_bits_of_threads(plan: Plan, threaded: GridResult) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        _same(run_blocks(plan, executor=pool), threaded)


def test_a_worker_killed_half_way_changes_no_bit(
    plan: Plan, threaded: GridResult, tmp_path: Path
) -> None:
    half = int(plan.edges[plan.n_blocks // 2])
    grave = tmp_path / "grave"
    deadly = replace(plan, source=DeadlyMarks(plan.source, half, grave))
    kept: list[BlockResult] = []
    told: list[tuple[int, int]] = []
    with cluster(tmp_path) as workers:
        got = run_on_dask(
            deadly, address=workers.address, timeout_s=60, keep=kept.append,
            progress=lambda n, total: told.append((n, total)),
        )  # fmt: skip
        assert workers.end_of(int(grave.read_text())) == -signal.SIGKILL
    _same(got, threaded)
    assert sorted(one.number for one in kept) == list(range(plan.n_blocks))
    assert told == [(n + 1, plan.n_blocks) for n in range(plan.n_blocks)]


def test_a_run_that_loses_its_workers_stops_and_can_go_on(
    plan: Plan, threaded: GridResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First a block that kills who runs it, then nobody is left at all."""
    monkeypatch.setattr(run_dask, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(run_dask, "RESULT_S", 0.5)
    deadly = DeadlyMarks(plan.source, int(plan.edges[plan.n_blocks // 2]), None)
    kept: list[BlockResult] = []
    with cluster(tmp_path, allowed_failures=0) as workers:
        workers.arrived()
        # a neighbor that ended within the same blink counts as having been there too
        with pytest.raises(ClusterError, match=r"block \d+ ended every worker") as caught:
            run_on_dask(replace(plan, source=deadly), address=workers.address, keep=kept.append)
        assert "memory" in caught.value.hint
        first = len(kept)
        workers.scheduler.allowed_failures = 9

        def end_all(result: BlockResult) -> None:
            kept.append(result)
            workers.end()

        with pytest.raises(ClusterError, match="lost all its workers") as caught:
            run_on_dask(plan, address=workers.address, timeout_s=2, done=kept, keep=end_all)
        assert "--resume" in caught.value.hint
    assert 0 < first < len(kept) < plan.n_blocks
    _same(run_blocks(plan, done=kept), threaded)


def test_a_scheduler_that_ends_half_way_stops_the_run(plan: Plan) -> None:
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp",
        dashboard_address=":0", silence_logs=50,
    ) as local:  # fmt: skip
        with pytest.raises(ClusterError, match="connection to the Dask scheduler at tcp"):
            run_on_dask(
                plan, address=local.scheduler_address, timeout_s=2, keep=lambda _: local.close()
            )


def test_a_scheduler_without_workers_is_told(plan: Plan) -> None:
    with (
        scheduler() as local,
        pytest.raises(ConfigError, match=r"has no workers after 0\.1 s"),
    ):
        run_on_dask(plan, address=local.scheduler_address, timeout_s=0.1)
