"""`logs/alerts.jsonl`, for machines: one JSON object a line, the fields in docs/alerts.md."""

from __future__ import annotations

import json
import math
from datetime import UTC
from pathlib import Path
from typing import Any

from monitor.domain.alerts import Notice
from monitor.notify.journal import Journal

SCHEMA_VERSION = 1


def alerts_jsonl(path: Path) -> Journal:
    """The channel `alerts.jsonl`."""
    return Journal(
        name="alerts.jsonl",
        path=path,
        # ASCII: other people's control characters stay escapes, whatever reads the line.
        render=lambda notice: json.dumps(as_object(notice), allow_nan=False) + "\n",
    )


def as_object(notice: Notice) -> dict[str, Any]:
    """The notice as plain JSON values; instants RFC 3339 UTC, unknown null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "id": notice.id,
        "alert": f"A{notice.alert_number}",
        "reason": notice.reason.value,
        "at": notice.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "level": notice.level.value,
        "title": notice.title,
        "details": list(notice.details),
        "ticker": notice.ticker,
        "position_id": notice.position_id,
        "simulated": notice.simulated,
        "data": {key: _json_value(value) for key, value in notice.data},
    }


def _json_value(value: str | float | int | None) -> str | float | int | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value
