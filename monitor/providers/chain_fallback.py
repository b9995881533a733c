"""Several live sources of chains as one: the first that has an expiration. Never a simulated one.

Each source has a breaker of its own. Quotes of two sources are never mixed in one chain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.errors import ConfigError, ProviderError
from monitor.providers.base import ChainBatch, ChainProvider, SourceHealth
from monitor.providers.resilience import Guard, Policy

Key = tuple[str, date]

# A chain is megabytes from a public server: one more try, and longer pauses than for a price.
CHAIN_POLICY = Policy(retries=1, wait=timedelta(minutes=2), max_wait=timedelta(minutes=15))


class ResilientChains:
    """Another source of chains, asked through a `Guard`.

    It failed when nothing came and asking again may help; a part of the answer is an answer.
    """

    def __init__(
        self,
        inner: ChainProvider,
        *,
        policy: Policy = CHAIN_POLICY,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner = inner
        self._guard = Guard(inner.name, policy=policy, sleep=sleep)
        self._delay = timedelta(0)

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def simulated(self) -> bool:
        return self._inner.simulated

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        try:
            batch = self._guard.call(lambda: self._answer(request, now), request.ticker, now)
        except ProviderError as error:
            return ChainBatch(errors=dict.fromkeys(_keys(request), error))
        if batch.chains:
            self._delay = max(chain.delay for chain in batch.chains)
        return batch

    def health(self) -> tuple[SourceHealth, ...]:
        return (replace(self._guard.health(), delay=self._delay),)

    def close(self) -> None:
        self._inner.close()

    def _answer(self, request: ChainRequest, now: datetime) -> ChainBatch:
        batch = self._inner.chains(request, now=now)
        failed = [error for error in batch.errors.values() if error.retryable]
        if failed and not batch.chains:
            raise failed[0]
        return batch


class FallbackChains:
    """Live sources in order; a later one is asked only for what the earlier ones lack.

    Raises:
        ConfigError: No source, or one is simulated.
    """

    name = "auto chains"
    simulated = False

    def __init__(self, sources: Sequence[ChainProvider]) -> None:
        for source in sources:
            if source.simulated:
                raise ConfigError(
                    f"live chains refuse {source.name!r}: it is simulated",
                    hint="ask for simulated data by name: --source demo",
                )
        if not sources:
            raise ConfigError("there is no live source of chains to ask")
        self._sources = tuple(sources)

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        chains: list[OptionChain] = []
        errors: dict[Key, list[ProviderError]] = {key: [] for key in _keys(request)}
        missing = request
        for source in self._sources:
            batch = source.chains(missing, now=now)
            chains += batch.chains
            for key, error in batch.errors.items():
                errors[key].append(error)
            came = {chain.expiration for chain in chains}
            left = tuple(day for day in request.expirations if day not in came)
            if not left:
                return ChainBatch(chains=tuple(chains))
            missing = replace(request, expirations=left)
        lacking = {key: _joined(key, errors[key]) for key in _keys(missing)}
        return ChainBatch(chains=tuple(chains), errors=lacking)

    def health(self) -> tuple[SourceHealth, ...]:
        return tuple(health for source in self._sources for health in source.health())

    def close(self) -> None:
        for source in self._sources:
            source.close()


def _keys(request: ChainRequest) -> Iterable[Key]:
    return ((request.ticker, day) for day in request.expirations)


def _joined(key: Key, errors: Sequence[ProviderError]) -> ProviderError:
    """What each source said."""
    ticker, day = key
    told = dict.fromkeys(error.message for error in errors)
    return ProviderError(
        "; ".join(told) or f"no source has a chain of {ticker} {day}",
        source="auto",
        symbol=ticker,
        retryable=any(error.retryable for error in errors),
    )
