"""When a position must be closed: the one rules module of live, replay, backtest and ledger.

Price rules compare plain numbers, so a backtest may call them per bar; time rules compare
instants that `schedule.exit_schedule` computes. Order: stop, target, time, expiry.

"Stop 2 × credit" means the *loss* reaches twice the credit, not that the price doubles.

A P&L that the person logged decides at once. A mark needs two readings in a row, or one natural
price on tight quotes: one bad quote must not close a trade.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.config import Exits
from monitor.domain.positions import Position
from monitor.domain.schedule import LAST_DAY_HEADS_UP, ExitSchedule
from monitor.errors import DomainError

# A level is reached to the cent even where its product is not exact in binary (1.1 × 3).
_ROUNDING = 1e-9
CONSECUTIVE = timedelta(minutes=15)  # two readings further apart do not confirm each other


class ExitReason(StrEnum):
    STOP_LOSS = "stop_loss"
    PROFIT_TARGET = "profit_target"
    TIME_EXIT = "time_exit"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    ExitReason.STOP_LOSS: "Stop loss hit",
    ExitReason.PROFIT_TARGET: "Profit target hit",
    ExitReason.TIME_EXIT: "Time exit",
}


class ExitState(StrEnum):
    """The position's state as the page shows it."""

    OPEN = "open"
    EXIT_DUE = "exit due"
    SETTLE_ME = "settle me"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRules:
    """The person's exits: target in percent of the credit, stop in credits lost, sessions."""

    profit_target_pct: float = 50.0
    stop_loss_credit_multiple: float = 2.0
    time_exit_dte: int = 1

    @classmethod
    def from_settings(cls, settings: Exits) -> ExitRules:
        return cls(
            profit_target_pct=settings.profit_target_pct,
            stop_loss_credit_multiple=settings.stop_loss_credit_multiple,
            time_exit_dte=settings.time_exit_dte,
        )


def target_level(credit: float, rules: ExitRules) -> float:
    """P&L at which the profit target fires, in the unit of `credit`."""
    return rules.profit_target_pct * credit / 100


def stop_level(credit: float, rules: ExitRules) -> float:
    """P&L (negative) at which the stop fires, in the unit of `credit`."""
    return -rules.stop_loss_credit_multiple * credit


def price_exit(*, credit: float, pnl: float, rules: ExitRules) -> ExitReason | None:
    """The exit that this P&L calls for, stop first; None while it calls for none.

    Args:
        credit, pnl: In one unit, whichever: dollars of the position or points per share.

    Raises:
        DomainError: `credit` is not positive or a number is not finite: an unknown P&L is no
            P&L, so do not ask.

    >>> price_exit(credit=285, pnl=142.50, rules=ExitRules())
    <ExitReason.PROFIT_TARGET: 'profit_target'>
    """
    if not (math.isfinite(credit) and math.isfinite(pnl) and credit > 0):
        raise DomainError(f"no exit can be judged from credit {credit} and P&L {pnl}")
    slack = _ROUNDING * credit
    if pnl <= stop_level(credit, rules) + slack:
        return ExitReason.STOP_LOSS
    if pnl >= target_level(credit, rules) - slack:
        return ExitReason.PROFIT_TARGET
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceReading:
    """What one mark says, dollars of the position.

    `basis` names the data it was made of: the same data judged again is the same reading.
    `quotes` names the quotes in it ("": none) and `quoted_usd` is P&L as they stand, not moved to
    the price of the underlying now. `natural_usd` is P&L at the natural price where that alone may
    decide, else None. `low_usd` is set where the price is an estimate: a target must hold at that
    worse end too, while a stop goes by the estimate itself. `confirmed` is the exit that was called
    by it: the same quotes, moved once more, need not be confirmed again.
    """

    at: datetime
    basis: str
    pnl_usd: float
    quotes: str = ""
    quoted_usd: float | None = None
    natural_usd: float | None = None
    low_usd: float | None = None
    confirmed: ExitReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkEvidence:
    """What price exits are judged by when the P&L is a mark.

    `reading` is None where the mark must not decide, and `note` says why. `before` is the newest
    earlier reading of other data, also from before a restart.
    """

    reading: PriceReading | None
    before: PriceReading | None = None
    note: str = ""


def confirmed_exit(
    *, credit: float, reading: PriceReading, before: PriceReading | None, rules: ExitRules
) -> ExitReason | None:
    """The exit that marks call for: one natural price past its level, or two readings in a row.

    What stands in the quotes themselves is confirmed by other quotes; what came with the move of
    the underlying since, by its next price.
    """
    if reading.natural_usd is not None:
        alone = price_exit(credit=credit, pnl=reading.natural_usd, rules=rules)
        if alone is not None:
            return alone
    reason = reading_exit(credit=credit, reading=reading, rules=rules)
    if reason is None or before is None or before.basis == reading.basis:
        return None
    if not timedelta(0) <= reading.at - before.at <= CONSECUTIVE:
        return None
    if reading.quoted_usd is not None and reading.quotes == before.quotes:
        if price_exit(credit=credit, pnl=reading.quoted_usd, rules=rules) is reason:
            return reason if before.confirmed is reason else None
    same = reading_exit(credit=credit, reading=before, rules=rules) is reason
    return reason if same else None


def reading_exit(*, credit: float, reading: PriceReading, rules: ExitRules) -> ExitReason | None:
    """The exit that one reading points to; alone it is not enough."""
    reason = price_exit(credit=credit, pnl=reading.pnl_usd, rules=rules)
    if reason is ExitReason.PROFIT_TARGET and reading.low_usd is not None:
        return price_exit(credit=credit, pnl=reading.low_usd, rules=rules)
    return reason


def time_exit_due(schedule: ExitSchedule, now: datetime) -> bool:
    """Whether the time exit's instant has come; never where the position has none."""
    return schedule.time_exit_at is not None and now >= schedule.time_exit_at


def expired(schedule: ExitSchedule, now: datetime) -> bool:
    """Whether the position can no longer be traded: it settles, and no exit applies."""
    return now >= schedule.last_trade_close


def stop_can_fire(credit_usd: float, max_loss_usd: float, multiple: float) -> bool:
    """Whether the loss can reach `multiple` credits at all.

    With the usual 2 it cannot once the credit is above a third of the width.
    """
    return max_loss_usd >= multiple * credit_usd - _ROUNDING * credit_usd


def state_of(
    position: Position, schedule: ExitSchedule, rules: ExitRules, now: datetime
) -> ExitState:
    """The open position's state by the P&L it carries; an unknown one calls for no price exit."""
    pnl = known_pnl(position)
    reason = None if pnl is None else price_exit(credit=position.credit_usd, pnl=pnl, rules=rules)
    return _state(reason, schedule, now)


def _state(reason: ExitReason | None, schedule: ExitSchedule, now: datetime) -> ExitState:
    if expired(schedule, now):
        return ExitState.SETTLE_ME
    due = reason is not None or time_exit_due(schedule, now)
    return ExitState.EXIT_DUE if due else ExitState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionExits:
    """Every exit of one position at one instant; P&L levels in dollars of the position.

    `price_reason` is None while no price exit is due *and* while that cannot be said;
    `undecided` tells which: the P&L is unknown, its mark too poor to decide, or a first reading
    waits for a second. `price_note` says so in words. `last_call`: the last hour in which it can
    be traded at all.
    """

    position_id: str
    state: ExitState
    pnl_known: bool
    undecided: bool
    price_note: str
    price_reason: ExitReason | None
    time_exit_due: bool
    heads_up_due: bool
    last_call: bool
    schedule: ExitSchedule
    target_usd: float
    stop_usd: float
    stop_note: str

    @property
    def due(self) -> tuple[ExitReason, ...]:
        """Exits that are due now, most urgent first."""
        price = () if self.price_reason is None else (self.price_reason,)
        return (*price, ExitReason.TIME_EXIT) if self.time_exit_due else price


def evaluate_position(
    position: Position,
    schedule: ExitSchedule,
    rules: ExitRules,
    now: datetime,
    *,
    evidence: MarkEvidence | None = None,
) -> PositionExits:
    """Judge every exit of an open position.

    Without a P&L the price exits are unknown (distance None), the time exit still fires.
    After the last trading close only settling is left.

    Args:
        evidence: Where the P&L of `position` is a mark: what may be decided by it. None: the
            person logged it.
    """
    over = expired(schedule, now)
    pnl = known_pnl(position)
    judged = _Judged() if over else _judge(position.credit_usd, pnl, rules, evidence)
    timed = time_exit_due(schedule, now) and not over
    note = stop_note(position.credit_usd, position.max_loss_usd, rules)
    return PositionExits(
        position_id=position.id,
        state=_state(judged.reason, schedule, now),
        pnl_known=pnl is not None,
        undecided=judged.undecided and not over,
        price_note=judged.note,
        price_reason=judged.reason,
        time_exit_due=timed,
        heads_up_due=now >= schedule.heads_up_at and not timed and not over,
        last_call=now >= schedule.last_trade_close - LAST_DAY_HEADS_UP and not over,
        schedule=schedule,
        target_usd=target_level(position.credit_usd, rules),
        stop_usd=stop_level(position.credit_usd, rules),
        stop_note=note,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """Target and stop: what is due, or why nothing can be said."""

    reason: ExitReason | None = None
    undecided: bool = False
    note: str = ""


def _judge(
    credit_usd: float, pnl: float | None, rules: ExitRules, evidence: MarkEvidence | None
) -> _Judged:
    if pnl is None:
        return _Judged(undecided=True)
    if evidence is None:
        return _Judged(reason=price_exit(credit=credit_usd, pnl=pnl, rules=rules))
    if evidence.reading is None:
        return _Judged(undecided=True, note=evidence.note)
    reading = evidence.reading
    reason = confirmed_exit(credit=credit_usd, reading=reading, before=evidence.before, rules=rules)
    seen = reading_exit(credit=credit_usd, reading=reading, rules=rules)
    if reason is None and seen is not None:
        return _Judged(undecided=True, note=f"{seen.label.lower()} once: waits for a 2nd reading")
    return _Judged(reason=reason, note=evidence.note)


def stop_note(credit_usd: float, max_loss_usd: float, rules: ExitRules) -> str:
    """Why the stop can never fire, or "": said when a position is logged and beside its stop."""
    multiple = rules.stop_loss_credit_multiple
    if stop_can_fire(credit_usd, max_loss_usd, multiple):
        return ""
    from monitor.domain.alert_text import usd

    return (
        f"can never fire: the maximum loss {usd(max_loss_usd)} is below "
        f"{multiple:g} × credit = {usd(multiple * credit_usd)}"
    )


def known_pnl(position: Position) -> float | None:
    """Dollars of the whole position; None while it is unknown."""
    mark = position.mark
    return mark.pnl_usd if mark is not None and math.isfinite(mark.pnl_usd) else None
