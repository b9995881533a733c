"""What is remembered of a position's marks from one cycle to the next, and what is stored.

Dollars are per contract, so that a partial close changes nothing: multiply by what is open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.domain.exits import MarkEvidence, PriceReading
from monitor.domain.mark_views import pnl_usd
from monitor.domain.marks import Mark
from monitor.domain.positions import PnlMark, Position
from monitor.domain.vocabulary import LadderStep


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkMemory:
    """`readings`: the newest two that may decide, of different data, newest last. `basis`: of the
    row stored last. `step` is the ladder's; None after a start."""

    readings: tuple[PriceReading, ...] = ()
    best_usd: float | None = None
    basis: str = ""
    step: LadderStep | None = None

    def with_reading(self, reading: PriceReading | None) -> MarkMemory:
        """Remember one more reading; the same data again replaces itself."""
        if reading is None:
            return self
        others = tuple(r for r in self.readings if r.basis != reading.basis)
        return replace(
            self,
            readings=(*others[-1:], reading),
            best_usd=_max(self.best_usd, reading.pnl_usd),
        )

    def before(self, reading: PriceReading) -> PriceReading | None:
        """The newest reading of other data."""
        return next((r for r in reversed(self.readings) if r.basis != reading.basis), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRow:
    """One row of the mark history, dollars of the `contracts` then open."""

    position_id: str
    at: datetime
    asof: datetime
    pnl_usd: float
    natural_usd: float | None
    low_usd: float | None
    high_usd: float | None
    source: str  # "quotes", "anchored", "model"; "you": logged; "simulated"
    provider: str | None
    contracts: int
    decides: bool
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A position with the P&L that counts now, and what exits may be judged by.

    `position` carries that P&L as its mark. `evidence` is None where the person logged it.
    `reading` is what this cycle adds to the memory.
    """

    position: Position
    mark: Mark | None
    why: str
    evidence: MarkEvidence | None
    reading: PriceReading | None
    row: MarkRow | None


def choose(
    position: Position,
    found: Mark | str,
    memory: MarkMemory,
    *,
    logged_fresh: timedelta,
    now: datetime,
) -> Marked:
    """The logged P&L while it is fresh, else the mark, else the newer of both with its age.

    Without a mark now, the last one is shown and decides nothing: nor does a P&L that was logged
    before it.
    """
    mark, why = (found, "") if isinstance(found, Mark) else (None, found)
    logged = position.mark
    # a stamp further ahead is of a clock that was set back since: no news for hours
    if logged is not None and abs(now - logged.asof) <= logged_fresh:
        return _logged(position, mark, why)
    if mark is None:
        last = memory.readings[-1] if memory.readings else None
        if last is not None and (logged is None or logged.asof < last.at):
            return _last_known(position, last, why)
        return _logged(position, mark, why)
    value = PnlMark(pnl_usd=pnl_usd(position, mark.debit), asof=mark.asof, source=mark.kind.value)
    marked = replace(position, mark=value)
    reading = _reading(position, mark, now) if mark.decides else None
    evidence = MarkEvidence(reading=None, note="; ".join(mark.problems))
    if reading is not None:
        evidence = MarkEvidence(
            reading=_scaled(reading, position.contracts),
            before=_scaled(memory.before(reading), position.contracts),
        )
    return Marked(
        position=marked, mark=mark, why="", evidence=evidence, reading=reading,
        row=_row(position, mark, now),
    )  # fmt: skip


def _logged(position: Position, mark: Mark | None, why: str) -> Marked:
    value = position.mark
    reading = row = None
    if value is not None:
        basis = f"{value.source}|{value.asof.isoformat()}"
        each = value.pnl_usd / position.contracts
        reading = PriceReading(at=value.asof, basis=basis, pnl_usd=each)
        row = MarkRow(
            position_id=position.id, at=value.asof, asof=value.asof, pnl_usd=value.pnl_usd,
            natural_usd=None, low_usd=None, high_usd=None, source=value.source, provider=None,
            contracts=position.contracts, decides=True, basis=basis,
        )  # fmt: skip
    return Marked(position=position, mark=mark, why=why, evidence=None, reading=reading, row=row)


def _last_known(position: Position, last: PriceReading, why: str) -> Marked:
    source, _, _ = last.basis.partition("|")
    value = PnlMark(pnl_usd=last.pnl_usd * position.contracts, asof=last.at, source=source)
    return Marked(
        position=replace(position, mark=value),
        mark=None,
        why=why,
        evidence=MarkEvidence(reading=None, note=f"the last mark decides nothing; now {why}"),
        reading=None,
        row=None,
    )


def _reading(position: Position, mark: Mark, now: datetime) -> PriceReading:
    def each(debit: float | None) -> float | None:
        return None if debit is None else pnl_usd(position, debit) / position.contracts

    return PriceReading(
        at=now,
        basis=mark.basis,
        pnl_usd=pnl_usd(position, mark.debit) / position.contracts,
        quotes="" if mark.quoted is None else mark.asof.isoformat(),
        quoted_usd=each(mark.quoted),
        natural_usd=each(mark.natural if mark.tight else None),
        low_usd=each(None if mark.error_pct is None else mark.high),
    )


def _row(position: Position, mark: Mark, now: datetime) -> MarkRow:
    natural = mark.natural
    return MarkRow(
        position_id=position.id,
        at=now,
        asof=mark.asof,
        pnl_usd=pnl_usd(position, mark.debit),
        natural_usd=None if natural is None else pnl_usd(position, natural),
        low_usd=pnl_usd(position, mark.high),
        high_usd=pnl_usd(position, mark.low),
        source=mark.kind.value,
        provider=mark.source,
        contracts=position.contracts,
        decides=mark.decides,
        basis=mark.basis,
    )


def _scaled(reading: PriceReading | None, contracts: int) -> PriceReading | None:
    if reading is None:
        return None

    def times(value: float | None) -> float | None:
        return None if value is None else value * contracts

    return replace(
        reading,
        pnl_usd=reading.pnl_usd * contracts,
        quoted_usd=times(reading.quoted_usd),
        natural_usd=times(reading.natural_usd),
        low_usd=times(reading.low_usd),
    )


def _max(a: float | None, b: float) -> float:
    return b if a is None else max(a, b)
