"""Every open position marked at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.chain_quotes import stale_problem
from monitor.domain.mark_quotes import from_quotes
from monitor.domain.mark_surface import from_anchor, from_model
from monitor.domain.marks import Mark, MarkRules, MarkWorld
from monitor.domain.positions import Position
from monitor.errors import MonitorError


def world_with_ages(world: MarkWorld) -> MarkWorld:
    """The same with each chain's staleness judged once, not once a position."""
    judged = {
        key: stale_problem(
            chain, now=world.now, settings=world.settings, calendar=world.time.calendar
        )
        for key, chain in world.chains.items()
    }
    return replace(world, stale=judged)


def mark_positions(positions: Sequence[Position], world: MarkWorld) -> dict[str, Mark | str]:
    """Each position's mark by id, or why it has none."""
    rules = MarkRules.from_settings(world.settings)
    judged = world_with_ages(world)
    return {p.id: mark_position(p, judged, rules) for p in positions}


def mark_position(position: Position, world: MarkWorld, rules: MarkRules) -> Mark | str:
    """Quotes, else anchored, else model; a reason where none of them can be had."""
    if position.strikes is None:
        return "it has no strikes: only positions update can give its P&L"
    why: list[str] = []
    for attempt in (from_quotes, from_anchor, from_model):
        made: Mark | str
        try:
            made = attempt(position, position.strikes, world, rules)
        except MonitorError as error:  # its dates lie outside the calendar
            made = error.message
        if isinstance(made, Mark):
            return replace(made, problems=(*why, *made.problems)) if why else made
        why.append(made)
    return "; ".join(why)
