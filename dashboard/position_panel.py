"""Open positions, most urgent first, each with how far it is from every exit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboard.mark_card import (
    LadderCard,
    MarkCard,
    SettlementCard,
    ladder_card,
    mark_card,
    settlement_card,
)
from dashboard.payoff_picture import Picture, picture
from dashboard.text import (
    UNKNOWN,
    Stamp,
    Wording,
    age_text,
    day_text,
    finite,
    number,
    percent,
    signed_percent,
    signed_usd,
    strike,
    tone,
    usd,
    words,
)
from monitor.domain.plain_text import plain
from monitor.domain.snapshot import (
    ExitView,
    LimitView,
    MarketView,
    PortfolioView,
    PositionView,
)
from monitor.domain.spreads import strikes_of

EXIT_WORDS = {
    "profit_target": "Profit target",
    "stop_loss": "Stop",
    "time_exit": "Time exit",
    "heads_up": "Heads-up",
    "settle": "Settle",
}
URGENCY = {"exit due": 0, "settle me": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRow:
    kind: str
    name: str
    due: bool
    past: bool  # a heads-up whose instant has been
    level: str  # "at P&L +$142.50" or ""
    distance: str  # "$30 away"
    at: Stamp | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitBar:
    """From the stop (left) to the profit target (right); places in percent of its length.

    `left_is_max_loss`: the stop can never fire, so the bar starts at the maximum loss.
    """

    left: str
    right: str
    left_is_max_loss: bool
    zero: float
    pnl: float | None
    beyond: bool  # P&L lies outside the bar; its marker stands at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionCard:
    id: str
    title: str  # "NDX iron condor"
    legs: str
    contracts: str
    expiry: str
    state: str
    urgent: bool
    pnl: str
    pnl_pct: str
    pnl_tone: str
    pnl_known: bool
    pnl_asof: Stamp | None
    pnl_source: str
    credit: str
    max_loss: str
    stated_risk: str
    exits: tuple[ExitRow, ...]
    bar: ExitBar | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    opened: Stamp
    simulated: bool
    ticker: str
    price_note: str  # "NDX 19,876.25", or why there is none
    picture: Picture | None
    mark: MarkCard | None
    ladder: LadderCard | None
    settled: SettlementCard | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    name: str
    text: str  # "$55,000 of $50,000"
    share: str  # "110 %"
    fill: float  # 0..100, of the bar
    breached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioCard:
    open: str
    closed: str
    total_max_loss: str
    unrealized: str
    unrealized_why: str
    unrealized_tone: str
    realized: str
    realized_tone: str
    limits: tuple[LimitRow, ...]


def position_cards(
    positions: Iterable[PositionView], markets: Iterable[MarketView], say: Wording
) -> tuple[PositionCard, ...]:
    """Cards, most urgent first; `markets` give the underlying's price where it is watched."""
    ordered = sorted(positions, key=lambda p: (URGENCY.get(p.state, 2), p.expiration, p.id))
    watched = {market.ticker: market for market in markets}
    return tuple(_card(position, watched, say) for position in ordered)


def _card(p: PositionView, watched: Mapping[str, MarketView], say: Wording) -> PositionCard:
    known = finite(p.pnl_usd)
    market = watched.get(p.ticker)
    price = market.price if market is not None and finite(market.price) else None
    return PositionCard(
        id=p.id,
        title=f"{p.ticker} {words(p.spread_type)}",
        legs=_legs(p),
        contracts=f"{p.contracts} contract{'' if p.contracts == 1 else 's'}",
        expiry=_expiry(p, say),
        state=p.state,
        urgent=p.state in URGENCY,
        pnl=signed_usd(p.pnl_usd),
        pnl_pct=f"{signed_percent(p.pnl_pct)} of credit" if finite(p.pnl_pct) else "",
        pnl_tone=tone(p.pnl_usd),
        pnl_known=known,
        pnl_asof=say.maybe(p.pnl_asof),
        pnl_source=_pnl_source(p.pnl_source),
        credit=f"{usd(p.credit_usd)} ({number(p.credit)} pts)",
        max_loss=usd(p.max_loss_usd),
        stated_risk="" if p.stated_risk_usd is None else usd(p.stated_risk_usd),
        exits=tuple(_exit(e, say) for e in p.exits),
        bar=exit_bar(p),
        notes=tuple(plain(note) for note in p.notes),
        warnings=tuple(plain(warning) for warning in p.warnings),
        opened=say.stamp(p.opened_at, seconds=False),
        simulated=p.simulated,
        ticker=p.ticker,
        price_note=_price_note(p, market),
        picture=_picture(p, price),
        mark=mark_card(p.mark, say),
        ladder=ladder_card(p.ladder),
        settled=settlement_card(p.settled),
    )


def _price_note(p: PositionView, market: MarketView | None) -> str:
    if market is None:
        return f"price of {p.ticker} unknown: it is not watched"
    if not finite(market.price):
        return f"price of {p.ticker} unknown"
    return f"{p.ticker} {number(market.price)}{', STALE' if market.stale else ''}"


def _picture(p: PositionView, price: float | None) -> Picture | None:
    """The credit's points and its dollars together tell what a point is worth."""
    strikes = strikes_of(p)
    if strikes is None or not p.credit > 0:
        return None
    return picture(
        strikes,
        credit_usd=p.credit_usd,
        usd_per_point=p.credit_usd / p.credit,
        price=price,
        pnl_usd=p.pnl_usd if finite(p.pnl_usd) else None,
    )


def _legs(p: PositionView) -> str:
    """ "19500/19400 put · 20500/20600 call", short strike first."""
    sides = ((p.short_put, p.long_put, "put"), (p.short_call, p.long_call, "call"))
    known = [
        f"{strike(short)}/{strike(long)} {name}"
        for short, long, name in sides
        if short is not None and long is not None
    ]
    return " · ".join(known) or "strikes not given"


def _expiry(p: PositionView, say: Wording) -> str:
    day = day_text(p.expiration, year=say.now.year)
    settled = "AM settled" if p.settlement == "am" else "PM settled"
    return f"{day} · {p.dte} DTE · {settled}"


def _pnl_source(source: str | None) -> str:
    return "entered by you" if source == "you" else source or ""


def _exit(e: ExitView, say: Wording) -> ExitRow:
    return ExitRow(
        kind=e.kind,
        name=EXIT_WORDS.get(e.kind, words(e.kind)),
        due=e.due and e.kind != "heads_up",
        past=e.due and e.kind == "heads_up",
        level="" if e.level_usd is None else f"at P&L {signed_usd(e.level_usd)}",
        distance=_distance(e, say),
        at=None if e.at is None else say.stamp(e.at, seconds=False),
        note=e.note,
    )


def _distance(e: ExitView, say: Wording) -> str:
    if e.due:
        return "passed" if e.kind == "heads_up" else "DUE NOW"
    if e.distance_usd is not None and finite(e.distance_usd):
        return f"{usd(abs(e.distance_usd))} away"
    if e.at is not None:
        return age_text((say.now - e.at).total_seconds())
    return "" if e.note else f"distance {UNKNOWN}"


def exit_bar(p: PositionView) -> ExitBar | None:
    """The bar from stop to target, or None where the position has no profit target."""
    levels = {e.kind: e.level_usd for e in p.exits}
    right, stop = levels.get("profit_target"), levels.get("stop_loss")
    if right is None:
        return None
    never = stop is None or stop < -p.max_loss_usd
    left = -p.max_loss_usd if never or stop is None else stop
    if not left < right:
        return None
    pnl = p.pnl_usd if finite(p.pnl_usd) else None
    span = right - left
    return ExitBar(
        left=signed_usd(left),
        right=signed_usd(right),
        left_is_max_loss=never,
        zero=round(100 * max(0.0, min(1.0, -left / span)), 2),
        pnl=None if pnl is None else round(100 * max(0.0, min(1.0, (pnl - left) / span)), 2),
        beyond=pnl is not None and not left <= pnl <= right,
    )


def portfolio_card(portfolio: PortfolioView) -> PortfolioCard:
    marked, total = portfolio.marked, portfolio.open
    partial = f"{marked} of {total} positions have a P&L" if marked < total else ""
    return PortfolioCard(
        open=str(total),
        closed=str(portfolio.closed),
        total_max_loss=usd(portfolio.total_max_loss_usd),
        unrealized=signed_usd(portfolio.unrealized_pnl_usd) if total else "none open",
        unrealized_why=partial,
        unrealized_tone=tone(portfolio.unrealized_pnl_usd),
        realized=signed_usd(portfolio.realized_pnl_usd),
        realized_tone=tone(portfolio.realized_pnl_usd),
        limits=tuple(_limit(limit) for limit in portfolio.limits),
    )


def _limit(limit: LimitView) -> LimitRow:
    money = limit.unit == "$"
    share = 100 * limit.value / limit.limit if limit.limit > 0 else 100.0
    shown = (usd if money else strike)(limit.value), (usd if money else strike)(limit.limit)
    return LimitRow(
        name=limit.name,
        text=f"{shown[0]} of {shown[1]}",
        share=percent(share, 0),
        fill=round(min(100.0, max(0.0, share)), 2),
        breached=limit.breached,
    )
