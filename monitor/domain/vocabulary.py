"""The field's words as enums, one meaning each."""

from __future__ import annotations

from enum import StrEnum


class SpreadType(StrEnum):
    """What is sold.

    A put spread earns when price holds or rises, a call spread when it holds or falls,
    an iron condor when it stays.
    """

    PUT_SPREAD = "put_spread"
    CALL_SPREAD = "call_spread"
    IRON_CONDOR = "iron_condor"


class FlowMode(StrEnum):
    """Direction against the day's move so far.

    `with_flow` earns if the day's move goes on, `against_flow` if it reverses;
    condors have none.
    """

    WITH_FLOW = "with_flow"
    AGAINST_FLOW = "against_flow"
    NEUTRAL = "neutral"


class BandMode(StrEnum):
    """How past moves become a band: as they were, or in units of the volatility of their day."""

    RAW100 = "raw100"
    VIX250 = "vix250"


class Trend(StrEnum):
    UP = "up"
    DOWN = "down"
    SIDEWAYS = "sideways"


class Regime(StrEnum):
    """Volatility regimes by VIX level, calmest first (see `regime.py` for the edges)."""

    VERY_LOW = "very_low"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EXTREME = "extreme"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").upper()


class Settlement(StrEnum):
    """AM: last trade the session before, settled on the opening prices. PM: on the close."""

    AM = "am"
    PM = "pm"


class Profile(StrEnum):
    """How strict the quality filter is (docs/grid.md)."""

    CONSERVATIVE = "conservative"
    BALANCED = "balanced"
    AGGRESSIVE = "aggressive"
    MAXIMUM = "maximum"


class Level(StrEnum):
    """Alert levels as they stand in alerts.log, least urgent first."""

    INFO = "INFO"
    OPPORTUNITY = "OPPORTUNITY"
    WARNING = "WARNING"
    EXIT = "EXIT"
    ERROR = "ERROR"


class LadderStep(StrEnum):
    """How near a short strike is, least urgent first; UNKNOWN where its distance is."""

    UNKNOWN = "unknown"
    CALM = "calm"
    WATCH = "watch"
    WARNING = "warning"
    CRITICAL = "critical"
    BREACHED = "breached"


class AlertFrom(StrEnum):
    """The first step of the ladder that is told."""

    WATCH = "watch"
    WARNING = "warning"
    CRITICAL = "critical"
    BREACHED = "breached"
    NEVER = "never"


class Loudness(StrEnum):
    """How a level is told on a person's channel."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


class Verdict(StrEnum):
    """What the statistics say of a configuration; UNKNOWN when the file has none."""

    EVIDENCE = "evidence"
    WEAK = "weak"
    NO_EDGE = "no edge"
    UNKNOWN = "unknown"


class PositionStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class SessionState(StrEnum):
    PRE_OPEN = "pre_open"  # a session today, not begun
    OPEN = "open"
    AFTER_CLOSE = "after_close"
    NO_SESSION = "no_session"  # weekend or holiday
