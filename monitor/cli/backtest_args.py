"""The command line of `monitor backtest` as checked values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from monitor.backtest.configs import BANDS, DTES, Dimensions, ExitPolicy
from monitor.backtest.run_folder import Run
from monitor.config import Settings
from monitor.domain.entry_windows import CLOSE_PT, GRID_MINUTES_PT, OPEN_PT, clock_text, minutes_of
from monitor.domain.pricing.costs import DEFAULT_FILL, FILLS
from monitor.domain.vocabulary import BandMode, SpreadType
from monitor.errors import DataError, InputError

T = TypeVar("T")
DEFAULT_DAYS = 90
STEP = 5  # minutes: prices are known at these


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call of `monitor backtest`."""

    tickers: tuple[str, ...]
    days: int | None
    first: date | None
    last: date | None
    source: Path
    history: tuple[Path, ...]
    dims: Dimensions
    policies: tuple[ExitPolicy, ...]
    fill: float
    fills: tuple[float, ...]
    min_sample: int
    workers: int
    dask: str | None
    out: str | None
    resume: bool
    against: Run | None
    settings: Settings
    quiet: bool

    def span(self, days: Sequence[date]) -> tuple[date, date]:
        """First and last entry day out of the days that there are, ascending.

        Raises:
            DataError: None of them lies in the asked span.
        """
        inside = [
            day
            for day in days
            if (self.first is None or day >= self.first) and (self.last is None or day <= self.last)
        ]
        if not inside:
            told = f"{days[0]} to {days[-1]}" if days else "none at all"
            raise DataError(
                f"no recorded session from {self.first or 'the first'} "
                f"to {self.last or 'the last'}",
                hint=f"the recording has {told}",
            )
        if self.days is not None:
            inside = inside[-self.days :]
        return inside[0], inside[-1]


def lone_days(options: dict[str, Any]) -> int | None:
    """`--days`; 90 unless a first day was given."""
    days, first, last = options["days"], options["first"], options["last"]
    if days is not None and first is not None:
        raise InputError(f"--days {days} and --from {first}: give one of the two")
    if days is not None and not 1 <= days <= 10_000:
        raise InputError(f"--days {days}: need 1 to 10,000")
    if first is not None and last is not None and last < first:
        raise InputError(f"--to {last} is before --from {first}")
    return None if first is not None else days or DEFAULT_DAYS


def told_apart(folders: Sequence[Path], ticker: str) -> tuple[Path, tuple[Path, ...]]:
    """The folder of recorded chains, and those of bars.

    Raises:
        InputError: A folder does not exist, or two of them hold chains.
        DataError: None of them holds chains of the ticker; says where it looked.
    """
    from monitor.backtest.chain_folders import find_folders

    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"--source {folder}: no such folder")
    failed: DataError | None = None
    chains = []
    for folder in folders:
        try:
            find_folders(folder, ticker)
            chains.append(folder)
        except DataError as error:
            failed = failed or error
    if failed is not None and not chains:
        raise failed
    if len(chains) > 1:
        raise InputError(
            f"--source {chains[1]}: {chains[0]} holds recorded chains of {ticker} too",
            hint="give one folder of chains; others may hold bars",
        )
    return chains[0], tuple(f for f in folders if f not in chains)


def asked_dimensions(options: dict[str, Any]) -> Dimensions:
    """The grid's dimensions; what was not named keeps its whole list."""
    return Dimensions(
        dtes=split_all(options["dtes"], _whole("--dte")) or DTES,
        bands=split_all(options["bands"], _band) or BANDS,
        modes=(options["band_mode"] or BandMode.RAW100,),
        spread_types=tuple(dict.fromkeys(options["spreads"])) or tuple(SpreadType),
        widths=split_all(options["widths"], _width) or None,
        entry_minutes_pt=split_all(options["times"], _minute) or GRID_MINUTES_PT,
    )


def asked_policies(given: Iterable[str]) -> tuple[ExitPolicy, ...]:
    """The exit policies, both unless named."""
    names = split_all(given, str)
    for name in names:
        if name not in set(ExitPolicy):
            raise InputError(f"--exit-policy {name}: not known", hint="hold or managed")
    return tuple(p for p in ExitPolicy if p.value in names) or tuple(ExitPolicy)


def fills_with(fill: float | None) -> tuple[tuple[float, ...], float]:
    """All fills that are computed, and the one that is shown."""
    shown = DEFAULT_FILL if fill is None else fill
    if not 0 <= shown <= 1:
        raise InputError(
            f"--fill {shown:g}: need 0 (trades at mid) to 1 (pays the whole half-spread)"
        )
    return tuple(sorted({*FILLS, shown})), shown


def split_all(given: Iterable[str], parse: Callable[[str], T]) -> tuple[T, ...]:
    """Repeated options and comma lists alike, each value once."""
    cells = (cell.strip() for value in given for cell in value.split(","))
    return tuple(dict.fromkeys(parse(cell) for cell in cells if cell))


def _whole(name: str) -> Callable[[str], int]:
    def parse(cell: str) -> int:
        if not (cell.isascii() and cell.isdigit() and len(cell) < 10):
            raise InputError(f"{name} {cell!r}: not a whole number", hint=f"as in {name} 0,1,3")
        return int(cell)

    return parse


def _band(cell: str) -> int:
    number = cell.upper().removeprefix("P")
    if number in {str(b) for b in BANDS}:
        return int(number)
    raise InputError(
        f"--band {cell!r}: not known", hint=f"one of {', '.join(f'P{b}' for b in BANDS)}"
    )


def _width(cell: str) -> float:
    from monitor.domain.plain_numbers import decimal

    number = decimal(cell)
    if number is None or not 0.5 <= number <= 1000:
        raise InputError(f"--width {cell!r}: need points from 0.5 to 1000", hint="as in 10,25,50")
    return number


def _minute(cell: str) -> int:
    try:
        minute = minutes_of(cell)
    except ValueError as error:
        raise InputError(
            f"--time {cell!r}: not a time of day", hint="as in --time 07:30"
        ) from error
    if not OPEN_PT <= minute < CLOSE_PT or minute % STEP:
        raise InputError(
            f"--time {cell}: need {clock_text(OPEN_PT)} to {clock_text(CLOSE_PT - STEP)} Pacific "
            f"in steps of {STEP} minutes"
        )
    return minute
