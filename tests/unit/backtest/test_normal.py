"""The normal distribution against scipy, into the far tails."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from monitor.backtest.normal import normal_cdf, upper_quantile


def test_cdf_equals_scipys_into_both_tails() -> None:
    z = np.linspace(-37, 10, 4701)
    assert normal_cdf(z) == pytest.approx(special.ndtr(z), rel=2e-13)


def test_cdf_keeps_the_shape_and_the_unknown() -> None:
    found = normal_cdf(np.array([[0.0, np.nan], [np.inf, -np.inf]]))
    assert found.shape == (2, 2)
    assert found[0, 0] == 0.5
    assert np.isnan(found[0, 1])
    assert found[1].tolist() == [1.0, 0.0]
    assert normal_cdf(1.96).shape == ()


@pytest.mark.parametrize("tail", [0.5, 0.1, 0.025, 1e-4, 1e-9, 1e-30])
def test_upper_quantile_equals_scipys(tail: float) -> None:
    assert upper_quantile(tail) == pytest.approx(-special.ndtri(tail), rel=1e-14, abs=1e-15)
