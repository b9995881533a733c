"""Exits from marks: two readings, or one natural price. Credit $400: target +200, stop −800."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes.spine import NOW

from monitor.domain.exits import ExitReason, ExitRules, PriceReading, confirmed_exit

RULES = ExitRules()
MINUTE = timedelta(minutes=1)
STOP, TARGET = ExitReason.STOP_LOSS, ExitReason.PROFIT_TARGET


def reading(
    pnl_usd: float, minute: int = 0, *, natural_usd: float | None = None, **more: object
) -> PriceReading:
    return PriceReading(
        at=NOW + minute * MINUTE, pnl_usd=pnl_usd, natural_usd=natural_usd,
        **{"basis": f"data of minute {minute}", **more},
    )  # type: ignore[arg-type]  # fmt: skip


def judged(now: PriceReading, before: PriceReading | None) -> ExitReason | None:
    return confirmed_exit(credit=400.0, reading=now, before=before, rules=RULES)


@pytest.mark.parametrize(
    ("first", "second", "due"),
    [
        (-800.0, -800.0, STOP),
        (-5_000.0, -800.0, STOP),
        (-799.0, -800.0, None),  # once is no confirmation
        (-800.0, -799.0, None),
        (200.0, 200.0, TARGET),
        (199.0, 250.0, None),
        (250.0, -900.0, None),  # both past a level, but not the same
    ],
)
def test_two_readings_in_a_row_make_an_exit(
    first: float, second: float, due: ExitReason | None
) -> None:
    assert judged(reading(second, 1), reading(first, 0)) is due


def test_a_first_reading_alone_is_none() -> None:
    assert judged(reading(-5_000.0), None) is None


def test_the_same_data_judged_twice_is_one_reading() -> None:
    first = reading(-900.0, 0, basis="the same")
    assert judged(reading(-900.0, 1, basis="the same"), first) is None


@pytest.mark.parametrize(("minutes", "due"), [(15, STOP), (16, None), (-1, None)])
def test_readings_far_apart_do_not_confirm_each_other(minutes: int, due: ExitReason | None) -> None:
    """Also after a restart, whose memory is the stored reading; and with the clock set back."""
    assert judged(reading(-900.0, minutes), reading(-900.0, 0)) is due


@pytest.mark.parametrize(
    ("natural", "due"), [(-800.0, STOP), (-799.0, None), (200.0, TARGET), (199.0, None)]
)
def test_one_natural_price_past_its_level_decides_alone(
    natural: float, due: ExitReason | None
) -> None:
    assert judged(reading(natural + 80, natural_usd=natural), None) is due


@pytest.mark.parametrize(
    ("before", "quoted", "due"),
    [
        ("chain 1", -900.0, None),  # the breach stands in the quotes: they confirm themselves
        ("chain 1", -700.0, STOP),  # it came with the move since: the next price confirms it
        ("chain 0", -900.0, STOP),  # other quotes say the same
    ],
)
def test_one_bad_quote_is_not_confirmed_by_a_price_that_moved(
    before: str, quoted: float, due: ExitReason | None
) -> None:
    first = reading(-900.0, 0, quotes=before, quoted_usd=quoted)
    assert judged(reading(-910.0, 1, quotes="chain 1", quoted_usd=quoted), first) is due


def test_an_estimate_takes_the_target_only_at_its_worse_end() -> None:
    sure, unsure = {"low_usd": 200.0}, {"low_usd": 100.0}
    assert judged(reading(300.0, 1, **sure), reading(300.0, 0, **sure)) is TARGET
    assert judged(reading(300.0, 1, **unsure), reading(300.0, 0, **sure)) is None
    assert judged(reading(300.0, 1, **sure), reading(300.0, 0, **unsure)) is None


def test_an_estimate_takes_the_stop_at_its_middle() -> None:
    more = {"low_usd": -1_200.0}
    assert judged(reading(-790.0, 1, **more), reading(-790.0, 0, **more)) is None
    assert judged(reading(-800.0, 1, **more), reading(-800.0, 0, **more)) is STOP
