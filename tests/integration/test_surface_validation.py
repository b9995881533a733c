"""Model credits against recorded ones reproduce the design's table within its intervals."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from monitor.backtest.validation import agreement
from monitor.providers.sessions import load_calendar

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "validate_surface.py"
# What the constants' own measurement gave: bias interval in percent by session, over its 25 SPX and
# 12 NDX sessions and 4 and 9 of the ETFs; rank correlation of SPX and NDX. Fewer sessions are
# at hand here, so the intervals must meet; the rank has no interval there: 0.02 below at most.
DESIGN = {
    "SPX": (-4, 16, 0.91),
    "NDX": (-14, 26, 0.88),
    "QQQ": (-37, 12, 0.85),
    "SPY": (-11, 39, 0.85),
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("validate_surface", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["validate_surface"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("symbol", DESIGN)
def test_model_credits_meet_the_designs_intervals(
    script: ModuleType, shared_data: Path, symbol: str
) -> None:
    data = script.Data(shared_data, load_calendar(None, today=date(2026, 6, 1)))
    pairs = script.pairs_of(data, symbol, ("recommended",))["recommended"]
    found = agreement(pairs, generator=np.random.default_rng(1))
    low, high, rank = DESIGN[symbol]
    assert found.sessions >= 4
    assert found.bias_low <= high
    assert found.bias_high >= low
    assert found.rank >= rank
