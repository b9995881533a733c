"""Retries and breaker, on a scripted source and instants of our own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.errors import (
    NotOfferedError,
    PayloadError,
    ProviderError,
    RateLimitedError,
    UnknownSymbolError,
    UnreachableError,
)
from monitor.providers.base import QuoteBatch, SourceHealth
from monitor.providers.resilience import Breaker, Policy, ResilientProvider

NOON = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = Policy()


def bad() -> PayloadError:
    return PayloadError("bad answer", source="fake", retryable=True)


def silent() -> UnreachableError:
    return UnreachableError("no answer", source="fake", retryable=True)


def limited(after: timedelta | None = None) -> RateLimitedError:
    return RateLimitedError("too often", source="fake", retryable=True, retry_after=after)


def unknown() -> UnknownSymbolError:
    return UnknownSymbolError("no such symbol", source="fake", symbol="X")


class Scripted:
    """Each ask takes the symbol's next outcome; the last one stays."""

    name = "fake"
    simulated = False

    def __init__(self, **script: Sequence[ProviderError | float]) -> None:
        self.script = {symbol: list(outcomes) for symbol, outcomes in script.items()}
        self.asked: list[str] = []

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        batch = QuoteBatch(quotes={}, errors={})
        for symbol in symbols:
            self.asked.append(symbol)
            outcomes = self.script[symbol]
            outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
            if isinstance(outcome, ProviderError):
                batch.errors[symbol] = outcome  # type: ignore[index]
            else:
                batch.quotes[symbol] = Quote(  # type: ignore[index]
                    symbol=symbol, price=outcome, asof=now, fetched_at=now, source="fake"
                )
        return batch

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        self.asked.append(symbol)
        raise bad()

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        self.asked.append(symbol)
        raise NotOfferedError("no history here", source="fake", retryable=False)

    def health(self) -> tuple[SourceHealth, ...]:
        return ()

    def close(self) -> None:
        self.asked.append("closed")


def resilient(source: Scripted) -> tuple[ResilientProvider, list[float]]:
    slept: list[float] = []
    return ResilientProvider(source, sleep=slept.append), slept


def test_fault_02_temporary_error_is_retried_twice_with_growing_pauses() -> None:
    source = Scripted(VIX=[bad()])
    provider, slept = resilient(source)
    batch = provider.quotes(["VIX"], now=NOON)
    assert source.asked == ["VIX"] * 3
    assert slept == [0.5, 1.0]
    assert batch.errors["VIX"].message == "bad answer"


def test_fault_02_retry_that_succeeds_is_a_success() -> None:
    provider, _ = resilient(Scripted(VIX=[bad(), 18.5]))
    assert provider.quotes(["VIX"], now=NOON).quotes["VIX"].price == 18.5
    assert provider.health()[0].state == "ok"


def test_fault_01_too_often_is_not_retried_and_opens_at_once() -> None:
    source = Scripted(NDX=[limited()], VIX=[18.5])
    provider, slept = resilient(source)
    batch = provider.quotes(["NDX", "VIX"], now=NOON)
    assert source.asked == ["NDX"]
    assert slept == []
    assert set(batch.errors) == {"NDX", "VIX"}
    assert "too often; not asked again until 09:00:30 PT" in batch.errors["VIX"].message


def test_fault_01_one_probe_then_all_is_well() -> None:
    source = Scripted(NDX=[limited(), 20_000.0], VIX=[18.5])
    provider, _ = resilient(source)
    provider.quotes(["NDX", "VIX"], now=NOON)
    provider.quotes(["NDX", "VIX"], now=NOON + 29 * SECOND)
    assert source.asked == ["NDX"]
    batch = provider.quotes(["NDX", "VIX"], now=NOON + 30 * SECOND)
    assert set(batch.quotes) == {"NDX", "VIX"}
    assert provider.health()[0] == SourceHealth(
        name="fake", state="ok", last_ok_at=NOON + 30 * SECOND
    )


def test_fault_01_failed_probe_is_asked_once_and_waits_twice_as_long() -> None:
    source = Scripted(NDX=[limited()], VIX=[18.5])
    provider, _ = resilient(source)
    for offset in (0, 30, 60, 89):
        provider.quotes(["NDX", "VIX"], now=NOON + offset * SECOND)
    assert source.asked == ["NDX", "NDX"]  # at 0 and at 30; the next is due at 90
    provider.quotes(["NDX"], now=NOON + 90 * SECOND)
    assert source.asked == ["NDX"] * 3


def test_fault_01_wait_stops_growing_at_five_minutes() -> None:
    state = Breaker()
    for _ in range(12):
        state = state.entered().failed(limited(), NOON, POLICY)
    assert state.wait == timedelta(minutes=5)


def test_fault_01_retry_after_is_honored() -> None:
    state = Breaker().entered().failed(limited(timedelta(minutes=12)), NOON, POLICY)
    assert not state.allows(NOON + timedelta(minutes=11, seconds=59))
    assert state.allows(NOON + timedelta(minutes=12))


def test_breaker_opens_after_three_bad_calls_in_a_row() -> None:
    source = Scripted(A=[bad()], B=[bad()], C=[bad()], D=[1.0])
    provider, _ = resilient(source)
    batch = provider.quotes(["A", "B", "C", "D"], now=NOON)
    assert source.asked == ["A"] * 3 + ["B"] * 3 + ["C"] * 3
    assert "D" in batch.errors
    assert provider.health()[0].state == "open"


def test_fault_12_one_bad_symbol_does_not_stop_the_others() -> None:
    source = Scripted(A=[1.0], B=[bad()], C=[3.0])
    provider, _ = resilient(source)
    for cycle in range(10):
        batch = provider.quotes(["A", "B", "C"], now=NOON + cycle * 60 * SECOND)
        assert set(batch.quotes) == {"A", "C"}
        assert set(batch.errors) == {"B"}


def test_fault_06_unknown_symbol_is_an_answer_not_a_failure() -> None:
    source = Scripted(A=[unknown()], B=[unknown()], C=[unknown()], D=[4.0])
    provider, slept = resilient(source)
    batch = provider.quotes(["A", "B", "C", "D"], now=NOON)
    assert set(batch.quotes) == {"D"}
    assert source.asked == ["A", "B", "C", "D"]
    assert slept == []


def test_fault_03_source_that_never_answered_is_asked_once() -> None:
    source = Scripted(A=[silent()], B=[silent()], C=[silent()])
    provider, _ = resilient(source)
    provider.quotes(["A", "B", "C"], now=NOON)
    assert source.asked == ["A"]


def test_fault_03_source_that_answered_before_gets_a_second_chance() -> None:
    source = Scripted(A=[1.0, silent()], B=[2.0, silent(), 2.5], C=[3.0])
    provider, _ = resilient(source)
    provider.quotes(["A", "B", "C"], now=NOON)
    source.asked.clear()
    provider.quotes(["A", "B", "C"], now=NOON + 60 * SECOND)
    assert source.asked == ["A", "B"]
    batch = provider.quotes(["B", "C"], now=NOON + 120 * SECOND)
    assert set(batch.quotes) == {"B", "C"}


def test_fault_15_clock_set_back_does_not_prolong_the_wait() -> None:
    state = Breaker().entered().failed(limited(), NOON, POLICY)
    assert state.allows(NOON - timedelta(hours=1))


def test_only_one_probe_at_a_time() -> None:
    state = Breaker().entered().failed(limited(), NOON, POLICY)
    later = NOON + 30 * SECOND
    assert state.allows(later)
    assert not state.entered().allows(later)


def test_not_offered_says_nothing_about_the_source() -> None:
    source = Scripted()
    provider, _ = resilient(source)
    with pytest.raises(NotOfferedError):
        provider.daily("A", sessions=5, now=NOON)
    assert provider.health()[0].state == "unused"


def test_probe_that_crashes_leaves_room_for_the_next() -> None:
    class Crash(Scripted):
        def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
            raise KeyboardInterrupt

    source = Crash(A=[limited(), 1.0])
    provider, _ = resilient(source)
    provider.quotes(["A"], now=NOON)
    with pytest.raises(KeyboardInterrupt):
        provider.daily("A", sessions=5, now=NOON + 60 * SECOND)
    assert "A" in provider.quotes(["A"], now=NOON + 61 * SECOND).quotes


def test_bars_are_guarded_too_and_close_reaches_the_source() -> None:
    source = Scripted()
    provider, _ = resilient(source)
    with pytest.raises(PayloadError):
        provider.bars("A", sessions=1, now=NOON)
    provider.close()
    assert source.asked == ["A", "A", "A", "closed"]
    assert (provider.name, provider.simulated) == ("fake", False)
