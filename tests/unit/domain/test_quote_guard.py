"""Which quotes are believed. Times and prices are made up; the limits are the defaults."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.quote_guard import GuardLimits, Judgement, QuoteMemory, disagreement, judge
from monitor.domain.quotes import Quote
from monitor.errors import DisagreementError, UnreachableError

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)  # Wednesday, noon in New York
CLOSE = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)  # Tuesday's close
LIMITS = GuardLimits(data_interval=MINUTE)


def quote(
    price: float, *, asof: datetime = NOON, symbol: str = "NDX", source: str = "a", late: int = 0
) -> Quote:
    return Quote(
        symbol=symbol,
        price=price,
        asof=asof,
        fetched_at=asof,
        source=source,
        delay=late * MINUTE,
    )


def after(*readings: Quote) -> QuoteMemory:
    """What is remembered once these were judged, each at its own stamp, in an open session."""
    memory = QuoteMemory()
    for reading in readings:
        memory, _ = judge(memory, reading, now=reading.asof, session_open=True, limits=LIMITS)
    return memory


def seen(
    memory: QuoteMemory, reading: object, *, at: datetime, session_open: bool = True, **more: object
) -> Judgement:
    return judge(
        memory,
        reading,
        now=at,
        session_open=session_open,
        limits=LIMITS,
        **more,  # type: ignore[arg-type]
    )[1]


def said(judgement: Judgement) -> str:
    return " | ".join(problem.why for problem in judgement.problems)


def test_fresh_quote_is_believed_without_remark() -> None:
    reading = quote(20_000.0)
    memory, judgement = judge(
        QuoteMemory(),
        reading,
        now=NOON + 59 * timedelta(seconds=1),
        session_open=True,
        limits=LIMITS,
    )
    assert judgement == Judgement(quote=reading, last_good=reading, stale=False, problems=())
    assert memory.last_good == reading


@settings(deadline=None)
@given(price=st.one_of(st.floats(max_value=0), st.sampled_from([math.nan, math.inf, -math.inf])))
def test_fault_07_impossible_price_is_refused_and_last_good_kept_with_its_age(price: float) -> None:
    good = quote(20_000.0)
    judgement = seen(after(good), quote(price, asof=NOON + MINUTE), at=NOON + MINUTE)
    assert judgement.quote == good
    assert judgement.quote.age(NOON + MINUTE) == MINUTE
    assert "a price is a finite number above 0" in said(judgement)


@pytest.mark.parametrize("price", [math.nan, math.inf, 0.0, -1.0])
def test_trap_29_first_impossible_price_leaves_unknown_not_a_default(price: float) -> None:
    judgement = seen(QuoteMemory(), quote(price), at=NOON)
    assert judgement.quote is None
    assert judgement.last_good is None
    assert judgement.problems


def test_trap_29_failed_fetch_with_no_history_leaves_unknown() -> None:
    error = UnreachableError("no network", source="a", retryable=True)
    judgement = seen(QuoteMemory(), error, at=NOON)
    assert (judgement.quote, judgement.last_good) == (None, None)
    assert said(judgement) == "no network"


def test_fault_08_spike_waits_and_is_dropped_when_price_returns() -> None:
    memory = after(quote(20_000.0))
    spike = quote(200.0, asof=NOON + MINUTE)  # a slipped decimal point
    memory, judgement = judge(memory, spike, now=spike.asof, session_open=True, limits=LIMITS)
    assert judgement.quote is None
    assert judgement.last_good == quote(20_000.0)
    assert "from 20000 to 200: waiting for a second reading" in said(judgement)
    back = quote(20_010.0, asof=NOON + 2 * MINUTE)
    memory, judgement = judge(memory, back, now=back.asof, session_open=True, limits=LIMITS)
    assert judgement.quote == back
    assert memory.suspect is None


def test_fault_08_spike_confirmed_by_a_second_reading_is_believed() -> None:
    first, second = quote(18_000.0, asof=NOON + MINUTE), quote(17_900.0, asof=NOON + 2 * MINUTE)
    judgement = seen(after(quote(20_000.0), first), second, at=second.asof)
    assert judgement.quote == second
    assert judgement.problems == ()


def test_fault_08_same_bar_heard_twice_confirms_nothing() -> None:
    spike = quote(200.0, asof=NOON + MINUTE)
    again = replace(spike, fetched_at=NOON + 2 * MINUTE)
    judgement = seen(after(quote(20_000.0), spike), again, at=NOON + 2 * MINUTE)
    assert judgement.quote is None


@pytest.mark.parametrize(
    ("symbol", "before", "after_", "believed"),
    [
        ("NDX", 20_000, 21_599, True),  # +7.995 %
        ("NDX", 20_000, 21_601, False),
        ("NDX", 20_000, 18_399, False),  # −8.005 %
        ("VIX", 20, 31.9, True),  # VIX may move 60 %
        ("VIX", 20, 32.1, False),
    ],
)
def test_fault_08_limits_differ_for_vol_indices(
    symbol: str, before: float, after_: float, believed: bool
) -> None:
    known = after(quote(before, symbol=symbol))
    judgement = seen(known, quote(after_, symbol=symbol, asof=NOON + MINUTE), at=NOON + MINUTE)
    assert (judgement.quote is not None) is believed


def test_fault_08_first_reading_far_from_previous_close_waits() -> None:
    odd = replace(quote(2_000.0), previous_close=20_000.0)
    assert seen(QuoteMemory(), odd, at=NOON).quote is None
    fine = replace(quote(20_400.0), previous_close=20_000.0)
    assert seen(QuoteMemory(), fine, at=NOON).quote == fine


@pytest.mark.parametrize(
    ("late", "age_s", "stale"),
    [(0, 180, False), (0, 181, True), (15, 1080, False), (15, 1081, True)],
)
def test_fault_09_fixed_stamp_and_moving_clock_goes_stale(
    late: int, age_s: int, stale: bool
) -> None:
    # 3 intervals of 60 s, plus the 15 minutes the source states
    fixed = quote(20_000.0, late=late)
    judgement = seen(after(fixed), fixed, at=NOON + timedelta(seconds=age_s))
    assert judgement.stale is stale
    assert judgement.quote == fixed
    assert ("stale" in said(judgement)) is stale


def test_fault_09_last_good_goes_stale_while_fetches_fail() -> None:
    memory = after(quote(20_000.0))
    error = UnreachableError("no network", source="a", retryable=True)
    assert not seen(memory, error, at=NOON + 2 * MINUTE).stale
    late = seen(memory, error, at=NOON + 4 * MINUTE)
    assert late.stale
    assert "no network" in said(late)
    assert "4 min old (limit 3 min)" in said(late)


def test_trap_36_delay_stated_by_the_source_widens_the_limit_and_stays_on_the_quote() -> None:
    delayed = quote(18.5, symbol="VIX", late=15)
    judgement = seen(after(delayed), delayed, at=NOON + 10 * MINUTE)
    assert not judgement.stale
    assert judgement.quote is not None
    assert judgement.quote.delay == 15 * MINUTE


def test_outside_sessions_last_close_is_as_new_as_can_be() -> None:
    night = CLOSE + timedelta(hours=9)
    at_close = quote(20_000.0, asof=CLOSE - MINUTE)  # the last one-minute bar starts at 15:59
    closed = {"session_open": False, "last_session_close": CLOSE}
    assert not seen(after(at_close), at_close, at=night, **closed).stale
    day_before = quote(19_900.0, asof=CLOSE - timedelta(days=1))
    old = seen(after(day_before), day_before, at=night, **closed)
    assert old.stale
    assert "the last session closed 2026-03-10 13:00 PT" in said(old)


def test_before_the_first_price_of_a_session_it_is_unknown_not_stale() -> None:
    opened = datetime(2026, 3, 11, 13, 30, tzinfo=UTC)
    yesterday = quote(20_000.0, asof=CLOSE - MINUTE)
    waiting = seen(after(yesterday), yesterday, at=opened + MINUTE, opened_at=opened)
    assert (waiting.quote, waiting.stale) == (None, False)
    assert said(waiting) == "no price of this session yet"
    late = seen(after(yesterday), yesterday, at=opened + 4 * MINUTE, opened_at=opened)
    assert late.stale


def test_before_the_open_the_last_close_is_still_shown() -> None:
    opened = datetime(2026, 3, 11, 13, 30, tzinfo=UTC)
    yesterday = quote(20_000.0, asof=CLOSE - MINUTE)
    morning = seen(
        after(yesterday),
        yesterday,
        at=opened - MINUTE,
        session_open=False,
        last_session_close=CLOSE,
        opened_at=opened,
    )
    assert (morning.quote, morning.stale) == (yesterday, False)


def test_fault_10_frozen_price_is_suspect_after_ten_repeats_and_recovers() -> None:
    readings = [quote(20_000.0, asof=NOON + i * MINUTE) for i in range(11)]
    tenth = seen(after(*readings[:9]), readings[9], at=readings[9].asof)
    assert not tenth.stale
    eleventh = seen(after(*readings[:10]), readings[10], at=readings[10].asof)
    assert eleventh.stale
    assert "frozen: 20000 in 11 readings" in said(eleventh)
    moved = quote(20_000.25, asof=NOON + 11 * MINUTE)
    assert not seen(after(*readings), moved, at=moved.asof).stale


def test_fault_10_one_bar_polled_often_is_not_frozen() -> None:
    polls = [quote(20_000.0)] * 30
    assert not seen(after(*polls), polls[0], at=NOON + MINUTE).stale


def test_stamp_from_the_future_is_refused_beyond_clock_skew() -> None:
    good = quote(20_000.0)
    ahead = quote(20_010.0, asof=NOON + timedelta(hours=1))
    judgement = seen(after(good), ahead, at=NOON + MINUTE)
    assert judgement.quote == good
    assert "stamp in the future" in said(judgement)
    slight = quote(20_010.0, asof=NOON + timedelta(seconds=30))
    assert seen(after(good), slight, at=NOON).quote == slight


def test_older_quote_does_not_replace_a_newer_one() -> None:
    newer, older = quote(20_000.0), quote(19_950.0, asof=NOON - 15 * MINUTE, source="b")
    judgement = seen(after(newer), older, at=NOON + MINUTE)
    assert judgement.quote == newer
    assert "older than the one of 2026-03-11 09:00 PT" in said(judgement)


def test_fault_11_disagreeing_sources_are_named_and_never_averaged() -> None:
    one, two = quote(20_000.0), quote(20_400.0, source="b")  # 1.96 % apart
    why = disagreement(one, two, limits=LIMITS)
    assert why is not None
    assert "a says 20000, b 20400: they disagree by 2.0 %" in why
    assert disagreement(one, quote(20_150.0, source="b"), limits=LIMITS) is None  # 0.74 %


def test_fault_11_delayed_source_is_late_not_wrong() -> None:
    late = quote(20_400.0, asof=NOON - 15 * MINUTE, source="b", late=15)
    assert disagreement(quote(20_000.0), late, limits=LIMITS) is None


def test_fault_11_disagreement_leaves_unknown_but_remembers_the_last_good() -> None:
    error = DisagreementError("they disagree", source="auto", retryable=True)
    good = quote(20_000.0)
    judgement = seen(after(good), error, at=NOON + MINUTE)
    assert (judgement.quote, judgement.last_good) == (None, good)
    assert said(judgement) == "they disagree"


def test_nothing_asked_keeps_the_last_good_one() -> None:
    good = quote(20_000.0)
    assert seen(after(good), None, at=NOON + MINUTE) == Judgement(
        quote=good, last_good=good, stale=False
    )
