"""Is a fresh quote believable? One reading against what is known of its symbol. Pure.

A reading is refused (impossible), quarantined (a jump nobody confirmed), believed, or believed
with a reservation (stale, frozen). A refused reading leaves the last good one standing with its
own stamp, so its age tells. Nothing is averaged, repaired or made up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.domain.alert_text import clock_text
from monitor.domain.instruments import VOL_INDICES
from monitor.domain.quotes import Quote
from monitor.domain.snapshot import Problem
from monitor.errors import DisagreementError, ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """When a quote is no longer believed; percentages as in settings `[data]`."""

    data_interval: timedelta
    stale_after_intervals: float = 3.0
    frozen_after_readings: int = 10
    spike_pct: float = 8.0
    vix_spike_pct: float = 60.0
    disagree_pct: float = 1.0
    clock_tolerance: timedelta = timedelta(minutes=1)  # a stamp this far ahead is clock skew

    def max_age(self, quote: Quote) -> timedelta:
        return self.stale_after_intervals * self.data_interval + quote.delay

    def jump_pct(self, symbol: str) -> float:
        return self.vix_spike_pct if symbol in VOL_INDICES else self.spike_pct


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteMemory:
    """What is known of one symbol between two cycles.

    `suspect` is a jump that waits for confirmation; `unchanged` counts the believed readings
    in a row, each with a newer stamp, that repeated one price in an open session.
    """

    last_good: Quote | None = None
    suspect: Quote | None = None
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One symbol after this cycle.

    `quote` is the value to show: the newest believed one, or None when there is none or when
    readings contradict it. `stale` says that it must not be acted upon. `last_good` stays even
    when `quote` is None, so that a reader can say what was last known and when.
    """

    quote: Quote | None
    last_good: Quote | None
    stale: bool
    problems: tuple[Problem, ...] = ()


def judge(
    memory: QuoteMemory,
    reading: Quote | ProviderError | None,
    *,
    now: datetime,
    session_open: bool,
    limits: GuardLimits,
    last_session_close: datetime | None = None,
    opened_at: datetime | None = None,
) -> tuple[QuoteMemory, Judgement]:
    """Judge what one fetch brought.

    Args:
        reading: The quote, the error in its place, or None when nothing was asked.
        last_session_close: Close of the newest session that is over. Outside sessions a quote
            of that session is as new as can be; None: unknown, so age alone decides.
        opened_at: Open of today's session. Until its first price may be expected, an older
            one is UNKNOWN rather than STALE; None: no such grace.
    """
    if isinstance(reading, DisagreementError):
        memory = replace(memory, suspect=None, unchanged=0)
        return memory, _unknown(memory, reading.message)
    if not isinstance(reading, Quote):
        why = (reading.message,) if reading is not None else ()
    else:
        refused = _refusal(memory, reading, now=now, limits=limits)
        if refused is not None:
            why = (refused,)
        elif _is_jump(memory, reading, session_open=session_open, limits=limits):
            memory = replace(memory, suspect=reading)
            return memory, _unknown(memory, _jump_text(memory, reading))
        else:
            memory, why = _believe(memory, reading, session_open=session_open), ()
    return memory, _standing(
        memory,
        why,
        now=now,
        session_open=session_open,
        limits=limits,
        last_session_close=last_session_close,
        opened_at=opened_at if session_open else None,
    )


def disagreement(first: Quote, second: Quote, *, limits: GuardLimits) -> str | None:
    """Say how two sources contradict each other, or None.

    Only prices of about the same time are compared: a delayed source is late, not wrong.
    """
    if not (_possible(first.price) and _possible(second.price)):
        return None
    if abs(first.asof - second.asof) > limits.stale_after_intervals * limits.data_interval:
        return None
    apart = 100 * abs(first.price / second.price - 1)
    if apart <= limits.disagree_pct:
        return None
    return (
        f"{first.source} says {first.price:g}, {second.source} {second.price:g}: they disagree "
        f"by {apart:.1f} % (more than {limits.disagree_pct:g} %), so neither is believed"
    )


def _possible(price: float) -> bool:
    return math.isfinite(price) and price > 0


def _refusal(
    memory: QuoteMemory, reading: Quote, *, now: datetime, limits: GuardLimits
) -> str | None:
    if not _possible(reading.price):
        return f"{reading.source} gave {reading.price:g}: a price is a finite number above 0"
    if reading.asof > now + limits.clock_tolerance:
        return (
            f"{reading.source} gave a stamp in the future ({clock_text(reading.asof)}, "
            f"here it is {clock_text(now)}): check this machine's clock"
        )
    last = memory.last_good
    if last is not None and reading.asof < last.asof:
        return (
            f"{reading.source} gave a price of {clock_text(reading.asof)}, older than "
            f"the one of {clock_text(last.asof)} that is known"
        )
    return None


def _is_jump(
    memory: QuoteMemory, reading: Quote, *, session_open: bool, limits: GuardLimits
) -> bool:
    """Whether the reading is too far from what is known and no second reading confirms it."""
    known = memory.last_good.price if memory.last_good else reading.previous_close
    limit = limits.jump_pct(reading.symbol)
    if known is None or not _possible(known) or _apart_pct(reading.price, known) <= limit:
        return False
    suspect = memory.suspect
    if suspect is None or _apart_pct(reading.price, suspect.price) > limit:
        return True
    # The same bar read twice confirms nothing while the market still makes new ones.
    newer = reading.asof > suspect.asof
    heard_again = not session_open and reading.fetched_at > suspect.fetched_at
    return not (newer or heard_again)


def _apart_pct(price: float, known: float) -> float:
    return 100 * abs(price / known - 1)


def _jump_text(memory: QuoteMemory, reading: Quote) -> str:
    known = memory.last_good.price if memory.last_good else reading.previous_close
    return (
        f"{reading.source} jumped from {known:g} to {reading.price:g}: waiting for a second reading"
    )


def _believe(memory: QuoteMemory, reading: Quote, *, session_open: bool) -> QuoteMemory:
    last = memory.last_good
    if last is None or not session_open or reading.price != last.price:
        unchanged = 0
    else:
        unchanged = memory.unchanged + (reading.asof > last.asof)
    return QuoteMemory(last_good=reading, suspect=None, unchanged=unchanged)


def _unknown(memory: QuoteMemory, why: str) -> Judgement:
    problem = Problem(what="price", why=why)
    return Judgement(quote=None, last_good=memory.last_good, stale=False, problems=(problem,))


def _standing(
    memory: QuoteMemory,
    why: tuple[str, ...],
    *,
    now: datetime,
    session_open: bool,
    limits: GuardLimits,
    last_session_close: datetime | None,
    opened_at: datetime | None,
) -> Judgement:
    """The last good quote as it stands now: usable, stale, frozen or not of this session."""
    quote = memory.last_good
    problems = [Problem(what="price", why=text) for text in why]
    if quote is None:
        return Judgement(quote=None, last_good=None, stale=False, problems=tuple(problems))
    if _before_first_price(quote, now=now, opened_at=opened_at, limits=limits):
        problems.append(Problem(what="price", why="no price of this session yet"))
        return Judgement(quote=None, last_good=quote, stale=False, problems=tuple(problems))
    stale = _stale_text(
        quote,
        now=now,
        session_open=session_open,
        limits=limits,
        last_session_close=last_session_close,
    )
    if stale is None and session_open and memory.unchanged >= limits.frozen_after_readings:
        stale = f"frozen: {quote.price:g} in {memory.unchanged + 1} readings in a row"
    if stale is not None:
        problems.append(Problem(what="price", why=stale))
    return Judgement(
        quote=quote, last_good=quote, stale=stale is not None, problems=tuple(problems)
    )


def _before_first_price(
    quote: Quote, *, now: datetime, opened_at: datetime | None, limits: GuardLimits
) -> bool:
    if opened_at is None or quote.asof >= opened_at:
        return False
    return now - opened_at <= limits.max_age(quote)


def _stale_text(
    quote: Quote,
    *,
    now: datetime,
    session_open: bool,
    limits: GuardLimits,
    last_session_close: datetime | None,
) -> str | None:
    limit = limits.max_age(quote)
    if not session_open and last_session_close is not None:
        if quote.asof >= last_session_close - limit:
            return None
        return (
            f"stale: the newest price is of {clock_text(quote.asof)}, the last session "
            f"closed {clock_text(last_session_close)}"
        )
    age = quote.age(now)
    if age <= limit:
        return None
    minutes, allowed = age.total_seconds() / 60, limit.total_seconds() / 60
    return (
        f"stale: the newest price is of {clock_text(quote.asof)}, {minutes:.0f} min old "
        f"(limit {allowed:g} min)"
    )
