"""Option chains for the cycle: asked for seldom, in a thread of their own, served meanwhile.

A chain is big and comes from a public source, so each underlying is asked for at most once an
interval, and a cycle waits only so long: a chain that comes too late is the next cycle's. What
was fetched last is served with its own stamp until it is replaced; whether it may still be
acted upon is judged by its age (`monitor/domain/chain_quotes.py`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from monitor.clock import NEW_YORK
from monitor.domain.alert_text import clock_text
from monitor.domain.chain_frozen import Unmoved, observed
from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import SessionState
from monitor.errors import DataError, ProviderError
from monitor.providers.base import ChainBatch, ChainProvider

logger = logging.getLogger(__name__)

Key = tuple[str, date]  # underlying, expiration
RETRY_AFTER = timedelta(minutes=1)
FINAL = timedelta(minutes=2)  # before the close: quotes as new are the session's last


class ChainRecorder(Protocol):
    """Where fetched chains are kept (`providers/chain_history.py`)."""

    def record(self, chains: Sequence[OptionChain]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReading:
    """What one cycle knows of chains; what it lacks has its reason in `problems`."""

    chains: tuple[OptionChain, ...] = ()
    problems: Mapping[Key, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """One underlying's last answers, and what was asked last."""

    request: ChainRequest
    asked_at: datetime
    answered: bool = False
    chains: tuple[OptionChain, ...] = ()
    errors: Mapping[Key, ProviderError] = field(default_factory=dict)


@dataclass(slots=True)
class ChainFeed:
    """One provider's chains for a set of underlyings.

    Args:
        interval: At least this long between two questions about one underlying.
        patience_s: How long a cycle waits for the thread; None: fetch within the cycle.
    """

    provider: ChainProvider
    calendar: TradingCalendar
    interval: timedelta
    patience_s: float | None = None
    recorder: ChainRecorder | None = None
    history_problem: str | None = None
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _unmoved: dict[tuple[str, date], Unmoved] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def fetch(self, requests: Sequence[ChainRequest], now: datetime) -> ChainReading:
        """Everything needed now, as far as it is known. Failures are `problems`, never raised."""
        if self._thread is None or not self._thread.is_alive():
            self._ask(tuple(r for r in requests if self._due(r, now)), now)
        with self._lock:
            kept = dict(self._kept)
            unmoved = dict(self._unmoved)
        found, problems = [], {}
        for request in requests:
            for day in request.expirations:
                chains, problem = _of_day(kept.get(request.ticker), request, day, unmoved)
                found += chains
                if problem is not None:
                    problems[request.ticker, day] = problem
        return ChainReading(chains=tuple(found), problems=problems)

    def _due(self, request: ChainRequest, now: datetime) -> bool:
        kept = self._kept.get(request.ticker)
        if kept is None or now < kept.asked_at or not kept.request.covers(request):
            return True
        failed = any(error.retryable for error in kept.errors.values())
        wait = min(RETRY_AFTER, self.interval) if failed else self.interval
        return now - kept.asked_at >= wait and not self._final(kept, now)

    def _final(self, kept: _Kept, now: datetime) -> bool:
        """No newer quotes come before the next session opens."""
        if not kept.chains or self.calendar.state_at(now)[0] is SessionState.OPEN:
            return False
        closed = self.calendar.last_closed(now)
        asked = [c for c in kept.chains if c.expiration in kept.request.expirations]
        return closed is not None and all(c.asof >= closed.close - FINAL for c in asked)

    def _ask(self, due: tuple[ChainRequest, ...], now: datetime) -> None:
        """Ask within the cycle, or start the thread and wait a little for it."""
        if not due:
            return
        for request in due:
            before = self._kept.get(request.ticker)
            self._kept[request.ticker] = (
                replace(before, request=request, asked_at=now)
                if before
                else _Kept(request=request, asked_at=now)
            )
        if self.patience_s is None:
            self._ask_each(due, now)
            return
        self._thread = threading.Thread(
            target=self._ask_each, args=(due, now), name="chains", daemon=True
        )
        self._thread.start()
        self._thread.join(self.patience_s)

    def _ask_each(self, due: Sequence[ChainRequest], now: datetime) -> None:
        for request in due:
            try:
                batch = self.provider.chains(request, now=now)
            except Exception as error:
                # The top of the thread's work: whatever a body provokes, exits must go on.
                logger.exception("chains not fetched")
                batch = ChainBatch(errors=dict.fromkeys(_keys(request), _unexpected(error)))
            self._take(request, batch, now)
            self._record(batch.chains)

    def _take(self, request: ChainRequest, batch: ChainBatch, now: datetime) -> None:
        """Replace what came; what did not come stays as it was last known."""
        is_open = self.calendar.state_at(now)[0] is SessionState.OPEN
        came = {(c.root, c.expiration) for c in batch.chains}
        today = now.astimezone(NEW_YORK).date()
        with self._lock:
            before = self._kept[request.ticker]
            stay = tuple(
                c
                for c in before.chains
                if (c.root, c.expiration) not in came and c.expiration >= today
            )
            self._kept[request.ticker] = replace(
                before, answered=True, chains=(*batch.chains, *stay), errors=dict(batch.errors)
            )
            for chain in batch.chains:
                key = (chain.root, chain.expiration)
                self._unmoved[key] = observed(self._unmoved.get(key), chain, session_open=is_open)
            for key in [key for key in self._unmoved if key[1] < today]:
                del self._unmoved[key]

    def _record(self, chains: Sequence[OptionChain]) -> None:
        """History is for later: a full disk must not stop today's marks."""
        if self.recorder is None or not chains:
            return
        try:
            self.recorder.record(chains)
        except (OSError, DataError) as error:
            self.history_problem = str(error)
            logger.warning("chains not recorded", extra={"reason": str(error)})
        else:
            self.history_problem = None


def _of_day(
    kept: _Kept | None, request: ChainRequest, day: date, unmoved: Mapping[Key, Unmoved]
) -> tuple[list[OptionChain], str | None]:
    """The chains of one expiration, and why there are none."""
    if kept is None:
        return [], "not fetched yet"
    chains = [c for c in kept.chains if c.expiration == day]
    frozen = {c.root: unmoved[c.root, day].frozen for c in chains}
    alive = [c for c in chains if frozen[c.root] is None]
    if alive:
        return alive, None
    if chains:
        return [], next(filter(None, frozen.values()))
    error = kept.errors.get((request.ticker, day))
    if error is not None:
        return [], error.message
    if not kept.answered:
        return [], f"asked at {clock_text(kept.asked_at)}, no answer yet"
    return [], f"no chain of {request.ticker} {day} came"


def _keys(request: ChainRequest) -> Iterator[Key]:
    return ((request.ticker, day) for day in request.expirations)


def _unexpected(error: Exception) -> ProviderError:
    return ProviderError(
        f"the chains could not be read ({type(error).__name__}: {error})",
        source="chains",
        retryable=True,
        hint="logs/monitor.log has the details",
    )
