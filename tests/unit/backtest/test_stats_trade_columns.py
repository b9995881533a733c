"""Trades gathered from blocks, cut into windows and regimes."""

from __future__ import annotations

import numpy as np
import pytest
from stats_cases import NO, rows

from monitor.backtest.trade_columns import (
    TradeChunk,
    TradeColumns,
    from_matrix,
    gather,
    restrict,
    window,
)
from monitor.errors import DomainError


def chunk(*trades: tuple[int, int, int, float]) -> TradeChunk:
    config, entry, settle, returns = zip(*trades, strict=True)
    return TradeChunk(
        config=np.array(config),
        entry=np.array(entry),
        settle=np.array(settle),
        returns=np.array(returns),
        credit_to_risk=np.array(returns) / 2,
    )


def listed(trades: TradeColumns) -> list[tuple[int, int, int, float]]:
    config = np.repeat(np.arange(trades.n_configs), np.diff(trades.start))
    columns = (config, trades.entry, trades.held, trades.returns.astype(float).round(4))
    return [tuple(values) for values in zip(*(c.tolist() for c in columns), strict=True)]  # type: ignore[misc]


def test_trades_are_ordered_by_configuration_and_session_whatever_the_blocks_order() -> None:
    early, late = chunk((1, 0, 2, 0.1), (0, 1, 1, -0.2)), chunk((1, 5, 7, 0.3), (0, 4, 9, 0.4))
    expected = [(0, 1, 0, -0.2), (0, 4, 5, 0.4), (1, 0, 2, 0.1), (1, 5, 2, 0.3)]
    for order in ([early, late], [late, early]):
        found = gather(order, n_configs=3, n_sessions=10)
        assert listed(found) == expected
        assert found.start.tolist() == [0, 2, 4, 4]
        assert found.credit_to_risk is not None
        assert found.credit_to_risk.tolist() == pytest.approx([-0.1, 0.2, 0.05, 0.15])


def test_no_trades_at_all_is_an_answer() -> None:
    found = gather([], n_configs=2, n_sessions=5)
    assert (found.n_trades, found.start.tolist()) == (0, [0, 0, 0])
    assert window(found, first=0, stop=5, settled_by=5).n_trades == 0


def test_matrix_and_columns_hold_the_same() -> None:
    found = from_matrix(np.array([[0.1, NO, -1.0]]), np.array([[2, 0, 0]]))
    assert listed(found) == [(0, 0, 2, 0.1), (0, 2, 0, -1.0)]


@pytest.mark.parametrize(
    ("trade", "message"),
    [
        ((3, 0, 0, 0.1), "configuration 3: need 0 to 2"),
        ((-1, 0, 0, 0.1), "configuration -1"),
        ((0, 10, 10, 0.1), "entry session 10: need 0 to 9"),
        ((0, 2, 1, 0.1), "sessions held -1"),
        ((0, 2, 10, 0.1), "settlement session 10"),
        ((0, 2, 3, NO), "no finite return"),
        ((0, 2, 3, np.inf), "no finite return"),
    ],
)
def test_impossible_trades_are_named(trade: tuple[int, int, int, float], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        gather([chunk(trade)], n_configs=3, n_sessions=10)


def test_two_trades_of_one_configuration_on_one_session_are_refused() -> None:
    with pytest.raises(DomainError, match="configuration 1 has two trades"):
        gather([chunk((1, 2, 2, 0.1)), chunk((1, 2, 3, 0.1))], n_configs=2, n_sessions=5)


def test_window_takes_what_was_entered_inside_and_known_before_its_limit() -> None:
    trades = rows([0.1, 0.2, 0.3, 0.4, 0.5, NO, NO, NO], held=2)
    found = window(trades, first=1, stop=4, settled_by=5)
    assert listed(found) == [(0, 0, 2, 0.2), (0, 1, 2, 0.3)]  # session 3 settles on 5: not known
    assert found.n_sessions == 4


def test_restrict_keeps_configurations_in_place() -> None:
    trades = rows([0.1, 0.2], [0.3, NO], [NO, 0.4])
    found = restrict(trades, np.array([False, True, False, True]))
    assert listed(found) == [(0, 1, 0, 0.2), (2, 1, 0, 0.4)]
    assert found.n_configs == 3
