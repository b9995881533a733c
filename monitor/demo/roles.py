"""The six roles of the demo's script: which spread plays each, on a given simulated session.

A role's strikes are chosen with the session already known, so that it ends as it should for any
seed (an ETF's coarse one-dollar strikes can miss it). Widths, strikes and credits are points per
share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.demo.market import DemoMarket, strike_step
from monitor.demo.marks import MINUTES_PER_SESSION, deviation, spread_value
from monitor.domain.instruments import underlying
from monitor.domain.positions import Strikes
from monitor.domain.spreads import widest_wing
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import SpreadType
from monitor.errors import DomainError

MARK_EVERY = 5  # simulated minutes
TARGET, STOP = 0.5, 2.0  # the default exits: parts of the credit
QUIET = 1 - 0.8 * TARGET  # a value above this part of the credit is safely off the target
FAIR_CREDIT = 0.3  # of the width; above a third the stop could never fire

# Minutes of a whole session; scaled on an early close.
STOP_OPENED, KEPT_OPENED, TARGET_OPENED, LIMIT_OPENED, LIMIT_CLOSED = 12, 110, 125, 150, 190
HELD_OPENED = 230


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
        return strike_step(self.price(0))

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
    marked: bool = True  # whether "the person" logs its P&L


def time_role(stage: Stage) -> Role:
    """A condor whose P&L stays between stop and target all day, so that only time ends it.

    It was sold four sessions ago, so strikes and credit are free to be what that takes; of
    those that do, the one that ends best is taken.
    """
    minutes = range(0, stage.minutes + 1, 3 * MARK_EVERY)
    opening, low = stage.price(0), min(stage.price(m) for m in minutes)
    best: tuple[float, Strikes, float] | None = None
    for center in (opening - (opening - low) * i / 10 for i in range(6)):
        for distance in _distances(0.5, 3.0):
            strikes = _condor(stage, 0, distance=distance, dte=1, center=center)
            values = [stage.value(strikes, m, dte=1) for m in minutes]
            credit = _cents(min(min(values) / QUIET, FAIR_CREDIT * widest_wing(strikes)))
            ending = 1 - values[-1] / credit
            quiet = max(values) < (1 + 0.9 * STOP) * credit
            if (quiet or best is None) and (best is None or ending > best[0]):
                best = ending, strikes, credit
    if best is None:
        raise DomainError("the demo's script found no condor")
    return Role(
        name="time", spread_type=SpreadType.IRON_CONDOR, band="P98", strikes=best[1],
        credit=best[2], dte=1, opened=-4, contracts=_lot(stage),
    )  # fmt: skip


def stop_role(stage: Stage) -> Role:
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


def target_role(stage: Stage) -> Role:
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


def limit_role(stage: Stage) -> Role:
    """Sized so that it alone is worth $48,000 to $50,000 of risk before its credit."""
    opened = stage.scaled(LIMIT_OPENED)
    strikes = _condor(stage, opened, distance=1.6, dte=3, wider=2)
    each = widest_wing(strikes) * underlying(stage.ticker).multiplier
    return Role(
        name="limit", spread_type=SpreadType.IRON_CONDOR, band="P99", strikes=strikes,
        credit=_cents(stage.value(strikes, opened, dte=3)), dte=3, opened=opened,
        contracts=max(1, int(50_000 // each)),
    )  # fmt: skip


def kept_role(stage: Stage) -> Role:
    """A call spread sold at the low: what the recovery takes, the falling VIX gives back."""
    opened = stage.scaled(KEPT_OPENED)
    price, width = stage.price(opened), _width(stage)
    for distance in _distances(0.3, 2.5):
        short = stage.strike(2 * price - _below(stage, opened, distance=distance, dte=5))
        strikes = Strikes(short_call=short, long_call=short + width)
        credit = _cents(stage.value(strikes, opened, dte=5))
        values = [stage.value(strikes, m, dte=5) for m in range(opened, stage.minutes, MARK_EVERY)]
        quiet = min(values) > QUIET * credit and max(values) < (1 + 0.9 * STOP) * credit
        if quiet and credit <= FAIR_CREDIT * width:
            break
    return Role(
        name="kept", spread_type=SpreadType.CALL_SPREAD, band="P97", strikes=strikes,
        credit=credit, dte=5, opened=opened, contracts=_lot(stage),
    )  # fmt: skip


def held_role(stage: Stage) -> Role:
    """A put spread that expires today and whose P&L nobody logs: it is left to settle."""
    opened, width = stage.scaled(HELD_OPENED), _width(stage)
    for distance in _distances(0.8, 3.0):
        short = stage.strike(_below(stage, opened, distance=distance, dte=0))
        strikes = Strikes(short_put=short, long_put=short - width)
        credit = _cents(stage.value(strikes, opened, dte=0))
        if credit <= FAIR_CREDIT * width:
            break
    return Role(
        name="held", spread_type=SpreadType.PUT_SPREAD, band="P95", strikes=strikes,
        credit=credit, dte=0, opened=opened, contracts=_lot(stage), marked=False,
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
    """Standard deviations from `first` to `last` in 30 equal steps."""
    return (first + (last - first) * i / 30 for i in range(31))


def _cents(points: float) -> float:
    """Rounded to the cent, at least one."""
    return max(round(points, 2), 0.01)
