"""The live monitor's surface: equal to the backtest's, and to QuantLib's Black formula."""

from __future__ import annotations

import math
from dataclasses import astuple
from datetime import date, timedelta

import numpy as np
import pytest
import QuantLib as ql
from fakes.spine import CALENDAR, HALF_DAY, pacific

from monitor.backtest.surface import Instants, VolLevels, chain_levels, chain_prices
from monitor.domain.pricing.black_plain import greeks_plain, implied_stdev_plain, price_plain
from monitor.domain.pricing.surface_plain import (
    IndexVols,
    TradingTime,
    atm_stdev,
    surface_prices,
)

NAN = math.nan
WEDNESDAY = date(2026, 11, 18)
NOW = pacific("07:32")  # 10:32 in New York: 62 minutes after the open
TIME = TradingTime.around(CALENDAR, NOW)
VOLS = IndexVols(vix1d=0.12, vix9d=0.15, vix=0.18, vix3m=0.20, own=0.22)
STRIKES = np.array([24000.0, 24500.0, 25000.0, 25500.0])


@pytest.mark.parametrize(
    "vols",
    [
        VOLS,
        IndexVols(vix1d=NAN, vix9d=0.15, vix=0.18, vix3m=0.20, own=0.22),
        IndexVols(vix1d=NAN, vix9d=NAN, vix=0.18, vix3m=NAN, own=0.18),
    ],
)
@pytest.mark.parametrize("dte", [0, 1, 3, 6])
def test_it_equals_the_backtest_surface(vols: IndexVols, dte: int) -> None:
    expiration = CALENDAR.shift(WEDNESDAY, dte).date
    origin, time = TIME.at(NOW)
    arrays = VolLevels(**{k: np.array([getattr(vols, k)]) for k in VolLevels.__slots__})
    theirs = chain_levels(
        "NDX", clock=TIME.clock,
        instants=Instants(origin=np.array([origin]), time=np.array([time])), levels=arrays,
        expiration=expiration.toordinal(), dte=dte, spot=np.array([25000.0]), years=0.0,
        rate=0.0, dividend_yield=0.0,
    )  # fmt: skip
    mine = atm_stdev("NDX", time=TIME, now=NOW, expiration=expiration, vols=vols)
    assert mine == pytest.approx(float(theirs.atm_stdev[0]), rel=1e-12)
    puts, _ = chain_prices("NDX", chain=theirs, strikes=STRIKES)
    prices = surface_prices("NDX", forward=25000.0, atm_stdev=mine, strikes=STRIKES, is_call=False)
    assert prices == pytest.approx(puts[:, 0], rel=1e-7, abs=1e-9)


def test_an_unknown_vix_makes_no_price() -> None:
    vols = IndexVols(**{**dict(zip(IndexVols.__slots__, astuple(VOLS), strict=True)), "vix": NAN})
    level = atm_stdev("SPX", time=TIME, now=NOW, expiration=WEDNESDAY, vols=vols)
    assert math.isnan(level)
    prices = surface_prices("SPX", forward=5e3, atm_stdev=level, strikes=[4900.0], is_call=False)
    assert np.isnan(prices).all()


def test_time_before_during_and_after_a_session() -> None:
    def at(text: str, day: date = WEDNESDAY) -> float:
        return TIME.at(pacific(text, day))[1] - TIME.at(pacific("13:00", WEDNESDAY))[1]

    assert at("06:00") == pytest.approx(-1.0)  # the whole session, night included, is to come
    assert at("06:30") == pytest.approx(-0.7)
    assert at("07:30") == pytest.approx(-0.7 * (1 - 0.23))
    assert at("20:00") == 0
    friday, saturday = date(2026, 11, 20), date(2026, 11, 21)
    assert at("13:00", friday) == pytest.approx(2.0)
    assert at("09:00", saturday) == pytest.approx(2.0)  # Saturday itself is not over
    assert at("06:00", date(2026, 11, 23)) == pytest.approx(2.04)
    assert TIME.at(pacific("09:00", saturday))[0] == friday.toordinal()
    assert TIME.at(pacific("10:30", HALF_DAY))[0] == HALF_DAY.toordinal()


def test_what_is_left_of_an_expired_series_is_nothing() -> None:
    assert TIME.left(pacific("13:00"), WEDNESDAY) == 0
    assert TIME.left(NOW, WEDNESDAY - timedelta(days=1)) == 0


@pytest.mark.parametrize("is_call", [False, True])
@pytest.mark.parametrize("strike", [24000.0, 24900.0, 25000.0, 25300.0])
@pytest.mark.parametrize("stdev", [0.002, 0.01, 0.03])
def test_greeks_are_quantlibs(strike: float, stdev: float, is_call: bool) -> None:
    kind = ql.Option.Call if is_call else ql.Option.Put
    oracle = ql.BlackCalculator(ql.PlainVanillaPayoff(kind, strike), 25000.0, stdev, 1.0)
    delta, gamma = greeks_plain(forward=25000.0, strike=strike, total_stdev=stdev, is_call=is_call)
    assert float(delta) == pytest.approx(oracle.deltaForward(), abs=1e-12)
    assert float(gamma) == pytest.approx(oracle.gammaForward(), rel=1e-9, abs=1e-15)


def test_the_implied_stdev_gives_the_price_back() -> None:
    stdevs = np.array([0.001, 0.004, 0.02, 0.3])
    strikes = np.array([24990.0, 24900.0, 26000.0, 20000.0])
    calls = np.array([False, True, True, False])
    prices = price_plain(forward=25000.0, strike=strikes, total_stdev=stdevs, is_call=calls)
    found = implied_stdev_plain(price=prices, forward=25000.0, strike=strikes, is_call=calls)
    assert found == pytest.approx(stdevs, rel=1e-7)


@pytest.mark.parametrize("price", [0.0, 100.0, -1.0, 25000.0, math.nan])
def test_a_price_no_vol_explains_has_none(price: float) -> None:
    """A call of 24,900 with the forward at 25,000 is worth more than 100 and less than 25,000."""
    found = implied_stdev_plain(price=price, forward=25000.0, strike=24900.0, is_call=True)
    assert np.isnan(found)
