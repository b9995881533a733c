"""One symbol's history from wherever it lies, held against the calendar, with its provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import xxhash

from monitor.backtest.history_files import join_bars, join_daily, read_history
from monitor.backtest.history_sessions import fit_bars, fit_daily
from monitor.domain.quotes import Bars, DailyBars
from monitor.domain.trading_calendar import TradingCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Bars inside sessions (finest interval first) and daily bars of session days.

    `problems` are plain sentences: what was left out, skipped, missing. `fingerprint` is a hash
    over the content of `files`.
    """

    symbol: str
    bars: tuple[Bars, ...]
    daily: DailyBars | None
    files: tuple[Path, ...]
    problems: tuple[str, ...]
    fingerprint: str


def load_history(folders: Sequence[Path], symbol: str, *, calendar: TradingCalendar) -> History:
    """Read a symbol from several folders; where two tell the same bar the earlier folder counts.

    An empty answer is one: no bars, no daily bars, and what was wrong with the files.
    """
    found = [read_history(folder, symbol) for folder in folders]
    problems = [p for one in found for p in one.problems]
    lengths = sorted({bars.interval for one in found for bars in one.bars})
    bars: list[Bars] = []
    for length in lengths:
        parts = [b for one in found for b in one.bars if b.interval == length]
        fitted = fit_bars(join_bars(parts), calendar)
        problems += fitted.problems
        if len(fitted.bars):
            bars.append(fitted.bars)
    dailies = [one.daily for one in found if one.daily is not None]
    daily = join_daily(dailies) if dailies else None
    if daily is not None:
        fitted_daily = fit_daily(daily, calendar)
        problems += fitted_daily.problems
        daily = fitted_daily.daily
    files = tuple(dict.fromkeys(path for one in found for path in one.files))
    return History(
        symbol=symbol,
        bars=tuple(bars),
        daily=daily,
        files=files,
        problems=tuple(problems),
        fingerprint=_fingerprint(files),
    )


def _fingerprint(files: Sequence[Path]) -> str:
    told = xxhash.xxh3_128()
    for path in files:
        told.update(path.name.encode())
        told.update(path.read_bytes())
    return told.hexdigest()
