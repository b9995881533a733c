from __future__ import annotations

import numpy as np
import pytest

from monitor.backtest.configs import Dimensions, Kind, config_table
from monitor.domain.vocabulary import BandMode, FlowMode, SpreadType
from monitor.errors import DomainError


def test_the_default_grid_counts_as_the_persons_did() -> None:
    table = config_table(Dimensions())
    combos = set(zip(table.dte.tolist(), table.band.tolist(), table.width.tolist(), strict=True))
    assert len(combos) == 432
    assert table.counted_as_before == 432 * 3 * 2 * 19 == 49_248
    assert len(table) == 432 * 5 * 19


def test_trap_09_condors_have_no_flow_and_nothing_is_there_twice() -> None:
    table = config_table(Dimensions(modes=tuple(BandMode)))
    rows = np.stack(
        [table.mode, table.dte, table.band, table.kind, table.width, table.entry_minute_pt], axis=1
    )
    assert len(np.unique(rows, axis=0)) == len(table)
    assert [k for k in Kind if k.spread_type is SpreadType.IRON_CONDOR] == [Kind.CONDOR]
    assert Kind.CONDOR.flow_mode is FlowMode.NEUTRAL


def test_the_kernels_arithmetic_finds_each_configuration() -> None:
    dims = Dimensions(dtes=(0, 3), bands=(95, 99), widths=(10, 50))
    table = config_table(dims)
    slots = {kind: i for i, kind in enumerate(dims.kinds)}
    times = sorted(dims.entry_minutes_pt)
    cell = 2  # cells in order: 0 DTE P95, 0 DTE P99, 3 DTE P95
    config = int(table.cell_start[cell]) + (slots[Kind.CALL_AGAINST] * 2 + 1) * 19 + 6
    assert table.describe(config) == "3DTE P95 call_spread against_flow w50 @ 07:45 (vix250)"
    assert times[6] == 7 * 60 + 45


def test_a_list_of_widths_replaces_the_caps_and_is_sorted() -> None:
    assert Dimensions(widths=(50, 5)).widths_of(0, 95) == (5, 50)
    assert max(Dimensions().widths_of(0, 95)) == 45


@pytest.mark.parametrize(
    "bad",
    [
        {"dtes": ()},
        {"dtes": (1, 1)},
        {"dtes": (-1,)},
        {"bands": (96,)},
        {"widths": (0.0,)},
        {"entry_minutes_pt": (13 * 60,)},
    ],
)
def test_dimensions_that_make_no_grid_are_refused(bad: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(DomainError):
        Dimensions(**bad)  # type: ignore[arg-type]
