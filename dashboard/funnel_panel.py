"""The funnel: why so many configurations became so few alerts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePath

from dashboard.text import Stamp, Wording, words
from monitor.domain.snapshot import FunnelView, GridView, TickerFunnel


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelRow:
    name: str
    count: str
    dropped: str  # "−412" against the step before; "" at the first
    why: str
    width: float  # 0..100 on a logarithmic scale of the first count
    emptied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileCount:
    name: str
    count: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerFunnelCard:
    ticker: str
    rows: tuple[FunnelRow, ...]
    emptied_by: str
    nearest_miss: str
    profiles: tuple[ProfileCount, ...]
    scanned: Stamp | None
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelCard:
    grid: str
    grid_rejected: tuple[str, ...]
    grid_problem: str
    grid_modified: Stamp | None
    tickers: tuple[TickerFunnelCard, ...]


def funnel_card(funnel: FunnelView, say: Wording) -> FunnelCard:
    grid = funnel.grid
    return FunnelCard(
        grid=_grid(grid),
        grid_rejected=tuple(f"{count:,} {words(kind)}" for kind, count in grid.rejected if count),
        grid_problem=grid.problem or "",
        grid_modified=say.maybe(grid.modified_at),
        tickers=tuple(_ticker(t, funnel.profile, say) for t in funnel.tickers),
    )


def _grid(grid: GridView) -> str:
    if grid.path is None:
        return ""
    name = "/".join(PurePath(grid.path).parts[-3:])  # results/backtest_tight/grid_…csv
    return f"{name}: {grid.rows:,} rows, {grid.usable:,} usable"


def _ticker(t: TickerFunnel, profile: str, say: Wording) -> TickerFunnelCard:
    miss = t.nearest_miss
    return TickerFunnelCard(
        ticker=t.ticker,
        rows=_rows(t),
        emptied_by=t.emptied_by or "",
        nearest_miss=""
        if miss is None
        else f"{miss.config}: {miss.threshold} is {miss.value}, needs {miss.needed}",
        profiles=tuple(
            ProfileCount(name=name, count=f"{count:,}", current=name == profile)
            for name, count in t.profiles
        ),
        scanned=say.maybe(t.scanned_at),
        why_not=t.why_not or "",
    )


def _rows(t: TickerFunnel) -> tuple[FunnelRow, ...]:
    first = t.steps[0].count if t.steps else 0
    rows: list[FunnelRow] = []
    before: int | None = None
    for step in t.steps:
        lost = 0 if before is None else before - step.count
        rows.append(
            FunnelRow(
                name=step.name,
                count=f"{step.count:,}",
                dropped=f"−{lost:,}" if lost > 0 else "",
                why=step.why,
                width=log_width(step.count, first),
                emptied=step.name == t.emptied_by,
            )
        )
        before = step.count
    return tuple(rows)


def log_width(count: int, first: int) -> float:
    """Bar length in percent, logarithmic: 3 of 1,500 is still seen, and 0 is nothing."""
    if count <= 0 or first <= 0:
        return 0.0
    return round(100 * math.log1p(count) / math.log1p(max(first, count)), 2)
