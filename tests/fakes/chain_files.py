"""Small recorded chains written by hand for the tests of reading them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

from monitor.domain.trading_calendar import TradingCalendar
from monitor.providers.sessions import load_calendar

HEADER = (
    "timestamp,ticker,type,strike,expiration,bid,ask,day_close,vwap,fmv,delta,gamma,theta,vega,"
    "implied_volatility,volume"
)
DAY = date(2026, 2, 17)  # a Tuesday; 09:30 in New York is 14:30 UTC


@cache
def exchange() -> TradingCalendar:
    return load_calendar(None, today=date(2026, 2, 20))


def row(
    at: str,
    right: str,
    strike: float,
    bid: object,
    ask: object,
    *,
    expiration: date = DAY,
    day: date = DAY,
    root: str = "NDXP",
) -> str:
    """One line; `at` is the time of day in UTC."""
    ticker = f"O:{root}{expiration:%y%m%d}{right[0].upper()}{round(strike * 1000):08d}"
    stamp = f"{day}T{at}:00+00:00"
    return f"{stamp},{ticker},{right},{strike:g},{expiration},{bid},{ask},,,,,,,,,3"


def text(rows: Iterable[str]) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def parity_rows(at: str, forward: float, **more: object) -> list[str]:
    """Puts and calls at five strikes that all say `forward`, 0.2 wide."""
    rows = []
    for strike in range(24_000, 24_050, 10):
        put = 50.0
        call = forward - strike + put
        rows.append(row(at, "put", strike, put - 0.1, round(put + 0.1, 2), **more))  # type: ignore[arg-type]
        rows.append(row(at, "call", strike, round(call - 0.1, 2), round(call + 0.1, 2), **more))  # type: ignore[arg-type]
    return rows


def write_day(folder: Path, rows: Iterable[str], *, day: date = DAY, ticker: str = "NDX") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{ticker}_options_{day}.csv"
    path.write_bytes(text(rows))
    return path
