"""What is traded: underlyings, their volatility index, option roots and multiplier."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.domain.vocabulary import Settlement


class Kind(StrEnum):
    INDEX = "index"
    ETF = "etf"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Underlying:
    """One underlying.

    `vol_index` is the index that measures its own implied volatility (VIX still names the
    regime); None where there is none. `am_root` is the AM-settled monthly series, None for
    ETFs. `multiplier` is dollars per point and contract.
    """

    symbol: str
    kind: Kind
    vol_index: str | None
    pm_root: str
    am_root: str | None = None
    multiplier: int = 100


_UNDERLYINGS = {
    u.symbol: u
    for u in (
        Underlying(symbol="NDX", kind=Kind.INDEX, vol_index="VXN", pm_root="NDXP", am_root="NDX"),
        Underlying(symbol="SPX", kind=Kind.INDEX, vol_index="VIX", pm_root="SPXW", am_root="SPX"),
        Underlying(symbol="RUT", kind=Kind.INDEX, vol_index="RVX", pm_root="RUTW", am_root="RUT"),
        Underlying(symbol="QQQ", kind=Kind.ETF, vol_index="VXN", pm_root="QQQ"),
        Underlying(symbol="SPY", kind=Kind.ETF, vol_index="VIX", pm_root="SPY"),
        Underlying(symbol="XLE", kind=Kind.ETF, vol_index=None, pm_root="XLE"),
        Underlying(symbol="XLF", kind=Kind.ETF, vol_index=None, pm_root="XLF"),
    )
}

SYMBOLS = tuple(_UNDERLYINGS)
VIX_FAMILY = ("VIX", "VIX9D", "VIX3M", "VIX1D", "VXN")
VOL_INDICES = frozenset({*VIX_FAMILY, "RVX"})


def underlying(symbol: str) -> Underlying:
    """Look up a symbol; one we do not know is taken as an ordinary optionable share."""
    symbol = symbol.strip().upper().removeprefix("^")
    known = _UNDERLYINGS.get(symbol)
    return known or Underlying(symbol=symbol, kind=Kind.OTHER, vol_index=None, pm_root=symbol)


def of_root(root: str) -> tuple[Underlying, Settlement | None]:
    """The underlying of an option root, and its settlement where the root alone tells it.

    NDXP and SPXW settle on the close; brokers write "SPX" for both kinds, so it tells nothing.
    """
    for known in _UNDERLYINGS.values():
        if root == known.pm_root and known.am_root is not None:
            return known, Settlement.PM
    return underlying(root), None


def has_volume(symbol: str) -> bool:
    """Whether a traded volume means anything: indices have none of their own."""
    return symbol not in VOL_INDICES and underlying(symbol).kind is not Kind.INDEX
