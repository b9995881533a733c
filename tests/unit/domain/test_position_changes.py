"""Marking, closing and correcting, as pure functions."""

from __future__ import annotations

import pytest
from fakes.positions_book import NOW, nyse, put_spread

from monitor.domain.plain_text import first_unsafe, plain
from monitor.domain.position_changes import Closing, closed, marked, noted
from monitor.domain.position_edit import PositionEdit, edited
from monitor.domain.position_warnings import pnl_warning, position_warnings, usd
from monitor.domain.positions import Strikes
from monitor.domain.vocabulary import PositionStatus, SpreadType
from monitor.errors import InputError, InvalidSpreadError, PositionClosedError


def test_a_full_close_realizes_the_pnl_and_drops_the_mark() -> None:
    before = marked(put_spread(), pnl_usd=80, now=NOW)
    after = closed(before, Closing(pnl_usd=75, note="done"), now=NOW)
    assert after.status is PositionStatus.CLOSED
    assert (after.realized_pnl_usd, after.mark, after.closed_at) == (75, None, NOW)
    assert after.notes == ("first", "done")


def test_a_partial_close_shares_out_credit_risk_and_mark() -> None:
    before = marked(put_spread(risk_usd=900.0), pnl_usd=90, now=NOW)
    after = closed(before, Closing(pnl_usd=30, contracts=1), now=NOW)
    assert (after.contracts, after.realized_pnl_usd) == (2, 30)
    assert after.credit_usd == pytest.approx(100)  # 150 × 2/3
    assert after.risk_usd == pytest.approx(600)  # 900 × 2/3
    assert after.max_loss_usd == pytest.approx(19900)  # 2 × 100 × 100 − 100
    assert after.mark is not None
    assert after.mark.pnl_usd == pytest.approx(60)
    assert after.closed_at is None


@pytest.mark.parametrize("contracts", [0, -1, 4])
def test_only_open_contracts_can_be_closed(contracts: int) -> None:
    with pytest.raises(InputError, match="3 open"):
        closed(put_spread(), Closing(pnl_usd=1, contracts=contracts), now=NOW)


def test_a_closed_position_takes_notes_only() -> None:
    after = closed(put_spread(), Closing(pnl_usd=1), now=NOW)
    with pytest.raises(PositionClosedError):
        closed(after, Closing(pnl_usd=1), now=NOW)
    with pytest.raises(PositionClosedError):
        marked(after, pnl_usd=1, now=NOW)
    with pytest.raises(PositionClosedError):
        edited(after, PositionEdit(credit_usd=1), now=NOW, calendar=nyse())
    assert noted(after, "late").notes == ("first", "late")
    assert edited(after, PositionEdit(band="p99"), now=NOW, calendar=nyse()).band == "P99"


def test_an_edit_to_another_spread_drops_the_other_sides_strikes() -> None:
    wanted = PositionEdit(spread_type=SpreadType.CALL_SPREAD, short_call=21000, long_call=21050)
    after = edited(put_spread(), wanted, now=NOW, calendar=nyse())
    assert after.strikes == Strikes(short_call=21000, long_call=21050)
    assert after.max_loss_usd == 14850  # 3 × 50 × 100 − 150


@pytest.mark.parametrize(
    "wanted",
    [
        PositionEdit(contracts=0),
        PositionEdit(credit_usd=30000),
        PositionEdit(credit_usd=10, price=1),
        PositionEdit(risk_usd=float("inf")),
        PositionEdit(note="a\x00b"),
        PositionEdit(long_put=19900),
    ],
)
def test_an_edit_is_checked_like_a_new_position(wanted: PositionEdit) -> None:
    with pytest.raises((InputError, InvalidSpreadError)):
        edited(put_spread(), wanted, now=NOW, calendar=nyse())


def test_trap_06_the_stop_warning_begins_exactly_above_a_third_of_the_width() -> None:
    # width 30 points × $100 = $3,000; at a credit of $1,000 the maximum loss is just 2 credits
    def warned(credit: float) -> bool:
        position = put_spread(
            contracts=1,
            strikes=Strikes(short_put=130, long_put=100),
            credit_usd=credit,
            max_loss_usd=3000 - credit,
        )
        return any("never fire" in text for text in position_warnings(position, stop_multiple=2))

    assert not warned(1000)
    assert warned(1000.01)


def test_a_pnl_the_position_cannot_have_is_warned_about() -> None:
    assert pnl_warning(put_spread(), 150) is None
    assert "more than the credit of $150" in (pnl_warning(put_spread(), 150.01) or "")
    assert "maximum of $29,850" in (pnl_warning(put_spread(), -29851) or "")
    assert "credit of $50" in (pnl_warning(put_spread(), 60, share=1 / 3) or "")


@pytest.mark.parametrize(
    ("amount", "text"),
    [(19715, "$19,715"), (142.5, "$142.50"), (-60, "−$60"), (0.004, "$0"), (-0.004, "$0")],
)
def test_dollars_show_cents_only_where_there_are_any(amount: float, text: str) -> None:
    assert usd(amount) == text


def test_fault_39_unsafe_characters_become_escapes() -> None:
    assert plain("a\x1b[2Jb\u202ec") == "a\\x1b[2Jb\\u202ec"
    assert plain("größe 日本 \U0001f468\u200d\U0001f469") == "größe 日本 \U0001f468\u200d\U0001f469"
    assert first_unsafe("ok") is None
    assert first_unsafe("a\u2066") == "U+2066"
