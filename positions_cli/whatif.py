"""`positions whatif`: the book with one more trade in it, before it is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import click

from monitor.cli.options import DECIMAL, home_option, json_option
from monitor.domain.position_input import build_position
from monitor.domain.position_warnings import usd
from monitor.domain.position_watch import still_at_risk
from monitor.domain.positions import Position
from monitor.domain.snapshot import ExpirationRiskView, WhatIfView
from monitor.domain.what_if import held, what_if_view
from monitor.errors import InputError
from positions_cli.add import NO_ID, sketched
from positions_cli.asking import completed
from positions_cli.output import say, say_json, table, warn
from positions_cli.seen import SeenPrice, seen_prices
from positions_cli.session import Session, open_session
from positions_cli.sketch import Sketch
from positions_cli.trade_options import TradeTerms, new_trade_options
from positions_cli.watch import warnings_of, watch
from positions_cli.words import age_text, expiration_text, title

MAX_PRICE = 1e6


@click.command(short_help="Show what one more trade would do to the book.")
@click.option("--from-alert", "alert", metavar="A17", help="The trade of an alert; A17#2: second.")
@new_trade_options
@click.option(
    "--at", "at", type=DECIMAL, metavar="POINTS",
    help="The underlying's price now (else as the monitor last saw it).",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Ask nothing; take the amount as it is understood.")
@json_option
@home_option
def whatif(
    *,
    terms: TradeTerms,
    ticker: str | None,
    dte: int | None,
    alert: str | None,
    at: float | None,
    yes: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Show the book with one more trade: maximum loss, gaps, limits, overlaps. Writes nothing.

    From an alert, --contracts is 1 and the credit the alert's unless you give them.

    \b
    Example:
      positions whatif --from-alert A17 --contracts 2
      positions whatif --dte 5 --spread put_spread --contracts 3 --price 0.50 \\
          --short-put 19800 --long-put 19700
    """
    session = open_session(home)
    interactive = session.interactive and not as_json
    sketch = sketched(
        session, terms, ticker=ticker, dte=dte, alert=alert, paste=None, interactive=interactive
    )
    sketch = completed(_as_alerted(sketch), interactive=interactive, yes=yes)
    calendar = session.calendar()
    trade = build_position(sketch.draft(), position_id=NO_ID, now=session.now, calendar=calendar)
    prices = _prices(session, trade.ticker, at)
    view = what_if_view(
        _at_risk(session),
        replace(held(trade), name="this trade"),
        limits=session.settings.limits,
        prices={name: seen.price for name, seen in prices.items() if seen.price is not None},
    )
    problems = [*sketch.overruled, *warnings_of(session, trade)]
    if as_json:
        say_json({"what_if": asdict(view), "prices": _price_fields(prices), "warnings": problems})
        return
    say("\n".join(_lines(session, trade, view, prices)))
    warn(problems)


def _as_alerted(sketch: Sketch) -> Sketch:
    """One contract at the alert's credit, where nothing else was said."""
    terms = sketch.terms
    if not sketch.origin:
        return sketch
    if terms.contracts is None:
        terms = replace(terms, contracts=1)
    if terms.price is None and terms.credit_usd is None:
        terms = replace(terms, price=sketch.expected)
        said = (sketch.estimate,) if sketch.estimate else ()
        sketch = replace(sketch, overruled=(*sketch.overruled, *said))
    return replace(sketch, terms=terms)


def _at_risk(session: Session) -> tuple[Position, ...]:
    store = session.existing_store()
    if store is None:
        return ()
    watched = watch(session, store.list_positions(), session.calendar()).watched
    return still_at_risk(watched, session.now)


def _prices(session: Session, ticker: str, at: float | None) -> dict[str, SeenPrice]:
    prices = seen_prices(session.home.snapshot)
    if at is None:
        return prices
    if not 0 < at <= MAX_PRICE:
        raise InputError(f"--at {at:g}: it must be above 0 and at most {MAX_PRICE:,.0f} points")
    given = SeenPrice(ticker=ticker, price=at, asof=session.now, source="you")
    return prices | {ticker: given}


def _price_fields(prices: Mapping[str, SeenPrice]) -> dict[str, dict[str, object]]:
    return {
        name: {"price": p.price, "asof": p.asof, "source": p.source, "simulated": p.simulated}
        for name, p in prices.items()
    }


def _lines(
    session: Session, trade: Position, view: WhatIfView, prices: Mapping[str, SeenPrice]
) -> Iterator[str]:
    yield (
        f"what if: {trade.contracts} × {title(trade)}, credit {usd(trade.credit_usd)}, expires "
        f"{expiration_text(trade, trade.entry_dte)}"
    )
    seen = prices.get(trade.ticker)
    yield f"{trade.ticker} {_price_text(session, seen)}"
    yield ""
    yield f"this trade can lose  {usd(view.trade_max_loss_usd)}"
    yield (
        f"the whole book       {usd(view.total_max_loss_usd)} with it, "
        f"{usd(view.total_before_usd)} without (at expiration; sides of one expiration do not add)"
    )
    yield ""
    yield table(
        ("EXPIRATION", "TICKER", "PUT SIDE", "CALL SIDE", "MAX LOSS", ""),
        [_risk_row(row) for row in view.expirations],
        right=frozenset({2, 3, 4}),
    )
    yield ""
    yield from _gap_table(trade, view, seen)
    yield ""
    for text in view.breaks:
        yield f"BREAKS A LIMIT: {text}"
    yield f"within your limits: {_count(view.contracts_that_fit)} of this trade"
    for text in (*view.overlaps, *view.notes):
        yield f"note: {text}"


def _price_text(session: Session, seen: SeenPrice | None) -> str:
    if seen is None or seen.price is None or seen.asof is None:
        return "price unknown: give it with --at, or start the monitor"
    if seen.source == "you":
        return f"{seen.price:,.2f}, as you gave it"
    age = age_text((session.now - seen.asof).total_seconds())
    return f"{seen.price:,.2f}, {seen.source}, {age} ago"


def _risk_row(row: ExpirationRiskView) -> tuple[str, ...]:
    am = " AM" if row.settlement == "am" else ""
    return (
        f"{row.expiration:%a %Y-%m-%d}{am}",
        row.ticker,
        usd(row.put_side_usd),
        usd(row.call_side_usd),
        usd(row.max_loss_usd),
        "with this trade" if row.with_trade else "",
    )


def _gap_table(trade: Position, view: WhatIfView, seen: SeenPrice | None) -> Iterator[str]:
    """P&L at expiration after a gap, by underlying where there are several."""
    several = [name for name, _ in view.gaps[0].underlyings]
    header = ("GAP", f"{trade.ticker} AT", "THIS TRADE", *several, "WHOLE BOOK")
    rows = [
        (
            f"{gap.move_pct:+g}%",
            _points(seen, gap.move_pct),
            _money(gap.trade_usd),
            *(_money(pnl) for _, pnl in gap.underlyings),
            _money(gap.pnl_usd),
        )
        for gap in view.gaps
    ]
    yield table(header, rows, right=frozenset(range(len(header))))


def _points(seen: SeenPrice | None, move_pct: float) -> str:
    if seen is None or seen.price is None:
        return "unknown"
    return f"{seen.price * (1 + move_pct / 100):,.0f}"


def _money(value: float | None) -> str:
    return "unknown" if value is None else usd(value)


def _count(contracts: int) -> str:
    return f"{contracts} contract{'' if contracts == 1 else 's'}"
