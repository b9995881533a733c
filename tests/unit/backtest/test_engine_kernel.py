from __future__ import annotations

import numpy as np
import pytest
from engine_cases import by_config, random_task

from monitor.backtest.engine_exits import price_exit_code
from monitor.backtest.engine_kernel import most_rows, simulate
from monitor.backtest.engine_plain import simulate_plain
from monitor.backtest.legs import TRADE
from monitor.backtest.trade_codes import LIVE_CODE, Exit, NoTrade
from monitor.domain.exits import ExitRules, price_exit


@pytest.mark.parametrize(
    ("physical", "extremes"), [(False, False), (True, False), (False, True), (True, True)]
)
def test_the_kernel_equals_its_plain_twin_on_messy_chains(physical: bool, extremes: bool) -> None:
    reasons: set[int] = set()
    refused_at_all = np.zeros(len(NoTrade), np.int64)
    total = 0
    for seed in range(60):
        task = random_task(seed, physical=physical, extremes=extremes)
        want, want_refused = simulate_plain(task)
        got, got_refused = simulate(task)
        want, got = by_config(want), by_config(got)
        assert len(got) == len(want)
        for name in TRADE.names or ():
            np.testing.assert_array_equal(got[name], want[name], err_msg=f"seed {seed} {name}")
        np.testing.assert_array_equal(got_refused, want_refused, err_msg=f"seed {seed}")
        reasons |= set(got["reason"].tolist()) | set(got["hold_reason"].tolist())
        refused_at_all += got_refused.sum(axis=0)
        total += len(got)
        assert len(got) <= most_rows(task.cells, len(task.fills))
    expected = set(Exit) if physical else set(Exit) - {Exit.FORCED}
    assert reasons == {int(code) for code in expected}  # the cases reach every exit
    assert total > 2000
    assert (refused_at_all[NoTrade.FLOW_UNKNOWN : NoTrade.CREDIT_OVER_RISK] > 0).all()


def test_every_configuration_is_a_trade_or_has_a_reason() -> None:
    for seed in range(20):
        task = random_task(seed)
        rows, refused = simulate(task)
        configs = len(task.cells.width) * task.cells.n_times * 5
        for fill in range(len(task.fills)):
            assert np.count_nonzero(rows["fill"] == fill) + refused[fill].sum() == configs


def test_trap_24_the_compiled_rule_is_the_live_rule_on_random_paths() -> None:
    rng = np.random.default_rng(3)
    for _ in range(4000):
        rules = ExitRules(
            profit_target_pct=float(rng.choice([10, 25, 50, 75, 100, 33.3])),
            stop_loss_credit_multiple=float(rng.choice([0.5, 1, 1.1, 2, 3])),
        )
        credit = round(float(rng.uniform(0.05, 30)), 2)
        # mostly right at the levels, where a wrong comparison shows
        pnl = float(
            rng.choice(
                [
                    -rules.stop_loss_credit_multiple * credit,
                    rules.profit_target_pct * credit / 100,
                    rng.uniform(-4, 1.2) * credit,
                ]
            )
        ) + float(rng.choice([0, 0, 1e-12, -1e-12, 1e-9 * credit, -1e-9 * credit, 1e-6]))
        live = price_exit(credit=credit, pnl=pnl, rules=rules)
        code = price_exit_code(
            credit, pnl, rules.stop_loss_credit_multiple, rules.profit_target_pct
        )
        assert code == (LIVE_CODE[live] if live else 0)
