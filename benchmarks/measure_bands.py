"""How often the settlement really lies inside a band: the coverage tables of docs/experiments.md.

    python benchmarks/measure_bands.py [--data FOLDER]

Daily bars of SPX and NDX, entry at the close, and 5-minute bars of index level at the 19 entry
times (`daily/`, `intraday/` of the data folder: CONDORWATCH_SHARED_DATA, else ../shared/data).
Bands are the engine's own, of full windows only (100 and 250 past moves). The error is that of
the mean over calendar years.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bands import Bands, rolling_bands
from monitor.backtest.bars_panel import PriceTable, Sessions, price_table, sessions_between
from monitor.backtest.configs import BANDS, BandMode
from monitor.backtest.history import load_history
from monitor.domain.entry_windows import ET_MINUS_PT, GRID_MINUTES_PT
from monitor.domain.instruments import underlying
from monitor.domain.past_moves import WINDOW, band_tails
from monitor.domain.trading_calendar import TradingCalendar
from monitor.providers.sessions import load_calendar

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
REPOSITORY = Path(__file__).resolve().parent.parent
DAILY = {"SPX": date(1992, 1, 2), "NDX": date(2001, 1, 23)}  # VXN begins in 2001
INTRADAY = {"NDX": date(2012, 1, 19), "SPX": date(2018, 4, 13)}
LAST_DAILY, LAST_INTRADAY = date(2026, 6, 30), date(2024, 12, 31)
AFTER_CLOSE = (1, 5, 10)
WITHIN = (0, 1, 3, 5, 10)
STRESS, MEAN_OF = 1.3, 21  # VIX this much above the mean of its last 21 closes
HEAD = "| | " + " | ".join(f"P{band}" for band in BANDS) + " | entries |"


@dataclass(frozen=True)
class Market:
    """`vol` is the underlying's own index, `vix` the one that says whether times are quiet."""

    name: str
    sessions: Sessions
    prices: PriceTable
    vol: PriceTable
    vix: Floats


@dataclass(frozen=True)
class Inside:
    """Whether settlements lay inside. Shapes: inside (n, n_bands), year (n,)."""

    inside: Bools
    year: NDArray[np.int64]


def market(folder: Path, ticker: str, first: date, last: date, calendar: TradingCalendar) -> Market:
    sessions = sessions_between(calendar, first, last)

    def table(symbol: str) -> PriceTable:
        found = load_history([folder], symbol, calendar=calendar)
        return price_table(sessions, found.bars, found.daily)

    own = underlying(ticker).vol_index or "VIX"
    vix = table("VIX")
    return Market(ticker, sessions, table(ticker), vix if own == "VIX" else table(own), vix.close)


def bands_of(price: Floats, close: Floats, dte: int, mode: BandMode, scale: Floats) -> Bands:
    return rolling_bands(
        price, close, dte=dte, bands=BANDS, window=WINDOW[mode], min_sample=WINDOW[mode],
        scale=scale if mode is BandMode.VIX250 else None,
    )  # fmt: skip


def looking_ahead(close: Floats, dte: int) -> Bands:
    """What the raw band was with moves that had not ended yet: the last 100 entries up to today."""
    move = np.full(len(close), np.nan)
    move[: len(close) - dte] = close[dte:] / close[: len(close) - dte] - 1
    low, high = np.full((2, len(close), len(BANDS)), np.nan)
    for today in range(WINDOW[BandMode.RAW100], len(close)):
        past = move[today - WINDOW[BandMode.RAW100] : today]
        if np.isfinite(past).all():
            low[today], high[today] = np.quantile(past, band_tails(BANDS))
    return Bands(low=low, high=high, sample=np.zeros(len(close), np.int64))


def inside(
    bands: Bands, price: Floats, close: Floats, dte: int, sessions: Sessions,
    only: Bools | None = None,
) -> Inside:  # fmt: skip
    last = len(price) - dte
    move = close[dte:] / price[:last] - 1
    known = np.isfinite(move) & np.isfinite(bands.low[:last, 0])
    if only is not None:
        known &= only[:last]
    held = (bands.low[:last] <= move[:, None]) & (move[:, None] <= bands.high[:last])
    year = np.array([date.fromordinal(int(day)).year for day in sessions.day[:last][known]], int)
    return Inside(held[known], year)


def joined(parts: Sequence[Inside]) -> Inside:
    return Inside(
        np.concatenate([p.inside for p in parts]), np.concatenate([p.year for p in parts])
    )


def row(name: str, found: Inside) -> str:
    share = 100 * found.inside.mean(axis=0)
    years = [100 * found.inside[found.year == y].mean(axis=0) for y in np.unique(found.year)]
    error = np.std(years, axis=0, ddof=1) / np.sqrt(len(years))
    cells = " | ".join(f"{s:.1f} ± {e:.1f}" for s, e in zip(share, error, strict=True))
    return f"| {name} | {cells} | {len(found.year):,} |"


def after_close(one: Market) -> Iterator[str]:
    close, days = one.prices.close, one.sessions
    first, last = (date.fromordinal(int(days.day[i])) for i in (0, -1))
    yield f"{one.name}, entry at the close, {first} to {last}"
    yield HEAD
    yield "|---" * (len(BANDS) + 2) + "|"
    for mode in BandMode:
        for dte in AFTER_CLOSE:
            found = bands_of(close, close, dte, mode, one.vol.close)
            yield row(f"{mode}, n = {dte}", inside(found, close, close, dte, days))
    yield row("raw100 with look-ahead, n = 10",
              inside(looking_ahead(close, 10), close, close, 10, days))  # fmt: skip
    stressed = _stressed(one.vix)
    for mode in BandMode:
        found = bands_of(close, close, 3, mode, one.vol.close)
        yield row(f"{mode}, n = 3, stressed", inside(found, close, close, 3, days, stressed))
    yield ""


def _stressed(vix: Floats) -> Bools:
    mean = np.full(len(vix), np.nan)
    mean[MEAN_OF - 1 :] = np.lib.stride_tricks.sliding_window_view(vix, MEAN_OF).mean(axis=1)
    with np.errstate(invalid="ignore"):
        found: Bools = vix / mean > STRESS
    return found


def within_session(one: Market) -> Iterator[str]:
    close, days = one.prices.close, one.sessions
    first, last = (date.fromordinal(int(days.day[i])) for i in (0, -1))
    yield f"{one.name} level, entry at the 19 times, {first} to {last}"
    yield HEAD
    yield "|---" * (len(BANDS) + 2) + "|"
    for mode in BandMode:
        for dte in WITHIN:
            parts = []
            for minute in (m + ET_MINUS_PT for m in GRID_MINUTES_PT):
                price = one.prices.at(minute)
                found = bands_of(price, close, dte, mode, one.vol.known_at(minute))
                parts.append(inside(found, price, close, dte, days))
            yield row(f"{mode}, {dte} DTE", joined(parts))
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the coverage of bands.")
    default = os.environ.get("CONDORWATCH_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    data = parser.parse_args().data
    calendar = load_calendar(None, today=date(2026, 6, 1))
    for ticker, first in DAILY.items():
        print("\n".join(after_close(market(data, ticker, first, LAST_DAILY, calendar))))
    for ticker, first in INTRADAY.items():
        print("\n".join(within_session(market(data, ticker, first, LAST_INTRADAY, calendar))))


if __name__ == "__main__":
    main()
