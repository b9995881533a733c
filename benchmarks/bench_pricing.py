"""Price chains and find implied vols: rates on one core, beside numpy with SciPy's Φ.

    python benchmarks/bench_pricing.py

Figures to reach on one core: a chain ≥ 150 million options a second, implied vol ≥ 9 million a
second over the full range. CPU time of this thread, best of many rounds taken in turns, so that
a busy machine disturbs all rows alike; the ratio to numpy says more than the rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from time import thread_time

import numpy as np
from numba import njit
from scipy.special import ndtr

from monitor.backtest.implied_vol_kernels import implied_stdev_rows
from monitor.backtest.pricing_kernels import otm_chain, price_chain, price_rows
from monitor.backtest.surface_kernels import surface_chains
from monitor.domain.pricing.surface_tables import SPX_TABLE, smile_cubics

ROUNDS = 30
CHAINS = 2000
FORWARD = 6003.7


@njit
def many_chains(strikes, log_strikes, stdev, out, count):
    for k in range(count):
        otm_chain(FORWARD + 1e-3 * k, 0.999, strikes, log_strikes, stdev, out)


@njit
def many_two_sided(strikes, log_strikes, stdev, puts, calls, count):
    for k in range(count):
        price_chain(FORWARD + 1e-3 * k, 0.999, strikes, log_strikes, stdev, puts, calls)


def chain_jobs() -> dict[str, tuple[int, Callable[[], object]]]:
    strikes = np.arange(5400.0, 6676.0, 5.0)  # 256 strikes
    logs = np.log(strikes)
    stdev = np.full(len(strikes), 0.021)
    out, other = np.empty_like(strikes), np.empty_like(strikes)
    options = CHAINS * len(strikes)
    instants = 500
    forward = FORWARD * np.exp(np.random.default_rng(0).normal(0, 0.004, instants))
    ones, atm = np.ones(instants), np.full(instants, 0.021)
    puts = np.empty((len(strikes), instants))
    calls = np.empty_like(puts)
    cubics = smile_cubics(SPX_TABLE.smile)
    return {
        "chain, one side a strike": (
            options, lambda: many_chains(strikes, logs, stdev, out, CHAINS),
        ),
        "chain, puts and calls": (
            2 * options, lambda: many_two_sided(strikes, logs, stdev, out, other, CHAINS),
        ),
        "surface: smile, repair, both sides": (
            2 * puts.size,
            lambda: surface_chains(forward, ones, atm, strikes, logs, cubics, puts, calls),
        ),
    }  # fmt: skip


def row_jobs() -> dict[str, tuple[int, Callable[[], object]]]:
    """Independent options over the full range: 3 minutes to a year, 5 to 300 %, ± 8 deviations."""
    rng = np.random.default_rng(1)
    n = 50_000
    years = np.exp(rng.uniform(math.log(3 / (252 * 390)), 0.0, n))
    stdev = np.exp(rng.uniform(math.log(0.05), math.log(3.0), n)) * np.sqrt(years)
    forward, discount = np.full(n, FORWARD), np.full(n, 0.999)
    strike = forward * np.exp(stdev * rng.uniform(-8, 8, n))
    is_call = strike > forward
    price, found = np.empty(n), np.empty(n)
    price_rows(forward, strike, stdev, discount, is_call, price)
    near = np.full(n, 0.03)
    near_strike = forward * np.exp(near * rng.uniform(-5, 5, n))
    out = np.empty(n)

    def by_numpy() -> object:
        d1 = np.log(forward / near_strike) / near + near / 2
        return discount * (forward * ndtr(d1) - near_strike * ndtr(d1 - near))

    return {
        "independent options": (
            n, lambda: price_rows(forward, near_strike, near, discount, is_call, out),
        ),
        "numpy with ndtr": (n, by_numpy),
        "implied vol, full range": (
            n, lambda: implied_stdev_rows(price, forward, strike, discount, is_call, found),
        ),
    }  # fmt: skip


def main() -> None:
    jobs = chain_jobs() | row_jobs()
    best = dict.fromkeys(jobs, math.inf)
    for _, run in jobs.values():
        run()
    for _ in range(ROUNDS):
        for name, (_, run) in jobs.items():
            begun = thread_time()
            run()
            best[name] = min(best[name], thread_time() - begun)
    rates = {name: count / best[name] / 1e6 for name, (count, _) in jobs.items()}
    print(f"{'':38}million/s   × numpy")
    for name, rate in rates.items():
        print(f"{name:38}{rate:9.1f} {rate / rates['numpy with ndtr']:9.1f}")


if __name__ == "__main__":
    main()
