"""Who answers for which ticker: advisory locks of PostgreSQL, held by a living connection.

A leader that dies loses its connection, and with it its locks: the next cycle of a standby
takes over. SQLite knows one monitor a home, which answers for everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from monitor.domain.scope import ALONE, NOTHING, Scope
from monitor.store.postgres import translate_postgres

REST = "*"
_TRY = text("SELECT pg_try_advisory_lock(:lock)")
_RELEASE = text("SELECT pg_advisory_unlock(:lock)")


@dataclass(slots=True)
class Leadership:
    """The locks of one monitor process."""

    engine: Engine
    tickers: tuple[str, ...]
    current: Scope = NOTHING  # as of the last cycle
    _connection: Connection | None = None
    _held: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.engine.dialect.name != "postgresql":
            self.current = ALONE

    def covers(self, ticker: str | None) -> bool:
        """Whether this monitor tells the alerts of `ticker`, as of its last cycle."""
        return self.current.covers(ticker)

    def scope(self, others: Iterable[str]) -> Scope:
        """Take what is free, once a cycle; say what this monitor answers for.

        Args:
            others: Tickers of positions and alerts that this monitor does not watch.

        Raises:
            StoreUnavailableError: The server does not answer; all locks are lost.
        """
        if self.engine.dialect.name != "postgresql":
            return ALONE
        try:
            self.current = self._scope([t for t in others if t not in self.tickers])
            return self.current
        except DBAPIError as error:
            self.close()
            raise translate_postgres(error, self.engine) from error

    def close(self) -> None:
        """Give all locks back."""
        connection, self._connection = self._connection, None
        self._held.clear()
        self.current = NOTHING
        if connection is not None:
            connection.invalidate()  # ends the session, and with it its locks
            connection.close()

    def _scope(self, others: list[str]) -> Scope:
        if self._connection is None:
            # Outside the writers' turn, and open for as long as the monitor lives.
            self._connection = self.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT", read_only=True
            )
        connection = self._connection
        connection.execute(text("SELECT 1"))  # a cut connection has lost its locks: find out
        for ticker in (*self.tickers, REST):
            if ticker not in self._held and self._try(connection, ticker):
                self._held.add(ticker)
        elsewhere = [t for t in others if not self._is_free(connection, t)]
        elsewhere += [t for t in self.tickers if t not in self._held]
        return Scope(
            led=frozenset(self._held - {REST}),
            rest=REST in self._held,
            elsewhere=frozenset(elsewhere),
        )

    def _is_free(self, connection: Connection, ticker: str) -> bool:
        """Whether nobody watches the ticker now."""
        if not self._try(connection, ticker):
            return False
        connection.execute(_RELEASE, {"lock": lock_number(ticker)})
        return True

    @staticmethod
    def _try(connection: Connection, ticker: str) -> bool:
        return bool(connection.execute(_TRY, {"lock": lock_number(ticker)}).scalar())


def lock_number(ticker: str) -> int:
    """The same 63-bit number in every process."""
    digest = hashlib.blake2s(f"condorwatch:leader:{ticker}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
