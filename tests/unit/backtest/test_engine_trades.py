"""Trades worked by hand, one for each way to end and each way not to begin.

A put spread 95/85 (band at 95, width 10) at mids 3.00 and 1.00, half-spreads 0.10 a leg:
mid credit 2.00; at f = 0.5 the fill is 2.00 − 0.5 × 0.20 = 1.90. Fees $1 a leg and way, so $2
in and $2 out. Maximum loss 100 × (10 − 1.90) + 2 = $812. Target at a P&L of 0.95 points,
stop at −3.80: debits of 0.95 and 5.70.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from engine_cases import one_entry

from monitor.backtest.engine_kernel import simulate
from monitor.backtest.engine_plain import simulate_plain
from monitor.backtest.legs import DAY_HIGH, DAY_LOW, ExpirationTask, Terms
from monitor.backtest.trade_codes import Exit, NoTrade
from monitor.domain.exits import ExitRules, evaluate_position
from monitor.domain.positions import PnlMark, Position, Strikes
from monitor.domain.schedule import ExitSchedule
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType

NAN = float("nan")
ENGINES: list[Callable[[ExpirationTask], Any]] = [simulate, simulate_plain]
engine = pytest.mark.parametrize("run", ENGINES, ids=["kernel", "plain"])


def _put_rows(rows: Any) -> Any:
    return rows[(rows["short_put"] > 0) & (rows["short_call"] == 0)]


def _puts(short: list[float], long: list[float]) -> dict[float, list[float]]:
    return {95.0: short, 85.0: long}


@engine
def test_held_to_settlement(run: Callable[..., Any]) -> None:
    quiet = _puts([3, 2.5, 2.5], [1, 0.8, 0.8])
    row = _put_rows(run(one_entry(put=quiet, settlement=97.0))[0])[0]
    assert (row["credit_mid"], row["credit"], row["max_loss"]) == (
        np.float32(2.0),
        np.float32(1.9),
        812,
    )
    assert (row["reason"], row["hold_reason"]) == (Exit.SETTLED, Exit.SETTLED)
    assert row["pnl_hold"] == row["pnl_managed"] == 188  # 190 − 2, nothing paid at expiry
    assert row["exit_session"] == 9


@engine
@pytest.mark.parametrize(
    ("final", "pnl"), [(95.0, 188.0), (93.5, 38.0), (90.0, -312.0), (80.0, -812.0)]
)
def test_settlement_pays_what_the_strikes_say(
    run: Callable[..., Any], final: float, pnl: float
) -> None:
    quiet = _puts([3, 2.5], [1, 0.8])
    row = _put_rows(run(one_entry(put=quiet, settlement=final))[0])[0]
    assert row["pnl_hold"] == pytest.approx(pnl, abs=1e-3)


@engine
def test_trap_24_target_is_booked_when_the_debit_is_seen_there(run: Callable[..., Any]) -> None:
    # 1.00 is above 0.95; then 0.90 is below: bought at 0.90 + 0.10 = 1.00
    falling = _puts([3, 1.8, 1.5, 0.2], [1, 0.8, 0.6, 0.1])
    row = _put_rows(run(one_entry(put=falling, settlement=80.0))[0])[0]
    assert row["reason"] == Exit.TARGET
    assert (row["exit_session"], row["exit_minute"]) == (7, 720)
    assert row["pnl_managed"] == pytest.approx(100 * (1.90 - 1.00) - 4, abs=1e-3)
    assert row["pnl_hold"] == pytest.approx(-812, abs=1e-3)


@engine
def test_trap_24_stop_is_filled_at_the_mark_where_it_is_seen(run: Callable[..., Any]) -> None:
    # 5.60 is not 5.70 yet; the next mark is 7.00 and that is what is paid, plus slippage
    rising = _puts([3, 7, 9, 0.2], [1, 1.4, 2, 0.1])
    row = _put_rows(run(one_entry(put=rising, settlement=100.0))[0])[0]
    assert row["reason"] == Exit.STOP
    assert row["exit_minute"] == 720
    assert row["pnl_managed"] == pytest.approx(100 * (1.90 - 7.10) - 4, abs=1e-3)
    assert row["pnl_hold"] == pytest.approx(188, abs=1e-3)


@engine
@pytest.mark.parametrize(("extreme", "reason"), [(DAY_LOW, Exit.STOP), (DAY_HIGH, Exit.SETTLED)])
def test_at_a_days_low_a_put_spread_is_stopped_at_the_mark_of_that_low(
    run: Callable[..., Any], extreme: int, reason: Exit
) -> None:
    """The low marks it at 7.00, past the stop at 5.70, and 7.10 is paid; the close is calm.

    The day's high is nothing to a put spread, whatever its mark says.
    """
    marks = _puts([3, 9, 2.5], [1, 2, 0.8])
    row = _put_rows(run(one_entry(put=marks, settlement=100.0, extreme=[0, extreme, 0]))[0])[0]
    assert row["reason"] == reason
    stopped = 100 * (1.90 - 7.10) - 4
    assert row["pnl_managed"] == pytest.approx(stopped if reason is Exit.STOP else 188, abs=1e-3)
    assert row["exit_minute"] == 0  # when in the day is not known
    assert (row["pnl_hold"], row["hold_reason"]) == (188, Exit.SETTLED)


@engine
@pytest.mark.parametrize(("extreme", "reason"), [(DAY_HIGH, Exit.STOP), (DAY_LOW, Exit.SETTLED)])
def test_at_a_days_high_a_call_spread_is_stopped_and_at_its_low_never(
    run: Callable[..., Any], extreme: int, reason: Exit
) -> None:
    nothing = {95.0: [NAN] * 3, 85.0: [NAN] * 3}
    calls = {105.0: [3, 9, 2.5], 115.0: [1, 2, 0.8]}
    extremes = [0, extreme, 0]
    rows = run(one_entry(put=nothing, call=calls, settlement=100.0, extreme=extremes))[0]
    row = rows[rows["short_call"] > 0][0]
    assert row["reason"] == reason
    stopped = 100 * (1.90 - 7.10) - 4
    assert row["pnl_managed"] == pytest.approx(stopped if reason is Exit.STOP else 188, abs=1e-3)


@engine
@pytest.mark.parametrize("extreme", [DAY_LOW, DAY_HIGH])
def test_a_condor_is_tested_at_both_extremes(run: Callable[..., Any], extreme: int) -> None:
    """Put 95/85 and call 105/115 for 1.00 each; bought back at 1.00 + 5.50 it loses 4.50."""
    task = one_entry(
        put=_puts([2, 2, 2], [1, 1, 1]),
        call={105.0: [2, 7, 2], 115.0: [1, 1.5, 1]},
        settlement=100.0,
        extreme=[0, extreme, 0],
        fills=(0.0,),
    )
    rows = run(task)[0]
    row = rows[(rows["short_put"] > 0) & (rows["short_call"] > 0)][0]
    # four legs at $1 each way
    assert row["reason"] == Exit.STOP
    assert row["pnl_managed"] == pytest.approx(100 * (2 - 6.5) - 8, abs=1e-3)


@engine
def test_an_extreme_brings_no_target_and_no_time_exit(run: Callable[..., Any]) -> None:
    """0.10 at the low is far below the target's 0.95; the next ordinary mark decides."""
    marks = _puts([3, 0.3, 2.5, 2.2], [1, 0.2, 0.8, 0.7])
    extreme = [0, DAY_LOW, 0, 0]
    row = _put_rows(run(one_entry(put=marks, settlement=100.0, time_exit=1, extreme=extreme))[0])[0]
    assert (row["reason"], row["exit_minute"]) == (Exit.TIME, 720)
    assert row["pnl_managed"] == pytest.approx(100 * (1.90 - 1.80) - 4, abs=1e-3)


@engine
def test_time_exit_takes_the_first_known_mark_from_its_instant_on(
    run: Callable[..., Any],
) -> None:
    marks = _puts([3, 2.5, NAN, 2.2, 0.1], [1, 0.8, 0.8, 0.7, 0.05])
    row = _put_rows(run(one_entry(put=marks, settlement=100.0, time_exit=2))[0])[0]
    assert row["reason"] == Exit.TIME
    assert row["exit_minute"] == 780
    assert row["pnl_managed"] == pytest.approx(100 * (1.90 - 1.60) - 4, abs=1e-3)


@engine
def test_a_stop_seen_at_the_time_exit_is_named_a_stop(run: Callable[..., Any]) -> None:
    marks = _puts([3, 9.0], [1, 2.0])
    row = _put_rows(run(one_entry(put=marks, settlement=100.0, time_exit=1))[0])[0]
    assert row["reason"] == Exit.STOP


@engine
def test_an_unknown_mark_decides_nothing(run: Callable[..., Any]) -> None:
    # the short leg alone, at 9, would be far past the stop
    marks = _puts([3, 9, 2.5], [1, NAN, 0.8])
    row = _put_rows(run(one_entry(put=marks, settlement=100.0))[0])[0]
    assert row["reason"] == Exit.SETTLED


@engine
def test_trap_06_a_stop_that_the_width_cannot_reach_never_fires(run: Callable[..., Any]) -> None:
    # credit 3.40 of 10: two credits lost would be a debit of 10.20, more than the width
    marks = _puts([4.5, 20, 4], [1, 1, 1])
    row = _put_rows(run(one_entry(put=marks, settlement=100.0))[0])[0]
    assert row["credit"] == np.float32(3.4)
    assert row["reason"] == Exit.SETTLED


CONDOR_CALLS = {105.0: [2.0, 1.6, 1.5], 115.0: [0.5, 0.4, 0.4]}


@engine
def test_trap_04_condor_max_loss_is_one_wing_less_both_credits(run: Callable[..., Any]) -> None:
    # puts 2.00 + calls 1.50 = 3.50 mid, four half-spreads 0.40: fill 3.30; fees $4
    task = one_entry(put=_puts([3, 2.9, 2.9], [1, 1, 1]), call=CONDOR_CALLS, settlement=88.0)
    rows = run(task)[0]
    condor = rows[(rows["short_put"] > 0) & (rows["short_call"] > 0)][0]
    assert condor["credit"] == np.float32(3.3)
    assert condor["max_loss"] == pytest.approx(100 * (10 - 3.3) + 4, abs=1e-3)
    assert condor["pnl_hold"] == pytest.approx(100 * (3.3 - 7) - 4, abs=1e-3)


@engine
def test_trap_07_fees_of_a_closed_condor_are_eight_sides(run: Callable[..., Any]) -> None:
    puts = _puts([3, 2.0, 0.6], [1, 0.9, 0.1])
    calls = {105.0: [2.0, 1.0, 0.6], 115.0: [0.5, 0.2, 0.1]}
    rows = run(one_entry(put=puts, call=calls, settlement=100.0, fills=(0.0,)))[0]
    condor = rows[(rows["short_put"] > 0) & (rows["short_call"] > 0)][0]
    assert condor["reason"] == Exit.TARGET  # 3.50 in, 1.00 out
    assert condor["pnl_managed"] == pytest.approx(100 * (3.5 - 1.0) - 8, abs=1e-3)


@engine
def test_trap_25_a_condor_without_one_side_is_no_trade(run: Callable[..., Any]) -> None:
    calls = {105.0: [2.0, 1.6], 115.0: [NAN, 0.4]}
    rows, refused = run(one_entry(put=_puts([3, 2.9], [1, 1]), call=calls, settlement=100.0))
    assert len(rows) == 1  # only the put spread
    assert refused[0, NoTrade.LONG_UNQUOTED] == 2  # the call spread and the condor


@engine
def test_trap_23_no_strike_beyond_the_band_is_no_trade(run: Callable[..., Any]) -> None:
    inside = {98.0: [3.0, 1.0], 97.0: [2.9, 0.5]}
    rows, refused = run(one_entry(put=inside, settlement=100.0))
    assert len(rows) == 0
    assert refused[0, NoTrade.NO_STRIKE] == 3  # put, call and condor: the calls are unquoted


@engine
def test_a_strike_far_beyond_the_band_is_another_trade(run: Callable[..., Any]) -> None:
    far = {93.0: [3.0, 1.0], 83.0: [1.0, 0.5]}
    _, refused = run(one_entry(put=far, settlement=100.0))
    assert refused[0, NoTrade.STRIKE_TOO_FAR] == 2
    rows, _ = run(
        one_entry(put=far, settlement=100.0, terms=Terms(max_strike_gap=0.03), fills=(0.0,))
    )
    assert _put_rows(rows)["short_put"].tolist() == [93.0]


@engine
def test_trap_23_a_band_inside_the_price_still_sells_out_of_the_money(
    run: Callable[..., Any],
) -> None:
    strikes = {100.0: [5.0, 5.0], 99.0: [4.5, 4.5], 90.0: [2.0, 2.0], 89.0: [1.9, 1.9]}
    rows, _ = run(
        one_entry(put=strikes, settlement=101.0, low=101.0, terms=Terms(max_strike_gap=0.02))
    )
    assert _put_rows(rows)["short_put"].tolist() == [99.0]


@engine
def test_trap_05_a_width_that_is_not_listed_is_no_trade(run: Callable[..., Any]) -> None:
    listed = {95.0: [3.0, 2.0], 84.0: [1.0, 0.5], 70.0: [0.2, 0.1]}
    rows, refused = run(one_entry(put=listed, settlement=100.0))
    assert len(_put_rows(rows)) == 0
    assert refused[0, NoTrade.NO_LONG_STRIKE] == 2  # put spread and condor


@engine
@pytest.mark.parametrize(
    ("short", "long", "reason", "count"),
    [
        (6.0, 1.0, NoTrade.SUSPECT_CREDIT, 2),  # put spread and condor: 5.00 of 10 out of the money
        (1.0, 1.2, NoTrade.NO_CREDIT, 2),
        (1.1, 1.0, NoTrade.NO_CREDIT, 1),  # 0.10 at mid is nothing after slippage
        (1.3, 1.0, NoTrade.SMALL_CREDIT, 1),  # 0.20 × 100 = $20 < $30
    ],
)
def test_trap_20_a_credit_that_cannot_be_or_does_not_pay_is_no_trade(
    run: Callable[..., Any], short: float, long: float, reason: NoTrade, count: int
) -> None:
    terms = Terms(min_credit_usd=30)
    task = one_entry(put=_puts([short, 1], [long, 1]), settlement=100.0, terms=terms)
    rows, refused = run(task)
    assert len(rows) == 0
    assert refused[0, reason] == count


@engine
def test_trap_08_with_flow_sells_puts_when_the_day_is_up(run: Callable[..., Any]) -> None:
    puts, n = _puts([3, 2.9], [1, 1]), 1  # one width, one time: the config number is the kind
    rows, refused = run(one_entry(put=puts, settlement=100.0, flow=1))
    assert rows["config"].tolist() == [0 * n]  # PUT_WITH
    assert refused[0, NoTrade.OTHER_FLOW] == 2  # PUT_AGAINST, CALL_WITH
    rows, _ = run(one_entry(put=puts, settlement=100.0, flow=-1))
    assert rows["config"].tolist() == [1 * n]  # PUT_AGAINST
    rows, refused = run(one_entry(put=puts, settlement=100.0, flow=0))
    assert len(rows) == 0
    assert refused[0, NoTrade.NO_FLOW] == 4


@engine
def test_an_etf_near_its_short_strike_is_closed_before_expiry(run: Callable[..., Any]) -> None:
    etf = Terms(physical=True, ticks_per_point=100, fee_usd=0.65)
    marks = _puts([3, 2.5, 2.4], [1, 0.8, 0.8])
    near = one_entry(put=marks, settlement=80.0, terms=etf, mark_spot=[100, 96, 95.4])
    row = _put_rows(run(near)[0])[0]
    assert (row["reason"], row["hold_reason"]) == (Exit.FORCED, Exit.FORCED)
    assert row["pnl_hold"] == pytest.approx(100 * (1.9 - 1.7) - 2.6, abs=1e-3)
    far = one_entry(put=marks, settlement=80.0, terms=etf, mark_spot=[100, 96, 95.6])
    assert _put_rows(run(far)[0])[0]["hold_reason"] == Exit.SETTLED


SCHEDULE_START = datetime(2026, 3, 10, 14, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(40))
def test_trap_24_one_trade_through_the_live_exits_and_the_engine(seed: int) -> None:
    """Hourly marks of one put spread: the live monitor's exits against the engine's row."""
    rng = np.random.default_rng(seed)
    n = 9
    debit = 2.0 + np.cumsum(rng.normal(0, 1.2, n) * np.arange(n).clip(max=1))
    debit = debit.clip(0.05, 9.5)
    debit[0] = 2.0
    long = rng.uniform(0.5, 1, n)
    known = rng.random(n) > 0.2
    known[0] = True
    puts = _puts(list(np.where(known, debit + long, NAN)), list(long))
    time_exit = 6
    task = one_entry(put=puts, settlement=100.0, time_exit=time_exit)
    row = _put_rows(simulate(task)[0])[0]

    # the engine's instants 0..8 as live cycles an hour apart; the time exit at cycle 6
    opened = SCHEDULE_START
    schedule = ExitSchedule(
        heads_up_at=opened,
        time_exit_at=opened + timedelta(hours=time_exit),
        last_trade_close=opened + timedelta(hours=n),
        settles_at=opened + timedelta(hours=n),
    )
    position = Position(
        id="a3f8", ticker="SPX", spread_type=SpreadType.PUT_SPREAD,
        flow_mode=FlowMode.WITH_FLOW, band="P98", expiration=opened.date(),
        settlement=Settlement.PM, entry_dte=2, contracts=1, multiplier=100, credit_usd=190.0,
        strikes=Strikes(short_put=95, long_put=85), risk_usd=None, max_loss_usd=810.0,
        opened_at=opened, status=PositionStatus.OPEN,
    )  # fmt: skip
    live: tuple[str, int, float] | None = None
    for k in range(1, n):
        now = opened + timedelta(hours=k)
        if not known[k]:
            continue  # nobody can close at a price that is not known
        mark = PnlMark(pnl_usd=100 * (1.90 - debit[k]), asof=now, source="quotes")
        marked = dataclasses.replace(position, mark=mark)
        exits = evaluate_position(marked, schedule, ExitRules(), now)
        if exits.due:
            paid = np.ceil((debit[k] + 0.1) * 20 - 1e-6) / 20
            live = (exits.due[0].value, k, 100 * (1.90 - min(paid, 10)) - 4)
            break
    if live is None:
        assert row["reason"] == Exit.SETTLED
        return
    reason, k, pnl = live
    assert Exit(int(row["reason"])).text == reason
    assert (row["exit_session"], row["exit_minute"]) == (7 + k // 4, 600 + 60 * (k % 4))
    assert row["pnl_managed"] == pytest.approx(pnl, abs=1e-3)
