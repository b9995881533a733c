"""Half-spreads, fills, ticks and the quote guards, by the design's own table and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.domain.pricing.costs import (
    FILLS,
    fill_credit,
    fill_debit,
    half_spreads,
    round_down,
    trading_costs,
)
from monitor.domain.pricing.quote_rules import credit_below_risk, plausible_credit, two_sided
from monitor.errors import DomainError


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("SPX", [0.05, 0.05, 0.05, 0.05, 0.075, 0.075, 0.15, 0.15]),
        ("NDX", [0.175, 0.175, 0.275, 0.375, 0.425, 0.50, 0.60, 0.70]),
        ("QQQ", [0.01, 0.01, 0.01, 0.01, 0.015, 0.02, 0.03, 0.025]),
        ("SPY", [0.005, 0.005, 0.005, 0.005, 0.01, 0.015, 0.015, 0.02]),
    ],
)
def test_half_spread_by_leg_price(symbol: str, expected: list[float]) -> None:
    """The edges belong to the cheaper column: 0.25 is "≤ 0.25"."""
    got = half_spreads(symbol, [0.05, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0])
    assert got.tolist() == expected


def test_half_spread_of_an_unknown_price_is_unknown() -> None:
    assert math.isnan(half_spreads("SPX", math.nan))


def test_half_spread_of_an_underlying_never_measured_is_refused() -> None:
    with pytest.raises(DomainError, match="RUT"):
        half_spreads("RUT", 1.0)


def test_fills_are_mid_half_way_and_the_worst_side() -> None:
    """Two legs at ± 0.075: 1.30 at mid, 1.225 half way → 1.20, 1.15 at the worst side."""
    got = [float(fill_credit(1.30, half_spread_sum=0.15, fill=f, tick=0.05)) for f in FILLS]
    assert got == [1.30, 1.20, 1.15]
    paid = [float(fill_debit(1.30, half_spread_sum=0.15, fill=f, tick=0.05)) for f in FILLS]
    assert paid == [1.30, 1.40, 1.45]


def test_a_price_on_the_tick_stays_there() -> None:
    """0.15 and 0.35 are below themselves in binary."""
    prices = np.arange(1, 200) / 20
    np.testing.assert_array_equal(round_down(prices, tick=0.05), prices)
    assert float(round_down(0.1499, tick=0.05)) == 0.10
    assert float(round_down(0.1299, tick=0.01)) == 0.12


def test_trap_07_fees_ticks_and_least_credit_by_underlying() -> None:
    ndx, spx, spy = (trading_costs(s) for s in ("NDX", "SPX", "SPY"))
    assert (ndx.fee_usd, ndx.tick, ndx.min_credit_usd) == (1.0, 0.05, 20.0)
    assert (spx.fee_usd, spx.tick, spx.min_credit_usd) == (1.0, 0.05, 8.0)
    assert (spy.fee_usd, spy.tick, spy.min_credit_usd) == (0.65, 0.01, 0.0)
    # a condor's round trip is 8 contract-sides: on a $50 credit 16 %
    assert 8 * ndx.fee_usd / 50 == 0.16


def test_quotes_must_be_two_sided_and_not_crossed() -> None:
    nan = math.nan
    bid = [1.0, 1.0, 0.0, 1.2, nan, 1.0, -1.0]
    ask = [1.1, 1.0, 1.1, 1.1, 1.1, nan, 1.0]
    assert two_sided(bid, ask).tolist() == [True, True, False, False, False, False, False]


def test_trap_20_a_credit_above_035_of_the_width_is_a_bad_quote() -> None:
    assert plausible_credit([4.0, 17.5, 17.6, 400.0, 0.0, math.nan], 50.0).tolist() == [
        True, True, False, False, False, False,
    ]  # fmt: skip


def test_a_credit_must_lie_below_the_maximum_loss() -> None:
    assert credit_below_risk([100.0, 500.0, math.nan], 500.0).tolist() == [True, False, False]
