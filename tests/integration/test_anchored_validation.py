"""What docs/pricing.md claims of prices from a recorded chain's own surface."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from monitor.backtest.validation import Agreement, CreditPair, agreement
from monitor.providers.sessions import load_calendar

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SCRIPTS = ("validate_surface", "validate_0dte", "validate_anchored")


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """The benchmark, which imports its two neighbors."""
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("validate_anchored")
    sys.path.remove(str(BENCHMARKS))
    for name in SCRIPTS:
        sys.modules.pop(name, None)


def measured(found: dict[str, list[CreditPair]], name: str) -> Agreement:
    return agreement(found[name], generator=np.random.default_rng(1))


@pytest.mark.slow
@pytest.mark.parametrize("symbol", ["SPX", "NDX", "QQQ", "SPY"])
def test_strikes_without_a_quote_are_priced_far_better_than_by_the_model(
    script: ModuleType, shared_data: Path, symbol: str
) -> None:
    data = script.Data(shared_data, load_calendar(None, today=date(2026, 6, 1)))
    found = script.unquoted_strikes(data, symbol)
    own, model = (measured(found, name) for name in ("own fit", "model"))
    assert own.spreads > 500
    assert own.mae < 12
    assert own.mae < 0.7 * model.mae
    assert own.rank >= model.rank


@pytest.mark.slow
def test_an_anchor_of_15_minutes_ranks_0_dte_credits_and_one_of_an_hour_does_not(
    script: ModuleType, shared_data: Path
) -> None:
    """Why an anchor serves 15 minutes on the day of expiration: 0.85 is asked of 0 DTE prices."""
    data = script.Data(shared_data, load_calendar(None, today=date(2026, 6, 1)))
    found = script.same_day(data)
    assert measured(found, "fit 15 minutes old").rank >= 0.85
    assert measured(found, "fit 60 minutes old").rank < 0.85
