"""The simulated chains: in step with the demo's market and marks."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from fakes.spine import CALENDAR

from monitor.demo.market import DemoMarket
from monitor.demo.marks import deviation, spread_value
from monitor.demo.roles import Stage, stop_role, target_role
from monitor.demo.script import Kind, demo_script
from monitor.demo.settings import FIRST_SESSION
from monitor.domain.chain_quotes import vertical_quote
from monitor.domain.option_chain import ChainRequest, OptionChain, Right
from monitor.domain.positions import Strikes
from monitor.errors import UnknownSymbolError
from monitor.providers.base import ChainProvider
from monitor.providers.demo import DemoProvider
from monitor.providers.demo_chains import DemoChainProvider

TODAY = FIRST_SESSION


@pytest.fixture(scope="module")
def market() -> DemoMarket:
    first = CALENDAR.on(FIRST_SESSION)
    assert first is not None
    return DemoMarket(7, first, CALENDAR)


def at(market: DemoMarket, minute: int) -> datetime:
    return market.session(market.index(TODAY)).open + timedelta(minutes=minute)


def ask(
    market: DemoMarket, minute: int, *days: date, ticker: str = "NDX", **bounds: float
) -> tuple[OptionChain, ...]:
    request = ChainRequest(ticker=ticker, expirations=days or (TODAY,), **bounds)
    batch = DemoChainProvider(market).chains(request, now=at(market, minute))
    assert not batch.errors
    return batch.chains


def test_it_is_a_chain_provider_and_says_simulated(market: DemoMarket) -> None:
    provider = DemoChainProvider(market)
    assert isinstance(provider, ChainProvider)
    (one,) = ask(market, 65)
    assert provider.simulated
    assert one.simulated
    assert one.source == "SIMULATED"
    assert "SIMULATED" in provider.health()[0].name


def test_the_same_seed_gives_the_same_chain(market: DemoMarket) -> None:
    other = DemoMarket(market.seed, market.first, market.calendar)
    (a,), (b,) = ask(market, 65), ask(other, 65)
    assert np.array_equal(a.put.bid, b.put.bid)
    assert np.array_equal(a.call.ask, b.call.ask)


def test_spot_and_stamp_are_those_of_the_demos_quote(market: DemoMarket) -> None:
    (one,) = ask(market, 65)
    quote = DemoProvider(market).quotes(["NDX"], now=at(market, 65)).quotes["NDX"]
    assert (one.spot, one.asof) == (quote.price, quote.asof)


@pytest.mark.parametrize("ticker", ["NDX", "SPX", "RUT", "QQQ", "SPY", "XLE", "XLF"])
def test_quotes_are_a_market_without_arbitrage(market: DemoMarket, ticker: str) -> None:
    days = [market.calendar.shift(TODAY, n).date for n in (0, 1, 5)]
    for one in ask(market, 100, *days, ticker=ticker):
        assert one.spot is not None
        for side in (one.put, one.call):
            assert (side.bid >= 0).all()
            assert (side.ask > side.bid).all()
        # Nobody is paid for taking a spread that can only be worth something.
        assert (one.put.bid[:-1] <= one.put.ask[1:]).all()
        assert (one.call.bid[1:] <= one.call.ask[:-1]).all()
        # Put-call parity at mid, within both half-spreads.
        gap = (one.call.bid + one.call.ask - one.put.bid - one.put.ask) / 2
        wide = (one.call.ask - one.call.bid + one.put.ask - one.put.bid) / 2
        assert (np.abs(gap - (one.spot - one.strikes)) <= wide + 1e-9).all()
        assert np.allclose(one.call.delta - one.put.delta, 1)


def test_scripted_marks_lie_within_the_quotes(market: DemoMarket) -> None:
    """The page must not contradict itself: script and chain are one model."""
    index = market.index(TODAY)
    opened = [a.position for a in demo_script(market, ticker="NDX", index=index)
              if a.kind is Kind.ADD and a.position is not None]  # fmt: skip
    assert len(opened) == 6
    stage = Stage(market, "NDX", index)
    for position in opened:
        strikes, minute = position.strikes, 200
        assert strikes is not None
        (one,) = ask(market, minute, position.expiration)
        dte = market.calendar.dte(TODAY, position.expiration)
        worth = stage.value(strikes, minute, dte=dte)
        low = high = 0.0
        for right, short, long in (
            (Right.PUT, strikes.short_put, strikes.long_put),
            (Right.CALL, strikes.short_call, strikes.long_call),
        ):
            if short is not None and long is not None:
                side, s, k = one.side(right), one.place(short), one.place(long)
                assert s is not None
                assert k is not None
                low += side.bid[s] - side.ask[k]
                high += side.ask[s] - side.bid[k]
        assert low <= worth <= high


def test_marks_from_the_chain_reach_the_scripted_target_and_stop(market: DemoMarket) -> None:
    """What the script knows to end at the target or the stop does so by the quotes too."""
    stage = Stage(market, "NDX", market.index(TODAY))

    def worth(strikes: Strikes, minute: int) -> float:
        (chain,) = ask(market, minute)
        mids = [
            vertical_quote(chain, right, short=short, long=long, opening=False).mid
            for right, short, long in (
                (Right.PUT, strikes.short_put, strikes.long_put),
                (Right.CALL, strikes.short_call, strikes.long_call),
            )
            if short is not None and long is not None
        ]
        return sum(mid for mid in mids if mid is not None)

    target, stop = target_role(stage), stop_role(stage)
    assert worth(target.strikes, target.opened) == pytest.approx(target.credit, abs=0.2)
    assert any(worth(target.strikes, m) <= target.credit / 2 for m in range(130, 390, 5))
    assert any(worth(stop.strikes, m) >= 3 * stop.credit for m in range(15, 200, 5))


def test_sensitivities_are_the_slopes_of_the_demos_own_pricing(market: DemoMarket) -> None:
    (one,) = ask(market, 65, market.calendar.shift(TODAY, 3).date)
    k, price = one.place(25_000), one.spot
    assert k is not None
    assert price is not None
    vol = float(market.path("VXN", market.index(TODAY))[65]) / 100
    left = 390 - 65 + 3 * 390
    naked = Strikes(short_call=25_000.0, long_call=1e9)

    def value(move: float = 0.0, more_vol: float = 0.0, later: float = 0.0) -> float:
        sd = deviation(price=price, vol=vol + more_vol, minutes_left=left - later)
        return spread_value(naked, price=price + move, sd=sd)

    side = one.call
    assert (side.bid[k] + side.ask[k]) / 2 == pytest.approx(value(), abs=0.06)
    assert side.delta[k] == pytest.approx((value(1) - value(-1)) / 2, rel=1e-4)
    assert side.gamma[k] == pytest.approx(value(1) - 2 * value() + value(-1), rel=1e-3)
    assert side.vega_per_vol_point[k] == pytest.approx(
        (value(more_vol=0.005) - value(more_vol=-0.005)), rel=1e-2
    )
    assert side.theta_per_day[k] == pytest.approx(390 * (value(later=1) - value()), rel=1e-2)
    assert side.implied_vol[k] == vol


def test_the_asked_range_bounds_the_strikes(market: DemoMarket) -> None:
    (one,) = ask(market, 65, low_strike=24_001.0, high_strike=24_104.0)
    assert one.strikes.tolist() == [24_005.0 + 5 * i for i in range(20)]


def test_expired_unlisted_and_unknown_are_said(market: DemoMarket) -> None:
    provider = DemoChainProvider(market)
    sunday = date(2026, 11, 22)
    batch = provider.chains(
        ChainRequest(ticker="NDX", expirations=(TODAY, sunday)), now=at(market, 395)
    )
    assert batch.chains == ()
    assert "have expired" in batch.errors["NDX", TODAY].message
    assert "is no session" in batch.errors["NDX", sunday].message
    unknown = provider.chains(ChainRequest(ticker="TSLA", expirations=(TODAY,)), now=at(market, 65))
    assert isinstance(unknown.errors["TSLA", TODAY], UnknownSymbolError)
