"""What the record of an opportunity's configuration is worth."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.text import UNKNOWN, finite, number, percent, signed_percent
from monitor.domain.plain_text import plain
from monitor.domain.snapshot import EvidenceView, RateView


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    scope: str
    rate: str
    interval: str
    count: str  # "178 trades, worth 92 independent ones"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceCard:
    rates: tuple[RateRow, ...]
    breakeven: str
    breakeven_of: str
    expected_return: str
    return_interval: str
    return_tone: str  # of the whole interval: "up" above zero, "down" below, "" around it
    tries: str
    verdict: str
    verdict_why: str
    wins_per_full_loss: str
    full_loss_in_20: str
    notes: tuple[str, ...]


def evidence_card(e: EvidenceView | None) -> EvidenceCard | None:
    if e is None:
        return None
    known = finite(e.return_low_pct) and finite(e.return_high_pct)
    return EvidenceCard(
        rates=tuple(_rate(rate) for rate in e.rates),
        breakeven=percent(e.breakeven_win_pct),
        breakeven_of=e.breakeven_of,
        expected_return=signed_percent(e.expected_return_pct, 2),
        return_interval=f"{signed_percent(e.return_low_pct, 2)} to "
        f"{signed_percent(e.return_high_pct, 2)}"
        if known
        else f"interval {UNKNOWN}",
        return_tone=_tone(e.return_low_pct, e.return_high_pct),
        tries=f"{e.tries:,}",
        verdict=e.verdict,
        verdict_why=plain(e.verdict_why),
        wins_per_full_loss=number(e.wins_per_full_loss, 1),
        full_loss_in_20=percent(e.full_loss_in_20_pct, 0),
        notes=tuple(plain(note) for note in e.notes),
    )


def _rate(rate: RateView) -> RateRow:
    worth = f", worth {rate.n_eff:,.0f} independent ones" if rate.n_eff is not None else ""
    return RateRow(
        scope=rate.scope.replace("_", " "),
        rate=percent(rate.win_rate_pct),
        interval=f"{number(rate.low_pct, 1)}–{number(rate.high_pct, 1)} %",
        count=f"{rate.n:,} trades{worth}",
    )


def _tone(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return "up" if low > 0 else "down" if high < 0 else ""
