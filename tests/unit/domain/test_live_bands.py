"""Where a band lies today, out of daily bars: by hand, and from nothing but the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from fakes.spine import CALENDAR

from monitor.domain.live_bands import LiveBand, PastSessions, past_sessions
from monitor.domain.quotes import DailyBars
from monitor.domain.vocabulary import BandMode

TODAY = date(2026, 11, 18)
OPEN = 390  # 06:30 Pacific: nothing has passed


def days_before(n: int) -> np.ndarray:
    first = CALENDAR.shift(TODAY, -n).date
    return np.array(CALENDAR.ordinals_between(first, TODAY - timedelta(days=1)), np.int64)


def bars(symbol: str, opened: np.ndarray, close: np.ndarray) -> DailyBars:
    return DailyBars(
        symbol=symbol, day=days_before(len(close)), open=opened, high=close, low=close,
        close=close, volume=np.full(len(close), np.nan), source="test",
    )  # fmt: skip


def walk(n: int = 300, seed: int = 3) -> DailyBars:
    rng = np.random.default_rng(seed)
    close = 20_000 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    return bars("NDX", close * np.exp(rng.normal(0, 0.004, n)), close)


def past(daily: DailyBars, vol: DailyBars | None = None, now: float | None = None) -> PastSessions:
    known = {"NDX": daily} | ({"VXN": vol} if vol else {})
    found = past_sessions(
        "NDX", daily=known, vol_symbol="VXN", vol_now=now, today=TODAY, calendar=CALENDAR
    )
    assert isinstance(found, PastSessions), found
    return found


def band(daily: DailyBars, *, dte: int = 1, label: str = "P98") -> LiveBand:
    found = past(daily).band(label, dte=dte, mode=BandMode.RAW100, minute=OPEN)
    assert isinstance(found, LiveBand), found
    return found


def test_a_band_by_hand() -> None:
    """100 moves from open to the next close of −1 %, then the newest are −3 and +2 %.

    P98 cuts 1 % off each end: of 100 sorted moves type 7 stands at place 0.99, between the
    lowest (−3 %) and the next (−1 %): −3 + 0.99 × 2 = −1.02 %; above at place 98.01, between
    −1 % and +2 %: −1 + 0.01 × 3 = −0.97 %. P100 is −3 to +2 %.
    """
    close = np.full(120, 20_000.0)
    opened = np.append(close[1:] / 0.99, 20_000.0)  # the last one's settlement is still to come
    opened[-2], opened[-3] = 20_000 / 0.97, 20_000 / 1.02
    found = band(bars("NDX", opened, close))
    assert (found.low, found.high) == (pytest.approx(-0.0102), pytest.approx(-0.0097))
    assert found.sample == 100
    whole = band(bars("NDX", opened, close), label="P100")
    assert (whole.low, whole.high) == (pytest.approx(-0.03), pytest.approx(0.02))


@pytest.mark.parametrize("dte", [0, 1, 3, 5, 10])
def test_trap_21_a_move_that_is_not_settled_changes_no_band(dte: int) -> None:
    """The newest n opens have a settlement of today or later: whatever they are."""
    daily = walk()
    shifted = daily.open.copy()
    if dte:
        shifted[-dte:] *= 0.5
    assert band(replace(daily, open=shifted), dte=dte) == band(daily, dte=dte)


def test_todays_own_bar_is_not_of_the_past() -> None:
    daily = walk()
    today = {
        name: np.append(getattr(daily, name), value)
        for name, value in (
            ("day", TODAY.toordinal()), ("open", 9_000.0), ("high", 9_000.0), ("low", 9_000.0),
            ("close", 8_000.0), ("volume", np.nan),
        )
    }  # fmt: skip
    assert band(replace(daily, **today), dte=0) == band(daily, dte=0)


def test_vix250_counts_in_units_of_each_days_volatility() -> None:
    """Moves of ±1 % at an index of 20 yesterday are ±1.5 % at 30 now."""
    n = 270
    close = np.full(n, 20_000.0)
    daily = bars("NDX", close / np.where(np.arange(n) % 2, 1.01, 0.99), close)
    vol = bars("VXN", np.full(n, 20.0), np.full(n, 20.0))
    found = past(daily, vol, now=0.30).band("P100", dte=0, mode=BandMode.VIX250, minute=OPEN)
    assert isinstance(found, LiveBand)
    assert (found.low, found.high) == (pytest.approx(-0.015), pytest.approx(0.015))
    assert found.sample == 250


def test_vix250_without_the_index_now_is_unknown() -> None:
    why = past(walk()).band("P98", dte=1, mode=BandMode.VIX250, minute=OPEN)
    assert why == "VXN is unknown: no band of vix250"


def test_trap_22_too_few_past_moves_make_no_band() -> None:
    why = past(walk(62)).band("P98", dte=5, mode=BandMode.RAW100, minute=OPEN)
    assert why == "only 57 past moves over 5 sessions are known, 60 are needed"


def test_a_day_without_an_open_is_left_out() -> None:
    daily = walk(120)
    opened = daily.open.copy()
    opened[-30:] = np.nan
    opened[10] = 0.0
    assert band(replace(daily, open=opened), dte=0).sample == 89


@pytest.mark.parametrize(
    ("dte", "minute", "part"),
    [
        (0, 390, 1.0),
        (0, 450, (1 - 0.23) ** 0.5),  # 07:30 Pacific: 0.23 of the session's variance has passed
        (0, 510, (1 - 0.38) ** 0.5),
        (1, 450, (1.539 / 1.7) ** 0.5),  # 0.7 × 0.77 of today and a session, of 0.7 and one
        (10, 510, (10.434 / 10.7) ** 0.5),
    ],
)
def test_moves_since_the_open_are_shortened_to_the_entry_by_the_trading_clock(
    dte: int, minute: int, part: float
) -> None:
    daily = walk()
    whole = band(daily, dte=dte)
    cut = past(daily).band("P98", dte=dte, mode=BandMode.RAW100, minute=minute)
    assert isinstance(cut, LiveBand)
    assert (cut.low / whole.low, cut.high / whole.high) == (
        pytest.approx(part),
        pytest.approx(part),
    )


def test_no_bars_and_old_bars_say_so() -> None:
    nothing = past_sessions(
        "NDX", daily={}, vol_symbol=None, vol_now=None, today=TODAY, calendar=CALENDAR
    )
    assert nothing == "no daily bars of NDX: where the band lies is unknown"
    daily = walk(200)
    cut = {
        name: getattr(daily, name)[:-6]
        for name in ("day", "open", "high", "low", "close", "volume")
    }
    old = past_sessions(
        "NDX", daily={"NDX": replace(daily, **cut)}, vol_symbol=None, vol_now=None, today=TODAY,
        calendar=CALENDAR,
    )  # fmt: skip
    newest = CALENDAR.shift(TODAY, -7).date
    assert old == f"daily bars of NDX end {newest}: too old for a band of today"


def test_a_volatility_index_without_a_single_bar_is_unknown() -> None:
    daily = walk(200)
    columns = ("day", "open", "high", "low", "close", "volume")
    nothing = replace(daily, symbol="VXN", **{name: getattr(daily, name)[:0] for name in columns})
    found = past_sessions(
        "NDX", daily={"NDX": daily, "VXN": nothing}, vol_symbol="VXN", vol_now=0.2, today=TODAY,
        calendar=CALENDAR,
    )  # fmt: skip
    assert isinstance(found, PastSessions)
    assert isinstance(found.band("P98", dte=1, mode=BandMode.RAW100, minute=OPEN), LiveBand)
    scaled = found.band("P98", dte=1, mode=BandMode.VIX250, minute=OPEN)
    assert isinstance(scaled, str)
