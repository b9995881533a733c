"""Small hand-made and random expirations for the engine's tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.backtest.legs import (
    MILLI,
    Cells,
    Entries,
    ExpirationMarks,
    ExpirationTask,
    LegMarks,
    Terms,
)
from monitor.domain.exits import ExitRules


def cells_of(widths: tuple[float, ...] = (10,), *, n_cells: int = 1, n_times: int = 1) -> Cells:
    per_cell = 5 * len(widths) * n_times
    return Cells(
        dtes=np.array([2]),
        dte_slot=np.zeros(n_cells, np.int64),
        start=np.arange(n_cells) * per_cell,
        width_start=np.arange(n_cells + 1) * len(widths),
        width=np.tile(np.array([round(w * MILLI) for w in widths]), n_cells),
        kind_slot=np.arange(5),
        n_times=n_times,
    )


def legs_of(quotes: dict[float, list[float]], half: float = 0.1) -> LegMarks:
    strikes = sorted(quotes)
    mid = np.array([quotes[k] for k in strikes])
    return LegMarks(
        strike=np.array([round(k * MILLI) for k in strikes]),
        mid=mid,
        half=np.where(np.isfinite(mid), half, np.nan),
    )


def both(put: LegMarks, call: LegMarks) -> dict[str, Any]:
    return {
        "put_strike": put.strike,
        "call_strike": call.strike,
        "mid": np.concatenate([put.mid, call.mid]),
        "half": np.concatenate([put.half, call.half]),
    }


def one_entry(
    *,
    put: dict[float, list[float]],
    call: dict[float, list[float]] | None = None,
    settlement: float,
    low: float = 95.0,
    high: float = 105.0,
    spot: float = 100.0,
    flow: int = 1,
    time_exit: int | None = None,
    fills: tuple[float, ...] = (0.5,),
    terms: Terms | None = None,
    widths: tuple[float, ...] = (10,),
    mark_spot: list[float] | None = None,
    rules: ExitRules | None = None,
    extreme: list[int] | None = None,
) -> ExpirationTask:
    """One entry at instant 0; marks hourly from 10:00, four a session from session 7 on."""
    n = len(next(iter(put.values())))
    call = call or {105.0: [np.nan] * n, 115.0: [np.nan] * n}
    return ExpirationTask(
        marks=ExpirationMarks(
            expiration=9,
            session=7 + np.arange(n) // 4,
            minute=600 + 60 * (np.arange(n) % 4),
            spot=np.array(mark_spot) if mark_spot else np.full(n, np.nan),
            source=np.zeros(n, np.uint8),
            extreme=None if extreme is None else np.array(extreme, np.uint8),
            **both(legs_of(put), legs_of(call)),
        ),
        entries=Entries(
            blocked=np.array([[-1]]),
            at=np.array([[0]]),
            spot=np.array([[spot]]),
            flow=np.array([[flow]]),
            low=np.array([[low]]),
            high=np.array([[high]]),
            session=np.array([7]),
            time_exit=np.array([n if time_exit is None else time_exit]),
            force_from=max(n - 1, 0),
            settlement=settlement,
        ),
        cells=cells_of(widths),
        terms=terms or Terms(),
        rules=rules or ExitRules(),
        fills=fills,
    )


def random_task(seed: int, *, physical: bool = False, extremes: bool = False) -> ExpirationTask:
    """A messy expiration: missing quotes, wild marks, blocked entries, every kind of flow.

    With `extremes` two thirds of the instants are a day's low or high.
    """
    rng = np.random.default_rng(seed)
    n_times, n_cells, widths = 4, 3, (5.0, 10.0, 20.0, 45.0)
    n = int(rng.integers(30, 90))
    spot = 1000 * np.exp(np.cumsum(rng.normal(0, 0.004, n)))

    def side(sign: int) -> LegMarks:
        strike = np.sort(rng.choice(np.arange(800, 1200, 5), 60, replace=False)) * MILLI
        inside = np.maximum(sign * (spot[None, :] - strike[:, None] / MILLI), 0)
        away = np.abs(spot[None, :] - strike[:, None] / MILLI)
        left = np.linspace(1, 0.05, n)
        mid = inside + 25 * left * np.exp(-away / 30) * np.exp(rng.normal(0, 0.1, inside.shape))
        mid[rng.random(mid.shape) < 0.25] = np.nan
        half = np.where(np.isfinite(mid), rng.uniform(0.02, 0.4, mid.shape), np.nan)
        return LegMarks(strike=strike, mid=mid, half=half)

    at = np.sort(rng.choice(n // 2, (1, n_times), replace=False), axis=1)
    blocked = np.where(rng.random((1, n_times)) < 0.15, rng.integers(0, 5, (1, n_times)), -1)
    distance = np.array([[8.0], [20.0], [45.0]]) * rng.uniform(0.5, 1.5, (n_cells, n_times))
    low, high = spot[at] - distance, spot[at] + distance
    low[rng.random(low.shape) < 0.1] = np.nan
    low[rng.random(low.shape) < 0.05] = 700.0  # below every strike
    return ExpirationTask(
        marks=ExpirationMarks(
            expiration=12,
            session=10 + np.arange(n) * 3 // n,
            minute=np.arange(n),
            spot=np.where(rng.random(n) < 0.1, np.nan, spot),
            source=rng.integers(0, 3, n).astype(np.uint8),
            extreme=rng.integers(0, 3, n).astype(np.uint8) if extremes else None,
            **both(side(-1), side(1)),
        ),
        entries=Entries(
            blocked=blocked,
            at=np.where(blocked < 0, at, -1),
            spot=spot[at],
            flow=rng.choice([-1, 0, 1, 2], (1, n_times), p=[0.4, 0.1, 0.4, 0.1]),
            low=low,
            high=high,
            session=np.array([10]),
            time_exit=np.array([int(rng.choice([n, 2 * n // 3]))]),
            force_from=n - 3,
            settlement=float(spot[-1] * np.exp(rng.normal(0, 0.01))),
        ),
        cells=cells_of(widths, n_cells=n_cells, n_times=n_times),
        terms=Terms(
            physical=physical,
            ticks_per_point=float(rng.choice([20, 100])),
            min_credit_usd=float(rng.choice([0, 8, 20])),
            max_strike_gap=float(rng.choice([0.005, 0.02])),
        ),
        rules=ExitRules(
            profit_target_pct=float(rng.choice([25, 50, 80])),
            stop_loss_credit_multiple=float(rng.choice([1, 2, 3])),
        ),
        fills=(0.0, 0.5, 1.0),
    )


def by_config(rows: Any) -> Any:
    return np.sort(rows, order=["config", "fill"])
