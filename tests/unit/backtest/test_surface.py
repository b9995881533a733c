"""The surface by hand: term structure, constants, smile, and no arbitrage between strikes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from monitor.backtest.surface import (
    ChainLevels,
    Instants,
    VolLevels,
    chain_levels,
    chain_prices,
    node_variance,
)
from monitor.backtest.surface_kernels import remaining_variance, repair_arbitrage, smile_stdev
from monitor.domain.pricing.black_plain import price_plain
from monitor.domain.pricing.surface_tables import (
    NDX_TABLE,
    SPX_TABLE,
    Z_KNOTS,
    atm_factor,
    smile_cubics,
    surface_table,
)
from monitor.domain.pricing.variance_clock import VarianceClock
from monitor.errors import DomainError

Floats = NDArray[np.float64]
NAN = float("nan")


def weekdays(first: date, count: int) -> list[int]:
    days = (first + timedelta(days=k) for k in range(count))
    return [d.toordinal() for d in days if d.weekday() < 5]


MONDAY = date(2026, 3, 2)  # no holiday near; every weekday is a session here
CLOCK = VarianceClock(weekdays(date(2026, 2, 2), 200))
ORIGIN = MONDAY.toordinal()


def levels(**given: float) -> VolLevels:
    values = {"vix1d": 0.12, "vix9d": 0.15, "vix": 0.18, "vix3m": 0.20, "own": 0.18} | given
    return VolLevels(**{name: np.array([value]) for name, value in values.items()})


def at_close_of(day: int) -> Instants:
    return Instants(origin=np.array([day]), time=CLOCK.at_close([day]))


def one_chain(
    symbol: str, *, dte: int, vols: VolLevels, instants: Instants | None = None
) -> ChainLevels:
    return chain_levels(
        symbol,
        clock=CLOCK,
        instants=instants or at_close_of(ORIGIN),
        levels=vols,
        expiration=ORIGIN + dte,
        dte=dte,
        spot=np.array([6000.0]),
        years=dte / 365,
        rate=0.04,
        dividend_yield=0.01,
    )


def test_node_variances_are_those_of_the_indices_own_lives() -> None:
    got = node_variance(levels())[0]
    expected = [0.0144 / 252, 0.0225 * 9 / 365, 0.0324 * 30 / 365, 0.04 * 93 / 365]
    assert got.tolist() == pytest.approx(expected)


def test_one_session_is_vix1d_times_its_constant() -> None:
    chain = one_chain("SPX", dte=1, vols=levels())
    assert chain.atm_stdev[0] == pytest.approx(0.85 * 0.12 / np.sqrt(252))
    assert chain.forward[0] == pytest.approx(6000 * np.exp(0.03 / 365))
    assert chain.discount[0] == pytest.approx(np.exp(-0.04 / 365))


def test_three_sessions_lie_on_the_line_between_one_and_nine_days() -> None:
    """Monday's close to Thursday's: 3 sessions; 9 days on is Wednesday: 7 and a weekend."""
    w1, w9 = 0.12**2 / 252, 0.15**2 * 9 / 365
    w3 = w1 + (w9 - w1) * (3 - 1) / (7 + 0.04 - 1)
    chain = one_chain("SPX", dte=3, vols=levels())
    assert chain.atm_stdev[0] == pytest.approx(0.81 * np.sqrt(w3))


def test_ndx_is_scaled_by_its_own_index() -> None:
    """Trap 11: VXN runs above VIX; every vol is multiplied by their ratio."""
    spx_like = one_chain("NDX", dte=1, vols=levels())
    scaled = one_chain("NDX", dte=1, vols=levels(own=0.27))
    assert scaled.atm_stdev[0] == pytest.approx(1.5 * spx_like.atm_stdev[0])
    assert spx_like.atm_stdev[0] == pytest.approx(0.88 * 0.12 / np.sqrt(252))


def test_without_vix1d_the_first_node_is_missing_and_the_constant_another() -> None:
    chain = one_chain("SPX", dte=1, vols=levels(vix1d=NAN))
    assert chain.atm_stdev[0] == pytest.approx(0.76 * np.sqrt(0.15**2 * 9 / 365 / 7.04))
    assert not chain.low_fidelity[0]


def test_without_vix9d_the_curve_is_flat_at_vix_and_the_run_is_marked() -> None:
    chain = one_chain("SPX", dte=3, vols=levels(vix1d=NAN, vix9d=NAN))
    month = float(CLOCK.at_close(ORIGIN + 30) - CLOCK.at_close(ORIGIN))
    assert chain.atm_stdev[0] == pytest.approx(0.81 * np.sqrt(0.18**2 * 30 / 365 * 3 / month))
    assert chain.low_fidelity[0]


@pytest.mark.parametrize("missing", ["vix", "own"])
def test_an_unknown_vol_is_an_unknown_price(missing: str) -> None:
    """Never a plausible number: no default VIX."""
    chain = one_chain("NDX", dte=1, vols=levels(**{missing: NAN}))
    assert np.isnan(chain.atm_stdev[0])
    puts, calls = chain_prices("NDX", chain=chain, strikes=np.array([5900.0, 6000.0]))
    assert np.isnan(puts).all()
    assert np.isnan(calls).all()


def test_during_the_session_the_part_that_has_passed_is_taken_off() -> None:
    """Tuesday at 12:30 with Monday's close as origin: .30 + .70 · .503 of a session has gone."""
    tuesday = ORIGIN + 1
    now = Instants(origin=np.array([ORIGIN]), time=CLOCK.at([tuesday], share=0.503))
    w1, w9 = 0.12**2 / 252, 0.15**2 * 9 / 365
    w3 = w1 + (w9 - w1) * 2 / 6.04
    elapsed = w1 * (0.30 + 0.70 * 0.503)
    chain = one_chain("SPX", dte=3, vols=levels(), instants=now)
    assert chain.atm_stdev[0] == pytest.approx(0.81 * np.sqrt(w3 - elapsed))


def test_at_the_close_of_expiration_only_intrinsic_value_is_left() -> None:
    now = Instants(origin=np.array([ORIGIN]), time=CLOCK.at_close([ORIGIN + 1]))
    chain = one_chain("SPX", dte=1, vols=levels(), instants=now)
    puts, calls = chain_prices("SPX", chain=chain, strikes=np.array([5900.0, 6100.0]))
    carry = float(chain.forward[0])
    assert puts[:, 0].tolist() == pytest.approx([0.0, (6100 - carry) * chain.discount[0]])
    assert calls[:, 0].tolist() == pytest.approx([(carry - 5900) * chain.discount[0], 0.0])


def test_total_variance_never_falls_along_the_term_structure() -> None:
    """An event day: VIX1D 60 over VIX9D 15 would leave a negative forward variance."""
    spike = levels(vix1d=0.60)
    day1 = one_chain("SPX", dte=1, vols=spike).atm_stdev[0] / 0.85
    day3 = one_chain("SPX", dte=3, vols=spike).atm_stdev[0] / 0.81
    assert day3 >= day1 - 1e-15


def test_constants_by_sessions_to_expiration() -> None:
    with_1d = atm_factor(SPX_TABLE, dte=[0, 1, 2, 3, 4, 10], has_vix1d=True)
    assert with_1d.tolist() == [0.85, 0.85, 0.81, 0.81, 0.82, 0.82]
    without = atm_factor(NDX_TABLE, dte=[1, 2, 5], has_vix1d=False)
    assert without.tolist() == [0.80, 0.85, 0.84]


@pytest.mark.parametrize("table", [SPX_TABLE, NDX_TABLE])
def test_the_smile_goes_through_its_table_and_is_flat_outside(table: object) -> None:
    assert isinstance(table, type(SPX_TABLE))
    curve = PchipInterpolator(Z_KNOTS, table.smile)
    z = np.linspace(-9, 6, 601)
    got = np.empty(len(z))
    atm = 0.013
    smile_stdev(np.log(6000.0), atm, np.log(6000.0) + z * atm, smile_cubics(table.smile), got)
    np.testing.assert_allclose(got / atm, curve(np.clip(z, -7, 4)), rtol=1e-10)
    at_knots = np.empty(len(Z_KNOTS))
    smile_stdev(0.0, 1.0, np.array(Z_KNOTS), smile_cubics(table.smile), at_knots)
    assert at_knots.tolist() == pytest.approx(table.smile)


def test_a_chain_is_the_plain_formula_at_the_smiles_vols() -> None:
    chain = one_chain("SPX", dte=5, vols=levels())
    strikes = np.arange(5600.0, 6301.0, 5.0)
    puts, calls = chain_prices("SPX", chain=chain, strikes=strikes)
    forward, s = float(chain.forward[0]), float(chain.atm_stdev[0])
    z = np.log(strikes / forward) / s
    assert z.min() > -7
    stdev = s * PchipInterpolator(Z_KNOTS, SPX_TABLE.smile)(np.minimum(z, 4))
    for side, is_call in ((puts, False), (calls, True)):
        plain = price_plain(forward=forward, strike=strikes, total_stdev=stdev, is_call=is_call)
        near = np.abs(z) < 3.5  # beyond, the flat end of the smile is repaired
        np.testing.assert_allclose(
            side[near, 0], float(chain.discount[0]) * plain[near], rtol=1e-8, atol=1e-8
        )


@pytest.mark.parametrize("symbol", ["SPX", "NDX"])
@pytest.mark.parametrize("stdev", [0.0005, 0.004, 0.01, 0.05])
def test_no_vertical_and_no_butterfly_can_be_bought_for_nothing(symbol: str, stdev: float) -> None:
    strikes = np.arange(4800.0, 7201.0, 5.0)
    chain = ChainLevels(
        forward=np.array([6002.3]), discount=np.array([0.999]), atm_stdev=np.array([stdev]),
        low_fidelity=np.array([False]),
    )  # fmt: skip
    puts, calls = chain_prices(symbol, chain=chain, strikes=strikes)
    for side, sign in ((puts[:, 0], 1), (calls[:, 0], -1)):
        slope = sign * np.diff(side) / 5
        assert slope.min() >= -1e-12
        assert slope.max() <= 0.999 + 1e-12
        split = int(np.searchsorted(strikes, 6002.3))
        for part in (side[:split], side[split:]):
            assert np.diff(part, n=2).min() >= -1e-10


def test_repair_makes_the_greatest_convex_curve_by_hand() -> None:
    """Puts 1, 4, 5, 9 at 10, 20, 30, 40: the middle slope is too low; 4 falls to the chord.

    Slopes .3, .1, .4 pool to .2, .2, .4: 1, 3, 5, 9. Calls 9, 6, 1, 0: slopes −.3, −.5, −.1
    pool to −.4, −.4, −.1: 9, 5, 1, 0.
    """
    gaps = np.full(7, 10.0)
    otm = np.array([1.0, 4.0, 5.0, 9.0, 9.0, 6.0, 1.0, 0.0])
    assert repair_arbitrage(4, 1.0, gaps, otm, np.empty((4, 8))) == 1
    assert otm.tolist() == pytest.approx([1, 3, 5, 9, 9, 5, 1, 0])


def test_repair_leaves_good_prices_alone() -> None:
    otm = np.array([1.0, 2.0, 4.0, 7.0, 7.0, 4.0, 2.0, 1.0])
    before = otm.copy()
    assert repair_arbitrage(4, 1.0, np.full(7, 10.0), otm, np.empty((4, 8))) == 0
    assert otm.tolist() == before.tolist()


def test_repair_never_lets_a_vertical_cost_more_than_its_width() -> None:
    otm = np.array([0.0, 0.0, 30.0, 30.0, 0.0, 0.0])
    repair_arbitrage(3, 0.98, np.full(5, 10.0), otm, np.empty((4, 6)))
    assert otm.tolist() == pytest.approx([20.2, 20.2, 30, 30, 20.2, 20.2])


def test_level_kernel_equals_linear_interpolation() -> None:
    rng = np.random.default_rng(3)
    n = 200
    time = np.cumsum(rng.uniform(0.5, 20, (n, 4)), axis=1)
    variance = np.cumsum(rng.uniform(1e-5, 1e-3, (n, 4)), axis=1)
    elapsed = rng.uniform(0, 1, n)
    total = elapsed + rng.uniform(0, 8, n)
    out = np.empty(n)
    remaining_variance(variance, time, elapsed, total, out)
    for row in range(n):
        x, y = [0.0, *time[row]], [0.0, *variance[row]]
        expected = np.interp(total[row], x, y) - np.interp(elapsed[row], x, y)
        assert out[row] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("symbol", ["RUT", "XLE", "AAPL"])
def test_trap_27_no_model_for_an_underlying_never_measured(symbol: str) -> None:
    with pytest.raises(DomainError, match="no volatility surface was measured"):
        surface_table(symbol)


def test_a_rising_vix_raises_every_model_credit() -> None:
    """Trap 27: an earlier invented credit fell as VIX rose."""
    strikes = np.arange(5700.0, 6001.0, 25.0)
    credits = []
    for vix in (0.12, 0.18, 0.30, 0.50):
        vols = levels(vix1d=vix * 0.8, vix9d=vix * 0.9, vix=vix, vix3m=vix * 1.1, own=vix)
        puts, _ = chain_prices("SPX", chain=one_chain("SPX", dte=3, vols=vols), strikes=strikes)
        credits.append(float(puts[8, 0] - puts[4, 0]))
    assert credits == sorted(credits)
    assert credits[0] > 0


def test_a_chain_can_be_anchored_to_a_parity_forward() -> None:
    chain = replace(one_chain("SPX", dte=2, vols=levels()), forward=np.array([6100.0]))
    puts, calls = chain_prices("SPX", chain=chain, strikes=np.array([6100.0]))
    assert puts[0, 0] == pytest.approx(calls[0, 0])
