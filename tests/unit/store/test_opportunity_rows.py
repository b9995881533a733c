"""A told opportunity in the database: by alert and line, with its trade and evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from fakes.live import EXPIRATION, band_bars, condor_chain
from fakes.spine import MINUTE, NOW, FakeProvider, running
from sqlalchemy import select

from monitor.config import Quality, Settings
from monitor.domain.option_chain import ChainRequest
from monitor.domain.quotes import DailyBars
from monitor.domain.snapshot import OpportunityView
from monitor.providers.base import ChainBatch, SourceHealth
from monitor.runtime.runner import Runner
from monitor.store.schema import opportunities

HEADER = (
    "dte,band,spread_type,flow_mode,spread_width,entry_time_pst,expected_win_pct,"
    "expected_roi_pct,sharpe,expected_credit,max_risk_per_contract,avg_pnl,n_trades,trade_score"
)
ROW = "3,{band},iron_condor,neutral,100,07:30,95.0,2.93,0.5,285,9715,20.0,100,{score}"
SETTINGS = msgspec.structs.replace(Settings(), quality=Quality(min_roi_pct=1.0))


@dataclass
class Bars(FakeProvider):
    def daily(self, symbol: str, *, sessions: int, now: Any) -> DailyBars:
        return band_bars() if symbol == "NDX" else super().daily(symbol, sessions=1, now=now)


@dataclass
class Chains:
    name: str = "test chains"
    simulated: bool = False

    def chains(self, request: ChainRequest, *, now: Any) -> ChainBatch:
        return ChainBatch(chains=(condor_chain(asof=now, fetched_at=now),))

    def health(self) -> tuple[SourceHealth, ...]:
        return ()

    def close(self) -> None:
        pass


def told(runner: Runner) -> list[tuple[str, OpportunityView]]:
    wanted = select(opportunities.c.alert_id, opportunities.c.data)
    with runner.store.engine.connect() as connection:
        rows = connection.execute(wanted).all()
    return [(row.alert_id, msgspec.convert(row.data, OpportunityView)) for row in rows]


def write_grid(home: Path) -> None:
    path = home / "results" / "run" / "grid_trading_ready.csv"
    path.parent.mkdir(parents=True)
    rows = [ROW.format(band=band, score=score) for band, score in (("P100", 70), ("P99", 60))]
    path.write_text("\n".join([HEADER, *rows]) + "\n")


def run(home: Path, **wiring: Any) -> Any:
    provider = Bars(prices={"NDX": 20_000.0, "VIX": 17.0})
    return running(home, provider=provider, settings=SETTINGS, chains=Chains(), **wiring)


def test_each_line_is_a_row_that_fills_a_position(home: Path) -> None:
    write_grid(home)
    with run(home) as runner:
        runner.cycle(NOW)
        rows = told(runner)
    assert [(alert, view.alert_line, view.band) for alert, view in rows] == [
        ("A1", 1, "P100"),
        ("A1", 2, "P99"),
    ]
    for _, view in rows:
        assert view.trade is not None
        assert view.evidence is not None
        assert (view.ticker, view.expiration, view.spread_type) == (
            "NDX", EXPIRATION, "iron_condor",
        )  # fmt: skip
        assert (view.trade.short_put, view.trade.long_put) == (19_500, 19_400)
        assert (view.trade.short_call, view.trade.long_call) == (20_500, 20_600)
        assert (view.trade.credit_fill, view.trade.settlement) == (1.15, "pm")


def test_a_lines_number_survives_a_restart(home: Path) -> None:
    write_grid(home)
    with run(home) as runner:
        runner.cycle(NOW)
    with run(home) as runner:
        runner.cycle(NOW + 5 * MINUTE)
        page = json.loads(runner.home.snapshot.read_bytes())
        assert len(told(runner)) == 2  # nothing is told again
    shown = [(o["alert_id"], o["alert_line"]) for o in page["opportunities"]]
    assert shown == [("A1", 1), ("A1", 2)]
