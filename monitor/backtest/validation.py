"""How far model credits lie from real ones: the same spreads priced by both, and the measures.

Pure: chains and bands come in, numbers go out. `benchmarks/validate_surface.py` feeds it from
recorded chains and writes the table of docs/pricing.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from monitor.domain.pricing.quote_rules import plausible_credit, two_sided
from monitor.domain.vocabulary import SpreadType

Floats = NDArray[np.float64]
RESAMPLES = 4000
_SAME_STRIKE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedChain:
    """One expiration at one instant. Shapes: (n_strikes,), strikes ascending; NaN unquoted."""

    strikes: Floats
    put_bid: Floats
    put_ask: Floats
    call_bid: Floats
    call_ask: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditPair:
    """One spread: what it is, and its mid credit in points by the market and by the model."""

    session: int
    dte: int
    kind: SpreadType
    width: float
    real: float
    model: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Percent of the mean real credit; the interval is 95 %, by resampling whole sessions.

    `rank` is Spearman's correlation.
    """

    spreads: int
    sessions: int
    bias: float
    bias_low: float
    bias_high: float
    mae: float
    rank: float


def credit_pairs(
    chain: QuotedChain,
    *,
    model_puts: Floats,
    model_calls: Floats,
    forward: float,
    low: float,
    high: float,
    widths: Sequence[float],
    session: int,
    dte: int,
) -> Iterator[CreditPair]:
    """Every tradable spread at one band: short strikes are the first listed outside low..high.

    As in the backtest: shorts strictly out of the money and quoted on both sides, the long
    listed at exactly the width, the credit plausible. Condors need both sides.
    """
    puts = _Side(chain.strikes, chain.put_bid, chain.put_ask, model_puts)
    calls = _Side(chain.strikes, chain.call_bid, chain.call_ask, model_calls)
    short_put = int(np.searchsorted(chain.strikes, min(low, forward), "right")) - 1
    short_call = int(np.searchsorted(chain.strikes, max(high, forward), "left"))
    for width in widths:
        put = puts.credit(short_put, -width) if chain.strikes[short_put] < forward else None
        call = calls.credit(short_call, width)
        both = (put[0] + call[0], put[1] + call[1]) if put and call else None
        for kind, credit in (
            (SpreadType.PUT_SPREAD, put),
            (SpreadType.CALL_SPREAD, call),
            (SpreadType.IRON_CONDOR, both),
        ):
            if credit:
                yield CreditPair(
                    session=session, dte=dte, kind=kind, width=width,
                    real=credit[0], model=credit[1],
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Side:
    strikes: Floats
    bid: Floats
    ask: Floats
    model: Floats

    def credit(self, short: int, width: float) -> tuple[float, float] | None:
        """Real and model credit, or None where the spread is not listed or not quoted."""
        if not 0 <= short < len(self.strikes) or not two_sided(self.bid[short], self.ask[short]):
            return None
        wanted = self.strikes[short] + width
        long = int(np.searchsorted(self.strikes, wanted - _SAME_STRIKE))
        if long >= len(self.strikes) or abs(self.strikes[long] - wanted) > _SAME_STRIKE:
            return None
        mid = (self.bid + self.ask) / 2
        real = float(mid[short] - mid[long])
        if not plausible_credit(real, abs(width)):
            return None
        return real, float(self.model[short] - self.model[long])


def agreement(pairs: Sequence[CreditPair], *, generator: np.random.Generator) -> Agreement:
    """Bias, mean absolute error and rank correlation of model credits.

    Spreads of one session share its errors, so sessions are resampled, not spreads.
    """
    real = np.array([p.real for p in pairs])
    error = np.array([p.model for p in pairs]) - real
    sessions, place = np.unique([p.session for p in pairs], return_inverse=True)
    by_session = np.bincount(place, weights=error), np.bincount(place, weights=real)
    drawn = generator.integers(0, len(sessions), (RESAMPLES, len(sessions)))
    resampled = by_session[0][drawn].sum(axis=1) / by_session[1][drawn].sum(axis=1)
    low, high = np.quantile(resampled, (0.025, 0.975)) * 100
    return Agreement(
        spreads=len(pairs),
        sessions=len(sessions),
        bias=float(100 * error.mean() / real.mean()),
        bias_low=float(low),
        bias_high=float(high),
        mae=float(100 * np.abs(error).mean() / real.mean()),
        rank=float(spearmanr(real, real + error).statistic),
    )
