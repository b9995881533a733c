"""Distance of a position's short strikes in the market's own measure: expected move and deltas."""

from __future__ import annotations

import math

from monitor.domain.alert_text import clock_text
from monitor.domain.ladder import Nearness
from monitor.domain.marks import MarkWorld, chain_key, is_am
from monitor.domain.positions import Position, Strikes
from monitor.domain.pricing.black_plain import greeks_plain
from monitor.domain.pricing.surface_plain import atm_stdev, smile_stdev_plain
from monitor.domain.quotes import Floats
from monitor.errors import MonitorError


def nearness_of(position: Position, world: MarkWorld) -> tuple[Nearness, str]:
    """Price, expected move and deltas now, and where the expected move comes from."""
    market = world.of(position.ticker)
    if market.spot is None or position.strikes is None:
        return Nearness(spot=None, expected_move=None), f"price unknown: {market.why}"
    anchor = world.anchors.get(chain_key(position))
    left = _left(position, world)
    spot = market.spot
    price = f"{position.ticker} {spot:,.2f}"
    if market.spot_asof is not None:
        price += f" as of {clock_text(market.spot_asof)}"
    if anchor is not None and left > 0:
        _, stdevs = anchor.stdevs(_shorts(position.strikes), spot=spot, left=left)
        move = anchor.expected_move(spot=spot, left=left)
        near = _nearness(position.strikes, spot, move, stdevs)
        when = clock_text(anchor.asof)
        return near, f"{price}; expected move {move:,.2f} points by the quotes of {when}"
    level = _model_level(position, world)
    if level is None or not level > 0:
        return Nearness(spot=spot, expected_move=None), f"{price}; expected move unknown"
    stdevs = smile_stdev_plain(
        position.ticker, forward=spot, atm_stdev=level, strikes=_shorts(position.strikes)
    )
    near = _nearness(position.strikes, spot, spot * level, stdevs)
    return near, f"{price}; expected move {spot * level:,.2f} points by the model"


def _left(position: Position, world: MarkWorld) -> float:
    """Variance time to settlement; 0 where its date lies outside the calendar."""
    try:
        return world.time.left(world.now, position.expiration, am=is_am(position))
    except MonitorError:
        return 0.0


def _model_level(position: Position, world: MarkWorld) -> float | None:
    vols = world.of(position.ticker).vols
    if vols is None:
        return None
    try:
        level = atm_stdev(
            position.ticker, time=world.time, now=world.now, expiration=position.expiration,
            vols=vols, am=is_am(position),
        )  # fmt: skip
    except MonitorError:
        return None
    return None if math.isnan(level) else level


def _nearness(strikes: Strikes, spot: float, move: float, stdevs: Floats) -> Nearness:
    shorts = _shorts(strikes)
    calls = [False] * (strikes.short_put is not None) + [True] * (strikes.short_call is not None)
    deltas, _ = greeks_plain(forward=spot, strike=shorts, total_stdev=stdevs, is_call=calls)
    by_strike = dict(zip(calls, deltas.tolist(), strict=True))
    return Nearness(
        spot=spot,
        expected_move=move,
        put_delta=by_strike.get(False),
        call_delta=by_strike.get(True),
    )


def _shorts(strikes: Strikes) -> list[float]:
    return [k for k in (strikes.short_put, strikes.short_call) if k is not None]
