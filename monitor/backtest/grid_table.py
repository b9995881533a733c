"""From trades to the rows of a grid: the person's sixteen columns first, then what they are worth.

One variant is (ticker, exit policy, fill, regime) over all configurations. Dollars are per
contract, percentages 0..100, as the person's files have them; NaN is what nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.configs import MODES, ConfigTable, ExitPolicy, Kind
from monitor.backtest.grid_judge import Judged
from monitor.backtest.trade_codes import PriceSource
from monitor.backtest.variant_trades import Money
from monitor.domain.entry_windows import ET_MINUS_PT, OPEN_PT, clock_text
from monitor.domain.pricing.model_error import credit_error_pct
from monitor.domain.vocabulary import Regime, Verdict

Floats = NDArray[np.float64]
ALL_REGIMES = "all"
REGIMES = (ALL_REGIMES, *(regime.value for regime in Regime))
VERDICT_WORDS = tuple(verdict.value for verdict in Verdict)
PERSONS = (
    "dte", "band", "spread_type", "flow_mode", "spread_width", "entry_time_pst",
    "entry_time_et", "time_bucket", "expected_win_pct", "expected_roi_pct", "sharpe",
    "expected_credit", "max_risk_per_contract", "avg_pnl", "n_trades", "trade_score",
)  # fmt: skip
KEYS = ("ticker", "band_mode", "exit_policy", "fill", "regime")
JUDGED = (
    "verdict", "honest_score", "win_low_pct", "win_high_pct", "n_eff", "shrunk_win_pct",
    "breakeven_win_pct", "expected_return_pct", "shrunk_return_pct", "return_low_pct",
    "return_high_pct", "chance_positive_pct", "sharpe_annual", "dsr_pct", "dsr_all_tries_pct",
)  # fmt: skip
SOURCES = ("price_source", "quotes_share_pct", "model_error_pct", "no_trade")
BUCKETS = (
    (9 * 60, "C: 09:00-12:30 PST / 12:00-15:30 ET (30-min)"),
    (7 * 60, "B: 07:00-08:45 PST / 10:00-11:45 ET (15-min)"),
    (OPEN_PT, "A: 06:30-06:50 PST / 09:30-09:50 ET (10-min)"),
)
# How many digits a column is printed with; what is not named here is a whole number or a word.
DECIMALS = {
    "spread_width": 2, "expected_win_pct": 2, "expected_roi_pct": 2, "sharpe": 4,
    "expected_credit": 2, "max_risk_per_contract": 2, "avg_pnl": 2, "trade_score": 2,
    "honest_score": 2, "win_low_pct": 2, "win_high_pct": 2, "n_eff": 1, "shrunk_win_pct": 2,
    "breakeven_win_pct": 2, "expected_return_pct": 3, "shrunk_return_pct": 3, "return_low_pct": 3,
    "return_high_pct": 3, "chance_positive_pct": 2, "sharpe_annual": 3, "dsr_pct": 2,
    "dsr_all_tries_pct": 2, "quotes_share_pct": 1, "model_error_pct": 0,
    "fill": 2,
    "walk_forward_return_pct": 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """A column of few distinct words: `values[codes[i]]` is row i. Shape of codes: (n_rows,)."""

    codes: NDArray[np.integer]
    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)


Column = Words | NDArray[np.integer] | Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What one (ticker, exit policy, fill, regime) earned, by configuration.

    Args:
        regime: Index into REGIMES; 0 is all of them.
        asked: On how many sessions each configuration could have been entered.
        extra: Further columns of shape (n_configs,), as the walk-forward result.
    """

    ticker: str
    policy: ExitPolicy
    fill: float
    money: Money
    judged: Judged
    regime: int = 0
    asked: int = 0
    extra: Mapping[str, Floats] | None = None


@dataclass(frozen=True, slots=True)
class GridTable:
    """Columns by name, all of one length; the person's sixteen first, in the person's order."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def floats(self, name: str) -> Floats:
        """A column of numbers."""
        column = self.columns[name]
        if isinstance(column, Words):
            raise KeyError(f"{name} is a column of words")
        return np.asarray(column, np.float64)

    def words(self, name: str) -> Words:
        column = self.columns[name]
        if not isinstance(column, Words):
            raise KeyError(f"{name} is a column of numbers")
        return column

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> GridTable:
        return GridTable(
            {
                name: Words(c.codes[rows], c.values) if isinstance(c, Words) else c[rows]
                for name, c in self.columns.items()
            }
        )


def grid_rows(table: ConfigTable, variant: Variant) -> GridTable:
    """One row a configuration, in the table's order; those without a trade too."""
    money, judged = variant.money, variant.judged
    with np.errstate(invalid="ignore", divide="ignore"):
        roi = 100 * money.credit / money.max_loss
        sharpe = money.pnl / np.where(money.pnl_sd > 0, money.pnl_sd, np.nan)
    win = 100 * judged.win_rate
    columns: dict[str, Column] = {
        **_configuration(table),
        "expected_win_pct": win,
        "expected_roi_pct": roi,
        "sharpe": sharpe,
        "expected_credit": money.credit,
        "max_risk_per_contract": money.max_loss,
        "avg_pnl": money.pnl,
        "n_trades": money.n,
        # The person's own ranking, kept as a column and no more: it rewards luck.
        "trade_score": 0.25 * roi + 8 * sharpe + 0.6 * win,
        **_keys(table, variant),
        **_judgement(judged),
        **_prices(money),
        "model_error_pct": _model_error(table, variant),
        "no_trade": np.maximum(variant.asked - money.n, 0).astype(np.int64),
        **(variant.extra or {}),
    }
    return GridTable(columns)


def stack(parts: Sequence[GridTable]) -> GridTable:
    """All rows of the parts, in order; the parts have the same columns."""
    first = parts[0].columns
    joined: dict[str, Column] = {}
    for name in first:
        joined[name] = _joined([part.columns[name] for part in parts])
    return GridTable(joined)


def tradable_rows(
    grid: GridTable,
    *,
    policy: ExitPolicy,
    fill: float,
    mode: str,
    aside: NDArray[np.bool_] | None = None,
) -> GridTable:
    """The rows for `grid_trading_ready.csv`: one a configuration, and only known numbers.

    Those `aside`, shape (n_rows,), are left out. A row needs two trades with different results:
    with one there is no Sharpe ratio to print.
    """
    keep = (
        _is(grid.words("exit_policy"), policy.value)
        & _is(grid.words("band_mode"), mode)
        & _is(grid.words("regime"), ALL_REGIMES)
        & (grid.floats("fill") == fill)
    )
    if aside is not None:
        keep &= ~aside
    for name in ("sharpe", "expected_credit", "avg_pnl", "trade_score"):
        keep &= np.isfinite(grid.floats(name))
    found = grid.take(keep)
    order = np.lexsort((-found.floats("trade_score"), -_filled(found.floats("honest_score"))))
    return found.take(order)


def entered_at(grid: GridTable, minutes_pt: Sequence[int]) -> NDArray[np.bool_]:
    """Which rows are entered at one of these times. Shape: (n_rows,)."""
    times = grid.words("entry_time_pst")
    asked = {clock_text(minute) for minute in minutes_pt}
    hit: NDArray[np.bool_] = np.array([v in asked for v in times.values], np.bool_)[times.codes]
    return hit


def _filled(score: Floats) -> Floats:
    return np.where(np.isnan(score), -1.0, score)


def _configuration(table: ConfigTable) -> dict[str, Column]:
    minutes, place = np.unique(table.entry_minute_pt, return_inverse=True)
    bands, band = np.unique(table.band, return_inverse=True)
    kinds = tuple(Kind)
    kind = table.kind.astype(np.int16)
    return {
        "dte": table.dte.astype(np.int64),
        "band": Words(band, tuple(f"P{b}" for b in bands)),
        "spread_type": Words(kind, tuple(k.spread_type.value for k in kinds)),
        "flow_mode": Words(kind, tuple(k.flow_mode.value for k in kinds)),
        "spread_width": table.width.astype(np.float64),
        "entry_time_pst": Words(place, tuple(clock_text(int(m)) for m in minutes)),
        "entry_time_et": Words(place, tuple(clock_text(int(m) + ET_MINUS_PT) for m in minutes)),
        "time_bucket": Words(place, tuple(time_bucket(int(m)) for m in minutes)),
    }


def time_bucket(minute_pt: int) -> str:
    """The person's name for the part of the day that an entry time lies in."""
    return next(name for begin, name in BUCKETS if minute_pt >= begin)


def _keys(table: ConfigTable, variant: Variant) -> dict[str, Column]:
    n = len(table)
    same = np.zeros(n, np.int16)
    return {
        "ticker": Words(same, (variant.ticker,)),
        "band_mode": Words(table.mode.astype(np.int16), tuple(m.value for m in MODES)),
        "exit_policy": Words(same, (variant.policy.value,)),
        "fill": np.full(n, variant.fill),
        "regime": Words(same + variant.regime, REGIMES),
    }


def _judgement(judged: Judged) -> dict[str, Column]:
    return {
        "verdict": Words(judged.verdict, VERDICT_WORDS),
        "honest_score": judged.honest_score,
        "win_low_pct": 100 * judged.win_low,
        "win_high_pct": 100 * judged.win_high,
        "n_eff": judged.n_eff,
        "shrunk_win_pct": 100 * judged.shrunk_win,
        "breakeven_win_pct": 100 * judged.breakeven,
        "expected_return_pct": 100 * judged.mean_return,
        "shrunk_return_pct": 100 * judged.shrunk_return,
        "return_low_pct": 100 * judged.return_low,
        "return_high_pct": 100 * judged.return_high,
        "chance_positive_pct": 100 * judged.chance_positive,
        "sharpe_annual": judged.sharpe_annual,
        "dsr_pct": 100 * judged.dsr,
        "dsr_all_tries_pct": 100 * judged.dsr_all,
    }


def _prices(money: Money) -> dict[str, Column]:
    """Which prices a row rests on: its one source, or `mixed` with the share of real quotes."""
    counts = money.by_source
    total = counts.sum(axis=0)
    single = (counts == total).any(axis=0) & (total > 0)
    code = np.where(single, counts.argmax(axis=0), np.where(total > 0, 3, 4))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 100 * counts[PriceSource.QUOTES] / total
    words = (*(source.text for source in PriceSource), "mixed", "none")
    return {"price_source": Words(code, words), "quotes_share_pct": share}


def _model_error(table: ConfigTable, variant: Variant) -> Floats:
    """The measured error of model credits at the row's DTE, where trades rest on such prices."""
    modeled = variant.money.by_source[PriceSource.MODEL] > 0
    unknown = np.full(len(table), np.nan)
    if not modeled.any():
        return unknown
    return np.where(modeled, credit_error_pct(variant.ticker, table.dte), unknown)


def _joined(columns: Sequence[Column]) -> Column:
    words = [c for c in columns if isinstance(c, Words)]
    if not words:
        return np.concatenate([c for c in columns if not isinstance(c, Words)])
    values = tuple(dict.fromkeys(_chain(w.values for w in words)))
    place = {value: i for i, value in enumerate(values)}
    codes = [np.array([place[v] for v in w.values], np.int16)[w.codes] for w in words]
    return Words(np.concatenate(codes), values)


def _chain(groups: Iterable[tuple[str, ...]]) -> Iterable[str]:
    return (word for group in groups for word in group)


def _is(words: Words, value: str) -> NDArray[np.bool_]:
    hit = np.array([v == value for v in words.values], np.bool_)
    found: NDArray[np.bool_] = hit[words.codes]
    return found
