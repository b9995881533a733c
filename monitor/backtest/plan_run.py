"""Inputs → a plan: recorded marks as they are, model marks as far as the entries' bands reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from monitor.backtest.legs import ExpirationMarks
from monitor.backtest.open_chains import Inputs
from monitor.backtest.run_blocks import make_plan
from monitor.backtest.run_plan import Plan, RunSpec
from monitor.config import RegimeEdges
from monitor.domain.trading_calendar import TradingCalendar


@dataclass(frozen=True, slots=True)
class _NotYet:
    """Stands where model marks will be, until the bands say which strikes they need."""

    def marks(self, expiration: int) -> ExpirationMarks | None:
        del expiration
        return None

    def part(self, first: int, stop: int) -> _NotYet:
        del first, stop
        return self


def plan_run(
    spec: RunSpec,
    inputs: Inputs,
    *,
    calendar: TradingCalendar,
    edges: RegimeEdges,
    notes: tuple[str, ...] = (),
    workers: int = 2,
) -> Plan:
    """Plan a run on whatever prices the inputs have.

    Raises:
        DomainError: No session lies in the span, or the ticker cannot have model prices.
    """
    plan = make_plan(
        spec, sessions=inputs.sessions, prices=inputs.prices, source=inputs.marks or _NotYet(),
        calendar=calendar, vol=inputs.vol, vix=inputs.vix, edges=edges, notes=notes,
        workers=workers,
    )  # fmt: skip
    if inputs.marks is not None:
        return plan
    from monitor.backtest.model_marks import model_marks  # heavy, and no part of recorded quotes

    return replace(
        plan,
        source=model_marks(
            spec.ticker, sessions=inputs.sessions, prices=inputs.prices, vols=dict(inputs.vols),
            calendar=calendar, low=plan.facts.low, high=plan.facts.high,
            dtes=plan.table.cell_dte, widest=float(np.max(plan.table.widths)),
            days=inputs.ranges,
        ),
    )  # fmt: skip
