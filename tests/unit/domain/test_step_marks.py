"""Whole cycles: exits, ladder and settlement fire from marks, and from nothing less.

The condor of mark_cases was sold for $400: target at +$200 (debit 2.00), stop at −$800 (12.00).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from fakes.chains import EXPIRATION, Market
from fakes.spine import MINUTE, NOW, Cycle, daily, outage, pacific, quote, titles
from mark_cases import PUTS, SPOT, condor, condor_chain, with_greeks

from monitor.domain.alerts import Reason
from monitor.domain.exits import PriceReading
from monitor.domain.mark_memory import MarkMemory
from monitor.domain.option_chain import OptionChain
from monitor.domain.positions import PnlMark
from monitor.domain.scope import Scope
from monitor.domain.step import CycleResult
from monitor.domain.vocabulary import Level

QUARTER = timedelta(minutes=15)
# debit 12.0 + 1.0: the short put at 15.2, half a point of spread on it
STOPPED = {**PUTS, 24_600.0: (13.9, 16.5)}
# debit 11.5 + 1.0 = 12.5, natural 12.8 + 0.2 + 1.4 − 0.2: quotes 20 % of the credit apart
TIGHT = {24_500.0: (3.1, 3.3), 24_600.0: (14.4, 15.0)}


def held(**changed: Any) -> Cycle:
    return Cycle(inputs={"positions": (condor(**changed),)})


def chain_at(minute: int, puts: Mapping[float, Market] = PUTS, **more: Any) -> OptionChain:
    return condor_chain(puts=puts, asof=NOW + minute * MINUTE, **more)


def run(cycle: Cycle, minute: int, chain: OptionChain | None, **more: Any) -> CycleResult:
    return cycle.run(NOW + minute * MINUTE, chains=() if chain is None else (chain,), **more)


def reasons(result: CycleResult) -> list[tuple[Reason, str]]:
    return [(n.reason, n.title) for n in result.alerts.notices]


def pnl(result: CycleResult) -> float | None:
    mark = result.watch.watched[0].position.mark
    return None if mark is None else round(mark.pnl_usd, 2)


# two readings


def test_a_stop_fires_at_the_second_reading_and_says_where_the_pnl_is_from() -> None:
    cycle = held()
    first = run(cycle, 0, chain_at(0, STOPPED))
    assert pnl(first) == 400 - 100 * (12.0 + 1.0)
    assert titles(first) == []
    exits = first.watch.watched[0].exits
    assert exits is not None
    assert exits.price_note == "stop loss hit once: waits for a 2nd reading"
    second = run(cycle, 1, chain_at(1, STOPPED))
    assert titles(second) == [
        "EXIT SIGNAL - Position a3f8 | Reason: Stop loss hit | P&L: -$900.00 (-225.0%)"
    ]
    assert second.alerts.notices[0].details[1:] == (
        "Stop at P&L -$800.00",
        "P&L from quotes (test), as of 2026-11-18 07:33 PT, 0 s old",
        "Closing at the natural price: -$1,090.00",  # (16.5 − 3.0) + (2.4 − 1.0) = 14.9
    )


def test_a_target_fires_at_the_second_reading() -> None:
    cycle = held()
    calm = {24_500.0: (2.0, 2.6), 24_600.0: (2.6, 3.2)}  # debit 0.6 + 1.0: P&L $240
    assert titles(run(cycle, 0, chain_at(0, calm))) == []
    assert "Profit target hit | P&L: $240.00" in titles(run(cycle, 1, chain_at(1, calm)))[0]


def test_one_bad_quote_between_good_ones_is_no_exit() -> None:
    cycle = held()
    for minute, puts in enumerate((PUTS, STOPPED, PUTS, STOPPED, PUTS)):
        assert titles(run(cycle, minute, chain_at(minute, puts))) == []


def test_the_same_chain_served_twice_is_one_reading() -> None:
    cycle = held()
    still = {"readings": {"NDX": quote("NDX", SPOT), "VIX": quote("VIX", 17.0)}}
    one = chain_at(0, STOPPED)
    assert titles(run(cycle, 0, one, **still)) == []
    assert titles(run(cycle, 1, one, **still)) == []


def test_a_stop_that_fired_stays_due_while_its_quotes_are_moved_with_the_price() -> None:
    """A chain every five minutes, a price every minute: confirmed quotes stay confirmed."""
    greeks = (
        {24_600.0: (-0.10, 0.0004), 24_500.0: (-0.07, 0.0003)},
        {25_400.0: (0.06, 0.0003), 25_500.0: (0.03, 0.0002)},
    )
    cycle, states = held(), []
    for minute in range(9):
        at = NOW + minute * MINUTE
        prices = {
            "NDX": quote("NDX", SPOT - minute / 4, at), "VIX": quote("VIX", 17 + minute / 50, at),
        }  # fmt: skip
        chain = with_greeks(chain_at(minute - minute % 5, STOPPED), *greeks)
        exits = run(cycle, minute, chain, readings=prices).watch.watched[0].exits
        assert exits is not None
        states.append(exits.state.value)
    assert states == ["open"] * 5 + ["exit due"] * 4


# at once, and never


def test_a_natural_breach_on_tight_quotes_fires_at_once() -> None:
    result = run(held(), 0, chain_at(0, TIGHT))
    assert "Reason: Stop loss hit" in titles(result)[0]


def test_wide_quotes_trip_nothing_however_often() -> None:
    wide = {**PUTS, 24_600.0: (5.0, 26.0)}
    cycle = held()
    for minute in range(4):
        result = run(cycle, minute, chain_at(minute, wide))
        assert pnl(result) == 400 - 100 * (15.5 - 3.2 + 1.0)  # −$930, shown and not acted upon
        assert titles(result) == []
    exits = result.watch.watched[0].exits
    assert exits is not None
    assert "they decide no stop and no target" in exits.price_note


def test_wide_quotes_do_not_end_a_stop_either() -> None:
    cycle = held()
    run(cycle, 0, chain_at(0, STOPPED))
    assert len(titles(run(cycle, 1, chain_at(1, STOPPED)))) == 1
    wide = {**PUTS, 24_600.0: (0.0, 12.0)}
    for minute in range(2, 30, 5):
        assert Reason.RESOLVED not in [
            reason for reason, _ in reasons(run(cycle, minute, chain_at(minute, wide)))
        ]


def test_a_lost_chain_is_no_all_clear() -> None:
    """No VXN here: without quotes and without a price nothing marks it any more."""
    cycle = held()
    run(cycle, 0, chain_at(0, STOPPED))
    run(cycle, 1, chain_at(1, STOPPED))
    for minute in range(2, 40, 6):
        late = NOW + minute * MINUTE
        result = run(
            cycle, minute, None, readings={"NDX": outage(), "VIX": quote("VIX", 17.0, late)}
        )
        assert not [t for t in titles(result) if "over" in t]


# what the person logged


def test_a_logged_pnl_wins_while_it_is_fresh() -> None:
    logged = PnlMark(pnl_usd=-100.0, asof=NOW, source="you")
    cycle = held(mark=logged)
    for minute in (0, 5, 15):
        result = run(cycle, minute, chain_at(minute, STOPPED))
        assert (pnl(result), titles(result)) == (-100.0, [])
        assert result.watch.watched[0].marked is not None  # the mark is still shown beside it
    assert pnl(run(cycle, 16, chain_at(16, STOPPED))) == -900.0
    assert "Stop loss hit" in titles(run(cycle, 17, chain_at(17, STOPPED)))[0]


def test_a_pnl_logged_before_the_clock_was_set_back_silences_no_stop() -> None:
    cycle = held(mark=PnlMark(pnl_usd=-100.0, asof=NOW + timedelta(hours=3), source="you"))
    assert pnl(run(cycle, 0, chain_at(0, STOPPED))) == -900.0
    assert "Stop loss hit" in titles(run(cycle, 1, chain_at(1, STOPPED)))[0]


def test_a_logged_pnl_decides_at_once_and_serves_where_nothing_marks() -> None:
    cycle = held(mark=PnlMark(pnl_usd=250.0, asof=NOW - timedelta(hours=3), source="you"))
    result = run(cycle, 0, None)
    assert pnl(result) == 250.0
    assert "Profit target hit" in titles(result)[0]
    assert "logged by you" in result.alerts.notices[0].details[2]


def test_a_pnl_logged_before_the_last_mark_decides_nothing_when_the_chain_is_lost() -> None:
    """Logged +$250 three hours ago, marked +$100 since: one lost chain is no profit target."""
    cycle = held(mark=PnlMark(pnl_usd=250.0, asof=NOW - timedelta(hours=3), source="you"))
    assert pnl(run(cycle, 0, chain_at(0))) == 100.0
    result = run(cycle, 1, None)
    assert (pnl(result), titles(result)) == (100.0, [])
    mark = result.watch.watched[0].position.mark
    assert mark is not None
    assert (mark.source, mark.asof) == ("quotes", NOW)
    assert result.mark_rows == ()
    exits = result.watch.watched[0].exits
    assert exits is not None
    assert exits.undecided
    assert exits.price_note.startswith("the last mark decides nothing; now no quotes")


# delayed quotes


def test_trap_36_a_stop_from_old_quotes_says_how_old_and_how_far_they_were_moved() -> None:
    cycle = held()
    for minute in (0, 1):
        old = chain_at(minute - 15, STOPPED, delay=QUARTER)
        result = run(cycle, minute, old)
    details = "\n".join(result.alerts.notices[0].details)
    assert "P&L from quotes (test), as of 2026-11-18 07:18 PT, 15 min old" in details
    assert "Note: quotes are 15 min old and were not moved to the price now" in details
    assert "P&L is between" in details


# after a restart


def test_a_restart_neither_forgets_a_first_reading_nor_repeats_it() -> None:
    """A new process knows the newest stored reading: 2 minutes ago it was past the stop."""
    before = PriceReading(at=NOW - 2 * MINUTE, basis="earlier", pnl_usd=-950.0)
    seeds = {condor().id: MarkMemory(readings=(before,), best_usd=10.0, basis="earlier")}
    result = run(held(), 0, chain_at(0, STOPPED), mark_memories=seeds)
    assert "Stop loss hit" in titles(result)[0]
    old = replace(before, at=NOW - timedelta(minutes=40))
    seeds = {condor().id: MarkMemory(readings=(old,))}
    assert titles(run(held(), 0, chain_at(0, STOPPED), mark_memories=seeds)) == []


def test_a_restart_does_not_end_a_stop_that_fires() -> None:
    cycle = held()
    run(cycle, 0, chain_at(0, STOPPED))
    run(cycle, 1, chain_at(1, STOPPED))
    again = replace(cycle, state=type(cycle.state)())
    assert titles(run(again, 30, chain_at(30, STOPPED))) == []  # a first reading: undecided
    assert reasons(run(again, 31, chain_at(31, STOPPED)))[0][0] is Reason.REMINDER


# history


def test_each_new_reading_is_one_row_and_the_same_none() -> None:
    cycle = held()
    first = run(cycle, 0, chain_at(0))
    (row,) = first.mark_rows
    assert (row.pnl_usd, row.natural_usd, row.source, row.provider) == (
        pytest.approx(100.0), pytest.approx(20.0), "quotes", "test",
    )  # fmt: skip
    assert (row.at, row.asof, row.contracts, row.decides) == (NOW, NOW, 1, True)
    still = {"readings": {"NDX": quote("NDX", SPOT), "VIX": quote("VIX", 17.0)}}
    assert run(cycle, 1, chain_at(0), **still).mark_rows == ()
    assert len(run(cycle, 2, chain_at(2)).mark_rows) == 1


def test_where_several_monitors_share_a_database_each_stores_its_own_tickers() -> None:
    other = Scope(led=frozenset({"SPX"}), rest=False)
    result = run(held(), 0, chain_at(0), scope=other)
    assert pnl(result) == 100.0  # it is shown all the same
    assert result.mark_rows == ()
    assert len(run(held(), 0, chain_at(0), scope=Scope(led=frozenset({"NDX"}))).mark_rows) == 1


# the ladder


def test_a_short_strike_gets_worse_past_every_cool_down_and_does_not_flap() -> None:
    cycle = held()
    cycle.inputs["chains"] = (smile(),)
    told: list[tuple[Reason, Level, str]] = []
    path = (25_000, 24_800, 24_660, 24_665, 24_655, 24_590, 24_605, 24_590)
    for minute, price in enumerate(path):
        cycle.ndx = quote("NDX", float(price))
        result = cycle.run(NOW + minute * MINUTE)
        told += [
            (n.reason, n.level, n.title.split(" - ")[0])
            for n in result.alerts.notices
            if "Short strike" in n.title
        ]
    assert told == [
        (Reason.FIRST, Level.WARNING, "Short strike critical"),
        (Reason.ESCALATED, Level.EXIT, "Short strike breached"),
    ]


def test_the_ladder_shows_distances_in_the_quotes_own_expected_moves() -> None:
    cycle = held()
    result = cycle.run(chains=(smile(),))
    found = result.watch.watched[0].standing
    assert found is not None
    assert found.put is not None
    # the chain was made with 1.2 % to expiration: 300 points
    assert found.put.distance_moves == pytest.approx(400 / 300, rel=0.01)
    assert found.put.delta == pytest.approx(-0.09, abs=0.01)  # Φ(−ln(25000/24600)/0.012 …)
    assert "expected move 300" in result.watch.watched[0].near


def smile() -> OptionChain:
    from test_marks import smile_chain

    return smile_chain()


# settlement


def test_an_expired_position_is_settled_told_and_told_again_once_known() -> None:
    after = pacific("13:10", EXPIRATION)
    cycle = held()
    no_price = {"readings": {"NDX": outage(), "VIX": quote("VIX", 17.0, after)}}
    result = cycle.run(after, **no_price)
    assert len(titles(result)) == 1
    assert (
        "It settles on the closing prices (no close of 2026-11-20 is known yet)"
        in (result.alerts.notices[0].details[1])
    )
    assert result.settlements == ()
    cycle.ndx = quote("NDX", 24_570.0)
    result = cycle.run(after + MINUTE)
    assert (
        result.alerts.notices[0]
        .details[1]
        .startswith("expired: settled at 24,570.00, the last price of 2026-11-20")
    )
    assert result.settlements[0].pnl_usd == -2_600.0
    assert titles(cycle.run(after + 2 * MINUTE)) == []
    monday = pacific("06:00", date(2026, 11, 23))
    bars = {"NDX": daily("NDX", {EXPIRATION: 24_571.0})}
    result = cycle.run(monday, daily=bars)
    assert result.settlements[0].value == 24_571.0
    assert not [t for t in titles(result) if "Settle me" in t]


def test_a_position_in_an_unwatched_ticker_is_followed_too() -> None:
    other = condor(ticker="SPX")
    chain = replace(chain_at(0), underlying="SPX", root="SPXW", spot=SPOT - 10)
    readings = {
        "NDX": quote("NDX", 1.0), "VIX": quote("VIX", 17.0), "SPX": quote("SPX", 24_590.0),
    }  # fmt: skip
    result = Cycle().run(NOW, positions=(other,), chains=(chain,), readings=readings)
    assert set(result.contexts) == {"NDX"}
    assert "Short strike breached" in titles(result)[0]
