"""The session's series for the page: what is drawn, and when a file is written."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.spine import CALENDAR, MINUTE, NOW, bars, make_session, pacific, quote

from monitor.config import RegimeEdges
from monitor.domain.context import MarketContext, build_context
from monitor.domain.quote_guard import Judgement
from monitor.runtime.charts import MAX_POINTS, SPACING_S, ChartFiles, SessionSeries


class Seconds:
    """Real seconds that pass when told."""

    value = 0.0

    def __call__(self) -> float:
        return self.value


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def charts(tmp_path: Path, seconds: Seconds) -> ChartFiles:
    return ChartFiles(
        folder=tmp_path, edges=RegimeEdges(), source="test", simulated=False, monotonic=seconds
    )


def context(at: Any, *, price: float = 100.0, vix: float = 17.0, stale: bool = False) -> Any:
    judged = {
        symbol: Judgement(quote=(q := quote(symbol, value, at)), last_good=q, stale=stale)
        for symbol, value in (("NDX", price), ("VIX", vix))
    }
    built: MarketContext = build_context(
        "NDX", judged=judged, daily={}, profile=None, calendar=CALENDAR, now=at
    )
    return {"NDX": built}


def drawn(charts: ChartFiles) -> Any:
    return json.loads((charts.folder / "NDX.json").read_bytes())


def test_points_are_utc_seconds_and_values(charts: ChartFiles, seconds: Seconds) -> None:
    charts.update(context(NOW), NOW)
    seconds.value += SPACING_S
    charts.update(context(NOW + MINUTE, price=101.0, vix=18.0), NOW + MINUTE)
    at = int(NOW.timestamp())
    shown = drawn(charts)
    assert shown["price"] == [[at, 100.0], [at + 60, 101.0]]
    assert shown["vix"] == [[at, 17.0], [at + 60, 18.0]]
    assert shown["session"] == {"open": "2026-11-18T14:30:00Z", "close": "2026-11-18T21:00:00Z"}
    assert shown["regime_edges"] == [12.0, 16.0, 20.0, 30.0]


def test_files_are_written_once_a_second_and_nothing_is_lost(
    charts: ChartFiles, seconds: Seconds
) -> None:
    for i in range(5):
        charts.update(context(NOW + i * MINUTE), NOW + i * MINUTE)
    assert len(drawn(charts)["price"]) == 1  # the first at once
    seconds.value += SPACING_S
    charts.update(context(NOW + 5 * MINUTE), NOW + 5 * MINUTE)
    assert len(drawn(charts)["price"]) == 6
    charts.update(context(NOW + 6 * MINUTE), NOW + 6 * MINUTE)
    charts.write()
    assert len(drawn(charts)["price"]) == 7


def test_stale_values_are_not_drawn(charts: ChartFiles) -> None:
    charts.update(context(NOW, stale=True), NOW)
    assert drawn(charts)["price"] == drawn(charts)["vix"] == []


def test_a_new_session_begins_empty_and_the_night_keeps_the_last(
    charts: ChartFiles, seconds: Seconds
) -> None:
    charts.update(context(NOW), NOW)
    evening = pacific("18:00")
    seconds.value += SPACING_S
    charts.update(context(evening), evening)
    assert len(drawn(charts)["price"]) == 1
    morning = pacific("06:31", date(2026, 11, 19))
    seconds.value += SPACING_S
    charts.update(context(morning), morning)
    assert drawn(charts)["price"] == [[int(morning.timestamp()), 100.0]]


def test_bars_of_the_session_fill_what_was_before_the_start(charts: ChartFiles) -> None:
    opening = make_session(date(2026, 11, 18)).open
    charts.seed(bars("NDX", {opening + timedelta(minutes=5 * i): 0.0 for i in range(3)}, price=9))
    charts.update(context(NOW), NOW)
    first = int(opening.timestamp()) + 300  # a bar is known at its end
    assert drawn(charts)["price"] == [
        [first, 9.0], [first + 300, 9.0], [first + 600, 9.0], [int(NOW.timestamp()), 100.0],
    ]  # fmt: skip


def test_bars_of_yesterday_are_not_drawn_into_today(charts: ChartFiles) -> None:
    charts.seed(bars("NDX", {make_session(date(2026, 11, 17)).open: 0.0}, price=9))
    charts.update(context(NOW), NOW)
    assert len(drawn(charts)["price"]) == 1


def test_a_long_series_is_thinned_and_keeps_its_newest_point() -> None:
    session = make_session(date(2026, 11, 18))
    series = SessionSeries(session=session)
    for i in range(1170):  # every 20 s
        series.add(session.open + timedelta(seconds=20 * i), float(i))
    points = series.thinned()
    assert len(points) <= MAX_POINTS
    assert points[-1][1] == 1169.0
    assert np.all(np.diff([at for at, _ in points]) == 60)
