"""Chains into the cycle: how often they are asked for, what is served meanwhile, what is said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any

from fakes.chains import chain
from fakes.spine import CALENDAR, NOW, pacific

from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.errors import ProviderError
from monitor.providers.base import ChainBatch, SourceHealth
from monitor.runtime.chain_feed import ChainFeed

MINUTE = timedelta(minutes=1)
DAY, NEXT = date(2026, 11, 18), date(2026, 11, 19)


def refused(why: str = "no network", *, retryable: bool = True) -> ProviderError:
    return ProviderError(why, source="test", retryable=retryable)


@dataclass
class FakeChains:
    """Answers every asked expiration with one NDXP chain whose bid counts the answers."""

    name: str = "test"
    simulated: bool = False
    asked: list[ChainRequest] = field(default_factory=list)
    failing: dict[date, ProviderError] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    moving: bool = True

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        self.before()
        self.asked.append(request)
        bid = float(len(self.asked)) if self.moving else 1.0
        return ChainBatch(
            chains=tuple(
                chain(puts={19_500: (bid, bid + 1)}, asof=now, expiration=day)
                for day in request.expirations
                if day not in self.failing
            ),
            errors={
                (request.ticker, day): error
                for day, error in self.failing.items()
                if day in request.expirations
            },
        )

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=self.name, state="ok"),)

    def close(self) -> None:
        pass


def ask(*days: date, **more: Any) -> ChainRequest:
    return ChainRequest(
        ticker="NDX", expirations=days or (DAY,), low_strike=18_000.0, high_strike=21_000.0, **more
    )


def feed_of(provider: FakeChains, **more: Any) -> ChainFeed:
    return ChainFeed(provider, CALENDAR, interval=5 * MINUTE, **more)


def bids(chains: Sequence[OptionChain]) -> list[float]:
    return [float(c.put.bid[0]) for c in chains]


def test_an_underlying_is_asked_at_most_once_an_interval_and_served_meanwhile() -> None:
    provider = FakeChains()
    feed = feed_of(provider)
    seen = [bids(feed.fetch([ask()], NOW + n * MINUTE).chains) for n in range(11)]
    assert seen == [[1.0]] * 5 + [[2.0]] * 5 + [[3.0]]
    assert len(provider.asked) == 3


def test_nothing_needed_is_nothing_asked() -> None:
    provider = FakeChains()
    feed = feed_of(provider)
    assert feed.fetch([], NOW).chains == ()
    assert provider.asked == []


def test_a_new_expiration_or_strike_is_asked_for_at_once() -> None:
    provider = FakeChains()
    feed = feed_of(provider)
    feed.fetch([ask()], NOW)
    assert len(feed.fetch([ask(DAY, NEXT)], NOW + MINUTE).chains) == 2
    feed.fetch([ask(DAY, NEXT, held=(25_000.0,))], NOW + 2 * MINUTE)
    assert len(provider.asked) == 3


def test_a_chain_that_is_not_needed_any_more_is_not_served() -> None:
    feed = feed_of(FakeChains())
    feed.fetch([ask(DAY, NEXT)], NOW)
    assert [c.expiration for c in feed.fetch([ask(NEXT)], NOW + MINUTE).chains] == [NEXT]


def test_fault_12_chain_that_is_missing_leaves_the_others() -> None:
    feed = feed_of(FakeChains(failing={NEXT: refused("no such expiration", retryable=False)}))
    reading = feed.fetch([ask(DAY, NEXT)], NOW)
    assert [c.expiration for c in reading.chains] == [DAY]
    assert reading.problems == {("NDX", NEXT): "no such expiration"}


def test_fault_04_chain_fetched_last_stays_with_its_own_stamp_when_the_source_fails() -> None:
    provider = FakeChains()
    feed = feed_of(provider)
    feed.fetch([ask()], NOW)
    provider.failing = {DAY: refused()}
    reading = feed.fetch([ask()], NOW + 6 * MINUTE)
    assert [c.asof for c in reading.chains] == [NOW]
    provider.failing = {}
    assert feed.fetch([ask()], NOW + 7 * MINUTE).chains[0].asof == NOW + 7 * MINUTE


def test_a_failed_fetch_is_tried_again_a_minute_later() -> None:
    provider = FakeChains(failing={DAY: refused()})
    feed = feed_of(provider)
    assert feed.fetch([ask()], NOW).problems == {("NDX", DAY): "no network"}
    feed.fetch([ask()], NOW + timedelta(seconds=30))
    assert len(provider.asked) == 1
    feed.fetch([ask()], NOW + MINUTE)
    assert len(provider.asked) == 2


def test_what_a_source_will_never_have_waits_a_whole_interval() -> None:
    provider = FakeChains(failing={DAY: refused("no chains of NDX", retryable=False)})
    feed = feed_of(provider)
    for n in range(5):
        feed.fetch([ask()], NOW + n * MINUTE)
    assert len(provider.asked) == 1


def test_after_the_close_the_last_quotes_are_kept_until_the_next_open() -> None:
    provider = FakeChains()
    feed = feed_of(provider)
    feed.fetch([ask(NEXT)], pacific("12:59"))
    for clock in ("13:10", "16:00", "23:00"):
        feed.fetch([ask(NEXT)], pacific(clock))
    assert len(provider.asked) == 1
    feed.fetch([ask(NEXT)], pacific("06:31", NEXT))
    assert len(provider.asked) == 2


def test_quotes_of_before_the_close_are_renewed_after_it() -> None:
    provider = FakeChains()
    feed = feed_of(provider)
    feed.fetch([ask(NEXT)], pacific("12:50"))
    feed.fetch([ask(NEXT)], pacific("13:01"))
    assert len(provider.asked) == 2


def test_fault_10_chain_that_repeats_itself_is_withheld_with_the_reason() -> None:
    feed = feed_of(FakeChains(moving=False))
    readings = [feed.fetch([ask()], NOW + n * 5 * MINUTE) for n in range(4)]
    assert [len(r.chains) for r in readings] == [1, 1, 1, 0]
    assert "frozen" in readings[-1].problems["NDX", DAY]


def test_one_underlyings_later_expirations_do_not_thaw_anothers() -> None:
    feed = feed_of(FakeChains(moving=False))
    both = [ask(DAY), replace(ask(NEXT), ticker="SPX")]
    readings = [feed.fetch(both, NOW + n * 5 * MINUTE) for n in range(4)]
    assert [len(r.chains) for r in readings] == [2, 2, 2, 0]


def test_a_clock_that_was_set_back_does_not_stop_the_asking() -> None:
    provider = FakeChains()
    feed = feed_of(provider)
    feed.fetch([ask()], NOW)
    feed.fetch([ask()], NOW - 60 * MINUTE)
    assert len(provider.asked) == 2


def test_a_mistake_in_a_provider_is_a_problem_and_no_lost_cycle() -> None:
    def fail() -> None:
        raise TypeError("a body nobody expected")

    feed = feed_of(FakeChains(before=fail))
    assert "a body nobody expected" in feed.fetch([ask()], NOW).problems["NDX", DAY]


@contextmanager
def hanging() -> Iterator[tuple[FakeChains, threading.Event]]:
    release = threading.Event()
    try:
        yield FakeChains(before=lambda: release.wait(10) and None), release
    finally:
        release.set()


def test_fault_03_19_chain_source_that_hangs_never_holds_up_the_cycle() -> None:
    with hanging() as (provider, release):
        feed = feed_of(provider, patience_s=0.05)
        begun = monotonic()
        reading = feed.fetch([ask()], NOW)
        for n in range(1, 20):
            feed.fetch([ask()], NOW + n * 5 * MINUTE)
        assert monotonic() - begun < 5  # twenty cycles while one call hangs for ten seconds
        assert reading.chains == ()
        assert "no answer yet" in reading.problems["NDX", DAY]
        assert threading.active_count() < 10
        release.set()
        thread = feed._thread
        assert thread is not None
        thread.join(5)
        assert len(provider.asked) == 1  # one question went out, none piled up
        assert feed.fetch([ask()], NOW + 101 * MINUTE).chains != ()


def test_last_chains_are_served_while_the_thread_is_away() -> None:
    with hanging() as (provider, release):
        feed = feed_of(provider, patience_s=0.05)
        release.set()
        assert len(feed.fetch([ask()], NOW).chains) == 1
        release.clear()
        reading = feed.fetch([ask()], NOW + 6 * MINUTE)
        assert [c.asof for c in reading.chains] == [NOW]


class Disk:
    """A recorder whose disk may be full."""

    def __init__(self) -> None:
        self.kept: list[OptionChain] = []
        self.full = False

    def record(self, chains: Sequence[OptionChain]) -> None:
        if self.full:
            raise OSError("No space left on device")
        self.kept += chains


def test_fetched_chains_are_recorded_and_a_full_disk_stops_nothing() -> None:
    disk = Disk()
    feed = feed_of(FakeChains(), recorder=disk)
    feed.fetch([ask()], NOW)
    assert len(disk.kept) == 1
    disk.full = True
    assert len(feed.fetch([ask()], NOW + 5 * MINUTE).chains) == 1
    assert feed.history_problem == "No space left on device"
    disk.full = False
    feed.fetch([ask()], NOW + 10 * MINUTE)
    assert feed.history_problem is None


def test_two_roots_of_one_date_are_both_served() -> None:
    provider = FakeChains()
    feed = feed_of(provider)
    both = provider.chains(ask(), now=NOW).chains
    am = replace(both[0], root="NDX")
    provider.chains = lambda request, *, now: ChainBatch(chains=(*both, am))  # type: ignore[method-assign]
    assert [c.root for c in feed.fetch([ask()], NOW).chains] == ["NDXP", "NDX"]
