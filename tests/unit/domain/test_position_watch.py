"""Open positions together: short ids, limits, what cannot be judged, how the page shows them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from fakes.positions_book import put_spread
from fakes.spine import CALENDAR, NOW, pacific

from monitor.clock import PACIFIC
from monitor.config import Limits
from monitor.domain.exits import ExitRules
from monitor.domain.position_watch import (
    PositionWatch,
    conditions_of,
    position_view,
    short_ids,
    undecided,
    watch_positions,
)
from monitor.domain.positions import PnlMark, Position
from monitor.domain.vocabulary import Settlement

RULES = ExitRules()


def watch(*positions: Position, now: datetime = NOW) -> PositionWatch:
    return watch_positions(positions, rules=RULES, limits=Limits(), calendar=CALENDAR, now=now)


def mark(pnl_usd: float) -> PnlMark:
    return PnlMark(pnl_usd=pnl_usd, asof=NOW, source="you")


@pytest.mark.parametrize(
    ("ids", "short"),
    [
        (["a3f8c2d1"], ["a3f8"]),
        (["a3f8c2d1", "b3f8c2d1"], ["a3f8", "b3f8"]),
        (["a3f8c2d1", "a3f8c2d2"], ["a3f8c2d1", "a3f8c2d2"]),
        (["a3f80000", "a3f81111", "ffff0000"], ["a3f80", "a3f81", "ffff"]),
        (["a3f8", "a3f8c2d1"], ["a3f8", "a3f8c"]),
        ([], []),
    ],
)
def test_short_ids_are_the_shortest_unique_prefixes(ids: list[str], short: list[str]) -> None:
    assert [short_ids(ids)[i] for i in ids] == short


def test_trap_1_limits_count_the_computed_risk() -> None:
    stated = put_spread(risk_usd=850.0)  # computed: $29,850
    total = watch(stated).limits[1]
    assert (total.name, total.value, total.breached) == ("Total Capital at Risk", 29_850, False)
    two = watch(stated, put_spread("b0000000")).limits[1]
    assert (two.value, two.breached) == (59_700, True)


def test_a_settled_position_is_no_longer_at_risk() -> None:
    expired = put_spread(expiration=date(2026, 11, 17))
    assert [limit.value for limit in watch(expired).limits] == [0, 0]


def test_an_unplaceable_position_counts_at_full_risk_and_is_named() -> None:
    seen = watch(put_spread(expiration=date(2026, 11, 26)))  # Thanksgiving
    assert [limit.value for limit in seen.limits] == [1, 29_850]
    assert "not a trading session" in seen.problems[0].why
    assert conditions_of(seen, now=NOW, zone=PACIFIC) == []
    assert undecided(seen) == ["exit:a3f8c2d1:"]


def test_without_a_mark_price_exits_are_undecided_and_unknown() -> None:
    seen = watch(put_spread())
    assert undecided(seen) == ["exit:a3f8c2d1:stop_loss", "exit:a3f8c2d1:profit_target"]
    row = position_view(seen.watched[0], rules=RULES, calendar=CALENDAR, now=NOW)
    assert (row.pnl_usd, row.pnl_pct, row.pnl_age_s) == (None, None, None)
    assert [e.distance_usd for e in row.exits if e.level_usd is not None] == [None, None]


def test_a_row_by_hand() -> None:
    """$150 for three 100-point spreads: half a point a share; target $75, stop −$300."""
    seen = watch(put_spread(mark=mark(30.0)), now=NOW + timedelta(minutes=5))
    row = position_view(
        seen.watched[0], rules=RULES, calendar=CALENDAR, now=NOW + timedelta(minutes=5)
    )
    assert row.credit == 0.5
    assert row.dte == 5  # 19, 20, 23, 24, 25 November
    assert (row.pnl_usd, row.pnl_pct, row.pnl_age_s) == (30.0, 20.0, 300.0)
    distances = {e.kind: e.distance_usd for e in row.exits if e.level_usd is not None}
    assert distances == {"profit_target": 45.0, "stop_loss": 330.0}
    at = {e.kind: e.at for e in row.exits if e.at is not None}
    assert at["time_exit"] == pacific("12:45", date(2026, 11, 24))
    assert at["heads_up"] == pacific("06:30", date(2026, 11, 24))
    assert at["settle"] == pacific("13:00", date(2026, 11, 25))
    assert row.state == "open"


def test_trap_18_an_am_series_ends_the_session_before() -> None:
    third_friday = put_spread(expiration=date(2026, 11, 20), settlement=Settlement.AM)
    row = position_view(watch(third_friday).watched[0], rules=RULES, calendar=CALENDAR, now=NOW)
    at = {e.kind: e.at for e in row.exits if e.at is not None}
    assert at["settle"] == pacific("13:00", date(2026, 11, 19))


def test_trap_17_an_expired_position_says_settle_me_and_nothing_else() -> None:
    expired = put_spread(expiration=date(2026, 11, 17), mark=mark(-400.0))
    seen = watch(expired)
    told = conditions_of(seen, now=NOW, zone=PACIFIC)
    assert [c.title for c in told] == [
        "Settle me - Position a3f8 | trading ended 2026-11-17 13:00 PT"
    ]
    row = position_view(seen.watched[0], rules=RULES, calendar=CALENDAR, now=NOW)
    assert (row.state, row.dte) == ("settle me", -1)


def test_an_unplaceable_row_is_shown_as_unknown_with_its_reason() -> None:
    far = watch(put_spread(expiration=date(2031, 1, 3))).watched[0]
    row = position_view(far, rules=RULES, calendar=CALENDAR, now=NOW)
    assert (row.state, row.dte, row.exits) == ("unknown", None, ())
    assert "outside the exchange calendar" in row.warnings[-1]
