"""Bodies in the sources' own formats, built from the recorded chains of the shared data folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monitor.clock import NEW_YORK

DELAY = timedelta(minutes=15)


@dataclass(frozen=True)
class Snapshot:
    """One recorded chain: a row per option, when it was taken and of which session it is."""

    rows: pd.DataFrame
    taken: datetime
    session: date
    spot: float


@cache
def _table(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


def snapshot(shared_data: Path, name: str) -> Snapshot:
    """`NDX@2023-04-14T18:31`: the symbol and the New York time at which it was taken."""
    symbol, _, clock = name.partition("@")
    for file in (f"cboe_{symbol}_chains.parquet", f"cboe_{symbol}_chains_MIT.parquet"):
        path = shared_data / "chains" / file
        rows = _table(path) if path.is_file() else pd.DataFrame({"snapshot": []})
        rows = rows[rows["snapshot"] == name]
        if len(rows):
            taken = datetime.fromisoformat(clock).replace(tzinfo=NEW_YORK).astimezone(UTC)
            session = date.fromisoformat(str(rows["session"].iloc[0]))
            return Snapshot(rows, taken, session, float(rows["spot"].iloc[0]))
    raise FileNotFoundError(name)


def cboe_body(one: Snapshot, *, symbol: str, last_trade: datetime | None = None) -> bytes:
    """The delayed-quote JSON as the recorded AAPL body has it, with all of its fields."""
    traded = (last_trade or one.taken - DELAY).astimezone(NEW_YORK)
    options = [
        {
            "option": occ, "bid": _plain(bid), "bid_size": 1.0, "ask": _plain(ask),
            "ask_size": 1.0, "iv": _plain(iv), "open_interest": float(interest),
            "volume": 0.0, "delta": _plain(delta), "gamma": _plain(gamma), "vega": 0.0,
            "theta": 0.0, "rho": 0.0, "theo": 0.0, "change": 0.0, "open": 0.0, "high": 0.0,
            "low": 0.0, "tick": "no_change", "last_trade_price": 0.0, "last_trade_time": None,
            "percent_change": 0.0, "prev_day_close": 0.0,
        }
        for occ, bid, ask, iv, delta, gamma, interest in one.rows[
            ["occ", "bid", "ask", "iv", "delta", "gamma", "open_interest"]
        ].itertuples(index=False)
    ]  # fmt: skip
    return json.dumps(
        {
            "timestamp": f"{one.taken:%Y-%m-%d %H:%M:%S}",
            "data": {
                "options": options, "symbol": symbol, "security_type": "index",
                "current_price": one.spot, "last_trade_time": f"{traded:%Y-%m-%dT%H:%M:%S}",
            },
            "symbol": symbol,
        }
    ).encode()  # fmt: skip


def yahoo_body(
    one: Snapshot,
    *,
    symbol: str,
    root: str,
    day: date | None = None,
    traded: datetime | None = None,
) -> bytes:
    """The v7 options answer in the recorded bodies' form: all dates, one expiration's options."""
    days = sorted({date.fromisoformat(str(d)) for d in one.rows["expiry"].unique()})
    shown = day or days[0]
    rows = one.rows[(one.rows["expiry"] == shown.isoformat()) & (one.rows["root"] == root)]

    def side(right: str) -> list[dict[str, Any]]:
        return [
            {
                "contractSymbol": row.occ, "strike": float(row.strike), "currency": "USD",
                "lastPrice": 0.0, "change": 0.0, "percentChange": 0.0, "volume": 1,
                "openInterest": int(row.open_interest), "bid": _plain(row.bid),
                "ask": _plain(row.ask), "contractSize": "REGULAR", "expiration": _epoch(shown),
                "lastTradeDate": _epoch(shown), "impliedVolatility": _plain(row.iv) or 1e-5,
                "inTheMoney": False,
            }
            for row in rows[rows["right"] == right].itertuples()
        ]  # fmt: skip

    result = {
        "underlyingSymbol": symbol, "expirationDates": [_epoch(d) for d in days], "strikes": [],
        "hasMiniOptions": False,
        "quote": {
            "symbol": symbol, "regularMarketPrice": one.spot,
            "regularMarketTime": int((traded or one.taken).timestamp()),
        },
        "options": [
            {"expirationDate": _epoch(shown), "hasMiniOptions": False, "calls": side("C"),
             "puts": side("P")}
        ],
    }  # fmt: skip
    return json.dumps({"optionChain": {"result": [result], "error": None}}).encode()


def _epoch(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _plain(value: Any) -> float:
    """Stored in single precision, meant to four decimals."""
    return round(float(np.float64(value)), 4)
