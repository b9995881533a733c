"""Against the closed form's known points and a plain numerical integral."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest

from monitor.demo.marks import call_value, deviation, put_value, spread_value
from monitor.domain.positions import Strikes

CONDOR = Strikes(short_put=95, long_put=90, short_call=105, long_call=110)


def test_at_the_money_is_sd_over_root_two_pi() -> None:
    assert call_value(price=100, strike=100, sd=10) == pytest.approx(10 / sqrt(2 * pi))
    assert put_value(price=100, strike=100, sd=10) == pytest.approx(10 / sqrt(2 * pi))


@pytest.mark.parametrize("strike", [80, 95, 100, 112])
def test_values_are_the_expected_payoffs(strike: float) -> None:
    ends = np.linspace(100 - 80, 100 + 80, 200_001)
    density = np.exp(-(((ends - 100) / 10) ** 2) / 2) / (10 * sqrt(2 * pi))
    step = ends[1] - ends[0]
    call = float((np.maximum(ends - strike, 0) * density).sum() * step)
    put = float((np.maximum(strike - ends, 0) * density).sum() * step)
    assert call_value(price=100, strike=strike, sd=10) == pytest.approx(call, abs=1e-6)
    assert put_value(price=100, strike=strike, sd=10) == pytest.approx(put, abs=1e-6)


@pytest.mark.parametrize(
    ("price", "settled"), [(100, 0), (95, 0), (93, 2), (90, 5), (80, 5), (106, 1), (130, 5)]
)
def test_at_expiration_a_condor_is_worth_its_payoff(price: float, settled: float) -> None:
    assert spread_value(CONDOR, price=price, sd=0) == settled


def test_before_expiration_it_is_worth_between_nothing_and_the_wing() -> None:
    for price in range(60, 140):
        assert 0 < spread_value(CONDOR, price=price, sd=8) < 5


def test_one_sd_of_a_year_is_price_times_vol() -> None:
    assert deviation(price=100, vol=0.2, minutes_left=252 * 390) == pytest.approx(20)
    assert deviation(price=100, vol=0.2, minutes_left=-1) == 0
