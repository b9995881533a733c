"""Which quotes of a chain may be believed: legs, verticals and their age. Pure.

A quote that is missing, crossed or one-sided has no mid; a vertical is worth 0 to its width or
unknown, and the reason is said. A locked market (bid = ask) is a market, as in
`monitor/domain/pricing/quote_rules.py`. Prices in points per share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.config import Settings
from monitor.domain.alert_text import clock_text
from monitor.domain.option_chain import OptionChain, Right
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import SessionState

CLOCK_TOLERANCE = timedelta(minutes=1)  # a stamp this far ahead is clock skew


@dataclass(frozen=True, slots=True, kw_only=True)
class LegQuote:
    """One option as quoted.

    `bid` is 0 where nobody buys, None where it is unknown; `ask` is None where it is unknown or
    0 (nobody sells for nothing). `mid` is None whenever `problem` says why.
    """

    right: Right
    strike: float
    bid: float | None
    ask: float | None
    mid: float | None
    problem: str | None = None

    @property
    def crossed(self) -> bool:
        return self.bid is not None and self.ask is not None and self.bid > self.ask


@dataclass(frozen=True, slots=True, kw_only=True)
class VerticalQuote:
    """A sold vertical as quoted: what it would bring, or cost to close.

    `mid` and the natural prices (worst sides of both legs) are within 0..`width`, or None; a
    crossed leg has no natural price either. `natural_credit` is for selling it now,
    `natural_debit` for buying it back. `problem` says why `mid` is None.
    """

    short: LegQuote
    long: LegQuote
    width: float
    mid: float | None
    natural_credit: float | None
    natural_debit: float | None
    problem: str | None = None


def leg_quote(
    chain: OptionChain, right: Right, strike: float, *, to_sell: bool = False
) -> LegQuote:
    """The quote of one option, with the reason where it has no mid.

    Args:
        to_sell: The leg is to be sold: without a buyer it has no mid. A leg that is bought or
            only valued may have a bid of 0.
    """
    place = chain.place(strike)
    if place is None:
        bid = ask = None
        problem: str | None = f"not listed in {chain.root} {chain.expiration}"
    else:
        side = chain.side(right)
        bid = _price(float(side.bid[place]), least=0.0)
        ask = _price(float(side.ask[place]), least=math.ulp(0.0))
        problem = _quote_problem(bid, ask, to_sell=to_sell)
    return LegQuote(
        right=right,
        strike=strike,
        bid=bid,
        ask=ask,
        mid=None if problem else _middle(bid, ask),
        problem=None if problem is None else f"{strike:g} {right}: {problem}",
    )


def vertical_quote(
    chain: OptionChain, right: Right, *, short: float, long: float, opening: bool
) -> VerticalQuote:
    """A credit spread's price from the quotes of its two legs.

    Args:
        opening: It is to be sold, so its short leg needs a buyer. Else it is held, to be bought
            back, and a short leg that nobody wants is worth its half ask.
    """
    sold = leg_quote(chain, right, short, to_sell=opening)
    bought = leg_quote(chain, right, long)
    width = short - long if right is Right.PUT else long - short
    mid = _difference(sold.mid, bought.mid)
    value = _within(mid, width)
    crossed = sold.crossed or bought.crossed
    problem = sold.problem or bought.problem
    if width <= 0:
        problem = f"{short:g}/{long:g} {right} has no width: it is no credit spread"
    elif problem is None and mid is not None and value is None:
        problem = f"{short:g}/{long:g} {right}: mid {mid:g} is outside 0 to {width:g} points"
    return VerticalQuote(
        short=sold,
        long=bought,
        width=width,
        mid=value,
        natural_credit=None if crossed else _within(_difference(sold.bid, bought.ask), width),
        natural_debit=None if crossed else _within(_difference(sold.ask, bought.bid), width),
        problem=problem,
    )


def max_chain_age(chain: OptionChain, settings: Settings) -> timedelta:
    """How old quotes may be: three scan intervals (a setting) and the source's own delay."""
    interval = timedelta(seconds=settings.scanning.scan_interval)
    return settings.data.stale_after_intervals * interval + chain.delay


def is_stale(
    chain: OptionChain, *, now: datetime, settings: Settings, calendar: TradingCalendar
) -> bool:
    """Whether the chain must not be acted upon."""
    return stale_problem(chain, now=now, settings=settings, calendar=calendar) is not None


def stale_problem(
    chain: OptionChain, *, now: datetime, settings: Settings, calendar: TradingCalendar
) -> str | None:
    """Why the chain must not be acted upon, or None.

    Outside sessions the last session's final quotes are as new as can be. In a session, quotes
    from before its open are another day's, however young.
    """
    if chain.asof > now + CLOCK_TOLERANCE:
        return (
            f"the chain is stamped in the future ({clock_text(chain.asof)}, here it is "
            f"{clock_text(now)}): check this machine's clock"
        )
    limit = max_chain_age(chain, settings)
    state, session = calendar.state_at(now)
    if state is SessionState.OPEN and session is not None:
        if chain.asof < session.open:
            return f"no quotes of this session yet: the newest are of {clock_text(chain.asof)}"
        newest = now
    else:
        closed = calendar.last_closed(now)
        newest = closed.close if closed else now
    if newest - chain.asof <= limit:
        return None
    return (
        f"stale: the quotes are of {clock_text(chain.asof)} "
        f"(limit {limit.total_seconds() / 60:g} min)"
    )


def _price(value: float, *, least: float) -> float | None:
    return value if math.isfinite(value) and value >= least else None


def _quote_problem(bid: float | None, ask: float | None, *, to_sell: bool) -> str | None:
    if ask is None and not bid:
        return "not quoted"
    if ask is None:
        return "one-sided: no ask"
    if bid is None:
        return "one-sided: no bid was given"
    if bid > ask:
        return f"crossed: bid {bid:g} above ask {ask:g}"
    if to_sell and bid == 0:
        return "nobody bids for the short leg"
    return None


def _middle(bid: float | None, ask: float | None) -> float | None:
    return None if bid is None or ask is None else bid + (ask - bid) / 2


def _difference(short: float | None, long: float | None) -> float | None:
    """Rounded to a millionth of a point: 10.05 − 0.05 is 10, not above a width of 10."""
    return None if short is None or long is None else round(short - long, 6)


def _within(value: float | None, width: float) -> float | None:
    return value if value is not None and width > 0 and 0 <= value <= width else None
