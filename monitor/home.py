"""Where things live at run time: one home folder, laid out as the README says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Home:
    """Paths under one home folder. Nothing is created until `prepare`."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def history(self) -> Path:
        return self.data / "history"

    @property
    def charts(self) -> Path:
        return self.data / "charts"

    @property
    def snapshot(self) -> Path:
        return self.data / "dashboard_data.json"

    @property
    def positions_export(self) -> Path:
        return self.data / "positions.json"

    @property
    def lock(self) -> Path:
        return self.data / "monitor.lock"

    def prepare(self) -> None:
        """Make the folders that a run writes to.

        Raises:
            ConfigError: The home folder cannot be written.
        """
        try:
            for folder in (self.data, self.logs, self.results):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the home folder {self.root} cannot be written: {error.strerror}",
                hint="choose another with --home or CONDORWATCH_HOME",
            ) from error


def find_home(given: Path | None, environ: Mapping[str, str] | None = None) -> Home:
    """`--home`, else `CONDORWATCH_HOME`, else the current folder."""
    environ = os.environ if environ is None else environ
    return Home((given or Path(environ.get("CONDORWATCH_HOME") or ".")).resolve())
