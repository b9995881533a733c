"""Bars beside recorded chains: the underlying's own prices, its volatility index, and VIX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xxhash

from monitor.backtest.bars_panel import PriceTable, Sessions, price_table
from monitor.domain.instruments import underlying

if TYPE_CHECKING:
    from monitor.backtest.history_files import FileHistory

EARLIER_SESSIONS = 300  # enough for 250 past moves of ten sessions each, and for the regime
MAX_DEVIATION = 0.01  # of a close from the price in the chains: more is another market
BY_PARITY = (
    "the underlying's price comes from the chains by put-call parity; its settlement is the last "
    "such price of the session, not the exchange's official close"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What history adds to chains; `vol` and `vix` are None where there is none.

    `hash` is of the content of `files`, empty without any.
    """

    prices: PriceTable
    vol: PriceTable | None
    vix: PriceTable | None
    files: tuple[Path, ...]
    hash: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def read_beside(
    folders: Sequence[Path], *, ticker: str, sessions: Sessions, chain_prices: PriceTable
) -> Beside:
    """Read the bars that a recording needs; prices out of the chains fill what bars lack."""
    what = underlying(ticker)
    problems: list[str] = []
    files: list[Path] = []

    def table(symbol: str | None) -> PriceTable | None:
        found = None
        if folders:
            from monitor.backtest.history_files import read_history  # heavy: pyarrow
        for folder in folders if symbol else ():
            one = read_history(folder, str(symbol))
            problems.extend(one.problems)
            files.extend(one.files)
            found = found or _table(one, sessions)
        return found

    own = _own(table(what.symbol), chain_prices, what.symbol, problems)
    vol = table(what.vol_index)
    vix = vol if what.vol_index == "VIX" else table("VIX")
    notes = [BY_PARITY] if own is None else []
    if vix is None:
        notes.append("no VIX history was at hand: the regimes at entry are unknown")
    return Beside(
        prices=chain_prices if own is None else _filled(own, chain_prices),
        vol=vol,
        vix=vix,
        files=tuple(dict.fromkeys(files)),
        hash=_hash(files),
        problems=tuple(dict.fromkeys(problems)),
        notes=tuple(notes),
    )


def _table(history: FileHistory, sessions: Sessions) -> PriceTable | None:
    made = price_table(sessions, history.bars, history.daily)
    known = np.isfinite(made.close).any() or np.isfinite(made.price).any()
    return made if known else None


def _own(
    bars: PriceTable | None, chains: PriceTable, symbol: str, problems: list[str]
) -> PriceTable | None:
    """The underlying's bars, unless they tell of another market than the chains do."""
    if bars is None:
        return None
    off = np.abs(bars.close / chains.close - 1)
    off = off[np.isfinite(off)]
    if len(off) and float(np.median(off)) > MAX_DEVIATION:
        problems.append(
            f"bars of {symbol} not used: their closes are {100 * float(np.median(off)):.1f} % "
            "(median) from the prices in the chains"
        )
        return None
    return bars


def _filled(bars: PriceTable, chains: PriceTable) -> PriceTable:
    return PriceTable(
        price=np.where(np.isfinite(bars.price), bars.price, chains.price),
        close=np.where(np.isfinite(bars.close), bars.close, chains.close),
    )


def _hash(files: Sequence[Path]) -> str:
    if not files:
        return ""
    told = "\n".join(
        f"{p.name} {xxhash.xxh3_128_hexdigest(p.read_bytes())}" for p in dict.fromkeys(files)
    )
    return xxhash.xxh3_128_hexdigest(told.encode())
