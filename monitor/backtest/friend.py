"""What a careful friend would say of a backtest, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.grid_table import ALL_REGIMES, VERDICT_WORDS, GridTable
from monitor.domain.vocabulary import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts over one policy and fill.

    Args:
        tried: Configurations looked at, those that never traded too.
        traded: Those with at least one trade; `earned` of these had an average P&L above zero.
        evidence, weak: By verdict, after all tries.
        tries: How many the verdict allows for: everything that was looked at in the run,
            exits and band modes included.
    """

    tried: int
    traded: int
    earned: int
    evidence: int
    weak: int
    tries: int


def tally(
    grid: GridTable,
    *,
    policy: str,
    fill: float,
    tries: int | None = None,
    aside: NDArray[np.bool_] | None = None,
) -> Tally:
    """Count the whole-market rows of one policy and fill; those `aside` get no verdict."""
    policies, regimes = grid.words("exit_policy"), grid.words("regime")
    mine = np.array([v == policy for v in policies.values])[policies.codes]
    mine &= np.array([v == ALL_REGIMES for v in regimes.values])[regimes.codes]
    mine &= grid.floats("fill") == fill
    traded = mine & (grid.floats("n_trades") > 0)
    verdict = grid.words("verdict")
    words = np.array([VERDICT_WORDS.index(v) for v in verdict.values])[verdict.codes]
    judged = traded if aside is None else traded & ~aside
    count = int(np.count_nonzero(mine))
    return Tally(
        tried=count,
        traded=int(np.count_nonzero(traded)),
        earned=int(np.count_nonzero(traded & (grid.floats("avg_pnl") > 0))),
        evidence=int(np.count_nonzero(judged & (words == _code(Verdict.EVIDENCE)))),
        weak=int(np.count_nonzero(judged & (words == _code(Verdict.WEAK)))),
        tries=count if tries is None else tries,
    )


def sentence(counts: Tally) -> str:
    """The last line of `monitor backtest`.

    >>> sentence(Tally(tried=49_248, traded=40_000, earned=312, evidence=0, weak=0, tries=49_248))
    'Of 49,248 configurations 312 earned after costs; after 49,248 tries none is beyond luck.'
    """
    if counts.traded == 0:
        return (
            f"Of {_configurations(counts.tried)} none could be traded: "
            "there is nothing to say about them."
        )
    if counts.earned == 0:
        return (
            f"Of {_configurations(counts.tried)} none earned after costs: "
            "not trading would have been better."
        )
    first = f"Of {_configurations(counts.tried)} {counts.earned:,} earned after costs"
    tries = f"after {counts.tries:,} {'try' if counts.tries == 1 else 'tries'}"
    if counts.evidence:
        some = f"{counts.evidence:,} {'is' if counts.evidence == 1 else 'are'} beyond luck"
        return f"{first}; {tries} {some}, in this window and at these costs."
    if counts.weak:
        some = f"{counts.weak:,} {'is' if counts.weak == 1 else 'are'} weakly so"
        return f"{first}; {tries} none is beyond luck, {some}."
    return f"{first}; {tries} none is beyond luck."


def _configurations(count: int) -> str:
    return f"{count:,} configuration{'' if count == 1 else 's'}"


def _code(verdict: Verdict) -> int:
    return VERDICT_WORDS.index(verdict.value)
