"""Strikes from a band, a width and what is listed: worked by hand, and properties over chains."""

from __future__ import annotations

import pytest
from fakes.chains import Market, chain
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.option_chain import OptionChain
from monitor.domain.positions import Strikes
from monitor.domain.strikes_for_band import MAX_STRIKE_GAP, choose_strikes
from monitor.domain.vocabulary import SpreadType

unhurried = settings(deadline=None)
QUOTED: Market = (1.0, 1.2)
CONDOR = SpreadType.IRON_CONDOR


def listed(*strikes: float) -> OptionChain:
    return chain(puts=dict.fromkeys(strikes, QUOTED), calls=dict.fromkeys(strikes, QUOTED))


EVERY_100 = listed(*range(19_000, 21_001, 100))


def test_the_condor_of_the_issue_by_hand() -> None:
    """Price 20,000, band −2.5 % to +2.2 %: 19,500 and, above 20,440, the 20,500."""
    choice = choose_strikes(EVERY_100, CONDOR, spot=20_000, low=19_500, high=20_440, width=100)
    assert choice.strikes == Strikes(
        short_put=19_500, long_put=19_400, short_call=20_500, long_call=20_600
    )


def test_a_vertical_has_its_own_side_only() -> None:
    put = choose_strikes(
        EVERY_100, SpreadType.PUT_SPREAD, spot=20_000, low=19_580, high=20_440, width=100
    )
    assert put.strikes == Strikes(short_put=19_500, long_put=19_400)
    call = choose_strikes(
        EVERY_100, SpreadType.CALL_SPREAD, spot=20_000, low=19_580, high=20_440, width=200
    )
    assert call.strikes == Strikes(short_call=20_500, long_call=20_700)


def test_trap_05_another_width_is_hinted_at_and_never_taken() -> None:
    choice = choose_strikes(EVERY_100, CONDOR, spot=20_000, low=19_500, high=20_440, width=90)
    assert choice.strikes is None
    assert choice.unlisted == (
        "19410 put is not listed, 90 from 19500 (the nearest listed width is 100)",
        "20590 call is not listed, 90 from 20500 (the nearest listed width is 100)",
    )


def test_trap_25_a_condor_never_loses_a_side() -> None:
    one_side = listed(19_400, 19_500, 20_500, 20_650)
    choice = choose_strikes(one_side, CONDOR, spot=20_000, low=19_500, high=20_480, width=100)
    assert choice.strikes is None
    assert choice.unlisted == (
        "20600 call is not listed, 100 from 20500 (the nearest listed width is 150)",
    )


def test_trap_23_no_strike_beyond_the_band_is_no_trade() -> None:
    near = listed(19_600, 19_700, 19_800)
    choice = choose_strikes(
        near, SpreadType.PUT_SPREAD, spot=20_000, low=19_500, high=20_500, width=100
    )
    assert choice.strikes is None
    assert choice.unlisted == ()  # the chain may only have been fetched so far
    assert choice.unknown == ("the put band ends at 19,500, beyond the strikes of NDXP 2026-11-20",)


def test_a_strike_far_beyond_the_band_is_another_trade() -> None:
    """0.5 % of 20,000 is 100 points: 19,400 is 101 beyond 19,501, and 100 beyond 19,500."""
    gap = listed(19_300, 19_400, 20_500)
    kind = SpreadType.PUT_SPREAD
    far = choose_strikes(gap, kind, spot=20_000, low=19_501, high=20_500, width=100)
    assert far.strikes is None
    assert far.unlisted == (
        "the nearest listed put beyond the band's 19,501 is 19400, 101 points further",
    )
    near = choose_strikes(gap, kind, spot=20_000, low=19_500, high=20_500, width=100)
    assert near.strikes == Strikes(short_put=19_400, long_put=19_300)


@pytest.mark.parametrize("low", [20_000.0, 20_050.0])
def test_a_short_strike_is_strictly_out_of_the_money(low: float) -> None:
    """A band that ends at or above the price still sells below it."""
    choice = choose_strikes(
        EVERY_100, SpreadType.PUT_SPREAD, spot=20_000, low=low, high=20_500, width=100
    )
    if low == 20_000:
        assert choice.strikes == Strikes(short_put=19_900, long_put=19_800)
    else:  # 150 points from the band
        assert choice.strikes is None


def test_a_long_strike_outside_what_was_fetched_is_unknown_not_unlisted() -> None:
    choice = choose_strikes(
        listed(19_500, 19_600, 20_000), SpreadType.PUT_SPREAD,
        spot=20_000, low=19_550, high=20_500, width=100,
    )  # fmt: skip
    assert choice.unlisted == ()
    assert choice.unknown == ("19400 put lies outside the strikes known of NDXP 2026-11-20",)


@unhurried
@given(
    strikes=st.lists(st.integers(3_600, 4_400).map(lambda k: 5.0 * k), min_size=2, max_size=80),
    spot=st.floats(18_000, 22_000),
    down=st.floats(-0.08, 0.01),
    up=st.floats(-0.01, 0.08),
    width=st.sampled_from([5.0, 25.0, 50.0, 100.0]),
    kind=st.sampled_from(SpreadType),
)
def test_strikes_are_listed_out_of_the_money_beyond_the_band_and_exactly_wide(
    strikes: list[float], spot: float, down: float, up: float, width: float, kind: SpreadType
) -> None:
    low, high = spot * (1 + down), spot * (1 + up)
    choice = choose_strikes(listed(*strikes), kind, spot=spot, low=low, high=high, width=width)
    chosen = choice.strikes
    if chosen is None:
        assert choice.unlisted or choice.unknown
        return
    assert (chosen.short_put is None) == (kind is SpreadType.CALL_SPREAD)
    assert (chosen.short_call is None) == (kind is SpreadType.PUT_SPREAD)
    if chosen.short_put is not None:
        assert {chosen.short_put, chosen.long_put} <= set(strikes)
        assert chosen.short_put <= low
        assert chosen.short_put < spot
        assert low - chosen.short_put <= MAX_STRIKE_GAP * spot
        assert chosen.short_put - (chosen.long_put or 0) == width
        assert not [k for k in strikes if chosen.short_put < k <= low and k < spot]
    if chosen.short_call is not None:
        assert {chosen.short_call, chosen.long_call} <= set(strikes)
        assert chosen.short_call >= high
        assert chosen.short_call > spot
        assert (chosen.long_call or 0) - chosen.short_call == width
        assert not [k for k in strikes if high <= k < chosen.short_call and k > spot]
