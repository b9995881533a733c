"""Why our surface table differs from the design's: the same evenings, looked at in other ways.

    python benchmarks/surface_variants.py [--data FOLDER]

The evenings and choices of `validate_surface.py`, changed one at a time: bands in units of
volatility; each spread once and worth the least credit; each session alike instead of each dollar;
and the constants fitted on the *other* sessions of the family (SPX with SPY, NDX with QQQ), each
session left out in turn. Then, by session, how far the market's at-the-money vol stood from what
the design's constants say: that is what the table's bias is made of.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from validate_0dte import out_of_the_money, stdevs
from validate_surface import (
    MARKETS,
    Data,
    Evening,
    evenings,
    model_levels,
    pairs_at,
    row,
    true_atm,
)

from monitor.backtest.configs import BandMode
from monitor.backtest.surface import ChainLevels
from monitor.backtest.validation import Agreement, CreditPair, agreement
from monitor.domain.pricing.costs import trading_costs
from monitor.domain.pricing.surface_tables import Z_KNOTS, SurfaceTable, surface_table
from monitor.providers.sessions import load_calendar

REPOSITORY = Path(__file__).resolve().parent.parent
FAMILIES = {"SPX": ("SPX", "SPY"), "SPY": ("SPX", "SPY"),
            "NDX": ("NDX", "QQQ"), "QQQ": ("NDX", "QQQ")}  # fmt: skip
BUCKETS = ((1, 1), (2, 3), (4, 10))
NEAR_KNOT, FEWEST = 0.25, 20


@dataclass(frozen=True)
class Look:
    """One chain, the model's levels for it, and what the market itself said at the money."""

    symbol: str
    evening: Evening
    levels: ChainLevels
    atm: float

    @property
    def off(self) -> float:
        """The market's at-the-money stdev ÷ the model's."""
        return self.atm / float(self.levels.atm_stdev[0])

    @property
    def kind(self) -> tuple[int, bool]:
        """Which constant applies: by sessions, and for one session by VIX1D."""
        place = next(i for i, (_, last) in enumerate(BUCKETS) if self.evening.dte <= last)
        return place, place == 0 and self.evening.day >= FIRST_VIX1D


FIRST_VIX1D = np.datetime64("2023-04-24")


def looks(data: Data, symbol: str) -> list[Look]:
    found = []
    for evening in evenings(data, symbol):
        levels = model_levels(data, symbol, evening, "recommended")
        atm = true_atm(evening, float(levels.discount[0]))
        found.append(Look(symbol, evening, levels, atm))
    return found


def priced(
    some: Sequence[Look], mode: BandMode = BandMode.RAW100
) -> list[tuple[Look, list[CreditPair]]]:
    return [
        (one, list(pairs_at(one.evening, one.symbol, one.levels, surface_table(one.symbol), mode)))
        for one in some
    ]


def flat(pairs: Sequence[tuple[Look, list[CreditPair]]]) -> list[CreditPair]:
    return [pair for _, some in pairs for pair in some]


def once(pairs: Sequence[tuple[Look, list[CreditPair]]]) -> list[CreditPair]:
    """Each spread once though several bands choose it, and only if it may be sold."""
    least = {s: trading_costs(s).min_credit_usd / 100 for s in MARKETS}
    return [
        pair
        for look, some in pairs
        for pair in dict.fromkeys(some)
        if pair.real >= least[look.symbol]
    ]


def alike(pairs: Sequence[CreditPair]) -> Agreement:
    """Each session's credits scaled to the same sum."""
    total: dict[int, float] = {}
    for p in pairs:
        total[p.session] = total.get(p.session, 0.0) + p.real
    scaled = [
        replace(p, real=p.real / total[p.session], model=p.model / total[p.session]) for p in pairs
    ]
    return agreement(scaled, generator=np.random.default_rng(1))


def left_out(some: Sequence[Look], family: Sequence[Look], *, smile: bool) -> list[CreditPair]:
    """Priced with the constants, and if asked the smile, of the family's other sessions."""
    out = []
    for session in sorted({one.evening.day for one in some}):
        others = [one for one in family if one.evening.day != session]
        table = surface_table(some[0].symbol)
        fitted = fitted_smile(others, table) if smile else table
        for one in (o for o in some if o.evening.day == session):
            same = [o.off for o in others if o.kind == one.kind]
            atm = one.levels.atm_stdev * (np.mean(same) if same else 1.0)
            levels = replace(one.levels, atm_stdev=atm)
            out += pairs_at(one.evening, one.symbol, levels, fitted)
    return out


def fitted_smile(some: Sequence[Look], table: SurfaceTable) -> SurfaceTable:
    """Medians of total stdev ÷ at the money, near each knot."""
    z, ratio = [], []
    for one in some:
        chain = out_of_the_money(one.evening.chain, one.evening.forward)
        z.append(np.log(chain.strikes / one.evening.forward) / one.atm)
        ratio.append(stdevs(chain, one.evening.forward) / one.atm)
    every_z, every = np.concatenate(z), np.concatenate(ratio)
    knots = []
    for at, before in zip(Z_KNOTS, table.smile, strict=True):
        near = (np.abs(every_z - at) <= NEAR_KNOT) & np.isfinite(every)
        knots.append(float(np.median(every[near])) if near.sum() >= FEWEST else before)
    return replace(table, smile=tuple(knots))


def variants(symbol: str, found: dict[str, list[Look]]) -> Iterator[str]:
    some = found[symbol]
    family = [one for member in FAMILIES[symbol] for one in found[member]]
    as_is = priced(some)
    for name, pairs in (
        ("as it is", flat(as_is)),
        ("bands vix250", flat(priced(some, BandMode.VIX250))),
        ("each spread once, least credit", once(as_is)),
        ("own constants, session left out", left_out(some, family, smile=False)),
        ("own constants and smile, session left out", left_out(some, family, smile=True)),
    ):
        yield row(f"{symbol}, {name}", agreement(pairs, generator=np.random.default_rng(1)))
    yield row(f"{symbol}, each session alike", alike(flat(as_is)))


def by_session(some: Sequence[Look]) -> Iterator[str]:
    biases = priced(some)
    for session in sorted({one.evening.day for one in some}):
        pairs = [p for one, mine in biases for p in mine if one.evening.day == session]
        real, model = sum(p.real for p in pairs), sum(p.model for p in pairs)
        cells = []
        for first, last in BUCKETS:
            off = [o.off for o in some
                   if o.evening.day == session and first <= o.evening.dte <= last]  # fmt: skip
            cells.append(f"{100 * np.mean(off) - 100:+.0f}" if off else "–")
        bias = f"{100 * model / real - 100:+.0f}" if pairs else "–"
        yield f"| {some[0].symbol} {session:%Y-%m-%d %a} | {' | '.join(cells)} | {bias} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Look at the surface's table in other ways.")
    default = os.environ.get("CONDORWATCH_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    data = Data(parser.parse_args().data, load_calendar(None, today=date(2026, 6, 1)))
    found = {symbol: looks(data, symbol) for symbol in MARKETS}
    print("| | spreads | sessions | bias % (95 %) | MAE % | rank |")
    print("|---|---|---|---|---|---|")
    for symbol in MARKETS:
        print("\n".join(variants(symbol, found)))
    print("\n| market ÷ model at the money, % | 1 | 2 to 3 | 4 to 10 | bias of credits % |")
    print("|---|---|---|---|---|")
    for some in found.values():
        print("\n".join(by_session(some)))


if __name__ == "__main__":
    main()
