"""The worst refused rows of a grid file, each with its line, column, value and reason."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from monitor.domain.entry_windows import CLOSE_PT, OPEN_PT, clock_text
from monitor.domain.grid import KINDS, MAX_DTE, MULTIPLIER, Example, Kind, RawGrid
from monitor.domain.grid_rules import NUMBERS
from monitor.domain.plain_text import plain

PER_KIND = 3
MOST = 20

_COLUMN = {
    Kind.UNKNOWN_BAND: "band",
    Kind.UNKNOWN_SPREAD: "spread_type",
    Kind.UNKNOWN_FLOW: "flow_mode",
    Kind.INVALID_DTE: "dte",
    Kind.INVALID_ENTRY_TIME: "entry_time_pst",
    Kind.ENTRY_TIMES_DISAGREE: "entry_time_et",
    Kind.WIDTH_NOT_POSITIVE: "spread_width",
    Kind.WIN_OUTSIDE_0_100: "expected_win_pct",
    Kind.N_TRADES_NOT_POSITIVE: "n_trades",
    Kind.CREDIT_NOT_POSITIVE: "expected_credit",
    Kind.CREDIT_AT_LEAST_WIDTH: "expected_credit",
    Kind.RISK_NOT_POSITIVE: "max_risk_per_contract",
    Kind.AVG_PNL_IMPOSSIBLE: "avg_pnl",
    Kind.UNKNOWN_VERDICT: "verdict",
    Kind.CONTRADICTING_DUPLICATE: "trade_score",
    Kind.DUPLICATE: "trade_score",
    Kind.CONDOR_COPY: "flow_mode",
}
_WHY = {
    Kind.NOT_A_NUMBER: "empty, not a number or infinite",
    Kind.UNKNOWN_BAND: "not one of P95, P97, P98, P99, P100",
    Kind.UNKNOWN_SPREAD: "not put_spread, call_spread or iron_condor",
    Kind.UNKNOWN_FLOW: "not with_flow, against_flow or neutral",
    Kind.INVALID_DTE: f"not a whole number of sessions from 0 to {MAX_DTE}",
    Kind.INVALID_ENTRY_TIME: "not a time of the regular session, "
    f"{clock_text(OPEN_PT)} to before {clock_text(CLOSE_PT)} Pacific",
    Kind.ENTRY_TIMES_DISAGREE: "Eastern is Pacific + 3 h all year",
    Kind.WIDTH_NOT_POSITIVE: "a width is above 0",
    Kind.WIN_OUTSIDE_0_100: "a win rate is 0 to 100 %",
    Kind.N_TRADES_NOT_POSITIVE: "a count of trades is a whole number, 1 or more",
    Kind.CREDIT_NOT_POSITIVE: "a credit spread pays a credit above 0",
    Kind.RISK_NOT_POSITIVE: "a credit spread always risks something",
    Kind.AVG_PNL_IMPOSSIBLE: "the average P&L lies between −max loss and the credit",
    Kind.UNKNOWN_VERDICT: "not evidence, weak, no edge or unknown",
    Kind.CONTRADICTING_DUPLICATE: "the same configuration again, with other numbers",
    Kind.DUPLICATE: "the same configuration stands in the file before",
    Kind.CONDOR_COPY: "a condor has no flow: the same trade again",
}


def worst_examples(raw: RawGrid, kind: NDArray[np.uint8]) -> tuple[Example, ...]:
    """A few rows of each kind, the most absurd first where there is a measure of it."""
    return tuple(islice(_examples(raw, kind), MOST))


def _examples(raw: RawGrid, kind: NDArray[np.uint8]) -> Iterator[Example]:
    for bad in raw.bad_lines[:PER_KIND]:
        short = bad.cells < bad.expected
        yield Example(
            line=bad.number,
            kind=Kind.SHORT_ROW if short else Kind.LONG_ROW,
            column=bad.column,
            value=f"{bad.cells} cells",
            config="",
            why=f"the header has {bad.expected} columns; "
            + (f"{bad.column!r} is the first missing" if short else "the row has more"),
        )
    for i in np.flatnonzero(np.bincount(kind, minlength=len(KINDS))[: len(KINDS)]):
        rows = np.flatnonzero(kind == i)
        for row in _most_absurd(raw, KINDS[i], rows)[:PER_KIND]:
            yield _example(raw, KINDS[i], int(row))


def _most_absurd(raw: RawGrid, kind: Kind, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if kind is not Kind.CREDIT_AT_LEAST_WIDTH:
        return rows
    ratio = raw.numbers["expected_credit"][rows] / raw.numbers["spread_width"][rows]
    return rows[np.argsort(-ratio, kind="stable")]


def _example(raw: RawGrid, kind: Kind, row: int) -> Example:
    column = _not_a_number(raw, row) if kind is Kind.NOT_A_NUMBER else _COLUMN[kind]
    if column == "entry_time_pst" and column not in raw.texts:
        column = "entry_time_et"
    why = _WHY.get(kind, "")
    if kind is Kind.CREDIT_AT_LEAST_WIDTH:
        width = raw.numbers["spread_width"][row]
        why = f"a {width:g}-point spread is worth at most ${width * MULTIPLIER:,.0f}"
    return Example(
        line=int(raw.line[row]),
        kind=kind,
        column=raw.named.get(column, column),
        value=_value(raw, row, column),
        config=_config(raw, row),
        why=why,
    )


def _not_a_number(raw: RawGrid, row: int) -> str:
    return next(name for name in NUMBERS if not np.isfinite(raw.numbers[name][row]))


def _value(raw: RawGrid, row: int, column: str) -> str:
    if column in raw.numbers:
        number = raw.numbers[column][row]
        text = "empty" if np.isnan(number) else f"{number:.12g}"
        return raw.bad_cells.get((row, column), text)
    words = raw.texts[column]
    return plain(words.values[words.codes[row]][:80])


def _config(raw: RawGrid, row: int) -> str:
    """The configuration in the file's own words."""
    time = "entry_time_pst" if "entry_time_pst" in raw.texts else "entry_time_et"
    words = [_value(raw, row, c) for c in ("band", "spread_type", "flow_mode", time)]
    return f"{_value(raw, row, 'dte')}DTE {' '.join(words)} w{_value(raw, row, 'spread_width')}"
