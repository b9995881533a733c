"""Regimes by hand: edges 12, 16, 20, 30, margin 0.5, two readings."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from monitor.config import RegimeEdges
from monitor.domain.regime import RegimeState, advance, classify
from monitor.domain.vocabulary import Regime

START = datetime(2022, 3, 14, 13, 35, tzinfo=UTC)
EDGES = RegimeEdges()


def run(levels: list[float]) -> list[Regime]:
    """The regime after each reading, five minutes apart."""
    state: RegimeState | None = None
    seen = []
    for i, vix in enumerate(levels):
        state = advance(state, vix=vix, asof=START + i * timedelta(minutes=5), edges=EDGES)
        seen.append(state.regime)
    return seen


@pytest.mark.parametrize(
    ("vix", "regime"),
    [
        (9.1, Regime.VERY_LOW),
        (11.99, Regime.VERY_LOW),
        (12.0, Regime.LOW),
        (15.99, Regime.LOW),
        (16.0, Regime.MEDIUM),
        (19.99, Regime.MEDIUM),
        (20.0, Regime.HIGH),
        (29.99, Regime.HIGH),
        (30.0, Regime.EXTREME),
        (82.7, Regime.EXTREME),
    ],
)
def test_an_edge_belongs_to_the_regime_above(vix: float, regime: Regime) -> None:
    assert classify(vix, EDGES) is regime


def test_first_reading_classifies_plainly() -> None:
    assert run([16.01]) == [Regime.MEDIUM]


def test_neighbor_needs_two_readings_half_a_point_past_the_edge() -> None:
    # 20.4 is not far enough; 20.5 is; the second 20.5 enters.
    assert run([19.0, 20.4, 20.4, 20.5, 20.5])[-3:] == [
        Regime.MEDIUM,
        Regime.MEDIUM,
        Regime.HIGH,
    ]


def test_a_reading_in_between_starts_the_count_again() -> None:
    assert run([19.0, 20.6, 20.1, 20.6])[-1] is Regime.MEDIUM
    assert run([19.0, 20.6, 20.1, 20.6, 20.6])[-1] is Regime.HIGH


def test_leaving_downward_mirrors_entering() -> None:
    assert run([21.0, 19.6, 19.6, 19.5, 19.5])[-3:] == [
        Regime.HIGH,
        Regime.HIGH,
        Regime.MEDIUM,
    ]


def test_a_jump_over_a_whole_regime_is_immediate() -> None:
    assert run([15.9, 20.0]) == [Regime.LOW, Regime.HIGH]
    assert run([31.0, 15.0]) == [Regime.EXTREME, Regime.LOW]


def test_the_same_reading_seen_twice_is_one_reading() -> None:
    state = advance(None, vix=19.0, asof=START, edges=EDGES)
    later = START + timedelta(minutes=1)
    state = advance(state, vix=20.6, asof=later, edges=EDGES)
    state = advance(state, vix=20.6, asof=later, edges=EDGES)
    assert state.regime is Regime.MEDIUM
    assert state.confirmations == 1


def test_fault_49_a_sine_around_an_edge_does_not_flap() -> None:
    # ±0.45 around 20: a plain edge would change at every half wave.
    wave = [20 + 0.45 * math.sin(i / 3) for i in range(500)]
    assert set(run(wave)) == {Regime.HIGH}
