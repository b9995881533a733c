"""What an expired position is worth on paper, until the person confirms it.

PM: the close of the expiration session, from daily bars; before they come, ten minutes after it,
the newest quote. AM: the opening price from daily bars, which is near the exchange's special
opening quotation and not that: said so. An ETF short strike that ended in or near the money was to
be closed 15 minutes before the close, as the backtest does; then the last mark from there on
counts, and without one nothing is known. Fees are as the person counts them: none here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from monitor.clock import NEW_YORK
from monitor.domain.alert_text import usd
from monitor.domain.context import MarketContext
from monitor.domain.instruments import Kind, underlying
from monitor.domain.ladder import near_short_strike
from monitor.domain.positions import Position, Strikes
from monitor.domain.pricing.payoff import call_side_value, expiry_pnl_usd, put_side_value
from monitor.domain.quotes import DailyBars, Floats
from monitor.domain.schedule import BEFORE_CLOSE, ExitSchedule
from monitor.domain.snapshot import SettlementView
from monitor.domain.vocabulary import Settlement

LATE = timedelta(hours=6)  # a quote up to so long after the close is still that close
LAST_MINUTE = timedelta(minutes=1)  # some sources stamp the last minute by its beginning
SETTLING = timedelta(minutes=10)  # closing prints come in for some minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementValue:
    """A settlement on paper.

    `value` is the underlying's price it settles on, points; None where an ETF counts as closed
    before. `pnl_usd` is of all `contracts`. `final` is False while a better source may come.
    """

    position_id: str
    value: float | None
    source: str
    pnl_usd: float
    contracts: int
    final: bool

    def pnl_of(self, position: Position) -> float:
        """For the contracts and the credit that the position has now."""
        if self.value is not None and position.strikes is not None:
            return settled_pnl_usd(position, position.strikes, self.value)
        return self.pnl_usd * position.contracts / self.contracts


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMark:
    """The newest mark of a position, for an ETF that counts as closed before the bell."""

    at: datetime
    pnl_usd: float


def settle(
    position: Position,
    schedule: ExitSchedule,
    *,
    daily: DailyBars | None,
    context: MarketContext | None,
    last_mark: LastMark | None,
    near_pct: float,
    now: datetime,
) -> SettlementValue | str:
    """The position's settlement on paper, or why it is not known."""
    if position.strikes is None:
        return "it has no strikes"
    found = (
        _opening(position, daily)
        if position.settlement is Settlement.AM
        else _closing(position, schedule, daily, context, now)
    )
    if isinstance(found, str):
        return found
    value, source, final = found
    physical = underlying(position.ticker).kind is not Kind.INDEX
    if physical and near_short_strike(position.strikes, value, near_pct=near_pct):
        return _closed_before(position, schedule, value, last_mark)
    return SettlementValue(
        position_id=position.id,
        value=value,
        source=source,
        pnl_usd=settled_pnl_usd(position, position.strikes, value),
        contracts=position.contracts,
        final=final,
    )


def settled_pnl_usd(position: Position, strikes: Strikes, value: float) -> float:
    """P&L at this settlement value, dollars of the position, no fees.

    Source: docs/sources.md#spreads
    """
    sides = 0.0
    if strikes.short_put is not None and strikes.long_put is not None:
        sides += put_side_value(short=strikes.short_put, long=strikes.long_put, settlement=value)
    if strikes.short_call is not None and strikes.long_call is not None:
        sides += call_side_value(short=strikes.short_call, long=strikes.long_call, settlement=value)
    per_share = position.credit_usd / (position.multiplier * position.contracts)
    pnl = expiry_pnl_usd(
        credit=per_share,
        side_values=sides,
        multiplier=position.multiplier,
        contracts=position.contracts,
    )
    return round(float(pnl), 2)


def settlement_view(
    position: Position, found: SettlementValue | str, *, short_id: str
) -> SettlementView:
    """What the page and the alert say of it."""
    if isinstance(found, str):
        return SettlementView(
            value=None, value_source=None, pnl_usd=None,
            text=f"expired: settlement unknown ({found}); positions close {short_id} --pnl AMOUNT",
        )  # fmt: skip
    pnl = found.pnl_of(position)
    at = f"settled at {found.value:,.2f}, " if found.value is not None else ""
    return SettlementView(
        value=found.value,
        value_source=found.source,
        pnl_usd=pnl,
        text=f"expired: {at}{found.source}: P&L {usd(pnl)}, please confirm: "
        f"positions close {short_id} --settle",
    )


def _opening(position: Position, daily: DailyBars | None) -> tuple[float, str, bool] | str:
    value = _of_day(daily, position.expiration, None if daily is None else daily.open)
    if value is None or daily is None:
        return f"no opening price of {position.expiration} is known yet"
    source = (
        f"the opening price of {position.expiration} from {daily.source}, approximate: "
        "the exchange's special opening quotation decides"
    )
    return value, source, True


def _closing(
    position: Position,
    schedule: ExitSchedule,
    daily: DailyBars | None,
    context: MarketContext | None,
    now: datetime,
) -> tuple[float, str, bool] | str:
    # a bar of today may have been fetched before the close: only tomorrow's is whole
    over = now.astimezone(NEW_YORK).date() > position.expiration
    value = _of_day(daily, position.expiration, None if daily is None else daily.close)
    if over and value is not None and daily is not None:
        return value, f"the close of {position.expiration} from {daily.source}", True
    quote = context.quote if context else None
    settling = now < schedule.settles_at + SETTLING
    if quote and not settling and -LAST_MINUTE <= quote.asof - schedule.settles_at <= LATE:
        source = f"the last price of {position.expiration} from {quote.source}, not yet official"
        return quote.price, source, False
    return f"no close of {position.expiration} is known yet"


def _closed_before(
    position: Position, schedule: ExitSchedule, value: float, last_mark: LastMark | None
) -> SettlementValue | str:
    what = f"{position.ticker} closed at {value:,.2f}, beyond or near a short strike"
    from_then = schedule.last_trade_close - BEFORE_CLOSE
    if last_mark is None or not from_then <= last_mark.at <= schedule.last_trade_close:
        return f"{what}: shares may have been assigned, and no mark from the last minutes is known"
    return SettlementValue(
        position_id=position.id,
        value=None,
        source=f"{what}: counted as closed at the mark of the last 15 minutes",
        pnl_usd=round(last_mark.pnl_usd, 2),
        contracts=position.contracts,
        final=True,
    )


def _of_day(daily: DailyBars | None, day: date, column: Floats | None) -> float | None:
    if daily is None or column is None:
        return None
    i = int(np.searchsorted(daily.day, day.toordinal()))
    if i >= len(daily) or daily.day[i] != day.toordinal():
        return None
    value = float(column[i])
    return value if math.isfinite(value) and value > 0 else None
