"""Changes of a position in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.domain.position_record import FIELDS, Record
from monitor.store.position_events import PositionEvent
from positions_cli.session import Session
from positions_cli.words import local

# They follow from others, or repeat what the line says already.
_DERIVED = frozenset({"pnl_asof", "pnl_source", "closed_at"})


def change_lines(session: Session, events: Sequence[PositionEvent]) -> Iterator[str]:
    """One line an event, oldest first."""
    undone = {event.undoes for event in events}
    for event in events:
        taken_back = "  (undone)" if event.seq in undone else ""
        yield f"{local(session, event.at)}  {event.kind.value}{differences(event)}{taken_back}"


def differences(event: PositionEvent, *, taken_back: bool = False) -> str:
    """ ": contracts 3 → 2, credit_usd 150 → 100"; empty for a new position.

    Args:
        taken_back: Say it the other way round, so that what counts now stands last.
    """
    if event.before is None:
        return ""
    if event.after is None:
        return ": the position is taken back"
    old, new = (event.after, event.before) if taken_back else (event.before, event.after)
    changed = [
        f"{name} {_value(old, name)} → {_value(new, name)}"
        for name in FIELDS
        if name not in _DERIVED and old[name] != new[name]
    ]
    return ": " + ", ".join(changed) if changed else ""


def _value(record: Record, name: str) -> str:
    value = record[name]
    if name == "notes":
        return f"{len(value)} note{'s' if len(value) != 1 else ''}"
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e5 else str(value)
