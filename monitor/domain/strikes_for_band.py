"""A band, a width and a chain's listed strikes → the strikes of a spread, or why there are none.

Short: the nearest listed strike at or beyond the band, strictly out of the money. Long: exactly
the width away. Where either is not listed there is no trade: never another width, never one
side of a condor. Points throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.domain.option_chain import OptionChain, Right
from monitor.domain.positions import Strikes
from monitor.domain.vocabulary import SpreadType

MAX_STRIKE_GAP = 0.005  # of the price: a strike further beyond the band is another trade


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeChoice:
    """`strikes` or the reasons.

    `unlisted`: the exchange does not list what the configuration needs, so it cannot be opened.
    `unknown`: the quotes at hand do not reach far enough to tell.
    """

    strikes: Strikes | None = None
    unlisted: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Unlisted:
    why: str


@dataclass(frozen=True, slots=True)
class _Unknown:
    why: str


def choose_strikes(
    chain: OptionChain,
    spread_type: SpreadType,
    *,
    spot: float,
    low: float,
    high: float,
    width: float,
) -> StrikeChoice:
    """The strikes of one configuration.

    Args:
        spot: Price of the underlying now. low, high: The band's ends, in points.
    """
    put = call = None
    if spread_type is not SpreadType.CALL_SPREAD:
        put = _side(chain, Right.PUT, spot=spot, level=low, width=width)
    if spread_type is not SpreadType.PUT_SPREAD:
        call = _side(chain, Right.CALL, spot=spot, level=high, width=width)
    unlisted = tuple(s.why for s in (put, call) if isinstance(s, _Unlisted))
    unknown = tuple(s.why for s in (put, call) if isinstance(s, _Unknown))
    if unlisted or unknown:
        return StrikeChoice(unlisted=unlisted, unknown=unknown)
    short_put, long_put = put if isinstance(put, tuple) else (None, None)
    short_call, long_call = call if isinstance(call, tuple) else (None, None)
    return StrikeChoice(
        strikes=Strikes(
            short_put=short_put, long_put=long_put, short_call=short_call, long_call=long_call
        )
    )


def _side(
    chain: OptionChain, right: Right, *, spot: float, level: float, width: float
) -> tuple[float, float] | _Unlisted | _Unknown:
    """Short and long strike of one side."""
    short = _short(chain, right, spot=spot, level=level)
    name = f"{chain.root} {chain.expiration}"
    if short is None:
        return _Unknown(f"the {right} band ends at {level:,.6g}, beyond the strikes of {name}")
    gap = abs(short - level)
    if gap > MAX_STRIKE_GAP * spot:
        return _Unlisted(
            f"the nearest listed {right} beyond the band's {level:,.6g} is {short:g}, "
            f"{gap:.4g} points further"
        )
    long = short - width if right is Right.PUT else short + width
    if chain.place(long) is not None:
        return short, long
    if not chain.strikes[0] <= long <= chain.strikes[-1]:
        return _Unknown(f"{long:g} {right} lies outside the strikes known of {name}")
    return _Unlisted(
        f"{long:g} {right} is not listed, {width:g} from {short:g}"
        f"{_hint(chain, right, short, width)}"
    )


def _short(chain: OptionChain, right: Right, *, spot: float, level: float) -> float | None:
    """The nearest listed strike at or beyond the level and strictly out of the money."""
    strikes = chain.strikes
    if right is Right.PUT:
        i = int(strikes.searchsorted(level, side="right")) - 1
        i = min(i, int(strikes.searchsorted(spot, side="left")) - 1)
    else:
        i = int(strikes.searchsorted(level, side="left"))
        i = max(i, int(strikes.searchsorted(spot, side="right")))
    return float(strikes[i]) if 0 <= i < len(strikes) else None


def _hint(chain: OptionChain, right: Right, short: float, width: float) -> str:
    """The nearest width that is listed, as a hint and no more."""
    far = short - chain.strikes if right is Right.PUT else chain.strikes - short
    widths = far[far > 0]
    if not len(widths):
        return ""
    nearest = float(widths[np.argmin(np.abs(widths - width))])
    return f" (the nearest listed width is {nearest:g})"
