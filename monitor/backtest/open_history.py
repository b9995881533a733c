"""Bars alone → all that a run on model prices needs: sessions, prices, index vols, provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bars_panel import PriceTable
from monitor.backtest.beside_chains import EARLIER_SESSIONS
from monitor.backtest.day_ranges import day_ranges
from monitor.backtest.history import History, load_history
from monitor.backtest.history_prices import newest_known, own_prices
from monitor.backtest.open_chains import Inputs
from monitor.domain.instruments import underlying
from monitor.domain.pricing.model_error import error_note
from monitor.domain.quotes import Bars, DailyBars
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DataError

Progress = Callable[[int, int, str], None]
HOUR = timedelta(hours=1)
BY_THE_HOUR = (
    "where only hourly bars are at hand, exits are looked at once an hour and at the close, where "
    "a time exit falls 15 minutes late"
)
BY_THE_DAY = (
    "where only daily bars are at hand, trades are entered at the open alone, and a stop is taken "
    "at the day's low or high before any target: managed results are pessimistic there"
)
HOURLY_BARS = 7  # of a session that has no finer ones
LACKING = {
    "VIX9D": "low fidelity: without VIX9D the term structure is flat at VIX",
    "VIX1D": "without VIX1D the volatility of the first session comes from VIX9D or VIX",
    "VIX3M": "without VIX3M the term structure ends at VIX, 30 days out",
}
NO_CARRY = "interest and dividends are left out: the forward is the price itself"


def symbols_of(ticker: str) -> tuple[str, ...]:
    """The underlying, its own volatility index and the VIX family, each once."""
    what = underlying(ticker)
    own = (what.vol_index,) if what.vol_index else ()
    return tuple(dict.fromkeys([what.symbol, *own, "VIX", "VIX9D", "VIX3M", "VIX1D"]))


def open_history(
    folders: Sequence[Path],
    *,
    ticker: str,
    calendar: TradingCalendar,
    progress: Progress | None = None,
) -> Inputs:
    """Read the bars of one ticker and of the indices that its surface needs.

    Raises:
        DataError: There is no bar of the ticker, or no VIX.
        DomainError: No surface was measured for the ticker.
    """
    symbol = underlying(ticker).symbol
    known_error = error_note(symbol)
    symbols = symbols_of(symbol)
    found: dict[str, History] = {}
    for done, name in enumerate(symbols):
        if progress is not None:
            progress(done, len(symbols), name)
        found[name] = load_history(folders, name, calendar=calendar)
    problems = [p for one in found.values() for p in one.problems]
    _require(found, symbol, folders)
    own = own_prices(found[symbol], calendar, problems)
    vix_daily = found["VIX"].daily
    vols = {
        name: table
        for name in symbols[1:]
        if (table := newest_known(found[name], own.sessions)) is not None
    }
    return Inputs(
        ticker=symbol,
        days=own.days,
        usual=own.usual,
        sessions=own.sessions,
        prices=own.prices,
        marks=None,
        source="model",
        provenance=_provenance(folders, found),
        problems=tuple(dict.fromkeys(problems)),
        notes=(known_error, NO_CARRY),
        vols=vols,
        vol=vols.get(underlying(symbol).vol_index or ""),
        vix=vols["VIX"],
        ranges=(
            day_ranges(own.sessions, own.daily, vix_daily)
            if own.daily is not None and vix_daily is not None
            else None
        ),
    )


def history_days(
    folders: Sequence[Path], ticker: str, calendar: TradingCalendar
) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """The sessions on which trades can be entered, and those of them with bars inside."""
    own = load_history(folders, underlying(ticker).symbol, calendar=calendar)
    if not own.bars and own.daily is None:
        return (), ()
    found = own_prices(own, calendar, [])
    return found.days, found.usual


def entry_notes(inputs: Inputs, first: date, last: date) -> tuple[str, ...]:
    """What entry sessions of a run on model prices rest on, where that is less than wished."""
    a, b = np.searchsorted(inputs.sessions.day, [first.toordinal(), last.toordinal() + 1])
    bars = np.isfinite(inputs.prices.price[a:b]).sum(axis=1)
    entered = bars > 0
    notes: list[str] = []

    def tell(which: NDArray[np.bool_], effect: str) -> None:
        count = int(np.count_nonzero(which))
        if count:
            notes.append(f"{count:,} of {int(entered.sum()):,} entry sessions: {effect}")

    tell(bars == 1, BY_THE_DAY)
    if inputs.ranges is not None and (blind := inputs.ranges.part(a, b).note(bars == 1)):
        notes.append(blind)
    tell((bars > 1) & (bars <= HOURLY_BARS), BY_THE_HOUR)
    for name, effect in LACKING.items():
        table = inputs.vols.get(name)
        before = np.full(len(inputs.sessions), np.nan)
        if table is not None:
            before[1:] = table.close[:-1]
        tell(entered & ~np.isfinite(before[a:b]), effect)
    return tuple(notes)


def around(inputs: Inputs, first: date, last: date, *, longest: int) -> Inputs:
    """Only the sessions that these entries need: bands before, settlement after."""
    a, b = np.searchsorted(inputs.sessions.day, [first.toordinal(), last.toordinal() + 1])
    kept = slice(max(0, int(a) - EARLIER_SESSIONS), int(b) + longest)
    vols = {name: _part(table, kept) for name, table in inputs.vols.items()}
    own = underlying(inputs.ticker).vol_index
    return replace(
        inputs,
        sessions=inputs.sessions.part(kept.start, kept.stop),
        prices=_part(inputs.prices, kept),
        vols=vols,
        vol=vols.get(own or ""),
        vix=vols["VIX"],
        ranges=inputs.ranges and inputs.ranges.part(kept.start, kept.stop),
    )


def _part(table: PriceTable, kept: slice) -> PriceTable:
    return PriceTable(price=table.price[kept], close=table.close[kept])


def _require(found: Mapping[str, History], symbol: str, folders: Sequence[Path]) -> None:
    places = ", ".join(map(str, folders))
    if not found[symbol].bars and found[symbol].daily is None:
        raise DataError(
            f"no recorded chains and no bars of {symbol} in {places}",
            hint=f"expected options_csv_output_full/{symbol}/…csv, or bars as {symbol}_5m.csv or "
            f"{symbol}_daily.csv; --source yahoo fetches them",
        )
    needed = dict.fromkeys(["VIX", underlying(symbol).vol_index or "VIX"])
    for name in needed:
        if not found[name].bars and found[name].daily is None:
            raise DataError(
                f"no bars of {name} in {places}: model prices of {symbol} need "
                f"{' and '.join(needed)}",
                hint=f"add a folder with {name}_daily.csv; --source yahoo fetches them",
            )


def _provenance(folders: Sequence[Path], found: Mapping[str, History]) -> dict[str, Any]:
    files = dict.fromkeys(path for one in found.values() for path in one.files)
    return {
        "kind": "history",
        "path": ", ".join(map(str, folders)),
        "hash": "-".join(one.fingerprint for one in found.values()),
        "files": len(files),
        "history_files": [path.name for path in files],
        "bars": {
            name: {
                **{_interval(bars): _range(bars) for bars in one.bars},
                **({} if one.daily is None else {"daily": _daily_range(one.daily)}),
            }
            for name, one in found.items()
        },
    }


def _interval(bars: Bars) -> str:
    minutes = int(bars.interval.total_seconds()) // 60
    return f"{minutes}m" if bars.interval < HOUR else f"{minutes // 60}h"


def _range(bars: Bars) -> dict[str, Any]:
    first, last = (str(np.datetime64(int(bars.start[i]), "s"))[:10] for i in (0, -1))
    return {"first": first, "last": last, "bars": len(bars)}


def _daily_range(daily: DailyBars) -> dict[str, Any]:
    first, last = (str(date.fromordinal(int(daily.day[i]))) for i in (0, -1))
    return {"first": first, "last": last, "bars": len(daily.day)}
