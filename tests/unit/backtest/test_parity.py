"""The underlying from put-call parity: by hand, by a second way of reckoning, on real chains."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from monitor.backtest.parity import (
    MISSING,
    NoForward,
    ParityForward,
    forward_of,
    forwards_of,
    parity_forward,
)


def chain(rows: list[tuple[float, float, float, float, float]]):  # type: ignore[no-untyped-def]
    """(strike, put bid, put ask, call bid, call ask) in points → strikes, quotes."""
    table = np.array(rows)
    quotes = np.where(np.isnan(table[:, 1:]), MISSING, np.round(table[:, 1:] * 10_000))
    return (table[:, 0] * 1000).astype(np.int64), quotes.T.astype(np.int32)


NAN = float("nan")
# Hull's identity by hand: call mid − put mid + strike = 101 at each
FOUR = [
    (95.0, 0.9, 1.1, 6.9, 7.1),
    (100.0, 2.4, 2.6, 3.4, 3.6),
    (105.0, 5.0, 5.2, 1.0, 1.2),
    (110.0, 9.2, 9.4, 0.2, 0.4),
]


def test_the_forward_is_strike_plus_call_minus_put() -> None:
    found = parity_forward(*chain(FOUR))
    assert isinstance(found, ParityForward)
    assert found.forward == pytest.approx(101.0, abs=1e-9)
    # 0.1 + 0.1 of half spread at each is within 0.25 % of a strike of 95
    assert found.strikes == 4
    assert found.scatter == pytest.approx(0.0, abs=1e-9)


def test_one_wild_quote_does_not_move_it() -> None:
    wild = [*FOUR, (102.0, 3.0, 3.1, 7.0, 7.1)]  # says 106
    found = parity_forward(*chain(wild))
    assert isinstance(found, ParityForward)
    assert found.forward == pytest.approx(101.0, abs=1e-9)


def test_strikes_with_a_wide_or_missing_or_zero_side_do_not_count() -> None:
    rows = [
        *FOUR[:2],
        (102.0, NAN, NAN, 1.0, 1.1),
        (103.0, 0.0, 0.05, 1.0, 1.1),
        (104.0, 1.0, 9.0, 1.0, 1.1),
    ]
    found = parity_forward(*chain(rows))
    assert found == NoForward("2 liquid strikes with put and call quoted, 3 are needed")


def test_strikes_that_contradict_each_other_give_no_forward() -> None:
    rows = [
        (95.0, 1.0, 1.1, 7.0, 7.1),
        (100.0, 2.4, 2.5, 9.4, 9.5),
        (105.0, 5.0, 5.1, 15.0, 15.1),
    ]
    found = parity_forward(*chain(rows))
    assert isinstance(found, NoForward)
    assert "contradict" in found.why


def test_an_empty_chain_gives_no_forward() -> None:
    strikes, quotes = chain(FOUR)
    assert isinstance(parity_forward(strikes, np.full_like(quotes, MISSING)), NoForward)
    assert isinstance(parity_forward(strikes[:0], quotes[:, :0]), NoForward)


def test_kernel_equals_plain_python() -> None:
    random = np.random.default_rng(3)
    strikes = np.arange(90_000, 110_000, 1000, dtype=np.int64)
    for _ in range(50):
        quotes = random.integers(-1, 80_000, (4, len(strikes), 1)).astype(np.int32)
        quotes[1], quotes[3] = quotes[0] + 500, quotes[2] + 500
        compiled, plain = forward_of(strikes, quotes, 0), forward_of.py_func(strikes, quotes, 0)  # type: ignore[attr-defined]
        np.testing.assert_array_equal(compiled, plain)


def test_a_days_expirations_do_not_see_each_others_strikes() -> None:
    strikes, quotes = chain(FOUR)
    other = quotes.copy()
    other[2:] += 50_000  # calls 5 points dearer: another forward
    both = np.concatenate([quotes, other], axis=1)[:, :, None]
    forwards, used = np.zeros((2, 1)), np.zeros((2, 1), np.int16)
    start = np.array([0, 4, 8], np.int64)
    forwards_of(np.concatenate([strikes, strikes]), start, np.ascontiguousarray(both),
                forwards, used)  # fmt: skip
    assert forwards[:, 0].tolist() == pytest.approx([101.0, 106.0])


@pytest.mark.parametrize(
    ("name", "root", "typical"),
    [("NDX", "NDXP", 0.001), ("SPX", "SPXW", 0.001), ("QQQ", "QQQ", 0.003), ("SPY", "SPY", 0.003)],
)
def test_real_chains_agree_with_the_price_their_source_gave(
    shared_data: Path, name: str, root: str, typical: float
) -> None:
    """Nearest expirations of Cboe's delayed files, carry of up to 10 days included.

    Most files were made after hours: an ETF's price then moves on while its options' quotes
    stand, and index options quote the next morning.
    """
    files = sorted((shared_data / "chains").glob(f"cboe_{name}_chains*.parquet"))
    assert files
    off = []
    for path in files:
        rows = pq.read_table(path).to_pandas()
        rows = rows[(rows.root == root) & (rows.bid <= rows.ask) & (rows.ask > 0)]
        for _, one in rows.groupby("snapshot", observed=True):
            session = one.session.iloc[0]
            later = one[one.expiry.astype(str) > session]  # today's may have settled already
            nearest = later[later.expiry == min(later.expiry)]
            wide = nearest.pivot_table(
                index="strike", columns="right", values=["bid", "ask"], observed=True
            ).dropna()
            ahead = date.fromisoformat(min(later.expiry)) - date.fromisoformat(session)
            if ahead.days > 10 or wide.empty:
                continue
            table = [
                (k, r["bid", "P"], r["ask", "P"], r["bid", "C"], r["ask", "C"])
                for k, r in wide.iterrows()
            ]
            found = parity_forward(*chain(table))
            if isinstance(found, ParityForward):
                off.append(abs(found.forward / one.spot.iloc[0] - 1))
    assert len(off) >= 2
    assert np.median(off) < typical
    assert max(off) < 0.015


@pytest.mark.parametrize("n", range(1, 10))
def test_the_median_is_numpys(n: int) -> None:
    from monitor.backtest.parity import _median

    values = np.random.default_rng(n).normal(size=9)
    assert _median(values.copy(), n) == np.median(values[:n])
