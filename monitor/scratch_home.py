"""Homes that a run makes and clears itself: replay and demo never write beside real things."""

from __future__ import annotations

import shutil

from monitor.errors import ConfigError
from monitor.home import Home


def prepare_scratch_home(home: Home, *, marker: str, words: str) -> None:
    """Make the folder, or clear what the last such run left in it.

    Args:
        marker: Name of the file that says whose folder this is.
        words: Its text.

    Raises:
        ConfigError: The folder holds something that no such run made. Nothing was touched.
    """
    root = home.root
    if root.exists() and any(root.iterdir()) and not (root / marker).is_file():
        raise ConfigError(
            f"{root} holds something else (no {marker} in it); it is not cleared",
            hint="move that folder away, or choose another --home",
        )
    try:
        for folder in (home.data, home.logs, home.results):
            if folder.exists():
                shutil.rmtree(folder)
        root.mkdir(parents=True, exist_ok=True)
        (root / marker).write_text(words, "utf-8")
    except OSError as error:
        raise ConfigError(
            f"the folder {root} cannot be prepared: {error.strerror}",
            hint="is another such run still going? else choose another place with --home",
        ) from error
    home.prepare()
