"""A trading day of one position, as the person finds it in alerts.log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.clock import PACIFIC, FixedClock
from monitor.config import Limits
from monitor.domain.alert_lifecycle import AlertPolicy, advance
from monitor.domain.exit_alerts import exit_conditions, undecided_keys
from monitor.domain.exits import ExitRules, evaluate_position
from monitor.domain.limits import check_limits, limit_conditions
from monitor.domain.positions import PnlMark, Position
from monitor.domain.schedule import ExitSchedule
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType
from monitor.notify.dispatcher import Dispatcher
from monitor.notify.logfile import alerts_log
from monitor.store import alerts, schema
from monitor.store.engine import open_engine, write

# Friday 2025-11-28 closes at 13:00 New York (18:00 UTC, 10:00 Pacific); expires Monday 12-01.
SCHEDULE = ExitSchedule(
    heads_up_at=datetime(2025, 11, 28, 14, 30, tzinfo=UTC),
    time_exit_at=datetime(2025, 11, 28, 17, 45, tzinfo=UTC),
    last_trade_close=datetime(2025, 12, 1, 21, 0, tzinfo=UTC),
    settles_at=datetime(2025, 12, 1, 21, 0, tzinfo=UTC),
)

EXPECTED = """\
[2025-11-28 06:30:00] [WARNING] Heads-up - Position a3f8 | time exit today at 2025-11-28 09:45 PT \
| P&L: unknown
  NDX P98 IRON_CONDOR × 2, expires 2025-12-01, credit $285.00
  P&L unknown: log it with positions update a3f8 --pnl AMOUNT
  Alert A1
[2025-11-28 08:00:00] [EXIT] EXIT SIGNAL - Position a3f8 | Reason: Profit target hit \
| P&L: $142.50 (+50.0%)
  NDX P98 IRON_CONDOR × 2, expires 2025-12-01, credit $285.00
  Target at P&L $142.50
  P&L logged by you, as of 2025-11-28 08:00 PT, 0 s old
  Alert A2
[2025-11-28 08:30:00] [EXIT] EXIT SIGNAL - Position a3f8 | Reason: Profit target hit \
| P&L: $142.50 (+50.0%)
  NDX P98 IRON_CONDOR × 2, expires 2025-12-01, credit $285.00
  Target at P&L $142.50
  P&L logged by you, as of 2025-11-28 08:00 PT, 30 min old
  Alert A2 | reminder (told 2 ×)
[2025-11-28 08:40:00] [INFO] Exit over - Position a3f8 | Reason was: Profit target hit
  Was: [EXIT] EXIT SIGNAL - Position a3f8 | Reason: Profit target hit | P&L: $142.50 (+50.0%)
  Alert A2 | resolved (told 3 ×)
"""


def position(now: datetime) -> Position:
    marked_at = datetime(2025, 11, 28, 16, 0, tzinfo=UTC)
    return Position(
        id="a3f8c2d1",
        ticker="NDX",
        spread_type=SpreadType.IRON_CONDOR,
        flow_mode=FlowMode.NEUTRAL,
        band="P98",
        expiration=date(2025, 12, 1),
        settlement=Settlement.PM,
        entry_dte=4,
        contracts=2,
        multiplier=100,
        credit_usd=285.0,
        strikes=None,
        risk_usd=None,
        max_loss_usd=19_715.0,
        opened_at=datetime(2025, 11, 24, 15, 30, tzinfo=UTC),
        status=PositionStatus.OPEN,
        mark=PnlMark(pnl_usd=142.50, asof=marked_at, source="you") if now >= marked_at else None,
    )


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{home / 'monitor.db'}")
    schema.metadata.create_all(made)
    yield made
    made.dispose()


def test_day_of_a_position_reads_as_product_md_shows(engine: Engine, home: Path) -> None:
    """Every five minutes from 06:25 Pacific; closed by the person at 08:40."""
    log = home / "logs" / "alerts.log"
    sender = Dispatcher(
        engine, [alerts_log(log, zone=PACIFIC)], clock=FixedClock(SCHEDULE.settles_at)
    )
    now = datetime(2025, 11, 28, 14, 25, tzinfo=UTC)
    while now <= datetime(2025, 11, 28, 17, 0, tzinfo=UTC):
        held = now < datetime(2025, 11, 28, 16, 40, tzinfo=UTC)
        p = position(now)
        exits = evaluate_position(p, SCHEDULE, ExitRules(), now)
        conditions = exit_conditions(p, exits, now=now, short_id="a3f8") if held else ()
        limits = limit_conditions(check_limits([p] if held else [], Limits()))
        with write(engine) as connection:
            result = advance(
                alerts.load_living(connection),
                [*conditions, *limits],
                now=now,
                policy=AlertPolicy(),
                next_number=alerts.next_number(connection),
                simulated=False,
                undecided=undecided_keys(p, exits) if held else (),
                gone=() if held else ("exit:a3f8c2d1:",),
            )
            alerts.save(connection, result, channels=sender.channels)
        sender.dispatch_due(now)
        now += timedelta(minutes=5)
    assert log.read_text("utf-8") == EXPECTED
