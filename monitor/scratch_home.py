"""Homes that a run makes and clears itself: a replay never writes beside real things."""

from __future__ import annotations

import shutil
from pathlib import Path

from monitor.errors import ConfigError
from monitor.home import Home

LOCK = "lock"


def claim_scratch_home(home: Home, *, marker: str, words: str) -> Path:
    """Make the folder and mark it as one that is cleared; returns the path of its lock.

    Args:
        marker: Name of the file that says whose folder this is.
        words: Its text.

    Raises:
        ConfigError: The folder holds something that no such run made. Nothing was touched.
    """
    root = home.root
    try:
        if root.exists() and any(root.iterdir()) and not (root / marker).is_file():
            raise ConfigError(
                f"{root} holds something else (no {marker} in it); it is not cleared",
                hint="move that folder away, or choose another --home",
            )
        root.mkdir(parents=True, exist_ok=True)
        (root / marker).write_text(words, "utf-8")
    except OSError as error:
        raise _unusable(root, error) from error
    return root / LOCK


def clear_scratch_home(home: Home) -> None:
    """Remove what the last run left; only for the one who claimed the folder and holds its lock.

    Raises:
        ConfigError: Something in it cannot be removed.
    """
    try:
        for folder in (home.data, home.logs, home.results):
            if folder.exists():
                shutil.rmtree(folder)
    except OSError as error:
        raise _unusable(home.root, error) from error
    home.prepare()


def _unusable(root: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"the folder {root} cannot be prepared: {error.strerror}",
        hint="choose another place with --home",
    )
