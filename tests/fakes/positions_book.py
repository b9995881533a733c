"""A book in a home folder of its own, driven through the `positions` command in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from monitor.clock import FixedClock
from monitor.config import Settings
from monitor.domain.positions import Position, Strikes
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType
from monitor.providers.sessions import load_calendar
from monitor.store.store import Store, open_store
from positions_cli.main import cli
from positions_cli.session import Dependencies

# Wednesday 2026-11-18, 10:00 PT, a normal session; Thanksgiving is the 26th, a half day the 27th.
NOW = datetime(2026, 11, 18, 18, tzinfo=UTC)

CONDOR = (
    "add", "--dte", "3", "--band", "P98", "--spread", "iron_condor", "--flow-mode", "with_flow",
    "--contracts", "2", "--credit", "285.00", "--risk", "1715.00", "--short-call", "20500",
    "--long-call", "20600", "--short-put", "19500", "--long-put", "19400",
    "--note", "Entry from 07:30 PST alert",
)  # fmt: skip
PUT_SPREAD = (
    "add", "--dte", "5", "--band", "P97", "--spread", "put_spread", "--contracts", "3",
    "--credit", "150.00", "--risk", "850.00", "--short-put", "19800", "--long-put", "19700",
)  # fmt: skip


@cache
def nyse() -> TradingCalendar:
    return load_calendar(None, today=NOW.date())


@dataclass
class Book:
    """`run("list")` is the command line; ids are 00000001, 00000002, …, times move by `now`."""

    home: Path
    now: datetime = NOW
    count: int = field(default=0)
    interactive: bool = False
    own_clock: bool = True  # False: the machine's, or the simulation's

    def new_id(self) -> str:
        self.count += 1
        return f"{self.count:08x}"

    def run(self, *args: str, **options: Any) -> Result:
        dependencies = Dependencies(
            clock=FixedClock(self.now) if self.own_clock else None,
            calendar=nyse(),
            new_id=self.new_id,
            interactive=self.interactive,
        )
        env = {"CONDORWATCH_HOME": str(self.home)}
        return CliRunner().invoke(
            cli, list(args), obj=dependencies, env=env, catch_exceptions=False, **options
        )

    def ok(self, *args: str, **options: Any) -> str:
        result = self.run(*args, **options)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *args: str, **options: Any) -> Any:
        return json.loads(self.ok(*args, "--json", **options))

    def wait(self, step: timedelta) -> None:
        self.now += step

    @property
    def database(self) -> Path:
        return self.home / "data" / "monitor.db"

    @property
    def exported(self) -> Any:
        return json.loads((self.home / "data" / "positions.json").read_bytes())

    def store(self) -> Store:
        return open_store(self.home, Settings())


def put_spread(position_id: str = "a3f8c2d1", **changed: Any) -> Position:
    """Three 100-point NDX put spreads for $150: maximum loss 3 × $10,000 − $150 = $29,850."""
    fields: dict[str, Any] = {
        "id": position_id,
        "ticker": "NDX",
        "spread_type": SpreadType.PUT_SPREAD,
        "flow_mode": FlowMode.NEUTRAL,
        "band": "P97",
        "expiration": date(2026, 11, 25),
        "settlement": Settlement.PM,
        "entry_dte": 5,
        "contracts": 3,
        "multiplier": 100,
        "credit_usd": 150.0,
        "strikes": Strikes(short_put=19800.0, long_put=19700.0),
        "risk_usd": None,
        "max_loss_usd": 29850.0,
        "opened_at": NOW,
        "status": PositionStatus.OPEN,
        "notes": ("first",),
    }
    return Position(**{**fields, **changed})
