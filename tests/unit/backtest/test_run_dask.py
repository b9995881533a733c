"""What a run on a cluster refuses before, and apart from, any cluster."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from monitor.backtest.cluster_worker import environment, run_checked
from monitor.backtest.run_dask import check_address, run_on_dask
from monitor.errors import ConfigError, InputError

ONE_BLOCK = cast("Any", SimpleNamespace(n_blocks=1))


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.5:8786", "tls://dask.example:8786", "tcp://[::1]:1"]
)
def test_addresses_of_schedulers_are_taken(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    "address",
    ["", "localhost:8786", "tcp://host", "tcp://:8786", "http://host:8787", "tcp://host:0",
     "tcp://host:65536", "tcp://host:8786/x", "tcp://ho st:8786"],
)  # fmt: skip
def test_what_is_no_address_is_refused_by_name(address: str) -> None:
    with pytest.raises(InputError) as caught:
        run_on_dask(ONE_BLOCK, address=address)
    assert repr(address) in caught.value.message
    assert "tcp://HOST:PORT" in caught.value.message


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError) as caught:
        run_on_dask(ONE_BLOCK, address="tcp://127.0.0.1:8786")
    assert "pip install 'condorwatch[cluster]'" in caught.value.hint


def test_a_scheduler_that_does_not_answer_is_told_with_its_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens: connections are refused
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=r"within 0\.2 s") as caught:
            run_on_dask(ONE_BLOCK, address=address, timeout_s=0.2)
    assert address in caught.value.message
    assert "dask scheduler" in caught.value.hint


def test_a_worker_with_another_version_refuses_and_names_what_differs() -> None:
    wanted = {**environment(), "numpy": "1.0.0"}
    with pytest.raises(ConfigError, match=r"has numpy [\d.]+, not 1\.0\.0") as caught:
        run_checked(ONE_BLOCK, wanted)
    assert "numba" not in caught.value.message
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - as a worker sends it
    assert (again.message, again.hint) == (caught.value.message, caught.value.hint)


def test_dask_is_not_imported_before_it_is_used() -> None:
    code = "import sys, monitor.backtest.run_dask; print('dask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
