"""One row of an imported file → a position, with every value checked.

Unlike `add` it takes trades of the past: closed ones, and open ones that wait to be settled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar

from monitor.clock import NEW_YORK
from monitor.domain.expirations import is_listed, settlement_of
from monitor.domain.instruments import underlying
from monitor.domain.plain_numbers import decimal, whole
from monitor.domain.position_input import (
    MAX_DTE,
    check_band,
    check_contracts,
    check_note,
    check_pnl,
    check_risk,
    check_ticker,
    computed_max_loss,
    credit_dollars,
    effective_flow,
)
from monitor.domain.positions import PnlMark, Position, Strikes
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType
from monitor.errors import InputError, MonitorError

REQUIRED = ("ticker", "spread_type", "expiration", "contracts", "credit_usd")
MAX_MULTIPLIER = 10_000
_ID = re.compile(r"[0-9a-f]{4,32}", re.ASCII)
_SOURCE = re.compile(r"[a-z]{1,16}", re.ASCII)
E_ = TypeVar("E_", bound=StrEnum)
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One row as text. `where` names it in messages; empty or absent cells are "not given"."""

    where: str
    cells: Mapping[str, str]
    notes: tuple[str, ...] = ()


def parse_row(row: ImportRow, *, new_id: str, now: datetime, calendar: TradingCalendar) -> Position:
    """Check one row.

    Args:
        new_id: Its id where the row has none.

    Raises:
        InputError: Names the line, the column and what is wrong.
    """
    cell = _Cells(row)
    ticker = cell.get("ticker", check_ticker)
    spread = cell.get("spread_type", _member(SpreadType))
    contracts = check_at(row, "contracts", cell.get("contracts", _whole), check_contracts)
    multiplier = cell.optional("multiplier", _multiplier) or underlying(ticker).multiplier
    credit = check_at(
        row,
        "credit_usd",
        cell.get("credit_usd", _number),
        lambda v: credit_dollars(
            credit_usd=v, price=None, contracts=contracts, multiplier=multiplier
        ),
    )
    risk = cell.optional("risk_usd", _number)
    check_at(row, "risk_usd", risk, check_risk)
    opened = cell.optional("opened_at", _instant) or now
    opened_day = opened.astimezone(NEW_YORK).date()
    expiration = cell.get("expiration", _day)
    check_at(row, "expiration", expiration, lambda d: _listed(d, ticker, opened_day, calendar))
    status = cell.optional("status", _member(PositionStatus)) or PositionStatus.OPEN
    entry_dte = cell.optional("entry_dte", _dte)
    strikes = Strikes(**{name: cell.optional(name, _number) for name in Strikes.__slots__})
    known = None if strikes == Strikes() else strikes
    loss = check_at(
        row,
        "strikes",
        known,
        lambda s: computed_max_loss(
            spread,
            s,
            risk_usd=risk,
            credit_usd=credit,
            contracts=contracts,
            multiplier=multiplier,
        ),
    )
    return Position(
        id=cell.optional("id", _id) or new_id,
        ticker=ticker,
        spread_type=spread,
        flow_mode=effective_flow(spread, cell.optional("flow_mode", _member(FlowMode))),
        band=cell.optional("band", check_band),
        expiration=expiration,
        settlement=cell.optional("settlement", _member(Settlement))
        or settlement_of(ticker, expiration, calendar, opened=opened_day),
        entry_dte=calendar.dte(opened_day, expiration) if entry_dte is None else entry_dte,
        contracts=contracts,
        multiplier=multiplier,
        credit_usd=credit,
        strikes=known,
        risk_usd=risk,
        max_loss_usd=loss,
        opened_at=opened,
        status=status,
        mark=_mark(cell, status, now),
        realized_pnl_usd=cell.optional("realized_pnl_usd", _pnl) or 0.0,
        closed_at=_closed_at(row, cell, status),
        notes=tuple(check_at(row, "notes", note, check_note) for note in row.notes),
        simulated=cell.optional("simulated", _yes_no) or False,
    )


class _Cells:
    """Cells by column; what a converter refuses is raised with line and column."""

    def __init__(self, row: ImportRow) -> None:
        self._row = row

    def get(self, column: str, convert: Callable[[str], T]) -> T:
        found = self.optional(column, convert)
        if found is None:
            raise InputError(f"{self._row.where}, column {column}: it is empty but needed")
        return found

    def optional(self, column: str, convert: Callable[[str], T]) -> T | None:
        text = self._row.cells.get(column, "").strip()
        return check_at(self._row, column, text, convert) if text else None


def check_at(row: ImportRow, column: str, value: S, check: Callable[[S], T]) -> T:
    """Run a check; its refusal is raised with line and column in front."""
    try:
        return check(value)
    except MonitorError as error:
        raise InputError(
            f"{row.where}, column {column}: {error.message}", hint=error.hint
        ) from error


def _mark(cell: _Cells, status: PositionStatus, now: datetime) -> PnlMark | None:
    pnl = cell.optional("pnl_usd", _pnl)
    if pnl is None or status is PositionStatus.CLOSED:
        return None
    return PnlMark(
        pnl_usd=pnl,
        asof=cell.optional("pnl_asof", _instant) or now,
        source=cell.optional("pnl_source", _source) or "you",
    )


def _closed_at(row: ImportRow, cell: _Cells, status: PositionStatus) -> datetime | None:
    if status is PositionStatus.OPEN:
        return None
    closed_at = cell.optional("closed_at", _instant)
    if closed_at is None:
        raise InputError(f"{row.where}, column closed_at: a closed position needs it")
    return closed_at


def _listed(day: date, ticker: str, opened: date, calendar: TradingCalendar) -> date:
    if day < opened:
        raise InputError(f"{day} is before the day it was opened, {opened}")
    if not is_listed(ticker, day, calendar):
        raise InputError(f"{day:%a %Y-%m-%d} is no listed expiration of {ticker}")
    return day


def _number(text: str) -> float:
    number = decimal(text)
    if number is None:
        raise InputError(f"{_shown(text)} is not a plain number, as 1715.00")
    return number


def _pnl(text: str) -> float:
    return check_pnl(_number(text))


def _whole(text: str) -> int:
    number = whole(text)
    if number is None:
        raise InputError(f"{_shown(text)} is not a whole number")
    return number


def _dte(text: str) -> int:
    number = _whole(text)
    if not 0 <= number <= MAX_DTE:
        raise InputError(f"{number} is not within 0 to {MAX_DTE} sessions")
    return number


def _multiplier(text: str) -> int:
    number = _whole(text)
    if not 1 <= number <= MAX_MULTIPLIER:
        raise InputError(f"{number} is not within 1 to {MAX_MULTIPLIER:,} dollars per point")
    return number


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{_shown(text)} is not a date, as 2026-11-25") from None


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InputError(f"{_shown(text)} is not an instant with its zone, as 2026-11-20T15:30:00Z")
    return at.astimezone(UTC)


def _member(members: type[E_]) -> Callable[[str], E_]:
    def convert(text: str) -> E_:
        try:
            return members(text.lower())
        except ValueError:
            known = ", ".join(member.value for member in members)
            raise InputError(f"{_shown(text)} is not one of {known}") from None

    return convert


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise InputError(f"{_shown(text)} is not an id: 4 to 32 of 0-9 and a-f")
    return text


def _source(text: str) -> str:
    if not _SOURCE.fullmatch(text):
        raise InputError(f"{_shown(text)} is not a source: up to 16 letters, as you")
    return text


def _yes_no(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise InputError(f"{_shown(text)} is neither true nor false")
    return text.lower() == "true"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
