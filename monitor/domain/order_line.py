"""The line to type at a broker for a spread sold now, and how many contracts of it fit. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.domain.limits import COUNT, blocks_new
from monitor.domain.option_chain import PriceSource
from monitor.domain.snapshot import LimitView, TradeView

MINUS = "\N{MINUS SIGN}"
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()


def order_line(trade: TradeView, *, contracts: int) -> str | None:
    """The order at the fill assumption's credit; None unless that comes from quotes.

    Strikes of a condor stand calls first, each side short before long; a vertical's are
    followed by its right.

    >>> order_line(condor, contracts=2)  # doctest: +SKIP
    'SELL −2 IRON CONDOR NDXP 24 FEB 26 20500/20600/19500/19400 @1.40 LMT'
    """
    quoted = trade.price is not None and trade.price.kind == PriceSource.QUOTES
    if not quoted or contracts < 1 or not trade.credit_fill or trade.credit_fill <= 0:
        return None
    calls, puts = (trade.short_call, trade.long_call), (trade.short_put, trade.long_put)
    sides = [pair for pair in (calls, puts) if pair[0] is not None]
    strikes = "/".join(f"{strike:g}" for pair in sides for strike in pair)
    right = "" if len(sides) == 2 else " CALL" if sides[0] is calls else " PUT"
    name = "IRON CONDOR" if len(sides) == 2 else "VERTICAL"
    day = trade.expiration
    date = f"{day.day} {_MONTHS[day.month - 1]} {day:%y}"
    return (
        f"SELL {MINUS}{contracts} {name} {trade.root} {date} {strikes}{right} "
        f"@{trade.credit_fill:.2f} LMT"
    )


def contracts_that_fit(limits: Sequence[LimitView], max_loss_usd: float) -> int:
    """An equal share of what the limits leave for each position still free; at least 1 if 1 fits.

    One trade alone never takes the room of those that could follow it.
    """
    if blocks_new(limits, max_loss_usd) is not None or max_loss_usd <= 0:
        return 0
    room = min((v.limit - v.value for v in limits if v.name != COUNT), default=max_loss_usd)
    free = min((v.limit - v.value for v in limits if v.name == COUNT), default=1.0)
    return max(math.floor(room / max(free, 1.0) / max_loss_usd), 1)
