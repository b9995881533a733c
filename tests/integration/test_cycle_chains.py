"""Chains through the whole cycle: asked for what is held, decided with, shown, kept, replayed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.chains import chain
from fakes.positions_book import put_spread
from fakes.spine import CALENDAR, NOW, FakeProvider, running

from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.domain.positions import Position, Strikes
from monitor.domain.step import CycleInputs
from monitor.domain.vocabulary import Settlement
from monitor.errors import ProviderError
from monitor.providers.base import ChainBatch, SourceHealth
from monitor.providers.replay_chains import ReplayChainProvider
from monitor.runtime import runner as module
from monitor.runtime.runner import Runner
from monitor.store.store import Store

MINUTE = timedelta(minutes=1)
EXPIRATION = date(2026, 11, 20)


class Chains:
    """One NDXP chain whose bid counts the questions; a live source as far as anyone can tell."""

    name = "cboe chains"
    simulated = False

    def __init__(self) -> None:
        self.asked: list[ChainRequest] = []
        self.works = True
        self.closed = False

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        self.asked.append(request)
        if not self.works:
            error = ProviderError("cboe cannot be reached", source="cboe", retryable=True)
            return ChainBatch(errors={(request.ticker, d): error for d in request.expirations})
        bid = float(len(self.asked))
        return ChainBatch(
            chains=tuple(
                chain(
                    puts={24_000: (bid, bid + 1), 23_900: (0.5, 1)}, asof=now - 15 * MINUTE,
                    expiration=day, source="cboe", delay=15 * MINUTE, fetched_at=now,
                )
                for day in request.expirations
            )
        )  # fmt: skip

    def health(self) -> tuple[SourceHealth, ...]:
        state = "ok" if self.works else "failing"
        return (SourceHealth(name=self.name, state=state, delay=15 * MINUTE),)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[CycleInputs]:
    """What each cycle was decided with."""
    seen: list[CycleInputs] = []
    decide = module.step

    def spy(state: Any, inputs: CycleInputs, **more: Any) -> Any:
        seen.append(inputs)
        return decide(state, inputs, **more)

    monkeypatch.setattr(module, "step", spy)
    return seen


def held() -> Position:
    return replace(
        put_spread(), ticker="NDX", expiration=EXPIRATION, settlement=Settlement.PM,
        strikes=Strikes(short_put=24_000.0, long_put=23_900.0), opened_at=NOW,
    )  # fmt: skip


@contextmanager
def cycling(home: Path, chains: Chains, **more: Any) -> Iterator[Runner]:
    with running(home, provider=FakeProvider(), chains=chains, **more) as runner:
        store = Store(runner.store.engine, runner.home.root)
        store.add(lambda id_: replace(held(), id=id_), at=NOW)
        yield runner


def bids(inputs: CycleInputs) -> list[tuple[str, float]]:
    return [(c.source, float(c.put.bid[1])) for c in inputs.chains]


def test_a_held_position_is_decided_with_its_chain(tmp_path: Path, told: list[CycleInputs]) -> None:
    chains = Chains()
    with cycling(tmp_path, chains) as runner:
        for n in range(6):
            runner.cycle(NOW + n * MINUTE)
    assert [bids(one) for one in told] == [[("cboe", 1.0)]] * 5 + [[("cboe", 2.0)]]
    assert chains.asked[0].held == (23_900.0, 24_000.0)
    assert chains.closed


def test_sources_of_chains_stand_on_the_page(tmp_path: Path) -> None:
    with cycling(tmp_path, Chains()) as runner:
        runner.cycle(NOW)
        assert runner.snapshot is not None
        shown = {p.name: p for p in runner.snapshot.health.providers}
    assert (shown["cboe chains"].state, shown["cboe chains"].delay_s) == ("ok", 900)


def test_why_there_is_no_chain_reaches_the_decision(
    tmp_path: Path, told: list[CycleInputs]
) -> None:
    chains = Chains()
    chains.works = False
    with cycling(tmp_path, chains) as runner:
        runner.cycle(NOW)
    assert told[0].chains == ()
    assert told[0].chain_problems == {("NDX", EXPIRATION): "cboe cannot be reached"}


def test_a_watched_day_is_replayed_with_its_chains(tmp_path: Path, told: list[CycleInputs]) -> None:
    with cycling(tmp_path, Chains(), record=True) as runner:
        for n in range(0, 16, 5):
            runner.cycle(NOW + n * MINUTE)
        history = runner.home.history
    replay = ReplayChainProvider(history, calendar=CALENDAR)
    request = ChainRequest(ticker="NDX", expirations=(EXPIRATION,))
    for inputs, n in zip(told, range(0, 16, 5), strict=True):
        (watched,) = inputs.chains
        (again,) = replay.chains(request, now=NOW + n * MINUTE + timedelta(seconds=59)).chains
        assert _told(again) == _told(watched)
        assert again.source == f"replay:{history} (cboe)"


def test_a_replay_and_a_simulation_keep_no_chains(tmp_path: Path) -> None:
    with cycling(tmp_path, Chains(), record=True, source="replay:/x") as runner:
        runner.cycle(NOW)
        assert not (runner.home.history / "chains").exists()


def _told(one: OptionChain) -> tuple[Any, ...]:
    return (
        one.asof, one.fetched_at, one.delay, one.strikes.tolist(), one.put.bid.tolist(),
        one.put.ask.tolist(),
    )  # fmt: skip
