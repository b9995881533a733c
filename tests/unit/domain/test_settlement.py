"""Paper settlement by hand: PM, AM, ETF, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from fakes.positions_book import put_spread
from fakes.spine import CALENDAR, daily, pacific, quote
from mark_cases import condor

from monitor.domain.context import Level, MarketContext
from monitor.domain.positions import Position, Strikes
from monitor.domain.quotes import DailyBars
from monitor.domain.schedule import exit_schedule
from monitor.domain.settlement import LastMark, SettlementValue, settle, settlement_view
from monitor.domain.vocabulary import SessionState, Settlement, SpreadType

DAY = date(2026, 11, 20)  # a Friday
CLOSE = pacific("13:00", DAY)
MONDAY = pacific("06:00", date(2026, 11, 23))
UNKNOWN = Level(symbol="VIX", value=None, asof=None, source=None, stale=False)


def context(price: float, asof: datetime) -> MarketContext:
    return MarketContext(
        ticker="NDX", quote=quote("NDX", price, asof), stale=False, previous_close=None,
        change=None, change_pct=None, volume_ratio=None, vix=UNKNOWN, vol_index=None,
        vix_family=(), iv_rank=None, iv_percentile=None, flow=None,
        session_state=SessionState.AFTER_CLOSE, session=None, problems=(),
    )  # fmt: skip


def settled(
    position: Position,
    *,
    bars: DailyBars | None = None,
    now: datetime = MONDAY,
    quoted: MarketContext | None = None,
    last: LastMark | None = None,
) -> SettlementValue | str:
    schedule = exit_schedule(
        opened=date(2026, 11, 18), expiration=position.expiration,
        settlement=position.settlement, time_exit_dte=1, calendar=CALENDAR,
    )  # fmt: skip
    return settle(
        position, schedule, daily=bars, context=quoted, last_mark=last, near_pct=0.5, now=now
    )


def known(found: SettlementValue | str) -> SettlementValue:
    assert isinstance(found, SettlementValue), found
    return found


@pytest.mark.parametrize(
    ("close", "pnl"),
    [
        (25_000.0, 400.0),  # nothing in the money: the credit
        (24_600.0, 400.0),  # on the strike
        (24_570.0, 400.0 - 3_000.0),  # 30 points of the put side
        (24_300.0, -9_600.0),  # the whole wing: the maximum loss
        (25_425.5, 400.0 - 2_550.0),
        (26_000.0, -9_600.0),
    ],
)
def test_pm_settles_on_the_close(close: float, pnl: float) -> None:
    found = known(settled(condor(), bars=daily("NDX", {DAY: close})))
    assert (found.value, found.pnl_usd, found.final) == (close, pnl, True)
    assert found.source == "the close of 2026-11-20 from test"


def test_the_golden_condor_of_two_contracts() -> None:
    """docs/sources.md: 19400/19500/20500/20600 for 2.85 loses 4,715 a contract at 19,450."""
    golden = condor(
        contracts=2, credit_usd=570.0,
        strikes=Strikes(
            short_put=19_500.0, long_put=19_400.0, short_call=20_500.0, long_call=20_600.0
        ),
    )  # fmt: skip
    for close, each in (
        (19_000.0, -9_715),
        (19_450.0, -4_715),
        (20_000.0, 285),
        (20_550.0, -4_715),
    ):
        assert known(settled(golden, bars=daily("NDX", {DAY: close}))).pnl_usd == 2 * each


def test_on_the_day_itself_a_bar_may_be_half_a_day_so_the_last_quote_counts() -> None:
    morning = daily("NDX", {DAY: 24_000.0})  # fetched before the open of the afternoon
    now = CLOSE + timedelta(minutes=10)
    assert settled(condor(), bars=morning, now=now) == "no close of 2026-11-20 is known yet"
    late = context(25_000.0, CLOSE + timedelta(minutes=1))
    early = CLOSE + timedelta(minutes=9)  # closing prints still come in
    assert isinstance(settled(condor(), bars=morning, now=early, quoted=late), str)
    by_its_beginning = context(25_000.0, CLOSE - timedelta(minutes=1))
    assert isinstance(settled(condor(), now=now, quoted=by_its_beginning), SettlementValue)
    found = known(settled(condor(), bars=morning, now=now, quoted=late))
    assert (found.value, found.pnl_usd, found.final) == (25_000.0, 400.0, False)
    assert found.source == "the last price of 2026-11-20 from test, not yet official"


@pytest.mark.parametrize("minutes", [-2, 6 * 60 + 1, 3 * 24 * 60])
def test_a_quote_of_another_time_is_no_close(minutes: int) -> None:
    other = context(25_000.0, CLOSE + timedelta(minutes=minutes))
    assert isinstance(settled(condor(), quoted=other), str)


def test_am_settles_on_the_opening_and_says_that_it_is_near_it() -> None:
    bars = daily("NDX", {DAY: 24_000.0})
    opened = replace(bars, open=np.array([24_590.0]))
    one = condor(settlement=Settlement.AM)
    found = known(settled(one, bars=opened, now=pacific("06:40", DAY)))
    assert (found.value, found.pnl_usd) == (24_590.0, 400.0 - 1_000.0)
    assert "approximate: the exchange's special opening quotation decides" in found.source
    assert settled(one, bars=daily("NDX", {date(2026, 11, 19): 1.0})) == (
        "no opening price of 2026-11-20 is known yet"
    )


def etf() -> Position:
    return put_spread(
        ticker="SPY", spread_type=SpreadType.PUT_SPREAD, expiration=DAY,
        strikes=Strikes(short_put=600.0, long_put=598.0), credit_usd=60.0, max_loss_usd=540.0,
    )  # fmt: skip


def test_an_etf_far_from_its_strike_keeps_the_credit() -> None:
    found = known(settled(etf(), bars=daily("SPY", {DAY: 603.1})))
    assert (found.value, found.pnl_usd) == (603.1, 60.0)


@pytest.mark.parametrize("close", [603.0, 600.0, 599.0, 580.0])
def test_an_etf_near_its_strike_counts_as_closed_before_the_bell(close: float) -> None:
    bars = daily("SPY", {DAY: close})
    last = LastMark(at=CLOSE - timedelta(minutes=15), pnl_usd=-123.456)
    found = known(settled(etf(), bars=bars, last=last))
    assert (found.value, found.pnl_usd) == (None, -123.46)
    assert "counted as closed at the mark of the last 15 minutes" in found.source
    early = LastMark(at=CLOSE - timedelta(minutes=16), pnl_usd=1.0)
    for unknown in (early, None):
        assert "shares may have been assigned" in str(settled(etf(), bars=bars, last=unknown))


def test_a_settlement_follows_what_is_still_held() -> None:
    found = known(settled(condor(), bars=daily("NDX", {DAY: 24_570.0})))
    assert found.pnl_of(condor(contracts=2, credit_usd=800.0)) == 2 * (400.0 - 3_000.0)
    forced = replace(found, value=None, pnl_usd=-90.0, contracts=3)
    assert forced.pnl_of(etf()) == -90.0
    assert forced.pnl_of(replace(etf(), contracts=1)) == -30.0


def test_without_strikes_nothing_settles() -> None:
    assert settled(condor(strikes=None), bars=daily("NDX", {DAY: 1.0})) == "it has no strikes"


def test_the_page_says_what_to_confirm_or_what_to_give() -> None:
    found = settled(condor(), bars=daily("NDX", {DAY: 24_570.0}))
    view = settlement_view(condor(), found, short_id="a3f8")
    assert view.text == (
        "expired: settled at 24,570.00, the close of 2026-11-20 from test: P&L -$2,600.00, "
        "please confirm: positions close a3f8 --settle"
    )
    view = settlement_view(condor(), "no close is known", short_id="a3f8")
    assert (view.value, view.pnl_usd) == (None, None)
    assert "positions close a3f8 --pnl AMOUNT" in view.text
