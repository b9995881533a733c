"""An opportunity's live trade as the terminal shows it."""

from __future__ import annotations

from dataclasses import replace

from fakes.snapshots import NOON_NY, condor_trade, rich_snapshot

from monitor.domain.snapshot import PriceView, Problem
from monitor.domain.trade_line import trade_lines

VIEW = replace(rich_snapshot().opportunities[0], alert_line=2)


def test_strikes_credit_loss_source_age_and_the_order() -> None:
    assert list(trade_lines(VIEW)) == [
        "A41#2 NDX 3DTE P98 IRON_CONDOR: NDXP 24300/24400p 25400/25500c for 1.40 points "
        "($140 a contract), max loss $9,860, quotes cboe, 16 min old, "
        "credit $140 a contract is half of the grid's $285",
        "  SELL −1 IRON CONDOR NDXP 24 FEB 26 25400/25500/24400/24300 @1.40 LMT",
    ]


def test_a_quotes_age_is_that_of_the_telling() -> None:
    assert "cboe, then 16 min old" in next(trade_lines(VIEW, as_told=True))


def test_an_estimate_says_how_far_it_may_be_off() -> None:
    model = PriceView(kind="model", source=None, asof=None, age_s=None, delay_s=0, error_pct=36.0)
    trade = condor_trade(NOON_NY, price=model, order_line=None, poorer_why=())
    (line,) = trade_lines(replace(VIEW, trade=trade))
    assert line.endswith("max loss $9,860, model estimate (±36 %)")


def test_an_unknown_credit_is_said_with_its_reason() -> None:
    trade = condor_trade(
        NOON_NY, credit_fill=None, order_line=None,
        problems=(Problem(what="credit_fill", why="the put 24400 has no bid"),),
    )  # fmt: skip
    (line,) = trade_lines(replace(VIEW, trade=trade))
    assert line.endswith("25400/25500c, credit unknown (the put 24400 has no bid)")


def test_without_a_live_trade_the_backtests_numbers_stand_and_say_so() -> None:
    (line,) = trade_lines(replace(VIEW, trade=None, alert_id=None))
    assert line == (
        "NDX 3DTE P98 IRON_CONDOR: no live trade; in the backtest credit $285, "
        "max loss $1,715 a contract"
    )
