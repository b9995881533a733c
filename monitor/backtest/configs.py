"""The grid: every configuration as columns of small numbers.

A configuration is (band mode, DTE, band, what is sold and with which flow, width, entry time).
Each is carried to settlement (`hold`) and under the exit rules (`managed`), so the exit policy
doubles what is computed, not the table.

The person's earlier grid counted 432 combinations of DTE, band and width × 3 spread types ×
2 flows × 19 entry times = 49,248. A condor has no flow, so 8,208 of those were the same trade
twice; ours are 41,040, and `counted_as_before` says the old number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from monitor.domain.entry_windows import CLOSE_PT, GRID_MINUTES_PT, OPEN_PT, clock_text
from monitor.domain.vocabulary import BandMode, FlowMode, SpreadType
from monitor.errors import DomainError

DTES = (0, 1, 3, 5, 10)
BANDS = (95, 97, 98, 99, 100)  # percent of past moves inside; 100 is the whole range
WIDTHS = tuple(range(5, 95, 5))
# The widest width offered. On the expiration day itself a far wing of a near band is worth
# nothing at all, so widths end sooner there; everywhere else the whole list is tried.
WIDTH_CAPS = {(0, 95): 45, (0, 97): 60, (0, 98): 75}
MAX_DTE = 10


class ExitPolicy(StrEnum):
    HOLD = "hold"
    MANAGED = "managed"


class Kind(IntEnum):
    """What is sold with which flow; the kernels speak these numbers."""

    PUT_WITH = 0
    PUT_AGAINST = 1
    CALL_WITH = 2
    CALL_AGAINST = 3
    CONDOR = 4

    @property
    def spread_type(self) -> SpreadType:
        if self is Kind.CONDOR:
            return SpreadType.IRON_CONDOR
        return SpreadType.PUT_SPREAD if self < Kind.CALL_WITH else SpreadType.CALL_SPREAD

    @property
    def flow_mode(self) -> FlowMode:
        if self is Kind.CONDOR:
            return FlowMode.NEUTRAL
        return FlowMode.AGAINST_FLOW if self % 2 else FlowMode.WITH_FLOW


MODES = tuple(BandMode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
    """What the grid is made of. `widths` None: 5 to 90 by 5, capped per DTE and band."""

    dtes: tuple[int, ...] = DTES
    bands: tuple[int, ...] = BANDS
    modes: tuple[BandMode, ...] = (BandMode.VIX250,)
    spread_types: tuple[SpreadType, ...] = tuple(SpreadType)
    widths: tuple[float, ...] | None = None
    entry_minutes_pt: tuple[int, ...] = GRID_MINUTES_PT

    def __post_init__(self) -> None:
        for name, values in (
            ("dtes", self.dtes), ("bands", self.bands), ("modes", self.modes),
            ("spread_types", self.spread_types), ("entry_minutes_pt", self.entry_minutes_pt),
            ("widths", self.widths or WIDTHS),
        ):  # fmt: skip
            if not values or len(set(values)) != len(values):
                raise DomainError(f"{name} {values}: give each value once, and at least one")
        _within("dte", self.dtes, 0, MAX_DTE)
        _within("width", self.widths or WIDTHS, 0.5, 1000)
        _within("entry time (minutes)", self.entry_minutes_pt, OPEN_PT, CLOSE_PT - 1)
        unknown = [b for b in self.bands if b not in BANDS]
        if unknown:
            raise DomainError(f"band P{unknown[0]} is not one of P95, P97, P98, P99, P100")

    def widths_of(self, dte: int, band: int) -> tuple[float, ...]:
        """The widths offered at one DTE and band, in points, narrow to wide."""
        if self.widths is not None:
            return tuple(sorted(self.widths))
        return tuple(w for w in WIDTHS if w <= WIDTH_CAPS.get((dte, band), WIDTHS[-1]))

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(k for k in Kind if k.spread_type in self.spread_types)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigTable:
    """All configurations; every column has shape (n_configs,).

    Order: cell (band mode, DTE, band), kind, width, entry time; so configuration
    `cell_start[cell] + (kind_slot[kind] · n_widths + i_width) · n_times + i_time`. `width` is
    points, `entry_minute_pt` minutes since midnight on the Pacific wall clock.
    """

    dims: Dimensions
    mode: NDArray[np.uint8]  # place in MODES
    dte: NDArray[np.uint8]
    band: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    width: NDArray[np.float32]
    entry_minute_pt: NDArray[np.int16]
    # the cells, for the engine: shapes (n_cells,), and (n_cells + 1,) for the two starts
    cell_mode: NDArray[np.int64]
    cell_dte: NDArray[np.int64]
    cell_band: NDArray[np.int64]
    cell_start: NDArray[np.int64]
    width_start: NDArray[np.int64]
    widths: NDArray[np.float64]  # all cells' widths, one after the other

    def __len__(self) -> int:
        return len(self.dte)

    @property
    def counted_as_before(self) -> int:
        """How many the person's earlier tool counted: each condor once per flow mode."""
        return len(self) + int(np.count_nonzero(self.kind == Kind.CONDOR))

    def describe(self, config: int) -> str:
        """`3DTE P98 put_spread with_flow w50 @ 07:30 (vix250)`."""
        kind = Kind(int(self.kind[config]))
        return (
            f"{self.dte[config]}DTE P{self.band[config]} {kind.spread_type} {kind.flow_mode} "
            f"w{self.width[config]:g} @ {clock_text(int(self.entry_minute_pt[config]))} "
            f"({MODES[self.mode[config]]})"
        )


def config_table(dims: Dimensions) -> ConfigTable:
    """Lay the grid out. Sorted within each dimension, so equal dimensions give equal tables."""
    times = np.array(sorted(dims.entry_minutes_pt), np.int16)
    kinds = np.array(dims.kinds, np.uint8)
    cells = [
        (MODES.index(mode), dte, band)
        for mode in sorted(dims.modes, key=MODES.index)
        for dte in sorted(dims.dtes)
        for band in sorted(dims.bands)
    ]
    widths = [np.array(dims.widths_of(dte, band)) for _, dte, band in cells]
    sizes = [len(kinds) * len(w) * len(times) for w in widths]
    per_cell = np.array(cells, np.int64).T

    def spread(values: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.repeat(np.asarray(values, np.uint8), sizes)

    return ConfigTable(
        dims=dims,
        mode=spread(per_cell[0]),
        dte=spread(per_cell[1]),
        band=spread(per_cell[2]),
        kind=np.concatenate([np.repeat(kinds, len(w) * len(times)) for w in widths]),
        width=np.concatenate(
            [np.tile(np.repeat(w, len(times)), len(kinds)) for w in widths]
        ).astype(np.float32),
        entry_minute_pt=np.concatenate([np.tile(times, len(kinds) * len(w)) for w in widths]),
        cell_mode=per_cell[0],
        cell_dte=per_cell[1],
        cell_band=per_cell[2],
        cell_start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        width_start=np.concatenate([[0], np.cumsum([len(w) for w in widths])]).astype(np.int64),
        widths=np.concatenate(widths).astype(np.float64),
    )


def _within(name: str, values: Sequence[float], low: float, high: float) -> None:
    for value in values:
        if not low <= value <= high:
            raise DomainError(f"{name} {value:g}: need {low:g} to {high:g}")
