"""Recorded chains of the shared data as `OptionChain`s: one a root and expiration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monitor.domain.option_chain import OptionChain, OptionSide
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Settlement

FILES = {
    "NDX": ("cboe_NDX_chains",),
    "SPX": ("cboe_SPX_chains", "cboe_SPX_chains_MIT"),
    "QQQ": ("cboe_QQQ_chains",),
    "SPY": ("cboe_SPY_chains_MIT",),
}


def snapshots(shared_data: Path, ticker: str) -> Iterator[tuple[date, float, pd.DataFrame]]:
    """Each recorded session: its day, the price of the underlying, all rows."""
    for name in FILES[ticker]:
        table = pd.read_parquet(shared_data / "chains" / f"{name}.parquet")
        for _, rows in table.groupby("snapshot", observed=True):
            day = date.fromisoformat(str(rows["session"].iloc[0]))
            yield day, float(rows["spot"].iloc[0]), rows


def chains_of(
    rows: pd.DataFrame, *, ticker: str, day: date, spot: float, calendar: TradingCalendar
) -> list[OptionChain]:
    """Every expiration within ten sessions, stamped at the session's close."""
    session = calendar.on(day)
    assert session is not None
    found = []
    last = calendar.shift(day, 10).date
    for (root, expiry), part in rows.groupby(["root", "expiry"], observed=True):
        expiration = date.fromisoformat(str(expiry))
        if not day <= expiration <= last or not calendar.is_session(expiration):
            continue
        found.append(
            chain_at(
                part, root=str(root), ticker=ticker, expiration=expiration,
                asof=session.close - timedelta(minutes=1), spot=spot,
            )
        )  # fmt: skip
    return found


def chain_at(
    rows: pd.DataFrame, *, root: str, ticker: str, expiration: date, asof: datetime,
    spot: float | None = None,
) -> OptionChain:  # fmt: skip
    """The rows of one root and expiration; NDX and SPX themselves settle in the morning."""
    am = root == ticker and ticker in ("NDX", "SPX")
    strikes = np.unique(rows["strike"].to_numpy(float))
    return OptionChain(
        underlying=ticker, root=root, expiration=expiration,
        settlement=Settlement.AM if am else Settlement.PM, strikes=strikes,
        put=_side(rows[rows["right"] == "P"], strikes),
        call=_side(rows[rows["right"] == "C"], strikes),
        spot=spot, asof=asof, fetched_at=asof, source="recorded",
    )  # fmt: skip


def _side(part: pd.DataFrame, strikes: Any) -> OptionSide:
    place = np.searchsorted(strikes, part["strike"].to_numpy(float))

    def column(name: str) -> Any:
        values = np.full(len(strikes), np.nan)
        if name in part:
            values[place] = np.round(part[name].to_numpy(float), 4)
        return values

    unknown = np.full(len(strikes), np.nan)
    return OptionSide(
        bid=column("bid"), ask=column("ask"), implied_vol=column("iv"), delta=column("delta"),
        gamma=column("gamma"), theta_per_day=unknown, vega_per_vol_point=unknown,
        open_interest=column("open_interest"),
    )  # fmt: skip
