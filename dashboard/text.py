"""Numbers and instants as the page words them. Pure; unknown is always the word "unknown"."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNKNOWN = "unknown"
MINUS = "−"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """An instant: RFC 3339 for machines, words in the display zone, age at rendering time."""

    iso: str
    text: str
    age: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number as it is shown, with what makes it trustworthy.

    `text` is "unknown" and `why` says the reason where `known` is false.
    """

    label: str
    text: str
    unit: str = ""
    known: bool = True
    why: str = ""
    source: str = ""
    asof: Stamp | None = None
    stale: bool = False
    tone: str = ""  # "up" | "down" | "": beside a sign, never instead of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How instants read: in which zone, seen from which `now`."""

    zone: ZoneInfo
    zone_label: str
    now: datetime

    def stamp(self, instant: datetime, *, seconds: bool = True) -> Stamp:
        age = (self.now - instant).total_seconds()
        text = self.at(instant, seconds=seconds)
        return Stamp(iso=rfc3339(instant), text=text, age=age_text(age))

    def maybe(self, instant: datetime | None) -> Stamp | None:
        return None if instant is None else self.stamp(instant)

    def at(self, instant: datetime, *, seconds: bool = True) -> str:
        """ "09:15:03 PT", with the day in front unless it is today in the display zone."""
        local = instant.astimezone(self.zone)
        clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
        same_day = local.date() == self.now.astimezone(self.zone).date()
        day = "" if same_day else day_text(local.date(), year=self.now.year) + " "
        return f"{day}{clock} {self.zone_label}"


def wording(zone_name: str, now: datetime) -> Wording:
    """The wording for a zone name; a name this machine does not know reads as UTC, and says so."""
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError):
        return Wording(zone=ZoneInfo("UTC"), zone_label="UTC", now=now)
    pacific = zone_name == "America/Los_Angeles"
    label = "PT" if pacific else now.astimezone(zone).strftime("%Z")
    return Wording(zone=zone, zone_label=label, now=now)


def rfc3339(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def day_text(day: date, *, year: int | None = None) -> str:
    """ "Fri Feb 20", with the year where it is not `year`."""
    tail = f" {day.year}" if year is not None and day.year != year else ""
    return f"{day:%a} {day:%b} {day.day}{tail}"


def age_text(seconds: float) -> str:
    """ "12 s ago", "4 min ago", "2 h 05 min ago", "3 d 4 h ago"; "in …" for what is to come."""
    length = duration_text(abs(seconds))
    return f"in {length}" if seconds <= -1 else f"{length} ago"


def duration_text(seconds: float) -> str:
    total = int(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min"
    if total < 86400:
        return f"{total // 3600} h {total % 3600 // 60:02d} min"
    return f"{total // 86400} d {total % 86400 // 3600} h"


def finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def number(value: float | None, digits: int = 2) -> str:
    """ "19,876.25"; at most `digits` decimals always shown, so that columns line up."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{abs(value):,.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and float(text.replace(",", "")) != 0 else text


def signed(value: float | None, digits: int = 2) -> str:
    text = number(value, digits)
    return f"+{text}" if value is not None and text[0].isdigit() and value > 0 else text


def strike(value: float) -> str:
    """ "19500", "412.5": strikes are names more than amounts, so no separator, no filler."""
    return f"{value:.10g}"


def usd(value: float | None) -> str:
    """ "$1,715", "$142.50", "−$570": cents only where there are any."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    amount = round(abs(value), 2)
    text = f"${amount:,.0f}" if amount == int(amount) else f"${amount:,.2f}"
    return f"{MINUS}{text}" if value < 0 and amount else text


def signed_usd(value: float | None) -> str:
    text = usd(value)
    return f"+{text}" if value is not None and text[0] == "$" and round(value, 2) > 0 else text


def percent(value: float | None, digits: int = 1) -> str:
    text = number(value, digits)
    return text if text == UNKNOWN else f"{text} %"


def signed_percent(value: float | None, digits: int = 1) -> str:
    text = signed(value, digits)
    return text if text == UNKNOWN else f"{text} %"


def words(name: str) -> str:
    """ "iron_condor" → "iron condor"."""
    return name.replace("_", " ")


def tone(value: float | None) -> str:
    if value is None or not math.isfinite(value) or value == 0:
        return ""
    return "up" if value > 0 else "down"
