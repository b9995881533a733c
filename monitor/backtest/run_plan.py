"""The interface of a backtest run: what is asked, how it is cut, what comes out.

    plan = make_plan(spec, ...)            # run_blocks.py
    grid = run_blocks(plan, executor=...)  # threads, processes, or anything with `map`

A block is one ticker and a range of expiration sessions. `run_block` is a pure function of its
block, so any executor gives the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.configs import ConfigTable, Dimensions, ExitPolicy
from monitor.backtest.entry import EntryFacts
from monitor.backtest.legs import Cells, ExpirationMarks, Terms
from monitor.backtest.trade_codes import NoTrade, PriceSource
from monitor.backtest.trade_columns import TradeColumns, gather
from monitor.backtest.variant_trades import chunk_of
from monitor.domain.exits import ExitRules
from monitor.domain.past_moves import MIN_SAMPLE
from monitor.domain.pricing.costs import DEFAULT_FILL, FILLS

BLOCK_SESSIONS = 8


def some_rows(trades: NDArray[Any], wanted: NDArray[np.bool_]) -> NDArray[Any]:
    """`trades[wanted]`, for which numpy takes seventy times as long with rows of a structure."""
    return trades.take(np.flatnonzero(wanted))


class MarksSource(Protocol):
    """Where option marks come from; picklable, and without any state that a call changes."""

    def marks(self, expiration: int) -> ExpirationMarks | None:
        """All marks of the expiration on one session; None where there are none at all."""
        ...

    def part(self, first: int, stop: int) -> MarksSource:
        """Only what the expirations of sessions first..stop−1 need."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """What is asked of one ticker.

    Args:
        first, last: Entry sessions, both included.
        fills: Shares of the half-spread at which everything is computed; `fill` is the one
            that the grid's main columns show.
        min_sample: Fewest settled past moves that make a band.
        hypothetical_listing: Model prices only: take today's pattern of expirations as listed
            in earlier years too; the run says so.
        seed: Of what is random in the statistics; the engine itself has nothing random.
        source: "quotes", "anchored" or "model".
    """

    ticker: str
    first: date
    last: date
    source: str
    dims: Dimensions = field(default_factory=Dimensions)
    rules: ExitRules = field(default_factory=ExitRules)
    fills: tuple[float, ...] = FILLS
    fill: float = DEFAULT_FILL
    min_sample: int = MIN_SAMPLE
    hypothetical_listing: bool = False
    seed: int = 7
    block_sessions: int = BLOCK_SESSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One unit of work, complete in itself and picklable."""

    number: int
    ticker: str
    first: int  # expiration sessions first..stop−1
    stop: int
    facts: EntryFacts
    cells: Cells
    terms: Terms
    rules: ExitRules
    fills: tuple[float, ...]
    source: MarksSource


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockResult:
    """What one block gave.

    Args:
        trades: Rows of `legs.TRADE` (session indices of the plan), by expiration.
        no_trade: Configuration-days without a trade. Shape: (n_fills, len(NoTrade)).
        expirations: How many had marks.
        seconds: Of one thread; the only part that differs between runs.
    """

    number: int
    trades: NDArray[Any]
    no_trade: NDArray[np.int64]
    expirations: int
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole run: the blocks are made one at a time, when asked for, so a plan stays small.

    `days` are `date.toordinal()` of every session that the data covers; `first`..`stop` are
    the entry sessions among them. `regime` (with hysteresis) and `regime_plain`: place in
    `vocabulary.Regime` by session and entry time, −1 unknown. `notes`: what a reader of the
    result must be told.
    """

    spec: RunSpec
    table: ConfigTable
    cells: Cells
    facts: EntryFacts
    terms: Terms
    source: MarksSource
    days: NDArray[np.int64]
    first: int
    stop: int
    regime: NDArray[np.int8]
    regime_plain: NDArray[np.int8]
    notes: tuple[str, ...] = ()

    @property
    def edges(self) -> NDArray[np.int64]:
        """Where blocks begin and end, in expiration sessions."""
        last = min(self.stop + int(self.cells.dtes.max()), len(self.days))
        first = self.first + int(self.cells.dtes.min())
        step = self.spec.block_sessions
        return np.append(np.arange(first, last, step), last).astype(np.int64)

    @property
    def n_blocks(self) -> int:
        return len(self.edges) - 1

    def block(self, number: int) -> Block:
        """Block `number`, with only what it needs."""
        first, stop = (int(x) for x in self.edges[number : number + 2])
        earliest = max(first - int(self.cells.dtes.max()), 0)
        return Block(
            number=number, ticker=self.spec.ticker, first=first, stop=stop,
            facts=self.facts.part(earliest, stop), cells=self.cells, terms=self.terms,
            rules=self.spec.rules, fills=self.spec.fills, source=self.source.part(first, stop),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GridResult:
    """All trades of one ticker and what did not trade.

    Args:
        days: `date.toordinal()` of the data window's sessions: entry session 0 is `days[0]`.
            The window ends with the last settlement, so it is longer than the entry days.
        trades: Rows of `legs.TRADE`, sorted by (configuration, entry, fill), `entry` and
            `exit_session` counted in `days`.
        no_trade: Configuration-days. Shape: (n_fills, len(NoTrade)).
        regime, regime_plain: Of each (session, entry time), −1 unknown.
    """

    spec: RunSpec
    table: ConfigTable
    days: NDArray[np.int64]
    n_entry_days: int
    trades: NDArray[Any]
    no_trade: NDArray[np.int64]
    regime: NDArray[np.int8]
    regime_plain: NDArray[np.int8]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]

    def rows(self, *, fill: float) -> NDArray[Any]:
        """The rows of `trades` at one fill."""
        return some_rows(self.trades, self.trades["fill"] == self.spec.fills.index(fill))

    def columns(self, policy: ExitPolicy, *, fill: float) -> TradeColumns:
        """The trades at one fill and policy; returns are net P&L ÷ maximum loss."""
        return gather(
            [chunk_of(self.rows(fill=fill), policy, dte=self.table.dte)],
            n_configs=len(self.table),
            n_sessions=len(self.days),
        )

    def no_trade_reasons(self, *, fill: float) -> dict[NoTrade, int]:
        """Why configuration-days did not trade at this fill, only reasons that occurred."""
        counts = self.no_trade[self.spec.fills.index(fill)]
        return {reason: int(counts[reason]) for reason in NoTrade if counts[reason]}

    def price_sources(self, *, fill: float) -> dict[PriceSource, int]:
        """How many trades were entered on which kind of prices."""
        rows = self.trades["fill"] == self.spec.fills.index(fill)
        counts = np.bincount(self.trades["source"][rows], minlength=len(PriceSource))
        return {source: int(counts[source]) for source in PriceSource if counts[source]}
