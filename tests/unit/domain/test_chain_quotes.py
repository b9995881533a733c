"""Which quotes of a chain are believed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from fakes.chains import chain
from fakes.spine import CALENDAR, NOW, pacific

from monitor.config import Settings
from monitor.domain.chain_quotes import (
    is_stale,
    leg_quote,
    max_chain_age,
    stale_problem,
    vertical_quote,
)
from monitor.domain.option_chain import OptionChain, Right

NAN = float("nan")
DELAY = timedelta(minutes=15)


def test_a_two_sided_leg_has_its_mid() -> None:
    leg = leg_quote(chain(puts={19_500: (4.2, 4.8)}), Right.PUT, 19_500)
    assert (leg.bid, leg.ask, leg.mid, leg.problem) == (4.2, 4.8, 4.5, None)


def test_a_locked_market_is_a_market() -> None:
    assert leg_quote(chain(puts={100: (1.0, 1.0)}), Right.PUT, 100).mid == 1.0


@pytest.mark.parametrize(
    ("bid", "ask", "why"),
    [
        (NAN, NAN, "not quoted"),
        (1.0, 0.0, "one-sided: no ask"),
        (1.0, NAN, "one-sided: no ask"),
        (NAN, 1.0, "one-sided: no bid was given"),
        (1.2, 1.0, "crossed: bid 1.2 above ask 1"),
        (0.0, 0.0, "not quoted"),
        (-1.0, 1.0, "one-sided: no bid was given"),
        (1.0, float("inf"), "one-sided: no ask"),
    ],
)
def test_a_leg_without_a_market_has_no_mid_and_says_why(bid: float, ask: float, why: str) -> None:
    leg = leg_quote(chain(calls={20_600: (bid, ask)}), Right.CALL, 20_600)
    assert leg.mid is None
    assert leg.problem == f"20600 call: {why}"


def test_a_strike_that_is_not_listed_is_named_with_its_series() -> None:
    leg = leg_quote(chain(puts={19_500: (4.2, 4.8)}), Right.PUT, 19_505)
    assert (leg.bid, leg.ask, leg.mid) == (None, None, None)
    assert leg.problem == "19505 put: not listed in NDXP 2026-11-20"


def test_a_leg_without_a_buyer_cannot_be_sold_but_can_be_valued() -> None:
    one = chain(puts={19_500: (0.0, 0.1)})
    assert leg_quote(one, Right.PUT, 19_500).mid == 0.05
    sold = leg_quote(one, Right.PUT, 19_500, to_sell=True)
    assert (sold.mid, sold.problem) == (None, "19500 put: nobody bids for the short leg")


def test_a_vertical_has_mid_and_both_natural_prices() -> None:
    one = chain(puts={19_500: (4.2, 4.8), 19_400: (3.0, 3.6)})
    spread = vertical_quote(one, Right.PUT, short=19_500, long=19_400, opening=True)
    assert (spread.width, spread.mid) == (100, 1.2)
    assert spread.natural_credit == 0.6  # 4.2 − 3.6
    assert spread.natural_debit == 1.8  # 4.8 − 3.0
    assert spread.problem is None


def test_a_short_leg_nobody_bids_for_blocks_opening_but_not_a_mark() -> None:
    one = chain(calls={20_500: (0.0, 0.2), 20_600: (0.0, 0.1)})
    opening = vertical_quote(one, Right.CALL, short=20_500, long=20_600, opening=True)
    held = vertical_quote(one, Right.CALL, short=20_500, long=20_600, opening=False)
    assert (opening.mid, opening.problem) == (None, "20500 call: nobody bids for the short leg")
    assert (held.mid, held.natural_debit) == (0.05, 0.2)


def test_a_mid_outside_the_width_is_unknown() -> None:
    one = chain(puts={100: (11.0, 13.0), 90: (0.5, 0.7)})
    spread = vertical_quote(one, Right.PUT, short=100, long=90, opening=False)
    assert spread.mid is None
    assert spread.problem == "100/90 put: mid 11.4 is outside 0 to 10 points"
    inverted = vertical_quote(
        chain(puts={100: (1.0, 1.2), 90: (1.5, 1.7)}), Right.PUT, short=100, long=90, opening=False
    )
    assert (inverted.mid, inverted.natural_credit) == (None, None)


def test_a_debit_of_exactly_the_width_is_not_lost_to_binary_fractions() -> None:
    one = chain(puts={100: (10.0, 10.05), 90: (0.05, 0.1)})
    spread = vertical_quote(one, Right.PUT, short=100, long=90, opening=False)
    assert spread.natural_debit == 10


def test_a_crossed_leg_leaves_no_natural_price() -> None:
    one = chain(puts={100: (3.0, 2.0), 90: (0.5, 0.7)})
    spread = vertical_quote(one, Right.PUT, short=100, long=90, opening=False)
    assert (spread.mid, spread.natural_credit, spread.natural_debit) == (None, None, None)
    assert spread.problem == "100 put: crossed: bid 3 above ask 2"


@pytest.mark.parametrize(("short", "long"), [(100, 100), (90, 100)])
def test_strikes_without_a_width_are_no_spread(short: float, long: float) -> None:
    one = chain(puts={100: (2.0, 2.2), 90: (2.0, 2.2)})
    spread = vertical_quote(one, Right.PUT, short=short, long=long, opening=True)
    assert spread.mid is None
    assert spread.problem is not None
    assert "has no width" in spread.problem


def quoted(minutes_old: float, delay: timedelta = DELAY) -> OptionChain:
    return chain(puts={100: (1, 2)}, asof=NOW - timedelta(minutes=minutes_old), delay=delay)


def test_three_scan_intervals_and_the_delay_are_allowed() -> None:
    assert max_chain_age(quoted(0), Settings()) == timedelta(minutes=30)
    assert not _stale(quoted(30))
    assert _stale(quoted(31))
    assert _stale(quoted(16, delay=timedelta(0)))


def test_staleness_names_the_time_and_the_limit() -> None:
    why = stale_problem(quoted(31), now=NOW, settings=Settings(), calendar=CALENDAR)
    assert why == "stale: the quotes are of 2026-11-18 07:01 PT (limit 30 min)"


def test_after_the_close_the_last_quotes_of_the_session_are_not_stale() -> None:
    last = chain(puts={100: (1, 2)}, asof=pacific("12:59"), delay=DELAY)
    saturday = pacific("10:00", date(2026, 11, 21))
    assert not _stale(last, "18:00")
    assert is_stale(last, now=saturday, settings=Settings(), calendar=CALENDAR)  # Friday's is newer
    assert _stale(chain(puts={100: (1, 2)}, asof=pacific("12:20"), delay=DELAY), "18:00")


def test_quotes_from_before_the_open_are_not_of_this_session() -> None:
    before = chain(puts={100: (1, 2)}, asof=pacific("06:25"), delay=DELAY)
    why = stale_problem(before, now=pacific("06:40"), settings=Settings(), calendar=CALENDAR)
    assert why == "no quotes of this session yet: the newest are of 2026-11-18 06:25 PT"


def test_a_stamp_in_the_future_is_not_believed() -> None:
    why = stale_problem(quoted(-5), now=NOW, settings=Settings(), calendar=CALENDAR)
    assert why is not None
    assert "in the future" in why


def _stale(one: OptionChain, clock: str = "07:32") -> bool:
    return is_stale(one, now=pacific(clock), settings=Settings(), calendar=CALENDAR)
