"""The demo's positions: what is opened, marked and closed at which simulated minute.

Each session plays the same six roles, and the roles' strikes are chosen with the simulated
session already known, so that each ends as it should (`roles.py`):

- "time": a condor of four sessions ago that expires tomorrow: heads-up at the open, time exit.
- "stop": a put spread sold before the fall, expiring today: its loss reaches two credits.
- "target": a condor sold after the fall, expiring today: it decays past half its credit.
- "limit": one condor too many: total risk exceeds the limit until it is closed.
- "kept": a call spread with five sessions left, there to be looked at.
- "held": a put spread that expires today and whose P&L nobody logs: heads-up an hour before the
  close, "settle me" after it, closed at what it settled for.

All of it is simulated: positions carry `simulated=True`, marks the source "simulated".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from monitor.demo.clock import LEAD
from monitor.demo.market import DemoMarket
from monitor.demo.roles import (
    LIMIT_CLOSED,
    MARK_EVERY,
    STOP,
    TARGET,
    Role,
    Stage,
    held_role,
    kept_role,
    limit_role,
    stop_role,
    target_role,
    time_role,
)
from monitor.domain.instruments import underlying
from monitor.domain.positions import PnlMark, Position
from monitor.domain.spreads import max_loss_usd
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType

MARK_SOURCE = "simulated"
NOTE = "SIMULATED: a position of the demo"

ANSWERED_AFTER = 25  # how long "the person" takes to close what an exit alert asks for
SETTLED_AFTER = 25  # minutes after the close


class Kind(StrEnum):
    ADD = "add"
    MARK = "mark"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAction:
    """One change of the simulated book at a simulated instant.

    `position` is set for ADD, `pnl_usd` (dollars, whole position) for MARK and CLOSE.
    """

    at: datetime
    kind: Kind
    position_id: str
    position: Position | None = None
    pnl_usd: float | None = None
    note: str | None = None


def demo_script(market: DemoMarket, *, ticker: str, index: int) -> tuple[DemoAction, ...]:
    """All changes of one simulated session, in order of time.

    Args:
        index: The session's number in the market (`market.index(date)`).
    """
    stage = Stage(market, ticker, index)
    roles = (
        (time_role(stage), None),
        (stop_role(stage), _answers(stage, lambda pnl, credit: pnl <= -STOP * credit)),
        (kept_role(stage), None),
        (target_role(stage), _answers(stage, lambda pnl, credit: pnl >= TARGET * credit)),
        (limit_role(stage), lambda _pnls, _credit: stage.scaled(LIMIT_CLOSED)),
        (held_role(stage), None),
    )
    actions = [a for role, closing in roles for a in _acted(stage, role, closing)]
    return tuple(sorted(actions, key=lambda a: a.at))


Closing = Callable[[dict[int, float], float], int | None]


def _answers(stage: Stage, due: Callable[[float, float], bool]) -> Closing:
    """Close some minutes after the exit became due."""

    def closing(pnls: dict[int, float], credit: float) -> int | None:
        first = next((m for m, pnl in pnls.items() if due(pnl, credit)), None)
        return None if first is None else first + stage.scaled(ANSWERED_AFTER)

    return closing


def _acted(stage: Stage, role: Role, closing: Closing | None) -> Iterator[DemoAction]:
    position = _position(stage, role)
    opened = max(role.opened, 0)
    scale = role.contracts * position.multiplier
    pnls = {
        m: round((role.credit - stage.value(role.strikes, m, dte=role.dte)) * scale, 2)
        for m in range(opened + MARK_EVERY, stage.minutes + 1, MARK_EVERY)
    }
    end = closing(pnls, position.credit_usd) if closing else None
    if not role.marked:
        yield from _left_to_settle(stage, role, position)
        return
    added = stage.at(role.opened) if role.opened >= 0 else stage.at(0) - LEAD
    yield DemoAction(at=added, kind=Kind.ADD, position_id=position.id, position=position)
    for minute, pnl in pnls.items():
        if end is not None and minute >= end:
            yield DemoAction(
                at=stage.at(minute), kind=Kind.CLOSE, position_id=position.id, pnl_usd=pnl,
                note="SIMULATED: closed after the alert",
            )  # fmt: skip
            return
        yield DemoAction(at=stage.at(minute), kind=Kind.MARK, position_id=position.id, pnl_usd=pnl)


def _left_to_settle(stage: Stage, role: Role, position: Position) -> Iterator[DemoAction]:
    worth = stage.value(role.strikes, stage.minutes, dte=0)
    pnl_usd = round((role.credit - worth) * role.contracts * position.multiplier, 2)
    yield DemoAction(
        at=stage.at(role.opened), kind=Kind.ADD, position_id=position.id, position=position
    )
    yield DemoAction(
        at=stage.at(stage.minutes + SETTLED_AFTER), kind=Kind.CLOSE, position_id=position.id,
        pnl_usd=pnl_usd, note="SIMULATED: settled on the closing prices",
    )  # fmt: skip


def _position(stage: Stage, role: Role) -> Position:
    today = stage.market.session(stage.index)
    sessions_ago = -role.opened if role.opened < 0 else 0
    day = stage.calendar.shift(today.date, -sessions_ago)
    opened_at = day.open + (stage.at(max(role.opened, 60)) - today.open)
    if not sessions_ago:
        opened_at = stage.at(role.opened)
    multiplier = underlying(stage.ticker).multiplier
    credit_usd = round(role.credit * multiplier * role.contracts, 2)
    return Position(
        id=_position_id(stage, role.name),
        ticker=stage.ticker,
        spread_type=role.spread_type,
        flow_mode=(
            FlowMode.NEUTRAL if role.spread_type is SpreadType.IRON_CONDOR else FlowMode.WITH_FLOW
        ),
        band=role.band,
        expiration=stage.calendar.shift(today.date, role.dte).date,
        settlement=Settlement.PM,
        entry_dte=role.dte + sessions_ago,
        contracts=role.contracts,
        multiplier=multiplier,
        credit_usd=credit_usd,
        strikes=role.strikes,
        risk_usd=None,
        max_loss_usd=max_loss_usd(
            role.strikes, credit_usd=credit_usd, contracts=role.contracts, multiplier=multiplier
        ),
        opened_at=opened_at,
        status=PositionStatus.OPEN,
        mark=_first_mark(stage, role, multiplier) if sessions_ago else None,
        notes=(NOTE,),
        simulated=True,
    )


def _first_mark(stage: Stage, role: Role, multiplier: int) -> PnlMark:
    """What a position that is days old is worth when the session begins."""
    pnl = (role.credit - stage.value(role.strikes, 0, dte=role.dte)) * multiplier * role.contracts
    return PnlMark(pnl_usd=round(pnl, 2), asof=stage.at(0) - LEAD, source=MARK_SOURCE)


def _position_id(stage: Stage, name: str) -> str:
    day = stage.market.session(stage.index).date
    return blake2b(f"{stage.market.seed} {day} {name}".encode(), digest_size=4).hexdigest()
