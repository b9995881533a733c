"""Quotes of single options as columns → chains: one per root and expiration that was asked for.

Every source's chain ends here, so that all obey one rule: what cannot be a price is NaN, rows
are put by strike, and NDX and NDXP of one date stay two chains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.domain.instruments import underlying
from monitor.domain.option_chain import ChainRequest, OptionChain, OptionSide
from monitor.domain.quotes import Floats
from monitor.domain.vocabulary import Settlement

VALUES = (
    "bid", "ask", "implied_vol", "delta", "gamma", "theta_per_day", "vega_per_vol_point",
    "open_interest",
)  # fmt: skip
NEVER_NEGATIVE = ("bid", "ask", "open_interest")
TAIL, RIGHT = 15, 6  # YYMMDD, C or P, eight digits of the strike in thousandths
_POWERS = 10 ** np.arange(7, -1, -1)


@dataclass(frozen=True, slots=True)
class Symbols:
    """Option symbols read apart; rows that are none have expiration 0.

    Shapes: (n,): `roots[root]` is a row's root, `expiration` its `date.toordinal()`, `call`
    bool, `strike` in points.
    """

    roots: tuple[str, ...]
    root: NDArray[np.int64]
    expiration: NDArray[np.int64]
    call: NDArray[np.bool_]
    strike: Floats

    def take(self, rows: NDArray[np.intp]) -> Symbols:
        return Symbols(
            self.roots, self.root[rows], self.expiration[rows], self.call[rows], self.strike[rows]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a source said of its whole answer."""

    source: str
    spot: float | None
    asof: datetime
    fetched_at: datetime
    delay: timedelta = timedelta(0)
    simulated: bool = False


def read_symbols(symbols: Sequence[str]) -> Symbols:
    """Read symbols like NDXP261120P19500000, all at once.

    Args:
        symbols: Anything; what is no option's symbol gets expiration 0 and is never matched.
    """
    codes: dict[str, int] = {}
    root = np.array([codes.setdefault(s[:-TAIL], len(codes)) for s in symbols], np.int64)
    letters = np.frombuffer("".join(["0" * TAIL, *symbols]).encode("ascii", "replace"), np.uint8)
    length = np.array([len(s) for s in symbols], np.int64)
    begin = np.cumsum(length)  # the zeros in front make room for a symbol that is too short
    tail = letters[begin[:, None] + np.arange(TAIL)]
    digits = tail.astype(np.int64) - ord("0")
    right = tail[:, RIGHT]
    ordinal = _ordinals(digits)
    numeric = (digits >= 0) & (digits <= 9)
    numeric[:, RIGHT] = (right == ord("C")) | (right == ord("P"))
    good = (length > TAIL) & numeric.all(axis=1)
    return Symbols(
        roots=tuple(codes),
        root=root,
        expiration=np.where(good, ordinal, 0),
        call=right == ord("C"),
        strike=digits[:, RIGHT + 1 :] @ _POWERS / 1000,
    )


def _ordinals(yymmdd: NDArray[np.int64]) -> NDArray[np.int64]:
    """`date.toordinal()` of 20YY-MM-DD by six digits; 0 where there is no such day."""
    year, month, day = (10 * yymmdd[:, i] + yymmdd[:, i + 1] for i in (0, 2, 4))
    numbers = (year * 100 + month) * 100 + day
    number, which = np.unique(numbers, return_inverse=True)
    return np.array([_ordinal(n) for n in number.tolist()], np.int64)[which]


def _ordinal(yymmdd: int) -> int:
    try:
        return date(2000 + yymmdd // 10_000, yymmdd // 100 % 100, yymmdd % 100).toordinal()
    except ValueError:
        return 0


def wanted_rows(symbols: Symbols, request: ChainRequest) -> NDArray[np.intp]:
    """Rows of the asked roots, expirations and strikes."""
    known = underlying(request.ticker)
    codes = [i for i, r in enumerate(symbols.roots) if r in (known.pm_root, known.am_root)]
    days = [day.toordinal() for day in request.expirations]
    keep = np.isin(symbols.expiration, days) & np.isin(symbols.root, codes)
    if request.low_strike is not None:
        keep &= symbols.strike >= request.low_strike
    if request.high_strike is not None:
        keep &= symbols.strike <= request.high_strike
    return np.flatnonzero(keep)


def chains_of(
    symbols: Symbols, values: dict[str, Floats], *, ticker: str, said: Said
) -> tuple[OptionChain, ...]:
    """Chains of all the rows, by expiration; the AM series before the PM one.

    Args:
        values: Columns of `VALUES`, (n,) each; one that is missing is unknown throughout. Of
            two rows of one option the later one counts.
    """
    checked = {name: _checked(name, values.get(name), len(symbols.strike)) for name in VALUES}
    found = _chains(symbols, checked, ticker, said)
    return tuple(sorted(found, key=lambda chain: (chain.expiration, chain.settlement)))


def _checked(name: str, column: Floats | None, n: int) -> Floats:
    if column is None:
        return np.full(n, np.nan)
    bad = ~np.isfinite(column) | ((column < 0) if name in NEVER_NEGATIVE else False)
    return np.where(bad, np.nan, column)


def _chains(
    symbols: Symbols, values: dict[str, Floats], ticker: str, said: Said
) -> Iterator[OptionChain]:
    known = underlying(ticker)
    order = np.lexsort((symbols.strike, symbols.root, symbols.expiration))
    order = order[symbols.expiration[order] > 0]
    series = symbols.expiration[order] * len(symbols.roots) + symbols.root[order]
    bounds = np.flatnonzero(np.diff(series, prepend=-1, append=-1))
    for first, last in pairwise(bounds.tolist()):
        rows = order[first:last]
        root = symbols.roots[symbols.root[rows[0]]]
        new = np.diff(symbols.strike[rows], prepend=-1.0) > 0
        strikes, place = symbols.strike[rows][new], np.cumsum(new) - 1
        calls = symbols.call[rows]
        put, call = (
            _side(values, rows[right], place[right], len(strikes)) for right in (~calls, calls)
        )
        yield OptionChain(
            underlying=known.symbol,
            root=root,
            expiration=date.fromordinal(int(symbols.expiration[rows[0]])),
            settlement=Settlement.AM if root == known.am_root else Settlement.PM,
            strikes=strikes,
            put=put,
            call=call,
            spot=said.spot,
            asof=said.asof,
            fetched_at=said.fetched_at,
            source=said.source,
            delay=said.delay,
            simulated=said.simulated,
        )


def _side(
    values: dict[str, Floats], rows: NDArray[np.intp], place: NDArray[np.intp], n: int
) -> OptionSide:
    columns = {}
    for name, column in values.items():
        out = np.full(n, np.nan)
        out[place] = column[rows]
        columns[name] = out
    return OptionSide(**columns)
