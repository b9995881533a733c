"""Opportunities as an alert told them, put into a home's database by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import insert

from fakes.positions_book import NOW
from monitor.domain.snapshot import OpportunityView, TradeView
from monitor.store.engine import write
from monitor.store.schema import opportunities
from monitor.store.store import Store


def condor_trade(**over: Any) -> TradeView:
    """NDXP 19400/19500 – 20500/20600 for 1.40 at the fill assumption, on 2026-11-23."""
    terms: dict[str, Any] = {
        "root": "NDXP", "expiration": date(2026, 11, 23), "settlement": "pm",
        "short_put": 19500.0, "long_put": 19400.0, "short_call": 20500.0, "long_call": 20600.0,
        "width": 100.0, "credit_mid": 1.60, "credit_natural": 1.20, "credit_fill": 1.40,
        "credit_usd_per_contract": 140.0, "max_loss_usd_per_contract": 9860.0,
        "max_return_pct": 1.42, "breakeven_low": 19498.6, "breakeven_high": 20501.4,
        "spot": 20000.0, "expected_move": 310.0, "put": None, "call": None,
        "market_win_pct": 89.3, "price": None, "order_line": None,
    }  # fmt: skip
    return TradeView(**{**terms, **over})


def told_view(**over: Any) -> OpportunityView:
    terms: dict[str, Any] = {
        "rank": 1, "ticker": "NDX", "alert_id": "A17", "status": "alerted", "status_why": "",
        "dte": 3, "expiration": date(2026, 11, 23), "band": "P98", "spread_type": "iron_condor",
        "flow_mode": "neutral", "width": 100.0, "entry_time_pt": "07:30", "in_window": True,
        "window_opens_at": None, "window_closes_at": None, "win_rate_pct": 95.5,
        "win_low_pct": 91.3, "win_high_pct": 97.7, "n_trades": 178, "breakeven_win_pct": 88.9,
        "max_return_pct": 1.4, "sharpe": 1.2, "credit_usd_per_contract": 140.0,
        "max_loss_usd_per_contract": 9860.0, "avg_pnl_usd_per_contract": 42.5, "score": 81.4,
        "verdict": "weak", "verdict_why": "", "source": "grid", "trade": condor_trade(),
    }  # fmt: skip
    return OpportunityView(**{**terms, **over})


def tell(store: Store, *views: OpportunityView, at: datetime = NOW) -> None:
    """One telling: its opportunities in the order of the alert's lines."""
    with write(store.engine) as connection:
        connection.execute(
            insert(opportunities),
            [
                {
                    "ticker": view.ticker,
                    "scanned_at": at,
                    "config": f"{view.dte}:{view.band}:{view.entry_time_pt}",
                    "alert_id": view.alert_id or "A17",
                    "data": msgspec.to_builtins(view),
                }
                for view in views
            ],
        )


def tell_two(store: Store) -> None:
    """A17 told two: the second has the band P97."""
    tell(
        store,
        replace(told_view(), alert_line=1),
        replace(told_view(), alert_line=2, band="P97", rank=2, entry_time_pt="08:00"),
    )
