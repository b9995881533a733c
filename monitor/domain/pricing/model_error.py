"""How far a model credit is from a recorded one, by underlying and sessions to expiration.

Mean absolute error in percent of the mean recorded mid credit, measured on end-of-day chains
(docs/pricing.md, "Model against recorded credits"). There are 4 to 9 sessions behind each figure:
it says how large the error is, not to the percent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.domain.instruments import underlying
from monitor.domain.pricing.surface_tables import surface_table

Floats = NDArray[np.float64]
_EDGES = (1, 3, 6)  # sessions: 1, 2 to 3, 4 to 6, 7 and more


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelError:
    """Percent of the mean recorded credit; `bias_low`, `bias_high`: its 95 % interval.

    `anchored` is the mean absolute error where the at-the-money vol is the chain's own.
    """

    bias: int
    bias_low: int
    bias_high: int
    mean_absolute: int
    anchored: int
    by_dte: tuple[int, int, int, int]


_MEASURED = {
    "SPX": ModelError(
        bias=-14, bias_low=-31, bias_high=0, mean_absolute=27, anchored=20, by_dte=(56, 22, 18, 18)
    ),
    "NDX": ModelError(
        bias=-17, bias_low=-29, bias_high=-7, mean_absolute=25, anchored=18, by_dte=(31, 20, 22, 27)
    ),
    "QQQ": ModelError(
        bias=-27,
        bias_low=-35,
        bias_high=-15,
        mean_absolute=33,
        anchored=21,
        by_dte=(32, 34, 32, 33),
    ),
    "SPY": ModelError(
        bias=-8, bias_low=-25, bias_high=0, mean_absolute=18, anchored=19, by_dte=(53, 38, 15, 14)
    ),
}


def is_measured(symbol: str) -> bool:
    """Whether the underlying has model prices at all."""
    return underlying(symbol).symbol in _MEASURED


def model_error(symbol: str) -> ModelError:
    """The measured error of one underlying's model credits.

    Raises:
        DomainError: No surface was measured for it, so it has no model prices.
    """
    surface_table(symbol)
    return _MEASURED[underlying(symbol).symbol]


def credit_error_pct(symbol: str, dte: ArrayLike) -> Floats:
    """Mean absolute error of a model credit by sessions to expiration; NaN at 0: unvalidated."""
    sessions = np.asarray(dte, np.int64)
    by_dte = np.array(model_error(symbol).by_dte, np.float64)
    return np.where(sessions > 0, by_dte[np.searchsorted(_EDGES, sessions)], np.nan)


def error_note(symbol: str) -> str:
    """The error in one sentence."""
    error = model_error(symbol)
    return (
        f"option prices are model prices, not quotes: against recorded credits of {symbol} they "
        f"were off by {error.mean_absolute} % of the credit in the mean, with a bias of "
        f"{error.bias:+d} % (95 % interval {error.bias_low:+d} to {error.bias_high:+d})"
    )
