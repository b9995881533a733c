"""Every unknown of the page has its reason: problems for the fields nobody spoke of. Pure.

The parts that find something out say why they could not; a number made from it is unknown for
the same reason. In `dashboard_data.json` each null of a market has an entry under its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.domain.snapshot import LevelView, Problem

UNSAID = "not given by any source"

# field → what it is made from, nearest first
_MADE_FROM = {
    "price": (),
    "asof": ("price",),
    "age_s": ("price",),
    "source": ("price",),
    "previous_close": ("price",),
    "change": ("price", "previous_close"),
    "change_pct": ("price", "previous_close"),
    "flow": ("price", "previous_close"),
    "volume_ratio": ("price",),
    "vix": (),
    "vix_asof": ("vix",),
    "regime": ("vix",),
    "regime_since": ("vix",),
    "iv_rank": (),
    "iv_percentile": ("iv_rank",),
}

_DESCRIBING = frozenset({"asof", "age_s", "source", "change_pct", "vix_asof", "regime_since"})


def unspoken(
    fields: Mapping[str, object],
    levels: Iterable[tuple[LevelView, str]],
    known: Iterable[Problem],
) -> tuple[Problem, ...]:
    """Problems for what is None in `fields` and `levels` and that `known` does not name.

    Args:
        fields: The market's values by name; names that can be None without being unknown (a
            session's open on a holiday) are not looked at.
        levels: Volatility indices, each with why it is unknown, or "".
    """
    reasons: dict[str, str] = {}
    for problem in known:
        reasons.setdefault(problem.what, problem.why)
    missing = [name for name in _MADE_FROM if fields.get(name) is None and name not in reasons]
    found = [Problem(what=name, why=_reason(name, reasons)) for name in missing]
    found += [
        Problem(what=level.symbol, why=why or UNSAID)
        for level, why in levels
        if level.value is None and level.symbol.lower() not in reasons
    ]
    return tuple(found)


def _reason(name: str, reasons: Mapping[str, str]) -> str:
    return next((reasons[part] for part in _MADE_FROM[name] if part in reasons), UNSAID)


def by_reason(problems: Iterable[Problem]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """What is unknown for one and the same reason, together: a reader wants each reason once.

    Fields that only describe another one (its age, its source) are left out.

    >>> why = "no network"
    >>> by_reason([Problem(what="price", why=why), Problem(what="change", why=why)])
    ((('price', 'change'), 'no network'),)
    """
    names: dict[str, list[str]] = {}
    for problem in problems:
        if problem.what not in _DESCRIBING:
            names.setdefault(problem.why, []).append(problem.what)
    return tuple((tuple(what), why) for why, what in names.items())
