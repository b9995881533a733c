"""Resolve 20 configurations on a made-up chain of 20,000 rows, beside pricing its strikes once.

    python benchmarks/bench_resolve.py

Figure to reach: ≤ 5 ms for the 20 (bands, strikes, credits, odds; nothing kept from before). The
yardstick is Black's formula over the whole chain in numpy and SciPy.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from time import perf_counter

import numpy as np

from monitor.config import Settings
from monitor.domain.grid import GridRow
from monitor.domain.live_bands import PastSessions, past_sessions
from monitor.domain.live_market import LiveMarket
from monitor.domain.option_chain import OptionChain, OptionSide
from monitor.domain.pricing.black_plain import price_plain
from monitor.domain.quotes import DailyBars
from monitor.domain.resolve import resolve
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import FlowMode, Settlement, SpreadType
from monitor.providers.sessions import load_calendar

DAY = date(2026, 2, 18)
NOW = datetime(2026, 2, 18, 15, 32, tzinfo=UTC)
SPOT = 25_000.0
ROWS = 20_000
EXPIRATIONS = 20
ROUNDS = 60
BANDS = ("P97", "P98", "P99", "P100")
DTES = (1, 2, 3, 5, 10)


def side(strikes: np.ndarray, stdev: float, *, is_call: bool) -> OptionSide:
    mid = price_plain(forward=SPOT, strike=strikes, total_stdev=stdev, is_call=is_call)
    half = np.maximum(0.05, 0.02 * mid)
    nothing = np.full(len(strikes), np.nan)
    return OptionSide(
        bid=np.floor(np.maximum(mid - half, 0) * 20) / 20, ask=np.ceil((mid + half) * 20) / 20,
        implied_vol=nothing, delta=nothing, gamma=nothing, theta_per_day=nothing,
        vega_per_vol_point=nothing, open_interest=nothing,
    )  # fmt: skip


def chains(calendar: TradingCalendar) -> tuple[OptionChain, ...]:
    """Twenty expirations of 500 strikes, puts and calls: 20,000 rows."""
    per = ROWS // (2 * EXPIRATIONS)
    strikes = SPOT + 10.0 * (np.arange(per) - per // 2)
    made = []
    for dte in range(1, EXPIRATIONS + 1):
        stdev = 0.18 * (dte / 252) ** 0.5
        made.append(
            OptionChain(
                underlying="NDX", root="NDXP", expiration=calendar.shift(DAY, dte).date,
                settlement=Settlement.PM, strikes=strikes, put=side(strikes, stdev, is_call=False),
                call=side(strikes, stdev, is_call=True), spot=SPOT, asof=NOW, fetched_at=NOW,
                source="made up",
            )
        )  # fmt: skip
    return tuple(made)


def history(calendar: TradingCalendar) -> DailyBars:
    first = calendar.shift(DAY, -400).date
    days = np.asarray(calendar.ordinals_between(first, DAY - timedelta(days=1)), np.int64)
    rng = np.random.default_rng(1)
    close = SPOT * np.exp(np.cumsum(rng.normal(0, 0.006, len(days))))
    opened = close * np.exp(rng.normal(0, 0.004, len(days)))
    return DailyBars(
        symbol="NDX", day=days, open=opened, high=close, low=close, close=close,
        volume=np.full(len(days), np.nan), source="made up",
    )  # fmt: skip


def rows() -> list[GridRow]:
    return [
        GridRow(
            line=2, dte=dte, band=band, spread_type=SpreadType.IRON_CONDOR,
            flow_mode=FlowMode.NEUTRAL, width=50.0, minute=450, win_rate_pct=95.0, roi_pct=20.5,
            sharpe=0.5, credit_usd=340.0, risk_usd=4660.0, avg_pnl_usd=20.0, n_trades=100,
            score=70.0, verdict=None,
        )
        for dte in DTES
        for band in BANDS
    ]  # fmt: skip


def resolve_all(
    calendar: TradingCalendar, offered: tuple[OptionChain, ...], daily: DailyBars
) -> int:
    """Everything from the bars and chains on, as one scan does it; how many got a credit."""
    past = past_sessions(
        "NDX", daily={"NDX": daily}, vol_symbol=None, vol_now=None, today=DAY, calendar=calendar
    )
    assert isinstance(past, PastSessions)
    market = LiveMarket(
        ticker="NDX", price=SPOT, past=past, vols={}, vols_asof=None, settings=Settings(),
        calendar=calendar, now=NOW, offered=offered, chain_problems={},
    )  # fmt: skip
    views = [resolve(row, calendar.shift(DAY, row.dte).date, market).view for row in rows()]
    return sum(view.credit_fill is not None for view in views)


def price_all(offered: tuple[OptionChain, ...]) -> None:
    for number, chain in enumerate(offered, 1):
        stdev = 0.18 * (number / 252) ** 0.5
        for is_call in (False, True):
            price_plain(forward=SPOT, strike=chain.strikes, total_stdev=stdev, is_call=is_call)


def milliseconds(run: Callable[[], object]) -> float:
    begun = perf_counter()
    run()
    return 1000 * (perf_counter() - begun)


def main() -> None:
    calendar = load_calendar(None, today=datetime.now(UTC).date())
    offered, daily = chains(calendar), history(calendar)
    priced = resolve_all(calendar, offered, daily)
    pairs = [
        (
            milliseconds(lambda: resolve_all(calendar, offered, daily)),
            milliseconds(lambda: price_all(offered)),
        )
        for _ in range(ROUNDS)
    ]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"resolve 20 configurations on {ROWS:,} rows ({priced} with a credit): {ours:.2f} ms, "
        f"best {min(a for a, _ in pairs):.2f} ms; pricing all rows in numpy {theirs:.2f} ms, "
        f"ratio {ratio:.2f}"
    )


if __name__ == "__main__":
    main()
