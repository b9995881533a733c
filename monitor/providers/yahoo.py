"""Yahoo's charts through yfinance: newest prices, 5-minute bars, daily history.

yfinance keeps its session, cookies and caches per process, so one provider per process is
meant. It and pandas are imported by the constructor: importing this module costs nothing.
The client drops a last bar without a price silently, so a quote is judged by its stamp, the
*start* of its one-minute bar: its age is overstated by up to a minute, never understated.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from monitor.clock import NEW_YORK
from monitor.domain.instruments import has_volume
from monitor.domain.quotes import Bars, DailyBars, Floats, Quote, Stamps
from monitor.errors import PayloadError, ProviderError, UnknownSymbolError
from monitor.providers.base import QuoteBatch, SourceHealth

if TYPE_CHECKING:
    from pandas import DataFrame

    from monitor.providers.yahoo_session import CappedSession

T = TypeVar("T")

NAME = "yahoo"
_SILENT = logging.NullHandler()  # one: added twice it counts once
SYMBOLS = {
    "NDX": "^NDX",
    "SPX": "^GSPC",
    "RUT": "^RUT",
    "VIX": "^VIX",
    "VXN": "^VXN",
    "VIX9D": "^VIX9D",
    "VIX3M": "^VIX3M",
    "VIX1D": "^VIX1D",
    "RVX": "^RVX",
}
# Cboe's own indices come a quarter of an hour late, as Yahoo states for these exchanges.
DELAYED_EXCHANGES = {"WCB": timedelta(minutes=15), "CXI": timedelta(minutes=15)}
META = ("symbol", "exchangeName", "previousClose", "chartPreviousClose")
BAR = timedelta(minutes=5)
MAX_BAR_SESSIONS = 40  # the source keeps 60 calendar days of 5-minute bars
PERIODS = (
    (20, "1mo"), (60, "3mo"), (120, "6mo"), (245, "1y"), (495, "2y"), (1240, "5y"), (2500, "10y"),
)  # fmt: skip
CHART_INTERVALS = {"5m": BAR, "1h": timedelta(hours=1)}
CHART_STEPS = {"5m": 300, "1h": 1800}  # hourly bars begin with the session, at half past
_SYMBOL = re.compile(r"\^?[A-Z0-9][A-Z0-9.=-]{0,9}")
_CACHE_KEPT_S = 7 * 86_400


def yahoo_symbol(symbol: str) -> str:
    """Our symbol → Yahoo's: indices by table, everything else as it is.

    Raises:
        UnknownSymbolError: It cannot be a symbol at all; nothing was asked.
    """
    plain = symbol.strip().upper()
    if not _SYMBOL.fullmatch(plain):
        raise _unknown(symbol)
    return SYMBOLS.get(plain, plain)


class YahooProvider:
    """One session, one lock, one request at a time.

    Args:
        cache_dir: yfinance's caches go to a folder per process below it.
        session: A `CappedSession`; None makes one. Its `request` is where time is capped.
    """

    name = NAME
    simulated = False

    def __init__(
        self, *, timeout_s: float, cache_dir: Path, session: CappedSession | None = None
    ) -> None:
        import yfinance

        from monitor.providers.yahoo_session import CappedSession

        yfinance.config.debug.hide_exceptions = False
        # A log file that is configured has its words; a terminal without one is spared them.
        logging.getLogger("yfinance").addHandler(_SILENT)
        yfinance.set_tz_cache_location(str(_process_cache(cache_dir)))
        self._ticker = yfinance.Ticker
        self._session = session or CappedSession(timeout_s=timeout_s)
        self._timeout_s = timeout_s
        self._lock = threading.Lock()

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        quotes: dict[str, Quote] = {}
        errors: dict[str, ProviderError] = {}
        for symbol in symbols:
            try:
                quotes[symbol] = self._quote(symbol, now=now)
            except ProviderError as error:
                errors[symbol] = error
        return QuoteBatch(quotes=quotes, errors=errors)

    def chart(self, symbol: str, *, interval: str, period: str, now: datetime) -> Bars:
        """All bars of a span, for a history.

        Args:
            interval: "5m" (the source keeps 60 days of it) or "1h" (730 days).
            period: As the source names it: "5d", "1mo", "60d", "730d".
        """
        frame, _ = self._history(symbol, period=period, interval=interval)
        starts = _epoch_seconds(frame)
        step = CHART_STEPS[interval]
        whole = (starts % step == 0) & (starts <= int(now.timestamp()))  # the live row is no bar
        if not whole.any():
            raise _no_prices(symbol)
        frame = frame[whole]
        return Bars(
            symbol=symbol,
            interval=CHART_INTERVALS[interval],
            start=starts[whole],
            open=_column(frame, "Open"),
            high=_column(frame, "High"),
            low=_column(frame, "Low"),
            close=_column(frame, "Close"),
            volume=_volume(symbol, frame),
            source=NAME,
        )

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        period = "1d" if sessions <= 1 else "5d" if sessions <= 5 else "60d"
        frame, _ = self._history(symbol, period=period, interval="5m")
        starts = _epoch_seconds(frame)
        step = int(BAR.total_seconds())
        whole = (starts % step == 0) & (starts <= int(now.timestamp()))  # the live row is no bar
        frame, starts = frame[whole], starts[whole]
        days = np.array([stamp.astimezone(NEW_YORK).toordinal() for stamp in frame.index])
        wanted = np.isin(days, np.unique(days)[-min(sessions, MAX_BAR_SESSIONS) :])
        if not wanted.any():
            raise _no_prices(symbol)
        frame = frame[wanted]
        return Bars(
            symbol=symbol,
            interval=BAR,
            start=starts[wanted],
            open=_column(frame, "Open"),
            high=_column(frame, "High"),
            low=_column(frame, "Low"),
            close=_column(frame, "Close"),
            volume=_volume(symbol, frame),
            source=NAME,
        )

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        del now  # the source ends its history at its own present
        period = next((period for most, period in PERIODS if sessions <= most), "max")
        frame, _ = self._history(symbol, period=period, interval="1d")
        day = np.array([stamp.date().toordinal() for stamp in frame.index], dtype=np.int64)
        frame = frame.iloc[-sessions:]
        return DailyBars(
            symbol=symbol,
            day=day[-sessions:],
            open=_column(frame, "Open"),
            high=_column(frame, "High"),
            low=_column(frame, "Low"),
            close=_column(frame, "Close"),
            volume=_volume(symbol, frame),
            source=NAME,
        )

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=NAME, state="unused"),)

    def close(self) -> None:
        with self._lock:
            self._session.close()

    def ticker(self, name: str) -> Any:
        """The client's object for one of Yahoo's own symbols; nothing is asked yet."""
        return self._ticker(name, session=self._session)

    def ask(self, symbol: str, fetch: Callable[[Any], T], *, ticker: Any, what: str) -> T:
        """Let the client fetch one thing: one at a time, its warnings silenced.

        Raises:
            ProviderError: Whatever went wrong, in plain words.
        """
        from monitor.providers.yahoo_session import NoSuchSymbol

        try:
            with self._lock, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # yfinance's own, about its use of pandas
                return fetch(ticker)
        except NoSuchSymbol:
            raise _unknown(symbol) from None
        except ProviderError as error:
            error.symbol = symbol
            raise
        except Exception as error:  # the client raises whatever the body provokes
            raise _unreadable(symbol, error, what) from error

    def _quote(self, symbol: str, *, now: datetime) -> Quote:
        frame, meta = self._history(symbol, period="1d", interval="1m")
        last = frame.index[-1]
        volume = float(frame["Volume"].sum()) if has_volume(symbol) else 0.0
        return Quote(
            symbol=symbol,
            price=float(frame["Close"].iloc[-1]),
            asof=last.to_pydatetime().astimezone(UTC),
            fetched_at=now,
            source=NAME,
            delay=DELAYED_EXCHANGES.get(str(meta.get("exchangeName")), timedelta(0)),
            previous_close=_previous_close(meta),
            day_volume=volume if volume > 0 else None,
        )

    def _history(
        self, symbol: str, *, period: str, interval: str
    ) -> tuple[DataFrame, Mapping[str, Any]]:
        """Fetch one chart; rows without a close are not there.

        Raises:
            ProviderError: Whatever went wrong, in plain words, never "delisted".
        """
        name = yahoo_symbol(symbol)

        def fetch(ticker: Any) -> tuple[DataFrame, Mapping[str, Any]]:
            # Only asked for with start=; the request for it would double every fetch, and
            # a failure of it would stick in the client's cache.
            ticker._tz = "America/New_York"
            frame = ticker.history(
                period=period,
                interval=interval,
                actions=False,
                auto_adjust=False,
                timeout=self._timeout_s,
            )
            # Key by key: reading all of it makes the client fetch once more.
            return frame, {key: ticker.history_metadata.get(key) for key in META}

        frame, meta = self.ask(symbol, fetch, ticker=self.ticker(name), what="chart")
        frame = frame[np.isfinite(frame["Close"].to_numpy(dtype=float))] if len(frame) else frame
        if frame.empty:
            raise _no_prices(symbol)
        if meta.get("symbol") != name:
            raise PayloadError(
                f"yahoo answered for {str(meta.get('symbol'))[:20]!r} when asked for {name!r}",
                source=NAME,
                symbol=symbol,
                retryable=True,
            )
        return frame, meta


def _epoch_seconds(frame: DataFrame) -> Stamps:
    return np.array([int(stamp.timestamp()) for stamp in frame.index], dtype=np.int64)


def _column(frame: DataFrame, name: str) -> Floats:
    return frame[name].to_numpy(dtype=np.float64)


def _volume(symbol: str, frame: DataFrame) -> Floats:
    """Shares; NaN throughout for an index, whose zeros mean nothing."""
    return _column(frame, "Volume") if has_volume(symbol) else np.full(len(frame), np.nan)


def _previous_close(meta: Mapping[str, Any]) -> float | None:
    for key in ("previousClose", "chartPreviousClose"):
        value = meta.get(key)
        if isinstance(value, int | float) and np.isfinite(value) and value > 0:
            return float(value)
    return None


def _process_cache(cache_dir: Path) -> Path:
    """A folder of this process; those that killed processes left behind go after a week."""
    folder = cache_dir / f"yfinance-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    for other in cache_dir.glob("yfinance-*"):
        if other != folder and time.time() - other.stat().st_mtime > _CACHE_KEPT_S:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def _unknown(symbol: str) -> UnknownSymbolError:
    near = difflib.get_close_matches(symbol.upper(), [*SYMBOLS, "QQQ", "SPY", "XLE", "XLF"], n=1)
    return UnknownSymbolError(
        f"yahoo has no symbol {symbol[:20]!r}",
        source=NAME,
        symbol=symbol,
        hint=f"did you mean {near[0]}?" if near else "use the symbol Yahoo lists, as SPY or ^DJI",
    )


def _no_prices(symbol: str) -> PayloadError:
    return PayloadError(
        f"yahoo answered for {symbol} without a price: temporary",
        source=NAME,
        symbol=symbol,
        retryable=True,
    )


def _unreadable(symbol: str, error: Exception, what: str) -> ProviderError:
    """What the client made of a bad body; its guess "possibly delisted" is not passed on."""
    if type(error).__name__ == "YFPricesMissingError":
        return _no_prices(symbol)
    return PayloadError(
        f"yahoo answered for {symbol} with something that is no {what} "
        f"({type(error).__name__}): temporary",
        source=NAME,
        symbol=symbol,
        retryable=True,
    )
