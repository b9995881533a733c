"""What the person typed → a position, or a refusal that says what to type instead.

Everything is checked before anything is written. What is possible but dangerous is not
refused: it comes back from `logging_warnings`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime

from monitor.clock import NEW_YORK
from monitor.domain.expirations import expiration_for_dte, is_listed, settlement_of
from monitor.domain.instruments import SYMBOLS, Kind, underlying
from monitor.domain.plain_text import first_unsafe
from monitor.domain.positions import Position, Strikes
from monitor.domain.spreads import check_strikes, max_loss_usd
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType
from monitor.errors import CalendarHorizonError, InputError

MAX_CONTRACTS = 100_000
MAX_USD = 1e9
MAX_POINTS = 1e6
MAX_NOTE = 2_000
MAX_DTE = 250
_TICKER = re.compile(r"[A-Z][A-Z0-9.]{0,9}", re.ASCII)
_BAND = re.compile(r"P(100|[1-9]?[0-9])", re.ASCII)
SEARCHED_SESSIONS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionDraft:
    """A new position in the person's units.

    Exactly one of `credit_usd` (dollars for the whole position) and `price` (points per share)
    is set, and at least one of `dte` (sessions) and `expiration`, which wins.
    """

    ticker: str
    spread_type: SpreadType
    contracts: int
    flow_mode: FlowMode | None = None
    band: str | None = None
    credit_usd: float | None = None
    price: float | None = None
    risk_usd: float | None = None
    strikes: Strikes | None = None
    dte: int | None = None
    expiration: date | None = None
    settlement: Settlement | None = None
    note: str | None = None
    simulated: bool = False


def build_position(
    draft: PositionDraft, *, position_id: str, now: datetime, calendar: TradingCalendar
) -> Position:
    """Check a draft and compute what follows from it.

    Raises:
        InputError: A value is out of its range; names it, the range and the remedy.
        InvalidSpreadError: Strikes or credit do not make this spread.
        CalendarHorizonError: The expiration lies beyond the published calendar.
    """
    ticker = check_ticker(draft.ticker)
    multiplier = underlying(ticker).multiplier
    check_contracts(draft.contracts)
    credit = credit_dollars(
        credit_usd=draft.credit_usd,
        price=draft.price,
        contracts=draft.contracts,
        multiplier=multiplier,
    )
    check_risk(draft.risk_usd)
    entry_day = entry_session(now, calendar)
    expiration = choose_expiration(draft, ticker, entry_day=entry_day, now=now, calendar=calendar)
    return Position(
        id=position_id,
        ticker=ticker,
        spread_type=draft.spread_type,
        flow_mode=effective_flow(draft.spread_type, draft.flow_mode),
        band=check_band(draft.band),
        expiration=expiration,
        settlement=draft.settlement
        or settlement_of(ticker, expiration, calendar, opened=entry_day),
        entry_dte=calendar.dte(entry_day, expiration),
        contracts=draft.contracts,
        multiplier=multiplier,
        credit_usd=credit,
        strikes=draft.strikes,
        risk_usd=draft.risk_usd,
        max_loss_usd=computed_max_loss(
            draft.spread_type,
            draft.strikes,
            risk_usd=draft.risk_usd,
            credit_usd=credit,
            contracts=draft.contracts,
            multiplier=multiplier,
        ),
        opened_at=now,
        status=PositionStatus.OPEN,
        notes=() if draft.note is None else (check_note(draft.note),),
        simulated=draft.simulated,
    )


def computed_max_loss(
    spread_type: SpreadType,
    strikes: Strikes | None,
    *,
    risk_usd: float | None,
    credit_usd: float,
    contracts: int,
    multiplier: int,
) -> float:
    """Maximum loss in dollars: from the strikes; the stated risk only where there are none."""
    if strikes is not None:
        check_strikes(spread_type, strikes)
        for name in Strikes.__slots__:
            _check_strike(name, getattr(strikes, name))
        return max_loss_usd(
            strikes, credit_usd=credit_usd, contracts=contracts, multiplier=multiplier
        )
    if risk_usd is None:
        raise InputError(
            "without strikes the maximum loss cannot be computed",
            hint="give the strikes (--short-put, --long-put, --short-call, --long-call), "
            "or --risk: dollars for the whole position",
        )
    return risk_usd


def credit_dollars(
    *, credit_usd: float | None, price: float | None, contracts: int, multiplier: int
) -> float:
    """Credit of the whole position in dollars, from either way of giving it."""
    if (credit_usd is None) == (price is None):
        raise InputError(
            "give the credit once: --credit (dollars for the whole position) "
            "or --price (points per share)"
        )
    if price is not None:
        _require_range("--price", price, MAX_POINTS, "points per share")
        # to the hundredth of a cent: 2.85 × 100 is 285, not 285.00000000000006
        return round(price * multiplier * contracts, 4)
    assert credit_usd is not None  # noqa: S101 -- the check above leaves exactly one
    _require_range("--credit", credit_usd, MAX_USD, "dollars for the whole position")
    return credit_usd


def check_contracts(contracts: int) -> int:
    if not 1 <= contracts <= MAX_CONTRACTS:
        raise InputError(
            f"--contracts {contracts}: it must be a whole number from 1 to {MAX_CONTRACTS:,}"
        )
    return contracts


def check_risk(risk_usd: float | None) -> None:
    if risk_usd is not None:
        _require_range("--risk", risk_usd, MAX_USD, "dollars for the whole position")


def check_pnl(pnl_usd: float) -> float:
    if not math.isfinite(pnl_usd) or abs(pnl_usd) > MAX_USD:
        raise InputError(
            f"--pnl {pnl_usd}: it must be dollars for the position, "
            f"from −{MAX_USD:,.0f} to {MAX_USD:,.0f}"
        )
    return pnl_usd


def check_ticker(text: str) -> str:
    ticker = text.strip().upper().removeprefix("^")
    if not _TICKER.fullmatch(ticker):
        raise InputError(
            f"--ticker {text[:40]!r}: not a symbol",
            hint="use letters and digits, up to 10, as NDX, SPX, RUT, QQQ, SPY, XLE, XLF",
        )
    return ticker


def check_band(text: str | None) -> str | None:
    if text is None:
        return None
    band = text.strip().upper()
    if not _BAND.fullmatch(band):
        raise InputError(f"--band {text[:40]!r}: not a band", hint="use P0 to P100, as P98")
    return band


def check_note(text: str) -> str:
    """A note is one line of ordinary characters, at most `MAX_NOTE` long."""
    note = text.strip()
    if not note:
        raise InputError("--note is empty", hint="write a few words, or leave --note out")
    if len(note) > MAX_NOTE:
        raise InputError(
            f"--note has {len(note):,} characters; at most {MAX_NOTE:,} are kept",
            hint="shorten it, and keep longer texts in a file of their own",
        )
    unsafe = first_unsafe(note)
    if unsafe is not None:
        raise InputError(
            f"--note holds the control or invisible character {unsafe}",
            hint="write it as one line of ordinary text",
        )
    return note


def effective_flow(spread_type: SpreadType, flow: FlowMode | None) -> FlowMode:
    """Condors have no flow, whatever was said; a spread without a word for it is neutral."""
    if spread_type is SpreadType.IRON_CONDOR or flow is None:
        return FlowMode.NEUTRAL
    return flow


def entry_session(now: datetime, calendar: TradingCalendar) -> date:
    """The session a trade logged now belongs to: today's, else the one before.

    A trade logged in the evening or at the weekend was made in the session that is over, so
    its DTE counts from there.
    """
    today = now.astimezone(NEW_YORK).date()
    session = calendar.on(today) or calendar.shift(today, -1)
    return session.date


def choose_expiration(
    draft: PositionDraft,
    ticker: str,
    *,
    entry_day: date,
    now: datetime,
    calendar: TradingCalendar,
) -> date:
    """The listed expiration the draft means, today at the earliest."""
    if draft.expiration is not None:
        return check_expiration(draft.expiration, ticker, now=now, calendar=calendar)
    if draft.dte is None:
        raise InputError("when does it expire? give --dte (sessions) or --expiration (YYYY-MM-DD)")
    if not 0 <= draft.dte <= MAX_DTE:
        raise InputError(
            f"--dte {draft.dte}: it must be 0 to {MAX_DTE} sessions",
            hint="--expiration YYYY-MM-DD names a later date",
        )
    found = expiration_for_dte(ticker, entry_day, draft.dte, calendar)
    if found is None:
        day = calendar.shift(entry_day, draft.dte).date if draft.dte else entry_day
        raise _unlisted(f"--dte {draft.dte} means {day:%a %Y-%m-%d}", ticker, day, calendar)
    return _not_past(found, f"--dte {draft.dte} counts from {entry_day:%a %Y-%m-%d}: ", now)


def check_expiration(day: date, ticker: str, *, now: datetime, calendar: TradingCalendar) -> date:
    """Refuse a past or unlisted expiration; the message names the nearest listed ones."""
    _not_past(day, "", now)
    if day > calendar.last:
        raise CalendarHorizonError(
            f"--expiration {day} lies beyond the exchange calendar, which ends {calendar.last}",
            hint="calendars are published about a year ahead; check the year",
        )
    if not is_listed(ticker, day, calendar):
        raise _unlisted(f"--expiration {day:%a %Y-%m-%d}", ticker, day, calendar)
    return day


def nearest_listed(ticker: str, day: date, calendar: TradingCalendar) -> tuple[date, ...]:
    """The last listed expiration before `day` and the first after it, where there are any."""
    around = []
    for direction in (-1, 1):
        for step in range(1, SEARCHED_SESSIONS + 1):
            candidate = calendar.shift(day, direction * step).date
            if is_listed(ticker, candidate, calendar):
                around.append(candidate)
                break
    return tuple(around)


def _unlisted(what: str, ticker: str, day: date, calendar: TradingCalendar) -> InputError:
    near = [f"{d:%a %Y-%m-%d}" for d in nearest_listed(ticker, day, calendar)]
    share = (
        f"; {ticker} is none of {', '.join(SYMBOLS)}, so it was taken as a share"
        if underlying(ticker).kind is Kind.OTHER
        else ""
    )
    why = "no trading session" if calendar.on(day) is None else f"no listed {ticker} expiration"
    return InputError(
        f"{what}, which is {why}",
        hint=(
            f"nearest listed: {' and '.join(near)}; name one with --expiration YYYY-MM-DD"
            if near
            else "name a listed one with --expiration YYYY-MM-DD"
        )
        + share,
    )


def _not_past(day: date, prefix: str, now: datetime) -> date:
    today = now.astimezone(NEW_YORK).date()
    if day < today:
        raise InputError(
            f"{prefix}expiration {day:%a %Y-%m-%d} is past (today is {today:%a %Y-%m-%d})",
            hint="name the right date with --expiration; `positions import` takes old trades",
        )
    return day


def _check_strike(name: str, strike: float | None) -> None:
    if strike is not None:
        _require_range("--" + name.replace("_", "-"), strike, MAX_POINTS, "points")


def _require_range(flag: str, value: float, most: float, unit: str) -> None:
    if not (math.isfinite(value) and 0 < value <= most):
        raise InputError(f"{flag} {value:g}: it must be above 0 and at most {most:,.0f} {unit}")
