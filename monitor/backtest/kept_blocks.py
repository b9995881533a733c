"""Finished blocks of a run that was stopped, so that `--resume` goes on where it ended.

They belong to one question and one set of data: the folder's name is the hash of both.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xxhash

from monitor.backtest.legs import TRADE
from monitor.backtest.run_plan import BlockResult, RunSpec
from monitor.backtest.trade_codes import NoTrade
from monitor.runtime.atomic_file import write_atomic

FLUSH_AFTER_S = 10.0


def run_key(spec: RunSpec, *, fingerprint: str, version: str) -> str:
    """What the blocks depend on, as a name. The order in which they are cut is part of it."""
    told = f"{spec!r}\n{fingerprint}\n{version}\n{TRADE!r}\n{len(NoTrade)}"
    return xxhash.xxh3_128_hexdigest(told.encode())


@dataclass(slots=True)
class KeptBlocks:
    """Keeps finished blocks in memory and writes them when that is due, or at a stop.

    A run of a few seconds writes nothing; a long one loses at most `FLUSH_AFTER_S` even when
    it is killed.

    Args:
        monotonic: Seconds that only grow.
    """

    folder: Path
    monotonic: Callable[[], float]
    _unsaved: list[BlockResult] = field(default_factory=list)
    _saved_at: float | None = None

    def keep(self, result: BlockResult) -> None:
        """Take one more; called as blocks finish."""
        now = self.monotonic()
        if self._saved_at is None:
            self._saved_at = now
        self._unsaved.append(result)
        if now - self._saved_at >= FLUSH_AFTER_S:
            self.flush()
            self._saved_at = now

    def flush(self) -> None:
        """Write what is not written yet."""
        for result in self._unsaved:
            write_atomic(self.folder / f"{result.number}.npz", _packed(result))
        self._unsaved.clear()

    def load(self) -> list[BlockResult]:
        """The blocks on disk; one that cannot be read is computed again."""
        found = (_unpacked(path) for path in sorted(self.folder.glob("*.npz")))
        return [one for one in found if one is not None]

    def clear(self) -> None:
        """The run is whole: nothing to go on with."""
        self._unsaved.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


def _packed(result: BlockResult) -> bytes:
    buffer = io.BytesIO()
    np.savez(
        buffer, number=result.number, trades=result.trades, no_trade=result.no_trade,
        expirations=result.expirations, seconds=result.seconds,
    )  # fmt: skip
    return buffer.getvalue()


def _unpacked(path: Path) -> BlockResult | None:
    try:
        with np.load(path, allow_pickle=False) as kept:
            trades = kept["trades"]
            if trades.dtype != TRADE:
                return None
            return BlockResult(
                number=int(kept["number"]), trades=trades, no_trade=kept["no_trade"],
                expirations=int(kept["expirations"]), seconds=float(kept["seconds"]),
            )  # fmt: skip
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
