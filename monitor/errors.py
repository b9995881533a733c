"""The exception tree, grouped by what the reader should do next.

Every error carries its values as attributes where code may act on them; the message
names the value, the allowed range and the remedy. Exit codes are the README's:
1 expected failure, 2 usage or settings, 3 data missing or stale.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar


class MonitorError(Exception):
    """Base of every expected failure. `hint` says what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(MonitorError):
    """Fix the settings or the command line."""

    exit_code = 2


class InputError(ConfigError):
    """A value the person typed is refused; nothing was written."""


class DataError(MonitorError):
    """Market data or a data file is missing, stale or malformed."""

    exit_code = 3


class ProviderError(DataError):
    """A fetch failed.

    Args:
        retryable: Trying the same source again later can help.
        retry_after: The source's own word on when, if it gave one.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str,
        retryable: bool,
        symbol: str | None = None,
        retry_after: timedelta | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.source = source
        self.retryable = retryable
        self.symbol = symbol
        self.retry_after = retry_after


class UnknownSymbolError(ProviderError):
    """The source answered that it has no such symbol."""

    def __init__(self, message: str, *, source: str, symbol: str, hint: str = "") -> None:
        super().__init__(message, source=source, retryable=False, symbol=symbol, hint=hint)


class PayloadError(ProviderError):
    """The source answered with something that is not the documented format."""


class UnreachableError(ProviderError):
    """No answer came at all: no network, no address, refused, or the time ran out."""


class RateLimitedError(ProviderError):
    """The source says we ask too often. `retry_after` is its own word, where it gave one."""


class NotOfferedError(ProviderError):
    """The source has no such kind of data, for any symbol; it was not even asked."""


class DisagreementError(ProviderError):
    """Two sources contradict each other, so neither is believed."""


class StaleDataError(DataError):
    """The newest value is older than its limit."""

    def __init__(self, message: str, *, asof: datetime, max_age: timedelta) -> None:
        super().__init__(message)
        self.asof = asof
        self.max_age = max_age


class CalendarHorizonError(DataError):
    """A date lies outside what the exchange calendar knows."""


class GridFileError(DataError):
    """The grid file as a whole cannot be read (a bad row is counted, not raised)."""


class DomainError(MonitorError, ValueError):
    """Values that contradict each other."""

    exit_code = 2


class InvalidSpreadError(DomainError):
    """Strikes, width or credit do not make a credit spread."""


class ImpliedVolError(DomainError):
    """No volatility has this price."""


class StoreError(MonitorError):
    """The database could not do what was asked."""


class PositionNotFoundError(StoreError):
    """No position has this id or prefix, or more than one has."""


class PositionClosedError(StoreError):
    """The position is closed already; what was asked needs an open one."""


class StoreBusyError(StoreError):
    """Another process holds the database's write lock."""


class StoreUnavailableError(StoreError):
    """The database server does not answer; trying again later can help."""


class StoreCorruptError(StoreError):
    """The database file is not a whole database of ours. It is never overwritten."""


class NotifyError(MonitorError):
    """A channel did not take a message.

    Args:
        permanent: Trying again cannot help (bad credentials, gone channel).
    """

    def __init__(self, message: str, *, permanent: bool, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent
