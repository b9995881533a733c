"""New stamps on old quotes."""

from __future__ import annotations

from datetime import timedelta

from fakes.chains import chain
from fakes.spine import NOW

from monitor.domain.chain_frozen import Unmoved, observed
from monitor.domain.option_chain import OptionChain

FIVE = timedelta(minutes=5)


def read(n: int, bid: float = 1.0) -> OptionChain:
    return chain(puts={100: (bid, 2.0), 90: (float("nan"), 1.0)}, asof=NOW + n * FIVE)


def after(*chains: OptionChain, session_open: bool = True) -> Unmoved:
    state = None
    for one in chains:
        state = observed(state, one, session_open=session_open)
    assert state is not None
    return state


def test_fault_10_chain_that_repeats_every_quote_is_frozen() -> None:
    assert after(read(0), read(1), read(2)).frozen is None
    assert after(read(0), read(1), read(2), read(3)).frozen == (
        "frozen: test repeats every quote of NDXP 2026-11-20 since 2026-11-18 07:32 PT"
    )


def test_one_quote_that_moved_thaws_it() -> None:
    assert after(read(0), read(1), read(2), read(3), read(4, bid=1.05)).frozen is None


def test_the_same_stamp_read_again_is_the_same_reading() -> None:
    assert after(*[read(0)] * 9).frozen is None


def test_quotes_stand_still_while_the_exchange_is_closed() -> None:
    assert after(*(read(n) for n in range(9)), session_open=False).frozen is None


def test_a_chain_without_quotes_is_not_called_frozen() -> None:
    nothing = [chain(puts={100: (float("nan"),) * 2}, asof=NOW + n * FIVE) for n in range(9)]
    assert after(*nothing).frozen is None
