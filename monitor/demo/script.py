"""The demo's positions: what is opened, marked and closed at which simulated minute.

Each session plays the same five roles, and the roles' strikes are chosen with the simulated
session already known, so that each role ends as it should whatever the seed:

- "time": a condor of four sessions ago that expires tomorrow: heads-up at the open, time exit.
- "stop": a put spread sold before the fall, expiring today: its loss reaches two credits.
- "target": a condor sold after the fall, expiring today: it decays past half its credit.
- "limit": one condor too many: total risk exceeds the limit until it is closed.
- "kept": a call spread with five sessions left, there to be looked at.

All of it is simulated: positions carry `simulated=True`, marks the source "simulated".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from monitor.demo.clock import LEAD
from monitor.demo.market import DemoMarket
from monitor.demo.marks import MINUTES_PER_SESSION, deviation, spread_value
from monitor.domain.instruments import underlying
from monitor.domain.positions import Position, Strikes
from monitor.domain.spreads import max_loss_usd, widest_wing
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType

MARK_EVERY = 5  # simulated minutes
NOTE = "SIMULATED: a position of the demo"
TARGET, STOP = 0.5, 2.0  # the default exits: parts of the credit
FAIR_CREDIT = 0.3  # of the width; above a third the stop could never fire

# Minutes of a whole session; scaled on an early close.
STOP_OPENED, KEPT_OPENED, TARGET_OPENED, LIMIT_OPENED, LIMIT_CLOSED = 12, 40, 125, 150, 190
ANSWERED_AFTER = 25  # how long "the person" takes to close what an exit alert asks for


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


@dataclass(frozen=True, slots=True)
class Stage:
    """One session of one underlying, seen from its end; minutes count from the open."""

    market: DemoMarket
    ticker: str
    index: int

    @property
    def calendar(self) -> TradingCalendar:
        return self.market.calendar

    @property
    def minutes(self) -> int:
        return len(self.market.path(self.ticker, self.index)) - 1

    def scaled(self, minute: int) -> int:
        return minute * self.minutes // MINUTES_PER_SESSION

    def at(self, minute: int) -> datetime:
        return self.market.session(self.index).open + timedelta(minutes=minute)

    def price(self, minute: int) -> float:
        return float(self.market.path(self.ticker, self.index)[minute])

    def value(self, strikes: Strikes, minute: int, *, dte: int) -> float:
        """Simulated cost of closing, points per share, never under a cent."""
        vol_index = underlying(self.ticker).vol_index or "VIX"
        vol = float(self.market.path(vol_index, self.index)[minute]) / 100
        left = self.minutes - minute + dte * MINUTES_PER_SESSION
        price = self.price(minute)
        sd = deviation(price=price, vol=vol, minutes_left=left)
        return max(spread_value(strikes, price=price, sd=sd), 0.01)

    def step(self) -> float:
        """Distance of strikes: about 0.02 % of the price, a round number."""
        return 5.0 if self.price(0) > 5_000 else 1.0

    def strike(self, level: float) -> float:
        return round(level / self.step()) * self.step()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One position of the script before it is turned into actions."""

    name: str
    spread_type: SpreadType
    band: str
    strikes: Strikes
    credit: float  # points per share
    dte: int
    opened: int  # minute; negative: sessions ago
    contracts: int


def demo_script(market: DemoMarket, *, ticker: str, index: int) -> tuple[DemoAction, ...]:
    """All changes of one simulated session, in order of time.

    Args:
        index: The session's number in the market (`market.index(date)`).
    """
    stage = Stage(market, ticker, index)
    roles = (
        (_time_role(stage), None),
        (_stop_role(stage), _answers(stage, lambda pnl, credit: pnl <= -STOP * credit)),
        (_kept_role(stage), None),
        (_target_role(stage), _answers(stage, lambda pnl, credit: pnl >= TARGET * credit)),
        (_limit_role(stage), lambda _pnls, _credit: stage.scaled(LIMIT_CLOSED)),
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
        notes=(NOTE,),
        simulated=True,
    )


def _position_id(stage: Stage, name: str) -> str:
    day = stage.market.session(stage.index).date
    return blake2b(f"{stage.market.seed} {day} {name}".encode(), digest_size=4).hexdigest()


def _time_role(stage: Stage) -> Role:
    """A condor whose P&L stays between stop and target all day, so that only time ends it.

    It was sold four sessions ago, so strikes and credit are free to be what that takes: the
    strikes around the middle of the day's range, as near as the credit allows.
    """
    minutes = range(0, stage.minutes + 1, MARK_EVERY)
    prices = [stage.price(m) for m in minutes]
    center = (min(prices) + max(prices)) / 2
    for distance in _distances(0.5, 3.0):
        strikes = _condor(stage, 0, distance=distance, dte=1, center=center)
        values = [stage.value(strikes, m, dte=1) for m in minutes]
        credit = _cents(max(values) / (1 + 0.9 * STOP))
        if credit <= FAIR_CREDIT * widest_wing(strikes):
            break
    return Role(
        name="time", spread_type=SpreadType.IRON_CONDOR, band="P98", strikes=strikes,
        credit=credit, dte=1, opened=-4, contracts=_lot(stage),
    )  # fmt: skip


def _stop_role(stage: Stage) -> Role:
    """The farthest put spread that the fall still brings to a loss of more than two credits."""
    opened = stage.scaled(STOP_OPENED)
    for distance in _distances(3.0, 0.3):
        short = stage.strike(_below(stage, opened, distance=distance, dte=0))
        strikes = Strikes(short_put=short, long_put=short - _width(stage))
        credit = _cents(stage.value(strikes, opened, dte=0))
        worst = max(
            stage.value(strikes, m, dte=0)
            for m in range(opened + MARK_EVERY, stage.scaled(200), MARK_EVERY)
        )
        if worst - credit > (STOP + 0.2) * credit and credit >= 0.06 * _width(stage):
            break
    return Role(
        name="stop", spread_type=SpreadType.PUT_SPREAD, band="P95", strikes=strikes,
        credit=credit, dte=0, opened=opened, contracts=2 * _lot(stage),
    )  # fmt: skip


def _target_role(stage: Stage) -> Role:
    """A condor whose short strikes lie outside what the rest of the session reaches."""
    opened = stage.scaled(TARGET_OPENED)
    rest = [stage.price(m) for m in range(opened, stage.minutes + 1)]
    width = _width(stage)
    for room in (0.002 * stage.price(opened) * i / 2 for i in range(1, 12)):
        short_put, short_call = stage.strike(min(rest) - room), stage.strike(max(rest) + room)
        strikes = Strikes(
            short_put=short_put, long_put=short_put - width,
            short_call=short_call, long_call=short_call + width,
        )  # fmt: skip
        credit = _cents(stage.value(strikes, opened, dte=0))
        if credit <= FAIR_CREDIT * width:
            break
    return Role(
        name="target", spread_type=SpreadType.IRON_CONDOR, band="P97", strikes=strikes,
        credit=credit, dte=0, opened=opened, contracts=2 * _lot(stage),
    )  # fmt: skip


def _limit_role(stage: Stage) -> Role:
    """Sized so that it alone is worth $48,000 to $50,000 of risk before its credit."""
    opened = stage.scaled(LIMIT_OPENED)
    strikes = _condor(stage, opened, distance=1.6, dte=3, wider=2)
    each = widest_wing(strikes) * underlying(stage.ticker).multiplier
    return Role(
        name="limit", spread_type=SpreadType.IRON_CONDOR, band="P99", strikes=strikes,
        credit=_cents(stage.value(strikes, opened, dte=3)), dte=3, opened=opened,
        contracts=max(1, int(50_000 // each)),
    )  # fmt: skip


def _kept_role(stage: Stage) -> Role:
    opened = stage.scaled(KEPT_OPENED)
    price = stage.price(opened)
    short = stage.strike(2 * price - _below(stage, opened, distance=1.1, dte=5))
    strikes = Strikes(short_call=short, long_call=short + _width(stage))
    return Role(
        name="kept", spread_type=SpreadType.CALL_SPREAD, band="P97", strikes=strikes,
        credit=_cents(stage.value(strikes, opened, dte=5)), dte=5, opened=opened,
        contracts=_lot(stage),
    )  # fmt: skip


def _condor(
    stage: Stage, minute: int, *, distance: float, dte: int, wider: int = 1,
    center: float | None = None,
) -> Strikes:  # fmt: skip
    """Short strikes `distance` standard deviations away on both sides of `center` (the price)."""
    width, price = _width(stage) * wider, stage.price(minute)
    away = price - _below(stage, minute, distance=distance, dte=dte)
    middle = price if center is None else center
    short_put, short_call = stage.strike(middle - away), stage.strike(middle + away)
    return Strikes(
        short_put=short_put, long_put=short_put - width,
        short_call=short_call, long_call=short_call + width,
    )  # fmt: skip


def _below(stage: Stage, minute: int, *, distance: float, dte: int) -> float:
    vol_index = underlying(stage.ticker).vol_index or "VIX"
    vol = float(stage.market.path(vol_index, stage.index)[minute]) / 100
    left = stage.minutes - minute + dte * MINUTES_PER_SESSION
    price = stage.price(minute)
    return price - distance * deviation(price=price, vol=vol, minutes_left=left)


def _width(stage: Stage) -> float:
    """About 0.2 % of the price: 50 points of NDX, 15 of SPX, never under one strike."""
    return max(round(0.002 * stage.price(0) / stage.step()) * stage.step(), stage.step())


def _lot(stage: Stage) -> int:
    """Contracts that make one position about $5,000 wide: 1 of NDX, more of smaller ones."""
    return max(round(5_000 / (_width(stage) * underlying(stage.ticker).multiplier)), 1)


def _distances(first: float, last: float) -> Iterable[float]:
    """Standard deviations from `first` to `last` in 60 equal steps."""
    return (first + (last - first) * i / 60 for i in range(61))


def _cents(points: float) -> float:
    """Rounded to the cent, at least one."""
    return max(round(points, 2), 0.01)
