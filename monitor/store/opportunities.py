"""The opportunities that alerts told, as they were then: `A17`, or its second one `A17#2`."""

from __future__ import annotations

import re

import msgspec
from sqlalchemy import Connection, select

from monitor.domain.snapshot import OpportunityView
from monitor.errors import InputError, StoreError
from monitor.store.schema import opportunities

_NAME = re.compile(r"A?([1-9][0-9]{0,8})(?:#([1-9][0-9]?))?", re.ASCII | re.IGNORECASE)


def find_told(connection: Connection, name: str) -> OpportunityView:
    """The opportunity of an alert's line, as it was when it was told.

    Raises:
        InputError: It is no such name, or the alert told several and none is picked.
        StoreError: No opportunity was told under this alert.
    """
    match = _NAME.fullmatch(name.strip())
    if match is None:
        raise InputError(
            f"{name[:40]!r} names no opportunity",
            hint="use the alert's id, as A17, or A17#2 for its second line; "
            "`monitor alerts list` shows them",
        )
    alert_id = f"A{match[1]}"
    told = told_by(connection, alert_id)
    if not told:
        raise StoreError(
            f"alert {alert_id} told no opportunity",
            hint="`monitor alerts list` shows which did; log the trade with its terms instead",
        )
    lines = "; ".join(f"{alert_id}#{line}: {_words(view)}" for line, view in told.items())
    if match[2] is None and len(told) > 1:
        raise InputError(f"alert {alert_id} told {len(told)} opportunities", hint=lines)
    number = int(match[2]) if match[2] else min(told)
    if number not in told:
        raise InputError(f"there is no {alert_id}#{number}", hint=lines)
    return told[number]


def told_by(connection: Connection, alert_id: str) -> dict[int, OpportunityView]:
    """An alert's opportunities by their line, as they were when it was told."""
    rows = connection.execute(
        select(opportunities.c.data)
        .where(opportunities.c.alert_id == alert_id)
        .order_by(opportunities.c.id)
    )
    views = [msgspec.convert(row.data, OpportunityView) for row in rows]
    by_line = {view.alert_line or i: view for i, view in enumerate(views, 1)}
    return {line: by_line[line] for line in sorted(by_line)}


def _words(view: OpportunityView) -> str:
    return f"{view.dte}DTE {view.band} {view.spread_type.upper()} @ {view.entry_time_pt}"
