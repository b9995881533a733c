"""Option chains of Cboe's delayed quotes: the file behind its public quote table.

One JSON file per underlying holds every listed option with bid, ask, implied volatility, greeks
and open interest, a quarter of an hour late (docs/sources.md#option-chains). It is fetched at
most once an interval; expirations and strikes are picked from what is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import requests

from monitor import __version__
from monitor.clock import NEW_YORK
from monitor.domain.delayed_quotes import said_at
from monitor.domain.instruments import SYMBOLS, Kind, underlying
from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.domain.quotes import Floats
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import PayloadError, ProviderError, RateLimitedError, UnknownSymbolError
from monitor.providers.base import ChainBatch, SourceHealth
from monitor.providers.cboe_http import NAME, broken, fetch
from monitor.providers.option_rows import Said, Symbols, chains_of, read_symbols, wanted_rows

BASE_URL = "https://cdn.cboe.com/api/global/delayed_quotes/options"
DELAY = timedelta(minutes=15)
MAX_BYTES = 64_000_000  # 20,000 options are about 9 MB
PATIENCE = 3  # times the usual time limit, for a body of that size
GREEKS = ("delta", "gamma", "theta_per_day", "vega_per_vol_point")


class Option(msgspec.Struct, gc=False):
    """One option as Cboe gives it; the fields that are not used are passed over."""

    option: str
    bid: float | None = None
    ask: float | None = None
    iv: float | None = None
    delta: float | None = None
    gamma: float | None = None
    theta: float | None = None
    vega: float | None = None
    open_interest: float | None = None


class _Data(msgspec.Struct):
    options: list[Option]
    current_price: float | None = None
    last_trade_time: str | None = None


class _Body(msgspec.Struct):
    timestamp: str
    data: _Data
    symbol: str | None = None


_DECODER = msgspec.json.Decoder(_Body)
# ours → theirs
_FIELDS: dict[str, Callable[[Option], float | None]] = {
    "bid": lambda o: o.bid,
    "ask": lambda o: o.ask,
    "implied_vol": lambda o: o.iv,
    "delta": lambda o: o.delta,
    "gamma": lambda o: o.gamma,
    "theta_per_day": lambda o: o.theta,
    "vega_per_vol_point": lambda o: o.vega,
    "open_interest": lambda o: o.open_interest,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One file in memory: every option of one underlying."""

    ticker: str
    symbols: Symbols
    options: Sequence[Option]
    said: Said
    validators: dict[str, str]  # for the next, conditional request

    def chains(self, request: ChainRequest) -> tuple[OptionChain, ...]:
        rows = wanted_rows(self.symbols, request)
        options = [self.options[i] for i in rows.tolist()]
        values = {
            name: np.array([read(o) for o in options], np.float64) for name, read in _FIELDS.items()
        }
        return chains_of(
            self.symbols.take(rows), _without_model(values), ticker=self.ticker, said=self.said
        )


class CboeChainProvider:
    """Chains of indices, ETFs and shares.

    Args:
        timeout_s: The usual limit of a request; a chain may take three times as long.
        interval: A file is not asked for again sooner.
    """

    name = "cboe chains"
    simulated = False

    def __init__(
        self,
        *,
        calendar: TradingCalendar,
        timeout_s: float,
        interval: timedelta,
        base_url: str = BASE_URL,
        session: requests.Session | None = None,
    ) -> None:
        self._calendar = calendar
        self._limit_s = PATIENCE * timeout_s
        self._interval = interval
        self._base_url = base_url.rstrip("/")
        self._session = session or requests.Session()
        self._session.headers["User-Agent"] = f"condorwatch/{__version__}"
        self._books: dict[str, Book] = {}

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        try:
            book = self._book(request.ticker, now)
        except ProviderError as error:
            keys = [(request.ticker, day) for day in request.expirations]
            return ChainBatch(errors=dict.fromkeys(keys, error))
        chains = book.chains(request)
        came = {chain.expiration for chain in chains}
        missing = [day for day in request.expirations if day not in came]
        return ChainBatch(
            chains=chains,
            errors={(request.ticker, day): _not_listed(request.ticker, day) for day in missing},
        )

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=self.name, state="unused", delay=DELAY),)

    def close(self) -> None:
        self._session.close()

    def _book(self, ticker: str, now: datetime) -> Book:
        known = self._books.get(ticker)
        if known is not None and timedelta(0) <= now - known.said.fetched_at < self._interval:
            return known
        response = self._fetch(ticker, known.validators if known else None)
        if response.status_code == 304 and known is not None:
            book = replace(known, said=replace(known.said, fetched_at=now))
        elif response.status_code == 200 and len(response.content) <= MAX_BYTES:
            book = replace(
                read_book(response.content, ticker=ticker, calendar=self._calendar, now=now),
                validators=_validators(response),
            )
        else:
            raise broken(ticker, f"answered {response.status_code}")
        self._books[ticker] = book
        return book

    def _fetch(self, ticker: str, validators: dict[str, str] | None) -> requests.Response:
        try:
            return fetch(
                self._session,
                f"{self._base_url}/{file_name(ticker)}",
                symbol=ticker,
                what="option chains",
                limit_s=self._limit_s,
                headers=validators,
            )
        except UnknownSymbolError as error:
            if underlying(ticker).symbol not in SYMBOLS:
                raise
            # Cboe has files of these: it is us that it does not want to answer.
            raise RateLimitedError(
                f"cboe refuses its option chains of {ticker}: it may block who asks too often",
                source=NAME,
                symbol=ticker,
                retryable=True,
            ) from error


def file_name(ticker: str) -> str:
    """`_NDX.json` for an index, `QQQ.json` for the rest."""
    known = underlying(ticker)
    return f"{'_' if known.kind is Kind.INDEX else ''}{known.symbol}.json"


def read_book(content: bytes, *, ticker: str, calendar: TradingCalendar, now: datetime) -> Book:
    """Read one file.

    Raises:
        PayloadError: It is not in the format, empty, or of another underlying.
    """
    try:
        body = _DECODER.decode(content)
    except msgspec.DecodeError as error:
        raise broken(ticker, "answered with something that is no chain") from error
    if not body.data.options:
        raise broken(ticker, f"answered for {ticker} without options")
    of = (body.symbol or ticker).lstrip("_^").upper()
    if of != underlying(ticker).symbol:
        raise PayloadError(
            f"cboe answered for {of[:20]!r} when asked for {ticker!r}",
            source=NAME,
            symbol=ticker,
            retryable=True,
        )
    spot = body.data.current_price
    return Book(
        ticker=underlying(ticker).symbol,
        symbols=read_symbols([option.option for option in body.data.options]),
        options=body.data.options,
        said=Said(
            source=NAME,
            spot=spot if spot is not None and np.isfinite(spot) and spot > 0 else None,
            asof=_asof(body, ticker, calendar),
            fetched_at=now,
            delay=DELAY,
        ),
        validators={},
    )


def _asof(body: _Body, ticker: str, calendar: TradingCalendar) -> datetime:
    """When the market said it.

    The file's stamp is UTC and of the answer; the quotes are 15 minutes older. A last trade of
    the underlying (New York time) from before that means that the file stands still.
    """
    try:
        stamp = datetime.fromisoformat(body.timestamp).replace(tzinfo=UTC)
        at = stamp - DELAY
        if body.data.last_trade_time:
            traded = datetime.fromisoformat(body.data.last_trade_time).replace(tzinfo=NEW_YORK)
            at = min(at, traded.astimezone(UTC))
    except ValueError as error:
        raise broken(ticker, "answered with a stamp that is no time") from error
    return said_at(at, delay=timedelta(0), calendar=calendar)


def _without_model(values: dict[str, Floats]) -> dict[str, Floats]:
    """Where Cboe finds no volatility it says 0, and its greeks are not of that option."""
    known = values["implied_vol"] > 0
    return values | {
        name: np.where(known, values[name], np.nan) for name in ("implied_vol", *GREEKS)
    }


def _validators(response: requests.Response) -> dict[str, str]:
    etag, modified = (response.headers.get(name) for name in ("ETag", "Last-Modified"))
    if etag:
        return {"If-None-Match": etag}
    return {"If-Modified-Since": modified} if modified else {}


def _not_listed(ticker: str, day: date) -> ProviderError:
    return ProviderError(
        f"cboe lists no options of {ticker} for {day} near the price",
        source=NAME,
        symbol=ticker,
        retryable=False,
    )
