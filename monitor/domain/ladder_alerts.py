"""The ladder as alerts: one alert a position that gets worse, and two of their own."""

from __future__ import annotations

from monitor.config import Ladder
from monitor.domain.alert_text import signed_pct, usd
from monitor.domain.alerts import Condition
from monitor.domain.exit_alerts import position_prefix, what_text
from monitor.domain.ladder import ORDER, Standing
from monitor.domain.positions import Position
from monitor.domain.snapshot import ShortStrikeView
from monitor.domain.vocabulary import AlertFrom, LadderStep, Level

_MUST_CLOSE = 2


def ladder_conditions(
    position: Position, standing: Standing, *, short_id: str, settings: Ladder, origin: str
) -> tuple[Condition, ...]:
    """What the ladder says of one position, by the person's settings.

    Args:
        origin: Where price and expected move come from, one phrase.
    """
    found = (
        _step(position, standing, short_id, settings, origin),
        _expiry(position, standing, short_id, settings),
        _given_back(position, standing, short_id, settings),
    )
    return tuple(one for one in found if one is not None)


def undecided_ladder_keys(position: Position, standing: Standing) -> tuple[str, ...]:
    """Ladder alerts nothing can be said about: the distance is unknown."""
    return (ladder_key(position.id),) if standing.step is LadderStep.UNKNOWN else ()


def ladder_key(position_id: str) -> str:
    return f"{position_prefix(position_id)}ladder"


def _step(
    position: Position, standing: Standing, short_id: str, settings: Ladder, origin: str
) -> Condition | None:
    step = standing.step
    if settings.alert_from is AlertFrom.NEVER or step is LadderStep.UNKNOWN:
        return None
    rank = ORDER.index(step)
    if rank < ORDER.index(LadderStep(settings.alert_from.value)):
        return None
    near = _nearer(standing)
    if near is None:
        return None
    side = "put" if near is standing.put else "call"
    return Condition(
        key=ladder_key(position.id),
        level=Level.EXIT if step is LadderStep.BREACHED else Level.WARNING,
        title=f"Short strike {step.value} - Position {short_id} | short {side} {near.strike:g}, "
        f"{_distance(near, step)} | P&L: {_pnl(position)}",
        details=(what_text(position), origin),
        severity=rank,
        ticker=position.ticker,
        position_id=position.id,
        resolved_title=f"Short strike no longer near - Position {short_id}",
        data=(
            ("kind", "ladder"),
            ("step", step.value),
            ("strike", near.strike),
            ("distance", near.distance),
            ("distance_moves", near.distance_moves),
            ("delta", near.delta),
        ),
    )


def _expiry(
    position: Position, standing: Standing, short_id: str, settings: Ladder
) -> Condition | None:
    if not standing.assignment or not settings.settlement_alert:
        return None
    must = standing.assignment >= _MUST_CLOSE
    return Condition(
        key=f"{position_prefix(position.id)}expiry_risk",
        level=Level.EXIT if must else Level.WARNING,
        title=f"Expiry risk - Position {short_id} | {standing.expiry_note}",
        details=(what_text(position),),
        severity=standing.assignment,
        ticker=position.ticker,
        position_id=position.id,
        resolved_title=f"Expiry risk over - Position {short_id}",
        data=(("kind", "expiry_risk"),),
    )


def _given_back(
    position: Position, standing: Standing, short_id: str, settings: Ladder
) -> Condition | None:
    best, back = standing.best_usd, standing.give_back_usd
    if not (settings.give_back_alert and standing.gave_back_much) or best is None or back is None:
        return None
    return Condition(
        key=f"{position_prefix(position.id)}give_back",
        level=Level.WARNING,
        title=f"Profit given back - Position {short_id} | {usd(back)} of the best {usd(best)} | "
        f"P&L: {_pnl(position)}",
        details=(what_text(position),),
        ticker=position.ticker,
        position_id=position.id,
        data=(("kind", "give_back"), ("best_usd", best), ("give_back_usd", back)),
    )


def _nearer(standing: Standing) -> ShortStrikeView | None:
    sides = [side for side in (standing.put, standing.call) if side is not None]
    return min(sides, key=lambda side: side.distance, default=None)


def _distance(near: ShortStrikeView, step: LadderStep) -> str:
    if near.distance <= 0:
        return f"{-near.distance:,.2f} points in the money"
    if step is LadderStep.BREACHED:  # within the margin that leaving the step takes
        return f"{near.distance:,.2f} points out of the money again"
    moves = "" if near.distance_moves is None else f" = {near.distance_moves:.2f} expected moves"
    return f"{near.distance:,.2f} points{moves} away"


def _pnl(position: Position) -> str:
    percent = position.pnl_pct_of_credit
    if position.mark is None or percent is None:
        return "unknown"
    return f"{usd(position.mark.pnl_usd)} ({signed_pct(percent)})"
