"""What a position is worth: quotes, moved quotes, the last chain's surface, the model. By hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
import QuantLib as ql
from fakes.chains import EXPIRATION
from fakes.spine import CALENDAR, NOW, pacific
from mark_cases import (
    CALLS,
    PUTS,
    SPOT,
    condor,
    condor_chain,
    no_mark,
    one_mark,
    with_greeks,
    world,
)

from monitor.domain.anchor import ChainAnchor, fit_anchor
from monitor.domain.marks import Mark, Underlying
from monitor.domain.option_chain import OptionChain, PriceSource
from monitor.domain.positions import Strikes
from monitor.domain.pricing.black_plain import price_plain
from monitor.domain.pricing.surface_plain import IndexVols, TradingTime
from monitor.domain.vocabulary import Settlement, SpreadType

NAN = float("nan")
QUARTER = timedelta(minutes=15)
VOLS = IndexVols(vix1d=0.12, vix9d=0.15, vix=0.18, vix3m=0.20, own=0.22)
KEY = ("NDXP", EXPIRATION)


# quotes of this minute


def test_fresh_quotes_give_mid_and_natural_and_are_certain() -> None:
    mark = one_mark(condor(), world(condor_chain()))
    assert (mark.kind, mark.source, mark.asof) == (PriceSource.QUOTES, "test", NOW)
    assert mark.debit == pytest.approx(3.0)  # 2.0 of puts and 1.0 of calls
    assert mark.natural == pytest.approx(3.8)  # (5.4 − 3.0) + (2.4 − 1.0)
    assert mark.low == mark.high == mark.debit
    assert mark.decides
    assert mark.tight  # 0.8 from mid is 20 % of the credit of 4
    assert mark.problems == ()
    short_put = mark.legs[0][1]
    assert (mark.legs[0][0], short_put.strike, short_put.bid, short_put.ask) == (-1, 24_600, 5, 5.4)
    assert [(quantity, leg.strike) for quantity, leg in mark.legs] == [
        (-1, 24_600), (1, 24_500), (-1, 25_400), (1, 25_500),
    ]  # fmt: skip


def test_quotes_between_tight_and_wide_decide_only_twice() -> None:
    wider = {**PUTS, 24_600.0: (4.2, 6.2)}  # natural 6.2 − 3.0 + 1.4 = 4.6: 1.6 = 40 % of 4
    mark = one_mark(condor(), world(condor_chain(puts=wider)))
    assert (mark.decides, mark.tight) == (True, False)


def test_wide_quotes_decide_nothing_and_say_so() -> None:
    wide = {**PUTS, 24_600.0: (0.2, 10.2)}  # natural 10.2 − 3.0 + 1.4 = 8.6: 5.6 = 140 % of 4
    assert one_mark(condor(), world(condor_chain(puts=wide))).decides
    wider = {**PUTS, 24_600.0: (0.0, 11.4)}  # 5.7 mid: debit 3.5, natural 9.8: 6.3 = 158 %
    mark = one_mark(condor(), world(condor_chain(puts=wider)))
    assert not mark.decides
    assert not mark.tight
    assert mark.problems == (
        "wide quotes (natural price 6.30 points from mid): they decide no stop and no target",
    )


def test_wide_quotes_decide_once_even_their_best_end_is_past_the_stop() -> None:
    """Sold for 1.40, so the stop is at 4.20. Puts 45 − 19.5, calls 1.0: debit 26.5; half-spreads
    2 + 1.5 + 0.2 + 0.2 = 3.9, 279 % of the credit; the best end is 22.6."""
    near = {24_500.0: (18.0, 21.0), 24_600.0: (43.0, 47.0)}
    mark = one_mark(condor(credit_usd=140.0), world(condor_chain(puts=near)))
    assert mark.debit == pytest.approx(26.5)
    assert mark.decides
    assert not mark.tight
    # debit 7.0, half-spreads 3.9: the best end 3.1 is not past it
    near = {24_500.0: (18.0, 21.0), 24_600.0: (23.5, 27.5)}
    assert not one_mark(condor(credit_usd=140.0), world(condor_chain(puts=near))).decides


def test_a_quarter_of_the_width_is_wide_however_large_the_credit() -> None:
    """Credit 30 of 100: 150 % of it would be 45 points."""
    wide = {**PUTS, 24_600.0: (5.0, 59.0)}  # mid 32: debit 29.8, natural 57.4: 27.6 above mid
    mark = one_mark(condor(credit_usd=3_000.0), world(condor_chain(puts=wide)))
    assert not mark.decides


def test_a_natural_price_above_the_width_is_the_width_and_decides_as_quotes_do() -> None:
    """Deep in the money: mid 198 − 101 = 97 of 100, natural 200 − 99 = 101 (4 above mid)."""
    deep = {24_500.0: (99.0, 103.0), 24_600.0: (196.0, 200.0)}
    mark = one_mark(condor(), world(condor_chain(puts=deep), spot=24_400.0))
    assert mark.natural == 100.0
    assert mark.decides


# delayed quotes, moved to the price now

GREEKS = (
    {24_600.0: (-0.10, 0.0004), 24_500.0: (-0.07, 0.0003)},
    {25_400.0: (0.06, 0.0003), 25_500.0: (0.03, 0.0002)},
)


def delayed(**more: object) -> OptionChain:
    made = condor_chain(asof=NOW - QUARTER, delay=QUARTER, **more)  # type: ignore[arg-type]
    return with_greeks(made, *GREEKS)


def test_delayed_quotes_are_moved_by_delta_and_gamma_and_shown_as_a_range() -> None:
    """100 points down. Puts: −0.03 × −100 + ½ × 0.0001 × 100² = 3.5, so 2.0 → 5.5; calls:
    0.03 × −100 + ½ × 0.0001 × 100² = −2.5, so 1.0 → −1.5, no less than 0. Together 5.5."""
    mark = one_mark(condor(), world(delayed(), spot=SPOT - 100))
    assert mark.debit == pytest.approx(5.5)
    assert mark.moved == -100
    assert mark.natural == pytest.approx(6.3)
    assert (mark.low, mark.high) == pytest.approx((3.0, 6.3))  # as quoted … moved at natural
    assert mark.decides
    assert not mark.tight  # an old natural price never decides alone
    assert mark.problems == ("quotes are 15 min old; moved by -100.00 points of NDX since",)


def test_trap_36_quotes_that_cannot_be_moved_say_so() -> None:
    mark = one_mark(condor(), world(delayed(), spot=None))
    assert (mark.debit, mark.moved) == (pytest.approx(3.0), None)
    assert (mark.low, mark.high) == pytest.approx((2.2, 3.8))
    assert mark.problems == (
        "quotes are 15 min old and were not moved to the price now: NDX now is unknown: no network",
    )
    mark = one_mark(condor(), world(delayed(spot=None)))
    assert "the source gave no price of NDX with them" in mark.problems[0]


def test_without_greeks_the_quotes_own_vols_are_used() -> None:
    made = smile_chain(spot=SPOT, asof=NOW - QUARTER, delay=QUARTER)
    time = TradingTime.around(CALENDAR, NOW)
    anchor = fit_anchor(made, time)
    assert anchor is not None
    around = world(made, spot=SPOT - 20, anchors={KEY: anchor})
    mark = one_mark(condor(), around)
    moved = 0.0
    for short, long, call in ((24_600, 24_500, False), (25_400, 25_500, True)):
        a, b = price_plain(forward=SPOT - 20, strike=[short, long], total_stdev=0.012, is_call=call)
        moved += float(a - b)
    assert mark.moved == -20
    assert mark.debit == pytest.approx(
        moved, abs=0.02
    )  # what Black says; delta-gamma is second order


def test_a_move_away_from_the_short_strikes_never_makes_the_spread_dearer() -> None:
    """A day of expiration: gamma is large, and the parabola turns back 50 points up.

    Put side up 150: no further than −0.20 × 50 + ½ × 0.004 × 50² = −5, so 2.0 → 0, not
    2.0 − 30 + 45 = 17, which would stop the trade that has just been won.
    """
    steep = ({24_600.0: (-0.22, 0.0045), 24_500.0: (-0.02, 0.0005)}, GREEKS[1])
    made = with_greeks(condor_chain(asof=NOW - QUARTER, delay=QUARTER), *steep)
    put_side = condor(
        spread_type=SpreadType.PUT_SPREAD,
        strikes=Strikes(short_put=24_600.0, long_put=24_500.0),
    )
    assert one_mark(put_side, world(made, spot=SPOT + 150)).debit == 0.0
    assert one_mark(put_side, world(made, spot=SPOT - 40)).debit == pytest.approx(2 + 8 + 3.2)


@pytest.mark.parametrize("shift", [-60.0, -20.0, 15.0, 50.0])
def test_delta_and_gamma_agree_with_quantlib_to_second_order(shift: float) -> None:
    """Prices and greeks are QuantLib's at 25,000; so is the answer, its price at 25,000 + shift."""

    def black(strike: float, call: bool, spot: float) -> ql.BlackCalculator:
        kind = ql.Option.Call if call else ql.Option.Put
        return ql.BlackCalculator(ql.PlainVanillaPayoff(kind, strike), spot, 0.012, 1.0)

    def market(strike: float, call: bool) -> tuple[float, float]:
        value = black(strike, call, SPOT).value()
        return value - 0.01, value + 0.01

    def greeks(strike: float, call: bool) -> tuple[float, float]:
        one = black(strike, call, SPOT)
        return one.deltaForward(), one.gammaForward()

    puts, calls = (24_600.0, 24_500.0), (25_400.0, 25_500.0)
    made = condor_chain(
        puts={k: market(k, False) for k in puts}, calls={k: market(k, True) for k in calls},
        asof=NOW - QUARTER, delay=QUARTER,
    )  # fmt: skip
    made = with_greeks(
        made, {k: greeks(k, False) for k in puts}, {k: greeks(k, True) for k in calls}
    )
    mark = one_mark(condor(), world(made, spot=SPOT + shift))
    value = {k: black(k, k in calls, SPOT + shift).value() for k in puts + calls}
    oracle = value[24_600.0] - value[24_500.0] + value[25_400.0] - value[25_500.0]
    # third order: |∂Γ/∂F| is at most 0.242 / (F s)², F s = 300 points, for each of four options
    bound = 4 * abs(shift) ** 3 / 6 * 0.2420 / 300**2
    assert abs(mark.debit - oracle) <= bound
    assert abs(mark.debit - oracle) < 0.1


def test_the_same_quotes_and_price_are_the_same_reading() -> None:
    first = one_mark(condor(), world(delayed(), spot=SPOT - 100))
    again = one_mark(condor(), world(delayed(), spot=SPOT - 100))
    assert first.basis == again.basis
    later = world(delayed(), spot=SPOT - 100)
    moved = Underlying(spot=SPOT - 101, spot_asof=NOW + timedelta(minutes=1), vols=None)
    assert one_mark(condor(), replace(later, underlyings={"NDX": moved})).basis != first.basis


# without quotes


def smile_chain(**more: object) -> OptionChain:
    """Black prices at one total stdev, 0.012: 1.2 % to expiration, quoted ±0.1 around them."""
    strikes = np.arange(24_000.0, 26_001.0, 100.0)

    def markets(call: bool) -> dict[float, tuple[float, float]]:
        price = price_plain(forward=SPOT, strike=strikes, total_stdev=0.012, is_call=call)
        return {
            k: (max(p - 0.1, 0.001), max(p - 0.1, 0.001) + 0.2)
            for k, p in zip(strikes.tolist(), price.tolist(), strict=True)
        }

    return condor_chain(puts=markets(False), calls=markets(True), **more)  # type: ignore[arg-type]


def anchor_of(made: OptionChain) -> ChainAnchor:
    anchor = fit_anchor(made, TradingTime.around(CALENDAR, NOW))
    assert anchor is not None
    return anchor


def test_an_anchor_finds_the_vol_its_chain_was_made_with() -> None:
    anchor = anchor_of(smile_chain())
    assert anchor.forward == pytest.approx(SPOT, abs=0.01)
    assert anchor.atm == pytest.approx(0.012, rel=1e-3)
    assert anchor.expected_move(spot=SPOT, left=anchor.left) == pytest.approx(300, rel=1e-3)
    quarter = anchor.left / 4
    assert anchor.expected_move(spot=SPOT, left=quarter) == pytest.approx(150, rel=1e-3)


@pytest.mark.parametrize("spoil", [{"puts": {24_600.0: (5.0, 5.4)}, "calls": {}}, {"spot": None}])
def test_a_thin_chain_anchors_nothing(spoil: dict[str, object]) -> None:
    assert fit_anchor(condor_chain(**spoil), TradingTime.around(CALENDAR, NOW)) is None  # type: ignore[arg-type]


def test_an_unquoted_leg_is_priced_by_the_last_chain_with_its_error() -> None:
    """One leg without an ask: no quotes, so Black at the anchor's vol and today's price."""
    anchor = anchor_of(smile_chain())
    torn = condor_chain(puts={**PUTS, 24_500.0: (3.0, NAN)})
    later = NOW + timedelta(minutes=1)
    around = world(torn, spot=SPOT - 50, anchors={KEY: anchor}, now=later)
    mark = one_mark(condor(), around)
    assert (mark.kind, mark.source, mark.asof) == (PriceSource.ANCHORED, "test", NOW)
    left = around.time.left(later, EXPIRATION)
    stdev = 0.012 * np.sqrt(left / anchor.left)
    expected = 0.0
    for short, long, call in ((24_600, 24_500, False), (25_400, 25_500, True)):
        a, b = price_plain(forward=SPOT - 50, strike=[short, long], total_stdev=stdev, is_call=call)
        expected += float(a - b)
    assert mark.debit == pytest.approx(expected, rel=0.01)
    assert mark.error_pct == 18  # docs/pricing.md: NDX, true ATM + our smile
    assert (mark.low, mark.high) == pytest.approx((0.82 * mark.debit, 1.18 * mark.debit))
    assert mark.natural is None
    assert mark.problems[0] == "no quotes: 24500 put: one-sided: no ask"


def test_without_any_chain_the_model_prices_it_and_is_called_so() -> None:
    around = world(chain_problems={("NDX", EXPIRATION): "404"})
    around = replace(around, underlyings={"NDX": Underlying(spot=SPOT, spot_asof=NOW, vols=VOLS)})
    mark = one_mark(condor(), around)
    assert (mark.kind, mark.source, mark.asof, mark.error_pct) == (
        PriceSource.MODEL, None, NOW, 25,  # docs/pricing.md: NDX, recommended
    )  # fmt: skip
    assert mark.decides
    assert mark.problems == (
        "no quotes: 404", "not anchored: no earlier chain is known",
    )  # fmt: skip


def test_the_model_decides_nothing_on_the_day_of_expiration() -> None:
    around = world()
    around = replace(around, underlyings={"NDX": Underlying(spot=SPOT, spot_asof=NOW, vols=VOLS)})
    mark = one_mark(condor(expiration=date(2026, 11, 18)), around)
    assert mark.kind is PriceSource.MODEL
    assert not mark.decides
    assert "the model failed its test at 0 DTE" in mark.problems[-1]


def test_an_anchor_of_the_last_day_decides_for_an_hour_with_its_own_error() -> None:
    today = date(2026, 11, 18)
    anchor = anchor_of(smile_chain(expiration=today))
    for minutes, decides in ((60, True), (61, False)):
        around = world(anchors={("NDXP", today): anchor}, now=NOW + timedelta(minutes=minutes))
        mark = one_mark(condor(expiration=today), around)
        # docs/pricing.md: a curve through every quote, an hour old, missed by 52 % in the mean
        assert (mark.kind, mark.error_pct) == (PriceSource.ANCHORED, 52)
        assert mark.decides is decides
    assert "decides no stop and no target" in mark.problems[-1]


def test_unknown_stays_unknown_with_every_reason() -> None:
    why = no_mark(condor(), world(spot=None))
    assert why == (
        "no quotes: no chain was fetched; not anchored: no earlier chain is known; "
        "no model price: NDX is unknown: no network"
    )
    assert "has no strikes" in no_mark(condor(strikes=None), world(condor_chain()))
    rut = condor(ticker="RUT")
    known = {"RUT": Underlying(spot=2_400.0, spot_asof=NOW, vols=VOLS)}
    assert "no volatility surface was measured for RUT" in no_mark(
        rut, replace(world(), underlyings=known)
    )


def test_stale_quotes_are_no_quotes() -> None:
    old = condor_chain(asof=NOW - timedelta(minutes=16))  # no delay stated: 3 × 300 s at most
    assert "stale: the quotes are of 2026-11-18 07:16 PT" in no_mark(
        condor(), world(old, spot=None)
    )


def test_an_anchor_of_the_session_before_last_is_too_old() -> None:
    anchor = anchor_of(smile_chain())
    friday = pacific("07:32", date(2026, 11, 20))
    assert "not anchored: the last chain is 2 days old" in no_mark(
        condor(), world(anchors={KEY: anchor}, now=friday, spot=SPOT)
    )


@pytest.mark.parametrize(
    ("ticker", "settlement", "root"),
    [("NDX", Settlement.PM, "NDXP"), ("NDX", Settlement.AM, "NDX"), ("SPY", Settlement.PM, "SPY")],
)
def test_a_position_is_marked_from_its_own_root_only(
    ticker: str, settlement: Settlement, root: str
) -> None:
    """NDX and NDXP of one date are two series."""
    position = condor(ticker=ticker, settlement=settlement)
    good = condor_chain(root=root)
    around = world(good)
    assert isinstance(one_mark(position, around), Mark)
    other = condor_chain(root="NDXP" if root != "NDXP" else "NDX")
    assert "no chain was fetched" in no_mark(position, world(other))


def test_one_side_is_marked_alone() -> None:
    puts = condor(strikes=Strikes(short_put=24_600.0, long_put=24_500.0))
    assert one_mark(puts, world(condor_chain(calls={}))).debit == pytest.approx(2.0)
    calls = condor(strikes=Strikes(short_call=25_400.0, long_call=25_500.0))
    assert one_mark(calls, world(condor_chain(puts={}, calls=CALLS))).debit == pytest.approx(1.0)
