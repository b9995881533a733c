from __future__ import annotations

import numpy as np
import pytest

from monitor.config import RegimeEdges
from monitor.demo.market import HISTORY_SESSIONS, SYMBOLS, DemoMarket
from monitor.demo.settings import FIRST_SESSION
from monitor.domain.regime import RegimeState, advance
from monitor.domain.trading_calendar import TradingCalendar


def make_market(calendar: TradingCalendar, seed: int) -> DemoMarket:
    first = calendar.on(FIRST_SESSION)
    assert first is not None
    return DemoMarket(seed, first, calendar)


def test_same_seed_same_numbers_in_whatever_order_they_are_asked_for(
    calendar: TradingCalendar, market: DemoMarket
) -> None:
    other = make_market(calendar, 7)
    later = other.path("NDX", HISTORY_SESSIONS + 2)
    np.testing.assert_array_equal(later, market.path("NDX", HISTORY_SESSIONS + 2))
    for symbol in reversed(SYMBOLS):
        np.testing.assert_array_equal(
            other.path(symbol, HISTORY_SESSIONS), market.path(symbol, HISTORY_SESSIONS)
        )


def test_another_seed_gives_another_market(calendar: TradingCalendar, market: DemoMarket) -> None:
    other = make_market(calendar, 8).path("NDX", HISTORY_SESSIONS)
    assert not np.array_equal(other, market.path("NDX", HISTORY_SESSIONS))


def test_the_first_played_session_follows_300_sessions_of_history(market: DemoMarket) -> None:
    assert market.index(FIRST_SESSION) == 300
    assert market.session(300).date == FIRST_SESSION


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_value_is_a_possible_price(market: DemoMarket, symbol: str) -> None:
    for index in (0, 150, 299, 300, 301):
        path = market.path(symbol, index)
        assert path.shape == (391,)
        assert np.all(np.isfinite(path))
        assert np.all(path > 0)


def test_the_half_day_has_210_minutes(market: DemoMarket) -> None:
    index = market.index(FIRST_SESSION) + 7  # 2026-11-27
    assert market.path("SPX", index).shape == (211,)


@pytest.mark.parametrize("seed", range(6))
def test_vix_crosses_the_regimes_up_and_down_without_flapping(
    calendar: TradingCalendar, seed: int
) -> None:
    made = make_market(calendar, seed)
    vix, session = made.path("VIX", HISTORY_SESSIONS), made.session(HISTORY_SESSIONS)
    state: RegimeState | None = None
    seen: list[str] = []
    for minute in range(0, 391, 2):
        asof = session.open + minute * (session.close - session.open) / 390
        state = advance(state, vix=float(vix[minute]), asof=asof, edges=RegimeEdges())
        if not seen or seen[-1] != state.regime.value:
            seen.append(state.regime.value)
    assert seen[:4] == ["low", "medium", "high", "medium"]
    assert len(seen) <= 5


@pytest.mark.parametrize("seed", range(3))
def test_price_falls_when_vix_rises(calendar: TradingCalendar, seed: int) -> None:
    """The leverage effect: returns and changes of VIX are clearly opposed."""
    made = make_market(calendar, seed)
    price = np.concatenate([made.path("NDX", i)[::30] for i in range(250, 301)])
    vix = np.concatenate([made.path("VIX", i)[::30] for i in range(250, 301)])
    assert np.corrcoef(np.diff(np.log(price)), np.diff(np.log(vix)))[0, 1] < -0.2


def test_volatility_is_stochastic_returns_are_larger_while_vix_is_high(market: DemoMarket) -> None:
    days = [(market.path("VIX", i).mean(), market.path("SPX", i)) for i in range(300)]
    days.sort(key=lambda day: day[0])
    calm, wild = (
        np.std(np.concatenate([np.diff(np.log(path)) for _, path in part]))
        for part in (days[:100], days[-100:])
    )
    assert wild > 1.2 * calm


def test_sessions_join_without_a_jump_that_would_look_like_a_bad_quote(market: DemoMarket) -> None:
    for index in range(1, 305):
        for symbol, largest in (("NDX", 3.0), ("VIX", 20.0)):
            gap = 100 * abs(market.path(symbol, index)[0] / market.path(symbol, index - 1)[-1] - 1)
            assert gap < largest


def test_only_shares_have_volume(market: DemoMarket) -> None:
    assert market.volume("NDX", 300) is None
    assert market.volume("VIX", 300) is None
    shares = market.volume("QQQ", 300)
    assert shares is not None
    assert shares.shape == (390,)
    assert 20e6 < shares.sum() < 100e6


def test_an_unknown_symbol_is_not_made_up(market: DemoMarket) -> None:
    with pytest.raises(KeyError):
        market.path("AAPL", 300)


def test_trap_12_vix1d_climbs_through_the_day_by_construction(market: DemoMarket) -> None:
    climbs = [
        market.path("VIX1D", i)[-1] / market.path("VIX1D", i)[0]
        > market.path("VIX9D", i)[-1] / market.path("VIX9D", i)[0]
        for i in range(300)
    ]
    assert all(climbs)
