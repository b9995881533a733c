"""Strikes and credit of a spread → width and maximum loss.

Only one side of a condor can finish in the money, so the wider wing sets the loss and the
whole credit, of both sides, is kept against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.domain.positions import Strikes
from monitor.domain.vocabulary import SpreadType
from monitor.errors import InvalidSpreadError

if TYPE_CHECKING:  # `positions list` starts without the page's value classes
    from monitor.domain.snapshot import PositionView, TradeView

PUT_SIDE = ("short_put", "long_put")
CALL_SIDE = ("short_call", "long_call")
SIDES = {
    SpreadType.PUT_SPREAD: PUT_SIDE,
    SpreadType.CALL_SPREAD: CALL_SIDE,
    SpreadType.IRON_CONDOR: CALL_SIDE + PUT_SIDE,
}
# Above this part of the width the whole loss is below two credits (w − c < 2c).
HIGH_CREDIT = 1 / 3


def strikes_of(view: TradeView | PositionView) -> Strikes | None:
    """The strikes that a view shows; None where it has none."""
    found = Strikes(**{name: getattr(view, name) for name in Strikes.__slots__})
    return None if found == Strikes() else found


def put_width(strikes: Strikes) -> float | None:
    """Points between the puts, or None where there are none."""
    if strikes.short_put is None or strikes.long_put is None:
        return None
    return strikes.short_put - strikes.long_put


def call_width(strikes: Strikes) -> float | None:
    """Points between the calls, or None where there are none."""
    if strikes.short_call is None or strikes.long_call is None:
        return None
    return strikes.long_call - strikes.short_call


def widest_wing(strikes: Strikes) -> float:
    """Points of the wider side: the one that sets the maximum loss.

    >>> widest_wing(Strikes(short_put=100, long_put=90, short_call=120, long_call=125))
    10
    """
    widths = [w for w in (put_width(strikes), call_width(strikes)) if w is not None]
    if not widths:
        raise InvalidSpreadError("there are no strikes to take a width from")
    return max(widths)


def max_loss(*, width: float, credit: float) -> float:
    """Worst loss at expiration in points per share.

    Raises:
        InvalidSpreadError: The width is not positive, or the credit not within 0..width.

    >>> max_loss(width=100, credit=8)
    92
    """
    if not width > 0:
        raise InvalidSpreadError(f"a width of {width:g} points is not a spread: it must be above 0")
    if not 0 < credit < width:
        raise InvalidSpreadError(
            f"a credit of {credit:g} points on a width of {width:g} points cannot be: "
            "it must be above 0 and below the width"
        )
    return width - credit


def max_loss_usd(strikes: Strikes, *, credit_usd: float, contracts: int, multiplier: int) -> float:
    """Worst loss at expiration in dollars for the whole position.

    Raises:
        InvalidSpreadError: As `max_loss`; the message speaks dollars.
    """
    gross = widest_wing(strikes) * multiplier * contracts
    if not 0 < credit_usd < gross:
        raise InvalidSpreadError(
            f"a credit of ${credit_usd:,.2f} on a spread worth at most ${gross:,.2f} "
            f"({widest_wing(strikes):g} points × {multiplier} × {contracts}) cannot be",
            hint=f"give the credit of the whole position, above $0 and below ${gross:,.2f}; "
            "or --price in points per share",
        )
    return gross - credit_usd


def check_strikes(spread_type: SpreadType, strikes: Strikes) -> None:
    """Refuse strikes that do not make this credit spread.

    Raises:
        InvalidSpreadError: A strike is missing, foreign to the spread, or on the wrong side.
    """
    _check_sides(spread_type, strikes)
    width = put_width(strikes)
    if width is not None and width <= 0:
        raise InvalidSpreadError(
            f"the long put {strikes.long_put:g} must be below the short put {strikes.short_put:g}",
            hint="a put spread sold for a credit buys the lower strike; check for a swap",
        )
    width = call_width(strikes)
    if width is not None and width <= 0:
        raise InvalidSpreadError(
            f"the long call {strikes.long_call:g} must be above "
            f"the short call {strikes.short_call:g}",
            hint="a call spread sold for a credit buys the higher strike; check for a swap",
        )
    _check_condor_order(strikes)


def _a(spread_type: SpreadType) -> str:
    return f"{'an' if spread_type is SpreadType.IRON_CONDOR else 'a'} {spread_type}"


def _check_sides(spread_type: SpreadType, strikes: Strikes) -> None:
    needed = SIDES[spread_type]
    given = [name for name in CALL_SIDE + PUT_SIDE if getattr(strikes, name) is not None]
    foreign = [_flag(name) for name in given if name not in needed]
    if foreign:
        raise InvalidSpreadError(
            f"{_a(spread_type)} has no {', '.join(foreign)}",
            hint=f"it has {', '.join(map(_flag, needed))}; or change --spread",
        )
    missing = [_flag(name) for name in needed if name not in given]
    if missing:
        raise InvalidSpreadError(
            f"{_a(spread_type)} also needs {', '.join(missing)}",
            hint="give every strike, or none and --risk instead",
        )


def _check_condor_order(strikes: Strikes) -> None:
    if strikes.short_put is None or strikes.short_call is None:
        return
    if strikes.short_put > strikes.short_call:
        raise InvalidSpreadError(
            f"the short put {strikes.short_put:g} lies above the short call {strikes.short_call:g}",
            hint="in an iron condor the puts are below the calls; check for a swap",
        )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def describe_strikes(strikes: Strikes | None) -> str:
    """Strikes from low to high: "19400/19500 – 20500/20600"; a dash where unknown."""
    if strikes is None:
        return "—"
    sides = []
    if strikes.short_put is not None:
        sides.append(f"{strikes.long_put:g}/{strikes.short_put:g}p")
    if strikes.short_call is not None:
        sides.append(f"{strikes.short_call:g}/{strikes.long_call:g}c")
    return " ".join(sides)
