"""The grid: backtested configurations as columns of numbers, checked once and then trusted.

Money is dollars per contract, as the person's files have it; percentages are 0..100. Texts
become small codes, so that a scan of a million rows is a few slices and not a search.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.config import BANDS
from monitor.domain.entry_windows import clock_text
from monitor.domain.option_chain import PriceSource
from monitor.domain.regime_rows import RegimeRows
from monitor.domain.vocabulary import BandMode, FlowMode, SpreadType, Verdict

Floats = NDArray[np.float64]
Codes = NDArray[np.signedinteger[Any]]
Mask = NDArray[np.bool_]

SPREADS = tuple(SpreadType)
FLOWS = (FlowMode.NEUTRAL, FlowMode.WITH_FLOW, FlowMode.AGAINST_FLOW)  # the first one is kept
VERDICTS = tuple(Verdict)
MODES = tuple(BandMode)
PRICES = tuple(PriceSource)
MAX_DTE = 63
MULTIPLIER = 100  # dollars per point and contract, of every underlying listed here


class Kind(StrEnum):
    """Why a row can never alert, most serious first: a row is counted under its first."""

    SHORT_ROW = "short_row"
    LONG_ROW = "long_row"
    NOT_A_NUMBER = "not_a_number"
    UNKNOWN_BAND = "unknown_band"
    UNKNOWN_SPREAD = "unknown_spread"
    UNKNOWN_FLOW = "unknown_flow"
    INVALID_DTE = "invalid_dte"
    INVALID_ENTRY_TIME = "invalid_entry_time"
    ENTRY_TIMES_DISAGREE = "entry_times_disagree"
    WIDTH_NOT_POSITIVE = "width_not_positive"
    WIN_OUTSIDE_0_100 = "win_outside_0_100"
    N_TRADES_NOT_POSITIVE = "n_trades_not_positive"
    CREDIT_NOT_POSITIVE = "credit_not_positive"
    CREDIT_AT_LEAST_WIDTH = "credit_at_least_width"
    RISK_NOT_POSITIVE = "risk_not_positive"
    AVG_PNL_IMPOSSIBLE = "avg_pnl_impossible"
    UNKNOWN_VERDICT = "unknown_verdict"
    CONTRADICTING_DUPLICATE = "contradicting_duplicate"
    DUPLICATE = "duplicate"
    CONDOR_COPY = "condor_copy"


KINDS = tuple(Kind)


class Warn(StrEnum):
    """What a usable row should not be believed in; counted, and said in the alert."""

    RISK_CONTRADICTS_WIDTH = "risk_contradicts_width"
    ROI_IS_EXPECTED_RETURN = "roi_is_expected_return"
    ROI_CONTRADICTS_CREDIT_AND_RISK = "roi_contradicts_credit_and_risk"
    FEW_TRADES = "few_trades"


WARNS = tuple(Warn)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextColumn:
    """A column of few distinct texts: `values[codes[i]]` is row i. Shape of codes: (n_rows,)."""

    codes: NDArray[np.int32]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line with too few or too many cells. `number` counts the header as 1."""

    number: int
    cells: int
    expected: int
    column: str  # the first missing one, or the last one there is


@dataclass(frozen=True, slots=True, kw_only=True)
class RawGrid:
    """A grid file's cells as read, unchecked.

    Shapes: every array (n_rows,); `line` is the line in the file (the header is 1; empty lines
    are not counted). `named` maps our column names to the file's. `bad_cells` has the text of
    some cells that were not numbers, by (row, column).
    """

    line: NDArray[np.int32]
    numbers: Mapping[str, Floats]
    texts: Mapping[str, TextColumn]
    named: Mapping[str, str]
    bad_lines: tuple[BadLine, ...] = ()
    bad_cells: Mapping[tuple[int, str], str] = field(default_factory=dict)
    extra_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One refused row: where, which column, what it held and why that cannot be."""

    line: int
    kind: Kind
    column: str
    value: str
    config: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GridReport:
    """What a file holds. `usable` + the counts of `rejected` = `rows`.

    `rejected` counts every row once, under its most serious kind; `found` counts every row
    that shows the defect. `warnings` counts usable rows.
    """

    rows: int
    usable: int
    rejected: tuple[tuple[Kind, int], ...]
    found: tuple[tuple[Kind, int], ...]
    warnings: tuple[tuple[Warn, int], ...]
    worst: tuple[Example, ...]
    extra_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowStats:
    """What our own grid files say beside the sixteen columns; percent, None where empty.

    The returns are what is believed after luck is allowed for, with a 95 % interval.
    """

    win_low_pct: float | None
    win_high_pct: float | None
    n_eff: float | None
    return_pct: float | None
    return_low_pct: float | None
    return_high_pct: float | None
    model_error_pct: float | None = None  # of the credit; where it is a model's


STAT_COLUMNS = (
    "win_low_pct", "win_high_pct", "n_eff", "shrunk_return_pct", "return_low_pct",
    "return_high_pct", "model_error_pct",
)  # fmt: skip
_STAT_FIELDS = tuple(field.name for field in fields(RowStats))


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One usable configuration. Money: dollars per contract; `minute`: Pacific entry time."""

    line: int
    dte: int
    band: str
    spread_type: SpreadType
    flow_mode: FlowMode
    width: float
    minute: int
    win_rate_pct: float
    roi_pct: float  # the file's own column
    sharpe: float
    credit_usd: float
    risk_usd: float
    avg_pnl_usd: float
    n_trades: int
    score: float
    verdict: Verdict | None  # the file's own, if it has one
    warnings: tuple[Warn, ...] = ()
    band_mode: BandMode | None = BandMode.RAW100  # the file's; None: a word we do not know
    prices: PriceSource | None = None  # what its credits rest on; None: the file does not say
    stats: RowStats | None = None

    @property
    def max_return_pct(self) -> float:
        """Credit ÷ max loss: the best case, not what was earned."""
        return 100 * self.credit_usd / self.risk_usd

    @property
    def expected_return_pct(self) -> float:
        """Average P&L ÷ max loss: what the backtest earned a trade."""
        return 100 * self.avg_pnl_usd / self.risk_usd

    @property
    def rests_on(self) -> str:
        """What the numbers are: of a backtest, and of which prices where the file says so."""
        if self.prices is None or self.prices is PriceSource.QUOTES:
            return "backtest"
        error = self.stats.model_error_pct if self.stats else None
        off = "" if error is None else f", off by {error:.0f}% of a credit in the mean"
        return f"backtest on {self.prices} prices, no quotes{off}"

    @property
    def entry_time_pt(self) -> str:
        return clock_text(self.minute)

    @property
    def config(self) -> str:
        """`3DTE P98 IRON_CONDOR @ 07:30 w20`, with the flow mode where there is one."""
        flow = "" if self.flow_mode is FlowMode.NEUTRAL else f" {self.flow_mode}"
        name = self.spread_type.upper()
        return f"{self.dte}DTE {self.band} {name} @ {self.entry_time_pt} w{self.width:g}{flow}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A checked grid. Arrays hold every row as read, shape (n_rows,); only `order` is usable.

    `order` lists the usable rows grouped by `combo_code`, file order within; the rows of combo
    c are `order[starts[c]:starts[c + 1]]`; `sorted_score` and `sorted_minute` have their scores
    and entry times.
    """

    columns: Mapping[str, Floats]
    line: NDArray[np.int32]
    combo: NDArray[np.uint16]
    minute: NDArray[np.int16]
    verdict: NDArray[np.int8] | None  # index into VERDICTS
    mode: NDArray[np.int8] | None  # index into MODES, -1 unknown; None: the file does not say
    prices: NDArray[np.int8] | None  # the same into PRICES
    warned: NDArray[np.uint8]  # bit i: the i-th Warn
    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    sorted_score: Floats
    sorted_minute: NDArray[np.int16]
    report: GridReport

    def __len__(self) -> int:
        return len(self.order)

    def rows(self, indices: NDArray[np.int64]) -> tuple[GridRow, ...]:
        """The usable rows at these positions of the columns, in this order."""
        cells = [self.columns[name][indices].tolist() for name in _ROW_NUMBERS]
        words = (self.line, self.combo, self.minute, self.warned)
        verdicts = (
            [None] * len(indices)
            if self.verdict is None
            else [VERDICTS[v] for v in self.verdict[indices]]
        )
        return tuple(
            _row(*row)
            for row in zip(
                *(word[indices].tolist() for word in words), verdicts, self._modes(indices),
                self._prices(indices), self._stats(indices), *cells, strict=True,
            )
        )  # fmt: skip

    def _modes(self, indices: NDArray[np.int64]) -> list[BandMode | None]:
        if self.mode is None:
            return [BandMode.RAW100] * len(indices)
        return [MODES[m] if m >= 0 else None for m in self.mode[indices].tolist()]

    def _prices(self, indices: NDArray[np.int64]) -> list[PriceSource | None]:
        if self.prices is None:
            return [None] * len(indices)
        return [PRICES[p] if p >= 0 else None for p in self.prices[indices].tolist()]

    def _stats(self, indices: NDArray[np.int64]) -> list[RowStats | None]:
        named = [self.columns.get(name) for name in STAT_COLUMNS]
        if all(column is None for column in named):
            return [None] * len(indices)
        cells = [_cells(column, indices) for column in named]
        return [
            RowStats(**dict(zip(_STAT_FIELDS, row, strict=True)))
            for row in zip(*cells, strict=True)
        ]


_ROW_NUMBERS = (
    "spread_width", "expected_win_pct", "expected_roi_pct", "sharpe", "expected_credit",
    "max_risk_per_contract", "avg_pnl", "n_trades", "trade_score",
)  # fmt: skip


def _row(
    line: int, combo: int, minute: int, warned: int, verdict: Verdict | None,
    mode: BandMode | None, prices: PriceSource | None, stats: RowStats | None, *numbers: float,
) -> GridRow:  # fmt: skip
    dte, band, spread, flow = split_combo(combo)
    width, win, roi, sharpe, credit, risk, pnl, trades, score = numbers
    return GridRow(
        line=line,
        dte=dte,
        band=BANDS[band],
        spread_type=SPREADS[spread],
        flow_mode=FLOWS[flow],
        width=width,
        minute=minute,
        win_rate_pct=win,
        roi_pct=roi,
        sharpe=sharpe,
        credit_usd=credit,
        risk_usd=risk,
        avg_pnl_usd=pnl,
        n_trades=int(trades),
        score=score,
        verdict=verdict,
        warnings=_warnings(warned),
        band_mode=mode,
        prices=prices,
        stats=stats,
    )


def _cells(column: Floats | None, indices: NDArray[np.int64]) -> list[float | None]:
    if column is None:
        return [None] * len(indices)
    return [None if math.isnan(value) else value for value in column[indices].tolist()]


@lru_cache(maxsize=1 << len(WARNS))
def _warnings(bits: int) -> tuple[Warn, ...]:
    return tuple(w for i, w in enumerate(WARNS) if bits >> i & 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridFile:
    """A grid with where it came from."""

    path: Path
    modified_at: datetime  # aware UTC
    grid: Grid
    regimes: RegimeRows | None = None  # the same configurations by regime, where the run has them
    tried: int | None = None  # configurations of the run, also those without a row; None: unknown
    ticker: str | None = None  # the underlying it was built for; None: unknown

    @property
    def report(self) -> GridReport:
        return self.grid.report

    @property
    def tries(self) -> int:
        """How many configurations were tried, as far as is known: at least the file's rows."""
        return max(self.tried or 0, self.report.rows)


COMBOS = (MAX_DTE + 1) * len(BANDS) * len(SPREADS) * len(FLOWS)


def combo_code(dte: int, band: int, spread: int, flow: int) -> int:
    """DTE, band, spread and flow as one number below COMBOS; works on arrays too."""
    return ((dte * len(BANDS) + band) * len(SPREADS) + spread) * len(FLOWS) + flow


@lru_cache(maxsize=COMBOS)
def split_combo(code: int) -> tuple[int, int, int, int]:
    """`combo_code` undone: (dte, band, spread, flow)."""
    code, flow = divmod(code, len(FLOWS))
    code, spread = divmod(code, len(SPREADS))
    dte, band = divmod(code, len(BANDS))
    return dte, band, spread, flow


def combo_of(row: GridRow) -> int:
    """The `combo_code` of a row."""
    return combo_code(
        row.dte,
        BANDS.index(row.band),
        SPREADS.index(row.spread_type),
        FLOWS.index(row.flow_mode),
    )
