"""The book with one more trade in it: what can be lost where, what gaps do, what limits say.

Plain floats, so that `positions whatif` starts at once. Amounts are dollars, strikes and prices
points. Everything is valued at expiration: a side costs its intrinsic value, the whole credit is
kept against it, fees are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby

from monitor.config import Limits
from monitor.domain.instruments import underlying
from monitor.domain.limits import breaks_by, check_limits, contracts_that_fit
from monitor.domain.positions import Position, Strikes
from monitor.domain.snapshot import (
    ExpirationRiskView,
    GapView,
    OpportunityView,
    WhatIfView,
)
from monitor.domain.spreads import max_loss_usd, strikes_of
from monitor.domain.trade import Trade
from monitor.domain.trade_overlaps import overlaps
from monitor.domain.vocabulary import Settlement
from monitor.errors import InvalidSpreadError

LOOKED_AT = ("alerted", "blocked")  # statuses of an opportunity that a person may act on now
GAPS_PCT = (-8.0, -5.0, -3.0, 3.0, 5.0)


def held(position: Position) -> Trade:
    return Trade(
        name=position.id,
        ticker=position.ticker,
        expiration=position.expiration,
        settlement=position.settlement,
        contracts=position.contracts,
        multiplier=position.multiplier,
        strikes=position.strikes,
        credit_usd=position.credit_usd,
        max_loss_usd=position.max_loss_usd,
    )


def wanted(
    *,
    ticker: str,
    expiration: date,
    settlement: Settlement,
    strikes: Strikes,
    credit: float,
    contracts: int,
    multiplier: int,
) -> Trade:
    """A trade that is only looked at; `credit` in points per share.

    Raises:
        InvalidSpreadError: The credit cannot be one of these strikes.
    """
    credit_usd = round(credit * multiplier * contracts, 4)
    return Trade(
        name="this trade",
        ticker=ticker,
        expiration=expiration,
        settlement=settlement,
        contracts=contracts,
        multiplier=multiplier,
        strikes=strikes,
        credit_usd=credit_usd,
        max_loss_usd=max_loss_usd(
            strikes, credit_usd=credit_usd, contracts=contracts, multiplier=multiplier
        ),
    )


def with_what_if(
    view: OpportunityView,
    positions: Sequence[Position],
    *,
    limits: Limits,
    prices: Mapping[str, float],
) -> OpportunityView:
    """An opportunity whose strikes and credit are known, with its order's contracts in the book;
    with one where it has no order."""
    trade, kept = view.trade, view.status in LOOKED_AT
    strikes = None if trade is None else strikes_of(trade)
    if trade is None or strikes is None or trade.credit_fill is None or not kept:
        return view
    try:
        added = wanted(
            ticker=view.ticker,
            expiration=trade.expiration,
            settlement=Settlement(trade.settlement),
            strikes=strikes,
            credit=trade.credit_fill,
            contracts=trade.order_contracts or 1,
            multiplier=underlying(view.ticker).multiplier,
        )
    except InvalidSpreadError:  # a credit that no spread has: its own problems say so
        return view
    return replace(view, what_if=what_if_view(positions, added, limits=limits, prices=prices))


def what_if_view(
    positions: Sequence[Position], trade: Trade, *, limits: Limits, prices: Mapping[str, float]
) -> WhatIfView:
    """The open positions that are still at risk (see `limits.at_risk`), with `trade` added.

    Args:
        prices: Underlying → its price now, points; one that is not there makes its gaps unknown.
    """
    book = tuple(held(p) for p in positions)
    after = (*book, trade)
    views = check_limits(positions, limits)
    return WhatIfView(
        contracts=trade.contracts,
        total_max_loss_usd=total_max_loss(after),
        total_before_usd=total_max_loss(book),
        trade_max_loss_usd=trade.max_loss_usd,
        expirations=expiration_risks(after, mark=trade),
        gaps=tuple(gap_view(after, trade, move_pct=move, prices=prices) for move in GAPS_PCT),
        breaks=breaks_by(views, trade.max_loss_usd),
        contracts_that_fit=contracts_that_fit(views, trade.max_loss_usd / trade.contracts),
        overlaps=overlaps(trade, book),
        notes=_notes(after, prices),
    )


def total_max_loss(trades: Iterable[Trade]) -> float:
    """The worst of all expirations and underlyings at once: they add, the sides of one do not."""
    return round(sum(view.max_loss_usd for view in expiration_risks(trades)), 2)


def expiration_risks(
    trades: Iterable[Trade], *, mark: Trade | None = None
) -> tuple[ExpirationRiskView, ...]:
    """One row per expiration and underlying, nearest first.

    AM and PM series of one day settle at different prices, so they are two rows.
    """
    ordered = sorted(trades, key=_place)
    return tuple(
        replace(_risk(tuple(group)), with_trade=mark is not None and place == _place(mark))
        for place, group in groupby(ordered, key=_place)
    )


def _place(trade: Trade) -> tuple[date, str, str]:
    return (trade.expiration, trade.ticker, trade.settlement.value)


def _risk(group: tuple[Trade, ...]) -> ExpirationRiskView:
    """P&L is linear between strikes and level beyond them: its worst stands at a strike."""
    strikes = sorted(s for t in group if t.strikes for s in _all(t.strikes)) or [0.0]
    losses = [-sum(t.pnl_usd(price) for t in group) for price in strikes]
    return ExpirationRiskView(
        ticker=group[0].ticker,
        expiration=group[0].expiration,
        settlement=group[0].settlement.value,
        put_side_usd=round(max(losses[0], 0.0), 2),
        call_side_usd=round(max(losses[-1], 0.0), 2),
        max_loss_usd=round(max(*losses, 0.0), 2),
    )


def _all(strikes: Strikes) -> tuple[float, ...]:
    four = (strikes.long_put, strikes.short_put, strikes.short_call, strikes.long_call)
    return tuple(strike for strike in four if strike is not None)


def gap_view(
    trades: Sequence[Trade], trade: Trade, *, move_pct: float, prices: Mapping[str, float]
) -> GapView:
    """Every underlying moves by `move_pct` at once and stays there until its expirations."""
    by_ticker = tuple(
        (ticker, _gap_pnl([t for t in trades if t.ticker == ticker], move_pct, prices))
        for ticker in sorted({t.ticker for t in trades})
    )
    known = [pnl for _, pnl in by_ticker if pnl is not None]
    return GapView(
        move_pct=move_pct,
        pnl_usd=round(sum(known), 2) if len(known) == len(by_ticker) else None,
        trade_usd=_gap_pnl([trade], move_pct, prices),
        underlyings=by_ticker if len(by_ticker) > 1 else (),
    )


def _gap_pnl(trades: Sequence[Trade], move_pct: float, prices: Mapping[str, float]) -> float | None:
    """P&L of one underlying's trades; those without strikes need no price."""
    if all(t.strikes is None for t in trades):
        return round(-sum(t.max_loss_usd for t in trades), 2)
    price = prices.get(trades[0].ticker)
    if price is None:
        return None
    return round(sum(t.pnl_usd(price * (1 + move_pct / 100)) for t in trades), 2)


def _notes(trades: Sequence[Trade], prices: Mapping[str, float]) -> tuple[str, ...]:
    """What the figures take for granted."""
    said = []
    tickers = sorted({t.ticker for t in trades})
    if len(tickers) > 1:
        said.append(f"{' and '.join(tickers)} are taken to move by the same percentage together")
    blind = [t for t in trades if t.strikes is None]
    if blind:
        names = ", ".join(t.name for t in blind)
        said.append(f"without strikes, so at its full risk wherever the price goes: {names}")
    unpriced = sorted({t.ticker for t in trades if t.strikes} - set(prices))
    if unpriced:
        said.append(f"the price of {', '.join(unpriced)} is unknown, so its gaps are")
    return tuple(said)
