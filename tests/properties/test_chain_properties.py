"""Whatever a source quotes: a value is within 0..width, or unknown with a reason."""

from __future__ import annotations

import math

from fakes.chains import chain
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.chain_quotes import leg_quote, vertical_quote
from monitor.domain.option_chain import Right

prices = st.one_of(
    st.sampled_from([0.0, math.nan, math.inf, -math.inf, -1.0, 1e308]),
    st.floats(0, 300),
    st.integers(0, 6000).map(lambda ticks: ticks / 20),
)
markets = st.tuples(prices, prices)
strikes = st.sampled_from([19_400.0, 19_500.0, 19_510.0, 19_600.0])


@given(
    st.dictionaries(strikes, markets),
    st.dictionaries(strikes, markets),
    st.sampled_from(Right),
    strikes,
    strikes,
    st.booleans(),
)
def test_fault_13_chain_value_is_unknown_or_within_its_width(
    puts: dict[float, tuple[float, float]],
    calls: dict[float, tuple[float, float]],
    right: Right,
    short: float,
    long: float,
    opening: bool,
) -> None:
    spread = vertical_quote(
        chain(puts=puts, calls=calls), right, short=short, long=long, opening=opening
    )
    for value in (spread.mid, spread.natural_credit, spread.natural_debit):
        assert value is None or 0 <= value <= spread.width != 0
    assert (spread.mid is None) == (spread.problem is not None)
    if None not in (spread.mid, spread.natural_credit, spread.natural_debit):
        assert spread.natural_credit <= spread.mid <= spread.natural_debit  # type: ignore[operator]


@given(st.dictionaries(strikes, markets), strikes, st.booleans())
def test_fault_13_chain_leg_is_unknown_or_between_bid_and_ask(
    puts: dict[float, tuple[float, float]], strike: float, to_sell: bool
) -> None:
    leg = leg_quote(chain(puts=puts), Right.PUT, strike, to_sell=to_sell)
    assert (leg.mid is None) == (leg.problem is not None)
    if leg.mid is not None:
        bid, ask = puts[strike]
        assert bid <= leg.mid <= ask
        assert ask > 0
        assert bid > 0 or not to_sell
