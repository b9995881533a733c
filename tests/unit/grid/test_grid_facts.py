"""How many configurations a run tried, and of which underlying, stands in its run.json."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from grid_rows import COLUMNS, csv_text, row

from monitor.grid_facts import RunFacts, load_facts
from monitor.grid_file import load_grid


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (
            '{"tries": {"different": 120, "every": 41040}, "version": "1", "ticker": "NDX"}',
            RunFacts(tried=41_040, ticker="NDX"),
        ),
        ('{"tries": {}}', RunFacts()),
        ('{"ticker": "SPX"}', RunFacts(ticker="SPX")),
        ("{", RunFacts()),
        (None, RunFacts()),
    ],
)
def test_facts_are_the_runs_own_or_unknown(
    tmp_path: Path, text: str | None, facts: RunFacts
) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text, "utf-8")
    assert load_facts(tmp_path) == facts


@pytest.mark.parametrize(("tried", "told"), [(41_040, 41_040), (None, 1), (0, 1)])
def test_a_file_counts_its_rows_where_more_is_not_known(
    tmp_path: Path, tried: int | None, told: int
) -> None:
    path = tmp_path / "grid.csv"
    path.write_text(csv_text([row()], COLUMNS), "utf-8")
    assert replace(load_grid(path), tried=tried).tries == told
