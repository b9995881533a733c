"""The positions' part of a cycle: mark, judge exits, stand on the ladder, settle on paper."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from monitor.config import Settings
from monitor.domain.anchor import ChainAnchor, fit_anchor
from monitor.domain.context import MarketContext
from monitor.domain.exits import ExitRules, ExitState
from monitor.domain.ladder import stand
from monitor.domain.mark_book import mark_positions
from monitor.domain.mark_memory import MarkMemory, MarkRow, choose
from monitor.domain.marks import ChainKey, MarkWorld, Underlying, chain_key
from monitor.domain.nearness import nearness_of
from monitor.domain.option_chain import OptionChain
from monitor.domain.position_watch import PositionWatch, WatchedPosition, watch_positions
from monitor.domain.positions import Position
from monitor.domain.pricing.surface_plain import IndexVols, TradingTime
from monitor.domain.quotes import DailyBars
from monitor.domain.scope import ALONE, Scope
from monitor.domain.settlement import LastMark, SettlementValue, settle
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import MonitorError


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkStep:
    """What one cycle found of the open positions, and what it remembers and stores."""

    watch: PositionWatch
    anchors: Mapping[ChainKey, ChainAnchor]
    memories: Mapping[str, MarkMemory]
    rows: tuple[MarkRow, ...]
    settlements: tuple[SettlementValue, ...]


def mark_step(
    positions: Sequence[Position],
    *,
    contexts: Mapping[str, MarketContext],
    daily: Mapping[str, DailyBars],
    chains: Sequence[OptionChain],
    chain_problems: Mapping[tuple[str, date], str],
    anchors: Mapping[ChainKey, ChainAnchor],
    memories: Mapping[str, MarkMemory],
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
    scope: Scope = ALONE,
) -> MarkStep:
    """Judge all open positions at once.

    Args:
        scope: Rows and settlements of other monitors' tickers are theirs to store.
        anchors, memories: Of the cycle before; after a start the memories come from the store.
    """
    time = TradingTime.around(calendar, now)
    wanted = {chain_key(p) for p in positions}
    known = {(c.root, c.expiration): c for c in chains if (c.root, c.expiration) in wanted}
    world = MarkWorld(
        chains=known,
        chain_problems=chain_problems,
        anchors=_renewed(anchors, known, wanted, time),
        underlyings={ticker: underlying_now(c) for ticker, c in contexts.items()},
        time=time,
        settings=settings,
        now=now,
    )
    found = mark_positions(positions, world)
    fresh = timedelta(minutes=settings.marks.logged_fresh_min)
    marked = {
        p.id: choose(p, found[p.id], memories.get(p.id, MarkMemory()), logged_fresh=fresh, now=now)
        for p in positions
    }
    watch = watch_positions(
        positions,
        rules=ExitRules.from_settings(settings.exits),
        limits=settings.limits,
        calendar=calendar,
        now=now,
        marked=marked,
    )
    done = [
        _after(w, memories.get(w.position.id, MarkMemory()), world, contexts, daily)
        for w in watch.watched
    ]
    own = [d for d in done if scope.covers(d.watched.position.ticker)]
    return MarkStep(
        watch=replace(watch, watched=tuple(d.watched for d in done)),
        anchors=world.anchors,
        memories={d.watched.position.id: d.memory for d in done},
        rows=tuple(d.row for d in own if d.row is not None),
        settlements=tuple(
            d.watched.settled for d in own if isinstance(d.watched.settled, SettlementValue)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    watched: WatchedPosition
    memory: MarkMemory
    row: MarkRow | None


def _after(
    watched: WatchedPosition,
    memory: MarkMemory,
    world: MarkWorld,
    contexts: Mapping[str, MarketContext],
    daily: Mapping[str, DailyBars],
) -> _Done:
    """What follows from the exits: memory, ladder, settlement."""
    position, exits, marked = watched.position, watched.exits, watched.marked
    if exits is None:
        return _Done(watched=watched, memory=memory, row=None)
    if exits.state is ExitState.SETTLE_ME:
        settled = settle(
            position, exits.schedule, daily=daily.get(position.ticker),
            context=contexts.get(position.ticker), last_mark=_last_mark(position, memory),
            near_pct=world.settings.ladder.near_strike_pct, now=world.now,
        )  # fmt: skip
        return _Done(watched=replace(watched, settled=settled), memory=memory, row=None)
    row = marked.row if marked else None
    reading = marked.reading if marked else None
    if reading is not None:
        reading = replace(reading, confirmed=exits.price_reason)
    memory = memory.with_reading(reading)
    near, origin = nearness_of(position, world)
    best = None if memory.best_usd is None else memory.best_usd * position.contracts
    standing = stand(
        position, exits, near, settings=world.settings.ladder, before=memory.step,
        best_usd=best, now=world.now,
    )  # fmt: skip
    new = row is not None and row.basis != memory.basis
    after = replace(
        memory,
        step=standing.step if standing else None,
        basis=row.basis if row is not None else memory.basis,
    )
    return _Done(
        watched=replace(watched, standing=standing, near=origin),
        memory=after,
        row=row if new else None,
    )


def _last_mark(position: Position, memory: MarkMemory) -> LastMark | None:
    if not memory.readings:
        return None
    newest = memory.readings[-1]
    return LastMark(at=newest.at, pnl_usd=newest.pnl_usd * position.contracts)


def _renewed(
    anchors: Mapping[ChainKey, ChainAnchor],
    chains: Mapping[ChainKey, OptionChain],
    wanted: set[ChainKey],
    time: TradingTime,
) -> dict[ChainKey, ChainAnchor]:
    """The newest usable smile of each series that is held; a chain is fitted once."""
    after = {key: anchor for key, anchor in anchors.items() if key in wanted}
    for key, chain in chains.items():
        if key not in after or after[key].asof < chain.asof:
            with suppress(MonitorError):  # its date lies outside the calendar
                fitted = fit_anchor(chain, time)
                if fitted is not None:
                    after[key] = fitted
    return after


def underlying_now(context: MarketContext) -> Underlying:
    """What of the context marks may believe."""
    quote = None if context.stale else context.quote
    why = next((p.why for p in context.problems if p.what == "price"), "")
    if quote is None and not why:
        why = "stale" if context.stale else "unknown"
    return Underlying(
        spot=quote.price if quote else None,
        spot_asof=quote.asof if quote else None,
        vols=_vols(context),
        why=why if quote is None else "",
    )


def _vols(context: MarketContext) -> IndexVols | None:
    levels = {level.symbol: level for level in context.vix_family}
    own, vix = context.vol_index, context.vix
    if own is None or own.value is None or own.stale or vix.value is None or vix.stale:
        return None

    def of(symbol: str) -> float:
        level = levels.get(symbol)
        usable = level is not None and level.value is not None and not level.stale
        return level.value / 100 if usable and level and level.value else math.nan

    return IndexVols(
        vix1d=of("VIX1D"), vix9d=of("VIX9D"), vix=vix.value / 100, vix3m=of("VIX3M"),
        own=own.value / 100,
    )  # fmt: skip
