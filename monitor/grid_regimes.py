"""Read the rows by regime of a run of `monitor backtest`: `grid.parquet` beside the grid CSV.

A grid file of another origin has none; then what is known by regime is unknown.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from monitor.config import BANDS
from monitor.domain.entry_windows import minutes_of
from monitor.domain.grid import FLOWS, SPREADS, combo_code
from monitor.domain.regime_rows import MODE_CODES, REGIME_CODES, RegimeRows, row_key

logger = logging.getLogger(__name__)

NAME = "grid.parquet"
MANAGED = "managed"  # the exits of the CSV where they were computed
ALL = "all"
_WORDS = ("band", "spread_type", "flow_mode", "entry_time_pst", "band_mode", "regime")
_NUMBERS = (
    "dte", "spread_width", "expected_win_pct", "win_low_pct", "win_high_pct", "n_trades", "n_eff"
)  # fmt: skip


def load_regime_rows(folder: Path) -> RegimeRows | None:
    """The run's rows by regime, under the exits that its CSV shows; None where there are none.

    A file that cannot be read is as good as none: the log says why.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    import pyarrow as pa  # only runs of our own need it here

    try:
        table = _read(path)
        return None if table is None else _rows(table)
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        logger.warning("rows by regime not read", extra={"reason": str(error)[:200]})
        return None


def _read(path: Path) -> Any | None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=[*_WORDS, *_NUMBERS, "exit_policy"])
    policies = table.column("exit_policy").unique().to_pylist()
    policy = MANAGED if MANAGED in policies else policies[0] if policies else MANAGED
    keep = pc.and_(
        pc.and_(
            pc.not_equal(_text(table, "regime"), ALL),
            pc.equal(_text(table, "exit_policy"), policy),
        ),
        pc.greater(table.column("n_trades"), 0),
    )
    found = table.filter(keep)
    return found if len(found) else None


def _rows(table: Any) -> RegimeRows:
    key: Any = row_key(
        combo=combo_code(
            _number(table, "dte", np.int64),
            _codes(table, "band", {band: i for i, band in enumerate(BANDS)}),
            _codes(table, "spread_type", {s.value: i for i, s in enumerate(SPREADS)}),
            _codes(table, "flow_mode", {f.value: i for i, f in enumerate(FLOWS)}),
        ),
        milli=np.round(1000 * _number(table, "spread_width", np.float64)).astype(np.int64),
        minute=_codes(table, "entry_time_pst", None),
        mode=_codes(table, "band_mode", {m.value: i for m, i in MODE_CODES.items()}),
        regime=_codes(table, "regime", {r.value: i for r, i in REGIME_CODES.items()}),
    )
    order = np.argsort(key, kind="stable")
    return RegimeRows(
        key=key[order],
        win_rate_pct=_number(table, "expected_win_pct", np.float64)[order],
        low_pct=_number(table, "win_low_pct", np.float64)[order],
        high_pct=_number(table, "win_high_pct", np.float64)[order],
        n=_number(table, "n_trades", np.int64)[order],
        n_eff=_number(table, "n_eff", np.float64)[order],
    )


def _text(table: Any, name: str) -> Any:
    import pyarrow as pa

    return table.column(name).cast(pa.string())


def _number(table: Any, name: str, kind: type[np.generic]) -> Any:
    values = table.column(name).to_numpy()
    return values.astype(kind)


def _codes(table: Any, name: str, words: dict[str, int] | None) -> Any:
    """Each word as its number; a clock time, where `words` is None, as minutes of the day."""
    column = _text(table, name).combine_chunks().dictionary_encode()  # only words in use
    values = column.dictionary.to_pylist()
    numbers = [minutes_of(v) if words is None else words[v] for v in values]
    return np.array(numbers, np.int64)[column.indices.to_numpy()]
