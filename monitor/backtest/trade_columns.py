"""The trades of a run, laid out for the statistics: by configuration, then by entry session.

Sessions are counted 0.. from the first of the data window. A configuration has at most one
trade a session (its entry time is part of it), so 49,248 configurations on 3,200 sessions stay
below 160 million trades at 7 bytes each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.jit import kernel
from monitor.errors import DomainError

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
MAX_SESSIONS = 65_535
MAX_HELD = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeChunk:
    """Trades as an engine's block yields them, any order. Shape of each: (n_trades,).

    Args:
        config: Index of the configuration.
        entry, settle: Session indices; settle is when the result was known (exit or expiry).
        returns: Net P&L ÷ maximum loss, both after fees. A win is a return above zero.
        credit_to_risk: Net credit ÷ maximum loss as a fraction, or None where not wanted.
    """

    config: NDArray[np.integer]
    entry: NDArray[np.integer]
    settle: NDArray[np.integer]
    returns: NDArray[np.floating]
    credit_to_risk: NDArray[np.floating] | None = None


class Rows(NamedTuple):
    """The arrays of `TradeColumns` that kernels read."""

    start: NDArray[np.int64]
    entry: NDArray[np.uint16]
    held: NDArray[np.uint8]
    returns: Floats32


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeColumns:
    """All trades; those of configuration c are `[start[c]:start[c + 1]]`, by entry session.

    `held` counts sessions from entry to settlement (0: the same day).
    """

    n_sessions: int
    start: NDArray[np.int64]  # (n_configs + 1,)
    entry: NDArray[np.uint16]
    held: NDArray[np.uint8]
    returns: Floats32
    credit_to_risk: Floats32 | None = None

    @property
    def rows(self) -> Rows:
        """What kernels take."""
        return Rows(self.start, self.entry, self.held, self.returns)

    @property
    def n_configs(self) -> int:
        return len(self.start) - 1

    @property
    def n_trades(self) -> int:
        return len(self.entry)


def gather(chunks: Sequence[TradeChunk], *, n_configs: int, n_sessions: int) -> TradeColumns:
    """Sort the blocks' trades by (configuration, entry); the blocks' order does not matter.

    Raises:
        DomainError: An index outside its range, a settlement before its entry or past the
            window, a return that is no number, or two trades of one configuration on one session.
    """
    if not 0 < n_sessions <= MAX_SESSIONS:
        raise DomainError(f"{n_sessions} sessions: need 1 to {MAX_SESSIONS}")
    start = np.zeros(n_configs + 1, np.int64)
    for chunk in chunks:
        _refuse_impossible(chunk, n_configs=n_configs, n_sessions=n_sessions)
        start[1:] += np.bincount(chunk.config, minlength=n_configs)
    np.cumsum(start, out=start)
    entry, held = np.empty(start[-1], np.uint16), np.empty(start[-1], np.uint8)
    returns = np.empty(start[-1], np.float32)
    with_credit = bool(chunks) and all(c.credit_to_risk is not None for c in chunks)
    credit = np.empty(start[-1] if with_credit else 0, np.float32)
    place = start[:-1].copy()
    for chunk in chunks:
        extra = chunk.credit_to_risk
        if extra is None or not with_credit:
            extra = np.empty(0, np.float32)
        _scatter(chunk.config, chunk.entry, chunk.settle, chunk.returns, extra,
                 place, entry, held, returns, credit)  # fmt: skip
    doubled = _sort_rows(start, entry, held, returns, credit)
    if doubled >= 0:
        raise DomainError(f"configuration {doubled} has two trades on one session; keep one")
    return TradeColumns(
        n_sessions=n_sessions, start=start, entry=entry, held=held, returns=returns,
        credit_to_risk=credit if with_credit else None,
    )  # fmt: skip


def from_matrix(
    returns: NDArray[np.floating],
    held: NDArray[np.integer],
    *,
    credit_to_risk: NDArray[np.floating] | None = None,
) -> TradeColumns:
    """The same from a matrix of shape (n_configs, n_sessions), NaN where there was no trade."""
    config, entry = np.nonzero(~np.isnan(returns))
    chunk = TradeChunk(
        config=config,
        entry=entry,
        settle=entry + held[config, entry],
        returns=returns[config, entry],
        credit_to_risk=None if credit_to_risk is None else credit_to_risk[config, entry],
    )
    return gather([chunk], n_configs=returns.shape[0], n_sessions=returns.shape[1])


def restrict(trades: TradeColumns, keep: NDArray[np.bool_]) -> TradeColumns:
    """Only the trades marked in `keep`, shape (n_trades,): a regime, say. Same configurations."""
    kept = np.concatenate([[0], np.cumsum(keep)])
    credit = trades.credit_to_risk
    return TradeColumns(
        n_sessions=trades.n_sessions, start=kept[trades.start], entry=trades.entry[keep],
        held=trades.held[keep], returns=trades.returns[keep],
        credit_to_risk=None if credit is None else credit[keep],
    )  # fmt: skip


def window(trades: TradeColumns, *, first: int, stop: int, settled_by: int) -> TradeColumns:
    """Trades entered on sessions first..stop-1 whose result was known before `settled_by`.

    Sessions are renumbered from `first`.
    """
    place = np.zeros(trades.n_configs + 1, np.int64)
    _find_window(trades.rows, first, stop, settled_by, place, np.empty(0, np.int64))
    np.cumsum(place, out=place)
    source = np.empty(place[-1], np.int64)
    if len(source):
        _find_window(trades.rows, first, stop, settled_by, place, source)
    credit = trades.credit_to_risk
    return TradeColumns(
        n_sessions=max(stop, settled_by) - first, start=place,
        entry=(trades.entry[source] - np.uint16(first)), held=trades.held[source],
        returns=trades.returns[source],
        credit_to_risk=None if credit is None else credit[source],
    )  # fmt: skip


def _refuse_impossible(chunk: TradeChunk, *, n_configs: int, n_sessions: int) -> None:
    if len(chunk.config) == 0:
        return
    held = np.asarray(chunk.settle, np.int64) - np.asarray(chunk.entry, np.int64)
    for name, values, low, high in (
        ("configuration", chunk.config, 0, n_configs - 1),
        ("entry session", chunk.entry, 0, n_sessions - 1),
        ("settlement session", chunk.settle, 0, n_sessions - 1),
        ("sessions held", held, 0, MAX_HELD),
    ):
        worst = int(values.min()) if values.min() < low else int(values.max())
        if not low <= worst <= high:
            raise DomainError(f"{name} {worst}: need {low} to {high}")
    if not np.isfinite(chunk.returns).all():
        bad = int(np.flatnonzero(~np.isfinite(chunk.returns))[0])
        raise DomainError(
            f"trade {bad} of the block has no finite return; leave such trades out and count them"
        )


@kernel
def _scatter(
    config: NDArray[np.integer],
    entry_in: NDArray[np.integer],
    settle_in: NDArray[np.integer],
    returns_in: NDArray[np.floating],
    credit_in: NDArray[np.floating],
    place: NDArray[np.int64],
    entry: NDArray[np.uint16],
    held: NDArray[np.uint8],
    returns: Floats32,
    credit: Floats32,
) -> None:
    for i in range(len(config)):
        c = config[i]
        k = place[c]
        place[c] = k + 1
        entry[k] = entry_in[i]
        held[k] = settle_in[i] - entry_in[i]
        returns[k] = returns_in[i]
        if len(credit) > 0:
            credit[k] = credit_in[i]


@kernel
def _sort_rows(
    start: NDArray[np.int64],
    entry: NDArray[np.uint16],
    held: NDArray[np.uint8],
    returns: Floats32,
    credit: Floats32,
) -> int:
    """Insertion sort of each row: blocks arrive nearly in order. Returns a doubled row or -1."""
    for c in range(len(start) - 1):
        for i in range(start[c] + 1, start[c + 1]):
            k = i
            while k > start[c] and entry[k - 1] > entry[k]:
                entry[k - 1], entry[k] = entry[k], entry[k - 1]
                held[k - 1], held[k] = held[k], held[k - 1]
                returns[k - 1], returns[k] = returns[k], returns[k - 1]
                if len(credit) > 0:
                    credit[k - 1], credit[k] = credit[k], credit[k - 1]
                k -= 1
            if k > start[c] and entry[k - 1] == entry[k]:
                return c
    return -1


@kernel
def _first_at_or_after(entry: NDArray[np.uint16], low: int, high: int, session: int) -> int:
    while low < high:
        middle = (low + high) // 2
        if entry[middle] < session:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _find_window(
    rows: Rows, first: int, stop: int, settled_by: int, place: NDArray[np.int64],
    source: NDArray[np.int64],
) -> None:  # fmt: skip
    """List the trades of a window in `source`; with an empty `source`, count them in `place`."""
    start, entry, held, _ = rows
    for c in range(len(start) - 1):
        k = place[c]
        i = _first_at_or_after(entry, start[c], start[c + 1], first)
        while i < start[c + 1] and entry[i] < stop:
            if np.int64(entry[i]) + np.int64(held[i]) < settled_by:
                if len(source) > 0:
                    source[k] = i
                else:
                    place[c + 1] += 1
                k += 1
            i += 1
