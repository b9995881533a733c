"""How near a position is to trouble: distance to its short strikes, profit given back, expiry.

Distances are counted in *expected moves*: one standard deviation of the underlying from now to
expiration, so the same 50 points are far at noon of the last day and near three days before.
Steps: calm, watch, warning, critical, breached. A step is entered at its threshold and left only
a margin further away, so that a price on a threshold does not flap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime

from monitor.clock import NEW_YORK
from monitor.config import Ladder
from monitor.domain.alert_text import usd
from monitor.domain.exits import ExitState, PositionExits
from monitor.domain.instruments import Kind, underlying
from monitor.domain.positions import Position, Strikes
from monitor.domain.schedule import BEFORE_CLOSE, ExitSchedule
from monitor.domain.snapshot import LadderView, ShortStrikeView
from monitor.domain.vocabulary import LadderStep, Settlement

ORDER = (
    LadderStep.CALM, LadderStep.WATCH, LadderStep.WARNING, LadderStep.CRITICAL,
    LadderStep.BREACHED,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """What the ladder is judged from; None is unknown. `expected_move` in points."""

    spot: float | None
    expected_move: float | None
    put_delta: float | None = None
    call_delta: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one position stands on the ladder.

    `assignment`: 0 no risk, 1 an ETF or index near the money on its last day, 2 an ETF that must
    be closed now or may be assigned. `give_back_usd` is what was lost of the best P&L, when that
    is much of it; `best_usd` that best.
    """

    step: LadderStep
    put: ShortStrikeView | None
    call: ShortStrikeView | None
    assignment: int = 0
    expiry_note: str = ""
    best_usd: float | None = None
    give_back_usd: float | None = None
    gave_back_much: bool = False

    @property
    def view(self) -> LadderView:
        notes = [self.expiry_note] if self.expiry_note else []
        if self.gave_back_much and self.best_usd is not None and self.give_back_usd is not None:
            notes.append(
                f"{usd(self.give_back_usd)} of the best P&L {usd(self.best_usd)} is lost again"
            )
        return LadderView(
            step=self.step.value,
            put=self.put,
            call=self.call,
            give_back_usd=self.give_back_usd,
            notes=tuple(notes),
        )


def stand(
    position: Position,
    exits: PositionExits,
    near: Nearness,
    *,
    settings: Ladder,
    before: LadderStep | None,
    best_usd: float | None,
    now: datetime,
) -> Standing | None:
    """Where the position stands; None without strikes, and once it only settles.

    Args:
        before: Its step at the cycle before (None: unknown).
        best_usd: The best P&L ever marked of the contracts still open.
    """
    if position.strikes is None or exits.state is ExitState.SETTLE_ME:
        return None
    put = _short(position.strikes.short_put, 1, near, near.put_delta)
    call = _short(position.strikes.short_call, -1, near, near.call_delta)
    level, note = expiry_risk(position, exits.schedule, near.spot, settings=settings, now=now)
    back, much = give_back(position, best_usd, settings)
    return Standing(
        step=next_step(worst_distance(put, call), before=before, settings=settings),
        put=put,
        call=call,
        assignment=level,
        expiry_note=note,
        best_usd=best_usd,
        give_back_usd=back,
        gave_back_much=much,
    )


def worst_distance(put: ShortStrikeView | None, call: ShortStrikeView | None) -> float | None:
    """Expected moves to the nearer short strike; −inf once one is passed, None where unknown."""
    sides = [side for side in (put, call) if side is not None]
    if any(side.distance <= 0 for side in sides):
        return -math.inf
    moves = [side.distance_moves for side in sides if side.distance_moves is not None]
    return min(moves) if sides and len(moves) == len(sides) else None


def next_step(distance: float | None, *, before: LadderStep | None, settings: Ladder) -> LadderStep:
    """The step at this distance (expected moves), with the margin that leaving one takes."""
    if distance is None or math.isnan(distance):
        return LadderStep.UNKNOWN
    edges = (math.inf, settings.watch_moves, settings.warning_moves, settings.critical_moves, 0.0)
    reached = max(i for i, edge in enumerate(edges) if distance <= edge)
    held = ORDER.index(before) if before in ORDER else 0
    while held > reached and distance > edges[held] + settings.hysteresis_moves:
        held -= 1
    return ORDER[max(reached, held)]


def give_back(
    position: Position, best_usd: float | None, settings: Ladder
) -> tuple[float | None, bool]:
    """What was lost of the best P&L, and whether that is much. None while either is unknown."""
    if best_usd is None or position.mark is None:
        return None, False
    back = max(best_usd - position.mark.pnl_usd, 0.0)
    reached = best_usd >= settings.give_back_from_pct * position.credit_usd / 100
    return back, reached and back >= settings.give_back_pct * best_usd / 100


def near_short_strike(strikes: Strikes, spot: float, *, near_pct: float) -> bool:
    """Whether a short strike is in the money, or within `near_pct` % of the price of being so."""
    reach = near_pct / 100 * spot
    put, call = strikes.short_put, strikes.short_call
    return (put is not None and spot <= put + reach) or (call is not None and spot >= call - reach)


def expiry_risk(
    position: Position,
    schedule: ExitSchedule,
    spot: float | None,
    *,
    settings: Ladder,
    now: datetime,
) -> tuple[int, str]:
    """Risk of the last trading day: how grave (0 for the page only, 1, 2), and one sentence.

    An ETF's short strike in or near the money is to be closed 15 minutes before the close, as
    the backtest does: shares may be assigned. An index settles in cash; an AM series on prices of
    the next morning. Dividends are not looked at.
    """
    ends = schedule.last_trade_close
    if position.strikes is None or _day(now) != _day(ends):
        return 0, ""
    due = now >= ends - BEFORE_CLOSE
    # an unknown price is no all-clear once it must be decided; before that it is a data problem
    near = (
        due
        if spot is None
        else near_short_strike(position.strikes, spot, near_pct=settings.near_strike_pct)
    )
    if position.settlement is Settlement.AM:
        what = f"last trading ends today, it settles on the opening prices of {position.expiration}"
        return int(near), f"settlement risk: {what}; the night decides"
    if not near:
        return 0, ""
    where = f"{position.ticker} is unknown"
    if spot is not None:
        reach = f"within {settings.near_strike_pct:g} % of"
        where = f"{position.ticker} {spot:,.2f} is beyond, or {reach}, a short strike"
    if underlying(position.ticker).kind is Kind.INDEX:
        return 0, f"settlement risk today: {where}; it settles in cash on the close"
    what = "close it now" if due else "close it 15 minutes before the close"
    return (2 if due else 1), f"assignment risk today: {where}; {what}: shares may be assigned"


def _day(instant: datetime) -> date:
    return instant.astimezone(NEW_YORK).date()


def _short(
    strike: float | None, side: int, near: Nearness, delta: float | None
) -> ShortStrikeView | None:
    """One short strike: `side` 1 lies below the price (put), −1 above it (call)."""
    if strike is None or near.spot is None:
        return None
    distance = side * (near.spot - strike)
    return ShortStrikeView(
        strike=strike,
        distance=distance,
        distance_pct=100 * distance / near.spot,
        distance_moves=distance / near.expected_move if near.expected_move else None,
        delta=delta,
    )
