"""What an amount of money means: 1.40 points, $140 a contract and $280 in all are one credit.

An amount counts as what its option says it is, unless that cannot be and another unit can: then
the readings that are left come back, and a person must choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.domain.spreads import HIGH_CREDIT

SMALLEST = 0.05  # points; below it nobody sells a spread
LIKENESS = 1.5  # a credit this many times the alert's, or a fraction of it, is another one


class Unit(StrEnum):
    POINTS = "points per share"
    CONTRACT = "dollars per contract"
    POSITION = "dollars for the position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One meaning of an amount; `credit` is what it makes in points per share."""

    unit: Unit
    credit: float


def readings(
    amount: float,
    stated: Unit,
    *,
    contracts: int,
    multiplier: int,
    width: float | None,
    expected: float | None = None,
) -> tuple[Reading, ...]:
    """The stated reading alone where it can be meant; else all that can, more than one or not.

    Args:
        width: Of the wider wing, points; None (no strikes): the statement is all there is.
        expected: The credit of the alert that the trade was made from, points per share.

    >>> [r.unit.value for r in readings(140, Unit.POINTS, contracts=2, multiplier=100, width=100)]
    ['dollars per contract', 'dollars for the position']
    """
    every = {
        Unit.POINTS: amount,
        Unit.CONTRACT: amount / multiplier,
        Unit.POSITION: amount / (multiplier * contracts),
    }
    said = Reading(unit=stated, credit=every[stated])
    if width is None or (_likely(said.credit, width) and _like(said.credit, expected)):
        return (said,)
    others = {
        round(credit, 9): Reading(unit=unit, credit=credit)
        for unit, credit in reversed(every.items())
        if unit is not stated and _likely(credit, width) and _like(credit, expected)
    }
    others.pop(round(said.credit, 9), None)
    possible = (said,) if SMALLEST <= said.credit < width and _like(said.credit, expected) else ()
    found = (*possible, *reversed(others.values()))
    return found if others else (said,)


def _likely(credit: float, width: float) -> bool:
    return SMALLEST <= credit <= HIGH_CREDIT * width


def _like(credit: float, expected: float | None) -> bool:
    return expected is None or expected / LIKENESS <= credit <= expected * LIKENESS
