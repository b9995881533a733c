"""What holds for every option, whatever the numbers."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitor.backtest.implied_vol import implied_total_stdev
from monitor.backtest.pricing import price_options
from monitor.domain.pricing.payoff import (
    call_side_value,
    expiry_pnl_usd,
    max_loss_usd,
    put_side_value,
)

FORWARD = st.floats(5, 40_000)
STDEV = st.floats(1e-4, 2.5)
DEVIATIONS = st.floats(-8, 8)
SETTINGS = settings(max_examples=300, deadline=None)


@SETTINGS
@given(FORWARD, STDEV, DEVIATIONS)
def test_put_call_parity(forward: float, stdev: float, deviations: float) -> None:
    strike = forward * math.exp(deviations * stdev)
    call, put = price_options(
        forward=forward, strike=strike, total_stdev=stdev, is_call=[True, False]
    )
    assert math.isclose(call - put, forward - strike, abs_tol=1e-12 * max(forward, strike))


@SETTINGS
@given(FORWARD, STDEV, DEVIATIONS)
def test_price_lies_between_intrinsic_and_limit(
    forward: float, stdev: float, deviations: float
) -> None:
    strike = forward * math.exp(deviations * stdev)
    call, put = price_options(
        forward=forward, strike=strike, total_stdev=stdev, is_call=[True, False]
    )
    assert max(forward - strike, 0.0) <= call <= forward
    assert max(strike - forward, 0.0) <= put <= strike


@SETTINGS
@given(FORWARD, STDEV, DEVIATIONS, st.booleans())
def test_implied_stdev_round_trip(
    forward: float, stdev: float, deviations: float, is_call: bool
) -> None:
    strike = forward * math.exp((abs(deviations) if is_call else -abs(deviations)) * stdev)
    price = price_options(forward=forward, strike=strike, total_stdev=stdev, is_call=is_call)
    found = implied_total_stdev(price=price, forward=forward, strike=strike, is_call=is_call)
    assert math.isclose(float(found), stdev, rel_tol=1e-8)


@SETTINGS
@given(FORWARD, STDEV, STDEV, DEVIATIONS)
def test_more_stdev_costs_more(forward: float, a: float, b: float, deviations: float) -> None:
    assume(abs(a - b) > 1e-6)
    strike = forward * math.exp(deviations * min(a, b))
    low, high = price_options(
        forward=forward, strike=strike, total_stdev=[min(a, b), max(a, b)], is_call=True
    )
    assert low < high


@SETTINGS
@given(
    st.floats(1000, 30_000),
    st.floats(5, 200),
    st.floats(5, 200),
    st.floats(0.05, 4.9),
    st.floats(0, 40_000),
)
def test_a_condor_never_loses_more_than_its_maximum(
    middle: float, put_width: float, call_width: float, credit: float, settlement: float
) -> None:
    value = put_side_value(
        short=middle - 50, long=middle - 50 - put_width, settlement=settlement
    ) + call_side_value(short=middle + 50, long=middle + 50 + call_width, settlement=settlement)
    pnl = expiry_pnl_usd(credit=credit, side_values=value, fees_usd=4.0)
    worst = max_loss_usd(widest_width=max(put_width, call_width), credit=credit, fees_usd=4.0)
    assert -worst - 1e-6 <= pnl <= 100 * credit - 4.0 + 1e-6
    assert np.isfinite(pnl)
