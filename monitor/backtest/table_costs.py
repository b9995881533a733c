"""Half-spreads out of the measured table, for recordings whose own bids and asks are no quotes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from monitor.backtest.legs import ExpirationMarks
from monitor.backtest.run_plan import MarksSource
from monitor.domain.pricing.costs import half_spreads


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCosts:
    """The marks of `source` at their mids, with the half-spreads measured for `ticker`.

    A leg in the money is charged as the out-of-the-money option of its strike, where that is
    known.
    """

    ticker: str
    source: MarksSource

    def part(self, first: int, stop: int) -> TableCosts:
        return replace(self, source=self.source.part(first, stop))

    def marks(self, expiration: int) -> ExpirationMarks | None:
        found = self.source.marks(expiration)
        if found is None:
            return None
        puts, calls = found.mid[: len(found.put_strike)], found.mid[len(found.put_strike) :]
        half = half_spreads(self.ticker, np.tile(np.fmin(puts, calls), (2, 1)))
        return replace(found, half=np.where(np.isnan(found.mid), np.nan, half))
