"""What must hold of the statistics for any data; kernels against their plain twins."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor.backtest.bootstrap import lost_to_centering, stationary_sum_variance
from monitor.backtest.cscv import BlockSums, overfitting
from monitor.backtest.cscv_kernels import TILE, _largest
from monitor.backtest.deflated_sharpe import deflated_sharpe, expected_maximum
from monitor.backtest.stats_intervals import jeffreys_intervals, wilson_intervals
from monitor.backtest.trade_columns import TradeChunk, from_matrix, gather
from monitor.backtest.verdict import VERDICTS, verdict_codes
from monitor.domain.statistics import verdict_of_score

QUICK = settings(max_examples=60, deadline=None)
MOVES = st.floats(-1, 1, allow_nan=False, width=32)


@QUICK
@given(arrays(np.float64, st.integers(2, 60), elements=MOVES), st.floats(1, 40))
def test_variance_is_positive_ignores_time_reversal_and_is_that_of_the_plain_twin(
    x: Any, block: float
) -> None:
    x = x - x.mean()
    found = stationary_sum_variance(x, block)
    assert found >= 0
    near = {"rtol": 1e-7, "atol": 1e-9 * float(x @ x) + 1e-15}
    np.testing.assert_allclose(stationary_sum_variance.py_func(x, block), found, **near)  # type: ignore[attr-defined]
    np.testing.assert_allclose(stationary_sum_variance(x[::-1].copy(), block), found, **near)
    np.testing.assert_allclose(stationary_sum_variance(np.roll(x, 3), block), found, **near)


@given(st.integers(2, 5000), st.floats(1, 200))
def test_share_lost_to_centering_is_a_share(n: int, block: float) -> None:
    assert 0 < lost_to_centering(n, block) <= 1 + 1e-12


@given(st.floats(0, 1), st.floats(0.5, 5000))
def test_intervals_hold_the_rate_and_stay_within_0_and_1(rate: float, trials: float) -> None:
    for kind in (wilson_intervals, jeffreys_intervals):
        found = kind(np.array([rate * trials]), np.array([trials]))
        assert 0 <= found.low[0] <= rate + 1e-9
        assert rate - 1e-9 <= found.high[0] <= 1


@given(st.floats(1, 1e7), st.floats(1, 1e7))
def test_more_tries_expect_a_higher_maximum(one: float, two: float) -> None:
    few, many = sorted((one, two))
    if few >= 2:
        assert expected_maximum(few) <= expected_maximum(many)


@given(st.floats(-1, 1), st.floats(2, 1e4), st.floats(2, 1e5), st.floats(-3, 3))
def test_deflated_sharpe_is_a_probability(
    sharpe: float, sessions: float, tries: float, skew: float
) -> None:
    found = float(
        deflated_sharpe(sharpe, tries=tries, sessions=sessions, skew=skew, kurtosis=skew**2 + 1.5)
    )
    assert 0 <= found <= 1


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_column_of_scores_gets_the_words_of_single_scores(score: float) -> None:
    assert VERDICTS[verdict_codes(np.array([score]))[0]] is verdict_of_score(score)


@QUICK
@given(arrays(np.float32, TILE, elements=MOVES))
def test_folding_finds_the_maximum(values: Any) -> None:
    assert _largest(values, np.empty(TILE, np.float32)) == values.max()


@QUICK
@given(arrays(np.float32, (4, 6), elements=MOVES), st.permutations(range(6)))
def test_the_order_of_configurations_does_not_change_what_was_overfit(
    total: Any, order: list[int]
) -> None:
    """Ties aside: equal scores may elect another of the equals."""
    total = total + np.float32(0.01) * np.arange(1, 7, dtype=np.float32)
    square = total**2 + np.float32(0.5)
    sessions = np.full(4, 5)
    one = overfitting(BlockSums(total=total, square=square, sessions=sessions))
    two = overfitting(BlockSums(total=total[:, order], square=square[:, order], sessions=sessions))
    same = np.array(order)[two.best] == one.best
    np.testing.assert_array_equal(one.rank[same], two.rank[same])
    np.testing.assert_allclose(one.seen, two.seen, rtol=1e-3, atol=1e-3)


@QUICK
@given(
    arrays(np.float64, (3, 8), elements=st.one_of(MOVES, st.just(float("nan")))),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_any_cut_into_blocks_gathers_the_same_bits(matrix: Any, pieces: int, random: Any) -> None:
    held = np.zeros(matrix.shape, np.int64)
    whole = from_matrix(matrix, held)
    config, entry = np.nonzero(~np.isnan(matrix))
    returns = matrix[config, entry]
    order = list(range(len(config)))
    random.shuffle(order)
    chunks = [
        TradeChunk(config=config[o], entry=entry[o], settle=entry[o], returns=returns[o])
        for o in np.array_split(np.array(order, np.int64), pieces)
    ]
    found = gather(chunks, n_configs=3, n_sessions=8)
    for name in ("start", "entry", "held", "returns"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
