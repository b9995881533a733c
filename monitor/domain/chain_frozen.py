"""A chain that only seems to live: new stamps, old quotes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitor.domain.alert_text import clock_text
from monitor.domain.option_chain import OptionChain
from monitor.domain.quotes import Floats

# Readings in a row, after the first, that repeat every quote. Hundreds of quotes of an open
# market do not stand still for a quarter of an hour.
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Unmoved:
    """Since which chain every quote of a series was repeated, and in how many readings."""

    since: OptionChain
    newest: OptionChain
    repeats: int = 0

    @property
    def frozen(self) -> str | None:
        """Why the chain is not believed, or None."""
        if self.repeats < REPEATS:
            return None
        return (
            f"frozen: {self.newest.source} repeats every quote of {self.newest.root} "
            f"{self.newest.expiration} since {clock_text(self.since.asof)}"
        )


def observed(before: Unmoved | None, chain: OptionChain, *, session_open: bool) -> Unmoved:
    """Count one reading. The same stamp again is the same reading."""
    if before is None or not session_open or not _same(before.newest, chain):
        return Unmoved(chain, chain)
    newer = chain.asof > before.newest.asof
    return Unmoved(before.since, chain, before.repeats + newer)


def _same(a: OptionChain, b: OptionChain) -> bool:
    """Whether every quote is as it was, and there is any."""
    if a.source != b.source or not np.array_equal(a.strikes, b.strikes):
        return False
    pairs = list(zip(_quotes(a), _quotes(b), strict=True))
    return all(np.array_equal(x, y, equal_nan=True) for x, y in pairs) and any(
        np.isfinite(x).any() for x, _ in pairs
    )


def _quotes(chain: OptionChain) -> Iterator[Floats]:
    for side in (chain.put, chain.call):
        yield side.bid
        yield side.ask
