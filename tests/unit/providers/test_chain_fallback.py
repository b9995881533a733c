"""Several sources of chains as one, on fakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from fakes.chains import chain
from fakes.spine import NOW

from monitor.domain.option_chain import ChainRequest
from monitor.errors import ConfigError, PayloadError, ProviderError, UnreachableError
from monitor.providers.base import ChainBatch, ChainProvider, SourceHealth
from monitor.providers.chain_fallback import FallbackChains, ResilientChains

A, B = date(2026, 11, 18), date(2026, 11, 20)


@dataclass
class Source:
    """Has chains of `days`, all with one bid; the rest fails."""

    name: str
    days: tuple[date, ...] = ()
    bid: float = 1.0
    simulated: bool = False
    error: ProviderError | None = None
    asked: list[tuple[date, ...]] = field(default_factory=list)
    closed: bool = False

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        self.asked.append(request.expirations)
        error = self.error or PayloadError(f"{self.name} broke", source=self.name, retryable=True)
        came = [day for day in request.expirations if day in self.days]
        return ChainBatch(
            chains=tuple(
                chain(puts={100: (self.bid, 9)}, expiration=day, source=self.name) for day in came
            ),
            errors={("NDX", day): error for day in request.expirations if day not in came},
        )

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=self.name, state="ok"),)

    def close(self) -> None:
        self.closed = True


def ask(*days: date) -> ChainRequest:
    return ChainRequest(ticker="NDX", expirations=days)


def told(errors: Mapping[tuple[str, date], ProviderError]) -> dict[date, str]:
    return {day: error.message for (_, day), error in errors.items()}


def test_the_second_source_is_asked_only_for_what_the_first_lacks() -> None:
    first, second = Source("cboe", days=(A,)), Source("yahoo", days=(A, B))
    batch = FallbackChains([first, second]).chains(ask(A, B), now=NOW)
    assert [(c.expiration, c.source) for c in batch.chains] == [(A, "cboe"), (B, "yahoo")]
    assert batch.errors == {}
    assert second.asked == [(B,)]


def test_fault_11_chain_sources_are_never_averaged() -> None:
    first, second = Source("cboe", days=(A,), bid=1.0), Source("yahoo", days=(A,), bid=3.0)
    (one,) = FallbackChains([first, second]).chains(ask(A), now=NOW).chains
    assert (one.source, one.put.bid[0]) == ("cboe", 1.0)
    assert second.asked == []


def test_what_nobody_has_says_what_each_said() -> None:
    none = ProviderError("yahoo has no chains of NDX", source="yahoo", retryable=False)
    batch = FallbackChains([Source("cboe"), Source("yahoo", error=none)]).chains(ask(A), now=NOW)
    assert told(batch.errors) == {A: "cboe broke; yahoo has no chains of NDX"}
    assert batch.errors["NDX", A].retryable


def test_simulated_chains_are_never_a_fallback() -> None:
    with pytest.raises(ConfigError, match="it is simulated"):
        FallbackChains([Source("cboe"), Source("demo", simulated=True)])
    with pytest.raises(ConfigError, match="no live source"):
        FallbackChains([])


def test_health_and_close_reach_every_source() -> None:
    sources = [Source("a"), Source("b")]
    both = FallbackChains(sources)
    assert isinstance(both, ChainProvider)
    assert [h.name for h in both.health()] == ["a", "b"]
    both.close()
    assert all(source.closed for source in sources)


def test_each_source_has_a_breaker_of_its_own() -> None:
    silent = UnreachableError("cboe cannot be reached", source="cboe", retryable=True)
    first, second = Source("cboe", error=silent), Source("yahoo", days=(A,))
    guarded = [ResilientChains(s, sleep=lambda _: None) for s in (first, second)]
    both = FallbackChains(guarded)
    for n in range(3):
        batch = both.chains(ask(A), now=NOW + n * timedelta(seconds=1))
        assert [c.source for c in batch.chains] == ["yahoo"]
    assert len(first.asked) == 1  # it never answered: left alone at once
    assert [h.state for h in both.health()] == ["open", "ok"]
    both.chains(ask(A), now=NOW + timedelta(minutes=3))
    assert len(first.asked) == 2


def test_a_part_of_an_answer_is_no_failure() -> None:
    source = Source("cboe", days=(A,))
    provider = ResilientChains(source, sleep=lambda _: None)
    batch = provider.chains(ask(A, B), now=NOW)
    assert (len(batch.chains), told(batch.errors)) == (1, {B: "cboe broke"})
    assert len(source.asked) == 1
    assert provider.health()[0].state == "ok"
