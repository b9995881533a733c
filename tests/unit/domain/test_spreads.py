"""Strikes and credit → width and maximum loss; answers by hand."""

from __future__ import annotations

import pytest

from monitor.domain.positions import Strikes
from monitor.domain.spreads import (
    check_strikes,
    describe_strikes,
    max_loss,
    max_loss_usd,
    widest_wing,
)
from monitor.domain.vocabulary import SpreadType
from monitor.errors import InvalidSpreadError

CONDOR = Strikes(short_put=19500, long_put=19400, short_call=20500, long_call=20600)


def test_trap_01_the_guides_first_line_risks_19715_dollars() -> None:
    # 100 points × $100 × 2 contracts = $20,000, less the credit of $285
    assert max_loss_usd(CONDOR, credit_usd=285, contracts=2, multiplier=100) == 19715


def test_trap_04_only_one_side_of_a_condor_can_lose() -> None:
    # wings of 50 and 100 points for 8 points in all: 100 − 8, not 150 − 8 nor 100 − half of 8
    assert max_loss(width=100, credit=8) == 92
    uneven = Strikes(short_put=100, long_put=50, short_call=200, long_call=300)
    assert widest_wing(uneven) == 100
    assert max_loss_usd(uneven, credit_usd=800, contracts=1, multiplier=100) == 9200


@pytest.mark.parametrize("credit", [0, -1, 100, 101, float("nan"), float("inf")])
def test_a_credit_outside_the_width_is_no_spread(credit: float) -> None:
    with pytest.raises(InvalidSpreadError):
        max_loss(width=100, credit=credit)
    with pytest.raises(InvalidSpreadError):
        max_loss_usd(CONDOR, credit_usd=credit * 100, contracts=1, multiplier=100)


@pytest.mark.parametrize("width", [0, -5, float("nan")])
def test_a_width_must_be_positive(width: float) -> None:
    with pytest.raises(InvalidSpreadError):
        max_loss(width=width, credit=1)


@pytest.mark.parametrize(
    ("kind", "strikes"),
    [
        (SpreadType.PUT_SPREAD, Strikes(short_put=100, long_put=110)),
        (SpreadType.PUT_SPREAD, Strikes(short_put=100, long_put=100)),
        (SpreadType.PUT_SPREAD, Strikes(short_put=100)),
        (SpreadType.PUT_SPREAD, CONDOR),
        (SpreadType.PUT_SPREAD, Strikes(short_call=100, long_call=110)),
        (SpreadType.CALL_SPREAD, Strikes(short_call=110, long_call=100)),
        (SpreadType.IRON_CONDOR, Strikes(short_put=100, long_put=90)),
        (
            SpreadType.IRON_CONDOR,
            Strikes(short_put=130, long_put=120, short_call=110, long_call=125),
        ),
    ],
)
def test_strikes_on_the_wrong_side_are_refused(kind: SpreadType, strikes: Strikes) -> None:
    with pytest.raises(InvalidSpreadError) as caught:
        check_strikes(kind, strikes)
    assert caught.value.hint


def test_an_iron_butterfly_is_a_condor_whose_short_strikes_meet() -> None:
    check_strikes(
        SpreadType.IRON_CONDOR,
        Strikes(short_put=100, long_put=90, short_call=100, long_call=110),
    )


def test_strikes_read_from_low_to_high() -> None:
    assert describe_strikes(CONDOR) == "19400/19500p 20500/20600c"
    assert describe_strikes(Strikes(short_put=81.5, long_put=80)) == "80/81.5p"
    assert describe_strikes(None) == "—"
