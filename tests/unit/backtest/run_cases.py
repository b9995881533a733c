"""A finished run of two configurations, worked by hand.

Put spreads 1 DTE P98, 10 points wide, at 07:30 Pacific. `with_flow` traded on the first four of
six sessions for a credit of 1.00 and a maximum loss of $902 ($1,000 - $100 + $2 of fees):
+98, +98, +98 and -402 managed, +98 four times held. `against_flow` never traded.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from monitor.backtest.bars_panel import PriceTable, Sessions
from monitor.backtest.configs import Dimensions, config_table
from monitor.backtest.legs import TRADE, ExpirationMarks
from monitor.backtest.open_chains import Inputs
from monitor.backtest.run_plan import GridResult, RunSpec
from monitor.backtest.trade_codes import Exit, NoTrade
from monitor.domain.vocabulary import BandMode, SpreadType

DAYS = tuple(date(2026, 2, d) for d in (2, 3, 4, 5, 6, 9))
PNL_MANAGED = (98.0, 98.0, 98.0, -402.0)


class NoMarks:
    """A source that nobody asks."""

    def marks(self, expiration: int) -> ExpirationMarks | None:
        raise AssertionError(expiration)

    def part(self, first: int, stop: int) -> NoMarks:
        return self


def result_of(pnl: tuple[float, ...] = PNL_MANAGED, **changes: Any) -> GridResult:
    dims = Dimensions(
        dtes=(1,), bands=(98,), modes=(BandMode.RAW100,), spread_types=(SpreadType.PUT_SPREAD,),
        widths=(10,), entry_minutes_pt=(450,),
    )  # fmt: skip
    trades = np.zeros(len(pnl), TRADE)
    trades["entry"] = np.arange(len(pnl))
    trades["exit_session"] = trades["entry"] + 1
    trades["short_put"], trades["credit"], trades["credit_mid"] = 24_000, 1.0, 1.1
    trades["max_loss"] = 902.0
    trades["pnl_hold"], trades["pnl_managed"] = 98.0, pnl
    trades["reason"] = np.where(np.asarray(pnl) > 0, int(Exit.TARGET), int(Exit.STOP))
    no_trade = np.zeros((1, len(NoTrade)), np.int64)
    no_trade[0, NoTrade.OTHER_FLOW] = 8
    regime = np.full((len(DAYS), 1), 1, np.int8)  # low …
    regime[3:] = 2  # … then medium
    fields: dict[str, Any] = {
        "spec": RunSpec(
            ticker="NDX", first=DAYS[0], last=DAYS[4], source="quotes", dims=dims, fills=(0.5,)
        ),
        "table": config_table(dims),
        "days": np.array([d.toordinal() for d in DAYS], np.int64),
        "n_entry_days": 5,
        "trades": trades,
        "no_trade": no_trade,
        "regime": regime,
        "regime_plain": regime,
        "notes": (),
        "seconds": {},
    }
    return GridResult(**(fields | changes))


def inputs_of(**changes: Any) -> Inputs:
    none = np.empty((0, 78))
    fields: dict[str, Any] = {
        "ticker": "NDX",
        "days": DAYS,
        "sessions": Sessions(
            day=np.empty(0, np.int64), open_s=np.empty(0, np.int64),
            close_minute=np.empty(0, np.int64),
        ),
        "prices": PriceTable(price=none, close=np.empty(0)),
        "marks": NoMarks(),
        "source": "quotes",
        "provenance": {"kind": "recorded chains", "path": "recorded", "hash": "abc"},
    }  # fmt: skip
    return Inputs(**(fields | changes))


def column(path: Path, name: str) -> list[Any]:
    import pyarrow.parquet as pq

    return list(pq.read_table(path, columns=[name])[name].to_pylist())
