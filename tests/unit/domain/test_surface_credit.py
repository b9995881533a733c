"""The surface in plain numbers equals the kernels' (`monitor/backtest/surface.py`)."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from fakes.spine import CALENDAR, NOW

from monitor.backtest.surface import Instants, VolLevels, chain_levels, chain_prices
from monitor.backtest.surface_kernels import smile_stdev
from monitor.clock import NEW_YORK
from monitor.domain.option_chain import PriceSource, Right
from monitor.domain.pricing.implied_stdev import otm_price
from monitor.domain.pricing.surface_plain import smile_stdev_plain
from monitor.domain.pricing.surface_tables import smile_cubics, surface_table
from monitor.domain.pricing.variance_clock import VarianceClock, intraday_share
from monitor.domain.surface_credit import SurfacePrices, model_atm_stdev

TODAY = NOW.astimezone(NEW_YORK).date()
VOLS = {"VIX1D": 0.12, "VIX9D": 0.15, "VIX": 0.17, "VIX3M": 0.19, "VXN": 0.22}
STRIKES = np.arange(22_000.0, 27_500.0, 50.0)


def clock() -> VarianceClock:
    days = CALENDAR.ordinals_between(date(2026, 11, 2), date(2027, 4, 1))
    return VarianceClock(np.asarray(days, np.int64))


def kernels(ticker: str, vols: dict[str, float], dte: int) -> tuple[float, np.ndarray, np.ndarray]:
    """At-the-money stdev, puts and calls of the compiled surface at NOW."""
    own = vols["VXN"] if ticker == "NDX" else vols["VIX"]
    session = CALENDAR.on(TODAY)
    assert session is not None
    share = intraday_share((NOW - session.open).total_seconds() / 60)
    made = clock()
    levels = {
        name: np.array([vols.get(name.upper(), np.nan)])
        for name in ("vix1d", "vix9d", "vix", "vix3m")
    }
    chain = chain_levels(
        ticker, clock=made,
        instants=Instants(
            origin=np.array([CALENDAR.shift(TODAY, -1).date.toordinal()]),
            time=made.at(np.array([TODAY.toordinal()]), share=share),
        ),
        levels=VolLevels(**levels, own=np.array([own])),
        expiration=CALENDAR.shift(TODAY, dte).date.toordinal(), dte=np.array([dte]),
        spot=np.array([25_000.0]), years=0.0, rate=0.0, dividend_yield=0.0,
    )  # fmt: skip
    puts, calls = chain_prices(ticker, chain=chain, strikes=STRIKES)
    return float(chain.atm_stdev[0]), puts[:, 0], calls[:, 0]


@pytest.mark.parametrize("ticker", ["NDX", "SPX"])
@pytest.mark.parametrize("dte", [1, 2, 5, 10])
@pytest.mark.parametrize("missing", [(), ("VIX1D",), ("VIX1D", "VIX9D"), ("VIX3M",)])
def test_level_and_prices_equal_the_kernels(
    ticker: str, dte: int, missing: tuple[str, ...]
) -> None:
    vols = {name: vol for name, vol in VOLS.items() if name not in missing}
    atm, puts, calls = kernels(ticker, vols, dte)
    got = model_atm_stdev(
        ticker, vols={**dict.fromkeys(VOLS), **vols},
        expiration=CALENDAR.shift(TODAY, dte).date, calendar=CALENDAR, now=NOW,
    )  # fmt: skip
    assert got == pytest.approx(atm, rel=1e-12)
    table = surface_table(ticker)
    kernel = np.empty(len(STRIKES))
    smile_stdev(math.log(25_000.0), atm, np.log(STRIKES), smile_cubics(table.smile), kernel)
    for strike, put, call, want in zip(STRIKES, puts, calls, kernel, strict=True):
        (stdev,) = smile_stdev_plain(
            ticker, forward=25_000.0, atm_stdev=atm, strikes=[float(strike)]
        )
        assert stdev == pytest.approx(want, rel=1e-12)
        if -5 < math.log(strike / 25_000) / atm < 2.5:  # beyond, the kernel repairs convexity
            mine = otm_price(forward=25_000.0, strike=float(strike), stdev=stdev)
            assert mine == pytest.approx(put if strike <= 25_000 else call, rel=1e-3)


@pytest.mark.parametrize("missing", ["VIX", "VXN"])
def test_without_vix_or_its_own_index_there_is_no_level(missing: str) -> None:
    got = model_atm_stdev(
        "NDX", vols=VOLS | {missing: None}, expiration=CALENDAR.shift(TODAY, 2).date,
        calendar=CALENDAR, now=NOW,
    )  # fmt: skip
    assert got == "no model price: VXN or VIX is unknown"


def test_a_surface_price_brings_the_measured_half_spread() -> None:
    """An NDX leg worth between 10 and 20 points is quoted ± 1.00 (the costs' table)."""
    surface = SurfacePrices(
        symbol="NDX", kind=PriceSource.MODEL, forward=25_000.0, atm=0.02, error_pct=25.0
    )
    mid, half = surface.mid_and_half(Right.PUT, 24_300.0)
    z = math.log(24_300 / 25_000) / 0.02
    assert z == pytest.approx(-1.42, abs=0.01)
    # y(−1.42) lies between the table's 1.133 at −1 and 1.212 at −1.5
    low = otm_price(forward=25_000, strike=24_300, stdev=0.02 * 1.133)
    high = otm_price(forward=25_000, strike=24_300, stdev=0.02 * 1.212)
    assert low < mid < high
    assert half == {True: 1.25, False: 1.0}[mid > 20]
    call, same = surface.mid_and_half(Right.CALL, 24_300.0)  # in the money: parity
    assert (call - mid, same) == (pytest.approx(700.0), half)
