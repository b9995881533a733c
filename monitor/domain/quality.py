"""Quality thresholds: what each profile asks of a configuration, and what one falls short of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from monitor.config import Quality
from monitor.domain.grid import GridRow
from monitor.domain.vocabulary import Profile, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Least values, None where nothing is asked. Percentages are 0..100."""

    win_rate_pct: float | None = None
    roi_pct: float | None = None
    sharpe: float | None = None
    score: float | None = None
    evidence_only: bool = False

    def __str__(self) -> str:
        asked = [f"{t.name} {t.needed}" for t in _tests(self)]
        if self.evidence_only:
            asked.append("verdict evidence")
        return ", ".join(asked) or "nothing asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """One threshold that is not reached; `distance` is relative to what is needed."""

    threshold: str
    value: str
    needed: str
    distance: float

    def __str__(self) -> str:
        return f"{self.threshold} {self.value} needs {self.needed}"


_PROFILES = {
    Profile.CONSERVATIVE: Thresholds(
        win_rate_pct=90, roi_pct=20, sharpe=0.30, score=50, evidence_only=True
    ),
    Profile.BALANCED: Thresholds(win_rate_pct=90, roi_pct=20, sharpe=0.30, score=50),
    Profile.AGGRESSIVE: Thresholds(win_rate_pct=80, roi_pct=2, sharpe=0),
    Profile.MAXIMUM: Thresholds(),
}


@lru_cache(maxsize=32)
def thresholds_of(quality: Quality, profile: Profile | None = None) -> Thresholds:
    """A profile's thresholds with the person's own over them (those hold for every profile)."""
    base = _PROFILES[profile or quality.profile]
    return Thresholds(
        win_rate_pct=_own(quality.min_win_rate_pct, base.win_rate_pct),
        roi_pct=_own(quality.min_roi_pct, base.roi_pct),
        sharpe=_own(quality.min_sharpe, base.sharpe),
        score=_own(quality.min_score, base.score),
        evidence_only=base.evidence_only,
    )


def shortfalls(row: GridRow, verdict: Verdict, asked: Thresholds) -> tuple[Shortfall, ...]:
    """Every threshold the configuration does not reach, furthest first."""
    values = (row.win_rate_pct, row.roi_pct, row.sharpe, row.score)
    short = [
        Shortfall(
            threshold=test.name,
            value=f"{value:.4g}{test.unit}",
            needed=test.needed,
            distance=(test.least - value) / max(abs(test.least), 1.0),
        )
        for test in _tests(asked)
        if (value := values[test.place]) < test.least
    ]
    if asked.evidence_only and verdict is not Verdict.EVIDENCE:
        short.append(
            Shortfall(threshold="verdict", value=verdict.value, needed="evidence", distance=1.0)
        )
    return tuple(sorted(short, key=lambda s: -s.distance))


@dataclass(frozen=True, slots=True)
class _Test:
    place: int  # among win rate, ROI, Sharpe, score
    name: str
    unit: str
    least: float
    needed: str


@lru_cache(maxsize=32)
def _tests(asked: Thresholds) -> tuple[_Test, ...]:
    measures = (
        ("win rate", " %", asked.win_rate_pct),
        ("ROI", " %", asked.roi_pct),
        ("Sharpe", "", asked.sharpe),
        ("score", "", asked.score),
    )
    return tuple(
        _Test(place, name, unit, least, f"≥ {least:g}{unit}")
        for place, (name, unit, least) in enumerate(measures)
        if least is not None
    )


def _own(given: float | None, base: float | None) -> float | None:
    return base if given is None else given
