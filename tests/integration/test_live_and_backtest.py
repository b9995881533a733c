"""One trade through the live monitor's cycle and through the backtest: same exit, same amounts.

NDX at 24,000 for weeks and at 24,050 on the entry day, so that every band is 24,050 itself and
the flow is up: the put spread 24,040/24,030 is sold at mids 3.00 and 1.00. At f = 0 that is a
credit of 2.00, $200: a target of $100 and a stop at −$400. Marks come every 15 minutes; the live
cycle runs at each of them with the same mark. What live does not know of is fees, $2 each way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time

import numpy as np
import pytest
from fakes.spine import CALENDAR, Cycle

from monitor.backtest.bars_panel import SLOTS, PriceTable, Sessions, sessions_between
from monitor.backtest.configs import BandMode, Dimensions, Kind
from monitor.backtest.legs import MILLI, ExpirationMarks
from monitor.backtest.run_blocks import make_plan, run_blocks
from monitor.backtest.run_plan import RunSpec
from monitor.backtest.trade_codes import Exit
from monitor.clock import NEW_YORK
from monitor.domain.alert_text import usd
from monitor.domain.exits import ExitState
from monitor.domain.positions import PnlMark, Position, Strikes
from monitor.domain.pricing.payoff import expiry_pnl_usd, put_side_value
from monitor.domain.spreads import max_loss_usd
from monitor.domain.step import CycleResult
from monitor.domain.vocabulary import FlowMode, Level, PositionStatus, Settlement, SpreadType

ENTRY_DAY, ENTRY_MINUTE = date(2026, 11, 18), 10 * 60 + 30
SHORT, LONG, CREDIT = 24_040.0, 24_030.0, 2.0
FEES = 2.0  # $1 a leg, each way
MINUTES = np.arange(570, 960, 15)

Debits = dict[tuple[int, int], float]  # (sessions after entry, New York minute) → debit


@dataclass(frozen=True)
class OneSpread:
    """Marks of the two puts: the debit is 2.00 but where the path says otherwise."""

    path: Debits
    entry: int
    expiration: int

    def part(self, first: int, stop: int) -> OneSpread:
        return self

    def marks(self, expiration: int) -> ExpirationMarks | None:
        if expiration != self.expiration:
            return None
        session = np.repeat(np.arange(self.entry, expiration + 1), len(MINUTES))
        minute = np.tile(MINUTES, expiration + 1 - self.entry)
        debit = np.array(
            [
                self.path.get((s - self.entry, m), CREDIT)
                for s, m in zip(session, minute, strict=True)
            ]
        )
        n = len(session)
        return ExpirationMarks(
            expiration=expiration, session=session, minute=minute, spot=np.full(n, np.nan),
            source=np.zeros(n, np.uint8),
            put_strike=np.array([int(LONG * MILLI), int(SHORT * MILLI)]),
            call_strike=np.array([25_000 * MILLI]),
            mid=np.array([np.full(n, 1.0), 1.0 + debit, np.full(n, np.nan)]),
            half=np.array([np.full(n, 0.1), np.full(n, 0.1), np.full(n, np.nan)]),
        )  # fmt: skip


def engine_row(path: Debits, *, dte: int, settlement: float) -> tuple[np.void, Sessions]:
    """The backtest's row at f = 0."""
    sessions = sessions_between(CALENDAR, date(2026, 8, 3), date(2026, 11, 25))
    entry = int(np.searchsorted(sessions.day, ENTRY_DAY.toordinal()))
    price = np.full((len(sessions), len(SLOTS)), 24_000.0)
    price[entry] = 24_050.0
    close = np.full(len(sessions), 24_000.0)
    close[entry + dte] = settlement
    plan = make_plan(
        RunSpec(
            ticker="NDX", first=ENTRY_DAY, last=ENTRY_DAY, source="quotes", fills=(0.0,), fill=0.0,
            dims=Dimensions(
                dtes=(dte,), bands=(98,), modes=(BandMode.RAW100,), widths=(10,),
                spread_types=(SpreadType.PUT_SPREAD,), entry_minutes_pt=(ENTRY_MINUTE - 180,),
            ),
            min_sample=20,
        ),
        sessions=sessions, prices=PriceTable(price=price, close=close), calendar=CALENDAR,
        source=OneSpread(path=path, entry=entry, expiration=entry + dte),
    )  # fmt: skip
    grid = run_blocks(plan, workers=1)
    assert len(grid.trades) == 1
    row = grid.trades[0]
    assert grid.table.kind[row["config"]] == Kind.PUT_WITH
    assert (row["short_put"], row["credit"]) == (SHORT, CREDIT)
    return row, sessions.part(entry, len(sessions))


def instant(sessions: Sessions, after: int, minute: int) -> datetime:
    day = date.fromordinal(int(sessions.day[after]))
    return datetime.combine(day, time(minute // 60, minute % 60), NEW_YORK)


def logged(expiration: date, opened: datetime) -> Position:
    strikes = Strikes(short_put=SHORT, long_put=LONG)
    return Position(
        id="a3f8c0de", ticker="NDX", spread_type=SpreadType.PUT_SPREAD,
        flow_mode=FlowMode.WITH_FLOW, band="P98", expiration=expiration,
        settlement=Settlement.PM, entry_dte=3, contracts=1, multiplier=100,
        credit_usd=100 * CREDIT, strikes=strikes, risk_usd=None, opened_at=opened,
        max_loss_usd=max_loss_usd(strikes, credit_usd=200, contracts=1, multiplier=100),
        status=PositionStatus.OPEN,
    )  # fmt: skip


def watch(path: Debits, sessions: Sessions, *, dte: int) -> tuple[CycleResult, datetime]:
    """The live cycle at every mark from the entry on, until an exit is told or trading ends."""
    cycle, opened = Cycle(), instant(sessions, 0, ENTRY_MINUTE)
    position = logged(date.fromordinal(int(sessions.day[dte])), opened)
    result = cycle.run(opened, positions=(position,))
    for after in range(dte + 1):
        for minute in MINUTES:
            now = instant(sessions, after, int(minute))
            if now <= opened:
                continue
            pnl = 100 * (CREDIT - path.get((after, int(minute)), CREDIT))
            mark = PnlMark(pnl_usd=pnl, asof=now, source="quotes")
            result = cycle.run(now, positions=(replace(position, mark=mark),))
            if any(n.level is Level.EXIT for n in result.alerts.notices):
                return result, now
    end = instant(sessions, dte, 16 * 60)
    return cycle.run(end, positions=(position,)), end


@pytest.mark.parametrize(
    ("path", "dte", "reason", "where", "pnl"),
    [
        # 5.95 is the stop's 6.00 not yet, 6.50 is; the target's 1.00 is reached later
        ({(0, 840): 5.95, (1, 675): 6.50, (1, 690): 0.50}, 3, Exit.STOP, (1, 675), -450.0),
        # a gap over night right through the stop
        ({(1, 570): 9.75}, 3, Exit.STOP, (1, 570), -775.0),
        # 1.05 is not half of the credit yet, 1.00 is
        ({(0, 840): 1.05, (0, 855): 1.0, (0, 870): 7.0}, 3, Exit.TARGET, (0, 855), 100.0),
        # quiet until a quarter to four of the session before the expiration on Monday
        ({(2, 930): 2.5, (2, 945): 3.0, (3, 570): 0.1}, 3, Exit.TIME, (2, 945), -100.0),
        # one that is past the stop at that very instant is called a stop
        ({(2, 945): 7.0}, 3, Exit.STOP, (2, 945), -500.0),
    ],
)
def test_trap_24_live_and_backtest_close_one_trade_at_one_instant_for_one_amount(
    path: Debits, dte: int, reason: Exit, where: tuple[int, int], pnl: float
) -> None:
    row, sessions = engine_row(path, dte=dte, settlement=24_000.0)
    result, told_at = watch(path, sessions, dte=dte)
    exits = result.watch.watched[0].exits
    assert exits is not None
    # the hand's answer, the live monitor's and the engine's
    assert told_at == instant(sessions, *where)
    assert exits.due[0].value == reason.text
    assert (exits.target_usd, exits.stop_usd) == (100.0, -400.0)
    assert row["reason"] == reason
    assert (row["exit_session"], row["exit_minute"]) == where
    assert row["pnl_managed"] == pytest.approx(pnl - 2 * FEES, abs=1e-3)
    title = next(n.title for n in result.alerts.notices if n.level is Level.EXIT)
    assert f"P&L: {usd(row['pnl_managed'] + 2 * FEES)} " in title


@pytest.mark.parametrize(
    ("settlement", "pnl"), [(24_040.0, 200.0), (24_036.5, -150.0), (1.0, -800)]
)
def test_trap_24_live_and_backtest_settle_one_trade_alike(settlement: float, pnl: float) -> None:
    """One session to expiration has no time exit: both hold it to the close."""
    row, sessions = engine_row({}, dte=1, settlement=settlement)
    result, end = watch({}, sessions, dte=1)
    watched = result.watch.watched[0]
    assert watched.exits is not None
    assert watched.exits.state is ExitState.SETTLE_ME
    assert watched.exits.schedule.time_exit_at is None
    assert watched.exits.schedule.settles_at == end == instant(sessions, 1, 960)
    assert [n.title.split(" - ")[0] for n in result.alerts.notices] == ["Settle me"]
    assert row["reason"] == row["hold_reason"] == Exit.SETTLED
    assert row["exit_session"] == 1
    assert row["max_loss"] == pytest.approx(watched.position.max_loss_usd + FEES)
    value = put_side_value(short=SHORT, long=LONG, settlement=settlement)
    assert expiry_pnl_usd(credit=CREDIT, side_values=value) == pytest.approx(pnl)
    assert row["pnl_managed"] == row["pnl_hold"] == pytest.approx(pnl - FEES)
