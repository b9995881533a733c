"""Asking a source that may be down: a few retries, then leave it alone for a while.

The circuit breaker is a pure state machine over instants. *Closed*: calls pass. *Open*: calls
are refused without asking, until `wait` is over. *Half-open*: one probe passes; its outcome
closes or re-opens. A source that answers "no such symbol" has answered: that is no failure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import tenacity

from monitor.clock import PACIFIC
from monitor.domain.quotes import Bars, DailyBars, Quote
from monitor.errors import NotOfferedError, ProviderError, RateLimitedError, UnreachableError
from monitor.providers.base import MarketDataProvider, QuoteBatch, SourceHealth

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient we are with one source.

    A source that has never answered, or stops answering, is left alone sooner than one that
    answers badly: each silent call costs its whole time limit, for every symbol.
    """

    retries: int = 2
    backoff: timedelta = timedelta(seconds=0.5)  # doubles
    failures_to_open: int = 3  # calls in a row, retries included in each
    silent_to_open: int = 2  # calls in a row without any answer; 1 if it never answered
    wait: timedelta = timedelta(seconds=30)
    max_wait: timedelta = timedelta(minutes=5)  # "too often" doubles the wait up to this


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """State of one source's breaker; `failures` and `silent` are calls in a row."""

    failures: int = 0
    silent: int = 0
    opened_at: datetime | None = None
    wait: timedelta = timedelta(0)
    probing: bool = False
    last_ok_at: datetime | None = None
    error: str | None = None

    def retry_at(self) -> datetime | None:
        return self.opened_at + self.wait if self.opened_at else None

    def allows(self, now: datetime) -> bool:
        """Whether a call may go out. A clock that was set back does not prolong the wait."""
        if self.opened_at is None:
            return True
        due = now < self.opened_at or now >= self.opened_at + self.wait
        return due and not self.probing

    def entered(self) -> Breaker:
        """A call goes out; from the open state it is the probe."""
        return replace(self, probing=self.opened_at is not None)

    def succeeded(self, now: datetime) -> Breaker:
        return Breaker(last_ok_at=now)

    def failed(self, error: ProviderError, now: datetime, policy: Policy) -> Breaker:
        was_open = self.opened_at is not None
        silent = self.silent + 1 if isinstance(error, UnreachableError) else 0
        state = replace(
            self, failures=self.failures + 1, silent=silent, probing=False, error=error.message
        )
        patience = policy.silent_to_open if self.last_ok_at else 1
        limited = isinstance(error, RateLimitedError)
        if not (
            was_open or limited or silent >= patience or state.failures >= policy.failures_to_open
        ):
            return state
        # One probe a cycle burdens nobody, unless the source itself asks for fewer.
        wait = max(policy.wait, min(self.wait * 2, policy.max_wait)) if limited else policy.wait
        wait = max(wait, error.retry_after or timedelta(0))
        return replace(state, opened_at=now, wait=wait)

    def health(self, name: str) -> SourceHealth:
        if self.opened_at is not None:
            state = "open"
        elif self.failures:
            state = "failing"
        else:
            state = "ok" if self.last_ok_at else "unused"
        return SourceHealth(
            name=name,
            state=state,
            last_ok_at=self.last_ok_at,
            failures=self.failures,
            retry_at=self.retry_at(),
            error=self.error,
        )


class Guard:
    """Calls of one source: a few retries, and its breaker.

    Args:
        name: As the messages name the source.
        sleep: Waits seconds between retries.
    """

    def __init__(self, name: str, *, policy: Policy, sleep: Callable[[float], None]) -> None:
        self._name = name
        self._policy = policy
        self._sleep = sleep
        self._lock = threading.Lock()
        self._breaker = Breaker()

    def health(self) -> SourceHealth:
        return self._breaker.health(self._name)

    def call(self, ask: Callable[[], T], symbol: str, now: datetime) -> T:
        """Ask once, or up to `1 + retries` times; the breaker counts the call as one.

        Raises:
            ProviderError: The source's own, or that it is being left alone.
        """
        with self._lock:
            if not self._breaker.allows(now):
                raise self._left_alone(symbol)
            self._breaker = self._breaker.entered()
            retries = 0 if self._breaker.probing else self._policy.retries
        try:
            answer = self._retrying(retries)(ask)
        except ProviderError as error:
            self._note(error, now)
            raise
        except BaseException:
            with self._lock:
                self._breaker = replace(self._breaker, probing=False)
            raise
        with self._lock:
            self._breaker = self._breaker.succeeded(now)
        return answer

    def _note(self, error: ProviderError, now: datetime) -> None:
        """Count the outcome: an answer we do not like is an answer all the same."""
        with self._lock:
            if isinstance(error, NotOfferedError):
                self._breaker = replace(self._breaker, probing=False)
            elif error.retryable:
                self._breaker = self._breaker.failed(error, now, self._policy)
            else:
                self._breaker = self._breaker.succeeded(now)

    def _retrying(self, retries: int) -> tenacity.Retrying:
        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(1 + retries),
            wait=tenacity.wait_exponential(multiplier=self._policy.backoff.total_seconds()),
            retry=tenacity.retry_if_exception(_worth_a_retry),
            sleep=self._sleep,
            reraise=True,
        )

    def _left_alone(self, symbol: str) -> ProviderError:
        at = self._breaker.retry_at()
        when = (
            f"until {at.astimezone(PACIFIC):%H:%M:%S} PT" if at else "for now"
        )  # a probe is under way
        return ProviderError(
            f"{self._breaker.error}; not asked again {when}",
            source=self._name,
            symbol=symbol,
            retryable=True,
        )


class ResilientProvider:
    """Another provider, asked symbol by symbol through a `Guard`."""

    def __init__(
        self,
        inner: MarketDataProvider,
        *,
        policy: Policy | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner = inner
        self._guard = Guard(inner.name, policy=policy or Policy(), sleep=sleep)
        self._delay = timedelta(0)

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def simulated(self) -> bool:
        return self._inner.simulated

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        quotes: dict[str, Quote] = {}
        errors: dict[str, ProviderError] = {}
        for symbol in symbols:
            try:
                quotes[symbol] = self._guard.call(lambda s=symbol: self._one(s, now), symbol, now)  # type: ignore[misc]
            except ProviderError as error:
                errors[symbol] = error
        if quotes:
            self._delay = max(quote.delay for quote in quotes.values())
        return QuoteBatch(quotes=quotes, errors=errors)

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        return self._guard.call(
            lambda: self._inner.bars(symbol, sessions=sessions, now=now), symbol, now
        )

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        return self._guard.call(
            lambda: self._inner.daily(symbol, sessions=sessions, now=now), symbol, now
        )

    def health(self) -> tuple[SourceHealth, ...]:
        return (replace(self._guard.health(), delay=self._delay),)

    def close(self) -> None:
        self._inner.close()

    def _one(self, symbol: str, now: datetime) -> Quote:
        batch = self._inner.quotes([symbol], now=now)
        if symbol in batch.quotes:
            return batch.quotes[symbol]
        raise batch.errors[symbol]


def _worth_a_retry(error: BaseException) -> bool:
    """A bad answer may be mended by asking again; silence and "too often" only by waiting."""
    return (
        isinstance(error, ProviderError)
        and error.retryable
        and not isinstance(error, UnreachableError | RateLimitedError)
    )
