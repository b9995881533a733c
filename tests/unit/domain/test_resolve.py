"""A configuration as it can be opened now: worked by hand, and what makes each part unknown."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from fakes.chains import Market
from fakes.live import (
    CALLS,
    EXPIRATION,
    PRICE,
    PUTS,
    STDEV,
    condor_chain,
    condor_row,
    live_market,
    past,
)
from fakes.spine import NOW
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import Costs, Settings
from monitor.domain.live_credit import surface_credit
from monitor.domain.live_quality import live_shortfalls
from monitor.domain.option_chain import PriceSource, Right
from monitor.domain.positions import Strikes
from monitor.domain.quality import Thresholds
from monitor.domain.resolve import ResolvedTrade, resolve
from monitor.domain.surface_credit import SurfacePrices
from monitor.domain.vocabulary import BandMode, Settlement, SpreadType

unhurried = settings(deadline=None)  # a model price loads SciPy first


def resolved(chain: Any = None, row: Any = None, **market: Any) -> ResolvedTrade:
    offered = () if chain is None else (chain,)
    return resolve(row or condor_row(), EXPIRATION, live_market(*offered, **market))


def whys(trade: ResolvedTrade) -> list[str]:
    return [problem.why for problem in trade.view.problems]


def with_fill(fill: float) -> Settings:
    return msgspec.structs.replace(Settings(), costs=Costs(fill=fill))


def test_the_hand_worked_condor() -> None:
    view = resolved().view
    assert (view.root, view.expiration, view.settlement) == ("NDXP", EXPIRATION, "pm")
    assert (view.short_call, view.long_call) == (20_500, 20_600)
    assert (view.short_put, view.long_put, view.width) == (19_500, 19_400, 100)
    assert (view.credit_mid, view.credit_natural, view.credit_fill) == (1.5, 0.8, 1.15)
    assert view.credit_usd_per_contract == 115
    assert view.max_loss_usd_per_contract == 9_885  # 100 × (100 − 1.15)
    assert view.max_return_pct == pytest.approx(100 * 115 / 9_885)
    assert (view.breakeven_low, view.breakeven_high) == (19_498.85, 20_501.15)
    assert view.problems == ()
    assert view.poorer_why == ("credit $115 is 60% below the grid's $285",)
    # of 3.7 sessions' variance since the open 3.539 are left at 07:30: × 0.97800
    assert view.notes == (
        "P100 raw100: -2.45 to +2.15 %, 19,511 to 20,430, from 100 past moves since the open, "
        "shortened to 07:30",
    )


def test_distances_are_in_points_percent_and_expected_moves() -> None:
    view = resolved().view
    assert view.expected_move == pytest.approx(PRICE * STDEV, rel=1e-4)  # 250 points
    assert view.put is not None
    assert view.call is not None
    assert (view.put.distance, view.put.distance_pct) == (500, 2.5)
    assert view.put.distance_moves == pytest.approx(2.0, rel=1e-4)
    assert (view.call.distance, view.call.distance_pct) == (500, 2.5)


def test_the_markets_own_odds_are_those_of_the_legs_prices() -> None:
    """At the short put 2.60 is the price; its stdev s solves Black's formula, its odds N(d2)."""
    view = resolved().view
    assert view.put is not None
    assert view.put.touch_pct is not None
    stdev = 0.0  # by bisection, apart from the code's own way
    low, high = 0.001, 0.1
    for _ in range(80):
        stdev = (low + high) / 2
        d1 = math.log(PRICE / 19_500) / stdev + stdev / 2
        price = 19_500 * _cdf(-(d1 - stdev)) - PRICE * _cdf(-d1)
        low, high = (stdev, high) if price < 2.60 else (low, stdev)
    d2 = math.log(PRICE / 19_500) / stdev - stdev / 2
    assert view.put.touch_pct == pytest.approx(200 * _cdf(-d2), rel=1e-4)
    assert view.put.delta == pytest.approx(_cdf(d2 + stdev) - 1, rel=1e-4)
    assert view.market_win_pct is not None
    below, above = view.put.touch_pct / 2, (view.call.touch_pct or 0) / 2 if view.call else 0
    assert view.market_win_pct == pytest.approx(100 - below - above, abs=0.05)


def _cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def test_the_sources_own_delta_comes_first() -> None:
    chain = condor_chain()
    place = chain.place(19_500.0)
    delta = np.full(len(chain.strikes), np.nan)
    delta[place] = -0.031
    view = resolved(replace(chain, put=replace(chain.put, delta=delta))).view
    assert view.put is not None
    assert view.put.delta == -0.031


@pytest.mark.parametrize(("fill", "credit"), [(0.0, 1.5), (0.25, 1.3), (0.5, 1.15), (1.0, 0.8)])
def test_the_fill_assumption_is_a_setting_and_rounds_down_to_the_tick(
    fill: float, credit: float
) -> None:
    """1.50 − 0.25 × 0.70 = 1.325, a tick of 0.05: 1.30."""
    view = resolved(settings=with_fill(fill)).view
    assert view.credit_fill == credit
    assert (view.credit_mid, view.credit_natural) == (1.5, 0.8)


def test_a_price_says_its_source_and_age() -> None:
    chain = condor_chain(asof=NOW - timedelta(minutes=15), delay=timedelta(minutes=15))
    price = resolved(chain).view.price
    assert price is not None
    assert (price.kind, price.source, price.error_pct) == ("quotes", "cboe", None)
    assert (price.age_s, price.delay_s) == (900, 900)


# no chain, or none to act upon


def test_no_chain_says_why() -> None:
    why = {EXPIRATION: "cboe answered 503"}
    trade = resolved(offered=(), chain_problems=why)
    assert whys(trade) == ["no live chain: cboe answered 503"]
    assert (trade.view.short_put, trade.view.credit_fill, trade.quoted) == (None, None, False)


def test_a_stale_chain_names_strikes_but_no_price() -> None:
    trade = resolved(condor_chain(asof=NOW - timedelta(minutes=16)))
    assert trade.view.short_put == 19_500
    assert trade.view.credit_fill is None
    assert trade.view.market_win_pct is None
    assert trade.view.put is not None
    assert trade.view.put.delta is None
    assert whys(trade)[0].startswith("no live chain: stale: the quotes are of")
    assert not trade.refused
    assert not trade.quoted


def test_trap_18_an_am_series_alone_is_no_chain() -> None:
    trade = resolved(condor_chain(root="NDX", settlement=Settlement.AM))
    assert whys(trade) == [
        f"no live chain: only the AM-settled NDX is listed for {EXPIRATION}; "
        "the grid's trades settle at the close"
    ]


def test_the_pm_series_is_taken_where_both_are_listed() -> None:
    market = live_market(condor_chain(root="NDX", settlement=Settlement.AM), condor_chain())
    assert resolve(condor_row(), EXPIRATION, market).view.root == "NDXP"


# no band


def test_without_a_price_or_past_moves_there_are_no_strikes() -> None:
    assert whys(resolved(price=None)) == ["the price of NDX is unknown"]
    assert whys(resolved(past="no daily bars of NDX")) == ["no daily bars of NDX"]
    assert resolved(price=None).view.short_put is None


def test_a_band_mode_that_is_unknown_makes_no_strikes() -> None:
    assert whys(resolved(row=condor_row(band_mode=None))) == [
        "the grid file's band mode is not one we know"
    ]
    assert whys(resolved(row=condor_row(band_mode=BandMode.VIX250))) == [
        "VXN is unknown: no band of vix250"
    ]


# no trade


def test_trap_05_an_unlisted_width_is_refused_with_a_hint() -> None:
    trade = resolved(row=condor_row(width=90.0))
    assert trade.refused == (
        "19410 put is not listed, 90 from 19500 (the nearest listed width is 100)",
        "20590 call is not listed, 90 from 20500 (the nearest listed width is 100)",
    )
    assert (trade.view.width, trade.view.credit_fill) == (None, None)
    assert [s.value for s in live_shortfalls(trade, Thresholds(), min_credit_usd=0.0)] == list(
        trade.refused
    )


def test_a_stale_chain_refuses_nothing() -> None:
    stale = condor_chain(asof=NOW - timedelta(hours=1))
    assert resolved(stale, condor_row(width=90.0)).refused == ()


def test_what_was_not_fetched_is_unknown_and_refuses_nothing() -> None:
    trade = resolved(row=condor_row(width=110.0))
    assert trade.refused == ()
    assert whys(trade) == [
        "19390 put lies outside the strikes known of NDXP 2026-11-23",
        "20610 call lies outside the strikes known of NDXP 2026-11-23",
    ]


def test_nobody_bids_for_the_short_leg_is_refused_and_not_modelled() -> None:
    trade = resolved(condor_chain(calls={20_500.0: (0.0, 0.40)}))
    assert trade.refused == ("20500 call: nobody bids for the short leg",)
    assert whys(trade) == ["20500 call: nobody bids for the short leg"]
    assert (trade.view.credit_fill, trade.view.price) == (None, None)


# a leg without a usable quote


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ((2.0, 1.0), "20600 call: crossed: bid 2 above ask 1"),
        ((np.nan, np.nan), "20600 call: not quoted"),
        ((1.40, np.nan), "20600 call: one-sided: no ask"),
        ((0.1, 50.0), "20500/20600 call: mid -22.85 is outside 0 to 100 points"),
    ],
)
def test_trap_27_a_leg_without_a_quote_makes_the_whole_credit_anchored_and_marked(
    bad: Market, why: str
) -> None:
    trade = resolved(condor_chain(calls={20_600.0: bad}))
    price = trade.view.price
    assert price is not None
    assert (price.kind, price.error_pct) == ("anchored", 18.0)
    assert whys(trade)[0] == why
    assert not trade.quoted  # an estimate decides nothing
    assert live_shortfalls(trade, Thresholds(roi_pct=50.0), min_credit_usd=20.0) == ()


@unhurried
@given(
    atm=st.floats(0.001, 0.2),
    forward=st.floats(19_000, 21_000),
    width=st.sampled_from([10.0, 100.0, 1_000.0]),
    short=st.integers(170, 230).map(lambda n: 100.0 * n),
    right=st.sampled_from(Right),
    symbol=st.sampled_from(["NDX", "SPX"]),
)
def test_fault_13_an_estimate_lies_within_0_and_the_width(
    atm: float, forward: float, width: float, short: float, right: Right, symbol: str
) -> None:
    surface = SurfacePrices(
        symbol=symbol, kind=PriceSource.ANCHORED, forward=forward, atm=atm, error_pct=18.0
    )
    put = right is Right.PUT
    strikes = Strikes(
        short_put=short if put else None, long_put=short - width if put else None,
        short_call=None if put else short, long_call=None if put else short + width,
    )  # fmt: skip
    assert 0 <= surface_credit(surface, strikes, fill=0.5, tick=0.05).mid <= width


def test_on_the_expiration_day_there_is_no_model_price() -> None:
    moves = past(dte=0)
    trade = resolved(
        condor_chain(calls={20_600.0: (2.0, 1.0)}), condor_row(dte=0, minute=390), past=moves
    )
    assert trade.view.credit_fill is None
    assert "no model price on the expiration day: it failed its test" in whys(trade)


def test_without_an_at_the_money_quote_the_index_vols_make_a_model_price() -> None:
    nothing: Market = (np.nan, np.nan)
    near = dict.fromkeys((19_900.0, 19_950.0, 20_000.0, 20_050.0, 20_100.0), nothing)
    chain = condor_chain(puts={**near, 19_400.0: nothing}, calls=near)
    vols = {"VIX1D": 0.12, "VIX9D": 0.15, "VIX": 0.17, "VIX3M": 0.19, "VXN": 0.22}
    trade = resolved(chain, vols=vols, vols_asof=NOW - timedelta(minutes=5))
    price = trade.view.price
    assert price is not None
    assert (price.kind, price.source, price.error_pct) == ("model", None, 25.0)
    assert price.age_s == 300
    assert resolved(chain, vols={}).view.credit_fill is None


def test_trap_20_a_credit_that_no_market_pays_is_a_bad_quote() -> None:
    """A put side at 40 of 100 points: above 0.35 of the width."""
    trade = resolved(condor_chain(puts={19_500.0: (41.6, 42.0)}))
    assert not trade.quoted
    assert whys(trade) == ["19500/19400 put: mid 40 is above 0.35 of the width 100: a bad quote"]


# poorer


@pytest.mark.parametrize(
    ("asked", "least", "said"),
    [
        (None, 20.0, []),
        (1.16, 20.0, []),
        (1.17, 20.0, ["live ROI 1.163 % needs ≥ 1.17 %"]),
        (20.0, 20.0, ["live ROI 1.163 % needs ≥ 20 %"]),
        (None, 116.0, ["live credit $115 needs ≥ $116"]),
    ],
)
def test_a_live_credit_is_compared_with_what_the_person_asks(
    asked: float | None, least: float, said: list[str]
) -> None:
    short = live_shortfalls(resolved(), Thresholds(roi_pct=asked), min_credit_usd=least)
    assert [str(s) for s in short] == said


def test_nothing_left_after_the_spread_is_poorer_than_anything() -> None:
    wide: Market = (0.05, 5.15)
    trade = resolved(condor_chain(puts={19_500.0: wide}))
    assert (trade.view.credit_fill or 0) <= 0
    short = live_shortfalls(trade, Thresholds(), min_credit_usd=0.0)
    assert [s.threshold for s in short] == ["live credit"]
    assert trade.view.breakeven_low is None
    assert whys(trade)[-1] == "the credit at your fill leaves nothing"


# properties

prices = st.integers(1, 400).map(lambda n: n / 20)


@unhurried
@given(
    legs=st.tuples(prices, prices, prices, prices),
    halves=st.tuples(*[st.integers(0, 20).map(lambda n: n / 40)] * 4),
    fill=st.floats(0, 1),
    kind=st.sampled_from(SpreadType),
)
def test_credits_lie_between_natural_and_mid_and_loss_and_break_evens_follow(
    legs: tuple[float, ...], halves: tuple[float, ...], fill: float, kind: SpreadType
) -> None:
    markets = [(max(p - h, 0.0), p + h) for p, h in zip(legs, halves, strict=True)]
    chain = condor_chain(
        puts=dict(zip(PUTS, markets[:2], strict=True)),
        calls=dict(zip(CALLS, markets[2:], strict=True)),
    )
    trade = resolved(chain, condor_row(spread_type=kind), settings=with_fill(fill))
    view = trade.view
    if view.credit_fill is None or view.price is None:
        assert trade.refused or view.problems
        return
    assert view.credit_mid is not None
    assert view.credit_natural is not None
    assert view.credit_natural <= view.credit_mid + 1e-9
    assert view.credit_natural - 0.05 - 1e-6 <= view.credit_fill <= view.credit_mid + 1e-6
    assert round(view.credit_fill * 20, 6) == round(view.credit_fill * 20)  # on the tick
    assert view.max_loss_usd_per_contract == pytest.approx(100 * (100 - view.credit_fill))
    if trade.quoted and kind is not SpreadType.CALL_SPREAD and view.breakeven_low is not None:
        assert view.breakeven_low == pytest.approx(19_500 - view.credit_fill)
    if view.price.kind == PriceSource.QUOTES:
        assert 0 <= view.credit_mid <= 70  # 0.35 of the width a side
    assert view.market_win_pct is None or 0 <= view.market_win_pct <= 100
