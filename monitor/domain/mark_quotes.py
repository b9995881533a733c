"""A position's mark from the quotes of its own chain, moved to the underlying's price now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from monitor.domain.alert_text import age_text
from monitor.domain.anchor import ChainAnchor
from monitor.domain.chain_quotes import LegQuote, VerticalQuote, vertical_quote
from monitor.domain.marks import (
    Mark,
    MarkRules,
    MarkWorld,
    Underlying,
    chain_key,
    verticals,
)
from monitor.domain.option_chain import OptionChain, PriceSource, Right
from monitor.domain.positions import Position, Strikes

WIDE_PART_OF_WIDTH = 0.25


def from_quotes(
    position: Position, strikes: Strikes, world: MarkWorld, rules: MarkRules
) -> Mark | str:
    key = chain_key(position)
    chain = world.chains.get(key)
    if chain is None:
        why = world.chain_problems.get((position.ticker, position.expiration))
        return f"no quotes: {why or 'no chain was fetched'}"
    if stale := world.stale.get(key):
        return f"no quotes: {stale}"
    sides = [
        vertical_quote(chain, right, short=short, long=long, opening=False)
        for right, short, long in verticals(strikes)
    ]
    mids = [side.mid for side in sides]
    problem = next((side.problem for side in sides if side.problem), None)
    if problem is not None or None in mids:
        return f"no quotes: {problem}"
    quoted = sum(mid for mid in mids if mid is not None)
    # by the legs: near the maximum loss the natural price may lie above the width
    gap = _sum([_half_spread(leg) for side in sides for leg in (side.short, side.long)])
    return _quoted_mark(position, chain, sides, quoted, gap, world, rules)


def _quoted_mark(
    position: Position,
    chain: OptionChain,
    sides: Sequence[VerticalQuote],
    quoted: float,
    gap: float | None,
    world: MarkWorld,
    rules: MarkRules,
) -> Mark:
    market, width = world.of(position.ticker), max(side.width for side in sides)
    fresh = chain.age(world.now) <= rules.fresh
    moved = _moved(chain, sides, market, world.anchors.get(chain_key(position)))
    debit, shift = (quoted, None) if moved is None else moved
    spread = gap or 0.0
    ends = (debit, debit) if fresh else (quoted, debit - spread, debit + spread)
    credit = position.credit_usd / (position.multiplier * position.contracts)
    problems = _age_problems(chain, market, shift, fresh, world.now)
    wide = gap is None or gap > min(rules.wide * credit, WIDE_PART_OF_WIDTH * width)
    if wide and gap is not None and debit - gap >= rules.stop * credit:
        wide = False
        problems += (
            f"wide quotes (natural price {gap:.2f} points from mid): their best end is past the "
            "stop too",
        )
    if wide:
        how = "unknown" if gap is None else f"{gap:.2f} points from mid"
        problems += (f"wide quotes (natural price {how}): they decide no stop and no target",)
    stamp = market.spot_asof if shift is not None else None
    return Mark(
        kind=PriceSource.QUOTES,
        source=chain.source,
        asof=chain.asof,
        delay=chain.delay,
        debit=debit,
        quoted=quoted,
        natural=None if gap is None else min(debit + gap, width),
        low=max(min(ends), 0.0),
        high=min(max(ends), width),
        legs=tuple(leg for side in sides for leg in ((-1, side.short), (1, side.long))),
        moved=shift,
        decides=not wide,
        tight=fresh and gap is not None and gap <= rules.tight * credit,
        basis=f"{PriceSource.QUOTES}|{chain.asof.isoformat()}|{stamp and stamp.isoformat()}",
        simulated=chain.simulated,
        problems=problems,
    )


def _moved(
    chain: OptionChain,
    sides: Sequence[VerticalQuote],
    market: Underlying,
    anchor: ChainAnchor | None,
) -> tuple[float, float] | None:
    """Debit at the underlying's price now, and how far that is; None: it cannot be moved."""
    if market.spot is None or chain.spot is None:
        return None
    shift = market.spot - chain.spot
    total = 0.0
    for side in sides:
        short, long = _greeks(chain, side.short, anchor), _greeks(chain, side.long, anchor)
        delta, gamma = short[0] - long[0], short[1] - long[1]
        value = (side.mid or 0.0) + _change(delta, gamma, shift)
        if not math.isfinite(value):
            return None
        total += min(max(value, 0.0), side.width)
    return min(total, max(side.width for side in sides)), shift


def _change(delta: float, gamma: float, shift: float) -> float:
    """By delta and gamma, no further than where they turn back.

    A vertical never gains from a move that it loses by: beyond the turn the parabola is wrong.
    """
    if delta * shift * gamma < 0:
        shift = math.copysign(min(abs(shift), abs(delta / gamma)), shift)
    return delta * shift + 0.5 * gamma * shift * shift


def _half_spread(leg: LegQuote) -> float | None:
    return None if leg.bid is None or leg.ask is None else (leg.ask - leg.bid) / 2


def _greeks(chain: OptionChain, leg: LegQuote, anchor: ChainAnchor | None) -> tuple[float, float]:
    """Delta and gamma: the source's; where it gave none, those of its own prices; else NaN."""
    place = chain.place(leg.strike)
    side = chain.side(leg.right)
    if place is not None:
        delta, gamma = float(side.delta[place]), float(side.gamma[place])
        if math.isfinite(delta) and math.isfinite(gamma):
            return delta, gamma
    if anchor is None or anchor.asof != chain.asof:
        return math.nan, math.nan
    deltas, gammas = anchor.greeks([leg.strike], [leg.right is Right.CALL])
    return float(deltas[0]), float(gammas[0])


def _age_problems(
    chain: OptionChain, market: Underlying, shift: float | None, fresh: bool, now: datetime
) -> tuple[str, ...]:
    if fresh:
        return ()
    age = age_text(chain.age(now))
    if shift is not None:
        return (f"quotes are {age}; moved by {shift:+.2f} points of {chain.underlying} since",)
    if market.spot is None:
        why = f"{chain.underlying} now is unknown: {market.why}"
    elif chain.spot is None:
        why = f"the source gave no price of {chain.underlying} with them"
    else:
        why = "no greeks are known"
    return (f"quotes are {age} and were not moved to the price now: {why}",)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) if len(known) == len(values) else None
