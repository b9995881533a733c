"""Which spreads are compared, and the measures of agreement, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.backtest.validation import CreditPair, QuotedChain, agreement, credit_pairs
from monitor.domain.vocabulary import SpreadType

NAN = float("nan")
CHAIN = QuotedChain(
    strikes=np.array([90.0, 95.0, 100.0, 105.0, 110.0]),
    put_bid=np.array([0.0, 0.4, 2.0, 5.0, 10.0]),
    put_ask=np.array([0.2, 0.6, 2.2, 5.4, 10.4]),
    call_bid=np.array([10.0, 5.5, 2.1, 0.9, NAN]),
    call_ask=np.array([10.4, 5.9, 2.3, 1.1, 0.1]),
)
MODEL_PUTS = np.array([0.2, 0.7, 2.0, 5.0, 10.0])
MODEL_CALLS = np.array([10.0, 5.5, 2.0, 0.8, 0.3])


def pairs(
    *, chain: QuotedChain = CHAIN, low: float = 97.0, high: float = 102.0, width: float = 5.0
) -> dict[SpreadType, CreditPair]:
    found = credit_pairs(
        chain, model_puts=MODEL_PUTS, model_calls=MODEL_CALLS, forward=100.5, low=low, high=high,
        widths=(width,), session=1, dte=2,
    )  # fmt: skip
    return {p.kind: p for p in found}


def test_the_short_put_is_the_first_strike_outside_the_band() -> None:
    """Short 95 at 0.50 mid, long 90 at 0.10 (no bid is still a price of 0 to 0.20)."""
    put = pairs()[SpreadType.PUT_SPREAD]
    assert (put.real, put.model) == pytest.approx((0.40, 0.50))


def test_an_unquoted_long_leg_is_no_pair_and_no_condor() -> None:
    """The call at 110 has no bid at all."""
    assert set(pairs()) == {SpreadType.PUT_SPREAD}


def test_a_condor_is_both_sides() -> None:
    chain = QuotedChain(
        strikes=CHAIN.strikes, put_bid=CHAIN.put_bid, put_ask=CHAIN.put_ask,
        call_bid=np.array([10.0, 5.5, 2.1, 0.9, 0.1]),
        call_ask=np.array([10.4, 5.9, 2.3, 1.1, 0.3]),
    )  # fmt: skip
    condor = pairs(chain=chain)[SpreadType.IRON_CONDOR]
    assert (condor.real, condor.model) == pytest.approx((0.40 + 0.80, 0.50 + 0.50))


def test_trap_05_another_width_is_no_pair() -> None:
    assert pairs(width=7.0) == {}


def test_a_one_sided_short_leg_is_no_pair() -> None:
    """The put at 90 has no bid: nobody buys it from the seller."""
    assert SpreadType.PUT_SPREAD not in pairs(low=92.0)


def pair(session: int, real: float, model: float) -> CreditPair:
    return CreditPair(
        session=session, dte=1, kind=SpreadType.PUT_SPREAD, width=5, real=real, model=model
    )


def test_bias_and_error_are_shares_of_the_mean_real_credit() -> None:
    """Errors +1 and −0.5 on a mean of 2.5: bias 10 %, mean absolute error 30 %."""
    found = agreement([pair(1, 2.0, 3.0), pair(2, 3.0, 2.5)], generator=np.random.default_rng(0))
    assert found.bias == pytest.approx(10)
    assert found.mae == pytest.approx(30)
    assert found.rank == pytest.approx(-1)
    assert (found.spreads, found.sessions) == (2, 2)
    # only whole sessions are drawn: +50 % and −16.7 % are the ends
    assert (found.bias_low, found.bias_high) == pytest.approx((-100 / 6, 50))


def test_one_session_alone_has_no_spread_of_its_own() -> None:
    found = agreement([pair(7, 1.0, 1.1), pair(7, 2.0, 2.2)], generator=np.random.default_rng(0))
    assert found.bias_low == pytest.approx(found.bias_high) == pytest.approx(10)
