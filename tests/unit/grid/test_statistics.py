"""Win-rate intervals, break-even and verdicts against published and hand-made answers."""

from __future__ import annotations

import pytest

from monitor.domain.statistics import (
    breakeven_win_rate,
    corrected_z,
    verdict_of_score,
    verdict_without_score,
    wilson_interval,
    wins_of,
)
from monitor.domain.vocabulary import Verdict
from monitor.errors import DomainError


@pytest.mark.parametrize(
    ("wins", "trades", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3; to his four digits
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # statsmodels.stats.proportion.proportion_confint(method="wilson")
        (53, 58, 0.8136, 0.9626),
        (95, 100, 0.8882, 0.9785),
        (90, 90, 0.9591, 1.0),
    ],
)
def test_wilson_interval_gives_published_values(
    wins: int, trades: int, low: float, high: float
) -> None:
    interval = wilson_interval(wins, trades)
    assert interval.low == pytest.approx(low, abs=6e-5)
    assert interval.high == pytest.approx(high, abs=6e-5)


@pytest.mark.parametrize(("wins", "trades"), [(0, 0), (-1, 5), (6, 5), (float("nan"), 5)])
def test_wilson_interval_refuses_impossible_counts(wins: float, trades: float) -> None:
    with pytest.raises(DomainError, match="wins"):
        wilson_interval(wins, trades)


def test_all_wins_still_leave_doubt() -> None:
    interval = wilson_interval(10, 10)
    # z² / (n + z²) is what may still be lost when none was: 3.8415 / 13.8415
    assert 1 - interval.low == pytest.approx(0.2775, abs=1e-4)
    assert interval.high == 1.0


def test_wins_are_counted_back_from_a_rounded_rate() -> None:
    assert wins_of(91.4, 58) == 53  # 53/58 is 91.379 %
    assert wins_of(100.0, 13) == 13
    assert wins_of(95.0, 10) == 9.5  # no count of 10 gives 95.0 %


@pytest.mark.parametrize(
    ("credit", "max_loss", "target", "stop", "expected"),
    [
        (285, 1715, 50, 2, 0.80),  # lose 2 credits, win half a one: 2 / 2.5
        (285, 1715, 100, 2, 2 / 3),
        (100, 900, 50, 1, 2 / 3),
        (500, 500, 50, 2, 2 / 3),  # the stop lies beyond the maximum loss: 500 / 750
        (300, 200, 50, 2, 200 / 350),
    ],
)
def test_trap_06_break_even_is_under_the_persons_own_exits(
    credit: float, max_loss: float, target: float, stop: float, expected: float
) -> None:
    rate = breakeven_win_rate(
        credit=credit, max_loss=max_loss, profit_target_pct=target, stop_credit_multiple=stop
    )
    assert rate == pytest.approx(expected)


def test_break_even_of_nothing_is_an_error() -> None:
    with pytest.raises(DomainError, match="positive"):
        breakeven_win_rate(credit=0, max_loss=1, profit_target_pct=50, stop_credit_multiple=2)


@pytest.mark.parametrize(
    ("score", "verdict"),
    [
        (99.0, Verdict.EVIDENCE),
        (95.0, Verdict.EVIDENCE),
        (94.9, Verdict.WEAK),
        (80.0, Verdict.WEAK),
        (79.9, Verdict.NO_EDGE),
        (float("nan"), Verdict.UNKNOWN),
    ],
)
def test_honest_score_has_the_documented_words(score: float, verdict: Verdict) -> None:
    assert verdict_of_score(score) is verdict


def test_corrected_quantile_is_bonferronis() -> None:
    assert corrected_z(1) == pytest.approx(1.959964, abs=1e-6)
    assert corrected_z(5) == pytest.approx(2.575829, abs=1e-6)  # 99 % two-sided


def test_trap_26_a_file_without_tries_never_earns_evidence() -> None:
    one_try = verdict_without_score(wins=95, trials=100, breakeven=0.80, tries=1)
    many = verdict_without_score(wins=95, trials=100, breakeven=0.80, tries=49_248)
    certain = verdict_without_score(wins=10_000, trials=10_000, breakeven=0.5, tries=1)
    assert one_try is Verdict.UNKNOWN  # lower bound 88.8 %, but who knows of how many tries
    assert many is Verdict.NO_EDGE  # the best of that many may be luck
    assert certain is Verdict.UNKNOWN
    assert verdict_without_score(wins=9, trials=10, breakeven=0.8, tries=1) is Verdict.NO_EDGE
