"""The command line of `monitor backtest` as checked values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from monitor.backtest.configs import BANDS, DTES, BandMode, Dimensions, ExitPolicy
from monitor.backtest.run_folder import Run
from monitor.config import Settings
from monitor.domain.entry_windows import CLOSE_PT, GRID_MINUTES_PT, OPEN_PT, clock_text, minutes_of
from monitor.domain.pricing.costs import DEFAULT_FILL, FILLS
from monitor.domain.vocabulary import SpreadType
from monitor.errors import DataError, InputError
from monitor.home import Home

T = TypeVar("T")
YAHOO = "yahoo"
DEFAULT_DAYS = 90
STEP = 5  # minutes: prices are known at these


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """One ticker's sources.

    Args:
        chains: Folder of recorded chains; None: the run has model prices.
        bars: Folders of bars, the first counts where two tell the same bar.
        yahoo: Fetch history too; what is stored of it comes after `bars`.
        taken: Why these, where the person named none.
    """

    chains: Path | None
    bars: tuple[Path, ...]
    yahoo: bool
    taken: str = ""

    @property
    def text(self) -> str:
        """`chains, bars, yahoo`: what is read, in the order in which it counts."""
        named = [*([self.chains] if self.chains else []), *self.bars]
        return ", ".join([*map(str, named), *([YAHOO] if self.yahoo else [])])

    def bar_folders(self, home: Home) -> tuple[Path, ...]:
        from monitor.backtest.history_download import stored_folder

        return (*self.bars, stored_folder(home.history)) if self.yahoo else self.bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call of `monitor backtest`."""

    tickers: tuple[str, ...]
    days: int | None
    first: date | None
    last: date | None
    sources: Mapping[str, Sources]  # by ticker
    dims: Dimensions
    policies: tuple[ExitPolicy, ...]
    fill: float
    fills: tuple[float, ...]
    min_sample: int
    hypothetical: bool
    anchored: bool
    workers: int
    dask: str | None
    out: str | None
    resume: bool
    against: Run | None
    settings: Settings
    quiet: bool

    def span(self, days: Sequence[date], usual: Sequence[date] = ()) -> tuple[date, date]:
        """First and last entry day out of the days that there are, ascending.

        Args:
            usual: Those of `days` that are looked at, all of them, unless an earlier `--from` or
                a span without any of them was asked; (): the newest 90 of `days`.

        Raises:
            DataError: None of them lies in the asked span.
        """
        earlier = bool(usual) and self.first is not None and self.first < usual[0]
        inside = ([] if earlier else self._inside(usual)) or self._inside(days)
        if not inside:
            told = f"{days[0]} to {days[-1]}" if days else "none at all"
            raise DataError(
                f"no recorded session from {self.first or 'the first'} "
                f"to {self.last or 'the last'}",
                hint=f"the data has {told}",
            )
        newest = self.days or (DEFAULT_DAYS if self.first is None and not usual else len(inside))
        return inside[-newest:][0], inside[-1]

    def _inside(self, days: Sequence[date]) -> list[date]:
        first, last = self.first or date.min, self.last or date.max
        return [day for day in days if first <= day <= last]


def lone_days(options: dict[str, Any]) -> int | None:
    """`--days`, held against `--from` and `--to`; None where it was not given."""
    days, first, last = options["days"], options["first"], options["last"]
    if days is not None and first is not None:
        raise InputError(f"--days {days} and --from {first}: give one of the two")
    if days is not None and not 1 <= days <= 10_000:
        raise InputError(f"--days {days}: need 1 to 10,000")
    if first is not None and last is not None and last < first:
        raise InputError(f"--to {last} is before --from {first}")
    return None if days is None else int(days)


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
