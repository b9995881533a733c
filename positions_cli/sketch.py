"""What is known of a new trade before it is checked: typed, from an alert, or pasted."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from monitor.domain.position_input import PositionDraft
from monitor.domain.positions import Strikes
from monitor.domain.snapshot import OpportunityView, TradeView
from monitor.domain.vocabulary import FlowMode, Settlement, SpreadType
from monitor.errors import InputError, StoreError
from positions_cli.session import Session
from positions_cli.trade_options import TradeTerms

DEFAULT_TICKER = "NDX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A trade in the making.

    `origin` names the alert or "the order text", "" where all was typed. `expected` is the
    alert's credit, points per share, and `estimate` what it is where it was no quote.
    `overruled` says what was typed otherwise than it says.
    """

    terms: TradeTerms
    ticker: str = DEFAULT_TICKER
    dte: int | None = None
    origin: str = ""
    expected: float | None = None
    estimate: str = ""
    overruled: tuple[str, ...] = ()

    def draft(self, *, simulated: bool = False) -> PositionDraft:
        """The draft to check; `simulated` in the home of a demo or a replay.

        Raises:
            InputError: What was sold, or how many, was not said.
        """
        terms = self.terms
        if terms.spread_type is None or terms.contracts is None:
            missing = [
                name
                for name, value in (
                    ("--spread", terms.spread_type),
                    ("--contracts", terms.contracts),
                )
                if value is None
            ]
            raise InputError(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
                hint="say what you sold and how many; or take it from an alert (--from-alert A17) "
                "or from your broker's order text (--paste)",
            )
        return PositionDraft(
            ticker=self.ticker,
            spread_type=terms.spread_type,
            contracts=terms.contracts,
            flow_mode=terms.flow_mode,
            band=terms.band,
            credit_usd=terms.credit_usd,
            price=terms.price,
            risk_usd=terms.risk_usd,
            strikes=terms.strikes,
            dte=self.dte,
            expiration=terms.expiration,
            settlement=terms.settlement,
            note=terms.note,
            simulated=simulated,
        )


def typed(terms: TradeTerms, *, ticker: str | None, dte: int | None) -> Sketch:
    return Sketch(terms=terms, ticker=ticker or DEFAULT_TICKER, dte=dte)


def from_alert(
    session: Session, name: str, terms: TradeTerms, *, ticker: str | None, dte: int | None
) -> Sketch:
    """The alert's trade, with what was typed in place of what it says.

    Raises:
        InputError, StoreError: There is no such opportunity.
    """
    from monitor.store.engine import read
    from monitor.store.opportunities import find_told

    store = session.existing_store()
    if store is None:
        raise StoreError(
            f"there is no alert yet in {session.home.root}",
            hint="name the monitor's home with --home or CONDORWATCH_HOME",
        )
    with read(store.engine) as connection:
        told = find_told(connection, name)
    origin = f"alert {name.strip().upper()}"
    sketch = Sketch(
        terms=_told_terms(told),
        ticker=told.ticker,
        dte=told.dte if told.expiration is None else None,
        origin=origin,
        expected=told.trade.credit_fill if told.trade else None,
        estimate=_estimate(told.trade, origin),
    )
    return _over(sketch, terms, ticker=ticker, dte=dte)


def _estimate(trade: TradeView | None, origin: str) -> str:
    price = None if trade is None else trade.price
    if price is None or price.kind == "quotes":
        return ""
    error = "" if price.error_pct is None else f", typical error {price.error_pct:g} %"
    return f"the credit of {origin} is no quote but {price.kind}{error}"


def _told_terms(told: OpportunityView) -> TradeTerms:
    trade = told.trade
    strikes = (
        {name: getattr(trade, name) for name in Strikes.__slots__} if trade is not None else {}
    )
    return TradeTerms(
        expiration=trade.expiration if trade else told.expiration,
        settlement=Settlement(trade.settlement) if trade else None,
        band=told.band,
        spread_type=SpreadType(told.spread_type),
        flow_mode=FlowMode(told.flow_mode),
        **strikes,
    )


def from_order(text: str, terms: TradeTerms, *, ticker: str | None, dte: int | None) -> Sketch:
    """The order's trade, with what was typed in place of what it says.

    Raises:
        InputError: The text is unclear.
    """
    from monitor.domain.order_text import read_order

    order = read_order(text)
    # a credit that was typed is instead of the order's price
    price = order.price if terms.credit_usd is None else None
    strikes = {name: getattr(order.strikes, name) for name in Strikes.__slots__}
    sketch = Sketch(
        terms=TradeTerms(
            expiration=order.expiration,
            settlement=order.settlement,
            spread_type=order.spread_type,
            contracts=order.contracts,
            price=price,
            **strikes,
        ),
        ticker=order.ticker,
        origin="the order text",
    )
    return _over(sketch, terms, ticker=ticker, dte=dte)


def _over(sketch: Sketch, terms: TradeTerms, *, ticker: str | None, dte: int | None) -> Sketch:
    """What was typed wins over what was read, and what differs is said."""
    given = {
        field.name: value
        for field in fields(TradeTerms)
        if (value := getattr(terms, field.name)) is not None
    }
    said = {
        name: getattr(sketch.terms, name)
        for name, value in given.items()
        if getattr(sketch.terms, name) not in (None, value)
    }
    known = dict(given) | ({"ticker": ticker} if ticker else {})
    if ticker and ticker.upper() != sketch.ticker:
        said["ticker"] = sketch.ticker
    if dte is not None and sketch.terms.expiration is not None and "expiration" not in given:
        raise InputError(
            f"--dte {dte} beside {sketch.origin}, which expires {sketch.terms.expiration}",
            hint="leave --dte out, or name another date with --expiration",
        )
    return replace(
        sketch,
        terms=replace(sketch.terms, **given),
        ticker=ticker or sketch.ticker,
        dte=dte if dte is not None else sketch.dte,
        overruled=tuple(
            f"{sketch.origin} says {name.replace('_', ' ')} {value}, you said {known[name]}"
            for name, value in said.items()
        ),
    )
