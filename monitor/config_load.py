"""Settings from all their sources: flags beat environment, which beats `config.toml`,

which beats the defaults declared in `monitor/config.py`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from datetime import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from monitor.config import BANDS, Settings
from monitor.domain.vocabulary import Regime
from monitor.errors import ConfigError

ENV_PREFIX = "CONDORWATCH_"
_ENTRY_CLOCKS = ("entry_window_start", "entry_window_end")
_QUIET_CLOCKS = ("quiet_start", "quiet_end")
HINT = "correct config.toml, the environment variable or the flag; README lists the ranges"


def load_settings(
    home: Path,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge defaults, `home/config.toml`, environment and flags; validate the result.

    Args:
        environ: `CONDORWATCH_<KEY>` or `CONDORWATCH_<GROUP>__<KEY>`; default the process's own.
        flags: Dotted key → value; None values are "not given".

    Raises:
        ConfigError: Unknown key or value out of range; names both and the way out.
    """
    # Begin with the defaults, so that a file may set one half of a group.
    merged: dict[str, Any] = msgspec.to_builtins(Settings())
    path = home / "config.toml"
    if path.exists():
        given = _read_toml(path)
        _refuse_unknown(given, Settings, where=str(path))
        _merge(merged, given)
    for name, text in (os.environ if environ is None else environ).items():
        if name.startswith(ENV_PREFIX) and name != ENV_PREFIX + "HOME":
            keys = name.removeprefix(ENV_PREFIX).lower().split("__")
            overlay = _nest(keys, _from_text(text))
            _refuse_unknown(overlay, Settings, where=f"environment variable {name}")
            _merge(merged, overlay)
    for key, value in (flags or {}).items():
        if value is not None:
            _merge(merged, _nest(key.split("."), value))
    if merged.get("trend") == "auto":
        raise ConfigError(
            "trend 'auto' is not available yet", hint="say it yourself: up, down or sideways"
        )
    _wrap_single(merged, "tickers")
    _refuse_values_for_groups(merged)
    _wrap_single(merged["notify"], "urls")
    _wrap_single(merged["dashboard"], "names")
    try:
        settings = msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise _explain(error, merged) from error
    _refuse_contradictions(settings)
    return settings


def _refuse_contradictions(settings: Settings) -> None:
    """What a range on one value cannot say."""
    for key, value in _floats(settings):
        if not math.isfinite(value):
            raise _refusal(key, value, "must be a finite number")
    edges = settings.regime.edges
    if not all(a < b for a, b in pairwise(edges)) or edges[0] <= 0:
        raise _refusal("regime.edges", edges, "must be four rising VIX levels above 0")
    notify = settings.notify
    clocks = {f"hours.{k}": getattr(settings.hours, k) for k in _ENTRY_CLOCKS}
    clocks |= {f"notify.{k}": getattr(notify, k) for k in _QUIET_CLOCKS if getattr(notify, k)}
    for key, text in clocks.items():
        try:
            time.fromisoformat(text)
        except ValueError as error:
            raise _refusal(key, text, "must be a time from 00:00 to 23:59") from error
    if bool(notify.quiet_start) != bool(notify.quiet_end):
        key = "notify.quiet_end" if notify.quiet_start else "notify.quiet_start"
        raise _refusal(key, "", "quiet hours need a start and an end")
    if settings.hours.entry_window_start > settings.hours.entry_window_end:
        raise _refusal("hours.entry_window_end", settings.hours.entry_window_end, "is too early")
    try:
        ZoneInfo(settings.hours.display_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        zone = settings.hours.display_timezone
        raise _refusal("hours.display_timezone", zone, "is no IANA time zone") from error
    ladder = settings.ladder
    if not ladder.watch_moves >= ladder.warning_moves >= ladder.critical_moves:
        key, value = "ladder.warning_moves", ladder.warning_moves
        raise _refusal(key, value, "must be from ladder.watch_moves down to ladder.critical_moves")
    for regime in Regime:
        for band in settings.preferences.of_regime(regime).bands:
            if band not in BANDS:
                key = f"preferences.{regime.value}.bands"
                raise _refusal(key, band, f"must be of {', '.join(BANDS)}")


def _refuse_values_for_groups(merged: Mapping[str, Any]) -> None:
    """A group of settings takes no value itself; what was given may be a secret."""
    for group, default in msgspec.to_builtins(Settings()).items():
        if isinstance(default, dict) and not isinstance(merged[group], dict):
            raise ConfigError(
                f"setting {group} is a group, and was given a value (not shown)",
                hint=f"name one of its settings: {', '.join(default)}",
            )


def _wrap_single(group: dict[str, Any], key: str) -> None:
    """One word from the environment stands for a list of one."""
    if isinstance(group.get(key), str):
        group[key] = [group[key]]


def _floats(struct: Struct, prefix: str = "") -> Iterator[tuple[str, float]]:
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, Struct):
            yield from _floats(value, f"{prefix}{name}.")
        elif isinstance(value, float):
            yield f"{prefix}{name}", value


def _refusal(key: str, value: object, why: str) -> ConfigError:
    return ConfigError(f"setting {key} = {value!r}: {why}", hint=HINT)


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib  # only where there is a file: `positions list` must start fast

    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: not readable as TOML: {error}",
            hint="correct that line, or move the file away to run with the defaults",
        ) from error


def _refuse_unknown(given: Mapping[str, Any], struct: type[Struct], *, where: str) -> None:
    known = {f.name: f.type for f in msgspec.structs.fields(struct)}
    for key, value in given.items():
        if key not in known:
            from difflib import get_close_matches

            near = get_close_matches(key, known, n=1)
            raise ConfigError(
                f"{where}: unknown setting {key!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}",
            )
        inner = known[key]
        if isinstance(value, Mapping) and isinstance(inner, type) and issubclass(inner, Struct):
            _refuse_unknown(value, inner, where=f"{where}: [{key}]")


def _from_text(text: str) -> Any:
    return [part.strip() for part in text.split(",")] if "," in text else text


def _nest(keys: list[str], value: Any) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    nested: dict[str, Any] = value
    return nested


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


def _explain(error: msgspec.ValidationError, merged: Mapping[str, Any]) -> ConfigError:
    from monitor.config_docs import is_secret

    reason, _, place = str(error).partition(" - at `$")
    key = place.rstrip("`").lstrip(".")
    value: Any = merged
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    why = _rule(key, value) or f"{reason[:1].lower()}{reason[1:]}"
    shown = "(not shown)" if is_secret(key) else repr(value)
    return ConfigError(f"setting {key or '?'} = {shown}: {why}", hint=HINT)


def _rule(key: str, value: object) -> str:
    """What a value must be, from its declaration; "" where that has no short words."""
    from difflib import get_close_matches

    from monitor.config_docs import choices, describe

    if words := choices(key):
        near = get_close_matches(str(value), words, n=1)
        return f"did you mean {near[0]}?" if near else f"must be one of {', '.join(words)}"
    row = next((row for row in describe() if row.key == key), None)
    if row is None or not row.allowed:
        return ""
    unit = f" {row.unit}" if row.unit and row.unit != "HH:MM" else ""
    return f"must be {row.allowed}{unit}"
