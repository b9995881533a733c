"""Option symbols and columns → chains."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.domain.vocabulary import Settlement
from monitor.providers.option_rows import Said, chains_of, read_symbols, wanted_rows

NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
SAID = Said(source="test", spot=25_000.0, asof=NOW, fetched_at=NOW)
DAY = date(2026, 11, 20)


def test_a_symbol_is_read_apart() -> None:
    read = read_symbols(["NDXP261120P19500000", "SPX261218C06812500"])
    assert [read.roots[i] for i in read.root] == ["NDXP", "SPX"]
    assert [date.fromordinal(d) for d in read.expiration.tolist()] == [DAY, date(2026, 12, 18)]
    assert read.call.tolist() == [False, True]
    assert read.strike.tolist() == [19_500.0, 6_812.5]


@pytest.mark.parametrize(
    "text",
    [
        "", "NDX", "261120P19500000", "NDXP261320P19500000", "NDXP260230P19500000",
        "NDXP261120X19500000", "NDXP261120P1950000a", "NDXP261120P19500000 ", "é" * 20,
        "NDXP26112০P19500000", "NDXP000000P19500000",
    ],
)  # fmt: skip
def test_what_is_no_symbol_is_never_matched(text: str) -> None:
    read = read_symbols(["NDXP261120P19500000", text, "NDXP261120C19500000"])
    assert read.expiration.tolist() == [DAY.toordinal(), 0, DAY.toordinal()]
    assert read.strike[2] == 19_500.0
    assert read_symbols([]).roots == ()


@given(
    st.lists(
        st.one_of(
            st.text(max_size=24),
            st.tuples(
                st.sampled_from(["NDX", "NDXP", "QQQ", "X"]),
                st.dates(date(2000, 1, 1), date(2099, 12, 31)),
                st.sampled_from("CP"),
                st.integers(0, 99_999_999),
            ).map(lambda p: f"{p[0]}{p[1]:%y%m%d}{p[2]}{p[3]:08d}"),
        ),
        max_size=30,
    )
)
def test_symbols_read_alone_and_together_are_the_same(texts: list[str]) -> None:
    together = read_symbols(texts)
    for i, text in enumerate(texts):
        alone = read_symbols([text])
        assert together.expiration[i] == alone.expiration[0]
        if alone.expiration[0]:
            assert (together.strike[i], together.call[i]) == (alone.strike[0], alone.call[0])
            assert date.fromordinal(int(alone.expiration[0])).strftime("%y%m%d") == text[-15:-9]
            assert alone.strike[0] == int(text[-8:]) / 1000


def chains(rows: list[tuple[str, float, float]], ticker: str = "NDX") -> tuple[OptionChain, ...]:
    symbols = read_symbols([row[0] for row in rows])
    bid, ask = (np.array([row[i] for row in rows], float) for i in (1, 2))
    return chains_of(symbols, {"bid": bid, "ask": ask}, ticker=ticker, said=SAID)


def test_am_and_pm_series_of_one_date_are_two_chains() -> None:
    am, pm = chains(
        [
            ("NDX261120P19500000", 4.0, 5.0), ("NDXP261120P19500000", 6.0, 7.0),
            ("NDX261120C20500000", 1.0, 2.0), ("NDXP261120P19400000", 3.0, 4.0),
        ]
    )  # fmt: skip
    assert (am.root, am.settlement) == ("NDX", Settlement.AM)
    assert (pm.root, pm.settlement) == ("NDXP", Settlement.PM)
    assert am.strikes.tolist() == [19_500.0, 20_500.0]
    assert am.put.bid.tolist()[0] == 4.0
    assert np.isnan(am.put.bid[1])
    assert am.call.ask.tolist()[1] == 2.0
    assert pm.strikes.tolist() == [19_400.0, 19_500.0]
    assert pm.put.ask.tolist() == [4.0, 7.0]
    assert (pm.spot, pm.asof, pm.source) == (25_000.0, NOW, "test")


def test_an_etf_settles_pm_under_its_own_symbol() -> None:
    (one,) = chains([("QQQ261120P00600000", 1.0, 1.1)], ticker="QQQ")
    assert (one.root, one.settlement) == ("QQQ", Settlement.PM)


def test_fault_07_08_chain_keeps_no_impossible_price() -> None:
    (one,) = chains(
        [
            ("NDXP261120P19500000", float("inf"), -1.0),
            ("NDXP261120P19400000", float("nan"), 2.0),
            ("NDXP261120P19300000", 0.0, 0.05),
        ]
    )
    assert np.isnan(one.put.bid[1:]).all()
    assert np.isnan(one.put.ask[2])
    assert (one.put.bid[0], one.put.ask[:2].tolist()) == (0.0, [0.05, 2.0])
    assert np.isnan(one.put.delta).all()


def test_of_two_rows_of_one_option_the_later_counts() -> None:
    (one,) = chains([("NDXP261120P19500000", 1.0, 2.0), ("NDXP261120P19500000", 3.0, 4.0)])
    assert (one.strikes.tolist(), one.put.bid.tolist()) == ([19_500.0], [3.0])


def test_only_the_asked_roots_expirations_and_strikes_are_wanted() -> None:
    symbols = read_symbols(
        [
            "NDXP261120P19500000", "NDXP261120P19400000", "NDXP261123P19500000",
            "SPXW261120P19500000", "NDX261120C19500000", "garbage",
        ]
    )  # fmt: skip
    asked = ChainRequest(
        ticker="NDX", expirations=(DAY,), low_strike=19_450.0, high_strike=19_500.0
    )
    assert wanted_rows(symbols, asked).tolist() == [0, 4]
