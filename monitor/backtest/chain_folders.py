"""Where the day files of recorded chains lie. Nothing heavy: a replay looks before it loads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from monitor.domain.instruments import underlying
from monitor.errors import DataError

FULL, ZERO_DTE = "options_csv_output_full", "options_csv_output"
_NAME = re.compile(r"(?P<ticker>[A-Z0-9.\-]+)_options_(?P<day>\d{4}-\d{2}-\d{2})\.csv(\.gz)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFolders:
    """Where the day files of one ticker lie; None: there is no such folder.

    `full` holds all expirations (15-minute stamps as the person records them), `zero_dte` only
    those of the same day (5-minute stamps).
    """

    ticker: str
    full: Path | None
    zero_dte: Path | None


def find_folders(root: Path, ticker: str) -> ChainFolders:
    """Look for a ticker's day files in `root`, in the two recording folders and below them.

    Raises:
        DataError: None of the places holds a day file of this ticker; names the ones looked at.
    """
    ticker = underlying(ticker).symbol
    found: dict[str, Path | None] = {}
    for name in (FULL, ZERO_DTE):
        places = [root / name / ticker, root / name]
        if root.name == name:
            places = [root / ticker, root]
        elif root.parent.name == name:
            places = [root]
        found[name] = next((p for p in places if day_files(p, ticker)), None)
    if not any(found.values()):
        plain = next((p for p in (root / ticker, root) if day_files(p, ticker)), None)
        if plain is None:
            raise DataError(
                f"{root}: holds no recorded chains of {ticker}",
                hint=f"expected {FULL}/{ticker}/{ticker}_options_YYYY-MM-DD.csv below it",
            )
        found[FULL] = plain
    return ChainFolders(ticker=ticker, full=found[FULL], zero_dte=found[ZERO_DTE])


def day_files(folder: Path, ticker: str) -> dict[date, Path]:
    """Day files of a ticker, oldest first; {} when the folder is not there."""
    if not folder.is_dir():
        return {}
    found: dict[date, Path] = {}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match is None or match["ticker"] != ticker:
            continue
        try:
            day = date.fromisoformat(match["day"])
        except ValueError:
            continue  # 2026-02-31 is no day: not one of our files
        found.setdefault(day, path)
    return dict(sorted(found.items()))
