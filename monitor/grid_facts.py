"""What a run of `monitor backtest` says of itself: `run.json` beside the grid CSV."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

logger = logging.getLogger(__name__)

NAME = "run.json"


class _Tries(msgspec.Struct):
    every: int


class _Run(msgspec.Struct):
    tries: _Tries


def load_tries(folder: Path) -> int | None:
    """How many configurations the run tried, those that never traded included.

    None where there is no such file; one that cannot be read is as good as none, and logged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Run).tries.every
    except (OSError, msgspec.MsgspecError) as error:
        logger.warning("facts of the run not read", extra={"reason": str(error)[:200]})
        return None
