"""The snapshot: its size at the busiest, its sums, and sessions as the page shows them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.live import band_bars, condor_chain
from fakes.positions_book import put_spread
from fakes.snapshots import empty_snapshot
from fakes.spine import CALENDAR, NOW, Cycle, make_session, pacific, quote

from monitor.config import Limits, Quality, Settings
from monitor.domain.market_view import session_view
from monitor.domain.positions import PnlMark
from monitor.domain.snapshot import AlertView, Snapshot
from monitor.domain.snapshot_build import Surroundings, build_snapshot
from monitor.domain.step import CycleResult
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Trend
from monitor.grid_file import load_grid

COLUMNS = (
    "dte,band,spread_type,flow_mode,spread_width,entry_time_pst,entry_time_et,time_bucket,"
    "expected_win_pct,expected_roi_pct,sharpe,expected_credit,max_risk_per_contract,avg_pnl,"
    "n_trades,trade_score"
)


def built(result: CycleResult, *, now: datetime = NOW, **around: Any) -> Snapshot:
    base = empty_snapshot(now)
    given: dict[str, Any] = {
        "monitor": base.monitor, "health": base.health, "alerts": (), "closed_positions": 0,
        "realized_pnl_usd": 0.0, "trend": Trend.SIDEWAYS, "trend_source": "settings",
        "grid": None, "grid_problem": "no grid file", "next_due_at": now,
    }  # fmt: skip
    return build_snapshot(
        result, Surroundings(**{**given, **around}), settings=Settings(), calendar=CALENDAR, now=now
    )


def test_sums_are_over_what_is_known(tmp_path: Path) -> None:
    marked = put_spread(mark=PnlMark(pnl_usd=30.0, asof=NOW, source="you"))
    unknown = put_spread("b0000000", realized_pnl_usd=12.5)  # partly closed before
    result = Cycle().run(positions=(marked, unknown))
    portfolio = built(result, closed_positions=3, realized_pnl_usd=100.0).portfolio
    assert (portfolio.open, portfolio.closed, portfolio.marked) == (2, 3, 1)
    assert portfolio.total_max_loss_usd == 59_700  # 2 × $29,850
    assert portfolio.unrealized_pnl_usd == 30
    assert portfolio.realized_pnl_usd == 112.5


def test_without_any_mark_unrealized_pnl_is_unknown_not_zero() -> None:
    portfolio = built(Cycle().run(positions=(put_spread(),))).portfolio
    assert (portfolio.unrealized_pnl_usd, portfolio.marked) == (None, 0)


def test_the_regime_is_unknown_while_vix_is_stale() -> None:
    one = Cycle()
    assert built(one.run()).markets[0].regime == "medium"
    late = pacific("07:42")
    result = one.run(
        late, readings={"NDX": quote("NDX", 25_000.0, late), "VIX": quote("VIX", 17.0)}
    )
    market = built(result, now=late).markets[0]
    assert (market.regime, market.regime_since, market.vix) == (None, None, 17.0)
    assert any(p.what == "vix" and p.why.startswith("stale") for p in market.problems)


def test_a_busy_page_stays_within_64_kb(tmp_path: Path) -> None:
    """20 opportunities, 5 positions with ten long notes' worth of text, 10 alerts."""
    times = [(h, m) for h in (7, 8) for m in (0, 15, 30, 45)]
    rows = [
        f"3,{band},iron_condor,neutral,{width},{h:02d}:{m:02d},{h + 3:02d}:{m:02d},B,"
        "95.0,20.48,0.5,340.0,1660.0,20.0,100,70.0"
        for band in ("P98", "P99")
        for width in (20, 25)
        for h, m in times
    ]
    grid_path = tmp_path / "grid.csv"
    grid_path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    grid = load_grid(grid_path)
    positions = tuple(
        put_spread(
            f"{i:08x}", notes=("x" * 500,), risk_usd=850.0,
            mark=PnlMark(pnl_usd=-1.23, asof=NOW, source="you"),
        )
        for i in range(5)
    )  # fmt: skip
    result = Cycle().run(positions=positions, grid=grid, grid_problem=None)
    alert = AlertView(
        id="A1", level="OPPORTUNITY", title="Found 5 trade opportunity(ies)",
        details=("x" * 250,) * 5, state="firing", reason="first", started_at=NOW,
        last_sent_at=NOW, ticker="NDX", position_id=None, sent_count=1,
    )  # fmt: skip
    page = built(result, alerts=(alert,) * 10, grid=grid, grid_problem=None)
    assert len(page.opportunities) == 20
    assert len(page.positions) == 5
    assert len(msgspec.json.encode(page)) <= 64 * 1024


def test_a_page_full_of_live_trades_stays_within_64_kb(tmp_path: Path) -> None:
    """20 condors of 100 to 119 points, all in their window and listed: 6 of them as cards."""
    widths = range(100, 120)
    rows = [
        f"3,P100,iron_condor,neutral,{w},07:30,10:30,B,95.0,2.93,0.5,285,{100 * w - 285},20.0,"
        f"100,{170 - w}.0"
        for w in widths
    ]
    grid_path = tmp_path / "grid.csv"
    grid_path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    chain = condor_chain(
        puts={19_500.0 - w: (1.6, 2.0) for w in widths},
        calls={20_500.0 + w: (1.4, 1.6) for w in widths},
    )
    asked = msgspec.structs.replace(
        Settings(), quality=Quality(min_roi_pct=0.5), limits=Limits(max_total_risk_usd=1_000_000)
    )
    cycle = Cycle(ndx=quote("NDX", 20_000.0), settings=asked)
    positions = tuple(
        put_spread(f"{i:08x}", notes=("x" * 500,), mark=PnlMark(pnl_usd=-1, asof=NOW, source="you"))
        for i in range(4)
    )
    result = cycle.run(
        positions=positions, grid=load_grid(grid_path), grid_problem=None, chains=(chain,),
        daily={"NDX": band_bars()},
    )  # fmt: skip
    (line, *_) = [n.details for n in result.alerts.notices if "opportunity" in n.title]
    alert = AlertView(
        id="A1", level="OPPORTUNITY", title="Found 5 trade opportunity(ies)",
        details=line, state="firing", reason="first", started_at=NOW,
        last_sent_at=NOW, ticker="NDX", position_id=None, sent_count=1,
    )  # fmt: skip
    page = built(result, alerts=(alert,) * 10)
    priced = [o for o in page.opportunities if o.trade and o.trade.credit_fill is not None]
    assert len(priced) == 6
    assert [o.evidence is not None for o in page.opportunities].count(True) == 6
    assert [o.what_if is not None for o in page.opportunities].count(True) >= 1
    assert len(msgspec.json.encode(page)) <= 57 * 1024  # room for marks
    assert page.alerts[0].details == line
    assert page.alerts[-1].details == ("details: alert A1 in logs/alerts.log",)


# sessions


@pytest.mark.parametrize(
    ("at", "day", "state", "early", "opens"),
    [
        ("06:29", date(2026, 11, 18), "pre_open", False, date(2026, 11, 18)),
        ("06:30", date(2026, 11, 18), "open", False, date(2026, 11, 19)),
        ("12:59", date(2026, 11, 18), "open", False, date(2026, 11, 19)),
        ("13:00", date(2026, 11, 18), "after_close", False, date(2026, 11, 19)),
        ("07:00", date(2026, 11, 26), "no_session", False, date(2026, 11, 27)),  # Thanksgiving
        ("10:00", date(2026, 11, 27), "after_close", True, date(2026, 11, 30)),  # 13:00 New York
    ],
)
def test_trap_14_sessions_are_the_exchanges_not_a_range_of_hours(
    at: str, day: date, state: str, early: bool, opens: date
) -> None:
    now = pacific(at, day)
    view = session_view(*CALENDAR.state_at(now), CALENDAR, now)
    assert (view.state, view.early_close) == (state, early)
    assert view.next_open == make_session(opens).open


def test_the_calendars_end_leaves_the_next_open_unknown() -> None:
    short = TradingCalendar((make_session(date(2026, 11, 18)),))
    now = datetime(2026, 11, 18, 22, tzinfo=UTC)
    view = session_view(*short.state_at(now), short, now)
    assert view.next_open is None
