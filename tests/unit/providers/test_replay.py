"""Replay: what was complete at an instant, and nothing of what came after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DataError, PayloadError, ProviderError, UnknownSymbolError
from monitor.providers.base import MarketDataProvider
from monitor.providers.replay import ReplayProvider
from monitor.providers.sessions import load_calendar

HEADER = "ts_utc,symbol,open,high,low,close,volume"


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=date(2026, 11, 21))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bars(
    day: str, symbol: str, closes: Iterable[float], *, minutes: int = 5, volume: float | None = 10
) -> list[str]:
    """CSV rows from 09:30 New York in winter (14:30 UTC); open = high = low = close."""
    start = utc(f"{day}T14:30")
    rows = []
    for n, close in enumerate(closes):
        at = start + timedelta(minutes=minutes * n)
        size = "" if volume is None else f"{volume:g}"
        rows.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{symbol},{close},{close},{close},{close},{size}")
    return rows


def write(folder: Path, name: str, *parts: list[str]) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *(row for part in parts for row in part)]) + "\n")
    return folder


def day_of(close: float) -> list[float]:
    """78 five-minute closes ending at `close`."""
    return [close - 77 + n for n in range(78)]


# 2026-02-09 is a Monday; Friday 2026-02-06 the session before
def test_quote_is_the_close_of_the_last_complete_bar(home: Path) -> None:
    replay = ReplayProvider(write(home, "bars.csv", bars("2026-02-09", "SPX", [1, 2, 3])))
    before = replay.quotes(["SPX"], now=utc("2026-02-09T14:34:59"))
    assert not before.quotes
    assert isinstance(before.errors["SPX"], ProviderError)
    at = replay.quotes(["SPX"], now=utc("2026-02-09T14:35:00")).quotes["SPX"]
    assert (at.price, at.asof) == (1, utc("2026-02-09T14:35"))
    later = replay.quotes(["SPX"], now=utc("2026-02-09T14:44:59")).quotes["SPX"]
    assert (later.price, later.asof, later.fetched_at) == (
        2,
        utc("2026-02-09T14:40"),
        utc("2026-02-09T14:44:59"),
    )


def test_quote_says_that_it_is_a_replay(home: Path) -> None:
    replay = ReplayProvider(write(home, "bars.csv", bars("2026-02-09", "SPX", [1, 2])))
    assert isinstance(replay, MarketDataProvider)
    quote = replay.quotes(["SPX"], now=utc("2026-02-09T15:00")).quotes["SPX"]
    assert quote.source == replay.name == f"replay:{home}"
    assert not replay.simulated
    assert replay.health()[0].last_ok_at == utc("2026-02-09T15:00")


def test_day_volume_adds_up_within_the_day_and_is_unknown_where_a_bar_lacks_it(home: Path) -> None:
    write(home, "bars_a.csv", bars("2026-02-06", "QQQ", [1, 2]), bars("2026-02-09", "QQQ", [3, 4]))
    write(home, "bars_b.csv", bars("2026-02-09", "SPX", [1, 2], volume=None))
    replay = ReplayProvider(home)
    batch = replay.quotes(["QQQ", "SPX"], now=utc("2026-02-09T14:41"))
    assert batch.quotes["QQQ"].day_volume == 20
    assert batch.quotes["SPX"].day_volume is None


def test_previous_close_is_of_the_session_before_or_unknown(
    home: Path, calendar: TradingCalendar
) -> None:
    write(
        home,
        "bars.csv",
        bars("2026-02-06", "SPX", day_of(100)),
        bars("2026-02-09", "SPX", day_of(200)),
        bars("2026-02-11", "SPX", day_of(300)),
    )
    replay = ReplayProvider(home, calendar=calendar)

    def previous(now: str) -> float | None:
        return replay.quotes(["SPX"], now=utc(now)).quotes["SPX"].previous_close

    assert previous("2026-02-06T20:00") is None
    assert previous("2026-02-09T15:00") == 100
    assert previous("2026-02-10T15:00") == 100  # still Monday's quote: its day before
    assert previous("2026-02-11T15:00") is None  # Tuesday is missing: not Monday's close


def test_previous_close_of_a_day_half_watched_is_unknown(
    home: Path, calendar: TradingCalendar
) -> None:
    write(
        home,
        "bars.csv",
        bars("2026-02-06", "SPX", day_of(100)[:60]),
        bars("2026-02-09", "SPX", [1, 2]),
    )
    replay = ReplayProvider(home, calendar=calendar)
    quote = replay.quotes(["SPX"], now=utc("2026-02-09T15:00")).quotes["SPX"]
    assert quote.previous_close is None
    with pytest.raises(ProviderError, match="nothing of SPX before"):
        replay.daily("SPX", sessions=5, now=utc("2026-02-09T15:00"))


def test_trap_19_a_half_day_is_whole_when_it_reaches_its_own_close(
    home: Path, calendar: TradingCalendar
) -> None:
    # 28 November 2025 closes 13:00 New York: 42 bars of 5 minutes
    write(
        home,
        "bars.csv",
        bars("2025-11-28", "SPX", range(1, 43)),
        bars("2025-12-01", "SPX", [50, 51]),
    )
    now = utc("2025-12-01T15:00")
    known = ReplayProvider(home, calendar=calendar)
    assert known.quotes(["SPX"], now=now).quotes["SPX"].previous_close == 42
    assert known.daily("SPX", sessions=5, now=now).close.tolist() == [42]
    without = ReplayProvider(home)
    assert without.quotes(["SPX"], now=now).quotes["SPX"].previous_close is None


def test_daily_prefers_the_daily_file_and_ends_before_today(home: Path) -> None:
    write(
        home,
        "bars_5m.csv",
        bars("2026-02-05", "SPX", day_of(90)),
        bars("2026-02-06", "SPX", day_of(100)),
    )
    (home / "SPX_daily_x.csv").write_text(
        "date,open,high,low,close\n2026-02-04,1,2,0.5,80\n2026-02-06,1,2,0.5,101\n2026-02-09,9,9,9,999\n"
    )
    replay = ReplayProvider(home)
    days = replay.daily("SPX", sessions=10, now=utc("2026-02-09T20:00"))
    assert days.day.tolist() == [date(2026, 2, n).toordinal() for n in (4, 5, 6)]
    assert days.close.tolist() == [80, 90, 101]
    assert (days.open[1], days.high[1], days.low[1], days.volume[1]) == (13, 90, 13, 780)
    assert len(replay.daily("SPX", sessions=2, now=utc("2026-02-09T20:00"))) == 2
    # 21:00 in New York on the 9th is the 10th in UTC: today is still the 9th
    assert replay.daily("SPX", sessions=1, now=utc("2026-02-10T02:00")).close.tolist() == [101]


def test_bars_are_the_last_sessions_up_to_now(home: Path) -> None:
    write(
        home,
        "bars.csv",
        *(bars(f"2026-02-{n:02}", "QQQ", day_of(100 * n)) for n in (4, 5, 6)),
    )
    replay = ReplayProvider(home)
    got = replay.bars("QQQ", sessions=2, now=utc("2026-02-06T14:41"))
    assert len(got) == 78 + 2
    assert got.close[-1] == 600 - 77 + 1
    assert got.interval == timedelta(minutes=5)
    assert len(replay.bars("QQQ", sessions=50, now=utc("2026-02-06T21:00"))) == 234
    with pytest.raises(ProviderError, match="nothing of QQQ"):
        replay.bars("QQQ", sessions=2, now=utc("2026-02-04T14:34"))


def _answers(replay: ReplayProvider, now: datetime) -> list[object]:
    batch = replay.quotes(["SPX", "VIX"], now=now)
    found: list[object] = [sorted(batch.quotes.items()), sorted(batch.errors)]
    for ask in (replay.bars, replay.daily):
        try:
            got = ask("SPX", sessions=30, now=now)
        except ProviderError as error:
            found.append(error.message)
        else:
            found += [getattr(got, n).tolist() for n in ("open", "high", "low", "close")]
    return found


def test_changing_the_future_changes_nothing(home: Path, calendar: TradingCalendar) -> None:
    """Look-ahead check: every bar after `now` is shifted, every answer stays the same."""
    days = ["2026-02-05", "2026-02-06", "2026-02-09"]
    rows = [
        row
        for n, day in enumerate(days)
        for symbol in ("SPX", "VIX")
        for row in bars(day, symbol, day_of(100.0 * (n + 1)))
    ]
    for cut in (
        "2026-02-05T14:35",
        "2026-02-06T17:02:30",
        "2026-02-06T21:00",
        "2026-02-09T20:59:59",
    ):
        now = utc(cut)
        shifted = []
        for row in rows:
            cells = row.split(",")
            if utc(cells[0].rstrip("Z")) + timedelta(minutes=5) > now:
                cells[2:6] = [str(float(c) * 7 + 1000) for c in cells[2:6]]
            shifted.append(",".join(cells))
        past, changed = home / f"a{cut[:13]}", home / f"b{cut[:13]}"
        provider = ReplayProvider(write(past, "bars.csv", rows), calendar=calendar)
        other = ReplayProvider(write(changed, "bars.csv", shifted), calendar=calendar)
        other.name = provider.name
        assert rows != shifted
        assert _answers(provider, now) == _answers(other, now)


def test_intervals_are_each_files_own(home: Path) -> None:
    write(home, "bars_1m_a.csv", bars("2026-02-06", "QQQ", [1, 2, 3], minutes=1))
    write(home, "bars_5m_b.csv", bars("2026-02-09", "QQQ", [4, 5, 6], minutes=5))
    replay = ReplayProvider(home)
    assert replay.bars("QQQ", sessions=1, now=utc("2026-02-06T15:00")).interval.seconds == 60
    newest = replay.bars("QQQ", sessions=5, now=utc("2026-02-09T15:00"))
    assert newest.interval.seconds == 300
    assert newest.close.tolist() == [4, 5, 6]  # one interval only


def test_two_intervals_on_one_day_count_volume_once(home: Path) -> None:
    write(home, "bars_1m_a.csv", bars("2026-02-09", "QQQ", range(1, 16), minutes=1, volume=1))
    write(home, "bars_5m_b.csv", bars("2026-02-09", "QQQ", [5, 10, 15, 20], volume=5))
    replay = ReplayProvider(home)
    quote = replay.quotes(["QQQ"], now=utc("2026-02-09T14:42")).quotes["QQQ"]
    assert quote.price == 12  # the minute price is newer
    assert quote.day_volume == 10  # the two 5-minute bars so far, which cover the day best
    assert len(replay.bars("QQQ", sessions=1, now=utc("2026-02-09T15:00"))) == 4


def test_bars_outside_the_session_are_prices_but_not_session_bars(home: Path) -> None:
    rows = [
        "2026-02-09T14:25:00Z,VIX,9,9,9,9,",
        "2026-02-09T14:30:00Z,VIX,1,1,1,1,",
        "2026-02-09T20:55:00Z,VIX,2,2,2,2,",
        "2026-02-09T21:00:00Z,VIX,3,3,3,3,",
    ]
    replay = ReplayProvider(write(home, "bars_5m.csv", rows))
    assert replay.quotes(["VIX"], now=utc("2026-02-09T14:30")).quotes["VIX"].price == 9
    assert replay.quotes(["VIX"], now=utc("2026-02-09T21:05")).quotes["VIX"].price == 3
    assert replay.bars("VIX", sessions=1, now=utc("2026-02-09T23:00")).close.tolist() == [1, 2]


def test_fault_16_bars_around_the_clock_change_are_placed_by_new_york(home: Path) -> None:
    # 09:30 New York is 14:30 UTC on Friday 6 March 2026 and 13:30 UTC on Monday 9 March
    rows = [
        "2026-03-06T14:25:00Z,SPX,1,1,1,1,",
        "2026-03-06T14:30:00Z,SPX,2,2,2,2,",
        "2026-03-09T13:25:00Z,SPX,3,3,3,3,",
        "2026-03-09T13:30:00Z,SPX,4,4,4,4,",
    ]
    replay = ReplayProvider(write(home, "bars_5m.csv", rows))
    got = replay.bars("SPX", sessions=9, now=utc("2026-03-10T00:00"))
    assert got.close.tolist() == [2, 4]


def test_unknown_symbol_names_what_there_is(home: Path) -> None:
    replay = ReplayProvider(write(home, "bars.csv", bars("2026-02-09", "SPX", [1, 2])))
    error = replay.quotes(["NDX"], now=utc("2026-02-09T15:00")).errors["NDX"]
    assert isinstance(error, UnknownSymbolError)
    assert "no bars of NDX" in error.message
    assert "SPX" in error.hint


def test_cycles_are_the_ends_of_the_bars_of_each_session(
    home: Path, calendar: TradingCalendar
) -> None:
    write(
        home, "bars.csv", bars("2026-02-06", "SPX", day_of(1)), bars("2026-02-10", "SPX", day_of(2))
    )
    replay = ReplayProvider(home, calendar=calendar)
    span = (date(2026, 2, 6), date(2026, 2, 10))
    instants = replay.cycle_instants(*span, calendar, symbols=["SPX"])
    assert len(instants) == 156
    assert (instants[0], instants[77]) == (utc("2026-02-06T14:35"), utc("2026-02-06T21:00"))
    assert instants == sorted(set(instants))
    missing = replay.missing_sessions(*span, calendar, symbols=["SPX"])
    assert missing == (date(2026, 2, 9),)


def test_dates_without_bars_name_the_range_there_is(home: Path, calendar: TradingCalendar) -> None:
    write(home, "bars.csv", bars("2026-02-05", "SPX", [1, 2]), bars("2026-02-06", "SPX", [1, 2]))
    replay = ReplayProvider(home)
    with pytest.raises(DataError, match="no bars of SPX on 2026-02-11") as caught:
        replay.cycle_instants(date(2026, 2, 11), date(2026, 2, 11), calendar, symbols=["SPX"])
    assert "2026-02-05 to 2026-02-06" in caught.value.hint
    with pytest.raises(DataError, match="no exchange session between 2026-02-07"):
        replay.cycle_instants(date(2026, 2, 7), date(2026, 2, 8), calendar, symbols=["SPX"])


GOOD = "2026-02-09T14:30:00Z,SPX,1,1,1,1,5\n2026-02-09T14:35:00Z,SPX,1,1,1,1,\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEADER.replace(",low", "") + "\n", r"row 1: column 'low' is missing"),
        (HEADER.replace("symbol,", "") + "\n" + GOOD, r"row 1: column 'symbol' is missing"),
        (HEADER + ",close\n", r"row 1: column 'close' stands there twice"),
        (f"{HEADER}\n{GOOD}2026-02-09T14:40:00Z,SPX,1,1\n", r"row 4: 4 of 7 columns, 'low'"),
        (f"{HEADER}\n{GOOD}2026-02-09T14:40:00Z,SPX,1,1,1,1,5,9\n", r"row 4: 8 of 7 columns"),
        (f"{HEADER}\n2026-02-09T14:30:00Z,SPX,1,x,1,1,5\n", r"row 2, column 'high': 'x' is no"),
        (f"{HEADER}\n2026-02-09T14:30:00Z,SPX,1,1,,1,5\n", r"row 2, column 'low': '' is no"),
        (f"{HEADER}\n{GOOD}2026-02-09T14:40:00Z,SPX,nan,1,1,1,\n", r"row 4, column 'open': 'nan'"),
        (f"{HEADER}\n2026-02-09T14:30:00Z,SPX,1,1,1,inf,\n", r"row 2, column 'close': 'inf'"),
        (f"{HEADER}\n2026-02-09T14:30:00Z,SPX,1,1,1,1_0,\n", r"column 'close': '1_0'"),
        (f"{HEADER}\n2026-02-09T14:30:00Z,,1,1,1,1,\n", r"column 'symbol': '' is no symbol"),
        (f"{HEADER}\n2026-02-09T14:30:00,SPX,1,1,1,1,\n", r"column 'ts_utc': .* has no zone"),
        (f"{HEADER}\n09.02.2026,SPX,1,1,1,1,\n", r"column 'ts_utc': '09.02.2026' is no time"),
        (f"{HEADER}\n{GOOD}".replace(",", ";"), r"separated by ';', commas are expected"),
        ("", r"row 1: no header"),
        (f"{HEADER}\n2026-02-09T14:30:00Z,SPX,1,1,1,1,\n", r"one bar of SPX alone"),
    ],
)
def test_fault_43_malformed_bars_name_row_and_column(home: Path, text: str, says: str) -> None:
    (home / "bars.csv").write_text(text)
    with pytest.raises(PayloadError, match=says) as caught:
        ReplayProvider(home)
    assert str(home / "bars.csv") in caught.value.message
    assert caught.value.exit_code == 3


def test_fault_44_bom_and_crlf_are_fine(home: Path) -> None:
    text = f"{HEADER}\n{GOOD}".replace("\n", "\r\n")
    (home / "bars.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert ReplayProvider(home).symbols == ("SPX",)


@pytest.mark.parametrize(
    "data",
    [
        f"{HEADER}\n{GOOD}2026-02-09T14:40:00Z,SÖX,1,1,1,1,\n".encode("latin-1"),
        f"{HEADER}\n".encode("utf-16"),
    ],
)
def test_fault_44_other_encodings_are_refused(home: Path, data: bytes) -> None:
    (home / "bars.csv").write_bytes(data)
    with pytest.raises(PayloadError, match=r"row \d: byte 0x.. is not UTF-8"):
        ReplayProvider(home)


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-02-09T14:30:00+00:00",
        "2026-02-09 14:30:00Z",
        "2026-02-09T09:30:00-05:00",
        "2026-02-09T14:30:00.000Z",
    ],
)
def test_any_spelling_of_an_instant_with_its_zone_is_read(home: Path, stamp: str) -> None:
    (home / "bars_5m.csv").write_text(f"{HEADER}\n{stamp},SPX,1,1,1,1,\n")
    quote = ReplayProvider(home).quotes(["SPX"], now=utc("2026-02-09T14:35")).quotes["SPX"]
    assert quote.asof == utc("2026-02-09T14:35")


def test_repeated_and_disordered_bars_are_counted_and_named(home: Path) -> None:
    rows = bars("2026-02-09", "SPX", [1, 2, 3])
    write(home, "bars_5m_a.csv", [rows[1], rows[0], rows[1].replace(",2,", ",7,"), rows[2]])
    write(home, "bars_5m_b.csv", [rows[2].replace(",3,3,3,3,", ",8,8,8,8,")])
    (home / "other.csv").write_text("a,b\n1,2\n")
    replay = ReplayProvider(home)
    assert replay.bars("SPX", sessions=1, now=utc("2026-02-09T15:00")).close.tolist() == [1, 2, 3]
    notes = "\n".join(replay.notes)
    assert "bars_5m_a.csv: SPX: 1 bars out of order, sorted" in notes
    assert "bars_5m_a.csv: SPX: 1 repeated bars left out" in notes
    assert "SPX: 1 bars stand in two files, the first kept; 1 of them differ in price" in notes
    assert "other.csv: not a file of bars, left out" in notes


def test_foreign_columns_are_left_out_and_named(home: Path) -> None:
    (home / "bars.csv").write_text(f"{HEADER},vwap\n" + GOOD.replace("\n", ",x\n"))
    assert ReplayProvider(home).notes == ("bars.csv: unknown column vwap left out",)


def test_bars_closer_than_the_files_name_says_are_refused(home: Path) -> None:
    write(home, "bars_5m_x.csv", bars("2026-02-09", "SPX", [1, 2, 3], minutes=1))
    with pytest.raises(PayloadError, match="60 s apart, closer than the 5m"):
        ReplayProvider(home)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda home: home / "nowhere", "no such folder"),
        (lambda home: home, "holds no bars"),
    ],
)
def test_folder_without_bars_is_refused(
    home: Path, make: Callable[[Path], Path], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        ReplayProvider(make(home))


def test_parquet_is_read_like_csv_and_checked_like_it(home: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stamps = [utc("2026-02-09T14:30"), utc("2026-02-09T14:35")]
    table = {"ts_utc": stamps, "symbol": ["^SPX", "^SPX"], "volume": [None, None]}
    prices = {name: [1.0, 2.0] for name in ("open", "high", "low", "close")}
    pq.write_table(pa.table({**table, **prices}), home / "x.parquet")
    replay = ReplayProvider(home)
    assert replay.quotes(["SPX"], now=utc("2026-02-09T14:40")).quotes["SPX"].price == 2
    prices["low"][1] = float("nan")
    pq.write_table(pa.table({**table, **prices}), home / "x.parquet")
    with pytest.raises(PayloadError, match=r"row 2, column 'low': no finite number"):
        ReplayProvider(home)
    (home / "x.parquet").write_bytes(b"PAR1 half a file")
    with pytest.raises(PayloadError, match="not readable as Parquet"):
        ReplayProvider(home)


# ---- the real recorded data ------------------------------------------------------------


@pytest.fixture(scope="module")
def real(shared_data: Path, calendar: TradingCalendar) -> ReplayProvider:
    return ReplayProvider(shared_data / "replay", calendar=calendar)


def test_the_recorded_folder_works_as_it_lies_there(
    real: ReplayProvider, calendar: TradingCalendar
) -> None:
    assert real.symbols == ("QQQ", "SPX", "SPY", "VIX")
    assert real.notes == ()
    span = (date(2022, 3, 14), date(2022, 4, 18))
    instants = real.cycle_instants(*span, calendar, symbols=["SPX", "VIX"])
    assert len(instants) == 22 * 78
    assert instants[0] == utc("2022-03-14T13:35")  # summer time since the 13th
    assert len(real.missing_sessions(*span, calendar, symbols=["SPX"])) == 3
    first = real.cycle_instants(date(2019, 2, 11), date(2019, 2, 11), calendar, symbols=["SPY"])
    assert (len(first), first[0]) == (390, utc("2019-02-11T14:31"))


def test_recorded_prices_are_those_of_the_file(real: ReplayProvider) -> None:
    # rows of the file: SPX 13:30 close 4205.96, QQQ 13:30 322.72 volume 1569834
    batch = real.quotes(["SPX", "QQQ", "VIX"], now=utc("2022-03-14T13:35"))
    assert batch.quotes["SPX"].price == 4205.96
    assert batch.quotes["SPX"].previous_close is None  # its daily file ends on Thursday the 10th
    assert batch.quotes["QQQ"].day_volume == 1569834
    assert batch.quotes["VIX"].previous_close == 30.75  # VIX closed there on 11 March 2022
    assert real.daily("VIX", sessions=252, now=utc("2022-03-14T13:35")).close[-1] == 30.75


def test_answers_do_not_share_memory_with_what_comes_later(real: ReplayProvider) -> None:
    days = real.daily("SPX", sessions=252, now=utc("2022-04-18T20:00"))
    assert len(days) == 252
    assert np.all(np.diff(days.day) > 0)
    assert days.day[-1] == date(2022, 4, 14).toordinal()
