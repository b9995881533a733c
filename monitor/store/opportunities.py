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
    """The opportunity of an alert; `#2` is the second line of its newest telling.

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
    found = _newest(connection, alert_id)
    if not found:
        raise StoreError(
            f"alert {alert_id} told no opportunity",
            hint="`monitor alerts list` shows which did; log the trade with its terms instead",
        )
    number = int(match[2] or 1)
    if match[2] is None and len(found) > 1:
        lines = "; ".join(f"{alert_id}#{i}: {_words(v)}" for i, v in enumerate(found, 1))
        raise InputError(f"alert {alert_id} told {len(found)} opportunities", hint=lines)
    if number > len(found):
        raise InputError(f"alert {alert_id} told {len(found)}: there is no {alert_id}#{number}")
    return found[number - 1]


def _newest(connection: Connection, alert_id: str) -> list[OpportunityView]:
    """What the newest telling named, in its order."""
    rows = connection.execute(
        select(opportunities.c.scanned_at, opportunities.c.data)
        .where(opportunities.c.alert_id == alert_id)
        .order_by(opportunities.c.id)
    ).all()
    return [
        msgspec.convert(row.data, OpportunityView)
        for row in rows
        if row.scanned_at == rows[-1].scanned_at
    ]


def _words(view: OpportunityView) -> str:
    return f"{view.dte}DTE {view.band} {view.spread_type.upper()} @ {view.entry_time_pt}"
