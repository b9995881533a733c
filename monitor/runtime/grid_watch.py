"""The grid file in force: the newest run is picked up without a restart."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from monitor.domain.grid import GridFile
from monitor.errors import GridFileError
from monitor.grid_facts import load_facts
from monitor.grid_file import load_grid
from monitor.grid_regimes import load_regime_rows

logger = logging.getLogger(__name__)

NAME = "grid_trading_ready.csv"


@dataclass(slots=True)
class GridWatch:
    """Loads the grid when its file is new or changed, and keeps the last good one otherwise."""

    results: Path
    chosen: Path | None = None  # settings.grid
    grid: GridFile | None = None
    problem: str | None = None
    missing: bool = False  # no run has a grid, and the person chose none
    _seen: tuple[Path, int, int] | None = None

    def refresh(self) -> None:
        """Look at the files; cheap when nothing changed."""
        path = self._newest()
        self.missing = path is None and self.chosen is None and self.grid is None
        if path is None:
            self._seen, self.problem = None, self._none_there()
            return
        try:
            stat = path.stat()
        except OSError as error:
            self.problem = f"the grid file {path} cannot be read: {error.strerror}"
            return
        seen = (path, stat.st_mtime_ns, stat.st_size)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            loaded = load_grid(path)
            facts = load_facts(path.parent)
            self.grid = replace(
                loaded,
                regimes=load_regime_rows(path.parent),
                tried=facts.tried,
                ticker=facts.ticker,
            )
            self.problem = None
        except GridFileError as error:
            kept = " (the last good one stays in force)" if self.grid else ""
            self.problem = f"{error.message}{kept}"
            logger.warning("grid file refused", extra={"reason": error.message})

    def _none_there(self) -> str:
        if self.grid is not None:
            return f"the grid file {self.grid.path} is gone (it stays in force until a restart)"
        if self.chosen is not None:
            return f"no grid file: {self.chosen} does not exist"
        return f"no grid file: put one at {self.results / 'backtest_tight' / NAME}"

    def _newest(self) -> Path | None:
        if self.chosen is not None:
            return self.chosen if self.chosen.exists() else None
        found = sorted(self.results.glob(f"*/{NAME}"), key=_modified)
        return found[-1] if found else None


def _modified(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.min.replace(tzinfo=UTC)
