"""What makes a row of a grid file impossible, one rule a kind, and what makes it doubtful.

Rules run from the most serious kind to the least, over whole columns. Each gives a mask of
shape (n_rows,); comparisons with not-a-number are False, those rows have a kind of their own,
and the caller silences numpy's warnings about arithmetic with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from monitor.config import BANDS
from monitor.domain.entry_windows import CLOSE_PT, ET_MINUS_PT, OPEN_PT, minutes_of
from monitor.domain.grid import (
    FLOWS,
    MAX_DTE,
    MODES,
    MULTIPLIER,
    PRICES,
    SPREADS,
    VERDICTS,
    Floats,
    Kind,
    Mask,
    RawGrid,
    TextColumn,
    Warn,
)
from monitor.domain.vocabulary import BandMode, SpreadType

NUMBERS = (
    "dte", "spread_width", "expected_win_pct", "expected_roi_pct", "sharpe", "expected_credit",
    "max_risk_per_contract", "avg_pnl", "n_trades", "trade_score",
)  # fmt: skip
CONDOR = SPREADS.index(SpreadType.IRON_CONDOR)
UNKNOWN = -1
Small = TypeVar("Small", np.int8, np.int16)
CENT = 0.01
FEW_TRADES = 30
WIDTH_TOLERANCE = 0.02  # of the width: files round money to cents, fees may be inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Text columns as codes (UNKNOWN where no such word), and whole numbers as integers."""

    dte: NDArray[np.int32]
    band: NDArray[np.int8]
    spread: NDArray[np.int8]
    flow: NDArray[np.int8]
    minute: NDArray[np.int16]
    minute_et: NDArray[np.int16] | None
    verdict: NDArray[np.int8] | None
    mode: NDArray[np.int8] | None
    prices: NDArray[np.int8] | None

    def part(self, rows: slice) -> Codes:
        """The same of some rows only; views, not copies."""
        return Codes(
            dte=self.dte[rows],
            band=self.band[rows],
            spread=self.spread[rows],
            flow=self.flow[rows],
            minute=self.minute[rows],
            minute_et=None if self.minute_et is None else self.minute_et[rows],
            verdict=None if self.verdict is None else self.verdict[rows],
            mode=None if self.mode is None else self.mode[rows],
            prices=None if self.prices is None else self.prices[rows],
        )


def encode(raw: RawGrid) -> Codes:
    """Turn the cells' words into codes; nothing is judged yet."""
    if "entry_time_pst" in raw.texts:
        minute = _coded(raw.texts["entry_time_pst"], _minute, np.int16)
        eastern = raw.texts.get("entry_time_et")
        minute_et = None if eastern is None else _coded(eastern, _minute, np.int16)
    else:  # the reader requires one of the two
        minute, minute_et = (
            _coded(raw.texts["entry_time_et"], _minute, np.int16) - ET_MINUS_PT,
            None,
        )
    verdict, mode = raw.texts.get("verdict"), raw.texts.get("band_mode")
    prices = raw.texts.get("price_source")
    return Codes(
        dte=raw.numbers["dte"].astype(np.int32),
        band=_coded(raw.texts["band"], _among(BANDS, str.upper), np.int8),
        spread=_coded(raw.texts["spread_type"], _among(SPREADS, _snake), np.int8),
        flow=_coded(raw.texts["flow_mode"], _among(FLOWS, _snake), np.int8),
        minute=minute,
        minute_et=minute_et,
        verdict=None if verdict is None else _coded(verdict, _verdict, np.int8),
        mode=None if mode is None else _coded(mode, _mode, np.int8),
        prices=None if prices is None else _coded(prices, _price, np.int8),
    )


def impossible(n: Mapping[str, Floats], codes: Codes) -> Iterator[tuple[Kind, Mask]]:
    """Yield each rule's mask, most serious first. `n`: the number columns."""
    width_usd = n["spread_width"] * MULTIPLIER
    credit, risk, pnl = n["expected_credit"], n["max_risk_per_contract"], n["avg_pnl"]
    trades, win = n["n_trades"], n["expected_win_pct"]
    yield Kind.NOT_A_NUMBER, not_numbers(n)
    yield Kind.UNKNOWN_BAND, codes.band == UNKNOWN
    yield Kind.UNKNOWN_SPREAD, codes.spread == UNKNOWN
    yield Kind.UNKNOWN_FLOW, (codes.flow == UNKNOWN) & (codes.spread != CONDOR)
    yield Kind.INVALID_DTE, (codes.dte != n["dte"]) | (codes.dte < 0) | (codes.dte > MAX_DTE)
    yield Kind.INVALID_ENTRY_TIME, (codes.minute < OPEN_PT) | (codes.minute >= CLOSE_PT)
    if codes.minute_et is not None:
        yield Kind.ENTRY_TIMES_DISAGREE, codes.minute_et != codes.minute + ET_MINUS_PT
    yield Kind.WIDTH_NOT_POSITIVE, width_usd <= 0
    yield Kind.WIN_OUTSIDE_0_100, (win < 0) | (win > 100)
    yield Kind.N_TRADES_NOT_POSITIVE, (trades < 1) | (trades != np.floor(trades))
    yield Kind.CREDIT_NOT_POSITIVE, credit <= 0
    yield Kind.CREDIT_AT_LEAST_WIDTH, credit >= width_usd
    yield Kind.RISK_NOT_POSITIVE, risk <= 0
    yield Kind.AVG_PNL_IMPOSSIBLE, (pnl > credit + CENT) | (pnl < -risk - CENT)
    if codes.verdict is not None:
        yield Kind.UNKNOWN_VERDICT, codes.verdict == UNKNOWN


def doubtful(n: Mapping[str, Floats]) -> Iterator[tuple[Warn, Mask]]:
    """Yield each warning's mask, in the order of `Warn`. Impossible rows are not left out."""
    width_usd = n["spread_width"] * MULTIPLIER
    credit, risk, roi = n["expected_credit"], n["max_risk_per_contract"], n["expected_roi_pct"]
    yield (
        Warn.RISK_CONTRADICTS_WIDTH,
        np.abs(credit + risk - width_usd) > WIDTH_TOLERANCE * width_usd,
    )
    percent = 100 / risk
    tolerance = 0.05 + 0.005 * np.abs(roi)
    off = np.abs(roi - credit * percent) > tolerance
    earned = np.abs(roi - n["avg_pnl"] * percent) <= tolerance if off.any() else off
    yield Warn.ROI_IS_EXPECTED_RETURN, off & earned
    yield Warn.ROI_CONTRADICTS_CREDIT_AND_RISK, off & ~earned
    yield Warn.FEW_TRADES, n["n_trades"] < FEW_TRADES


def not_numbers(numbers: Mapping[str, Floats]) -> Mask:
    """Rows in which any required number is missing, not a number or infinite."""
    total = numbers[NUMBERS[0]].copy()
    for name in NUMBERS[1:]:
        total += numbers[name]
    bad: Mask = ~np.isfinite(total)
    if bad.any():  # a sum may overflow where no cell is infinite: look again, cell by cell
        bad = ~np.logical_and.reduce([np.isfinite(numbers[name]) for name in NUMBERS])
    return bad


def _coded(column: TextColumn, code: Callable[[str], int], kind: type[Small]) -> NDArray[Small]:
    table = np.fromiter((code(v.strip()) for v in column.values), kind, len(column.values))
    coded: NDArray[Small] = table.take(column.codes)
    return coded


def _among(words: tuple[str, ...], spelling: Callable[[str], str]) -> Callable[[str], int]:
    known = {word: i for i, word in enumerate(words)}
    return lambda text: known.get(spelling(text), UNKNOWN)


def _snake(text: str) -> str:
    return text.lower().replace("-", "_").replace(" ", "_")


def _minute(text: str) -> int:
    try:
        return minutes_of(text)
    except ValueError:
        return UNKNOWN


def _verdict(text: str) -> int:
    words = {verdict.value: i for i, verdict in enumerate(VERDICTS)}
    return words.get(text.lower().replace("_", " ") or "unknown", UNKNOWN)


def _mode(text: str) -> int:
    """An empty cell says as little as no column: the moves as they were."""
    words = {mode.value: i for i, mode in enumerate(MODES)}
    return words.get(text.lower() or BandMode.RAW100, UNKNOWN)


def _price(text: str) -> int:
    """A word that is none of ours says nothing of the prices."""
    words = {source.value: i for i, source in enumerate(PRICES)}
    return words.get(text.lower(), UNKNOWN)
