"""A position's mark without quotes: the last chain's surface, else the model of docs/pricing.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from monitor.clock import NEW_YORK
from monitor.domain.alert_text import age_text
from monitor.domain.marks import Mark, MarkRules, MarkWorld, Underlying, chain_key, is_am, verticals
from monitor.domain.option_chain import PriceSource, Right
from monitor.domain.positions import Position, Strikes
from monitor.domain.pricing.model_error import is_measured, model_error
from monitor.domain.pricing.surface_plain import (
    atm_stdev,
    surface_prices,
)
from monitor.domain.quotes import Floats

ANCHOR_SESSIONS = 1  # an anchor of an earlier session than the last one is not used
# On the day of expiration: measured up to this age, with this error in the mean, %.
# Source: docs/pricing.md, "later the same day"
LAST_DAY_AGE, LAST_DAY_ERROR = timedelta(hours=1), 52.0


def from_anchor(
    position: Position, strikes: Strikes, world: MarkWorld, _rules: MarkRules
) -> Mark | str:
    anchor, market = world.anchors.get(chain_key(position)), world.of(position.ticker)
    if anchor is None:
        return "not anchored: no earlier chain is known"
    day = anchor.asof.astimezone(NEW_YORK).date()
    if world.time.calendar.dte(day, world.now.astimezone(NEW_YORK).date()) > ANCHOR_SESSIONS:
        return f"not anchored: the last chain is {age_text(world.now - anchor.asof)}"
    if market.spot is None:
        return f"not anchored: {position.ticker} is unknown: {market.why}"
    if not is_measured(position.ticker):
        return f"not anchored: how far such prices of {position.ticker} are off was never measured"
    k, is_call = _legs(strikes)
    left = world.time.left(world.now, position.expiration, am=is_am(position))
    prices = anchor.prices(k, is_call, spot=market.spot, left=left)
    last_day = _sessions(position, world) < 1
    error = LAST_DAY_ERROR if last_day else float(model_error(position.ticker).anchored)
    mark = _surface_mark(
        position, strikes, prices, market,
        kind=PriceSource.ANCHORED, source=anchor.source, asof=anchor.asof,
        error_pct=error, simulated=anchor.simulated,
    )  # fmt: skip
    age = world.now - anchor.asof
    if isinstance(mark, Mark) and last_day and age > LAST_DAY_AGE:
        why = (
            f"the last chain is {age_text(age)}: on the day of expiration such prices were "
            "measured up to an hour only, so it decides no stop and no target"
        )
        return replace(mark, decides=False, problems=(why,))
    return mark


def from_model(
    position: Position, strikes: Strikes, world: MarkWorld, _rules: MarkRules
) -> Mark | str:
    market, now = world.of(position.ticker), world.now
    if market.spot is None or market.spot_asof is None:
        return f"no model price: {position.ticker} is unknown: {market.why}"
    if market.vols is None:
        return "no model price: its volatility index or VIX is unknown"
    k, is_call = _legs(strikes)
    level = atm_stdev(
        position.ticker, time=world.time, now=now, expiration=position.expiration,
        vols=market.vols, am=is_am(position),
    )  # fmt: skip
    prices = surface_prices(
        position.ticker, forward=market.spot, atm_stdev=level, strikes=k, is_call=is_call
    )
    mark = _surface_mark(
        position, strikes, prices, market,
        kind=PriceSource.MODEL, source=None, asof=market.spot_asof,
        error_pct=float(model_error(position.ticker).mean_absolute), simulated=False,
    )  # fmt: skip
    if isinstance(mark, Mark) and _sessions(position, world) < 1:
        why = "the model failed its test at 0 DTE: it decides no stop and no target"
        return replace(mark, decides=False, problems=(why,))
    return mark


def _sessions(position: Position, world: MarkWorld) -> int:
    return world.time.calendar.dte(world.now.astimezone(NEW_YORK).date(), position.expiration)


def _surface_mark(
    position: Position,
    strikes: Strikes,
    prices: Floats,
    market: Underlying,
    *,
    kind: PriceSource,
    source: str | None,
    asof: datetime,
    error_pct: float,
    simulated: bool,
) -> Mark | str:
    if not np.isfinite(prices).all():
        return f"no {kind} price: no time or no volatility is left to price with"
    debit, width = 0.0, 0.0
    for i, (_, short, long) in enumerate(verticals(strikes)):
        width = max(width, abs(short - long))
        debit += min(max(float(prices[2 * i] - prices[2 * i + 1]), 0.0), abs(short - long))
    debit = min(debit, width)
    error = debit * error_pct / 100
    stamp = market.spot_asof.isoformat() if market.spot_asof else None
    return Mark(
        kind=kind,
        source=source,
        asof=asof,
        debit=debit,
        low=debit - error,
        high=min(debit + error, width),
        error_pct=error_pct,
        basis=f"{kind}|{asof.isoformat()}|{stamp}",
        simulated=simulated,
    )


def _legs(strikes: Strikes) -> tuple[list[float], list[bool]]:
    """Short and long strike of each vertical in turn, and whether they are calls."""
    found = verticals(strikes)
    k = [strike for _, short, long in found for strike in (short, long)]
    return k, [right is Right.CALL for right, _, _ in found for _ in range(2)]
