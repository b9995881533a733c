"""The run's own walk-forward: what picking from its past would have shown, and then earned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.calibration import Outcomes, Reliability, calibration_slope, reliability
from monitor.backtest.configs import ConfigTable
from monitor.backtest.grid_judge import groups_of
from monitor.backtest.pick_rules import honest_rule, naive_rule
from monitor.backtest.trade_columns import TradeColumns
from monitor.backtest.walk_forward import Estimate, Fold, WalkForward, make_folds, walk_rules

Floats = NDArray[np.float64]
TRAIN, TEST = 90, 63  # sessions, as the person chooses; shorter where the window is
FEWEST_TRAIN, FEWEST_TEST = 10, 5
FOLDS_OF_A_SHORT_WINDOW = 3
PICKED, REALIZED = "walk_forward_picked", "walk_forward_return_pct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Both rules over the same folds."""

    folds: tuple[Fold, ...]
    naive: WalkForward
    honest: WalkForward


def walk(
    trades: TradeColumns, *, table: ConfigTable, n_entry: int, workers: int = 2
) -> Walked | None:
    """Walk forward over a run's entry sessions; None where the window is too short for a fold."""
    folds = folds_for(n_entry, embargo=int(table.dte.max()))
    if not folds:
        return None
    naive, honest = walk_rules(
        trades, folds=folds, rules=(naive_rule(), honest_rule()), dte=table.dte,
        group=groups_of(table), workers=workers,
    )  # fmt: skip
    return Walked(folds=folds, naive=naive, honest=honest)


def folds_for(n_entry: int, *, embargo: int) -> tuple[Fold, ...]:
    """90 sessions to learn from and 63 to judge; of a shorter window half, and thirds of the rest.

    >>> len(folds_for(60, embargo=10)), len(folds_for(20, embargo=10))
    (3, 0)
    """
    room = n_entry - embargo
    train = min(TRAIN, room // 2)
    test = min(TEST, (room - train) // FOLDS_OF_A_SHORT_WINDOW)
    if train < FEWEST_TRAIN or test < FEWEST_TEST:
        return ()
    return make_folds(n_entry, train=train, test=test, embargo=embargo)


def grid_columns(walked: Walked | None, n_configs: int) -> dict[str, Floats]:
    """Per configuration: in how many folds the person's rule picked it, and what it then earned."""
    if walked is None:
        return {PICKED: np.full(n_configs, np.nan), REALIZED: np.full(n_configs, np.nan)}
    return {
        PICKED: walked.naive.times_picked.astype(np.float64),
        REALIZED: 100 * walked.naive.realized_return,
    }


def walk_facts(walked: Walked | None) -> dict[str, Any] | None:
    """For run.json and the report; unknown numbers are None."""
    if walked is None:
        return None
    first = walked.folds[0]
    return {
        "folds": len(walked.folds),
        "train_sessions": first.train_stop - first.train_first,
        "test_sessions": first.test_stop - first.test_first,
        "embargo_sessions": first.test_first - first.train_stop,
        "rules": {"naive": _rule(walked.naive), "honest": _rule(walked.honest)},
        "reliability": {
            "own win rate": _reliability(walked.naive.naive),
            "shrunk win rate": _reliability(walked.naive.shrunk),
        },
    }


def _rule(result: WalkForward) -> dict[str, Any]:
    measures = {
        "shown_win_pct": result.over_folds(lambda f: 100 * f.shown_win),
        "realized_win_pct": result.over_folds(lambda f: 100 * f.realized_win),
        "shown_return_pct": result.over_folds(lambda f: 100 * f.shown_return),
        "realized_return_pct": result.over_folds(lambda f: 100 * f.realized_return),
    }
    picked = sum(len(fold.picks) for fold in result.folds)
    return {"picked": picked, **{name: _estimate(one) for name, one in measures.items()}}


def _estimate(one: Estimate) -> dict[str, float | None]:
    return {"mean": _known(one.mean), "error": _known(one.error)}


def _reliability(outcomes: Outcomes) -> dict[str, Any] | None:
    if outcomes.trials.sum() == 0:
        return None
    found: Reliability = reliability(outcomes)
    return {
        "forecast_pct": _percents(found.forecast),
        "realized_pct": _percents(found.realized),
        "low_pct": _percents(found.low),
        "high_pct": _percents(found.high),
        "trials": [int(n) for n in found.trials],
        "expected_error_pct": round(100 * found.expected_error, 3),
        "slope": _known(_slope(outcomes)),
    }


def _slope(outcomes: Outcomes) -> float:
    try:
        return calibration_slope(outcomes)
    except np.linalg.LinAlgError:  # the fit ran away: the data do not tell
        return math.nan


def _percents(values: Floats) -> list[float]:
    return [round(100 * float(v), 3) for v in values]


def _known(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
