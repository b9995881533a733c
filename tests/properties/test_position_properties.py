"""Whatever is logged: closing in parts conserves, records and files round trip, undo is exact."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.positions_book import NOW, put_spread
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.plain_numbers import decimal, whole, written
from monitor.domain.plain_text import first_unsafe, plain
from monitor.domain.position_changes import Closing, closed, marked
from monitor.domain.position_record import from_record, to_record
from monitor.domain.positions import Position, Strikes
from monitor.domain.spreads import max_loss_usd
from monitor.domain.vocabulary import PositionStatus
from positions_cli.book_file import neutralized, restored

dollars = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 2))


@st.composite
def spreads(draw: Any) -> Position:
    contracts = draw(st.integers(1, 40))
    width = draw(st.sampled_from([5.0, 25.0, 50.0, 100.0]))
    credit = round(width * 100 * contracts * draw(st.floats(0.001, 0.9)), 2)
    strikes = Strikes(short_put=19800.0, long_put=19800.0 - width)
    loss = max_loss_usd(strikes, credit_usd=credit, contracts=contracts, multiplier=100)
    return put_spread(contracts=contracts, credit_usd=credit, strikes=strikes, max_loss_usd=loss)


@given(spreads(), st.lists(dollars, min_size=1, max_size=6), dollars)
def test_closing_in_parts_conserves_money(
    position: Position, pnls: list[float], mark: float
) -> None:
    full_credit, full_loss, contracts = (
        position.credit_usd,
        position.max_loss_usd,
        position.contracts,
    )
    position = marked(position, pnl_usd=mark, now=NOW)
    for pnl in pnls:
        if position.contracts == 1:
            break
        position = closed(position, Closing(pnl_usd=pnl, contracts=1), now=NOW)
        left = position.contracts / contracts
        assert position.credit_usd == pytest.approx(full_credit * left)
        assert position.max_loss_usd == pytest.approx(full_loss * left)
        assert position.mark is not None
        assert position.mark.pnl_usd == pytest.approx(mark * left)
    parts = contracts - position.contracts
    position = closed(position, Closing(pnl_usd=1.0), now=NOW)
    assert position.status is PositionStatus.CLOSED
    assert position.realized_pnl_usd == pytest.approx(sum(pnls[:parts]) + 1.0)


@given(spreads(), dollars)
def test_a_record_gives_back_the_same_position(position: Position, pnl: float) -> None:
    position = marked(position, pnl_usd=pnl, now=NOW)
    assert from_record(to_record(position)) == position


@given(st.text())
def test_fault_41_what_is_neutralized_comes_back_and_never_begins_a_formula(text: str) -> None:
    assert restored(neutralized(text)) == text
    assert neutralized(text)[:1] not in {*"=+-@\t\r＝＋－＠"} or text == ""


@given(st.text())
def test_fault_39_plain_text_holds_nothing_unsafe(text: str) -> None:
    assert first_unsafe(plain(text)) is None


@given(st.floats(-1e9, 1e9, allow_nan=False))
def test_a_written_number_reads_back_exactly(number: float) -> None:
    read = decimal(written(number))
    assert read is None or read == number
    if abs(number) >= 1e-4 or number == 0:
        assert read == number


@given(st.text(max_size=10))
def test_fault_42_only_plain_ascii_digits_are_numbers(text: str) -> None:
    plain_digits = set(text) <= set("+-.0123456789") and any(c.isdigit() for c in text)
    if not plain_digits:
        assert decimal(text) is None
        assert whole(text) is None
