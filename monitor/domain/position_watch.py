"""Every open position at one instant: its exits, its alerts, and how the page shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.clock import NEW_YORK
from monitor.config import Ladder, Limits
from monitor.domain.alerts import AlertRecord, Condition
from monitor.domain.exit_alerts import exit_conditions, position_prefix, undecided_keys
from monitor.domain.exits import ExitRules, ExitState, PositionExits, evaluate_position
from monitor.domain.ladder_alerts import ladder_conditions, undecided_ladder_keys
from monitor.domain.limits import at_risk, check_limits
from monitor.domain.position_warnings import position_warnings
from monitor.domain.positions import Position
from monitor.domain.schedule import exit_schedule
from monitor.domain.snapshot import LimitView, MarkView, PositionView, Problem, SettlementView
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import MonitorError

if TYPE_CHECKING:  # the `positions` command judges without prices, and starts without numpy
    from monitor.domain.ladder import Standing
    from monitor.domain.mark_memory import Marked
    from monitor.domain.settlement import SettlementValue

SHORTEST_ID = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPosition:
    """One open position; `exits` is None when its dates cannot be placed in the calendar.

    `position` carries the P&L that counts now, logged or marked. `marked`, `standing` on the
    ladder and `settled` are None where nobody priced it. `near` says where price and expected
    move come from.
    """

    position: Position
    exits: PositionExits | None
    short_id: str
    problem: str = ""
    marked: Marked | None = None
    standing: Standing | None = None
    near: str = ""
    settled: SettlementValue | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionWatch:
    """All open positions and the limits over those that can still lose money."""

    watched: tuple[WatchedPosition, ...]
    limits: tuple[LimitView, ...]
    problems: tuple[Problem, ...]


def watch_positions(
    positions: Sequence[Position],
    *,
    rules: ExitRules,
    limits: Limits,
    calendar: TradingCalendar,
    now: datetime,
    marked: Mapping[str, Marked] | None = None,
) -> PositionWatch:
    """Judge every exit and limit. One position that cannot be judged does not stop the others.

    Args:
        marked: What each is worth by id; without it the logged P&L counts.
    """
    ids, prices = short_ids([p.id for p in positions]), marked or {}
    watched = tuple(_watch(p, prices.get(p.id), ids[p.id], rules, calendar, now) for p in positions)
    return PositionWatch(
        watched=watched,
        limits=check_limits(still_at_risk(watched, now), limits),
        problems=tuple(
            Problem(what=f"position {w.short_id}", why=w.problem) for w in watched if w.problem
        ),
    )


def still_at_risk(watched: Iterable[WatchedPosition], now: datetime) -> tuple[Position, ...]:
    """Those that can still lose money; one whose dates we cannot place counts, unknown is not
    harmless."""
    return tuple(w.position for w in watched if w.exits is None or at_risk(w.exits.schedule, now))


def _watch(
    logged: Position,
    marked: Marked | None,
    short_id: str,
    rules: ExitRules,
    calendar: TradingCalendar,
    now: datetime,
) -> WatchedPosition:
    position = marked.position if marked else logged
    try:
        schedule = exit_schedule(
            opened=position.opened_at.astimezone(NEW_YORK).date(),
            expiration=position.expiration,
            settlement=position.settlement,
            time_exit_dte=rules.time_exit_dte,
            calendar=calendar,
        )
        evidence = marked.evidence if marked else None
        exits = evaluate_position(position, schedule, rules, now, evidence=evidence)
    except MonitorError as error:
        return WatchedPosition(
            position=logged, exits=None, short_id=short_id, problem=error.message
        )
    if exits.state is ExitState.SETTLE_ME:  # nothing trades any more: no mark means anything
        return WatchedPosition(position=logged, exits=exits, short_id=short_id)
    return WatchedPosition(position=position, exits=exits, short_id=short_id, marked=marked)


def conditions_of(
    watch: PositionWatch, *, now: datetime, zone: ZoneInfo, ladder: Ladder | None = None
) -> list[Condition]:
    """What must be told of the positions now; the ladder's part where its settings are given."""
    found: list[Condition] = []
    for w in watch.watched:
        if w.exits is None:
            continue
        found += exit_conditions(
            w.position,
            w.exits,
            now=now,
            short_id=w.short_id,
            zone=zone,
            marked=w.marked,
            settled=w.settled,
        )
        if ladder is not None and w.standing is not None:
            found += ladder_conditions(
                w.position, w.standing, short_id=w.short_id, settings=ladder, origin=w.near
            )
    return found


def undecided(watch: PositionWatch) -> list[str]:
    """Key prefixes of alerts that nothing can be said about at this cycle."""
    keys: list[str] = []
    for w in watch.watched:
        if w.exits is None:
            keys.append(position_prefix(w.position.id))
            continue
        keys += undecided_keys(w.position, w.exits)
        if w.standing is not None:
            keys += undecided_ladder_keys(w.position, w.standing)
    return keys


def gone(watch: PositionWatch, living: Mapping[str, AlertRecord]) -> list[str]:
    """Key prefixes whose position was closed, or only settles now."""
    settling = {
        w.position.id
        for w in watch.watched
        if w.exits is not None and w.exits.state is ExitState.SETTLE_ME
    }
    here = {w.position.id for w in watch.watched}
    told = {r.condition.position_id for r in living.values() if r.condition.position_id}
    prefixes = [position_prefix(i) for i in sorted(told & settling)]
    for missing in sorted(told - here):
        prefixes += [position_prefix(missing), f"settle:{missing}"]
    return prefixes


def position_view(
    watched: WatchedPosition, *, rules: ExitRules, calendar: TradingCalendar, now: datetime
) -> PositionView:
    """One row of the page's table. `dte` is None when the calendar does not reach that far."""
    from monitor.domain.exit_views import exit_views  # `positions list` needs no page

    p, exits = watched.position, watched.exits
    strikes, mark = p.strikes, p.mark
    warnings = position_warnings(p, stop_multiple=rules.stop_loss_credit_multiple)
    return PositionView(
        id=p.id,
        ticker=p.ticker,
        spread_type=p.spread_type.value,
        flow_mode=p.flow_mode.value,
        band=p.band,
        dte=_dte(p, calendar, now),
        entry_dte=p.entry_dte,
        expiration=p.expiration,
        settlement=p.settlement.value,
        contracts=p.contracts,
        short_put=strikes.short_put if strikes else None,
        long_put=strikes.long_put if strikes else None,
        short_call=strikes.short_call if strikes else None,
        long_call=strikes.long_call if strikes else None,
        credit_usd=p.credit_usd,
        credit=p.credit_usd / (p.multiplier * p.contracts),
        max_loss_usd=p.max_loss_usd,
        stated_risk_usd=p.risk_usd,
        pnl_usd=mark.pnl_usd if mark else None,
        pnl_pct=p.pnl_pct_of_credit,
        pnl_asof=mark.asof if mark else None,
        pnl_age_s=(now - mark.asof).total_seconds() if mark else None,
        pnl_source=mark.source if mark else None,
        exits=exit_views(p, exits, now) if exits else (),
        state=exits.state.value if exits else "unknown",
        opened_at=p.opened_at,
        notes=p.notes,
        warnings=(*warnings, watched.problem) if watched.problem else tuple(warnings),
        simulated=p.simulated,
        mark=_mark_view(watched, now),
        ladder=watched.standing.view if watched.standing else None,
        settled=_settlement_view(watched),
    )


def _mark_view(watched: WatchedPosition, now: datetime) -> MarkView | None:
    if watched.marked is None:
        return None
    from monitor.domain.mark_views import mark_view

    return mark_view(watched.position, watched.marked.mark, watched.marked.why, now)


def _settlement_view(watched: WatchedPosition) -> SettlementView | None:
    if watched.settled is None:
        return None
    from monitor.domain.settlement import settlement_view

    return settlement_view(watched.position, watched.settled, short_id=watched.short_id)


def _dte(position: Position, calendar: TradingCalendar, now: datetime) -> int | None:
    try:
        return calendar.dte(now.astimezone(NEW_YORK).date(), position.expiration)
    except MonitorError:
        return None


def short_ids(ids: Iterable[str]) -> dict[str, str]:
    """Each id cut to the shortest prefix, four characters at least, that names it alone."""
    every = sorted(ids)
    short = {}
    for i, full in enumerate(every):
        length = SHORTEST_ID
        for neighbor in every[max(0, i - 1) : i] + every[i + 1 : i + 2]:
            while neighbor[:length] == full[:length] and length < len(full):
                length += 1
        short[full] = full[:length]
    return short
