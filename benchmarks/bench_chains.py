"""Option chains on their way into a cycle, beside a yardstick: `json.loads` of the same body.

    python benchmarks/bench_chains.py [BODY.json] [ROUNDS]

Without a body one is made: 20,000 options of NDX and NDXP over 45 expirations, with all the
fields of Cboe's file. CPU time of this process; the rounds take turns, the fastest counts. The
figure to reach: a body of 20,000 options into chains, all of it, within 60 ms.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from monitor.domain.chain_quotes import vertical_quote
from monitor.domain.option_chain import ChainRequest, OptionChain, Right
from monitor.domain.trading_calendar import Session, TradingCalendar
from monitor.providers.cboe_chains import Book, read_book

FIGURE_MS = 60
NOW = datetime(2026, 11, 18, 16, tzinfo=UTC)
PRICE, OPTIONS, DATES = 25_000.0, 20_000, 45
CONDORS = 100


def made_body() -> bytes:
    """Prices without meaning, texts as long as real ones."""
    rng = np.random.default_rng(7)
    days = [date(2026, 11, 18) + timedelta(days=n) for n in range(DATES)]
    strikes = PRICE + 10 * (np.arange(OPTIONS // (2 * DATES) + 1) - OPTIONS // (4 * DATES))
    options = []
    for day in days:
        for strike in strikes.tolist():
            for right in "CP":
                root = "NDX" if day.weekday() == 4 and 15 <= day.day <= 21 else "NDXP"
                bid, iv, delta = rng.uniform((0, 0.1, -1), (900, 0.9, 1)).round(4).tolist()
                options.append(
                    {
                        "option": f"{root}{day:%y%m%d}{right}{int(strike * 1000):08d}",
                        "bid": bid, "bid_size": 12.0, "ask": bid + 1.25, "ask_size": 7.0,
                        "iv": iv, "open_interest": 119.0, "volume": 2.0, "delta": delta,
                        "gamma": 0.0002, "vega": 11.0317, "theta": -31.5109, "rho": 0.0412,
                        "theo": bid, "change": 1.145, "open": 203.67, "high": 203.67,
                        "low": 203.67, "tick": "no_change", "last_trade_price": 203.67,
                        "last_trade_time": "2026-11-18T10:50:33", "percent_change": 0.565362,
                        "prev_day_close": 202.525001525879,
                    }
                )  # fmt: skip
    data = {"options": options[:OPTIONS], "current_price": PRICE, "symbol": "^NDX"}
    body = {"timestamp": f"{NOW:%Y-%m-%d %H:%M:%S}", "data": data, "symbol": "_NDX"}
    return json.dumps(body).encode()


def calendar() -> TradingCalendar:
    day = datetime(2026, 11, 18, tzinfo=UTC)
    opens, closes = day + timedelta(hours=14.5), day + timedelta(hours=21)
    return TradingCalendar((Session(date=day.date(), open=opens, close=closes),))


def cpu_ms(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return 1000 * (time.process_time() - begun)


def whole(body: bytes, ticker: str) -> tuple[Book, tuple[OptionChain, ...]]:
    """Everything in the body as chains."""
    book = read_book(body, ticker=ticker, calendar=calendar(), now=NOW)
    days = np.unique(book.symbols.expiration[book.symbols.expiration > 0]).tolist()
    request = ChainRequest(ticker=ticker, expirations=tuple(map(date.fromordinal, days)))
    return book, book.chains(request)


def needed(body: bytes, ticker: str) -> tuple[OptionChain, ...]:
    """What a cycle keeps: four expirations, 12 % to each side."""
    book = read_book(body, ticker=ticker, calendar=calendar(), now=NOW)
    days = np.unique(book.symbols.expiration[book.symbols.expiration > 0]).tolist()[:4]
    spot = book.said.spot or PRICE
    return book.chains(
        ChainRequest(
            ticker=ticker,
            expirations=tuple(map(date.fromordinal, days)),
            low_strike=0.88 * spot,
            high_strike=1.12 * spot,
        )
    )


def marked(chain: OptionChain) -> int:
    """Quote both verticals of a hundred condors."""
    k = chain.strikes
    middle = len(k) // 2
    for n in range(CONDORS):
        put, call = middle - 2 - n % 20, middle + 2 + n % 20
        for right, short, long in ((Right.PUT, put, put - 2), (Right.CALL, call, call + 2)):
            vertical_quote(chain, right, short=float(k[short]), long=float(k[long]), opening=False)
    return CONDORS


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    body = path.read_bytes() if path else made_body()
    ticker = "NDX" if path is None else path.stem.lstrip("_").split("_")[0]
    book, chains = whole(body, ticker)
    works: dict[str, Callable[[], object]] = {
        "json.loads (yardstick)": lambda: json.loads(body),
        "read, all of it as chains": lambda: whole(body, ticker),
        "read, what a cycle keeps": lambda: needed(body, ticker),
        f"quotes of {CONDORS} condors": lambda: marked(max(chains, key=lambda c: len(c.strikes))),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(cpu_ms(work))
    print(f"{len(book.options):,} options, {len(body) / 1e6:.1f} MB, {len(chains)} chains")
    print(f"best of {rounds} rounds, CPU time")
    for name, measured in times.items():
        print(f"{name:28} {min(measured):7.1f} ms")
    told = min(times["read, all of it as chains"])
    print(f"figure to reach {FIGURE_MS} ms: {'reached' if told <= FIGURE_MS else 'MISSED'}")


if __name__ == "__main__":
    main()
