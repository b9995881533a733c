"""The options that describe a trade, declared once for `add`, `edit` and `whatif`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

import click

from monitor.cli.options import DAY, DECIMAL, WHOLE, OneOf
from monitor.domain.position_edit import PositionEdit
from monitor.domain.positions import Strikes
from monitor.domain.vocabulary import FlowMode, Settlement, SpreadType


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeTerms(PositionEdit):
    """What was said of a trade on the command line; None: nothing was.

    A trade is said in the very terms in which it can be edited.
    """

    @property
    def strikes(self) -> Strikes | None:
        found = Strikes(**{name: getattr(self, name) for name in Strikes.__slots__})
        return None if found == Strikes() else found


_OPTIONS = (
    click.option("--expiration", type=DAY, help="Expiration date; overrides a DTE."),
    click.option("--settlement", type=OneOf(Settlement), help="am: third-Friday index series."),
    click.option("--band", help="Band of the grid configuration, as P98."),
    click.option("--spread", "spread_type", type=OneOf(SpreadType), help="What you sold."),
    click.option("--flow-mode", type=OneOf(FlowMode), help="Condors have none."),
    click.option("--contracts", type=WHOLE, help="How many spreads."),
    click.option("--credit", "credit_usd", type=DECIMAL, help="Dollars for the whole position."),
    click.option("--price", type=DECIMAL, help="Instead of --credit: points per share."),
    click.option("--risk", "risk_usd", type=DECIMAL, help="Dollars; needed without strikes only."),
    click.option("--short-call", type=DECIMAL, help="Strike, points."),
    click.option("--long-call", type=DECIMAL, help="Strike, points."),
    click.option("--short-put", type=DECIMAL, help="Strike, points."),
    click.option("--long-put", type=DECIMAL, help="Strike, points."),
)


def trade_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a trade, handed over together as `terms`."""
    names = [field.name for field in fields(TradeTerms)]

    @wraps(command)
    def gathered(**given: Any) -> None:
        terms = TradeTerms(**{name: given.pop(name) for name in names if name in given})
        command(terms=terms, **given)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def new_trade_options(command: Callable[..., None]) -> Callable[..., None]:
    """The same with what only a trade that is not logged yet needs."""
    ticker = click.option("--ticker", help="Underlying (NDX).")
    dte = click.option("--dte", type=WHOLE, help="Sessions to expiration, 0 is today.")
    return ticker(dte(trade_options(command)))


def note_option(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--note`, part of the terms; what it does differs by command."""
    return click.option("--note", help=text)
