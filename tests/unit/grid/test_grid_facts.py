"""How many configurations a run tried stands in its run.json."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from grid_rows import COLUMNS, csv_text, row

from monitor.grid_facts import load_tries
from monitor.grid_file import load_grid


@pytest.mark.parametrize(
    ("text", "tries"),
    [
        ('{"tries": {"different": 120, "every": 41040}, "version": "1"}', 41_040),
        ('{"tries": {}}', None),
        ("{", None),
        (None, None),
    ],
)
def test_tries_are_the_runs_own_or_unknown(
    tmp_path: Path, text: str | None, tries: int | None
) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text, "utf-8")
    assert load_tries(tmp_path) == tries


@pytest.mark.parametrize(("tried", "told"), [(41_040, 41_040), (None, 1), (0, 1)])
def test_a_file_counts_its_rows_where_more_is_not_known(
    tmp_path: Path, tried: int | None, told: int
) -> None:
    path = tmp_path / "grid.csv"
    path.write_text(csv_text([row()], COLUMNS), "utf-8")
    assert replace(load_grid(path), tried=tried).tries == told
