"""Model credits on the day of expiration against recorded ones: the 0 DTE table of docs/pricing.md.

    python benchmarks/validate_0dte.py [--data FOLDER]

Reads `chains/NDX_0DTE_5m_*` and daily files of the data folder (CONDORWATCH_SHARED_DATA, else
../shared/data). The first 28 sessions calibrate, the last 14 are only tested on.

Choices: the 19 entry times; forward from parity; options out of the money alone; short strikes
at P95 to P99 of the last 100 daily moves, shrunk to what is left of the session by the trading
clock (the folder has no intraday history of NDX for real 0 DTE bands); widths 10 to 100; index
vols by the close before, since the folder has none by the minute. In that file `bid` and `ask`
are the lowest and highest *trade* of five minutes (all rows with one contract have them equal,
`day_close` always lies within), not quotes: "mid" is their middle.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from validate_surface import Data, parity, quoted, row

from monitor.backtest.bands import rolling_bands
from monitor.backtest.implied_vol import implied_total_stdev
from monitor.backtest.surface import (
    ChainLevels,
    Instants,
    VolLevels,
    chain_levels,
    price_with_table,
)
from monitor.backtest.validation import CreditPair, QuotedChain, agreement, credit_pairs
from monitor.domain.entry_windows import ET_MINUS_PT, GRID_MINUTES_PT
from monitor.domain.pricing.surface_tables import NDX_TABLE, Z_KNOTS, SurfaceTable
from monitor.domain.pricing.variance_clock import INTRADAY, intraday_share
from monitor.providers.sessions import load_calendar

Floats = NDArray[np.float64]
REPOSITORY = Path(__file__).resolve().parent.parent
FILE = "NDX_0DTE_5m_2025-10_2025-11.parquet"
TRAINED = 28  # sessions
BANDS = (95, 97, 98, 99)
WIDTHS = (10, 20, 30, 50, 100)
OPEN, FULL = 570, 390
PERIODS = ((570, 690), (690, 840), (840, 960))  # of New York minutes: a smile each
ANCHOR = 590  # 09:50: the day's own level is read here once
NEAR, LEAST_PRICE, WIDEST = 10, 0.10, 0.5
MODELS = ("surface as it is", "calibrated, index level", "calibrated, index and last hour",
          "calibrated, own ATM at 09:50", "calibrated, own ATM each time",
          "as it is, own ATM each time")  # fmt: skip
DETAILED = (MODELS[2], MODELS[4])
LAST_MOVES = 12  # five-minute moves that "the last hour" is measured on


@dataclass(frozen=True)
class Moment:
    """One chain at one entry time.

    `index_stdev`: a session's, by the close before; `realized`: root mean square of the last
    hour's five-minute moves, NaN before there are three.
    """

    day: pd.Timestamp
    minute: int
    length: int
    forward: float
    atm: float
    index_stdev: float
    realized: float
    levels: VolLevels
    low: Floats
    high: Floats
    chain: QuotedChain


@dataclass(frozen=True)
class Calibration:
    """`left`: variance to the close, as a share of the index's session, by entry minute.

    `start` (by minute) and `slopes`: log ATM stdev on the logs of VXN and the last hour's moves.
    """

    minutes: Floats
    left: Floats
    start: dict[int, float]
    slopes: Floats
    smiles: tuple[SurfaceTable, ...]

    def variance_left(self, minute: int, length: int) -> float:
        """A half day is the full day's curve, cut at its close and scaled to end at 0."""
        at = np.interp([OPEN, minute, OPEN + length], self.minutes, self.left)
        end = at[2] if length < FULL else 0.0
        return float(at[0] * (at[1] - end) / (at[0] - end))

    def by_moves(self, m: Moment) -> float:
        """ATM stdev from VXN at the close before and the last hour's moves."""
        full = np.exp(self.start[m.minute] + self.slopes @ predictors(m))
        scale = self.variance_left(m.minute, m.length) / self.variance_left(m.minute, FULL)
        return float(full * np.sqrt(scale))

    def smile(self, minute: int) -> SurfaceTable:
        return self.smiles[period(minute)]


def predictors(m: Moment) -> Floats:
    return np.log([float(m.levels.own[0]), m.realized])


def period(minute: int) -> int:
    return next(i for i, (_, stop) in enumerate(PERIODS) if minute < stop)


def out_of_the_money(chain: QuotedChain, forward: float) -> QuotedChain:
    put, call = chain.strikes < forward, chain.strikes >= forward
    found = QuotedChain(
        strikes=chain.strikes,
        put_bid=np.where(put, chain.put_bid, np.nan), put_ask=np.where(put, chain.put_ask, np.nan),
        call_bid=np.where(call, chain.call_bid, np.nan),
        call_ask=np.where(call, chain.call_ask, np.nan),
    )  # fmt: skip
    traded = np.isfinite(found.put_bid) | np.isfinite(found.call_bid)
    names = ("strikes", "put_bid", "put_ask", "call_bid", "call_ask")
    return QuotedChain(**{name: getattr(found, name)[traded] for name in names})


def stdevs(chain: QuotedChain, forward: float) -> Floats:
    """Implied total stdevs out of the money; NaN where the price is too small or too wide."""
    call = chain.strikes >= forward
    low, high = (np.where(call, c, p) for c, p in (
        (chain.call_bid, chain.put_bid), (chain.call_ask, chain.put_ask)))  # fmt: skip
    mid = (low + high) / 2
    found = implied_total_stdev(price=mid, forward=forward, strike=chain.strikes, is_call=call)
    return np.where((mid >= LEAST_PRICE) & (high - low <= WIDEST * mid), found, np.nan)


def atm_of(chain: QuotedChain, forward: float) -> float:
    """A line through the stdevs of the nearest strikes, at the forward; NaN with too few."""
    stdev = stdevs(chain, forward)
    good = np.flatnonzero(np.isfinite(stdev))
    near = good[np.argsort(np.abs(chain.strikes[good] - forward))[:NEAR]]
    if len(near) < NEAR:
        return float("nan")
    return float(np.polyval(np.polyfit(chain.strikes[near] - forward, stdev[near], 1), 0.0))


def moments(data: Data) -> Iterator[Moment]:
    table = pd.read_parquet(data.folder / "chains" / FILE)
    local = table["ts_utc"].dt.tz_convert("America/New_York")
    table["minute"] = local.dt.hour * 60 + local.dt.minute
    table["day"] = local.dt.tz_localize(None).dt.normalize()
    wanted = {minute + ET_MINUS_PT for minute in GRID_MINUTES_PT}
    closes = data.closes("NDX_yahoo")
    forwards: dict[pd.Timestamp, list[float]] = {}
    for key, options in table.groupby(["day", "minute"]):
        day, minute = key
        length = int((data.calendar.shift(day.date(), 0).close
                      - data.calendar.shift(day.date(), 0).open).total_seconds()) // 60  # fmt: skip
        if minute >= OPEN + length or options["right"].nunique() < 2:
            continue
        whole = quoted(options)
        forward = parity(whole)
        if forward is None:
            continue
        path = forwards.setdefault(day, [])
        path.append(forward)
        if minute not in wanted:
            continue
        moves = np.diff(np.log(path))[-LAST_MOVES:]
        chain = out_of_the_money(whole, forward)
        place = closes.index.get_loc(day)
        past = closes.to_numpy()[place - 150 : place]
        before = closes.index[place - 1]
        vol = {name: data.vol(name, before) for name in data.vols}
        levels = VolLevels(
            vix1d=vol["VIX1D_yahoo"], vix9d=vol["VIX9D_cboe"], vix=vol["VIX_cboe"],
            vix3m=vol["VIX3M_cboe"], own=vol["VXN_close_2001"],
        )  # fmt: skip
        index = levels.vix1d * levels.own / levels.vix / np.sqrt(252)
        bands = rolling_bands(past, past, dte=1, bands=BANDS, window=100, min_sample=100)
        passed = intraday_share(minute - OPEN, session_minutes=length)
        shrink = np.sqrt(INTRADAY * (1 - float(passed)))
        yield Moment(
            day=day, minute=int(minute), length=length, forward=forward,
            atm=atm_of(chain, forward), index_stdev=float(index[0]), levels=levels,
            realized=float(np.sqrt(np.mean(moves**2))) if len(moves) >= 3 else float("nan"),
            low=forward * (1 + bands.low[-1] * shrink),
            high=forward * (1 + bands.high[-1] * shrink), chain=chain,
        )  # fmt: skip


def calibrate(past: Sequence[Moment]) -> Calibration:
    """Ratio of the sums for the clock, medians near each knot for the smile of each period."""
    good = [m for m in past if np.isfinite(m.atm) and m.length == FULL]
    minutes = sorted({m.minute for m in good})
    left = [
        sum(m.atm**2 for m in good if m.minute == at)
        / sum(m.index_stdev**2 for m in good if m.minute == at)
        for at in minutes
    ]
    falling = np.minimum.accumulate(left)
    start, slopes = by_moves([m for m in good if np.isfinite(m.realized)])
    return Calibration(
        minutes=np.array([*minutes, OPEN + FULL], float),
        left=np.append(falling, 0.0),
        start=start,
        slopes=slopes,
        smiles=tuple(
            smile_of([m for m in good if first <= m.minute < stop]) for first, stop in PERIODS
        ),
    )


def by_moves(some: Sequence[Moment]) -> tuple[dict[int, float], Floats]:
    """Least squares with a start for each minute; then scaled so that variances add up alike."""
    minutes = sorted({m.minute for m in some})
    which = np.array([[m.minute == at for at in minutes] for m in some], float)
    known = np.array([predictors(m) for m in some])
    atm = np.array([m.atm for m in some])
    found = np.linalg.lstsq(np.hstack([which, known]), np.log(atm), rcond=None)[0]
    fitted = np.exp(np.hstack([which, known]) @ found)
    scale = np.log((atm**2).sum() / (fitted**2).sum()) / 2
    starts = found[: len(minutes)] + scale
    return dict(zip(minutes, starts.tolist(), strict=True)), found[len(minutes) :]


def smile_of(some: Sequence[Moment]) -> SurfaceTable:
    z = np.concatenate([np.log(m.chain.strikes / m.forward) / m.atm for m in some])
    ratio = np.concatenate([stdevs(m.chain, m.forward) / m.atm for m in some])
    knots = []
    for at, before in zip(Z_KNOTS, NDX_TABLE.smile, strict=True):
        near = (np.abs(z - at) <= 0.25) & np.isfinite(ratio)
        knots.append(float(np.median(ratio[near])) if near.sum() >= 20 else before)
    return replace(NDX_TABLE, name="NDX 0 DTE", smile=tuple(knots))


def model_levels(data: Data, m: Moment, stdev: float) -> ChainLevels:
    day = np.array([m.day.toordinal()])
    share = intraday_share(m.minute - OPEN, session_minutes=m.length)
    found = chain_levels(
        "NDX", clock=data.clock, levels=m.levels, expiration=int(day[0]), dte=0,
        instants=Instants(origin=data.clock.previous_session(day),
                          time=data.clock.at(day, share=share)),
        spot=np.array([m.forward]), years=0.0, rate=0.0, dividend_yield=0.0,
    )  # fmt: skip
    return found if np.isnan(stdev) else replace(found, atm_stdev=np.array([stdev]))


def pairs_of(
    data: Data, some: Sequence[Moment], fitted: Calibration
) -> dict[str, list[tuple[int, CreditPair]]]:
    """Pairs with their minute; all models on the same spreads."""
    anchors = {m.day: m.atm**2 / fitted.variance_left(m.minute, m.length)
               for m in some if m.minute == ANCHOR}  # fmt: skip
    out: dict[str, list[tuple[int, CreditPair]]] = {model: [] for model in MODELS}
    for m in some:
        known = (m.atm, m.realized, anchors.get(m.day, np.nan))
        if m.minute < ANCHOR or not np.isfinite(known).all():
            continue
        left = fitted.variance_left(m.minute, m.length)
        own, smile = float(np.sqrt(anchors[m.day] * left)), fitted.smile(m.minute)
        index = m.index_stdev * float(np.sqrt(left))
        stdev = (np.nan, index, fitted.by_moves(m), own, m.atm, m.atm)
        tables = (NDX_TABLE, smile, smile, smile, smile, NDX_TABLE)
        for model, level, table in zip(MODELS, stdev, tables, strict=True):
            puts, calls = price_with_table(
                table, chain=model_levels(data, m, float(level)), strikes=m.chain.strikes
            )
            for low, high in zip(m.low, m.high, strict=True):
                out[model] += [
                    (m.minute, pair)
                    for pair in credit_pairs(
                        m.chain, model_puts=puts[:, 0], model_calls=calls[:, 0],
                        forward=m.forward, low=low, high=high, widths=WIDTHS,
                        session=m.day.toordinal(), dte=0,
                    )
                ]  # fmt: skip
    return out


def report(found: dict[str, list[tuple[int, CreditPair]]], name: str) -> Iterator[str]:
    yield f"| {name} | spreads | sessions | bias % (95 %) | MAE % | rank |"
    yield "|---|---|---|---|---|---|"
    for model, pairs in found.items():
        yield row(model, agreement([p for _, p in pairs], generator=np.random.default_rng(1)))
    for model in DETAILED:
        for width in WIDTHS:
            some = [p for _, p in found[model] if p.width == width]
            yield row(
                f"{model}, width {width}", agreement(some, generator=np.random.default_rng(1))
            )
        for first, stop in PERIODS:
            some = [p for minute, p in found[model] if first <= minute < stop]
            told = f"{model}, {first // 60}:{first % 60:02} to {stop // 60}:{stop % 60:02}"
            yield row(told, agreement(some, generator=np.random.default_rng(1)))
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description="Validate model prices at 0 DTE.")
    default = os.environ.get("CONDORWATCH_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    data = Data(parser.parse_args().data, load_calendar(None, today=date(2026, 6, 1)))
    every = list(moments(data))
    days = sorted({m.day for m in every})
    past = [m for m in every if m.day in days[:TRAINED]]
    rest = [m for m in every if m.day in days[TRAINED:]]
    fitted = calibrate(past)
    told = zip(fitted.minutes.astype(int), fitted.left, strict=True)
    print(len(days), "sessions; variance left:", ", ".join(f"{m} {left:.3f}" for m, left in told))
    for smile in fitted.smiles:
        pairs = zip(Z_KNOTS, smile.smile, strict=True)
        print("smile:", ", ".join(f"{z:g} {ratio:.3f}" for z, ratio in pairs))
    print("slopes of VXN and of the last hour's moves:", np.round(fitted.slopes, 2).tolist())
    print("\n".join(report(pairs_of(data, past, fitted), "first 28 (fitted)")))
    print("\n".join(report(pairs_of(data, rest, fitted), "last 14 (tested)")))


if __name__ == "__main__":
    main()
