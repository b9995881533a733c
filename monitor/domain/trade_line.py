"""An opportunity's live trade in one or two lines of text, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from monitor.domain.alert_text import age_text, usd_short
from monitor.domain.snapshot import OpportunityView, PriceView, TradeView
from monitor.domain.spreads import describe_strikes, strikes_of

_KINDS = {"quotes": "quotes", "anchored": "estimate from the last chain", "model": "model estimate"}


def trade_lines(view: OpportunityView, *, as_told: bool = False) -> Iterator[str]:
    """Its name and its trade; then the order line, where there is one.

    Args:
        as_told: The view is of an earlier telling, and so is the age of its quotes.

    `A17#2 NDX 3DTE P98 IRON_CONDOR: NDXP 19400/19500p 20500/20600c for 1.40 points ($140 a …`
    """
    number = "" if view.alert_line is None else f"#{view.alert_line}"
    name = f"{view.alert_id}{number} " if view.alert_id else ""
    head = f"{name}{view.ticker} {view.dte}DTE {view.band} {view.spread_type.upper()}"
    trade = view.trade
    if trade is None:
        yield (
            f"{head}: no live trade; in the backtest credit "
            f"{usd_short(view.credit_usd_per_contract)}, "
            f"max loss {usd_short(view.max_loss_usd_per_contract)} a contract"
        )
        return
    yield f"{head}: {_trade(trade, 'then ' if as_told else '')}"
    if trade.order_line:
        yield f"  {trade.order_line}"


def _trade(trade: TradeView, then: str) -> str:
    where = f"{trade.root or 'root unknown'} {describe_strikes(strikes_of(trade))}"
    if trade.credit_fill is None or trade.credit_usd_per_contract is None:
        why = "; ".join(dict.fromkeys(problem.why for problem in trade.problems))
        return f"{where}, credit unknown{f' ({why})' if why else ''}"
    loss = trade.max_loss_usd_per_contract
    return ", ".join(
        (
            f"{where} for {trade.credit_fill:.2f} points "
            f"({usd_short(trade.credit_usd_per_contract)} a contract)",
            f"max loss {'unknown' if loss is None else usd_short(loss)}",
            _price(trade.price, then),
            *trade.poorer_why,
        )
    )


def _price(price: PriceView | None, then: str) -> str:
    if price is None:
        return "source unknown"
    source = f" {price.source}" if price.source else ""
    error = "" if price.error_pct is None else f" (±{price.error_pct:.0f} %)"
    age = "" if price.age_s is None else f", {then}{age_text(timedelta(seconds=price.age_s))}"
    return f"{_KINDS.get(price.kind, price.kind)}{source}{error}{age}"
