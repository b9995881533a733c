"""All files of a run, and its facts: window, sources, settings, counts and timings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitor import __version__
from monitor.backtest.configs import MODES, ExitPolicy
from monitor.backtest.friend import Tally, sentence, tally
from monitor.backtest.grid_build import BuiltGrid, shown_policy
from monitor.backtest.grid_csv import write_csv, write_parquet
from monitor.backtest.grid_overfit import overfit_facts
from monitor.backtest.grid_table import GridTable, entered_at, tradable_rows
from monitor.backtest.grid_walk import walk_facts
from monitor.backtest.open_chains import Inputs
from monitor.backtest.run_folder import (
    GRID_CSV,
    GRID_PARQUET,
    REPORT,
    TRADES_PARQUET,
    Run,
    new_run,
    write_facts,
)
from monitor.backtest.run_plan import GridResult
from monitor.backtest.run_report import write_report
from monitor.backtest.trades_table import arrow_table
from monitor.domain.entry_windows import clock_text

TRADES_AT_ONCE = 1_000_000

if TYPE_CHECKING:
    from monitor.backtest.compare import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A finished run with what its summary needs."""

    folder: Path
    facts: Mapping[str, Any]
    ready: GridTable  # the rows of grid_trading_ready.csv
    comparison: Comparison | None


def write_run(
    results: Path,
    name: str,
    *,
    result: GridResult,
    built: BuiltGrid,
    inputs: Inputs,
    policies: tuple[ExitPolicy, ...],
    now: datetime,
    seconds: Mapping[str, float],
    exploratory: tuple[int, ...] = (),
    against: Run | None = None,
) -> Written:
    """Write the whole run; it appears in `results/` in one step.

    Args:
        exploratory: Entry times (Pacific minutes) that are kept out of every ranking.

    Raises:
        RunFolderError: The disk is full or read-only.
    """
    begun = time.perf_counter()
    spec, policy = result.spec, shown_policy(policies)
    mode = spec.dims.modes[0].value
    aside = entered_at(built.table, exploratory)
    ready = tradable_rows(built.table, policy=policy, fill=spec.fill, mode=mode, aside=aside)
    counts = tally(
        built.table, policy=policy.value, fill=spec.fill, tries=built.tries.every, aside=aside
    )
    facts = {
        **_facts(result, built, inputs, policies=policies, counts=counts, now=now),
        "exploratory": [clock_text(minute) for minute in exploratory],
        "rows": {GRID_CSV: len(ready), GRID_PARQUET: len(built.table)},
    }
    comparison = None
    with new_run(results, name) as folder:
        whole = {**built.table.columns, "exploratory": aside.astype(np.int8)}
        _at_once(
            lambda: write_parquet(GridTable(whole), folder / GRID_PARQUET),
            lambda: _write_trades(result, folder / TRADES_PARQUET),
            lambda: write_report(folder / REPORT, grid=built.table, ready=ready, facts=facts),
            lambda: write_csv(ready, folder / GRID_CSV),
        )
        if against is not None:
            from monitor.backtest.compare import compare  # heavy

            comparison = compare(against.grid, folder / GRID_PARQUET)
        timings = {**seconds, "write": time.perf_counter() - begun}
        facts = {**facts, "seconds": {k: round(v, 3) for k, v in timings.items()}}
        write_facts(folder, facts)
    return Written(folder=results / name, facts=facts, ready=ready, comparison=comparison)


def _write_trades(result: GridResult, path: Path) -> None:
    """All trades, a part at a time: as one table they would take more memory than the run."""

    def part(begin: int) -> pa.Table:
        return arrow_table(replace(result, trades=result.trades[begin : begin + TRADES_AT_ONCE]))

    first = part(0)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for begin in range(TRADES_AT_ONCE, len(result.trades), TRADES_AT_ONCE):
            writer.write_table(part(begin))


def _at_once(*writers: Callable[[], None]) -> None:
    """Write several files side by side: compressing them holds no interpreter lock."""
    with ThreadPoolExecutor(len(writers)) as pool:
        for written in [pool.submit(writer) for writer in writers]:
            written.result()


def _facts(
    result: GridResult,
    built: BuiltGrid,
    inputs: Inputs,
    *,
    policies: tuple[ExitPolicy, ...],
    counts: Tally,
    now: datetime,
) -> dict[str, Any]:
    spec = result.spec
    return {
        "version": __version__,
        "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "ticker": spec.ticker,
        "window": {
            "first": str(date.fromordinal(int(result.days[0]))),
            "last": str(date.fromordinal(int(result.days[result.n_entry_days - 1]))),
            "entry_sessions": result.n_entry_days,
            "last_settlement": str(date.fromordinal(int(result.days[-1]))),
        },
        "source": {"prices": spec.source, **inputs.provenance},
        "settings": _settings(result, policies),
        "seed": spec.seed,
        "configurations": len(result.table),
        "counted_as_before": result.table.counted_as_before,
        "trades": len(result.trades),
        "trades_by_source": {
            source.text: n for source, n in result.price_sources(fill=spec.fill).items()
        },
        "no_trade": _no_trade(result),
        "tries": {"different": built.tries.different, "every": built.tries.every},
        "shown": {"exit_policy": shown_policy(policies).value, "fill": spec.fill},
        "tally": {
            "tried": counts.tried, "traded": counts.traded, "earned": counts.earned,
            "evidence": counts.evidence, "weak": counts.weak,
        },
        "sentence": sentence(counts),
        "walk_forward": walk_facts(built.walked.get(shown_policy(policies))),
        "overfitting": overfit_facts(built.overfit),
        "regime_known": bool(np.any(result.regime >= 0)),
        "problems": list(inputs.problems),
        "notes": [*inputs.notes, *result.notes],
    }  # fmt: skip


def _settings(result: GridResult, policies: tuple[ExitPolicy, ...]) -> dict[str, Any]:
    spec, dims = result.spec, result.spec.dims
    return {
        "dte": list(dims.dtes),
        "band": [f"P{b}" for b in dims.bands],
        "band_mode": [m.value for m in sorted(dims.modes, key=MODES.index)],
        "spread": [s.value for s in dims.spread_types],
        "width": None if dims.widths is None else list(dims.widths),
        "time_pt": [clock_text(m) for m in dims.entry_minutes_pt],
        "exit_policy": [p.value for p in policies],
        "fills": list(spec.fills),
        "fill": spec.fill,
        "min_sample": spec.min_sample,
        "hypothetical_listing": spec.hypothetical_listing,
        "profit_target_pct": spec.rules.profit_target_pct,
        "stop_loss_credit_multiple": spec.rules.stop_loss_credit_multiple,
        "time_exit_dte": spec.rules.time_exit_dte,
    }


def _no_trade(result: GridResult) -> list[dict[str, Any]]:
    found = result.no_trade_reasons(fill=result.spec.fill)
    return [
        {"reason": reason.name.lower(), "text": reason.text, "configuration_days": count}
        for reason, count in sorted(found.items(), key=lambda item: -item[1])
    ]
