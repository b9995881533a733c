"""Payoffs and maximum losses beyond the golden rows, each by hand."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.domain.pricing.payoff import (
    breakeven_win_rate,
    call_side_value,
    credit_to_risk,
    expiry_pnl_usd,
    max_loss_usd,
    put_side_value,
    spread_credit,
)


def test_sides_at_expiry_over_arrays() -> None:
    settlement = np.array([95.0, 100.0, 102.0, 105.0, 110.0, 120.0])
    puts = put_side_value(short=np.array(105.0), long=np.array(100.0), settlement=settlement)
    calls = call_side_value(short=np.array(105.0), long=np.array(115.0), settlement=settlement)
    assert puts.tolist() == [5, 5, 3, 0, 0, 0]
    assert calls.tolist() == [0, 0, 0, 0, 5, 10]


def test_trap_01_two_contracts_with_100_point_wings_risk_19715() -> None:
    """Credit $285 for the whole position is 1.425 points a share."""
    assert max_loss_usd(widest_width=100.0, credit=1.425, contracts=2) == pytest.approx(19_715)


def test_trap_04_a_condor_loses_on_its_wider_wing_and_keeps_the_whole_credit() -> None:
    """Wings 50 and 100, credits 1 and 2 points, four legs at $1: 100 − 3 points + $4."""
    assert max_loss_usd(widest_width=100.0, credit=3.0, fees_usd=4.0) == 9704


def test_trap_03_two_returns_never_one_roi() -> None:
    """Credit $150 on a $850 loss: at best 17.6 %; 0.85 of trades must win to break even."""
    assert credit_to_risk(credit_usd=150.0, max_loss_usd=850.0) == pytest.approx(0.17647, abs=1e-5)
    assert breakeven_win_rate(max_profit_usd=150.0, max_loss_usd=850.0) == 0.85


def test_fees_come_off_the_profit_and_settlement_is_free() -> None:
    assert expiry_pnl_usd(credit=1.5, side_values=0.0, fees_usd=2.0) == 148
    assert spread_credit(short_price=4.0227, long_price=2.7993) == pytest.approx(1.2234)
