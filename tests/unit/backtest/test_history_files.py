"""Files of bars for a backtest: which count, what is skipped, what the calendar says."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes.chain_files import exchange

from monitor.backtest.bar_columns import BarFileError, read_bars
from monitor.backtest.history import load_history
from monitor.backtest.history_files import files_of, read_history
from monitor.backtest.history_sessions import fit_bars, fit_daily

DAILY = "date,open,high,low,close\n"
BARS = "ts_utc,open,high,low,close,volume\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def test_good_rows_are_kept_and_bad_ones_counted(tmp_path: Path) -> None:
    rows = [
        "2026-02-17,1,2,0.5,1.5",
        "2026-02-18,1,2,0.5",  # short
        "2026-02-19,1,2,0.5,n/a",
        "2026-02-20,0,2,0,1",
        "20.2.2026,1,2,0.5,1.5",
        "2026-02-23,1,2,3,1.5",  # high below low
        "2026-02-24,1e0,2,.5,+1.5",
    ]
    found = read_bars(write(tmp_path, "X_daily.csv", DAILY + "\n".join(rows)))
    days = [date.fromordinal(int(d)) for d in found.key]
    assert days == [date(2026, 2, 17), date(2026, 2, 24)]
    assert found.prices["close"].tolist() == [1.5, 1.5]
    assert found.skipped == {
        "too few or too many columns": 1,
        "a value that cannot be read": 2,
        "a price that is not above 0": 1,
        "a high below its low": 1,
    }


def test_stamps_are_read_with_their_zone_and_without_one_skipped(tmp_path: Path) -> None:
    rows = [
        "2026-02-17T14:30:00Z,1,1,1,1,5",
        "2026-02-17T09:35:00-05:00,1,1,1,1,",
        "2026-02-17T14:40:00,1,1,1,1,5",
    ]
    found = read_bars(write(tmp_path, "X_5m.csv.gz", BARS + "\n".join(rows)))
    assert [f"{datetime.fromtimestamp(k, UTC):%H:%M}" for k in found.key] == ["14:30", "14:35"]
    assert found.volume[0] == 5
    assert np.isnan(found.volume[1])
    assert found.skipped == {"a value that cannot be read": 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no rows"),
        (DAILY, "no rows"),
        ("day,close\n2026-02-17,1\n", "no column 'ts_utc' or 'date'"),
        ("date,open\n2026-02-17,1\n", "no column 'close'"),
        ("ts_utc,close\n2026-02-17T14:30:00Z,1\n", "column 'open', 'high', 'low' missing"),
        ("date,close,close\n2026-02-17,1,1\n", "stands there twice"),
        ("date,close\n2026-02-31,1\n", "does not exist"),
    ],
)
def test_fault_43_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, why: str) -> None:
    path = write(tmp_path, "X_daily.csv", text)
    with pytest.raises(BarFileError, match=why):
        read_bars(path)
    found = read_history(tmp_path, "X")
    assert found.daily is None
    assert found.problems[0].startswith("X_daily.csv: not used: ")


def test_damaged_archives_are_named(tmp_path: Path) -> None:
    (tmp_path / "X_5m.csv.gz").write_bytes(b"\x1f\x8b\x08broken")
    (tmp_path / "X_daily.parquet").write_bytes(b"PAR1PAR1")
    problems = read_history(tmp_path, "X").problems
    assert [p.split(":")[0] for p in problems] == ["X_5m.csv.gz", "X_daily.parquet"]


def test_traded_prices_come_before_adjusted_ones_and_own_names_before_others(
    tmp_path: Path,
) -> None:
    for name in ("SPX_b.csv", "SPX_b_adj.csv", "GSPC_a.csv", "SPX_close_1990.csv", "VIX_x.csv"):
        write(tmp_path, f"daily/{name}", DAILY + "2026-02-17,1,1,1,1\n")
    names = [file.path.name for file in files_of(tmp_path, "SPX")]
    assert names == ["SPX_b.csv", "GSPC_a.csv", "SPX_close_1990.csv", "SPX_b_adj.csv"]
    found = read_history(tmp_path, "SPX")
    assert found.daily is not None
    assert found.daily.source == "SPX_b.csv"
    assert "GSPC_a.csv: not used, SPX is taken from SPX_b.csv" in found.problems


def test_adjusted_prices_alone_are_used_and_told(tmp_path: Path) -> None:
    write(tmp_path, "SPY_yahoo_adj.csv", DAILY + "2026-02-17,1,1,1,1\n")
    assert "adjusted for dividends" in read_history(tmp_path, "SPY").problems[0]


def test_a_list_of_closes_leaves_the_other_prices_unknown(tmp_path: Path) -> None:
    write(tmp_path, "VXN_close.csv", "date,close\n2026-02-17,21.5\n")
    daily = read_history(tmp_path, "VXN").daily
    assert daily is not None
    assert daily.close.tolist() == [21.5]
    assert np.isnan(daily.open).all()


def test_recorded_days_of_several_symbols_are_put_together(tmp_path: Path) -> None:
    for day in (17, 18):
        table = pa.table(
            {
                "ts_utc": pa.array([datetime(2026, 2, day, 15, tzinfo=UTC)] * 2),
                "symbol": ["NDX", "VIX"],
                **{name: [day * 1.0, 20.0] for name in ("open", "high", "low", "close", "volume")},
            }
        )
        path = tmp_path / "bars" / f"bars_5m_2026-02-{day}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(table, path)
    (bars,) = read_history(tmp_path, "NDX").bars
    assert bars.close.tolist() == [17.0, 18.0]
    assert bars.interval == timedelta(minutes=5)


def test_where_two_files_tell_a_bar_the_better_one_counts(tmp_path: Path) -> None:
    write(tmp_path, "NDX_5m_a.csv", BARS + "2026-02-17T14:30:00Z,1,1,1,1,0\n")
    write(
        tmp_path, "NAS100cfd_5m.csv",
        BARS + "2026-02-17T14:30:00Z,2,2,2,2,0\n2026-02-17T14:35:00Z,3,3,3,3,0\n",
    )  # fmt: skip
    (bars,) = read_history(tmp_path, "NDX").bars
    assert bars.close.tolist() == [1, 3]


def intraday(tmp_path: Path, starts: list[datetime]):  # type: ignore[no-untyped-def]
    rows = "".join(f"{at:%Y-%m-%dT%H:%M:%SZ},1,1,1,1,0\n" for at in starts)
    write(tmp_path, "NDX_5m.csv", BARS + rows)
    (bars,) = read_history(tmp_path, "NDX").bars
    return bars


def test_trap_14_bars_outside_sessions_go_and_days_without_bars_are_named(tmp_path: Path) -> None:
    """Around Thanksgiving 2025: closed on the 27th, 13:00 New York (18:00 UTC) on the 28th."""
    begins = [datetime(2025, 11, d, 14, 30, tzinfo=UTC) for d in (25, 28)]
    starts = [b + timedelta(minutes=5) * i for b in begins for i in range(78)]
    starts.append(datetime(2025, 11, 27, 15, 0, tzinfo=UTC))
    fitted = fit_bars(intraday(tmp_path, sorted(starts)), exchange())
    assert len(fitted.bars) == 78 + 42
    assert fitted.missing == (date(2025, 11, 26),)
    assert fitted.problems == (
        "NDX 5m: 37 bars outside sessions left out",
        "NDX 5m: 1 sessions without bars: 2025-11-26",
    )


def test_sessions_with_gaps_are_named(tmp_path: Path) -> None:
    begin = datetime(2026, 2, 17, 14, 30, tzinfo=UTC)
    fitted = fit_bars(
        intraday(tmp_path, [begin + timedelta(minutes=5) * i for i in range(60)]), exchange()
    )
    assert fitted.problems == ("NDX 5m: 1 sessions with less than 90% of their bars: 2026-02-17",)


def test_vix_rows_on_holidays_are_left_out(shared_data: Path) -> None:
    """Cboe's file has rows on US market holidays since 2022-05 (data README)."""
    daily = read_history(shared_data / "daily", "VIX").daily
    assert daily is not None
    fitted = fit_daily(daily, exchange())
    kept = {date.fromordinal(int(d)) for d in fitted.daily.day}
    told = {date.fromordinal(int(d)) for d in daily.day}
    assert date(2022, 5, 30) in told - kept  # Memorial Day
    mourning = date(2004, 6, 11)  # for President Reagan
    assert all(day > date(2022, 5, 1) for day in told - kept - {mourning})
    assert f"VIX daily: {len(told - kept)} days left out: the exchange was closed" in (
        fitted.problems
    )


def test_the_shared_history_is_read_as_it_lies(shared_data: Path) -> None:
    """13 years of 5-minute bars at NDX level: 3,200 sessions (data README)."""
    history = load_history([shared_data], "NDX", calendar=exchange())
    (bars,) = history.bars
    days = np.unique(bars.start // 86_400)
    assert len(days) == pytest.approx(3_200, abs=30)
    assert history.daily is not None
    assert history.daily.source == "NDX_yahoo.csv"
    assert {path.name for path in history.files} == {
        "NAS100cfd_5m_to2024.parquet", "NDX_yahoo.csv"
    }  # fmt: skip
    again = load_history([shared_data], "NDX", calendar=exchange())
    assert (
        history.fingerprint
        == again.fingerprint
        != load_history([shared_data], "SPX", calendar=exchange()).fingerprint
    )


def test_nothing_found_is_an_answer(tmp_path: Path) -> None:
    history = load_history([tmp_path, tmp_path / "absent"], "NDX", calendar=exchange())
    assert (history.bars, history.daily, history.problems) == ((), None, ())
