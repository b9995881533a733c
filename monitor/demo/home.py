"""The demo's own home folder: simulated things never touch the live ones."""

from __future__ import annotations

import shutil
from pathlib import Path

from monitor.errors import ConfigError
from monitor.home import Home

FOLDER = "demo"
MARKER = "SIMULATED.txt"
WORDS = """Everything in this folder is SIMULATED: it was made by `monitor --source demo`.
Each start of the demo clears data/, logs/ and results/ in here. Delete the folder at will.
"""


def demo_home(home: Home) -> Home:
    """The demo's home inside the live one: `<home>/demo`."""
    return Home(home.root / FOLDER)


def prepare_demo_home(demo: Home) -> None:
    """Make the folder, or clear what the last demo left in it.

    Raises:
        ConfigError: The folder holds something that no demo made. Nothing was touched.
    """
    require_demo_home(demo)
    try:
        for folder in (demo.data, demo.logs, demo.results):
            if folder.exists():
                shutil.rmtree(folder)
        demo.root.mkdir(parents=True, exist_ok=True)
        (demo.root / MARKER).write_text(WORDS, "utf-8")
    except OSError as error:
        raise ConfigError(
            f"the demo's folder {demo.root} cannot be prepared: {error.strerror}",
            hint="stop another running demo, or choose another place with --home",
        ) from error
    demo.prepare()


def require_demo_home(home: Home) -> None:
    """Refuse a folder that is not the demo's own: not named so, or filled by something else.

    Raises:
        ConfigError: Simulated values would mix with other ones.
    """
    foreign = home.root.exists() and any(home.root.iterdir()) and not is_demo_home(home.root)
    if home.root.name != FOLDER or foreign:
        raise ConfigError(
            f"{home.root} is not a folder of the demo (no {MARKER} in it): "
            "simulated positions and alerts are never written beside real ones",
            hint=f"the demo uses <home>/{FOLDER}; move that folder away or choose another --home",
        )


def is_demo_home(root: Path) -> bool:
    """Whether a demo made this folder."""
    return (root / MARKER).is_file()
