"""The market picture, with hand-computed answers; what is unknown says why."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.positions_book import nyse
from fakes.spine import CALENDAR, HALF_DAY, NOW, bars, daily, make_session, quote

from monitor.domain.alert_text import clock_text
from monitor.domain.context import MarketContext, VolumeProfile, build_context, volume_profile
from monitor.domain.quote_guard import Judgement
from monitor.domain.quotes import DailyBars, Quote
from monitor.domain.snapshot import Problem
from monitor.domain.trading_calendar import TradingCalendar

TODAY = date(2026, 11, 18)
YESTERDAY = date(2026, 11, 17)


def good(reading: Quote) -> Judgement:
    return Judgement(quote=reading, last_good=reading, stale=False)


def unknown(why: str) -> Judgement:
    return Judgement(
        quote=None, last_good=None, stale=False, problems=(Problem(what="price", why=why),)
    )


def context(
    ticker: str = "NDX",
    *readings: Quote,
    judged: dict[str, Judgement] | None = None,
    history: dict[str, DailyBars] | None = None,
    calendar: TradingCalendar = CALENDAR,
    now: datetime = NOW,
    profile: VolumeProfile | None = None,
) -> MarketContext:
    return build_context(
        ticker,
        judged=judged or {r.symbol: good(r) for r in readings},
        daily=history or {},
        profile=profile,
        calendar=calendar,
        now=now,
    )


def why(picture: MarketContext, what: str) -> str:
    return " | ".join(p.why for p in picture.problems if p.what == what)


# change and previous close


def test_change_is_measured_from_the_session_before() -> None:
    picture = context(
        "NDX",
        quote("NDX", 20_150.0),
        history={"NDX": daily("NDX", {date(2026, 11, 16): 19_000.0, YESTERDAY: 20_000.0})},
    )
    assert picture.previous_close == 20_000
    assert picture.change == 150
    assert picture.change_pct == pytest.approx(0.75)  # 150 / 20,000
    assert why(picture, "previous_close") == ""


def test_the_day_after_a_holiday_is_compared_with_the_last_session() -> None:
    friday = datetime(2026, 11, 27, 15, tzinfo=UTC)  # Thanksgiving was the 26th
    picture = context(
        "NDX", quote("NDX", 101.0, friday),
        history={"NDX": daily("NDX", {date(2026, 11, 25): 100.0, date(2026, 11, 26): 50.0})},
        now=friday,
    )  # fmt: skip
    assert picture.previous_close == 100


def test_a_close_that_the_quote_contradicts_is_unknown() -> None:
    picture = context(
        "NDX",
        quote("NDX", 20_150.0, previous_close=20_300.0),  # 1.5 % from what history says
        history={"NDX": daily("NDX", {YESTERDAY: 20_000.0})},
    )
    assert (picture.previous_close, picture.change, picture.flow) == (None, None, None)
    assert "history says 20000, the quote 20300" in why(picture, "previous_close")


def test_closes_that_nearly_agree_take_historys() -> None:
    picture = context(
        "NDX", quote("NDX", 20_150.0, previous_close=20_010.0),
        history={"NDX": daily("NDX", {YESTERDAY: 20_000.0})},
    )  # fmt: skip
    assert picture.previous_close == 20_000


def test_without_history_the_sources_own_previous_close_counts() -> None:
    assert context("NDX", quote("NDX", 99.0, previous_close=100.0)).change == -1


@pytest.mark.parametrize("close", [float("nan"), 0.0, -5.0])
def test_an_impossible_close_in_the_history_is_no_close(close: float) -> None:
    picture = context("NDX", quote("NDX", 99.0), history={"NDX": daily("NDX", {YESTERDAY: close})})
    assert picture.previous_close is None
    assert "no close of 2026-11-17 known" in why(picture, "previous_close")


def test_an_older_close_never_stands_in_for_yesterdays() -> None:
    picture = context(
        "NDX", quote("NDX", 99.0), history={"NDX": daily("NDX", {date(2026, 11, 16): 98.0})}
    )
    assert picture.change is None


@pytest.mark.parametrize(
    ("price", "flow"),
    [(100.1, "flat"), (99.9, "flat"), (100.0, "flat"), (100.11, "up"), (99.89, "down")],
)
def test_a_tenth_of_a_percent_has_no_direction(price: float, flow: str) -> None:
    assert context("NDX", quote("NDX", price, previous_close=100.0)).flow == flow


# volume ratio


def twenty_sessions() -> dict[datetime, float]:
    """Session k of the 20 before today trades k × 1000 shares in each 5-minute bar."""
    volumes = {}
    for k in range(1, 21):
        session = CALENDAR.shift(TODAY, k - 21)
        for i in range(78):
            volumes[session.open + timedelta(minutes=5 * i)] = 1000.0 * k
    for i in range(12):  # today's own bars must not count
        volumes[make_session(TODAY).open + timedelta(minutes=5 * i)] = 9e9
    return volumes


def test_volume_ratio_compares_the_same_minute_of_the_past_twenty_sessions() -> None:
    profile = volume_profile(bars("QQQ", twenty_sessions()), today=TODAY, calendar=CALENDAR)
    assert profile.cumulative.shape == (20, 78)
    ten = datetime(2026, 11, 18, 15, tzinfo=UTC)  # 10:00 New York: six bars
    # mean of 1000…20000 is 10,500 a bar: 6 bars are 63,000
    picture = context("QQQ", quote("QQQ", 500.0, ten, day_volume=94_500.0), profile=profile)
    assert picture.volume_ratio == pytest.approx(1.5)
    later = ten + timedelta(minutes=2, seconds=30)  # half a bar on: 68,250
    picture = context("QQQ", quote("QQQ", 500.0, later, day_volume=68_250.0), profile=profile)
    assert picture.volume_ratio == pytest.approx(1.0)


def test_a_session_with_a_gap_or_without_volume_is_left_out() -> None:
    volumes = twenty_sessions()
    first, second = CALENDAR.shift(TODAY, -20), CALENDAR.shift(TODAY, -19)
    del volumes[first.open + timedelta(minutes=50)]
    volumes[second.open] = float("nan")
    profile = volume_profile(bars("QQQ", volumes), today=TODAY, calendar=CALENDAR)
    assert profile.cumulative.shape == (18, 78)
    assert profile.cumulative[:, 0].tolist() == [1000.0 * k for k in range(3, 21)]


def test_an_early_close_is_no_day_to_compare_with() -> None:
    session = make_session(HALF_DAY)
    volumes = {session.open + timedelta(minutes=5 * i): 1.0 for i in range(42)}
    profile = volume_profile(bars("QQQ", volumes), today=date(2026, 11, 30), calendar=CALENDAR)
    assert profile.cumulative.shape[0] == 0


def test_too_few_sessions_make_no_ratio_and_say_how_many() -> None:
    kept = {s: v for s, v in twenty_sessions().items() if s >= CALENDAR.shift(TODAY, -14).open}
    profile = volume_profile(bars("QQQ", kept), today=TODAY, calendar=CALENDAR)
    picture = context("QQQ", quote("QQQ", 500.0, day_volume=1.0), profile=profile)
    assert picture.volume_ratio is None
    assert why(picture, "volume_ratio") == "needs 15 of the past 20 sessions, has 14"


@pytest.mark.parametrize(
    ("ticker", "volume", "with_profile", "reason"),
    [
        ("NDX", 5.0, True, "NDX is an index: it has no volume of its own"),
        ("QQQ", None, True, "the source gave no volume for today"),
        ("QQQ", 5.0, False, "no intraday history to compare with"),
    ],
)
def test_volume_ratio_is_unknown_with_its_reason(
    ticker: str, volume: float | None, with_profile: bool, reason: str
) -> None:
    profile = volume_profile(bars(ticker, twenty_sessions()), today=TODAY, calendar=CALENDAR)
    picture = context(
        ticker, quote(ticker, 500.0, day_volume=volume), profile=profile if with_profile else None
    )
    assert picture.volume_ratio is None
    assert why(picture, "volume_ratio") == reason


# IV rank and percentile


def year_of_vxn() -> dict[date, float]:
    """The 252 closes before today: 10.0, 10.1, … 35.1."""
    return {CALENDAR.shift(TODAY, i - 252).date: round(10 + i / 10, 1) for i in range(252)}


def test_iv_rank_and_percentile_by_hand() -> None:
    picture = context(
        "NDX", quote("NDX", 1.0), quote("VXN", 22.55),
        history={"VXN": daily("VXN", year_of_vxn())},
    )  # fmt: skip
    assert picture.iv_rank == pytest.approx(50.0)  # (22.55 − 10) / (35.1 − 10)
    assert picture.iv_percentile == pytest.approx(50.0)  # 10.0 … 22.5 are 126 of 252


def test_today_older_years_and_holiday_rows_do_not_count() -> None:
    closes = year_of_vxn() | {
        TODAY: 99.0,
        CALENDAR.shift(TODAY, -253).date: 1.0,
        date(2025, 12, 25): 80.0,  # Cboe's files have rows on holidays
        date(2026, 11, 14): 80.0,  # a Saturday
    }
    picture = context(
        "NDX", quote("NDX", 1.0), quote("VXN", 22.55), history={"VXN": daily("VXN", closes)}
    )
    assert picture.iv_rank == pytest.approx(50.0)
    assert picture.iv_percentile == pytest.approx(50.0)


def test_closes_of_a_tie_are_not_below() -> None:
    picture = context(
        "NDX", quote("NDX", 1.0), quote("VXN", 10.0), history={"VXN": daily("VXN", year_of_vxn())}
    )
    assert (picture.iv_rank, picture.iv_percentile) == (0.0, 0.0)


def test_too_short_a_history_makes_no_rank() -> None:
    closes = dict(list(year_of_vxn().items())[-199:])
    picture = context(
        "NDX", quote("NDX", 1.0), quote("VXN", 22.55), history={"VXN": daily("VXN", closes)}
    )
    assert picture.iv_rank is None
    assert why(picture, "iv_rank") == "needs 200 of the last 252 closes, has 199"


def test_a_flat_year_has_no_rank() -> None:
    flat = dict.fromkeys(year_of_vxn(), 15.0)
    picture = context(
        "NDX", quote("NDX", 1.0), quote("VXN", 15.0), history={"VXN": daily("VXN", flat)}
    )
    assert picture.iv_rank is None
    assert why(picture, "iv_rank") == "every close of the past year is 15"


def test_trap_11_ndx_is_ranked_by_vxn_and_spx_by_vix() -> None:
    history = {
        "VXN": daily("VXN", year_of_vxn()),
        "VIX": daily("VIX", {d: c - 5 for d, c in year_of_vxn().items()}),
    }
    readings = [quote("NDX", 1.0), quote("SPX", 1.0), quote("VXN", 35.1), quote("VIX", 5.0)]
    ndx = context("NDX", *readings, history=history)
    assert ndx.vol_index is not None
    assert (ndx.vol_index.symbol, ndx.vol_index.value, ndx.vix.value) == ("VXN", 35.1, 5.0)
    assert ndx.iv_rank == pytest.approx(100)
    assert context("SPX", *readings, history=history).iv_rank == pytest.approx(0)


def test_trap_11_without_vxn_vix_does_not_stand_in_for_it() -> None:
    picture = context(
        "NDX", quote("NDX", 1.0), quote("VIX", 20.0), history={"VIX": daily("VIX", year_of_vxn())}
    )
    assert picture.iv_rank is None
    assert why(picture, "iv_rank") == "VXN is unknown"


def test_an_etf_without_an_index_of_its_own_has_no_rank() -> None:
    picture = context("XLE", quote("XLE", 90.0), quote("VIX", 20.0))
    assert picture.vol_index is None
    assert why(picture, "iv_rank") == "no volatility index of its own"


# NYSE holidays of 2022, typed from the exchange's announcement.
HOLIDAYS_2022 = {
    "2022-01-17", "2022-02-21", "2022-04-15", "2022-05-30", "2022-06-20", "2022-07-04",
    "2022-09-05", "2022-11-24", "2022-12-26", "2023-01-02",
}  # fmt: skip


def test_cboes_file_with_its_holiday_rows_gives_the_exchanges_rank(shared_data: Path) -> None:
    with (shared_data / "daily" / "VIX_cboe.csv").open() as file:
        rows = list(csv.DictReader(file))
    day, close = (next(k for k in rows[0] if k.lower() == name) for name in ("date", "close"))
    stated = {_iso(r[day]): float(r[close]) for r in rows}
    now = datetime(2023, 1, 10, 20, tzinfo=UTC)
    before = [d for d in stated if d < "2023-01-10"]
    assert HOLIDAYS_2022 & set(before[-258:])  # the trap is in the file
    closes = [stated[d] for d in before if d not in HOLIDAYS_2022][-252:]
    value = sorted(closes)[100] + 0.005
    low, high = min(closes), max(closes)

    picture = context(
        "SPX", quote("SPX", 3900.0, now), quote("VIX", value, now),
        history={"VIX": daily("VIX", {date.fromisoformat(d): v for d, v in stated.items()})},
        calendar=nyse(), now=now,
    )  # fmt: skip
    assert picture.iv_rank == pytest.approx(100 * (value - low) / (high - low))
    below = sum(c < value for c in closes)
    assert picture.iv_percentile == pytest.approx(100 * below / 252)


def _iso(text: str) -> str:
    if "/" not in text:
        return text
    month, day, year = text.split("/")
    return f"{year}-{int(month):02d}-{int(day):02d}"


# unknown


def test_trap_29_with_nothing_known_nothing_is_invented() -> None:
    judged = {s: unknown("no network") for s in ("NDX", "VIX", "VIX9D", "VIX3M", "VIX1D", "VXN")}
    picture = context("NDX", judged=judged)
    assert picture.price is None
    assert picture.previous_close is None
    assert picture.change_pct is None
    assert picture.volume_ratio is None
    assert picture.vix.value is None
    assert picture.iv_rank is None
    assert picture.iv_percentile is None
    assert picture.flow is None
    assert all(level.value is None for level in picture.vix_family)
    assert not picture.may_alert
    assert why(picture, "price") == "no network"
    assert why(picture, "vix") == "no network"
    assert {p.what for p in picture.problems} == {"price", "vix", "iv_rank", "volume_ratio"}


def test_what_was_never_asked_for_is_unknown_too() -> None:
    picture = context("NDX")
    assert why(picture, "price") == "never fetched"
    assert why(picture, "vix") == "never fetched"


def test_a_stale_vix_says_since_when_and_blocks_alerts() -> None:
    old = NOW - timedelta(minutes=30)
    vix = quote("VIX", 17.0, old)
    picture = context(
        "NDX",
        judged={
            "NDX": good(quote("NDX", 1.0)),
            "VIX": Judgement(quote=vix, last_good=vix, stale=True),
        },
    )
    assert picture.vix.value == 17
    assert picture.vix.stale
    assert why(picture, "vix") == f"stale: the newest is of {clock_text(old)}"
    assert not picture.may_alert


def test_a_profile_knows_nothing_before_the_open() -> None:
    profile = VolumeProfile(
        interval=timedelta(minutes=5), cumulative=np.cumsum(np.ones((20, 78)), axis=1)
    )
    assert profile.mean_at(timedelta(0)) is None
    assert profile.mean_at(timedelta(minutes=-5)) is None
    assert profile.mean_at(timedelta(minutes=5)) == 1
    assert profile.mean_at(timedelta(hours=9)) == 78  # after the close: the whole day
