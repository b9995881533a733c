"""Exits as alerts: what `exits.evaluate_position` found, in the words of alerts.log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.clock import PACIFIC
from monitor.domain.alert_text import age_text, clock_text, signed_pct, usd
from monitor.domain.alerts import Condition
from monitor.domain.exits import ExitReason, ExitState, PositionExits
from monitor.domain.positions import Position
from monitor.domain.vocabulary import Level, Settlement

if TYPE_CHECKING:  # prices are needed only where somebody marks
    from monitor.domain.mark_memory import Marked
    from monitor.domain.settlement import SettlementValue

# Versions of the time exit's key, each worse than the last (a rise is sent at once).
_HEADS_UP, _TIME_EXIT, _LAST_CALL = 1, 2, 3


def exit_conditions(
    position: Position,
    exits: PositionExits,
    *,
    now: datetime,
    short_id: str,
    zone: ZoneInfo = PACIFIC,
    marked: Marked | None = None,
    settled: SettlementValue | str | None = None,
) -> tuple[Condition, ...]:
    """What the person must be told of one position now, most urgent first.

    Heads-up and time exit are one alert that gets worse; target and stop are their own.

    Args:
        short_id: The id as the person types it: its first four characters, more if ambiguous.
        marked: Where the P&L comes from, when it is a mark.
        settled: What an expired position is worth on paper, or why that is unknown.
    """
    words = _Words(position, exits, now, short_id, zone, marked)
    if exits.state is ExitState.SETTLE_ME:
        return (words.settle(settled),)
    price = () if exits.price_reason is None else (words.price(exits.price_reason),)
    if exits.time_exit_due:
        return (*price, words.time_exit())
    return (*price, words.heads_up()) if exits.heads_up_due else price


def undecided_keys(position: Position, exits: PositionExits) -> tuple[str, ...]:
    """Alerts of this position that cannot be judged now: price exits without a P&L to believe."""
    if not exits.undecided or exits.state is ExitState.SETTLE_ME:
        return ()
    return tuple(
        exit_key(position.id, kind) for kind in (ExitReason.STOP_LOSS, ExitReason.PROFIT_TARGET)
    )


def exit_key(position_id: str, reason: ExitReason) -> str:
    return f"{position_prefix(position_id)}{reason}"


def position_prefix(position_id: str) -> str:
    """Prefix of every exit alert of a position: pass it as `gone` when it is closed or settles."""
    return f"exit:{position_id}:"


def what_text(position: Position) -> str:
    """What is held, in one line."""
    p = position
    band = f" {p.band}" if p.band else ""
    return (
        f"{p.ticker}{band} {p.spread_type.upper()} × {p.contracts}, expires {p.expiration}, "
        f"credit {usd(p.credit_usd)}"
    )


class _Words:
    """The conditions of one position at one instant."""

    def __init__(
        self,
        position: Position,
        exits: PositionExits,
        now: datetime,
        short_id: str,
        zone: ZoneInfo,
        marked: Marked | None,
    ) -> None:
        self.position, self.exits, self.now = position, exits, now
        self.short_id, self.zone = short_id, zone
        # the mark, where it is what the P&L was taken from
        self.mark = marked.mark if marked is not None and marked.evidence is not None else None

    def price(self, reason: ExitReason) -> Condition:
        stop = reason is ExitReason.STOP_LOSS
        level = self.exits.stop_usd if stop else self.exits.target_usd
        name = "Stop" if stop else "Target"
        details = (self._what(), f"{name} at P&L {usd(level)}", *self._origin())
        return self._exit(reason, details, severity=0, level_usd=level)

    def time_exit(self) -> Condition:
        due_at = self.exits.schedule.time_exit_at
        since = "" if due_at is None else f"Due since {clock_text(due_at, self.zone)}; "
        details = (
            self._what(),
            f"{since}last trading ends {self._last_trading()}",
            *self._origin(),
        )
        severity = _LAST_CALL if self.exits.last_call else _TIME_EXIT
        return self._exit(ExitReason.TIME_EXIT, details, severity=severity, level_usd=None)

    def heads_up(self) -> Condition:
        due_at = self.exits.schedule.time_exit_at
        if due_at is None:
            what = f"no time exit, last trading ends {self._last_trading()}"
        else:
            what = f"time exit today at {clock_text(due_at, self.zone)}"
        return Condition(
            key=exit_key(self.position.id, ExitReason.TIME_EXIT),
            level=Level.WARNING,
            title=f"Heads-up - Position {self.short_id} | {what} | P&L: {self._pnl()}",
            details=(self._what(), *self._origin()),
            severity=_HEADS_UP,
            ticker=self.position.ticker,
            position_id=self.position.id,
            data=self._data("heads_up", None),
        )

    def settle(self, settled: SettlementValue | str | None) -> Condition:
        last = self.exits.schedule.last_trade_close
        known = settled is not None and not isinstance(settled, str)
        what = f"trading ended {clock_text(last, self.zone)}"
        if settled is not None and not isinstance(settled, str):
            what = f"settled on paper, P&L {usd(settled.pnl_of(self.position))}: please confirm"
        return Condition(
            key=f"settle:{self.position.id}",
            level=Level.WARNING,
            title=f"Settle me - Position {self.short_id} | {what}",
            details=(self._what(), self._outcome(settled)),
            event=True,
            # told once more when the settlement becomes known
            fingerprint=f"{last.isoformat()} settled" if known else last.isoformat(),
            ticker=self.position.ticker,
            position_id=self.position.id,
            data=self._data("settle", None),
        )

    def _outcome(self, settled: SettlementValue | str | None) -> str:
        if settled is not None and not isinstance(settled, str):
            from monitor.domain.settlement import settlement_view

            return settlement_view(self.position, settled, short_id=self.short_id).text
        how = "on the closing prices"
        if self.position.settlement is Settlement.AM:
            how = f"on the opening prices of {self.position.expiration}"
        why = "" if settled is None else f" ({settled})"
        return (
            f"It settles {how}{why}; log the outcome: positions close {self.short_id} --pnl AMOUNT"
        )

    def _exit(
        self,
        reason: ExitReason,
        details: tuple[str, ...],
        *,
        severity: int,
        level_usd: float | None,
    ) -> Condition:
        return Condition(
            key=exit_key(self.position.id, reason),
            level=Level.EXIT,
            title=f"EXIT SIGNAL - Position {self.short_id} | Reason: {reason.label} | "
            f"P&L: {self._pnl()}",
            details=details,
            severity=severity,
            ticker=self.position.ticker,
            position_id=self.position.id,
            resolved_title=f"Exit over - Position {self.short_id} | Reason was: {reason.label}",
            data=self._data(reason.value, level_usd),
        )

    def _pnl(self) -> str:
        mark, percent = self.position.mark, self.position.pnl_pct_of_credit
        if not self.exits.pnl_known or mark is None or percent is None:
            return "unknown"
        return f"{usd(mark.pnl_usd)} ({signed_pct(percent)})"

    def _origin(self) -> tuple[str, ...]:
        mark = self.position.mark
        if mark is None or not self.exits.pnl_known:
            return (f"P&L unknown: log it with positions update {self.short_id} --pnl AMOUNT",)
        source = "logged by you" if mark.source == "you" else f"from {mark.source}"
        more: tuple[str, ...] = ()
        if self.mark is not None:
            from monitor.domain.mark_views import mark_lines, source_text

            source, more = f"from {source_text(self.mark)}", mark_lines(self.position, self.mark)
        age = age_text(self.now - mark.asof)
        return (f"P&L {source}, as of {clock_text(mark.asof, self.zone)}, {age}", *more)

    def _what(self) -> str:
        return what_text(self.position)

    def _last_trading(self) -> str:
        return clock_text(self.exits.schedule.last_trade_close, self.zone)

    def _data(
        self, kind: str, level_usd: float | None
    ) -> tuple[tuple[str, str | float | int | None], ...]:
        mark = self.position.mark if self.exits.pnl_known else None
        return (
            ("kind", kind),
            ("pnl_usd", mark.pnl_usd if mark else None),
            ("pnl_pct_of_credit", self.position.pnl_pct_of_credit if mark else None),
            ("pnl_source", mark.source if mark else None),
            ("pnl_asof", mark.asof.isoformat() if mark else None),
            ("credit_usd", self.position.credit_usd),
            ("level_usd", level_usd),
            ("expiration", self.position.expiration.isoformat()),
        )
