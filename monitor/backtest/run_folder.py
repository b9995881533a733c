"""`results/<run>/`: a run appears whole, or not at all.

A run is written into `results/.partial/` and moved into place in one step, so that a monitor
that looks for the newest grid meanwhile never sees half a file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.errors import DataError, InputError, MonitorError

SCHEMA_VERSION = 1
GRID_CSV = "grid_trading_ready.csv"
GRID_PARQUET = "grid.parquet"
TRADES_PARQUET = "trades.parquet"
RUN_JSON = "run.json"
REPORT = "report.html"
PARTIAL = ".partial"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunFolderError(MonitorError):
    """The results could not be written; nothing half written is left in place."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run on disk."""

    folder: Path
    facts: Mapping[str, Any]  # run.json

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def grid(self) -> Path:
        return self.folder / GRID_PARQUET


def run_name(tickers: Sequence[str], *, now: datetime) -> str:
    """`ndx-20260217-143005`: names sort by time within a ticker."""
    return f"{'-'.join(t.lower() for t in tickers)}-{now:%Y%m%d-%H%M%S}"


def check_name(name: str) -> str:
    """A name that is one folder below `results/`.

    Raises:
        InputError: It is empty, hidden, or would lead elsewhere.
    """
    if _NAME.fullmatch(name):
        return name
    raise InputError(
        f"--out {name!r}: not a run's name: letters, digits, '.', '_' and '-', "
        "beginning with a letter or digit",
        hint="it becomes results/NAME, as in: --out backtest_tight",
    )


@contextmanager
def new_run(results: Path, name: str) -> Iterator[Path]:
    """Yield a folder to write into; it becomes `results/<name>` when the block ends well.

    An earlier run of the same name is replaced. When the block raises, nothing changes.

    Raises:
        RunFolderError: The disk is full or read-only, or `results/<name>` is no run of ours.
    """
    final, partial = results / name, results / PARTIAL / f"{name}.{os.getpid()}"
    _refuse_foreign(final)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        _swap(partial, final)
    except OSError as error:
        raise RunFolderError(
            f"{error.filename or final} cannot be written: {error.strerror}",
            hint="free some space, or choose another home with --home",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):
            partial.parent.rmdir()


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write run.json: what was computed, from what, and how long it took."""
    document = {"schema_version": SCHEMA_VERSION, **facts}
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    (folder / RUN_JSON).write_text(text, encoding="utf-8")


def find_run(results: Path, name: str) -> Run:
    """An earlier run, by its name under `results/` or by its folder.

    Raises:
        InputError: There is none of this name; near misses are named.
        DataError: Its run.json cannot be read.
    """
    folder = results / name
    if not (folder / RUN_JSON).is_file():
        folder = Path(name)
    if not (folder / RUN_JSON).is_file():
        raise InputError(f"no run {name!r} under {results}", hint=_known(results, name))
    try:
        facts = json.loads((folder / RUN_JSON).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder / RUN_JSON} cannot be read: {error}", hint="run the backtest again"
        ) from error
    if facts.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"{folder / RUN_JSON} has schema_version {facts.get('schema_version')}, "
            f"not {SCHEMA_VERSION}",
            hint="it was written by another version; run the backtest again",
        )
    return Run(folder, facts)


def _known(results: Path, name: str) -> str:
    from difflib import get_close_matches

    names = sorted(p.parent.name for p in results.glob(f"*/{RUN_JSON}"))
    near = get_close_matches(name, names, n=2, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(names[-5:])}" if names else "there is no run yet"


def _refuse_foreign(final: Path) -> None:
    """A folder with files but without run.json was made by somebody else: leave it alone."""
    if not final.exists() or (final / RUN_JSON).exists():
        return
    if final.is_dir() and not any(final.iterdir()):
        return
    raise InputError(
        f"{final} exists and is not a run of `monitor backtest`; it is left as it is",
        hint="choose another name with --out",
    )


def _swap(partial: Path, final: Path) -> None:
    """Move the new run to its place; the old one leaves it only when the new one is whole."""
    for path in partial.iterdir():
        _flush(path)
    if not final.exists():
        partial.rename(final)
        return
    old = partial.with_name(f"{partial.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    final.rename(old)
    try:
        partial.rename(final)
    except OSError:
        old.rename(final)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
