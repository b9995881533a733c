"""The session cache: quick, whole, and rebuilt when it must be."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from monitor.domain.trading_calendar import TradingCalendar
from monitor.providers import sessions
from monitor.providers.sessions import CachedSessions, load_calendar

TODAY = date(2026, 11, 21)


class Builder:
    """Stands in for exchange_calendars: one session a day for two years around today."""

    def __init__(self, ahead: int = 365) -> None:
        self.calls = 0
        self.ahead = ahead

    def __call__(self, today: date, version: str) -> CachedSessions:
        self.calls += 1
        days = [today.toordinal() + n for n in range(-365, self.ahead)]
        opens = [n * 1440 + 870 for n in range(len(days))]
        return CachedSessions(
            exchange="XNYS",
            library_version=version,
            built_on=today,
            days=days,
            opens=opens,
            closes=[n + 390 for n in opens],
        )


def load(home: Path, build: Builder, today: date = TODAY) -> TradingCalendar:
    return load_calendar(home, today=today, build=build)


def test_the_second_start_reads_the_file(home: Path) -> None:
    build = Builder()
    first, second = load(home, build), load(home, build)
    assert build.calls == 1
    assert list(first.sessions) == list(second.sessions)
    assert [path.name for path in home.iterdir()] == ["sessions-XNYS.json"]


def test_rebuilt_after_a_week(home: Path) -> None:
    build = Builder()
    load(home, build)
    load(home, build, TODAY + timedelta(days=7))
    assert build.calls == 1
    load(home, build, TODAY + timedelta(days=8))
    assert build.calls == 2


def test_rebuilt_when_the_horizon_is_near(home: Path) -> None:
    build = Builder(ahead=200)
    load(home, build)
    load(home, build)
    assert build.calls == 2


def test_rebuilt_when_the_library_changes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Builder()
    load(home, build)
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "99.0")
    load(home, build)
    assert build.calls == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"days"', '"dates"'),
        lambda text: json.dumps({**json.loads(text), "opens": json.loads(text)["opens"][1:]}),
        lambda text: json.dumps({**json.loads(text), "days": json.loads(text)["days"][::-1]}),
        lambda text: json.dumps({**json.loads(text), "closes": json.loads(text)["opens"]}),
        lambda text: json.dumps({**json.loads(text), "days": [], "opens": [], "closes": []}),
        lambda text: "\x00\xff",
    ],
    ids=["empty", "half", "renamed", "short", "reversed", "closed", "no sessions", "binary"],
)
def test_rebuilt_when_damaged(home: Path, damage: object) -> None:
    build = Builder()
    expected = list(load(home, build).sessions)
    path = home / "sessions-XNYS.json"
    assert callable(damage)
    path.write_text(damage(path.read_text("utf-8")), "latin-1")
    assert list(load(home, build).sessions) == expected
    assert build.calls == 2
    load(home, build)
    assert build.calls == 2


def test_a_folder_that_cannot_be_made_costs_only_the_cache(home: Path) -> None:
    blocked = home / "file"
    blocked.write_text("in the way")
    build = Builder()
    assert len(load(blocked / "cache", build).sessions) == 730
    assert build.calls == 1


def test_no_cache_folder_builds_and_keeps_nothing(home: Path) -> None:
    build = Builder()
    load_calendar(None, today=TODAY, build=build)
    assert build.calls == 1


def test_real_table_reaches_a_year_ahead_and_back_to_1990() -> None:
    calendar = load_calendar(None, today=TODAY)
    assert calendar.first == date(1990, 1, 2)
    assert date(2027, 11, 15) <= calendar.last <= date(2027, 11, 22)
    # as NYSE counts them; 2025 lost a session to the day of mourning
    for year, count in ((2023, 250), (2024, 252), (2025, 250)):
        assert len(calendar.between(date(year, 1, 1), date(year, 12, 31))) == count


def test_library_that_knows_less_is_taken_as_far_as_it_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import exchange_calendars

    real = exchange_calendars.get_calendar

    def limited(name: str, *, start: str, end: str | None = None) -> object:
        if end is not None:
            raise ValueError("end is later than the bound")
        return real(name, start="2026-01-01", end="2026-12-31")

    monkeypatch.setattr(exchange_calendars, "get_calendar", limited)
    built = sessions.build_sessions(TODAY, "x")
    assert date.fromordinal(built.days[-1]) == date(2026, 12, 31)


def test_the_cached_path_needs_neither_pandas_nor_numpy(home: Path) -> None:
    load(home, Builder())
    script = (
        "import sys; from pathlib import Path; from datetime import date\n"
        "from monitor.providers.sessions import load_calendar\n"
        f"load_calendar(Path({str(home)!r}), today=date(2026, 11, 21))\n"
        "print(sorted({'numpy','pandas','pyarrow','exchange_calendars'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
