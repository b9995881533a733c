"""What a run of `monitor backtest` says of itself: `run.json` beside the grid CSV."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

logger = logging.getLogger(__name__)

NAME = "run.json"


class _Tries(msgspec.Struct):
    every: int | None = None


class _Run(msgspec.Struct):
    tries: _Tries = msgspec.field(default_factory=_Tries)
    ticker: str | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """`tried` counts every configuration, those that never traded included. None: unknown."""

    tried: int | None = None
    ticker: str | None = None


def load_facts(folder: Path) -> RunFacts:
    """Unknown without such a file; one that cannot be read is as good as none, and logged."""
    path = folder / NAME
    if not path.is_file():
        return RunFacts()
    try:
        run = msgspec.json.decode(path.read_bytes(), type=_Run)
    except (OSError, msgspec.MsgspecError) as error:
        logger.warning("facts of the run not read", extra={"reason": str(error)[:200]})
        return RunFacts()
    return RunFacts(tried=run.tries.every, ticker=run.ticker)
