"""Expirations along their life, what quotes are, and when they are known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes.chain_files import DAY, exchange, parity_rows, row, write_day

from monitor.backtest.chain_book import ChainBook, ExpirationQuotes, QuoteKind
from monitor.backtest.chain_source import load_chains
from monitor.backtest.chain_text import CALL, PUT

NEXT = date(2026, 2, 18)
FRIDAY = date(2026, 2, 20)


def book(folder: Path, *, max_dte: int = 10) -> ChainBook:
    return load_chains(
        folder, ticker="NDX", calendar=exchange(), cache_dir=None, max_dte=max_dte
    ).book


def at(stamp: int) -> str:
    return f"{datetime.fromtimestamp(stamp, UTC):%d %H:%M}"


def two_days(folder: Path) -> ExpirationQuotes:
    """Friday's series on Tuesday and Wednesday, at strikes that partly differ."""
    more = {"expiration": FRIDAY}
    write_day(
        folder,
        [
            row("14:30", "put", 23_900, 5, 5.2, **more),  # type: ignore[arg-type]
            row("14:45", "put", 23_950, 6, 6.2, **more),  # type: ignore[arg-type]
            row("14:30", "put", 23_950, 1, 1.5),
        ],
    )
    write_day(
        folder,
        [
            row("14:30", "call", 24_100, 7, 7.2, day=NEXT, **more),  # type: ignore[arg-type]
            row("14:30", "put", 23_950, 4, 4.3, day=NEXT, **more),  # type: ignore[arg-type]
        ],
        day=NEXT,
    )
    return book(folder).quotes_of(FRIDAY.toordinal())


def test_an_expirations_days_stand_side_by_side(tmp_path: Path) -> None:
    friday = two_days(tmp_path)
    assert [at(s) for s in friday.stamp] == ["17 14:30", "17 14:45", "18 14:30"]
    assert friday.day.tolist() == [DAY.toordinal(), DAY.toordinal(), NEXT.toordinal()]
    assert friday.strikes.tolist() == [23_900_000, 23_950_000, 24_100_000]
    mid, half = friday.mid_and_half(PUT)
    nan = np.nan
    np.testing.assert_array_equal(mid, [[5.1, nan, nan], [nan, 6.1, 4.15], [nan, nan, nan]])
    np.testing.assert_allclose(half, [[0.1, nan, nan], [nan, 0.1, 0.15], [nan, nan, nan]])
    mid, _ = friday.mid_and_half(CALL)
    np.testing.assert_array_equal(mid[2], [nan, nan, 7.1])
    assert mid.flags.c_contiguous
    assert mid.dtype == np.float64


def test_trap_16_days_beyond_the_wanted_sessions_to_expiration_are_left_out(
    tmp_path: Path,
) -> None:
    """Friday is 3 sessions from Tuesday, 2 from Wednesday."""
    two_days(tmp_path)
    assert len(book(tmp_path, max_dte=3).quotes_of(FRIDAY.toordinal()).stamp) == 3
    assert len(book(tmp_path, max_dte=2).quotes_of(FRIDAY.toordinal()).stamp) == 1
    assert book(tmp_path, max_dte=1).expirations == (DAY.toordinal(),)


def test_the_price_comes_from_the_shortest_expiration_that_tells(tmp_path: Path) -> None:
    rows = [
        *parity_rows("14:30", 24_010),
        *parity_rows("14:30", 24_020, expiration=NEXT),
        *parity_rows("14:45", 24_030, expiration=NEXT),
        row("15:00", "put", 24_000, 1, 1.1),
    ]
    write_day(tmp_path, rows)
    spot = book(tmp_path).spot[0]
    assert spot[:2].tolist() == pytest.approx([24_010, 24_030])
    assert np.isnan(spot[2])


def test_trades_prices_are_known_at_the_end_of_their_bar(tmp_path: Path) -> None:
    """Bid = ask in a third of the rows is no market's quote but a bar's only trade."""
    rows = [row(t, "put", 24_000, 1, 1) for t in ("14:30", "14:35", "14:40", "20:50", "20:55")]
    write_day(tmp_path, rows)
    loaded = book(tmp_path)
    assert (loaded.kind, loaded.delay_s) == (QuoteKind.TRADES, 300)
    stamps = loaded.quotes_of(DAY.toordinal()).stamp
    # the bar of 20:55 is known at the close, when nothing can be traded any more
    assert [at(s) for s in stamps] == ["17 14:35", "17 14:40", "17 14:45", "17 20:55"]


def test_quotes_are_known_when_they_are_stamped(tmp_path: Path) -> None:
    write_day(tmp_path, [row(t, "put", 24_000, 1, 1.1) for t in ("14:30", "14:35")])
    loaded = book(tmp_path)
    assert (loaded.kind, loaded.delay_s) == (QuoteKind.QUOTES, 0)
    assert [at(s) for s in loaded.quotes_of(DAY.toordinal()).stamp] == ["17 14:30", "17 14:35"]


def test_every_price_survives_to_the_cent(tmp_path: Path) -> None:
    prices = [0.01, 0.05, 1.15, 99.95, 7171.34, 9999.99]
    write_day(
        tmp_path, [row("14:30", "put", 100 * i, p, p + 0.01) for i, p in enumerate(prices, 1)]
    )
    mid, half = book(tmp_path).quotes_of(DAY.toordinal()).mid_and_half(PUT)
    assert (mid[:, 0] - half[:, 0]).tolist() == pytest.approx(prices, abs=1e-11)
