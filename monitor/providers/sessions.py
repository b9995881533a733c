"""The exchange's sessions, from exchange_calendars, kept as a small file that loads at once.

exchange_calendars needs pandas (over a second from cold); `positions list` must not wait for
it. So the table is built once, written as JSON, and read back until the library changes, a
week has passed or the horizon comes near. The format is described in docs/data-formats.md.
"""

from __future__ import annotations

import importlib.metadata
import logging
import operator
import os
import tempfile
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import msgspec

from monitor.domain.trading_calendar import SessionTable, TradingCalendar

logger = logging.getLogger(__name__)

EXCHANGE = "XNYS"
SESSIONS_FILE = f"sessions-{EXCHANGE}.json"
FIRST_DAY = date(1990, 1, 1)  # VIX begins here; nothing older is ever asked for
AHEAD = timedelta(days=366)
MIN_AHEAD = timedelta(days=300)
MAX_AGE = timedelta(days=7)
LIBRARY = "exchange_calendars"


class CachedSessions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sessions-XNYS.json`: columns of one length; see `SessionTable` for the units."""

    exchange: str
    library_version: str
    built_on: date
    days: list[int]
    opens: list[int]
    closes: list[int]

    def usable(self, *, version: str, today: date) -> bool:
        """Whether these are whole, of this library version, recent and far-reaching enough."""
        return (
            self.exchange == EXCHANGE
            and self.library_version == version
            and today - self.built_on <= MAX_AGE
            and 0 < len(self.days) == len(self.opens) == len(self.closes)
            and date.fromordinal(self.days[-1]) - today >= MIN_AHEAD
            and sorted(set(self.days)) == self.days
            and all(map(operator.lt, self.opens, self.closes))
            and all(map(operator.lt, self.closes, self.opens[1:]))
        )

    def calendar(self) -> TradingCalendar:
        return TradingCalendar(SessionTable(days=self.days, opens=self.opens, closes=self.closes))


Builder = Callable[[date, str], CachedSessions]


def load_calendar(
    cache_dir: Path | None, *, today: date, build: Builder | None = None
) -> TradingCalendar:
    """The New York Stock Exchange's sessions from 1990 to about a year after `today`.

    Args:
        cache_dir: Folder of `sessions-XNYS.json`, made when needed; None: build, keep nothing.
        build: Makes the table when no usable file lies there; default exchange_calendars.
    """
    version = importlib.metadata.version(LIBRARY)
    path = None if cache_dir is None else cache_dir / SESSIONS_FILE
    cached = None if path is None else _read(path)
    if cached is not None and cached.usable(version=version, today=today):
        return cached.calendar()
    built = (build or build_sessions)(today, version)
    if path is not None:
        _write(path, built)
    return built.calendar()


def build_sessions(today: date, version: str) -> CachedSessions:
    """Ask exchange_calendars for the whole span; takes about a second."""
    with warnings.catch_warnings():
        # its and pandas' deprecations are between the two of them
        warnings.simplefilter("ignore")
        import exchange_calendars as xc

        try:
            found = xc.get_calendar(EXCHANGE, start=str(FIRST_DAY), end=str(today + AHEAD))
        except ValueError:  # beyond what the library knows: take all it has
            found = xc.get_calendar(EXCHANGE, start=str(FIRST_DAY))
        schedule = found.schedule
        return CachedSessions(
            exchange=EXCHANGE,
            library_version=version,
            built_on=today,
            days=[day.date().toordinal() for day in schedule.index],
            opens=[int(at.timestamp()) // 60 for at in schedule["open"]],
            closes=[int(at.timestamp()) // 60 for at in schedule["close"]],
        )


def _read(path: Path) -> CachedSessions | None:
    """The cached table, or None when it is absent or damaged (it is then built anew)."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=CachedSessions)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        logger.warning("session cache unreadable", extra={"path": str(path), "error": str(error)})
        return None


def _write(path: Path, table: CachedSessions) -> None:
    """Replace the file in one step; a folder that cannot be written only costs the next start."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(table))
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        logger.warning("session cache not kept", extra={"path": str(path), "error": str(error)})
