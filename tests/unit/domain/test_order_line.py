"""The order to type at a broker: the issue's own line, and when there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from fakes.live import EXPIRATION, condor_chain, condor_row, live_market

from monitor.domain.order_line import contracts_that_fit, order_line
from monitor.domain.resolve import resolve
from monitor.domain.snapshot import LimitView, TradeView
from monitor.domain.vocabulary import SpreadType


def trade(**changed: object) -> TradeView:
    row = condor_row(spread_type=changed.pop("kind", SpreadType.IRON_CONDOR))
    view = resolve(row, EXPIRATION, live_market(condor_chain())).view
    return replace(view, **changed)  # type: ignore[arg-type]


def test_the_line_is_the_one_of_the_issue() -> None:
    view = trade(credit_fill=1.40, expiration=date(2026, 2, 24))
    assert order_line(view, contracts=2) == (
        "SELL \N{MINUS SIGN}2 IRON CONDOR NDXP 24 FEB 26 20500/20600/19500/19400 @1.40 LMT"
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (SpreadType.PUT_SPREAD, "VERTICAL NDXP 23 NOV 26 19500/19400 PUT @0.60 LMT"),
        (SpreadType.CALL_SPREAD, "VERTICAL NDXP 23 NOV 26 20500/20600 CALL @0.55 LMT"),
    ],
)
def test_a_vertical_names_its_right(kind: SpreadType, words: str) -> None:
    """Mid 0.80 less half of 0.40 is 0.60; 0.70 less half of 0.30 is 0.55."""
    assert order_line(trade(kind=kind), contracts=1) == f"SELL \N{MINUS SIGN}1 {words}"


def test_trap_27_an_estimate_is_never_printed_like_an_order() -> None:
    view = trade()
    assert view.price is not None
    for kind in ("anchored", "model"):
        estimate = replace(view, price=replace(view.price, kind=kind, error_pct=25.0))
        assert order_line(estimate, contracts=1) is None
    assert order_line(replace(view, price=None), contracts=1) is None


def test_without_a_credit_or_a_contract_there_is_no_order() -> None:
    assert order_line(trade(credit_fill=0.0), contracts=1) is None
    assert order_line(trade(credit_fill=-0.1), contracts=1) is None
    assert order_line(trade(), contracts=0) is None


def limits(*, open_: int = 0, risk: float = 0.0) -> tuple[LimitView, ...]:
    return (
        LimitView(name="Open Positions", value=open_, limit=5, unit="positions", breached=False),
        LimitView(name="Total Capital at Risk", value=risk, limit=50_000, unit="$", breached=False),
    )


@pytest.mark.parametrize(
    ("open_", "risk", "max_loss", "contracts"),
    [
        (0, 0, 9_885, 1),  # a fifth of $50,000 holds one
        (0, 0, 4_900, 2),
        (3, 30_000, 4_900, 2),  # half of what is left of $20,000
        (4, 0, 9_885, 5),  # the last free place may take all
        (0, 0, 30_000, 1),  # more than a share, but one fits
        (0, 25_000, 30_000, 0),
        (5, 0, 100, 0),
        (0, 0, 0, 0),
    ],
)
def test_contracts_are_an_equal_share_of_the_room_for_each_free_position(
    open_: int, risk: float, max_loss: float, contracts: int
) -> None:
    assert contracts_that_fit(limits(open_=open_, risk=risk), max_loss) == contracts
