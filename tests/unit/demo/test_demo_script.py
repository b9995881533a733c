"""Every role of the script ends as it should, for any seed; judged by the real rules."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from monitor.clock import NEW_YORK
from monitor.config import Limits
from monitor.demo.clock import TAIL
from monitor.demo.market import DemoMarket
from monitor.demo.script import DemoAction, Kind, demo_script
from monitor.demo.settings import FIRST_SESSION
from monitor.domain.exits import ExitRules, price_exit, stop_can_fire
from monitor.domain.limits import check_limits
from monitor.domain.positions import Position
from monitor.domain.schedule import exit_schedule
from monitor.domain.spreads import check_strikes
from monitor.domain.trading_calendar import Session, TradingCalendar

ROLES = 6


def play(actions: tuple[DemoAction, ...]) -> dict[str, tuple[Position, list[tuple[datetime, str]]]]:
    """Per position: the price exits that its marks call for, in order of time."""
    book: dict[str, tuple[Position, list[tuple[datetime, str]]]] = {}
    for action in actions:
        if action.position is not None:
            book[action.position_id] = (action.position, [])
        elif action.kind is Kind.MARK and action.pnl_usd is not None:
            position, found = book[action.position_id]
            credit = position.credit_usd
            reason = price_exit(credit=credit, pnl=action.pnl_usd, rules=ExitRules())
            if reason is not None:
                found.append((action.at, reason.value))
    return book


Script = tuple[Session, tuple[DemoAction, ...]]
_made: dict[tuple[int, str, int], Script] = {}  # several tests read each script


def script_of(
    calendar: TradingCalendar, seed: int, *, ticker: str = "NDX", later: int = 0
) -> Script:
    key = seed, ticker, later
    if key not in _made:
        _made[key] = make_script(calendar, *key)
    return _made[key]


def make_script(calendar: TradingCalendar, seed: int, ticker: str, later: int) -> Script:
    first = calendar.on(FIRST_SESSION)
    assert first is not None
    market = DemoMarket(seed, first, calendar)
    index = market.index(FIRST_SESSION) + later
    return market.session(index), demo_script(market, ticker=ticker, index=index)


CASES = [
    *((seed, "NDX", 0) for seed in range(6)),
    (7, "NDX", 1), (7, "NDX", 2), (7, "NDX", 7), (7, "NDX", 8),  # 7 is the half day
    (7, "SPX", 0), (7, "RUT", 0), (7, "QQQ", 0), (7, "SPY", 0),
]  # fmt: skip


@pytest.mark.parametrize(("seed", "ticker", "later"), CASES)
def test_one_hits_its_target_one_its_stop_and_one_only_time(
    calendar: TradingCalendar, seed: int, ticker: str, later: int
) -> None:
    session, actions = script_of(calendar, seed, ticker=ticker, later=later)
    book = play(actions)
    assert len(book) == ROLES
    first = [(found[0][1] if found else None) for _, found in book.values()]
    assert first.count("stop_loss") == 1
    assert first.count("profit_target") == 1
    timed = []
    for position, found in book.values():
        schedule = exit_schedule(
            opened=position.opened_at.astimezone(NEW_YORK).date(),
            expiration=position.expiration,
            settlement=position.settlement,
            time_exit_dte=1,
            calendar=calendar,
        )
        at = schedule.time_exit_at
        if at is not None and session.open < at < session.close:
            timed.append(found)
            assert schedule.heads_up_at == session.open
            assert at == session.close - timedelta(minutes=15)
    assert timed == [[]]  # exactly one, and neither target nor stop took it before


@pytest.mark.parametrize(("seed", "ticker", "later"), CASES)
def test_total_risk_breaches_the_limit_and_comes_back(
    calendar: TradingCalendar, seed: int, ticker: str, later: int
) -> None:
    _, actions = script_of(calendar, seed, ticker=ticker, later=later)
    open_now: dict[str, Position] = {}
    breached = []
    for action in actions:
        if action.position is not None:
            open_now[action.position_id] = action.position
        elif action.kind is Kind.CLOSE:
            del open_now[action.position_id]
        count, risk = check_limits(open_now.values(), Limits())
        assert not count.breached
        breached.append(risk.breached)
    assert True in breached
    assert not breached[0]
    assert not breached[-1]


@pytest.mark.parametrize(("seed", "ticker", "later"), CASES)
def test_positions_are_spreads_that_could_be_logged(
    calendar: TradingCalendar, seed: int, ticker: str, later: int
) -> None:
    session, actions = script_of(calendar, seed, ticker=ticker, later=later)
    for position in (a.position for a in actions if a.position is not None):
        assert position.simulated
        assert "SIMULATED" in position.notes[0]
        assert position.strikes is not None
        check_strikes(position.spread_type, position.strikes)
        assert position.credit_usd > 0
        assert position.max_loss_usd > 0
        assert position.expiration >= session.date
        assert (
            calendar.dte(position.opened_at.astimezone(NEW_YORK).date(), position.expiration)
            == position.entry_dte
        )
        assert stop_can_fire(position.credit_usd, position.max_loss_usd, 2)
        inside = calendar.on(position.opened_at.astimezone(NEW_YORK).date())
        assert inside is not None
        assert inside.open <= position.opened_at < inside.close


@pytest.mark.parametrize(("seed", "ticker", "later"), CASES)
def test_one_is_left_to_settle_and_closed_at_what_it_is_worth_then(
    calendar: TradingCalendar, seed: int, ticker: str, later: int
) -> None:
    session, actions = script_of(calendar, seed, ticker=ticker, later=later)
    late = [a for a in actions if a.at > session.close]
    (settled,) = late
    (held,) = [a.position for a in actions if a.position_id == settled.position_id and a.position]
    of_it = [a.kind for a in actions if a.position_id == settled.position_id]
    assert of_it == [Kind.ADD, Kind.CLOSE]  # nobody logs its P&L
    assert held.expiration == session.date
    assert held.mark is None
    assert settled.pnl_usd is not None
    assert -held.max_loss_usd <= settled.pnl_usd <= held.credit_usd


def test_the_script_is_the_same_for_the_same_seed(calendar: TradingCalendar) -> None:
    assert make_script(calendar, 7, "NDX", 0) == make_script(calendar, 7, "NDX", 0)
    assert make_script(calendar, 7, "NDX", 0)[1] != make_script(calendar, 8, "NDX", 0)[1]


def test_actions_are_in_order_and_inside_the_session(calendar: TradingCalendar) -> None:
    session, actions = script_of(calendar, 7)
    times = [a.at for a in actions]
    assert times == sorted(times)
    assert session.open - timedelta(minutes=5) <= times[0]
    assert times[-1] <= session.close + TAIL
    assert {a.kind for a in actions} == set(Kind)


def test_sessions_do_not_share_ids(calendar: TradingCalendar) -> None:
    ids = [{a.position_id for a in script_of(calendar, 7, later=n)[1]} for n in range(3)]
    assert len(set.union(*ids)) == 3 * ROLES
