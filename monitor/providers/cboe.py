"""Cboe's public daily files: a second source of the volatility indices' history.

One CSV per index with its whole history, `DATE,OPEN,HIGH,LOW,CLOSE` or `DATE,<SYMBOL>`, dates
as MM/DD/YYYY. A new row comes after the close, so this source has no price of now: yesterday's
close is not a quote.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import requests

from monitor.domain.instruments import VOL_INDICES
from monitor.domain.quotes import Bars, DailyBars
from monitor.errors import NotOfferedError, UnknownSymbolError
from monitor.providers.base import QuoteBatch, SourceHealth
from monitor.providers.cboe_http import NAME, broken, fetch

BASE_URL = "https://cdn.cboe.com/api/global/us_indices/daily_prices"
MAX_BYTES = 8_000_000  # VIX since 1990 is about 400 kB

Row = tuple[int, float, float, float, float]  # day ordinal, open, high, low, close


class CboeProvider:
    """Daily history of VIX, VIX9D, VIX3M, VIX1D, VXN and RVX; nothing intraday.

    Args:
        timeout_s: Limit of a whole request, name look-up included.
    """

    name = NAME
    simulated = False

    def __init__(
        self,
        *,
        timeout_s: float,
        base_url: str = BASE_URL,
        session: requests.Session | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._base_url = base_url.rstrip("/")
        self._session = session or requests.Session()

    def quotes(self, symbols: Sequence[str], *, now: datetime) -> QuoteBatch:
        del now
        return QuoteBatch(errors={symbol: _no_intraday(symbol) for symbol in symbols})

    def bars(self, symbol: str, *, sessions: int, now: datetime) -> Bars:
        del sessions, now
        raise _no_intraday(symbol)

    def daily(self, symbol: str, *, sessions: int, now: datetime) -> DailyBars:
        del now
        plain = symbol.strip().upper().removeprefix("^")
        if plain not in VOL_INDICES:
            known = ", ".join(sorted(VOL_INDICES))
            raise UnknownSymbolError(
                f"cboe has daily files of {known} only, not of {symbol[:20]!r}",
                source=NAME,
                symbol=symbol,
            )
        rows = parse_daily(self._fetch(plain), symbol=plain)[-sessions:]
        day, *prices = zip(*rows, strict=True)
        opens, highs, lows, closes = (np.array(p, dtype=np.float64) for p in prices)
        return DailyBars(
            symbol=symbol,
            day=np.array(day, dtype=np.int64),
            open=opens,
            high=highs,
            low=lows,
            close=closes,
            volume=np.full(len(rows), np.nan),
            source=NAME,
        )

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=NAME, state="unused"),)

    def close(self) -> None:
        self._session.close()

    def _fetch(self, symbol: str) -> str:
        url = f"{self._base_url}/{symbol}_History.csv"
        limit = self._timeout_s
        response = fetch(self._session, url, symbol=symbol, what="daily file", limit_s=limit)
        if response.status_code != 200 or len(response.content) > MAX_BYTES:
            raise broken(symbol, f"answered {response.status_code}")
        return response.content.decode("utf-8", "replace")


def parse_daily(text: str, *, symbol: str) -> list[Row]:
    """Read one daily file, oldest first; rows without a date or a possible close are left out.

    A file with the close alone has NaN for the other prices: they are unknown, not equal.

    Raises:
        PayloadError: The file is not in either documented form, or ends in half a row.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header = [name.strip().upper() for name in next(reader, [])]
    close = next((name for name in ("CLOSE", symbol) if name in header), None)
    if "DATE" not in header or close is None:
        raise broken(symbol, "answered with something that is no daily file")
    places = [header.index(n) if n in header else None for n in ("OPEN", "HIGH", "LOW", close)]
    rows: dict[int, Row] = {}
    for cells in reader:
        if not cells or len(cells) != len(header):
            continue  # a blank line, or the last row of a file cut short
        day = _day(cells[header.index("DATE")])
        o, h, low, c = (_price(cells[i]) if i is not None else math.nan for i in places)
        if day is not None and math.isfinite(c):
            rows[day] = (day, o, h, low, c)
    if not rows:
        raise broken(symbol, "answered with a daily file without prices")
    return [rows[day] for day in sorted(rows)]


def _day(text: str) -> int | None:
    for form in ("%m/%d/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip(), form).toordinal()  # noqa: DTZ007 - a date
        except ValueError:
            continue
    return None


def _price(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and value > 0 else math.nan


def _no_intraday(symbol: str) -> NotOfferedError:
    return NotOfferedError(
        f"cboe publishes daily closes only, so it has no price of now for {symbol}",
        source=NAME,
        symbol=symbol,
        retryable=False,
    )
