"""1.40, 140 and 280 for two contracts of a 100-point condor are one credit."""

from __future__ import annotations

import pytest

from monitor.domain.credit_reading import Unit, readings


def read(
    amount: float,
    stated: Unit = Unit.POINTS,
    *,
    contracts: int = 2,
    width: float | None = 100,
    expected: float | None = None,
) -> list[tuple[Unit, float]]:
    found = readings(
        amount, stated, contracts=contracts, multiplier=100, width=width, expected=expected
    )
    return [(r.unit, r.credit) for r in found]


@pytest.mark.parametrize(
    ("amount", "unit"), [(1.40, Unit.POINTS), (140, Unit.CONTRACT), (280, Unit.POSITION)]
)
def test_beside_the_alerts_credit_each_is_recognized_for_what_it_is(
    amount: float, unit: Unit
) -> None:
    assert read(amount, expected=1.35) == [(unit, pytest.approx(1.40))]


@pytest.mark.parametrize("amount", [140, 280])
def test_without_an_alert_a_per_contract_and_a_total_amount_cannot_be_told_apart(
    amount: float,
) -> None:
    assert [unit for unit, _ in read(amount)] == [Unit.CONTRACT, Unit.POSITION]


def test_points_are_taken_as_said() -> None:
    assert read(1.40) == [(Unit.POINTS, 1.40)]
    assert read(0.5, contracts=3) == [(Unit.POINTS, 0.5)]


def test_one_contract_has_no_two_dollar_amounts() -> None:
    assert read(140, contracts=1) == [(Unit.CONTRACT, 1.40)]


def test_a_credit_option_that_holds_points_is_seen() -> None:
    assert read(1.40, Unit.POSITION) == [(Unit.POINTS, 1.40)]
    assert read(285, Unit.POSITION) == [(Unit.POSITION, 1.425)]


def test_dollars_for_the_position_that_are_a_contracts_show_beside_the_alert() -> None:
    assert read(140, Unit.POSITION, expected=1.40) == [(Unit.CONTRACT, 1.40)]


def test_an_amount_that_can_be_two_things_comes_back_as_both() -> None:
    # 40 of 100 points is rare but possible; $40 a contract is 0.40 points
    assert [unit for unit, _ in read(40)] == [Unit.POINTS, Unit.CONTRACT, Unit.POSITION]


def test_what_fits_nothing_else_stays_as_it_was_said() -> None:
    assert read(4, width=10) == [(Unit.POINTS, 4)]  # 0.04 points is no credit
    assert read(0.9, expected=1.9) == [(Unit.POINTS, 0.9)]  # a worse fill, not another unit
    assert read(20_000) == [(Unit.POINTS, 20_000)]  # 200 and 100 points are not credits either


def test_without_strikes_there_is_nothing_to_judge_by() -> None:
    assert read(140, width=None) == [(Unit.POINTS, 140)]
