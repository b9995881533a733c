"""Cut a run into blocks, run them anywhere, and put the results together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bars_panel import PriceTable, Sessions
from monitor.backtest.configs import config_table
from monitor.backtest.engine_kernel import most_rows, simulate
from monitor.backtest.entry import cells_of, entries_into, entry_facts
from monitor.backtest.jit import kernel
from monitor.backtest.legs import TRADE, ExpirationMarks, ExpirationTask, Terms
from monitor.backtest.regime_at_entry import UNKNOWN, regimes
from monitor.backtest.run_plan import Block, BlockResult, GridResult, MarksSource, Plan, RunSpec
from monitor.backtest.trade_codes import NoTrade
from monitor.config import RegimeEdges
from monitor.domain.entry_windows import ET_MINUS_PT
from monitor.domain.instruments import Kind, underlying
from monitor.domain.pricing.costs import MAX_CREDIT_SHARE, trading_costs
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DomainError

Progress = Callable[[int, int], None]
"""Called with blocks done and blocks in all."""


def terms_for(ticker: str) -> Terms:
    """Money terms of one underlying, from its cost table."""
    what, costs = underlying(ticker), trading_costs(ticker)
    return Terms(
        multiplier=float(what.multiplier),
        fee_usd=costs.fee_usd,
        ticks_per_point=float(round(1 / costs.tick)),
        min_credit_usd=costs.min_credit_usd,
        physical=what.kind is not Kind.INDEX,
        max_credit_share=MAX_CREDIT_SHARE,
    )


def make_plan(
    spec: RunSpec,
    *,
    sessions: Sessions,
    prices: PriceTable,
    source: MarksSource,
    calendar: TradingCalendar,
    vol: PriceTable | None = None,
    vix: PriceTable | None = None,
    edges: RegimeEdges | None = None,
    terms: Terms | None = None,
    notes: tuple[str, ...] = (),
    workers: int = 2,
) -> Plan:
    """Everything a run needs, computed up to the simulation itself.

    Args:
        sessions: Of the whole data: enough before `spec.first` to fill the bands' windows.
        prices: The underlying. vol: its own volatility index (`vix250` bands). vix: for regimes.

    Raises:
        DomainError: No session of the data lies between `spec.first` and `spec.last`.
    """
    first, stop = (
        int(x)
        for x in np.searchsorted(sessions.day, [spec.first.toordinal(), spec.last.toordinal() + 1])
    )
    if first >= stop:
        raise DomainError(
            f"the data has no session from {spec.first} to {spec.last}",
            hint="choose days that the history or the recorded chains cover",
        )
    table = config_table(spec.dims)
    minutes = tuple(m + ET_MINUS_PT for m in sorted(spec.dims.entry_minutes_pt))
    unknown = np.full((len(sessions), len(minutes)), UNKNOWN, np.int8)
    steady, plain = (
        (unknown, unknown)
        if vix is None
        else regimes(vix, sessions, minutes, edges or RegimeEdges())
    )
    facts = entry_facts(
        ticker=spec.ticker, table=table, sessions=sessions, prices=prices, vol=vol,
        calendar=calendar, rules=spec.rules, first=first, stop=stop, min_sample=spec.min_sample,
        check_listing=spec.source == "model", hypothetical=spec.hypothetical_listing,
        workers=workers,
    )  # fmt: skip
    return Plan(
        spec=spec, table=table, cells=cells_of(table), facts=facts,
        terms=terms or terms_for(spec.ticker), source=source, days=sessions.day, first=first,
        stop=stop, regime=steady, regime_plain=plain, notes=notes,
    )  # fmt: skip


def run_block(block: Block) -> BlockResult:
    """Simulate every entry into the block's expirations. Pure: equal blocks, equal bits."""
    begun = time.perf_counter()
    refused, marked, n = np.zeros((len(block.fills), len(NoTrade)), np.int64), 0, 0
    # room for every trade there can be: memory that is never written costs nothing
    per_expiration = most_rows(block.cells, len(block.fills))
    room = np.empty(per_expiration * (block.stop - block.first), TRADE)
    for expiration in range(block.first, block.stop):
        marks = block.source.marks(expiration)
        marked += marks is not None
        task = ExpirationTask(
            marks=marks or _nothing(expiration),
            entries=entries_into(block.facts, block.cells, expiration, marks),
            cells=block.cells, terms=block.terms, rules=block.rules, fills=block.fills,
        )  # fmt: skip
        found, counts = simulate(task, room[n:])
        n += len(found)
        refused += counts
    return BlockResult(
        number=block.number,
        trades=room[:n],
        no_trade=refused,
        expirations=marked,
        seconds=time.perf_counter() - begun,
    )


def run_blocks(
    plan: Plan,
    *,
    workers: int = 2,
    executor: Executor | None = None,
    done: Iterable[BlockResult] = (),
    keep: Callable[[BlockResult], None] | None = None,
    progress: Progress | None = None,
) -> GridResult:
    """Run all blocks that are not `done` yet and put everything together.

    Args:
        executor: Anything with `submit`: a process pool, a Dask client's executor. None: threads.
        keep: Called in this thread with each finished block, as it finishes: what was kept can
            be given back as `done` when a stopped run goes on.
    """
    begun = time.perf_counter()
    finished = {one.number: one for one in done}
    left = [n for n in range(plan.n_blocks) if n not in finished]
    pool = executor or ThreadPoolExecutor(max(1, workers))
    pending: dict[Future[BlockResult], int] = {}
    try:
        pending = {pool.submit(run_block, plan.block(n)): n for n in left}
        for future in as_completed(pending):
            result = future.result()
            finished[result.number] = result
            if keep is not None:
                keep(result)
            if progress is not None:
                progress(len(finished), plan.n_blocks)
    except BaseException:
        for future in pending:
            future.cancel()
        raise
    finally:
        if executor is None:
            pool.shutdown()
    simulated = time.perf_counter() - begun
    return assemble(plan, [finished[n] for n in range(plan.n_blocks)], simulated=simulated)


def assemble(plan: Plan, results: Sequence[BlockResult], *, simulated: float = 0.0) -> GridResult:
    """The whole run out of its blocks, in the plan's order whatever order they came in."""
    begun = time.perf_counter()
    window = slice(plan.first, int(plan.edges[-1]))
    trades = by_config([r.trades for r in results], n_configs=len(plan.table))
    trades["entry"] -= plan.first
    trades["exit_session"] -= plan.first
    no_trade = np.zeros((len(plan.spec.fills), len(NoTrade)), np.int64)
    for result in results:
        no_trade += result.no_trade
    no_trade[:, NoTrade.NOT_SETTLED] += _beyond_data(plan)
    return GridResult(
        spec=plan.spec,
        table=plan.table,
        days=plan.days[window],
        n_entry_days=plan.stop - plan.first,
        trades=trades,
        no_trade=no_trade,
        regime=plan.regime[window],
        regime_plain=plan.regime_plain[window],
        notes=plan.notes,
        seconds={
            "simulate": simulated,
            "blocks": sum(r.seconds for r in results),
            "assemble": time.perf_counter() - begun,
        },
    )


def by_config(parts: Sequence[NDArray[Any]], *, n_configs: int) -> NDArray[Any]:
    """All rows by configuration, then in the order they come in: by expiration, so by entry."""
    start = np.zeros(n_configs + 1, np.int64)
    for part in parts:
        start[1:] += np.bincount(part["config"], minlength=n_configs)
    np.cumsum(start, out=start)
    trades = np.empty(start[-1], TRADE)
    for part in parts:
        put_rows(_words(part), np.ascontiguousarray(part["config"]), start, _words(trades))
    return trades


def _words(rows: NDArray[Any]) -> NDArray[np.int32]:
    """Rows as whole numbers of 32 bits: copying those is what a computer is good at."""
    return rows.view(np.int32).reshape(len(rows), TRADE.itemsize // 4)


@kernel
def put_rows(
    rows: NDArray[np.int32],
    config: NDArray[np.int32],
    place: NDArray[np.int64],
    out: NDArray[np.int32],
) -> None:
    """Copy each row to the next place of its configuration."""
    for i in range(rows.shape[0]):
        k = place[config[i]]
        place[config[i]] = k + 1
        for j in range(rows.shape[1]):
            out[k, j] = rows[i, j]


def _beyond_data(plan: Plan) -> int:
    """Configuration-days whose expiration lies after the last session of the data."""
    sizes = np.diff(plan.table.cell_start)
    return sum(
        int(size) * max(0, plan.stop - max(plan.first, len(plan.days) - int(dte)))
        for size, dte in zip(sizes, plan.table.cell_dte, strict=True)
    )


def _nothing(expiration: int) -> ExpirationMarks:
    none, empty = np.empty(0, np.int64), np.empty(0)
    return ExpirationMarks(
        expiration=expiration, session=none, minute=none, spot=empty,
        source=np.empty(0, np.uint8), put_strike=none, call_strike=none,
        mid=np.empty((0, 0)), half=np.empty((0, 0)),
    )  # fmt: skip
