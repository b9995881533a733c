"""Prices anchored to a recorded chain against recorded credits: the table of docs/pricing.md.

    python benchmarks/validate_anchored.py [--data FOLDER]

Three questions on recorded chains, each on the same spreads for every model:

- *Strikes that are not quoted*: the chain's own fit from a third of its strikes, on spreads of
  the other two thirds (end-of-day snapshots, 1 to 10 sessions; three draws each).
- *The next snapshot*: the fit of one end-of-day snapshot, carried one to three sessions on.
- *Later the same day*: NDXP at 0 DTE, the fit of a chain 15 minutes and an hour old.

A carried fit keeps its smile in z; its variance runs down with the trading clock, and its level
may follow the underlying's own volatility index. Choices of spreads are those of
`validate_surface.py` and `validate_0dte.py`; recorded data as there.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from validate_0dte import WIDTHS as WIDTHS_0DTE
from validate_0dte import Moment, moments
from validate_0dte import model_levels as model_levels_0dte
from validate_surface import (
    BANDS,
    MARKETS,
    REPOSITORY,
    Data,
    model_levels,
    parity,
    quoted,
    row,
    snapshots,
)

from monitor.backtest.bands import rolling_bands
from monitor.backtest.surface import price_with_table
from monitor.backtest.validation import CreditPair, QuotedChain, agreement, credit_pairs
from monitor.domain.pricing.black_plain import implied_stdev_plain, price_plain
from monitor.domain.pricing.day_fit import ChainFit, fit_chain
from monitor.domain.pricing.quote_rules import two_sided
from monitor.domain.pricing.surface_tables import NDX_TABLE, SurfaceTable, surface_table
from monitor.domain.pricing.variance_clock import intraday_share
from monitor.providers.sessions import load_calendar

Pairs = dict[str, list[CreditPair]]
DRAWS, KEPT = 3, 1 / 3
LONGEST_GAP = 3  # sessions between two snapshots
AGES = (15, 60)  # minutes


@dataclass(frozen=True)
class Recorded:
    """One expiration of one end-of-day snapshot, with the bands of its session."""

    day: pd.Timestamp
    expiration: date
    dte: int
    forward: float
    chain: QuotedChain
    low: np.ndarray
    high: np.ndarray


def recorded(data: Data, symbol: str) -> Iterator[Recorded]:
    closes = data.closes(MARKETS[symbol].daily)
    for day, spot, snapshot in snapshots(data, symbol):
        place = closes.index.get_loc(day)
        price = closes.to_numpy()[max(0, place - 150) : place + 1]
        for told, options in snapshot.groupby("expiry"):
            expiration = date.fromisoformat(str(told))
            if not data.calendar.is_session(expiration):
                continue
            dte = data.calendar.dte(day.date(), expiration)
            chain = quoted(options)
            forward = parity(chain)
            if not 1 <= dte <= 10 + LONGEST_GAP or forward is None:
                continue
            bands = rolling_bands(
                price, price, dte=min(dte, 10), bands=BANDS, window=100, min_sample=100
            )
            yield Recorded(
                day=day, expiration=expiration, dte=dte, forward=forward, chain=chain,
                low=spot * (1 + bands.low[-1]), high=spot * (1 + bands.high[-1]),
            )  # fmt: skip


def only(chain: QuotedChain, rows: np.ndarray) -> QuotedChain:
    """The quotes of some strikes; the others stay listed, without a quote."""
    names = ("put_bid", "put_ask", "call_bid", "call_ask")
    kept = {name: np.where(rows, getattr(chain, name), np.nan) for name in names}
    return QuotedChain(strikes=chain.strikes, **kept)


def fitted(chain: QuotedChain, forward: float, table: SurfaceTable) -> ChainFit | None:
    found = fit_chain(
        strikes=chain.strikes, put_bid=chain.put_bid, put_ask=chain.put_ask,
        call_bid=chain.call_bid, call_ask=chain.call_ask, forward=forward, table=table,
    )  # fmt: skip
    return found if isinstance(found, ChainFit) else None


def through_every_quote(
    chain: QuotedChain, forward: float, *, strikes: np.ndarray, at: float, ratio: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """The plain alternative: stdevs straight between all quoted strikes, flat beyond them.

    Carried like a fit to the forward `at`, with every stdev `ratio` times what it was.
    """
    call = chain.strikes >= forward
    bid = np.where(call, chain.call_bid, chain.put_bid)
    ask = np.where(call, chain.call_ask, chain.put_ask)
    stdev = implied_stdev_plain(
        price=(bid + ask) / 2, forward=forward, strike=chain.strikes, is_call=call
    )
    good = np.isfinite(stdev) & two_sided(bid, ask)
    x = np.log(chain.strikes / forward)
    every = ratio * np.interp(np.log(strikes / at) / ratio, x[good], stdev[good])
    puts, calls = (
        price_plain(forward=at, strike=strikes, total_stdev=every, is_call=side)
        for side in (False, True)
    )
    return puts, calls


def model(data: Data, symbol: str, r: Recorded) -> tuple[np.ndarray, np.ndarray]:
    levels = model_levels(data, symbol, r, "recommended")
    puts, calls = price_with_table(surface_table(symbol), chain=levels, strikes=r.chain.strikes)
    return puts[:, 0], calls[:, 0]


def pairs(
    r: Recorded, chain: QuotedChain, symbol: str, prices: tuple[np.ndarray, np.ndarray]
) -> list[CreditPair]:
    found: list[CreditPair] = []
    for low, high in zip(r.low, r.high, strict=True):
        found += credit_pairs(
            chain, model_puts=prices[0], model_calls=prices[1], forward=r.forward, low=low,
            high=high, widths=MARKETS[symbol].widths, session=r.day.toordinal(), dte=r.dte,
        )  # fmt: skip
    return found


def unquoted_strikes(data: Data, symbol: str) -> Pairs:
    names = ("model", "own fit", "curve through every quote")
    out: Pairs = {name: [] for name in names}
    rng = np.random.default_rng(3)
    for r in recorded(data, symbol):
        for _ in range(DRAWS if r.dte <= 10 else 0):
            kept = rng.random(len(r.chain.strikes)) < KEPT
            fit = fitted(only(r.chain, kept), r.forward, surface_table(symbol))
            if fit is None:
                continue
            held_out = only(r.chain, ~kept)
            priced = (
                model(data, symbol, r),
                fit.prices(r.chain.strikes),
                through_every_quote(
                    only(r.chain, kept), r.forward, strikes=r.chain.strikes, at=r.forward
                ),
            )
            for name, prices in zip(names, priced, strict=True):
                out[name] += pairs(r, held_out, symbol, prices)
    return out


def next_snapshots(data: Data, symbol: str) -> Pairs:
    names = ("model", "carried fit", "carried fit with the index", "own fit of that moment")
    out: Pairs = {name: [] for name in names}
    own = data.vols[MARKETS[symbol].own_index]
    earlier: dict[date, Recorded] = {}
    for r in recorded(data, symbol):
        before = earlier.get(r.expiration)
        earlier[r.expiration] = r
        if before is None or before.dte - r.dte > LONGEST_GAP or r.dte > 10:
            continue
        table = surface_table(symbol)
        old, new = (fitted(x.chain, x.forward, table) for x in (before, r))
        if old is None or new is None:
            continue
        clock, end = data.clock, r.expiration.toordinal()
        left = [
            float(clock.at_close([end])[0] - clock.at_close([x.day.toordinal()])[0])
            for x in (before, r)
        ]
        ran = float(np.sqrt(left[1] / left[0]))
        index = float(own[r.day] / own[before.day])
        priced = (
            model(data, symbol, r),
            old.moved(forward=r.forward, stdev_ratio=ran).prices(r.chain.strikes),
            old.moved(forward=r.forward, stdev_ratio=ran * index).prices(r.chain.strikes),
            new.prices(r.chain.strikes),
        )
        for name, prices in zip(names, priced, strict=True):
            out[name] += pairs(r, r.chain, symbol, prices)
    return out


def same_day(data: Data) -> Pairs:
    old = [f"{what} {age} minutes old" for age in AGES for what in ("fit", "curve")]
    names = ("model", *old, "own fit of that moment")
    out: Pairs = {name: [] for name in names}
    fits: dict[pd.Timestamp, list[tuple[Moment, ChainFit]]] = {}
    for m in moments(data):
        earlier = fits.setdefault(m.day, [])
        aged = [[pair for pair in earlier if pair[0].minute <= m.minute - age] for age in AGES]
        now = fitted(m.chain, m.forward, NDX_TABLE)
        if now is None:
            continue
        earlier.append((m, now))
        if not all(aged):
            continue
        puts, calls = price_with_table(
            NDX_TABLE, chain=model_levels_0dte(data, m, np.nan), strikes=m.chain.strikes
        )
        priced = [(puts[:, 0], calls[:, 0])]
        for pairs_of_age in aged:
            priced += carried(*pairs_of_age[-1], m)
        priced.append(now.prices(m.chain.strikes))
        for name, prices in zip(names, priced, strict=True):
            for low, high in zip(m.low, m.high, strict=True):
                out[name] += credit_pairs(
                    m.chain, model_puts=prices[0], model_calls=prices[1], forward=m.forward,
                    low=low, high=high, widths=WIDTHS_0DTE, session=m.day.toordinal(), dte=0,
                )  # fmt: skip
    return out


def carried(then: Moment, fit: ChainFit, m: Moment) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """An earlier chain's fit, and the curve through its quotes, at a later moment."""
    share = [float(intraday_share(x.minute - 570, session_minutes=x.length)) for x in (then, m)]
    ratio = float(np.sqrt((1 - share[1]) / (1 - share[0])))
    yield fit.moved(forward=m.forward, stdev_ratio=ratio).prices(m.chain.strikes)
    yield through_every_quote(
        then.chain, then.forward, strikes=m.chain.strikes, at=m.forward, ratio=ratio
    )


def tell(title: str, found: Pairs) -> Iterator[str]:
    for name, some in found.items():
        if some:
            yield row(f"{title}, {name}", agreement(some, generator=np.random.default_rng(1)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Validate prices anchored to recorded chains.")
    default = os.environ.get("CONDORWATCH_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    data = Data(parser.parse_args().data, load_calendar(None, today=date(2026, 6, 1)))
    print("| | spreads | sessions | bias % (95 %) | MAE % | rank |\n|---|---|---|---|---|---|")
    for title, ask in (("unquoted strikes", unquoted_strikes), ("next snapshot", next_snapshots)):
        for symbol in MARKETS:
            print("\n".join(tell(f"{title}, {symbol}", ask(data, symbol))))
    print("\n".join(tell("NDX 0 DTE", same_day(data))))


if __name__ == "__main__":
    main()
