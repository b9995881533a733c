"""A chain's own surface: found again where it is known, not thrown by bad quotes, or refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import QuantLib as ql

from monitor.domain.pricing.day_fit import ChainFit, NoFit, fit_chain
from monitor.domain.pricing.surface_tables import SPX_TABLE, Z_KNOTS

FORWARD, ATM = 6000.0, 0.02
STRIKES = np.arange(5400.0, 6305.0, 5.0)
NAMES = ("put_bid", "put_ask", "call_bid", "call_ask")
Quotes = dict[str, np.ndarray]


def true_stdev(strike: float) -> float:
    """A market of its own, steeper than the measured smile: straight lines in z, made up here."""
    z = np.log(strike / FORWARD) / ATM
    return ATM * float(np.interp(z, [-6, 0, 1.5, 4], [2.9, 1.0, 0.85, 1.30]))


def price(strike: float, *, put: bool) -> float:
    kind = ql.Option.Put if put else ql.Option.Call
    return float(ql.blackFormula(kind, float(strike), FORWARD, true_stdev(strike)))


def quotes(half: float = 0.01) -> Quotes:
    put = np.array([price(k, put=True) for k in STRIKES])
    call = np.array([price(k, put=False) for k in STRIKES])
    return {"put_bid": put - half, "put_ask": put + half, "call_bid": call - half,
            "call_ask": call + half}  # fmt: skip


def fit(given: Quotes, forward: float = FORWARD) -> ChainFit | NoFit:
    return fit_chain(strikes=STRIKES, forward=forward, table=SPX_TABLE, **given)


def good(given: Quotes) -> ChainFit:
    found = fit(given)
    assert isinstance(found, ChainFit), found
    return found


def only(given: Quotes, rows: np.ndarray) -> Quotes:
    return {name: np.where(rows, values, np.nan) for name, values in given.items()}


def credits_off(found: ChainFit) -> float:
    """Mean absolute error of 25-point credits, % of the mean true one, out of the money."""
    puts, calls = found.prices(STRIKES)
    off, real = [], []
    for short in (5800.0, 5850.0, 5900.0, 5950.0):
        i = int(np.searchsorted(STRIKES, short))
        want = price(short, put=True) - price(short - 25, put=True)
        off.append(abs(puts[i] - puts[i - 5] - want))
        real.append(want)
    for short in (6050.0, 6100.0, 6150.0):
        i = int(np.searchsorted(STRIKES, short))
        want = price(short, put=False) - price(short + 25, put=False)
        off.append(abs(calls[i] - calls[i + 5] - want))
        real.append(want)
    return 100 * float(np.mean(off) / np.mean(real))


def test_it_finds_a_market_that_is_not_the_measured_one() -> None:
    found = good(quotes())
    assert found.atm_stdev == pytest.approx(ATM, rel=0.01)
    assert found.smile[Z_KNOTS.index(0.0)] == pytest.approx(1.0)
    assert found.stdevs(np.array([5700.0])) == pytest.approx([true_stdev(5700.0)], rel=0.02)
    assert credits_off(found) < 3
    assert found.scatter < 0.01


def test_one_strike_in_ten_is_enough() -> None:
    rows = np.random.default_rng(1).random(len(STRIKES)) < 0.1
    found = good(only(quotes(), rows))
    assert 6 <= found.quotes <= 25
    assert credits_off(found) < 10


def test_crossed_one_sided_and_wide_quotes_are_left_out() -> None:
    given = quotes()
    rows = np.arange(len(STRIKES))
    given["put_bid"][rows % 4 == 0] += 50.0  # crossed
    given["call_bid"][rows % 4 == 0] += 50.0
    given["put_bid"][rows % 4 == 1] = 0.0  # nobody bids
    given["call_bid"][rows % 4 == 1] = np.nan
    given["put_ask"][rows % 4 == 2] *= 50.0  # worth anything
    given["call_ask"][rows % 4 == 2] *= 50.0
    found = good(given)
    clean = good(only(quotes(), rows % 4 == 3))
    assert found.quotes == clean.quotes
    assert found.atm_stdev == pytest.approx(clean.atm_stdev)


def test_quotes_far_from_all_others_do_not_bend_it() -> None:
    given = quotes()
    stale = np.random.default_rng(2).random(len(STRIKES)) < 0.1
    for name in NAMES:
        given[name] = np.where(stale, 3 * given[name], given[name])
    found = good(given)
    assert credits_off(found) < 4
    clean = good(quotes())
    assert found.quotes < clean.quotes


def test_where_nothing_is_quoted_the_measured_shape_goes_on() -> None:
    """Quotes end at 2 deviations below: from there the ratio to the measured smile stays."""
    near = STRIKES > FORWARD * np.exp(-2 * ATM)
    found = good(only(quotes(), near))
    ratio = np.array(found.smile) / np.array(SPX_TABLE.smile)
    below = [Z_KNOTS.index(z) for z in (-7.0, -5.0, -3.0)]
    assert ratio[below] == pytest.approx([ratio[Z_KNOTS.index(-2.5)]] * 3, rel=1e-3)


@pytest.mark.parametrize(
    ("given", "forward", "why"),
    [
        (quotes(), float("nan"), "the forward is not known"),
        (only(quotes(), STRIKES < 0), FORWARD, "0 usable quotes"),
        (only(quotes(), np.isin(STRIKES, [5900, 5950, 6000, 6050, 6100])), FORWARD, "5 usable"),
        (only(quotes(), np.abs(STRIKES - 6000) > 200), FORWARD, "deviation of the money"),
    ],
)
def test_too_little_is_refused_with_the_reason(given: Quotes, forward: float, why: str) -> None:
    found = fit(given, forward)
    assert isinstance(found, NoFit)
    assert why in found.why


def test_contradicting_quotes_are_refused() -> None:
    given = quotes()
    factor = np.exp(np.random.default_rng(3).normal(0, 1.5, len(STRIKES)))
    for name in NAMES:
        given[name] = given[name] * factor
    found = fit(given)
    assert isinstance(found, NoFit)
    assert "contradict" in found.why or "agree" in found.why


def test_it_moves_with_the_underlying_and_time() -> None:
    """Half of the variance left and the forward 1 % up: same smile in z."""
    moved = good(quotes()).moved(forward=6060.0, stdev_ratio=np.sqrt(0.5))
    before = good(quotes())
    assert moved.atm_stdev == pytest.approx(before.atm_stdev / np.sqrt(2))
    # a strike 2 old deviations of 0.02/√2 below the new forward
    strike = 6060.0 * np.exp(-2 * before.atm_stdev / np.sqrt(2))
    old = 6000.0 * np.exp(-2 * before.atm_stdev)
    ratio = moved.stdevs(np.array([strike])) / before.stdevs(np.array([old]))
    assert ratio == pytest.approx([np.sqrt(0.5)])


def test_puts_and_calls_obey_parity() -> None:
    puts, calls = good(quotes()).prices(STRIKES)
    assert calls - puts == pytest.approx(FORWARD - STRIKES, abs=1e-9)


def test_the_live_monitor_needs_no_compiler_for_it() -> None:
    code = "import sys, monitor.domain.pricing.day_fit; sys.exit('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0
