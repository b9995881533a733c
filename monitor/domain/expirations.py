"""Which dates a root lists as expirations, how they settle and when they last trade.

Weekly patterns were added one weekday at a time; before that a "1 DTE" of that weekday did not
exist. The dates and their sources stand in docs/sources.md (Listed expirations). The pattern is
answered, not each exchange's own choice of how many weeks ahead it lists: reliable to about ten
sessions ahead, as far as this product trades.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from monitor.domain.instruments import underlying
from monitor.domain.trading_calendar import Session, TradingCalendar
from monitor.domain.vocabulary import Settlement
from monitor.errors import DomainError

Day = date  # a field is named `date`

MON, TUE, WED, THU, FRI = range(5)
ONE_DAY = timedelta(days=1)
# A new weekday's first series expires at least a week after listing began: this gives all five
# initial expirations that Cboe announced for SPXW (2010-12-10, 2016-03-02, 2016-08-22,
# 2022-04-26, 2022-05-19).
FIRST_SERIES = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiration:
    """One expiration date of one root.

    `last_trade` is the last session in which the series trades. `listed_from` is the day its
    pattern began to be listed (None: for longer than our data). `hypothetical`: the pattern
    did not exist yet; only a backtest may look at it, and must say so.
    """

    date: date
    root: str
    settlement: Settlement
    last_trade: Session
    listed_from: Day | None = None
    hypothetical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Since when a root lists each kind of PM expiration; None: not, or no date found."""

    weekdays: Mapping[int, date] = field(default_factory=dict)
    month_end: date | None = None
    third_friday_pm: date | None = None


_ETF_FRIDAY = date(2010, 12, 2)
_PATTERNS = {
    "SPX": Pattern(
        weekdays={
            MON: date(2016, 8, 15),
            TUE: date(2022, 4, 18),
            WED: date(2016, 2, 23),
            THU: date(2022, 5, 11),
            FRI: date(2010, 12, 2),
        },
        month_end=date(2014, 7, 7),
        third_friday_pm=date(2017, 5, 1),
    ),
    "NDX": Pattern(
        weekdays={
            MON: date(2018, 9, 5),
            TUE: date(2022, 8, 4),
            WED: date(2018, 9, 5),
            THU: date(2022, 8, 4),
            FRI: date(2018, 9, 5),
        },
        third_friday_pm=date(2025, 10, 1),
    ),
    "RUT": Pattern(
        weekdays={
            MON: date(2023, 12, 21),
            TUE: date(2024, 1, 8),
            WED: date(2023, 12, 21),
            THU: date(2024, 1, 8),
            FRI: date(2016, 1, 21),
        },
    ),
    "SPY": Pattern(
        weekdays={
            MON: date(2018, 2, 16),
            TUE: date(2022, 11, 17),
            WED: date(2016, 9, 7),
            THU: date(2022, 11, 17),
            FRI: _ETF_FRIDAY,
        },
    ),
    "QQQ": Pattern(
        weekdays={
            MON: date(2021, 4, 23),
            TUE: date(2022, 11, 17),
            WED: date(2021, 4, 23),
            THU: date(2022, 11, 17),
            FRI: _ETF_FRIDAY,
        },
    ),
}
_FRIDAYS_ONLY = Pattern(weekdays={FRI: _ETF_FRIDAY})


def listed_expirations(
    symbol: str,
    first: date,
    last: date,
    calendar: TradingCalendar,
    *,
    hypothetical: bool = False,
) -> tuple[Expiration, ...]:
    """Expirations of `symbol` from `first` to `last` (both included), oldest first.

    A third Friday of an index can hold two: AM (root NDX, SPX, RUT) first, then PM.

    Args:
        hypothetical: Also those of today's pattern from before it was listed, marked so.

    Raises:
        CalendarHorizonError: The span leaves the exchange calendar.
    """
    calendar.on(first)
    calendar.on(last)
    found: dict[tuple[date, Settlement], Expiration] = {}
    for one in _expirations(symbol, first, last, calendar):
        key = (one.date, one.settlement)
        known = found.get(key)
        if known is None or known.hypothetical:
            found[key] = one
    kept = (one for one in found.values() if hypothetical or not one.hypothetical)
    return tuple(sorted(kept, key=lambda one: (one.date, one.settlement)))


def is_listed(symbol: str, day: date, calendar: TradingCalendar) -> bool:
    """Whether `day` is a listed expiration of any of the symbol's roots."""
    return bool(listed_expirations(symbol, day, day, calendar))


def expiration_for_dte(
    symbol: str, entry_day: date, dte: int, calendar: TradingCalendar
) -> date | None:
    """The listed expiration `dte` sessions after `entry_day`, or None where none is listed.

    None too when the series was not listed yet on `entry_day` or trades no more (an AM series
    on its own expiration day), and for 0 DTE on a day without a session.

    Raises:
        CalendarHorizonError: The date lies beyond the exchange calendar.
        DomainError: `dte` is negative.
    """
    if dte < 0:
        raise DomainError(f"dte {dte} is negative", hint="sessions to expiration: 0 is today")
    if dte == 0 and not calendar.is_session(entry_day):
        return None
    day = calendar.shift(entry_day, dte).date
    tradable = any(
        entry_day <= one.last_trade.date
        and (one.listed_from is None or one.listed_from <= entry_day)
        for one in listed_expirations(symbol, day, day, calendar)
    )
    return day if tradable else None


def settlement_of(
    symbol: str, expiration: date, calendar: TradingCalendar, *, opened: date | None = None
) -> Settlement:
    """How an expiration settles unless the person says otherwise.

    AM for the third Friday of NDX, SPX and RUT (the Thursday before, when that Friday is a
    holiday), PM for everything else. A position `opened` on the expiration day itself is PM:
    the AM series stopped trading the session before.
    """
    if underlying(symbol).am_root is None or (opened is not None and opened >= expiration):
        return Settlement.PM
    nominal = third_friday(expiration.year, expiration.month)
    return Settlement.AM if _roll(nominal, calendar) == expiration else Settlement.PM


def last_trading_session(
    expiration: date, settlement: Settlement, calendar: TradingCalendar
) -> Session:
    """The last session in which the series trades: the one before expiration when AM-settled.

    Raises:
        DomainError: `expiration` is no session.
    """
    session = calendar.on(expiration)
    if session is None:
        before, after = calendar.shift(expiration, -1), calendar.shift(expiration, 1)
        raise DomainError(
            f"expiration {expiration} ({expiration:%A}) is not a trading session",
            hint=f"the sessions around it are {before.date} and {after.date}",
        )
    return calendar.shift(expiration, -1) if settlement is Settlement.AM else session


def third_friday(year: int, month: int) -> date:
    """The standard monthly expiration by the calendar, holidays not considered."""
    first = date(year, month, 1)
    return first + timedelta(days=(FRI - first.weekday()) % 7 + 14)


def _expirations(
    symbol: str, first: date, last: date, calendar: TradingCalendar
) -> Iterator[Expiration]:
    """Every candidate around the span, duplicates and hypothetical ones included."""
    known = underlying(symbol)
    pattern = _PATTERNS.get(known.symbol, _FRIDAYS_ONLY)

    def pm(day: date, since: date | None) -> Expiration:
        return Expiration(
            date=day,
            root=known.pm_root,
            settlement=Settlement.PM,
            last_trade=last_trading_session(day, Settlement.PM, calendar),
            listed_from=since,
            hypothetical=since is not None and day < since + FIRST_SERIES,
        )

    for nominal in _nominal_dates(first, last, calendar):
        day = _roll(nominal, calendar)
        if day is None or not first <= day <= last:
            continue
        if nominal == third_friday(nominal.year, nominal.month):
            yield from _monthly(day, known.am_root, calendar)
            if known.am_root is None:
                yield pm(day, None)
            elif pattern.third_friday_pm:
                yield pm(day, pattern.third_friday_pm)
        elif nominal.weekday() in pattern.weekdays:
            yield pm(day, pattern.weekdays[nominal.weekday()])
        if pattern.month_end and _is_month_end(nominal, calendar):
            yield pm(nominal, pattern.month_end)


def _nominal_dates(first: date, last: date, calendar: TradingCalendar) -> Iterator[date]:
    """The weekdays of the span, and of the closed days on both sides that may roll into it."""
    start, end = first, last
    while start > calendar.first and not calendar.is_session(start - ONE_DAY):
        start -= ONE_DAY
    while end < calendar.last and not calendar.is_session(end + ONE_DAY):
        end += ONE_DAY
    for n in range((end - start).days + 1):
        nominal = start + n * ONE_DAY
        if nominal.weekday() <= FRI:
            yield nominal


def _monthly(day: date, am_root: str | None, calendar: TradingCalendar) -> Iterator[Expiration]:
    if am_root is not None and day > calendar.first:
        yield Expiration(
            date=day,
            root=am_root,
            settlement=Settlement.AM,
            last_trade=last_trading_session(day, Settlement.AM, calendar),
        )


def _roll(nominal: date, calendar: TradingCalendar) -> date | None:
    """Where a nominal date goes when it is a holiday: a Monday forward, all others back.

    Source: Cboe Rule 4.13(e), and the announcements named in docs/sources.md. None for a
    weekend, and where the answer lies outside the calendar.
    """
    if nominal.weekday() > FRI or not calendar.first <= nominal <= calendar.last:
        return None
    if calendar.is_session(nominal):
        return nominal
    step = 1 if nominal.weekday() == MON else -1
    beyond = nominal >= calendar.last if step > 0 else nominal <= calendar.first
    return None if beyond else calendar.shift(nominal, step).date


def _is_month_end(day: date, calendar: TradingCalendar) -> bool:
    if day >= calendar.last or not calendar.is_session(day):
        return False
    return calendar.shift(day, 1).date.month != day.month
