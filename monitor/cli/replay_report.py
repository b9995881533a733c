"""What a replay saw, as text for the terminal and as JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from monitor.domain.alert_text import clock_text, vix_text
from monitor.domain.plain_text import plain
from monitor.domain.vocabulary import Regime
from monitor.runtime.replay import ReplaySummary
from monitor.runtime.runner import Runner

SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """What the replayed folder does not have: whole sessions, and remarks on its files."""

    sessions: tuple[date, ...]
    notes: tuple[str, ...]


def replay_text(
    summary: ReplaySummary, runner: Runner, lacking: Lacking, *, zone: ZoneInfo, seconds: float
) -> str:
    """The lines of the summary."""
    return plain("\n".join(_lines(summary, runner, lacking, zone, seconds)), keep="\n")


def replay_json(summary: ReplaySummary, runner: Runner, lacking: Lacking) -> str:
    """The same as one object."""
    return msgspec.json.encode(
        {
            "schema_version": 1,
            "source": runner.identity.source,
            "sessions": sorted(summary.sessions),
            "missing_sessions": lacking.sessions,
            "cycles": summary.cycles,
            "regimes": [
                {"at": at, "previous": before, "regime": after, "vix": vix}
                for at, before, after, vix in summary.regimes
            ],
            "notices": dict(summary.notices),
            "problems": dict(summary.problems),
            "notes": lacking.notes,
            "home": str(runner.home.root),
            "simulated": runner.identity.simulated,
        }
    ).decode()


def _lines(
    summary: ReplaySummary, runner: Runner, lacking: Lacking, zone: ZoneInfo, seconds: float
) -> Iterator[str]:
    yield (
        f"Replayed {len(summary.sessions)} session(s), {summary.cycles} cycles "
        f"in {seconds:.1f} s ({runner.identity.source})"
    )
    if lacking.sessions:
        yield f"Not recorded, so passed over: {_days(lacking.sessions)}"
    yield from (f"Note: {note}" for note in lacking.notes)
    yield "Regimes:"
    for at, previous, current, vix in summary.regimes:
        change = f"{Regime(previous).label} → " if previous else "starts "
        yield f"  {clock_text(at, zone)}  {change}{Regime(current).label} (VIX {vix_text(vix)})"
    if not summary.regimes:
        yield "  none: VIX was never known"
    yield "Alerts sent: " + (
        ", ".join(
            f"{n} {kind.removesuffix(' first')}" for kind, n in sorted(summary.notices.items())
        )
        or "none"
    )
    if summary.problems:
        yield "Unknown or refused (cycles):"
        kinds = _kinds(summary.problems)
        yield from (f"  {n:5d}  {what}" for what, n in kinds.most_common(SHOWN))
        if len(kinds) > SHOWN:
            yield f"         and {len(kinds) - SHOWN} more (--json names all)"
    yield f"Its files: {runner.home.root}"


def _kinds(problems: Counter[str]) -> Counter[str]:
    """One line for what differs only in a number or date: "… (and 3 like it)"."""
    alike: dict[str, list[str]] = {}
    for what, _ in problems.most_common():
        alike.setdefault(re.sub(r"\d+", "#", what), []).append(what)
    return Counter(
        {
            first + (f" (and {len(more)} like it)" if more else ""): sum(
                problems[what] for what in (first, *more)
            )
            for first, *more in alike.values()
        }
    )


def _days(days: Sequence[date]) -> str:
    more = f" and {len(days) - SHOWN} more" if len(days) > SHOWN else ""
    return ", ".join(map(str, days[:SHOWN])) + more
