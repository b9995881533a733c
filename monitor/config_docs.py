"""The settings as documentation: one row a key."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct

from monitor.config import BANDS, Preference, Settings


class SettingDoc(NamedTuple):
    """One row of the settings table: dotted key, default, unit, allowed range, help."""

    key: str
    default: str
    unit: str
    allowed: str
    help: str


def describe(struct: type[Struct] = Settings, prefix: str = "") -> Iterator[SettingDoc]:
    """Yield every setting once, in declaration order."""
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        hint = hints[field.name]
        default = field.default if field.default is not msgspec.NODEFAULT else UNSET
        if isinstance(hint, type) and issubclass(hint, Struct):
            if isinstance(default, Preference):
                joined = ", ".join(default.bands)
                allowed = ", ".join(BANDS)
                key = f"{prefix}{field.name}.bands"
                yield SettingDoc(key, joined, "", allowed, "bands that the regime looks at")
                dtes = ", ".join(str(d) for d in default.dtes)
                key = f"{prefix}{field.name}.dtes"
                yield SettingDoc(key, dtes, "sessions", "", "days to expiration it looks at")
                continue
            yield from describe(hint, f"{prefix}{field.name}.")
            continue
        meta = next((m for m in _metas(hint)), None)
        unit = (meta.extra or {}).get("unit", "") if meta else ""
        text = meta.description or "" if meta else ""
        yield SettingDoc(f"{prefix}{field.name}", _show(default), unit, _allowed(meta), text)


def is_secret(key: str) -> bool:
    """Whether the setting's value must never be shown; `key` may go deeper ("notify.urls[0]")."""
    hint: Any = Settings
    for part in key.partition("[")[0].split("."):
        hints = get_type_hints(hint, include_extras=True) if isinstance(hint, type) else {}
        hint = hints.get(part)
    return any((meta.extra or {}).get("secret", False) for meta in _metas(hint))


def choices(key: str) -> tuple[str, ...]:
    """The words a setting may have, where it is one of a fixed few."""
    hint: Any = Settings
    for part in key.split("."):
        hints = get_type_hints(hint) if isinstance(hint, type) else {}
        hint = hints.get(part)
    fixed = isinstance(hint, type) and issubclass(hint, StrEnum)
    return tuple(member.value for member in hint) if fixed else ()


def _allowed(meta: Meta | None) -> str:
    """The range of a number: "5 to 3600", "above 0"."""
    if meta is None:
        return ""
    low = f"{meta.ge:g}" if meta.ge is not None else ""
    if meta.gt is not None:
        low = f"above {meta.gt:g}"
    if meta.le is not None:
        joint = ", up to" if meta.gt is not None else " to"
        return f"{low}{joint} {meta.le:g}"
    return low if low.startswith("above") or not low else f"{low} or more"


def _metas(hint: Any) -> Iterator[Meta]:
    if get_origin(hint) is Annotated:
        yield from (m for m in get_args(hint)[1:] if isinstance(m, Meta))
    else:
        for arg in get_args(hint):
            yield from _metas(arg)


def _show(value: Any) -> str:
    if value is None or value is UNSET or value == "":
        return ""
    if isinstance(value, tuple):
        return ", ".join(str(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
