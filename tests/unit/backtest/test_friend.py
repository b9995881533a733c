"""The last sentence, and the comparison of two runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_cases import result_of

from monitor.backtest.compare import compare, comparison_lines
from monitor.backtest.friend import Tally, sentence, tally
from monitor.backtest.grid_build import build_grid
from monitor.backtest.grid_csv import write_parquet


def of(**counts: int) -> str:
    fields = {"tried": 1000, "traded": 900, "earned": 312, "evidence": 0, "weak": 0, "tries": 1800}
    return sentence(Tally(**(fields | counts)))


def test_the_sentence_says_how_many_earned_and_that_none_is_beyond_luck() -> None:
    assert of() == (
        "Of 1,000 configurations 312 earned after costs; after 1,800 tries none is beyond luck."
    )


@pytest.mark.parametrize(
    ("counts", "part"),
    [
        ({"weak": 2}, "none is beyond luck, 2 are weakly so."),
        ({"weak": 1}, "1 is weakly so."),
        ({"evidence": 1, "weak": 4}, "1 is beyond luck, in this window"),
        ({"evidence": 3}, "3 are beyond luck"),
        ({"earned": 0}, "none earned after costs: not trading would have been better."),
        ({"traded": 0, "earned": 0}, "none could be traded"),
        ({"tried": 1, "tries": 1, "earned": 1}, "Of 1 configuration 1 earned"),
        ({"tries": 1}, "after 1 try none"),
    ],
)
def test_each_outcome_has_its_own_words(counts: dict[str, int], part: str) -> None:
    assert part in of(**counts)


def test_only_the_shown_policy_over_all_regimes_is_counted() -> None:
    grid = build_grid(result_of()).table
    managed = tally(grid, policy="managed", fill=0.5)
    held = tally(grid, policy="hold", fill=0.5)
    assert (managed.tried, managed.traded, managed.earned) == (2, 1, 0)
    assert (held.tried, held.traded, held.earned) == (2, 1, 1)
    assert tally(grid, policy="hold", fill=0.25).tried == 0


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    before, now = tmp_path / "before.parquet", tmp_path / "now.parquet"
    write_parquet(build_grid(result_of()).table, before)
    write_parquet(build_grid(result_of((98.0, 98.0, 98.0, -202.0))).table, now)
    return before, now


def test_a_run_compared_with_itself_has_not_changed(two: tuple[Path, Path]) -> None:
    found = compare(two[0], two[0])
    assert (found.shared, found.same) == (4, 4)
    assert found.largest == ()


def test_a_changed_configuration_is_named_with_both_amounts(two: tuple[Path, Path]) -> None:
    found = compare(*two)
    # the managed row alone: mean of (98, 98, 98, -202) is 23
    assert (found.shared, found.same) == (4, 3)
    (change,) = found.largest
    assert (change.before, change.now) == (-27, 23)
    assert change.config == ("NDX 1DTE P98 put_spread with_flow w10 @ 07:30 managed f=0.5 (raw100)")
    # both policies traded: (98 - 27) / 2 then, (98 + 23) / 2 now
    assert (found.mean_pnl_before, found.mean_pnl_now) == (35.5, 60.5)
    assert "NDX 1DTE P98" in comparison_lines(found, before="old")[-1]
