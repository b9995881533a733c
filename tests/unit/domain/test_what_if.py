"""What-if: hand-calculated books. NDX multiplier 100; amounts are dollars."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from fakes.positions_book import put_spread
from fakes.told import condor_trade, told_view

from monitor.config import Limits
from monitor.domain.positions import Position, Strikes
from monitor.domain.snapshot import GapView, OpportunityView, WhatIfView
from monitor.domain.trade import Trade, side_values
from monitor.domain.vocabulary import Settlement, SpreadType
from monitor.domain.what_if import (
    GAPS_PCT,
    expiration_risks,
    held,
    wanted,
    what_if_view,
    with_what_if,
)
from monitor.errors import InvalidSpreadError

DAY = date(2026, 11, 25)
CONDOR = Strikes(short_put=19500.0, long_put=19400.0, short_call=20500.0, long_call=20600.0)


def condor(contracts: int = 2, *, credit: float = 2.85, **over: Any) -> Trade:
    terms: dict[str, Any] = {
        "ticker": "NDX", "expiration": DAY, "settlement": Settlement.PM, "strikes": CONDOR,
        "credit": credit, "contracts": contracts, "multiplier": 100,
    }  # fmt: skip
    return wanted(**{**terms, **over})


def view(
    *positions: Position, trade: Trade | None = None, limits: Limits | None = None, **prices: float
) -> WhatIfView:
    return what_if_view(
        positions,
        trade or condor(),
        limits=limits or Limits(),
        prices=prices or {"NDX": 20000.0},
    )


def gap(found: WhatIfView, move: float) -> GapView:
    (row,) = [g for g in found.gaps if g.move_pct == move]
    return row


# The condor 19400/19500/20500/20600 for 2.85 points, one contract (hand-calculated).
@pytest.mark.parametrize(
    ("price", "pnl"),
    [(19000.0, -9715.0), (19450.0, -4715.0), (20000.0, 285.0), (20550.0, -4715.0)],
)
def test_a_condor_settles_as_calculated_by_hand(price: float, pnl: float) -> None:
    assert condor(1).pnl_usd(price) == pytest.approx(pnl)


@pytest.mark.parametrize(
    ("price", "value"), [(19000.0, 100.0), (19450.0, 50.0), (20000.0, 0.0), (20700.0, 100.0)]
)
def test_a_side_costs_its_intrinsic_value_up_to_its_width(price: float, value: float) -> None:
    assert side_values(CONDOR, price) == value


def test_alone_the_trade_risks_its_own_maximum_loss() -> None:
    found = view()
    # 2 × (100 × 100 − 285) = 19,430 on either side, never on both
    assert found.total_max_loss_usd == found.trade_max_loss_usd == 19430.0
    assert found.total_before_usd == 0.0
    (row,) = found.expirations
    assert (row.put_side_usd, row.call_side_usd, row.max_loss_usd) == (19430.0, 19430.0, 19430.0)
    assert row.with_trade


def test_sides_of_one_expiration_do_not_add_and_credits_are_kept() -> None:
    # held: three 100-point put spreads 19800/19700 for $150 in all
    found = view(put_spread())
    (row,) = found.expirations
    # below everything: 30,000 + 20,000 − 150 − 570 = 49,280; above: 20,000 − 570 − 150 = 19,280
    assert row.put_side_usd == 49280.0
    assert row.call_side_usd == 19280.0
    assert row.max_loss_usd == found.total_max_loss_usd == 49280.0
    assert found.total_before_usd == 29850.0


def test_expirations_and_underlyings_add() -> None:
    later = put_spread("bbbb", expiration=date(2026, 11, 30))
    spx = put_spread(
        "cccc", ticker="SPX", strikes=Strikes(short_put=6700.0, long_put=6675.0),
        contracts=1, credit_usd=100.0, max_loss_usd=2400.0,
    )  # fmt: skip
    found = view(later, spx, NDX=20000.0, SPX=6850.0)
    assert [(r.ticker, r.expiration.day, r.max_loss_usd) for r in found.expirations] == [
        ("NDX", 25, 19430.0), ("SPX", 25, 2400.0), ("NDX", 30, 29850.0),
    ]  # fmt: skip
    assert found.total_max_loss_usd == 19430.0 + 2400.0 + 29850.0
    assert "NDX and SPX are taken to move by the same percentage together" in found.notes


def test_am_and_pm_of_one_day_settle_at_two_prices_and_add() -> None:
    found = view(put_spread(settlement=Settlement.AM))
    assert len(found.expirations) == 2
    assert found.total_max_loss_usd == 19430.0 + 29850.0


def test_a_loss_between_two_spreads_is_found_where_neither_end_shows_it() -> None:
    # a put spread above a call spread: both lose in between, one at either end
    puts = Strikes(short_put=20800.0, long_put=20700.0)
    calls = Strikes(short_call=20500.0, long_call=20600.0)
    trades = [
        condor(1, strikes=puts, credit=3.0), condor(1, strikes=calls, credit=3.0),
    ]  # fmt: skip
    (row,) = expiration_risks(trades)
    # at 20650: −10,000 − 10,000 + 600; at either end −10,000 + 600
    assert row.max_loss_usd == 19400.0
    assert row.put_side_usd == row.call_side_usd == 9400.0


def test_gaps_are_those_asked_for_and_valued_at_expiration() -> None:
    found = view(put_spread())
    assert [g.move_pct for g in found.gaps] == list(GAPS_PCT) == [-8.0, -5.0, -3.0, 3.0, 5.0]
    # −3 %: 19,400: the put spread is lost (−29,850), the condor's puts too (−19,430)
    down = gap(found, -3.0)
    assert (down.pnl_usd, down.trade_usd) == (-49280.0, -19430.0)
    assert down.underlyings == ()  # one underlying is the whole book
    # +3 %: 20,600: the put spread keeps 150, the condor's calls are lost
    assert gap(found, 3.0).pnl_usd == 150.0 - 19430.0


def test_an_unknown_price_leaves_the_gap_unknown_and_says_so() -> None:
    xle = put_spread("dddd", ticker="XLE", strikes=Strikes(short_put=80.0, long_put=79.0),
                     contracts=1, credit_usd=20.0, max_loss_usd=80.0)  # fmt: skip
    down = gap(view(xle), -5.0)
    assert down.pnl_usd is None
    assert down.trade_usd == -19430.0
    assert dict(down.underlyings)["XLE"] is None
    assert "the price of XLE is unknown, so its gaps are" in view(xle).notes


def test_a_position_without_strikes_counts_at_its_full_risk() -> None:
    blind = put_spread("eeee", strikes=None, risk_usd=950.0, max_loss_usd=950.0, contracts=1)
    found = view(blind)
    assert found.total_max_loss_usd == 19430.0 + 950.0
    # up is where the puts would earn, but where they stand is not known; the calls are lost too
    assert gap(found, 3.0).pnl_usd == -19430.0 - 950.0
    assert any("at its full risk" in note and "eeee" in note for note in found.notes)


def test_limits_that_would_break_and_the_contracts_that_fit() -> None:
    # held 29,850 of 50,000: room 20,150; the condor needs 9,715 a contract
    fits = view(put_spread(), trade=condor(2))
    assert fits.breaks == ()
    assert fits.contracts_that_fit == 2
    breaks = view(put_spread(), trade=condor(3))
    assert breaks.breaks == ("Total Capital at Risk would be $58,995, limit $50,000",)
    assert breaks.contracts_that_fit == 2
    full = view(put_spread(), trade=condor(1), limits=Limits(max_positions=1))
    assert full.breaks == ("Open Positions would be 2, limit 1",)
    assert full.contracts_that_fit == 0


def test_exactly_at_the_limit_fits() -> None:
    exact = Limits(max_total_risk_usd=3 * 9715.0)
    assert view(limits=exact, trade=condor(3)).breaks == ()
    assert view(limits=exact, trade=condor(3)).contracts_that_fit == 3
    below = Limits(max_total_risk_usd=3 * 9715.0 - 0.01)
    assert view(limits=below, trade=condor(3)).contracts_that_fit == 2


def condor_position(strikes: Strikes, name: str = "a3f8") -> Position:
    return put_spread(name, spread_type=SpreadType.IRON_CONDOR, strikes=strikes)


def test_the_same_trade_is_said_to_be_held() -> None:
    (said,) = view(condor_position(CONDOR)).overlaps
    assert said == "you already hold this: a3f8, 3 × 19400/19500p 20500/20600c"
    other_day = replace(condor_position(CONDOR), expiration=date(2026, 11, 30))
    assert view(other_day).overlaps == ()


def test_a_long_leg_that_is_another_spreads_short_is_said_and_the_reverse() -> None:
    (said,) = view(put_spread(strikes=Strikes(short_put=19400.0, long_put=19300.0))).overlaps
    assert said.startswith("this long put 19400 is the short put of a3f8c2d1")
    (said,) = view(put_spread(strikes=Strikes(short_put=19600.0, long_put=19500.0))).overlaps
    assert said.startswith("this short put 19500 is the long put of a3f8c2d1")
    calls = put_spread(
        spread_type=SpreadType.CALL_SPREAD,
        strikes=Strikes(short_call=20600.0, long_call=20700.0),
    )
    (said,) = view(calls).overlaps
    assert said.startswith("this long call 20600 is the short call of a3f8c2d1")


def test_the_same_short_strike_in_another_spread_is_said() -> None:
    (said,) = view(put_spread(strikes=Strikes(short_put=19500.0, long_put=19450.0))).overlaps
    assert said == "the put 19500 is sold in a3f8c2d1 already"


def test_another_settlement_is_another_option() -> None:
    am = replace(condor_position(CONDOR), settlement=Settlement.AM)
    assert view(am).overlaps == ()


def test_a_credit_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidSpreadError):
        condor(credit=101.0)


def test_a_held_position_keeps_what_was_computed_when_it_was_logged() -> None:
    assert held(put_spread()).pnl_usd(19700.0) == -29850.0
    assert held(put_spread()).pnl_usd(19798.5) == pytest.approx(150.0 - 450.0)


def test_an_alerted_opportunity_gets_its_card_and_others_do_not() -> None:
    def added(view: OpportunityView) -> WhatIfView | None:
        return with_what_if(view, [], limits=Limits(), prices={"NDX": 20000.0}).what_if

    found = added(told_view(trade=condor_trade(order_contracts=2)))
    assert found is not None
    # 2 × (100 points × $100 − $140) = $19,720
    assert (found.contracts, found.trade_max_loss_usd) == (2, 19720.0)
    single = added(told_view())
    assert single is not None
    assert (single.contracts, single.trade_max_loss_usd) == (1, 9860.0)
    assert added(told_view(status="below")) is None
    assert added(told_view(trade=None)) is None
    assert added(told_view(trade=condor_trade(credit_fill=None))) is None
    assert added(told_view(trade=condor_trade(credit_fill=-0.2))) is None
