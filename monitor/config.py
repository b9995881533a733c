"""Settings: declared once, validated once, frozen.

Flags beat environment, which beats `config.toml`, which beats the defaults below.
Each key's unit and help stand in its declaration; the README's table, `--help` and the
contract test read them from here (`describe`). msgspec rather than pydantic, because
`positions list` must start fast (docs/decisions/0003-msgspec-at-the-edges.md).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from datetime import time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import UNSET, Meta, Struct

from monitor.domain.vocabulary import Profile, Regime, SpreadType, Trend
from monitor.errors import ConfigError

ENV_PREFIX = "CONDORWATCH_"
BANDS = ("P95", "P97", "P98", "P99", "P100")
HINT = "correct config.toml, the environment variable or the flag; README lists the ranges"


def _m(help_: str, unit: str = "", **bounds: Any) -> Meta:
    return Meta(description=help_, extra={"unit": unit}, **bounds)


class Scanning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the loop runs."""

    scan_interval: Annotated[float, _m("between two scans of the grid", "s", ge=5, le=86400)] = 300
    data_interval: Annotated[
        float, _m("between two fetches of VIX and price", "s", ge=5, le=3600)
    ] = 60
    top_configs: Annotated[
        int, _m("best configurations of the regime that are considered", "rows", ge=1, le=10000)
    ] = 20
    max_alerted: Annotated[int, _m("opportunities named in one alert", "rows", ge=1, le=50)] = 5


class Quality(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which profile filters, and the person's own thresholds over it (empty: the profile's)."""

    profile: Annotated[Profile, _m("conservative, balanced, aggressive or maximum")] = (
        Profile.BALANCED
    )
    min_win_rate_pct: Annotated[float, _m("win rate at least", "%", ge=0, le=100)] | None = None
    min_roi_pct: (
        Annotated[float, _m("ROI (credit ÷ max loss, max_return_pct) at least", "%", ge=0)] | None
    ) = None
    min_sharpe: Annotated[float, _m("Sharpe ratio at least")] | None = None
    min_score: Annotated[float, _m("composite score at least")] | None = None


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entry windows and the person's clock."""

    entry_window_start: Annotated[
        str, _m("first minute of the entry windows, Pacific", "HH:MM", pattern=r"^\d\d:\d\d$")
    ] = "07:00"
    entry_window_end: Annotated[
        str, _m("last minute of the entry windows, Pacific", "HH:MM", pattern=r"^\d\d:\d\d$")
    ] = "08:59"
    display_timezone: Annotated[str, _m("zone of alert lines and page", "IANA name")] = (
        "America/Los_Angeles"
    )


class Exits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a position must be closed."""

    profit_target_pct: Annotated[float, _m("profit target, of the credit", "%", gt=0, le=100)] = 50
    stop_loss_credit_multiple: Annotated[
        float, _m("stop when the loss reaches this many credits", "× credit", gt=0, le=100)
    ] = 2
    time_exit_dte: Annotated[
        int, _m("time exit this many sessions before expiration", "sessions", ge=0, le=30)
    ] = 1


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be at risk at once."""

    max_positions: Annotated[int, _m("open positions", "positions", ge=1, le=10000)] = 5
    max_total_risk_usd: Annotated[float, _m("total computed maximum loss", "$", gt=0)] = 50_000


class Preference(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which configurations one regime looks at. Higher VIX means farther strikes."""

    bands: Annotated[tuple[str, ...], _m("bands looked at, nearest first")]
    dtes: Annotated[tuple[int, ...], _m("days to expiration looked at", "sessions")] = (
        0, 1, 2, 3, 5, 10,
    )  # fmt: skip


class Preferences(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Regime → bands and DTE; trend → spread types. No preference here is a claim of profit."""

    very_low: Preference = Preference(bands=("P95", "P97", "P98", "P99"))
    low: Preference = Preference(bands=("P95", "P97", "P98", "P99"))
    medium: Preference = Preference(bands=("P97", "P98", "P99", "P100"))
    high: Preference = Preference(bands=("P98", "P99", "P100"))
    extreme: Preference = Preference(bands=("P99", "P100"))
    up: Annotated[tuple[SpreadType, ...], _m("spreads that suit a rising market, best first")] = (
        SpreadType.PUT_SPREAD,
        SpreadType.IRON_CONDOR,
    )
    down: Annotated[tuple[SpreadType, ...], _m("spreads that suit a falling market")] = (
        SpreadType.CALL_SPREAD,
        SpreadType.IRON_CONDOR,
    )
    sideways: Annotated[tuple[SpreadType, ...], _m("spreads that suit a quiet market")] = (
        SpreadType.IRON_CONDOR,
    )

    def of_regime(self, regime: Regime) -> Preference:
        choice: Preference = getattr(self, regime.value)
        return choice

    def of_trend(self, trend: Trend) -> tuple[SpreadType, ...]:
        choice: tuple[SpreadType, ...] = getattr(self, trend.value)
        return choice


class RegimeEdges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """VIX levels between the regimes, and the hysteresis that keeps them from flapping."""

    edges: Annotated[
        tuple[float, float, float, float],
        _m("very_low | low | medium | high | extreme", "VIX points"),
    ] = (12.0, 16.0, 20.0, 30.0)
    margin: Annotated[
        float, _m("a neighbour is entered only this far past the edge", "VIX points", ge=0, le=5)
    ] = 0.5
    confirmations: Annotated[
        int, _m("… on this many consecutive readings", "readings", ge=1, le=20)
    ] = 2


class Alerting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the same thing is said again."""

    exit_reminder_min: Annotated[
        float, _m("reminder of an unanswered exit", "min", gt=0, le=1440)
    ] = 30
    error_reminder_min: Annotated[
        float, _m("reminder of an unanswered error or limit breach", "min", gt=0, le=10080)
    ] = 240


class Data(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where numbers come from and when they are too old."""

    source: Annotated[str, _m("yahoo, cboe, auto, demo or replay:PATH")] = "auto"
    stale_after_intervals: Annotated[
        float, _m("a quote older than this many data intervals is stale", "×", ge=1, le=100)
    ] = 3
    frozen_after_readings: Annotated[
        int, _m("an unchanged price is suspect after this many readings", "readings", ge=3)
    ] = 10
    spike_pct: Annotated[
        float, _m("a jump beyond this waits for a second reading", "%", gt=0, le=100)
    ] = 8
    vix_spike_pct: Annotated[float, _m("the same for volatility indices", "%", gt=0, le=1000)] = 60
    disagree_pct: Annotated[
        float, _m("two sources further apart than this block alerts", "%", gt=0, le=50)
    ] = 1
    timeout_s: Annotated[float, _m("one network request", "s", gt=0, le=60)] = 6


class Dashboard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page."""

    host: Annotated[str, _m("address the page listens on")] = "127.0.0.1"
    port: Annotated[int, _m("port the page listens on", ge=0, le=65535)] = 5000
    refresh: Annotated[float, _m("between two refreshes of the page", "s", ge=1, le=3600)] = 30


class Store(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The database."""

    url: Annotated[str, _m("SQLAlchemy URL; empty: data/monitor.db under home")] = ""
    busy_timeout_s: Annotated[
        float, _m("wait for another process's write lock", "s", ge=0, le=60)
    ] = 5


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings; each group is a table of `config.toml`."""

    tickers: Annotated[tuple[str, ...], _m("underlyings watched")] = ("NDX",)
    trend: Annotated[Trend, _m("the person's own view: up, down or sideways")] = Trend.SIDEWAYS
    grid: Annotated[str, _m("grid file; empty: the newest results/*/grid_trading_ready.csv")] = ""
    scanning: Scanning = Scanning()
    quality: Quality = Quality()
    hours: Hours = Hours()
    exits: Exits = Exits()
    limits: Limits = Limits()
    preferences: Preferences = Preferences()
    regime: RegimeEdges = RegimeEdges()
    alerts: Alerting = Alerting()
    data: Data = Data()
    dashboard: Dashboard = Dashboard()
    store: Store = Store()


class SettingDoc(NamedTuple):
    """One row of the settings table: dotted key, default, unit, allowed range, help."""

    key: str
    default: str
    unit: str
    allowed: str
    help: str


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
    if isinstance(merged.get("tickers"), str):
        merged["tickers"] = [merged["tickers"]]
    try:
        settings = msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise _explain(error, merged) from error
    _refuse_contradictions(settings)
    return settings


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


def _refuse_contradictions(settings: Settings) -> None:
    """What a range on one value cannot say."""
    for key, value in _floats(settings):
        if not math.isfinite(value):
            raise _refusal(key, value, "must be a finite number")
    edges = settings.regime.edges
    if not all(a < b for a, b in pairwise(edges)) or edges[0] <= 0:
        raise _refusal("regime.edges", edges, "must be four rising VIX levels above 0")
    for key in ("entry_window_start", "entry_window_end"):
        text = getattr(settings.hours, key)
        try:
            time.fromisoformat(text)
        except ValueError as error:
            raise _refusal(f"hours.{key}", text, "must be a time from 00:00 to 23:59") from error
    if settings.hours.entry_window_start > settings.hours.entry_window_end:
        raise _refusal("hours.entry_window_end", settings.hours.entry_window_end, "is too early")
    try:
        ZoneInfo(settings.hours.display_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        zone = settings.hours.display_timezone
        raise _refusal("hours.display_timezone", zone, "is no IANA time zone") from error
    for regime in Regime:
        for band in settings.preferences.of_regime(regime).bands:
            if band not in BANDS:
                key = f"preferences.{regime.value}.bands"
                raise _refusal(key, band, f"must be of {', '.join(BANDS)}")


def _floats(struct: Struct, prefix: str = "") -> Iterator[tuple[str, float]]:
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, Struct):
            yield from _floats(value, f"{prefix}{name}.")
        elif isinstance(value, float):
            yield f"{prefix}{name}", value


def _refusal(key: str, value: object, why: str) -> ConfigError:
    return ConfigError(f"setting {key} = {value!r}: {why}", hint=HINT)


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
    reason, _, place = str(error).partition(" - at `$")
    key = place.rstrip("`").lstrip(".")
    value: Any = merged
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return ConfigError(
        f"setting {key or '?'} = {value!r}: {reason[:1].lower()}{reason[1:]}",
        hint=HINT,
    )
