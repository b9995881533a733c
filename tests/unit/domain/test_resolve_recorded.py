"""Every recorded session: strikes are listed ones, the credit lies within the quotes, loss by hand.

Recorded Cboe chains 2020 to 2026 with the daily bars of the same days.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes.live import condor_row
from fakes.recorded_chains import chain_at, chains_of, snapshots

from monitor.config import Settings
from monitor.domain.chain_smile import ChainSmile
from monitor.domain.live_bands import past_sessions
from monitor.domain.live_market import LiveMarket
from monitor.domain.option_chain import OptionChain, Right
from monitor.domain.quotes import DailyBars
from monitor.domain.resolve import ResolvedTrade, resolve
from monitor.domain.snapshot import TradeView
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Settlement, SpreadType
from monitor.providers.sessions import load_calendar

BARS = {
    "NDX": "NDX_yahoo.csv", "SPX": "GSPC_yahoo.csv", "QQQ": "QQQ_yahoo_unadj.csv",
    "SPY": "SPY_yahoo_adj.csv",
}  # fmt: skip
WIDTHS = {"NDX": (50.0, 100.0), "SPX": (10.0, 25.0), "QQQ": (2.0, 5.0), "SPY": (2.0, 5.0)}
SESSIONS = {"NDX": 6, "SPX": 10, "QQQ": 4, "SPY": 9}  # with an expiration in reach, at least
TICKS = {"NDX": 0.05, "SPX": 0.05, "QQQ": 0.01, "SPY": 0.01}


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=datetime.now(UTC).date())


def bars(shared_data: Path, ticker: str) -> DailyBars:
    table = pd.read_csv(shared_data / "daily" / BARS[ticker], parse_dates=["date"])
    prices = {name: table[name].to_numpy(float) for name in ("open", "high", "low", "close")}
    days = np.array([day.toordinal() for day in table["date"].dt.date], np.int64)
    return DailyBars(
        symbol=ticker, day=days, volume=np.full(len(days), np.nan), source="recorded", **prices
    )


def markets(
    shared_data: Path, ticker: str, calendar: TradingCalendar
) -> list[tuple[date, LiveMarket]]:
    daily = bars(shared_data, ticker)
    found = []
    for day, spot, rows in snapshots(shared_data, ticker):
        offered = chains_of(rows, ticker=ticker, day=day, spot=spot, calendar=calendar)
        past = past_sessions(
            ticker, daily={ticker: daily}, vol_symbol=None, vol_now=None, today=day,
            calendar=calendar,
        )  # fmt: skip
        if offered:
            market = LiveMarket(
                ticker=ticker, price=spot, past=past, vols={}, vols_asof=None,
                settings=Settings(), calendar=calendar, now=offered[0].asof,
                offered=tuple(offered), chain_problems={},
            )  # fmt: skip
            found.append((day, market))
    return found


@pytest.mark.parametrize("ticker", BARS)
def test_every_session_resolves_to_listed_strikes_within_the_quotes(
    shared_data: Path, calendar: TradingCalendar, ticker: str
) -> None:
    found = markets(shared_data, ticker, calendar)
    priced = 0
    for day, market in found:
        for chain in market.offered:
            dte = calendar.dte(day, chain.expiration)
            if dte == 0 or chain.settlement is Settlement.AM:
                continue
            for kind in SpreadType:
                for band in ("P95", "P98"):
                    for width in WIDTHS[ticker]:
                        row = condor_row(dte=dte, band=band, spread_type=kind, width=width)
                        trade = resolve(row, chain.expiration, market)
                        priced += check(trade, chain, market, kind, width)
    assert len(found) >= SESSIONS[ticker]
    assert priced > 50


def check(
    trade: ResolvedTrade, chain: OptionChain, market: LiveMarket, kind: SpreadType, width: float
) -> bool:
    """Compare a resolved trade with the chain's own columns; whether it has a quoted credit."""
    view = trade.view
    legs = legs_of(view)
    if not legs:
        assert trade.refused or view.problems
        return False
    assert len(legs) == (4 if kind is SpreadType.IRON_CONDOR else 2)
    listed = set(chain.strikes.tolist())
    assert {strike for _, strike, _ in legs} <= listed
    price = market.price or 0
    for short, long, sign in (
        (view.short_put, view.long_put, 1),
        (view.short_call, view.long_call, -1),
    ):
        if short is not None and long is not None:
            assert sign * (short - long) == width
            assert sign * (price - short) > 0
    if not trade.quoted or view.credit_fill is None:
        return False
    bids = sum(
        sold * quote(chain, right, strike)[0 if sold > 0 else 1] for right, strike, sold in legs
    )
    asks = sum(
        sold * quote(chain, right, strike)[1 if sold > 0 else 0] for right, strike, sold in legs
    )
    tick = TICKS[market.ticker]
    assert view.credit_natural == pytest.approx(bids, abs=1e-4)
    assert view.credit_mid == pytest.approx((bids + asks) / 2, abs=1e-4)
    assert bids - tick - 1e-4 <= view.credit_fill <= (bids + asks) / 2 + 1e-4
    assert round(view.credit_fill / tick, 4) == round(view.credit_fill / tick)
    assert view.max_loss_usd_per_contract == pytest.approx(100 * width - 100 * view.credit_fill)
    return True


def legs_of(view: TradeView) -> list[tuple[Right, float, int]]:
    """Right, strike, +1 sold or −1 bought."""
    legs = [
        (Right.PUT, view.short_put, 1), (Right.PUT, view.long_put, -1),
        (Right.CALL, view.short_call, 1), (Right.CALL, view.long_call, -1),
    ]  # fmt: skip
    return [(right, strike, sold) for right, strike, sold in legs if strike is not None]


def quote(chain: OptionChain, right: Right, strike: float) -> tuple[float, float]:
    (place,) = np.flatnonzero(chain.strikes == strike)
    side = chain.side(right)
    return float(side.bid[place]), float(side.ask[place])


@pytest.mark.parametrize("ticker", BARS)
def test_the_markets_odds_and_the_sources_deltas_tell_one_story(
    shared_data: Path, calendar: TradingCalendar, ticker: str
) -> None:
    """A short strike's touch chance is twice its chance of finishing beyond, near its delta."""
    apart = []
    for day, market in markets(shared_data, ticker, calendar):
        for chain in market.offered:
            dte = calendar.dte(day, chain.expiration)
            if dte < 2 or chain.settlement is Settlement.AM:
                continue
            row = condor_row(
                dte=dte, band="P95", spread_type=SpreadType.PUT_SPREAD, width=WIDTHS[ticker][0]
            )
            put = resolve(row, chain.expiration, market).view.put
            if put is not None and put.touch_pct is not None and put.delta:
                apart.append(put.touch_pct / 200 / abs(put.delta))
    assert len(apart) >= 10
    assert 0.7 < float(np.median(apart)) < 1.3


def test_the_persons_own_0_dte_recordings_resolve_too(
    shared_data: Path, calendar: TradingCalendar
) -> None:
    """42 sessions of NDXP at 07:30 Pacific, traded strikes alone; the price by put-call parity."""
    daily = bars(shared_data, "NDX")
    table = pd.read_parquet(shared_data / "chains" / "NDX_0DTE_5m_2025-10_2025-11.parquet")
    clock = table["ts_utc"].dt.tz_convert("America/New_York")
    at_entry = table[(clock.dt.hour == 10) & (clock.dt.minute == 30)]
    sessions = priced = 0
    for stamp, rows in at_entry.groupby("ts_utc"):
        now = pd.Timestamp(str(stamp)).to_pydatetime()
        chain = chain_at(rows, root="NDXP", ticker="NDX", expiration=now.date(), asof=now)
        price = ChainSmile.of(chain).forward
        if price is None:
            continue
        sessions += 1
        past = past_sessions(
            "NDX", daily={"NDX": daily}, vol_symbol=None, vol_now=None, today=now.date(),
            calendar=calendar,
        )  # fmt: skip
        market = LiveMarket(
            ticker="NDX", price=price, past=past, vols={}, vols_asof=None, settings=Settings(),
            calendar=calendar, now=now, offered=(chain,), chain_problems={},
        )  # fmt: skip
        for kind in (SpreadType.PUT_SPREAD, SpreadType.CALL_SPREAD):
            for width in (10.0, 20.0, 30.0, 50.0):
                row = condor_row(dte=0, band="P95", spread_type=kind, width=width)
                trade = resolve(row, chain.expiration, market)
                priced += check(trade, chain, market, kind, width)
    assert sessions > 35
    assert priced > 50
