"""Which alerts a monitor answers for, where several share one database. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """`led`: tickers whose alerts are this monitor's own. `rest`: also everything that no monitor
    watches, and what belongs to no ticker (VIX, limits, channels). `elsewhere`: tickers that
    another monitor leads.
    """

    led: frozenset[str] = frozenset()
    rest: bool = True
    elsewhere: frozenset[str] = frozenset()

    def covers(self, ticker: str | None) -> bool:
        if ticker in self.led:
            return True
        return self.rest and ticker not in self.elsewhere


ALONE = Scope()
NOTHING = Scope(rest=False)
