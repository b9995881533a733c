"""Out-of-sample coverage of bands on SPX since 1992, against figures measured elsewhere.

The design's table (percent; SPX daily closes 1992 to 2026, entry at the close) was computed by
other code on the same closes.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.backtest.bands import coverage, rolling_bands
from monitor.backtest.configs import BANDS, BandMode
from monitor.domain.past_moves import WINDOW

Floats = NDArray[np.float64]
DESIGN = {
    (BandMode.RAW100, 1): (92.9, 94.9, 95.7, 97.0, 97.7),
    (BandMode.RAW100, 5): (91.2, 93.0, 93.9, 95.2, 96.0),
    (BandMode.RAW100, 10): (88.0, 89.8, 90.7, 92.2, 93.3),
    (BandMode.VIX250, 1): (94.1, 96.1, 97.1, 98.0, 99.1),
    (BandMode.VIX250, 10): (92.5, 94.4, 95.4, 96.6, 97.6),
}


@pytest.fixture(scope="module")
def closes(shared_data: Path) -> tuple[Floats, Floats]:
    """SPX and VIX on the days that both have, 1992 on."""

    def read(name: str) -> dict[str, float]:
        with (shared_data / "daily" / name).open() as file:
            return {line["date"]: float(line["close"]) for line in csv.DictReader(file)}

    spx, vix = read("GSPC_yahoo.csv"), read("VIX_cboe.csv")
    days = sorted(day for day in spx.keys() & vix.keys() if day >= "1992")
    return np.array([spx[d] for d in days]), np.array([vix[d] for d in days])


@pytest.mark.parametrize(("mode", "dte"), DESIGN)
def test_trap_22_bands_hold_as_often_as_was_measured_and_less_than_they_say(
    closes: tuple[Floats, Floats], mode: BandMode, dte: int
) -> None:
    price, vix = closes
    bands = rolling_bands(
        price, price, dte=dte, bands=BANDS, window=WINDOW[mode], min_sample=WINDOW[mode],
        scale=vix if mode is BandMode.VIX250 else None,
    )  # fmt: skip
    share, count = coverage(bands, price, price, dte=dte)
    assert count > 8_000
    assert (100 * share).tolist() == pytest.approx(DESIGN[mode, dte], abs=0.3)
    assert (100 * share < BANDS).all()
