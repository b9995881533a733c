"""What opens under an opportunity and what a position shows: every answer worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from fakes.snapshots import (
    NOON_NY,
    condor_trade,
    condor_what_if,
    quoted,
    rich_snapshot,
    weak_evidence,
)

from dashboard.evidence_card import evidence_card
from dashboard.mark_card import ladder_card, mark_card, settlement_card
from dashboard.opportunity_panel import OpportunityRow, opportunity_rows
from dashboard.payoff_picture import Picture, picture
from dashboard.position_panel import position_cards
from dashboard.price_source import provenance
from dashboard.text import Wording
from dashboard.trade_card import TradeCard, trade_card
from dashboard.what_if_card import what_if_card
from monitor.domain.positions import Strikes
from monitor.domain.snapshot import MarkView, PriceView, Problem, SettlementView, TradeView

SAY = Wording(zone=ZoneInfo("America/Los_Angeles"), zone_label="PT", now=NOON_NY)
SNAPSHOT = rich_snapshot()
CONDOR = Strikes(short_put=19500.0, long_put=19400.0, short_call=20500.0, long_call=20600.0)


def row(number: int = 0) -> OpportunityRow:
    return opportunity_rows(SNAPSHOT.opportunities, SAY)[number]


def card(trade: TradeView) -> TradeCard:
    found = trade_card(replace(SNAPSHOT.opportunities[0], trade=trade), SAY)
    assert found is not None
    return found


def drawn(price: float | None = 20000.0, pnl: float | None = None) -> Picture:
    found = picture(CONDOR, credit_usd=1000.0, usd_per_point=100.0, price=price, pnl_usd=pnl)
    assert found is not None
    return found


def test_the_trade_card_speaks_points_dollars_and_shares() -> None:
    found = card(condor_trade(NOON_NY))
    assert found.summary == "24400/24300 put · 25400/25500 call for 1.40 pts"
    assert found.series == "NDXP · expires Tue Feb 24 · PM settled"
    assert (found.credit_natural, found.credit_fill, found.credit_mid) == (
        "1.10 pts", "1.40 pts", "1.60 pts",
    )  # fmt: skip
    assert (found.per_contract, found.max_loss) == ("$140", "$9,860")
    assert found.breakevens == "24,398.60 and 25,401.40"
    put, call = found.shorts
    assert put.name == "Short put 24400"
    assert put.distance == "476.25 pts (1.91 %)"
    assert put.details == "1.24 expected moves, delta −0.08, touch 17 %"
    assert not call.breached


def test_what_is_not_known_of_a_trade_is_unknown_with_its_reason() -> None:
    blind = condor_trade(
        NOON_NY, credit_natural=None, credit_fill=None, credit_usd_per_contract=None,
        market_win_pct=None, order_line=None,
        problems=(Problem(what="credit_natural", why="the put 24300 has no bid"),),
    )  # fmt: skip
    found = card(blind)
    assert found.credit_fill == found.credit_natural == found.market_win == "unknown"
    assert found.problems == ("natural credit unknown: the put 24300 has no bid",)
    assert found.order_line == ""
    assert found.picture is None
    assert found.add_line == "positions add --from-alert A41 --price CREDIT --contracts 1"


def test_the_line_that_logs_a_trade_names_its_place_in_the_alert() -> None:
    second = replace(SNAPSHOT.opportunities[0], alert_line=2)
    found = trade_card(second, SAY)
    assert found is not None
    assert found.add_line == "positions add --from-alert A41#2 --price 1.40 --contracts 1"
    untold = trade_card(replace(second, alert_id=None), SAY)
    assert untold is not None
    assert untold.add_line == ""


@pytest.mark.parametrize(("minutes", "stale"), [(16, False), (25, False), (25.1, True)])
def test_a_quote_is_stale_ten_minutes_after_its_own_delay(minutes: float, stale: bool) -> None:
    found = provenance(quoted(NOON_NY, minutes=minutes), SAY)
    assert found is not None
    assert found.text == "quotes from cboe, delayed 15 min"
    assert found.stale is stale
    assert not found.estimated


def test_an_estimate_says_so_and_how_far_it_may_be_off() -> None:
    model = PriceView(kind="model", source=None, asof=NOON_NY, age_s=0, delay_s=0, error_pct=27.0)
    found = provenance(model, SAY)
    assert found is not None
    assert found.estimated
    assert found.text == (
        "estimated by the model, without a chain, typical error 27 % of the credit"
    )
    assert provenance(None, SAY) is None


def test_evidence_says_what_it_is_of_and_unknown_where_it_is() -> None:
    found = evidence_card(weak_evidence())
    assert found is not None
    assert found.rates[0].count == "178 trades, worth 92 independent ones"
    assert found.return_interval == "−1.32 % to +0.48 %"
    assert found.return_tone == ""  # the interval holds zero: neither gain nor loss
    assert (found.wins_per_full_loss, found.full_loss_in_20) == ("141.0", "60 %")
    bare = evidence_card(replace(weak_evidence(), return_low_pct=None, expected_return_pct=None))
    assert bare is not None
    assert (bare.expected_return, bare.return_interval) == ("unknown", "interval unknown")
    worse = evidence_card(replace(weak_evidence(), return_high_pct=-0.1))
    assert worse is not None
    assert worse.return_tone == "down"


def test_what_if_shows_both_sides_gaps_and_limits() -> None:
    found = what_if_card(condor_what_if())
    assert found is not None
    assert [(r.name, r.max_loss, r.with_trade) for r in found.risks] == [
        ("SPX Feb 20 AM", "$7,050", False), ("NDX Feb 24", "$29,575", True),
    ]  # fmt: skip
    assert [g.move for g in found.gaps] == ["−8 %", "−5 %", "−3 %", "+3 %", "+5 %"]
    assert found.gaps[2].book == "−$16,910"
    assert (found.before, found.after, found.fit) == ("$26,800", "$36,660", "0 contracts")


def test_a_card_keeps_its_name_when_ranks_change() -> None:
    first = row()
    moved = [replace(o, rank=o.rank + 3) for o in SNAPSHOT.opportunities]
    assert (
        first.key
        == opportunity_rows(moved, SAY)[0].key
        == ("NDX-3-P98-iron-condor-neutral-100-0-07-30")
    )
    keys = [r.key for r in opportunity_rows(SNAPSHOT.opportunities, SAY)]
    assert len(set(keys)) == len(keys) - 1  # the fixture holds one configuration twice


def test_a_row_without_any_part_does_not_open() -> None:
    assert row(0).card is not None
    assert row(2).card is None  # blocked: nothing was worked out


def test_the_payoff_is_drawn_to_scale() -> None:
    # one contract for 10 points: +$1,000 at best, 100 points − 10 = −$9,000 at worst
    found = drawn()
    assert (found.top, found.bottom) == ("+$1,000", "−$9,000")
    # from 19,256 to 20,744 (12 % of 1,200 on each side): 20,000 is the middle
    assert found.price is not None
    assert found.price.x == 50.0
    # zero lies a tenth below the top, within 8 % of headroom: 8 + 0.1 × 84
    assert found.zero_y == 16.4
    assert [t.text for t in found.breakevens] == ["19,490.00", "20,510.00"]
    assert [t.text for t in found.shorts] == ["19500", "20500"]
    # the flat top runs between the short strikes at y = 8, the floors at y = 92
    assert found.line.split(" ")[0].endswith(",92.0")
    assert " 16.4,8.0 83.6,8.0 " in found.line  # (19,500 − 19,256) ÷ 1,488


def test_pnl_of_now_stands_at_the_price_and_never_outside() -> None:
    assert drawn(pnl=0.0).now_y == drawn().zero_y
    below = drawn(pnl=-50_000.0).now_y
    assert below is not None
    assert 92 < below < 100
    assert drawn(price=None, pnl=10.0).now_y is None
    assert "the price now is unknown" in drawn(price=None).words


def test_a_price_far_outside_widens_the_picture() -> None:
    found = drawn(price=18000.0)
    assert found.price is not None
    assert 0 < found.price.x < 12
    assert found.price.anchor == "start"


def test_without_strikes_there_is_no_picture() -> None:
    assert picture(Strikes(), credit_usd=100, usd_per_point=100, price=1) is None
    half = Strikes(short_put=100.0)
    assert picture(half, credit_usd=100, usd_per_point=100, price=1) is None


def test_a_marks_range_is_said_only_where_something_is_uncertain() -> None:
    sure = MarkView(pnl_mid_usd=98.0, pnl_natural_usd=-42.0, low_usd=98.0, high_usd=98.0,
                    price=quoted(NOON_NY))  # fmt: skip
    found = mark_card(sure, SAY)
    assert found is not None
    assert (found.mid, found.natural, found.range) == ("+$98", "−$42", "")
    moved = mark_card(replace(sure, low_usd=61.0, high_usd=127.0), SAY)
    assert moved is not None
    assert moved.range == "+$61 to +$127"
    assert mark_card(None, SAY) is None


def test_a_position_shows_its_ladder_and_what_it_settled_at() -> None:
    due, settled, held = position_cards(SNAPSHOT.positions, SNAPSHOT.markets, SAY)
    assert due.ladder is not None
    assert (due.ladder.step, due.ladder.loud) == ("breached", "alarm")
    assert due.ladder.shorts[0].breached
    assert due.ladder.give_back == "$210"
    assert held.ladder is not None
    assert held.ladder.loud == "quiet"
    assert settled.settled is not None
    assert settled.settled.pnl == "+$180"
    assert ladder_card(None) is None
    assert settlement_card(None) is None


def test_the_price_beside_a_picture_says_when_it_is_old_or_missing() -> None:
    due, settled, held = position_cards(SNAPSHOT.positions, SNAPSHOT.markets, SAY)
    assert held.price_note == "NDX 24,876.25"
    assert due.price_note == "SPX 6,862.40, STALE"
    assert settled.price_note == "price of QQQ unknown: it is not watched"
    blank = [replace(m, price=None) for m in SNAPSHOT.markets]
    assert position_cards(SNAPSHOT.positions[:1], blank, SAY)[0].price_note == (
        "price of NDX unknown"
    )


def test_an_unknown_settlement_is_no_number() -> None:
    found = settlement_card(
        SettlementView(value=None, value_source=None, pnl_usd=None, text="expired: value unknown")
    )
    assert found is not None
    assert (found.pnl, found.known) == ("unknown", False)


def test_ages_are_those_of_the_page_not_of_the_snapshot() -> None:
    later = replace(SAY, now=NOON_NY + timedelta(minutes=30))
    found = provenance(quoted(NOON_NY), later)
    assert found is not None
    assert found.asof is not None
    assert found.asof.age == "46 min ago"
    assert found.stale
