"""Yahoo's option chains, through the same session as its quotes: one expiration a request.

Yahoo gives bid, ask, implied volatility and open interest, no greeks; indices come often
without any options, which is said and not taken for zero. The answer states no time of its
quotes: they are taken to be a quarter of an hour late, as free option quotes are; so the price
of the underlying beside them, which is of now, is not theirs in a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from monitor.domain.delayed_quotes import said_at
from monitor.domain.instruments import underlying
from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.domain.quotes import Floats
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import PayloadError, ProviderError, RateLimitedError, UnreachableError
from monitor.providers.base import ChainBatch, SourceHealth
from monitor.providers.option_rows import Said, Symbols, chains_of, read_symbols, wanted_rows
from monitor.providers.yahoo import NAME, YahooProvider, yahoo_symbol

DELAY = timedelta(minutes=15)
OPTION_SYMBOLS = {"SPX": "^SPX"}  # the index's own chart symbol, ^GSPC, lists none
SAME = timedelta(minutes=1)  # a price of the underlying this much newer is of the quotes' time
NO_VOL = 1e-3  # Yahoo writes 0.00001 where it has none


@dataclass(frozen=True, slots=True)
class _Page:
    """One expiration as it came."""

    symbols: Symbols
    values: dict[str, Floats]
    said: Said


@dataclass(slots=True)
class _Listed:
    """One underlying's listed expirations, and the pages fetched since."""

    ticker: Any
    days: frozenset[date]
    fetched_at: datetime
    pages: dict[date, _Page]


class YahooChainProvider:
    """Chains through a `YahooProvider`, whose lock and session they share.

    Args:
        interval: An expiration is not asked for again sooner.
    """

    name = "yahoo chains"
    simulated = False

    def __init__(
        self, yahoo: YahooProvider, *, calendar: TradingCalendar, interval: timedelta
    ) -> None:
        self._yahoo = yahoo
        self._calendar = calendar
        self._interval = interval
        self._listed: dict[str, _Listed] = {}

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        chains: list[OptionChain] = []
        errors: dict[tuple[str, date], ProviderError] = {}
        silent: ProviderError | None = None
        for day in request.expirations:
            try:
                if silent is not None:  # the next request would only cost its time limit too
                    raise silent
                page = self._page(request.ticker, day, now)
                chains += _chains(page, request, day)
            except ProviderError as error:
                errors[request.ticker, day] = error
                if isinstance(error, UnreachableError | RateLimitedError):
                    silent = error
        return ChainBatch(chains=tuple(chains), errors=errors)

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=self.name, state="unused", delay=DELAY),)

    def close(self) -> None:
        """The session is the quotes' own, closed by them."""

    def _page(self, ticker: str, day: date, now: datetime) -> _Page:
        listed = self._listing(ticker, now)
        if day not in listed.days:
            raise ProviderError(
                f"yahoo lists no options of {ticker} for {day}",
                source=NAME,
                symbol=ticker,
                retryable=False,
            )
        if day not in listed.pages:
            answer = self._yahoo.ask(
                ticker,
                lambda client: client.option_chain(day.isoformat()),
                ticker=listed.ticker,
                what="option chain",
            )
            listed.pages[day] = _read(answer, ticker, self._calendar, now)
        return listed.pages[day]

    def _listing(self, ticker: str, now: datetime) -> _Listed:
        """The listed expirations, asked for anew each interval: so nothing sticks in the client.

        Raises:
            ProviderError: No answer, or an empty list.
        """
        known = self._listed.get(ticker)
        if known is not None and timedelta(0) <= now - known.fetched_at < self._interval:
            return known
        client = self._yahoo.ticker(OPTION_SYMBOLS.get(ticker) or yahoo_symbol(ticker))
        days = self._yahoo.ask(ticker, lambda c: c.options, ticker=client, what="option chain")
        if not days:
            raise ProviderError(
                f"yahoo has no option chains of {ticker}: its list of expirations is empty",
                source=NAME,
                symbol=ticker,
                retryable=False,
            )
        listed = _Listed(client, frozenset(map(date.fromisoformat, days)), now, {})
        self._listed[ticker] = listed
        return listed


def _read(answer: Any, ticker: str, calendar: TradingCalendar, now: datetime) -> _Page:
    if answer.calls is None or answer.puts is None:
        raise PayloadError(
            f"yahoo answered for {ticker} without options: temporary",
            source=NAME,
            symbol=ticker,
            retryable=True,
        )
    sides = (answer.calls, answer.puts)
    names = [str(name) for side in sides for name in side["contractSymbol"].tolist()]

    def column(name: str) -> Floats:
        return np.concatenate([side[name].to_numpy(dtype=np.float64) for side in sides])

    vol, ask = column("impliedVolatility"), column("ask")
    quote: Mapping[str, Any] = answer.underlying or {}
    asof = said_at(_newest(quote, now), delay=timedelta(0), calendar=calendar)
    return _Page(
        symbols=read_symbols(names),
        values={
            "bid": column("bid"),
            "ask": ask,
            # Without quotes it is that of an old trade.
            "implied_vol": np.where((vol > NO_VOL) & (ask > 0), vol, np.nan),
            "open_interest": column("openInterest"),
        },
        said=Said(
            source=NAME,
            spot=_spot(quote, asof, calendar),
            asof=asof,
            fetched_at=now,
            delay=DELAY,
        ),
    )


def _newest(quote: Mapping[str, Any], now: datetime) -> datetime:
    """A delay before now, or when the underlying last traded if that is longer ago."""
    at, traded = now - DELAY, _positive(quote.get("regularMarketTime"))
    return min(at, datetime.fromtimestamp(traded, UTC)) if traded else at


def _spot(quote: Mapping[str, Any], asof: datetime, calendar: TradingCalendar) -> float | None:
    """The underlying's price where it is as old as the quotes.

    In a session it is of now: quotes that are moved from it would miss their own delay.
    """
    traded = _positive(quote.get("regularMarketTime"))
    if traded is None:
        return None
    at = said_at(datetime.fromtimestamp(traded, UTC), delay=timedelta(0), calendar=calendar)
    return _positive(quote.get("regularMarketPrice")) if at - asof <= SAME else None


def _positive(value: Any) -> float | None:
    known = isinstance(value, int | float) and np.isfinite(value) and value > 0
    return float(value) if known else None


def _chains(page: _Page, request: ChainRequest, day: date) -> tuple[OptionChain, ...]:
    rows = wanted_rows(page.symbols, request)
    rows = rows[page.symbols.expiration[rows] == day.toordinal()]
    values = {name: column[rows] for name, column in page.values.items()}
    known = underlying(request.ticker)
    found = chains_of(page.symbols.take(rows), values, ticker=known.symbol, said=page.said)
    if not found:
        raise ProviderError(
            f"yahoo lists no options of {request.ticker} for {day} near the price",
            source=NAME,
            symbol=request.ticker,
            retryable=False,
        )
    return found
