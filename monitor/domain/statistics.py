"""What a win rate is worth: its interval, the rate that breaks even, and what may be claimed.

Plain arithmetic on single numbers. Rates are fractions of 1, money in any one unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from monitor.domain.vocabulary import Verdict
from monitor.errors import DomainError

Z_95 = NormalDist().inv_cdf(0.975)
EVIDENCE_SCORE = 95.0
WEAK_SCORE = 80.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval of a rate, fractions of 1."""

    low: float
    high: float


def wilson_interval(successes: float, trials: float, *, z: float = Z_95) -> Interval:
    """Wilson (1927) score interval of a proportion; 95 % unless `z` says otherwise.

    `successes` may be fractional: a file gives a rounded rate, not the count.

    Raises:
        DomainError: No trials, or successes outside 0..trials.

    Source: Newcombe, Statistics in Medicine 17 (1998) 857, method 3.

    >>> interval = wilson_interval(81, 263)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.2553, 0.3662)
    """
    if not (trials > 0 and 0 <= successes <= trials):
        raise DomainError(
            f"{successes} wins of {trials} trades: need 0 ≤ wins ≤ trades, trades > 0"
        )
    rate = successes / trials
    shrink = 1 + z * z / trials
    center = (rate + z * z / (2 * trials)) / shrink
    half = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials)) / shrink
    low = 0.0 if successes == 0 else max(0.0, center - half)
    high = 1.0 if successes == trials else min(1.0, center + half)
    return Interval(low, high)


def wins_of(rate_pct: float, trials: float) -> float:
    """The count of wins behind a rate printed to one decimal; fractional where none fits.

    >>> wins_of(91.4, 58)  # 53 of 58 is 91.379 %
    53.0
    """
    count = rate_pct / 100 * trials
    nearest = float(round(count))
    return nearest if abs(count - nearest) <= trials * 0.0005 + 1e-9 else count


def breakeven_win_rate(
    *,
    credit: float,
    max_loss: float,
    profit_target_pct: float,
    stop_credit_multiple: float,
) -> float:
    """The win rate at which the person's own exits neither earn nor lose, as a fraction.

    A winner takes the profit target, a loser the stop; a stop beyond the maximum loss can
    never fire, so the loss is then the maximum loss. Fees and slippage come on top, so the
    true figure is higher.

    Args:
        credit, max_loss: Any one unit, both > 0.

    Raises:
        DomainError: A value is not positive.

    >>> breakeven_win_rate(credit=285, max_loss=1715, profit_target_pct=50, stop_credit_multiple=2)
    0.8
    """
    if not min(credit, max_loss, profit_target_pct, stop_credit_multiple) > 0:
        raise DomainError(
            f"break-even needs positive values, not credit {credit}, max loss {max_loss}, "
            f"target {profit_target_pct} %, stop {stop_credit_multiple} credits"
        )
    profit = credit * profit_target_pct / 100
    loss = min(credit * stop_credit_multiple, max_loss)
    return loss / (loss + profit)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitOdds:
    """What the person's exits make of one contract, in the unit of the credit.

    `profit` at the target and `loss` at the stop, fees of both ways taken off; the whole loss
    pays the opening alone. `breakeven` is a fraction, None when no win rate pays.
    """

    profit: float
    loss: float
    full_loss: float

    @property
    def breakeven(self) -> float | None:
        return self.loss / (self.loss + self.profit) if self.profit > 0 else None

    @property
    def wins_per_full_loss(self) -> float | None:
        """Wins at the target that repay one whole loss."""
        return self.full_loss / self.profit if self.profit > 0 else None


def exit_odds(
    *,
    credit: float,
    max_loss: float,
    profit_target_pct: float,
    stop_credit_multiple: float,
    fees: float,
) -> ExitOdds:
    """Profit and loss under the exits after fees (slippage on the way out comes on top).

    Args:
        credit, max_loss: Before fees. fees: Of opening and closing together.

    >>> odds = exit_odds(
    ...     credit=140, max_loss=9860, profit_target_pct=50, stop_credit_multiple=2, fees=8
    ... )
    >>> odds.profit, odds.loss, odds.full_loss, round(odds.breakeven or 0, 4)
    (62.0, 288.0, 9864.0, 0.8229)
    """
    stop = min(credit * stop_credit_multiple, max_loss)
    return ExitOdds(
        profit=credit * profit_target_pct / 100 - fees,
        loss=float(stop + fees),
        full_loss=max_loss + fees / 2,
    )


def verdict_of_score(honest_score: float) -> Verdict:
    """The words for a file's own `honest_score` (100 × the smaller of P(profit) and DSR)."""
    if not math.isfinite(honest_score):
        return Verdict.UNKNOWN
    if honest_score >= EVIDENCE_SCORE:
        return Verdict.EVIDENCE
    return Verdict.WEAK if honest_score >= WEAK_SCORE else Verdict.NO_EDGE


def verdict_without_score(*, wins: float, trials: float, breakeven: float, tries: int) -> Verdict:
    """What may be said of a row whose file has no verdict of its own: never anything good.

    The file was sorted by result, so its best row had at least as many chances as the file has
    rows. "No edge" when the win rate's lower bound, corrected for that many tries
    (Bonferroni), does not lie above break-even. Otherwise "unknown": the tries that were not
    written to the file, and trades that overlap, cannot be seen from a row, so it can never
    earn "weak" or "evidence".
    """
    bound = wilson_interval(wins, trials, z=corrected_z(max(1, tries))).low
    return Verdict.UNKNOWN if bound > breakeven else Verdict.NO_EDGE


@lru_cache(maxsize=64)
def corrected_z(tries: int) -> float:
    """The two-sided 95 % normal quantile when the best of `tries` is looked at."""
    return NormalDist().inv_cdf(1 - 0.025 / tries)
