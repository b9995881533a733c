"""How long marks take: 100 condors on one recorded chain, and a whole cycle that holds them.

    python benchmarks/bench_marks.py

Goals: 100 condors in 5 ms; a cycle with its chain at hand in 150 ms. The chain is the NDXP one
with most quotes in shared/data/chains/cboe_NDX_chains.parquet; it is 15 minutes old and moved.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd

from monitor.app import Wiring, open_runner
from monitor.clock import FixedClock
from monitor.config import Settings
from monitor.domain.anchor import fit_anchor
from monitor.domain.mark_book import mark_positions
from monitor.domain.marks import Mark, MarkWorld, Underlying
from monitor.domain.option_chain import ChainRequest, OptionChain, OptionSide
from monitor.domain.positions import Position, Strikes
from monitor.domain.pricing.surface_plain import TradingTime
from monitor.domain.quotes import Bars, DailyBars, Floats, Quote
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType
from monitor.errors import ProviderError
from monitor.home import Home
from monitor.providers.base import ChainBatch, QuoteBatch, SourceHealth
from monitor.providers.sessions import load_calendar
from monitor.store.engine import write
from monitor.store.position_events import ChangeKind
from monitor.store.positions import insert_positions
from monitor.store.store import open_store

SHARED = Path(
    os.environ.get(
        "CONDORWATCH_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"
    )
)
COUNT = 100
REPEATS = 40
DELAY = timedelta(minutes=15)
Taken = list[tuple[float, float]]  # milliseconds of processor and of wall clock


def recorded_chain(calendar: TradingCalendar) -> OptionChain:
    table = pd.read_parquet(SHARED / "chains" / "cboe_NDX_chains.parquet")
    table = table[(table.root == "NDXP") & (table.bid > 0) & (table.ask > table.bid)]
    session = calendar.on(date.fromisoformat(str(table.session.iloc[0])))
    today = table[table.session == table.session.iloc[0]]
    # expirations within the fortnight: the one with most quotes
    days = pd.to_datetime(today.expiry.astype(str))
    near = today[(days - pd.Timestamp(str(today.session.iloc[0]))).dt.days.between(1, 14)]
    expiry = near.groupby("expiry", observed=True).size().idxmax()
    rows = near[near.expiry == expiry]
    assert session is not None
    strikes = np.unique(rows.strike.to_numpy(np.float64))
    at = session.open + timedelta(hours=3)
    return OptionChain(
        underlying="NDX", root="NDXP", expiration=date.fromisoformat(str(expiry)),
        settlement=Settlement.PM, strikes=strikes, put=_side(rows, "P", strikes),
        call=_side(rows, "C", strikes), spot=float(rows.spot.iloc[0]), asof=at, fetched_at=at,
        source="recorded", delay=DELAY,
    )  # fmt: skip


def _side(rows: pd.DataFrame, right: str, strikes: Floats) -> OptionSide:
    table = rows[rows.right == right].drop_duplicates("strike")
    table = table.set_index(table.strike.astype(float)).reindex(strikes)
    values = {
        name: table[column].to_numpy(np.float64)
        for name, column in (
            ("bid", "bid"), ("ask", "ask"), ("implied_vol", "iv"), ("delta", "delta"),
            ("gamma", "gamma"), ("open_interest", "open_interest"),
        )
    }  # fmt: skip
    empty = np.full(len(strikes), np.nan)
    return OptionSide(**values, theta_per_day=empty, vega_per_vol_point=empty)


def condors(chain: OptionChain, opened: datetime) -> list[Position]:
    """A hundred different ones around the money whose legs are all quoted."""
    assert chain.spot is not None
    quoted = [
        {float(k) for k, bid in zip(chain.strikes, side.bid, strict=True) if np.isfinite(bid)}
        for side in (chain.put, chain.call)
    ]
    puts = sorted(k for k in quoted[0] if k < chain.spot and k - 100 in quoted[0])[-20:]
    calls = sorted(k for k in quoted[1] if k > chain.spot and k + 100 in quoted[1])[:20]
    pairs = [(p, c) for p in puts for c in calls][:COUNT]
    return [
        Position(
            id=f"{n:08x}", ticker="NDX", spread_type=SpreadType.IRON_CONDOR,
            flow_mode=FlowMode.NEUTRAL, band=None, expiration=chain.expiration,
            settlement=Settlement.PM, entry_dte=3, contracts=1, multiplier=100,
            credit_usd=3_000.0,
            strikes=Strikes(short_put=p, long_put=p - 100, short_call=c, long_call=c + 100),
            risk_usd=None, max_loss_usd=7_000.0, opened_at=opened, status=PositionStatus.OPEN,
        )
        for n, (p, c) in enumerate(pairs)
    ]  # fmt: skip


@dataclass
class Source:
    """Quotes and the chain, at hand without a network."""

    chain: OptionChain
    name: str = "bench"
    simulated: bool = False

    def quotes(self, symbols: list[str], *, now: datetime) -> QuoteBatch:
        levels = {"NDX": self.chain.spot or 0.0, "VIX": 17.0, "VXN": 20.0, "VIX9D": 16.0}
        found = {
            s: Quote(symbol=s, price=levels[s] + now.minute / 100, asof=now, fetched_at=now,
                     source=self.name)
            for s in symbols if s in levels
        }  # fmt: skip
        return QuoteBatch(quotes=found, errors={})

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        return ChainBatch(chains=(replace(self.chain, asof=now - DELAY, fetched_at=now),))

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        raise ProviderError("none", source=self.name, retryable=False)

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        raise ProviderError("none", source=self.name, retryable=False)

    def health(self) -> tuple[SourceHealth, ...]:
        return ()

    def close(self) -> None:
        pass


def measured(call: Callable[[], object], repeats: int = REPEATS) -> Taken:
    """What each call took."""
    taken = []
    for _ in range(repeats):
        begun = process_time(), perf_counter()
        call()
        taken.append((1000 * (process_time() - begun[0]), 1000 * (perf_counter() - begun[1])))
    return taken


def said(what: str, taken: Taken) -> None:
    (busy, wall) = zip(*taken, strict=True)
    print(
        f"{what:<46} processor: median {statistics.median(busy):6.2f} ms   "
        f"wall: best {min(wall):6.2f}, median {statistics.median(wall):6.2f} ms"
    )


def cycles(
    book: list[Position], chain: OptionChain, calendar: TradingCalendar
) -> list[tuple[float, float]]:
    source, now = Source(chain), chain.asof + DELAY
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        store = open_store(home.root, Settings())
        with write(store.engine) as connection:
            insert_positions(connection, book, kind=ChangeKind.ADD, at=now)
        store.close()
        wiring = Wiring(
            provider=source, chains=source, calendar=calendar, source="bench", started_at=now,
            clock=FixedClock(now), console=False, threaded=False, record=False,
        )  # fmt: skip
        with open_runner(Settings(), home, wiring) as runner:
            runner.cycle(now)
            taken = []
            for n in range(1, REPEATS + 1):
                at = now + timedelta(minutes=n)
                taken += measured(lambda at=at: runner.cycle(at), 1)
        return taken


def main() -> None:
    calendar = load_calendar(None, today=date(2026, 6, 1))
    chain = recorded_chain(calendar)
    now = chain.asof + DELAY
    time = TradingTime.around(calendar, now)
    book = condors(chain, chain.asof)
    key = (chain.root, chain.expiration)
    anchor = fit_anchor(chain, time)
    assert anchor is not None
    world = MarkWorld(
        chains={key: chain}, chain_problems={}, anchors={key: anchor},
        underlyings={"NDX": Underlying(spot=(chain.spot or 0.0) - 25, spot_asof=now, vols=None)},
        time=time, settings=Settings(), now=now,
    )  # fmt: skip
    marks = mark_positions(book, world)
    quoted = sum(isinstance(m, Mark) and m.kind == "quotes" for m in marks.values())
    print(f"{len(book)} condors, {len(chain.strikes)} strikes; {quoted} marked from quotes, moved")
    said("marking them from quotes", measured(lambda: mark_positions(book, world)))
    lost = replace(world, chains={})
    said("marking them from the anchored surface", measured(lambda: mark_positions(book, lost)))
    said("fitting the surface to a new chain", measured(lambda: fit_anchor(chain, time)))
    said("a whole cycle, 5 of them held", cycles(book[:5], chain, calendar))
    said("a whole cycle, all of them held", cycles(book, chain, calendar))


if __name__ == "__main__":
    main()
