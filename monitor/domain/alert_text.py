"""The words of the alerts: numbers as they stand in alerts.log, and conditions of the market.

Titles are those of docs/alerts.md, to the letter. Times inside a text are in the display zone
and say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.clock import PACIFIC
from monitor.domain.alerts import Condition
from monitor.domain.vocabulary import Level, Regime


def usd(amount: float) -> str:
    """Dollars and cents with their sign: "$142.50", "-$570.00"."""
    cents = round(amount, 2)
    return f"{'-' if cents < 0 else ''}${abs(cents):,.2f}"


def usd_short(amount: float) -> str:
    """The same without cents where there are none: "$55,000"."""
    return usd(amount).removesuffix(".00")


def signed_pct(percent: float) -> str:
    """ "+50.0%", "-200.0%"; never "-0.0%"."""
    return f"{round(percent, 1) + 0.0:+.1f}%"


def vix_text(vix: float) -> str:
    """VIX as quoted, at least one decimal: 18.5, 18.53, 20.0.

    Not rounded to one decimal: 19.96 read as "20.0" would contradict its regime.
    """
    text = f"{vix:.2f}"
    return text.removesuffix("0")


def clock_text(instant: datetime, zone: ZoneInfo = PACIFIC) -> str:
    """Date, minute and zone as the person reads them: "2026-02-21 10:45 PT"."""
    local = instant.astimezone(zone)
    name = "PT" if zone.key == PACIFIC.key else local.strftime("%Z")
    return f"{local:%Y-%m-%d %H:%M} {name}"


def age_text(age: timedelta) -> str:
    """ "12 s", "5 min", "2 h 10 min", "3 days"; rounded down; a future stamp says so."""
    seconds = int(age.total_seconds())
    if seconds < 0:
        return "stamped in the future"
    if seconds < 60:
        return f"{seconds} s old"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min old"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min old"
    return f"{minutes // (24 * 60)} days old"


def regime_change_condition(
    previous: Regime,
    current: Regime,
    *,
    vix: float,
    asof: datetime,
    source: str,
    now: datetime,
    zone: ZoneInfo = PACIFIC,
) -> Condition:
    """VIX moved into another regime; told once per change."""
    return Condition(
        key="regime",
        level=Level.WARNING,
        title=f"Regime change: {previous.label} → {current.label} (VIX {vix_text(vix)})",
        details=(f"VIX from {source}, as of {clock_text(asof, zone)}, {age_text(now - asof)}",),
        event=True,
        fingerprint=f"{previous}>{current}@{asof.isoformat()}",
        data=(
            ("previous", previous.value),
            ("regime", current.value),
            ("vix", vix),
            ("vix_asof", asof.isoformat()),
            ("vix_source", source),
        ),
    )


def opportunity_key(ticker: str, session_date: date) -> str:
    return f"opportunity:{ticker}:{session_date}"


def opportunity_condition(
    *,
    ticker: str,
    session_date: date,
    configs: Sequence[str],
    lines: Sequence[str],
    facts: Sequence[tuple[str, str | float | None]] = (),
) -> Condition:
    """Configurations worth opening now.

    Told when one of `configs` was not told yet this session; the same ones again are silent.

    Args:
        configs: Keys that name each configuration for ever ("3:P98:iron_condor:…@07:30").
        lines: The detail lines, one or more per configuration, without indentation.
        facts: The numbers behind the lines.
    """
    return Condition(
        key=opportunity_key(ticker, session_date),
        level=Level.OPPORTUNITY,
        title=f"Found {len(configs)} trade opportunity(ies)",
        details=tuple(lines),
        event=True,
        fingerprint=" ".join(_token(config) for config in configs),
        ticker=ticker,
        data=(("session", session_date.isoformat()), ("configs", " ".join(configs)), *facts),
    )


def data_problem_condition(
    ticker: str | None,
    what: str,
    why: str,
    *,
    level: Level = Level.WARNING,
    hold: timedelta = timedelta(0),
) -> Condition:
    """Something needed is unknown, stale or contradictory.

    One alert per `what`; a `why` that counts seconds does not make it another.

    Args:
        what: The field or part ("price", "VIX", "grid file").
        why: One sentence with value and limit.
        hold: How long it must last before it is told.
    """
    subject = f"{ticker} {what}" if ticker else what
    return Condition(
        key=f"data:{ticker or '-'}:{what}",
        level=level,
        title=f"Data problem: {subject} | {why}",
        ticker=ticker,
        resolved_title=f"Data is back: {subject}",
        hold=hold,
        data=(("what", what), ("why", why)),
    )


def channel_condition(channel: str, why: str) -> Condition:
    """A notifier was switched off because it can no longer deliver."""
    return Condition(
        key=f"channel:{channel}",
        level=Level.ERROR,
        title=f"Alert channel {channel} is switched off | {why}",
        details=("Its messages wait; correct the cause, then start the monitor again",),
        resolved_title=f"Alert channel {channel} delivers again",
        data=(("channel", channel), ("why", why)),
    )


def _token(config: str) -> str:
    return hashlib.blake2s(config.encode(), digest_size=6).hexdigest()
