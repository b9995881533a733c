"""One option's price, stdev and chances in plain numbers, against textbooks and SciPy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from monitor.domain.pricing.black_plain import price_plain
from monitor.domain.pricing.implied_stdev import (
    chance_below,
    implied_stdev,
    otm_price,
    put_delta,
)

unhurried = settings(deadline=None)


def test_black_76_of_haug_2007() -> None:
    """Call = put at F = K = 19, r 10 %, σ 28 %, T 0.75: 1.7011."""
    price = otm_price(forward=19, strike=19, stdev=0.28 * math.sqrt(0.75))
    assert math.exp(-0.1 * 0.75) * price == pytest.approx(1.7011, abs=5e-5)


def test_black_76_put_of_hull_chapter_18() -> None:
    """F = K = 20, r 9 %, σ 25 %, T 1/3: 1.1166."""
    price = otm_price(forward=20, strike=20, stdev=0.25 * math.sqrt(1 / 3))
    assert math.exp(-0.09 / 3) * price == pytest.approx(1.1166, abs=5e-5)


def test_the_implied_volatility_of_hull_chapter_15() -> None:
    """A call at 1.875, S 21, K 20, r 10 %, T 0.25: 23.45 %; its put by parity on the forward."""
    forward = 21 * math.exp(0.025)
    put = 1.875 * math.exp(0.025) - (forward - 20)
    stdev = implied_stdev(put, forward=forward, strike=20)
    assert stdev == pytest.approx(0.2345 * math.sqrt(0.25), abs=5e-5)


@unhurried
@given(
    stdev=st.floats(0.002, 1.5),
    deviations=st.floats(-6, 6),
)
def test_the_stdev_of_a_price_gives_the_price_back(stdev: float, deviations: float) -> None:
    strike = 20_000 * math.exp(stdev * deviations)
    price = float(
        price_plain(forward=20_000.0, strike=strike, total_stdev=stdev, is_call=strike > 20_000.0)
    )
    if price < 1e-6:
        return
    found = implied_stdev(price, forward=20_000.0, strike=strike)
    assert found == pytest.approx(stdev, rel=1e-6)


@pytest.mark.parametrize("price", [0.0, -0.05, 20_001.0, math.nan])
def test_a_price_that_no_stdev_gives_has_none(price: float) -> None:
    assert implied_stdev(price, forward=20_000.0, strike=19_500.0) is None


def test_chances_and_deltas_are_the_normal_distributions() -> None:
    """d1 and d2 spelled out at F 20,000, K 19,500, total stdev 2 %."""
    d1 = math.log(20_000 / 19_500) / 0.02 + 0.01
    assert chance_below(19_500, forward=20_000, stdev=0.02) == pytest.approx(norm.cdf(-d1 + 0.02))
    assert put_delta(19_500, forward=20_000, stdev=0.02) == pytest.approx(norm.cdf(d1) - 1)
