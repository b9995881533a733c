"""Picking configurations from their past, over years of bars: the tables of docs/experiments.md.

    python benchmarks/experiment_walk_forward.py [--ticker NDX] [--data FOLDER]
        [--plot docs/img] [--workers 1]

The engine itself with model prices on 5-minute bars of index level (`intraday/NAS100cfd…`,
`US500cfd…`), official daily closes and daily volatility indices of the data folder
(CONDORWATCH_SHARED_DATA, else ../shared/data).

Each quarter (63 sessions) two rules pick twenty configurations, exits held and managed alike:
the usual one from the last 90 sessions (win rate 90 % and more, best naive score), and the
highest lower bound of the mean return over all that is settled. What they showed stands beside
what came. Ten sessions, the longest life of a trade, are left out between. The honest rule asks
for ten trades as the usual one does; a third row asks it for sixty.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots
from validate_surface import write_plot

from monitor.backtest.bars_panel import PriceTable, Sessions, price_table, sessions_between
from monitor.backtest.calibration import Outcomes, calibration_slope, reliability
from monitor.backtest.clusters import find_clusters
from monitor.backtest.config_stats import ConfigStats
from monitor.backtest.configs import BandMode, ConfigTable, Dimensions, ExitPolicy, Kind
from monitor.backtest.cscv import block_sums, overfitting
from monitor.backtest.grid_build import build_grid
from monitor.backtest.grid_judge import groups_of
from monitor.backtest.history import load_history
from monitor.backtest.model_marks import model_marks
from monitor.backtest.model_moments import VOL_INDICES
from monitor.backtest.pick_rules import Picks, Rule, honest_rule, lower_bound, naive_rule
from monitor.backtest.run_blocks import make_plan, run_blocks
from monitor.backtest.run_plan import GridResult, RunSpec
from monitor.backtest.trade_columns import TradeColumns, gather, window
from monitor.backtest.variant_trades import chunk_of
from monitor.backtest.walk_forward import Estimate, WalkForward, make_folds, walk_forward
from monitor.domain.instruments import underlying
from monitor.domain.trading_calendar import TradingCalendar
from monitor.providers.sessions import load_calendar

Floats = NDArray[np.float64]
REPOSITORY = Path(__file__).resolve().parent.parent
DTES = (1, 3, 5, 10)  # model prices are refused on the day of expiration
WIDTHS = {"NDX": (10, 20, 30, 50, 75), "SPX": (10, 25, 50)}
FIRST = {"NDX": date(2012, 1, 19), "SPX": date(2018, 4, 13)}
LAST = date(2024, 12, 31)
TRAIN, TEST, EMBARGO = 90, 63, 10
SEASONED = 60  # trades
FILLS = (0.0, 0.25, 0.5, 1.0)
FILL = 0.5
SIDES = {
    "put spreads": (Kind.PUT_WITH, Kind.PUT_AGAINST),
    "call spreads": (Kind.CALL_WITH, Kind.CALL_AGAINST),
    "condors": (Kind.CONDOR,),
}


@dataclass(frozen=True)
class Market:
    """Bars and indices of one underlying over its sessions."""

    ticker: str
    sessions: Sessions
    prices: PriceTable
    vols: dict[str, PriceTable]
    calendar: TradingCalendar


@dataclass(frozen=True)
class Pool:
    """Every configuration twice, held and then managed: the exits are one more choice."""

    trades: TradeColumns
    table: ConfigTable
    dte: NDArray[np.int64]
    group: NDArray[np.int64]

    def describe(self, pick: int) -> str:
        policy = tuple(ExitPolicy)[pick // len(self.table)]
        return f"{self.table.describe(pick % len(self.table))}, {policy}"


@dataclass(frozen=True)
class Experiment:
    market: Market
    pool: Pool
    naive: WalkForward
    honest: WalkForward
    seasoned: WalkForward
    above_zero: float  # share of honest picks whose lower bound is


def open_market(folder: Path, ticker: str, calendar: TradingCalendar) -> Market:
    sessions = sessions_between(calendar, FIRST[ticker], LAST)

    def table(symbol: str) -> PriceTable:
        found = load_history([folder], symbol, calendar=calendar)
        return price_table(sessions, found.bars, found.daily)

    own = underlying(ticker).vol_index or "VIX"
    return Market(
        ticker=ticker, sessions=sessions, prices=table(ticker), calendar=calendar,
        vols={name: table(name) for name in {*VOL_INDICES, own}},
    )  # fmt: skip


def simulate(market: Market, mode: BandMode, *, fill: float, workers: int) -> GridResult:
    spec = RunSpec(
        ticker=market.ticker, first=FIRST[market.ticker], last=LAST, source="model",
        dims=Dimensions(dtes=DTES, modes=(mode,), widths=WIDTHS[market.ticker]),
        fills=(fill,), fill=fill, hypothetical_listing=True,
    )  # fmt: skip
    own = market.vols[underlying(market.ticker).vol_index or "VIX"]
    shared = {"sessions": market.sessions, "prices": market.prices, "calendar": market.calendar}
    first = make_plan(spec, source=_Nothing(), vol=own, vix=market.vols["VIX"], **shared)
    marks = model_marks(
        market.ticker, vols=market.vols, low=first.facts.low, high=first.facts.high,
        dtes=first.table.cell_dte, widest=float(max(WIDTHS[market.ticker])), **shared,
    )  # fmt: skip
    return run_blocks(replace(first, source=marks), workers=workers)


def pool_of(result: GridResult) -> Pool:
    n = len(result.table)
    dte = result.table.dte
    chunks = []
    for place, policy in enumerate(ExitPolicy):
        chunk = chunk_of(result.trades, policy, dte=dte)
        chunks.append(replace(chunk, config=chunk.config + np.int32(place * n)))
    group = groups_of(result.table)
    return Pool(
        trades=gather(chunks, n_configs=2 * n, n_sessions=len(result.days)),
        table=result.table,
        dte=np.tile(dte.astype(np.int64), 2),
        group=np.concatenate([group, group + group.max() + 1]),
    )


def walk(market: Market, pool: Pool, *, workers: int) -> Experiment:
    """The usual rule on rolling quarters, the honest one on everything settled."""

    def run(rule: Rule, *, expanding: bool) -> WalkForward:
        folds = make_folds(
            pool.trades.n_sessions, train=TRAIN, test=TEST, embargo=EMBARGO, expanding=expanding
        )
        return walk_forward(
            pool.trades, folds=folds, rule=rule, dte=pool.dte, group=pool.group, workers=workers
        )

    bounds: list[Floats] = []

    def honest(trades: TradeColumns, stats: ConfigStats) -> Picks:
        picks = honest_rule()(trades, stats)
        bounds.append(lower_bound(stats)[picks])
        return picks

    return Experiment(
        market=market,
        pool=pool,
        naive=run(naive_rule(), expanding=False),
        honest=run(honest, expanding=True),
        seasoned=run(honest_rule(min_trades=SEASONED), expanding=True),
        above_zero=float((np.concatenate(bounds) > 0).mean()),
    )


def told(one: Estimate, digits: int = 1) -> str:
    return f"{100 * one.mean:.{digits}f} ± {100 * one.error:.{digits}f}"


def rule_row(name: str, found: WalkForward) -> str:
    return " | ".join(
        (
            f"| {name}",
            told(found.over_folds(lambda f: f.shown_win)),
            told(found.over_folds(lambda f: f.realized_win)),
            told(found.win_gap),
            told(found.over_folds(lambda f: f.shown_return), 2),
            f"{told(found.over_folds(lambda f: f.realized_return), 2)} |",
        )
    )


def picked(pool: Pool, found: WalkForward) -> str:
    picks = np.concatenate([fold.picks for fold in found.folds])
    again = sum(fold.traded for fold in found.folds)
    n = len(pool.table)
    kinds = pool.table.kind[picks % n]
    parts = [f"{np.isin(kinds, kind).mean():.0%} {name}" for name, kind in SIDES.items()]
    days = [f"{(pool.dte[picks] == dte).mean():.0%} at {dte} DTE" for dte in DTES]
    return (
        f"{len(found.folds)} quarters, {len(picks)} picks of {len(np.unique(picks))} "
        f"configurations, {again} of which traded again; {(picks >= n).mean():.0%} managed, "
        f"{', '.join(parts)}, {', '.join(days)}"
    )


def calibration(name: str, outcomes: Outcomes) -> str:
    error = 100 * reliability(outcomes).expected_error
    sure = outcomes.forecast >= 1.0
    text = f"{name}: mean error {error:.1f} points, slope {calibration_slope(outcomes):.2f}"
    if not sure.any():
        return text
    realized = outcomes.wins[sure].sum() / outcomes.trials[sure].sum()
    return f"{text}; those at 100 % won {100 * realized:.1f} %"


def luck(pool: Pool, *, workers: int) -> Iterator[str]:
    """Overfitting over the whole history, and on each rolling window of 90 sessions."""
    whole = overfitting(block_sums(pool.trades, workers=workers), workers=workers)
    year = np.sqrt(252)
    yield (
        f"whole history: PBO {whole.pbo:.2f}, the best loses out of sample "
        f"{whole.chance_best_loses:.2f}; its annual Sharpe ratio {year * whole.seen.mean():.2f} in "
        f"the half that chose it, {year * whole.realized.mean():.2f} in the other"
    )
    parts = []
    for fold in make_folds(pool.trades.n_sessions, train=TRAIN, test=TEST, embargo=EMBARGO):
        past = window(pool.trades, first=fold.train_first, stop=fold.train_stop,
                      settled_by=fold.train_stop + EMBARGO)  # fmt: skip
        if np.count_nonzero(np.diff(past.start)) > 1:
            found = overfitting(block_sums(past, workers=workers), workers=workers)
            parts.append((found.pbo, found.chance_best_loses))
    pbo, loses = np.mean(parts, axis=0)
    yield (
        f"{len(parts)} windows of {TRAIN} sessions, means: PBO {pbo:.2f}, "
        f"the best loses {loses:.2f}"
    )
    yield f"different ideas among those that traded: {find_clusters(pool.trades).count}"


def quarters(result: GridResult, kinds: tuple[Kind, ...], policy: ExitPolicy) -> Estimate:
    """Mean return of all trades; the error is by quarter of entry."""
    rows = result.trades[np.isin(result.table.kind[result.trades["config"]], kinds)]
    returns = rows[f"pnl_{policy}"] / rows["max_loss"]
    place = rows["entry"] // TEST
    count = np.bincount(place)
    means = np.bincount(place, returns)[count > 0] / count[count > 0]
    return Estimate(
        mean=float(returns.mean()), error=float(means.std(ddof=1) / np.sqrt(len(means)))
    )


def report(
    experiment: Experiment, result: GridResult, mode: BandMode, workers: int
) -> Iterator[str]:
    pool = experiment.pool
    days = [date.fromordinal(int(result.days[i])) for i in (0, -1)]
    traded = np.diff(pool.trades.start) > 0
    yield f"## {experiment.market.ticker}, {mode}: {days[0]} to {days[1]}"
    yield (
        f"{len(result.days)} sessions, {len(pool.table)} configurations each held and managed, "
        f"{int(traded.sum())} of these traded, {pool.trades.n_trades:,} trades"
    )
    yield "| | predicted win % | realized | gap | shown return % | realized |"
    yield "|---|---|---|---|---|---|"
    yield rule_row("usual rule", experiment.naive)
    yield rule_row("honest lower bound", experiment.honest)
    yield rule_row(f"honest, {SEASONED} trades and more", experiment.seasoned)
    yield f"usual rule: {picked(pool, experiment.naive)}"
    yield (
        f"honest: {picked(pool, experiment.honest)}; lower bound above zero for "
        f"{experiment.above_zero:.0%}"
    )
    yield f"honest, {SEASONED}: {picked(pool, experiment.seasoned)}"
    for span, found in (("90 sessions", experiment.naive), ("all settled", experiment.honest)):
        yield calibration(f"own win rate of {span}", found.naive)
        yield calibration(f"shrunk win rate of {span}", found.shrunk)
    yield from luck(pool, workers=workers)
    reasons = result.no_trade_reasons(fill=result.spec.fill)
    yield "no trade: " + ", ".join(f"{r.name.lower()} {n:,}" for r, n in reasons.items())


def verdicts(result: GridResult, workers: int) -> Iterator[str]:
    """What the grid itself would say of the whole history."""
    built = build_grid(result, workers=workers)
    rows = built.table
    policies, regimes = rows.words("exit_policy"), rows.words("regime")
    words = rows.words("verdict")
    everywhere = np.array([v == "all" for v in regimes.values])[regimes.codes]
    traded = everywhere & (rows.floats("n_trades") >= 10)
    for code, policy in enumerate(policies.values):
        mine = traded & (policies.codes == code)
        earned = mine & (rows.floats("avg_pnl") > 0)
        found = {
            word: int((mine & (words.codes == i)).sum()) for i, word in enumerate(words.values)
        }
        yield (
            f"{policy}: {int(mine.sum())} with ten trades and more, {int(earned.sum())} earned "
            f"({earned.sum() / max(1, mine.sum()):.1%}); {found}"
        )
    score = np.where(traded, rows.floats("honest_score"), -1.0)
    best = int(np.nanargmax(score))
    one = {name: round(float(rows.floats(name)[best]), 2) for name in (
        "dte", "spread_width", "n_trades", "expected_win_pct", "expected_return_pct",
        "sharpe_annual", "chance_positive_pct", "dsr_pct", "dsr_all_tries_pct", "honest_score",
    )}  # fmt: skip
    named = [w.values[w.codes[best]] for w in map(rows.words, (
        "band", "spread_type", "flow_mode", "entry_time_pst", "exit_policy"))]  # fmt: skip
    yield f"best honest score: {' '.join(named)} {one}; tries {built.tries}"


def by_fill(market: Market, mode: BandMode, workers: int) -> Iterator[str]:
    yield "| fill | exits | " + " | ".join(SIDES) + " |"
    yield "|---" * (len(SIDES) + 2) + "|"
    for fill in FILLS:
        result = simulate(market, mode, fill=fill, workers=workers)
        for policy in ExitPolicy:
            cells = [told(quarters(result, kinds, policy), 2) for kinds in SIDES.values()]
            yield f"| {fill:g} | {policy} | {' | '.join(cells)} |"


def figure(one: Experiment) -> go.Figure:
    """What the picks of each quarter showed, and what came."""
    rules = (("usual rule", one.naive), ("honest lower bound", one.honest))
    plot = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.1,
                         subplot_titles=[name for name, _ in rules])  # fmt: skip
    for row, (_, walked) in enumerate(rules, start=1):
        days = [date.fromordinal(int(one.market.sessions.day[f.fold.test_first]))
                for f in walked.folds]  # fmt: skip
        for label, color, values in (
            ("shown where they were picked", "#c8553d", [f.shown_return for f in walked.folds]),
            ("realized in the next quarter", "#1b6ca8", [f.realized_return for f in walked.folds]),
        ):
            plot.add_scatter(
                x=days, y=[100 * v for v in values], mode="lines+markers", name=label,
                line={"color": color}, marker={"size": 5}, showlegend=row == 1, row=row, col=1,
            )  # fmt: skip
    plot.update_yaxes(matches="y", zeroline=True, zerolinecolor="#888888", title="% a trade")
    plot.update_layout(
        title=f"{one.market.ticker}: mean return on maximum loss of the twenty picks, by quarter",
        template="simple_white", width=900, height=700, legend={"orientation": "h", "y": -0.07},
    )  # fmt: skip
    return plot


class _Nothing:
    """No marks: the plan is made before it is known which strikes its bands reach."""

    def part(self, first: int, stop: int) -> _Nothing:
        return self

    def marks(self, expiration: int) -> None:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description="Walk forward over years of bars.")
    default = os.environ.get("CONDORWATCH_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--ticker", action="append", choices=tuple(FIRST))
    parser.add_argument("--band-mode", action="append", choices=[m.value for m in BandMode])
    parser.add_argument("--plot", type=Path, help="folder for walk_forward_TICKER.png")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    calendar = load_calendar(None, today=date(2026, 6, 1))
    for ticker in arguments.ticker or FIRST:
        market = open_market(arguments.data, ticker, calendar)
        for mode in map(BandMode, arguments.band_mode or BandMode):
            examine(market, mode, workers=arguments.workers, plot=arguments.plot)


def examine(market: Market, mode: BandMode, *, workers: int, plot: Path | None) -> None:
    """Everything about one market and band mode; fills and the plot for raw bands alone."""
    result = simulate(market, mode, fill=FILL, workers=workers)
    experiment = walk(market, pool_of(result), workers=workers)
    print("\n".join(report(experiment, result, mode, workers)), flush=True)
    if mode is BandMode.RAW100 and plot is not None:
        write_plot(figure(experiment), plot / f"walk_forward_{market.ticker}.png")
    print("\n".join(verdicts(result, workers)), flush=True)
    if mode is BandMode.RAW100:
        print("\n".join(by_fill(market, mode, workers)), flush=True)


if __name__ == "__main__":
    main()
