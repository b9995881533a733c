"""The view model: pure, and every answer below worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
from fakes.snapshots import NOON_NY, empty_snapshot, rich_snapshot

from dashboard.funnel_panel import log_width
from dashboard.opportunity_panel import against_breakeven
from dashboard.position_panel import exit_bar
from dashboard.snapshot_source import Loaded, Missing, Unreadable, decode_parts
from dashboard.view_model import Page, build_page, title
from monitor.domain.snapshot import Snapshot


def page_of(snapshot: Snapshot, *, late_s: float = 2.0, written_after_s: float = 0.0) -> Page:
    raw = msgspec.json.encode(snapshot)
    written = snapshot.generated_at + timedelta(seconds=written_after_s)
    loaded = Loaded(parts=decode_parts(raw), raw=raw, written_at=written, fingerprint="f")
    return build_page(loaded, written + timedelta(seconds=late_s))


def test_fresh_until_the_next_update_is_overdue_by_its_grace() -> None:
    snapshot = rich_snapshot()  # next due 60 s after it was made, grace 5 s
    assert page_of(snapshot, late_s=65).status.state == "fresh"
    late = page_of(snapshot, late_s=65.1)
    assert late.status.state == "stale"
    assert late.status.headline == "STALE"
    assert late.status.generated is not None
    assert late.status.generated.age == "1 min ago"
    assert title(late).startswith("STALE")


def test_trap_34_simulated_data_says_so_on_top() -> None:
    demo = page_of(rich_snapshot(simulated=True, source="demo"))
    assert demo.status.simulated.startswith("SIMULATED")
    assert "SIMULATED" in title(demo)
    assert page_of(rich_snapshot()).status.simulated == ""


def test_a_replayed_day_ages_by_the_time_since_its_file_was_written() -> None:
    # Years after the day itself the page still knows whether the replay runs.
    snapshot = rich_snapshot(simulated=True, source="replay:bars")
    years = 3 * 365 * 86400.0
    assert page_of(snapshot, written_after_s=years, late_s=30).status.state == "fresh"
    assert page_of(snapshot, written_after_s=years, late_s=70).status.state == "stale"


def test_unknown_is_a_word_with_its_reason_and_no_number() -> None:
    card = page_of(empty_snapshot()).markets[0]
    assert (card.price.text, card.price.unit, card.price.known) == ("unknown", "", False)
    assert card.price.why == "yahoo: no answer within 6 s (tried 3 times)"
    assert card.vix.text == "unknown"
    assert (card.regime, card.regime_why) == ("unknown", card.vix.why)
    iv_rank = next(f for f in card.figures if f.label == "IV rank")
    assert iv_rank.why == "no daily history of VXN yet"
    assert not any(step.current for step in card.regime_scale)


def test_trap_36_prices_carry_source_delay_and_age() -> None:
    spx = page_of(rich_snapshot()).markets[1]
    assert spx.provenance == "cboe, delayed 15 min"
    assert spx.price.asof is not None
    assert spx.price.asof.age == "16 min ago"
    assert spx.price.stale


def test_vix_names_its_source_like_every_other_number() -> None:
    markets = rich_snapshot().markets
    level = next(v for v in markets[0].vix_family if v.symbol == "VIX")
    assert level.source
    assert page_of(rich_snapshot()).markets[0].vix.source == level.source


def test_trap_11_the_underlyings_own_index_stands_beside_vix() -> None:
    ndx, spx = page_of(rich_snapshot()).markets
    assert ndx.figures[0].label == "VXN"
    assert "VIX" not in [f.label for f in spx.figures]  # SPX's own is VIX, shown once


def test_urgent_positions_come_first_and_are_named_on_top() -> None:
    page = page_of(rich_snapshot())
    assert [p.id for p in page.positions] == ["7c1e", "e90b", "a3f8"]
    assert [a.text for a in page.attention] == [
        "Close 7c1e: SPX put spread (stop due)",
        "Settle e90b: QQQ call spread (settle due)",
        "Risk limit breached: Total Capital at Risk $27,085 of $25,000",
    ]
    assert title(page) == "(3 to act on) Condorwatch"


def test_bar_runs_from_stop_to_target() -> None:
    condor = rich_snapshot().positions[0]  # stop −570, target 142.5, P&L 98
    bar = exit_bar(condor)
    assert bar is not None
    assert (bar.left, bar.right) == ("−$570", "+$142.50")
    assert bar.zero == 80.0  # 570 of 712.50
    assert bar.pnl == 93.75  # 668 of 712.50 = 93.754
    assert not bar.beyond


def test_trap_06_where_the_stop_can_never_fire_the_bar_starts_at_the_maximum_loss() -> None:
    card = page_of(rich_snapshot()).positions[1]
    assert card.bar is not None
    assert card.bar.left == "−$320"
    assert card.bar.left_is_max_loss
    assert any("can never fire" in row.note for row in card.exits)


def test_a_position_without_a_mark_has_no_marker_on_its_bar() -> None:
    card = page_of(rich_snapshot()).positions[1]
    assert card.bar is not None
    assert card.bar.pnl is None
    assert (card.pnl, card.pnl_known) == ("unknown", False)
    assert card.exits[0].distance == "distance unknown"


def test_trap_01_computed_and_stated_risk_stand_side_by_side() -> None:
    card = page_of(rich_snapshot()).positions[2]
    assert (card.max_loss, card.stated_risk) == ("$19,715", "$1,715")


def test_limit_bar_never_runs_over_its_end() -> None:
    portfolio = page_of(rich_snapshot()).portfolio
    assert portfolio is not None
    total = portfolio.limits[1]
    assert (total.text, total.share) == ("$27,085 of $25,000", "108 %")
    assert (total.fill, total.breached) == (100.0, True)
    assert portfolio.unrealized_why == "2 of 3 positions have a P&L"


def test_win_rate_is_read_against_break_even() -> None:
    assert against_breakeven(91.3, 97.7, 88.9) == "whole interval above break-even"
    assert against_breakeven(84.6, 94.9, 88.0) == "interval includes break-even"
    assert against_breakeven(80.1, 90.6, 91.5) == "whole interval below break-even"
    assert against_breakeven(80.1, 90.6, None) == "break-even unknown"


def test_opportunities_in_their_window_come_first_and_share_one_scale() -> None:
    rows = page_of(rich_snapshot()).opportunities
    assert [row.rank for row in rows] == [1, 2, 4, 5, 3, 6]
    assert {row.bar.start_pct for row in rows} == {80}
    assert rows[0].bar.point == 77.5  # 95.5 on 80..100
    assert rows[-1].bar.breakeven is None


def test_trap_28_the_funnel_says_which_step_emptied_it_and_the_nearest_miss() -> None:
    funnel = page_of(rich_snapshot()).funnel
    assert funnel is not None
    spx = funnel.tickers[1]
    assert spx.emptied_by == "quality"
    assert [row.name for row in spx.rows if row.emptied] == ["quality"]
    assert spx.nearest_miss == "3DTE P97 IRON_CONDOR @ 07:30: win rate is 86.2 %, needs 90 %"
    assert [row.dropped for row in spx.rows][:3] == ["", "−458", "−922"]
    assert [p.name for p in spx.profiles if p.current] == ["balanced"]


def test_funnel_bars_are_logarithmic_and_nothing_is_nothing() -> None:
    assert log_width(999, 999) == 100.0
    assert log_width(0, 999) == 0.0
    assert log_width(9, 99) == 50.0  # log 10 of log 100


def test_a_failing_source_is_counted_and_worded() -> None:
    health = page_of(rich_snapshot()).health
    assert health is not None
    cboe = next(row for row in health.rows if row.name == "cboe")
    assert not cboe.good
    assert cboe.state == "left alone after failures"
    assert cboe.error == "429 Too Many Requests"
    assert health.troubles == 1


def test_control_characters_in_a_note_are_spelled_out() -> None:
    snapshot = rich_snapshot()
    first = replace(snapshot.positions[0], notes=("a\u202eb\x1b[31m",))
    page = page_of(replace(snapshot, positions=(first,)))
    assert page.positions[0].notes == ("a\\u202eb\\x1b[31m",)


def test_before_the_first_snapshot_the_page_says_how_to_start() -> None:
    page = build_page(Missing(path="data/dashboard_data.json"), NOON_NY)
    assert page.status.state == "empty"
    assert "has not written anything yet" in page.status.detail
    assert "monitor --ticker NDX" in page.status.hint
    assert page.portfolio is None


def test_an_unreadable_snapshot_is_said_and_shows_nothing() -> None:
    broken = Unreadable(path="x.json", why="truncated", hint="look there", fingerprint="f")
    page = build_page(broken, NOON_NY)
    assert page.status.state == "failed"
    assert "x.json: truncated" in page.status.detail
    assert title(page).startswith("FAILED")
