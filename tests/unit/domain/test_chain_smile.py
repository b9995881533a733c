"""What quotes say of forward, stdev and chances, on chains made with a known answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fakes.chains import chain
from scipy.stats import norm

from monitor.domain.chain_smile import ChainSmile, parity_forward
from monitor.domain.option_chain import Right
from monitor.domain.pricing.black_plain import price_plain

FORWARD, STDEV = 25_010.0, 0.02
STRIKES = [float(k) for k in range(24_000, 26_050, 50)]
Market = tuple[float, float]


def market(strike: float, *, is_call: bool, half: float = 0.5) -> Market:
    mid = float(price_plain(forward=FORWARD, strike=strike, total_stdev=STDEV, is_call=is_call))
    return max(mid - half, 0.0), mid + half


def quotes() -> tuple[dict[float, Market], dict[float, Market]]:
    return (
        {k: market(k, is_call=False) for k in STRIKES},
        {k: market(k, is_call=True) for k in STRIKES},
    )


def smile(puts: dict[float, Market], calls: dict[float, Market]) -> ChainSmile:
    return ChainSmile.of(chain(puts=puts, calls=calls))


def test_the_forward_is_the_one_the_options_were_made_with() -> None:
    puts, calls = quotes()
    assert smile(puts, calls).forward == pytest.approx(FORWARD, abs=1e-6)


def test_one_bad_quote_does_not_move_the_forward() -> None:
    puts, calls = quotes()
    puts[25_000.0] = (puts[25_000.0][0] + 8, puts[25_000.0][1] + 8)
    assert smile(puts, calls).forward == pytest.approx(FORWARD, abs=1e-6)


def test_two_strikes_are_too_few_for_a_forward() -> None:
    puts, calls = quotes()
    few = {k: puts[k] for k in (25_000.0, 25_050.0)}
    assert parity_forward(chain(puts=few, calls={k: calls[k] for k in few})) is None
    assert smile(few, {k: calls[k] for k in few}).atm_stdev is None


def test_every_strike_gives_its_stdev_back_and_so_does_a_level_between_two() -> None:
    found = smile(*quotes())
    for level in (24_600.0, 24_777.0, 25_010.0, 25_333.3):
        assert found.stdev(level) == pytest.approx(STDEV, rel=1e-4)
    assert found.atm_stdev == pytest.approx(STDEV, rel=1e-6)


def test_chance_below_is_n_of_minus_d2() -> None:
    level = 24_600.0
    d2 = math.log(FORWARD / level) / STDEV - STDEV / 2
    assert smile(*quotes()).chance_below(level) == pytest.approx(norm.cdf(-d2), abs=1e-5)


def test_deltas_of_put_and_call_differ_by_one() -> None:
    found = smile(*quotes())
    put, call = (found.delta(right, 24_600.0) for right in (Right.PUT, Right.CALL))
    d1 = math.log(FORWARD / 24_600) / STDEV + STDEV / 2
    assert put == pytest.approx(norm.cdf(d1) - 1, abs=1e-5)
    assert put is not None
    assert call is not None
    assert call - put == pytest.approx(1.0)


@pytest.mark.parametrize("bad", [(0.0, 0.5), (2.0, 1.0), (np.nan, 1.0), (1.0, np.inf)])
def test_a_strike_without_a_two_sided_quote_is_read_from_its_neighbors(bad: Market) -> None:
    puts, calls = quotes()
    puts[24_600.0] = bad
    assert smile(puts, calls).stdev(24_600.0) == pytest.approx(STDEV, rel=1e-3)


def test_beyond_the_quoted_strikes_nothing_is_known() -> None:
    found = smile(*quotes())
    assert found.stdev(23_000.0) is None
    assert found.chance_below(23_000.0) is None
    assert found.delta(Right.PUT, 23_000.0) is None
