"""Compiled kernels are renewed when what they use from elsewhere changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from monitor.backtest.jit import uncounted_kernel

HELPER = """
from monitor.backtest.jit import kernel
FACTOR = {factor}
@kernel
def helper(x):
    return x * {times}
"""
USER = """
import helper_module
from helper_module import FACTOR, helper
from monitor.backtest.jit import kernel
@kernel
def user(x):
    return helper(x) + FACTOR
print(user(10), sum(user.stats.cache_hits.values()))
"""


def answer(folder: Path) -> str:
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(folder / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",  # it would not notice a change within a second
    }
    run = subprocess.run(
        [sys.executable, "user_module.py"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return run.stdout.strip()


def test_a_change_in_another_module_reaches_the_compiled_kernel(tmp_path: Path) -> None:
    (tmp_path / "user_module.py").write_text(USER)
    helper = tmp_path / "helper_module.py"
    helper.write_text(HELPER.format(factor=1, times=2))
    assert answer(tmp_path) == "21 0"
    assert answer(tmp_path) == "21 1"  # from the cache
    helper.write_text(HELPER.format(factor=1, times=3))
    assert answer(tmp_path) == "31 0"
    helper.write_text(HELPER.format(factor=5, times=3))
    assert answer(tmp_path) == "35 0"


@uncounted_kernel
def total(x: np.ndarray) -> float:
    result = 0.0
    for part in (x[:2], x[2:]):
        for value in part:
            result += value
    return result


@uncounted_kernel
def makes_one(x: np.ndarray) -> float:
    return np.zeros(3)[0] + x[0]


def test_an_uncounted_kernel_takes_arrays_and_their_parts() -> None:
    assert total(np.array([1.0, 2.0, 4.0])) == 7.0


def test_an_uncounted_kernel_that_makes_an_array_is_refused() -> None:
    with pytest.raises(numba.errors.NumbaError, match="array"):
        makes_one(np.ones(3))
