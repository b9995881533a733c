"""Who answers the golden rows about intervals, deflated Sharpe ratios and overfitting."""

from __future__ import annotations

import math
import re

import numpy as np
from golden_table import Claim, Row, number

from monitor.backtest.calibration import brier, log_loss, shortfall_chance
from monitor.backtest.cscv import BlockSums, overfitting
from monitor.backtest.deflated_sharpe import (
    deflated_sharpe,
    expected_maximum,
    luck_sharpe,
    probabilistic_sharpe,
)
from monitor.backtest.stats_intervals import jeffreys_intervals
from monitor.domain.statistics import wilson_interval

# The paper's example: annual Sharpe ratio 2.5 over 1,250 days, non-normal; variance of the
# tries' Sharpe ratios 1/2 a year, 250 days in one.
DAYS_A_YEAR = 250
PAPER_VARIANCE = 0.5 / DAYS_A_YEAR
# Four configurations (columns) in four blocks: A, B, C, D.
TOY_BLOCKS = np.array(
    [[5, 0, 2, 1], [4, 1.2, 2, 1], [0.5, 5, 2, 1], [1, 4, 2.1, 1]], np.float32
)  # fmt: skip

# The forecasts and outcomes of the two scores' rows.
FORECAST, WON = np.array([0.9, 0.9, 0.8, 0.95]), np.array([1.0, 1.0, 0.0, 1.0])


def _wins(row: Row) -> tuple[float, float]:
    found = re.search(r" (\d+)/(\d+) ", row.case)
    assert found
    return float(found[1]), float(found[2])


def _wilson(row: Row) -> float:
    interval = wilson_interval(*_wins(row))
    return interval.low if row.case.endswith("lo") else interval.high


def _jeffreys(row: Row) -> float:
    wins, trials = (np.array([x]) for x in _wins(row))
    interval = jeffreys_intervals(wins, trials)
    return float((interval.low if row.case.endswith("lo") else interval.high)[0])


def _dsr(row: Row) -> float:
    normal = "normal" in row.case
    found = re.search(r"N=?(\d+)$", row.case)
    assert found
    return float(
        deflated_sharpe(
            2.5 / math.sqrt(DAYS_A_YEAR),
            tries=float(found[1]),
            sessions=1250,
            skew=0 if normal else -3,
            kurtosis=3 if normal else 10,
            variance=PAPER_VARIANCE,
        )
    )


def _psr(row: Row) -> float:
    normal = "normal" in row.case
    return float(
        probabilistic_sharpe(
            0.458,
            benchmark=0,
            sessions=24,
            skew=0 if normal else -2.448,
            kurtosis=3 if normal else 10.164,
        )
    )


def _toy_pbo(row: Row) -> float:
    blocks = BlockSums(total=TOY_BLOCKS, square=TOY_BLOCKS**2, sessions=np.ones(4, dtype=np.int64))
    return overfitting(blocks, measure="mean").pbo


def _shortfall(row: Row) -> float:
    found = re.match(r"P\(X<=(\d+)", row.case)
    assert found
    return shortfall_chance(
        wins=int(found[1]), trials=int(number(row.case, "n")), forecast=number(row.case, "p")
    )


CLAIMS = (
    Claim(r"Wilson95", _wilson),
    Claim(r"Jeffreys95", _jeffreys),
    Claim(r"SR0 N=100", lambda row: float(luck_sharpe(tries=100, variance=PAPER_VARIANCE))),
    Claim(r"DSR", _dsr),
    Claim(r"PSR\(0\)", _psr),
    Claim(r"expected max", lambda row: expected_maximum(number(row.case, "N"))),
    Claim(r"CSCV toy PBO", _toy_pbo),
    Claim(r"Brier", lambda row: brier(FORECAST, WON)),
    Claim(r"log loss", lambda row: log_loss(FORECAST, WON)),
    Claim(r"P\(X<=", _shortfall),
)
