"""Market context, one card per ticker: what is known of it, how old it is, what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dashboard.text import (
    UNKNOWN,
    Figure,
    Stamp,
    Wording,
    duration_text,
    finite,
    number,
    signed,
    signed_percent,
    tone,
    words,
)
from monitor.domain.snapshot import LevelView, MarketView, Problem, SessionView
from monitor.domain.unknowns import by_reason
from monitor.domain.vocabulary import Regime, SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeStep:
    """One of the five regimes on the scale; `current` marks where VIX is."""

    label: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketCard:
    ticker: str
    price: Figure
    change: Figure
    vix: Figure
    regime: str  # "MEDIUM" or "unknown"
    regime_why: str
    regime_since: Stamp | None
    regime_scale: tuple[RegimeStep, ...]
    figures: tuple[Figure, ...]
    family: tuple[Figure, ...]
    trend: str
    session: str
    session_open: bool
    provenance: str
    stale: bool
    simulated: bool
    problems: tuple[str, ...]


def market_cards(markets: Iterable[MarketView], say: Wording) -> tuple[MarketCard, ...]:
    return tuple(_card(market, say) for market in markets)


def _card(market: MarketView, say: Wording) -> MarketCard:
    step = next((r for r in Regime if r.value == market.regime), None)
    price_asof = say.maybe(market.asof)
    own = {"VIX", market.vol_index.symbol if market.vol_index else ""}  # shown by themselves
    vix = _family_vix(market)
    return MarketCard(
        ticker=market.ticker,
        price=_figure(
            market, "Price", market.price, "price", unit="pts", asof=price_asof, stale=market.stale
        ),
        change=_change(market),
        vix=_figure(
            market,
            "VIX",
            market.vix,
            "vix",
            source=(vix.source if vix else None) or "",
            asof=say.maybe(market.vix_asof),
            stale=_vix_old(market),
        ),
        regime=step.label if step else market.regime or UNKNOWN,
        regime_why="" if market.regime else _why(market.problems, "regime", "vix"),
        regime_since=say.maybe(market.regime_since),
        regime_scale=tuple(RegimeStep(label=r.label, current=r is step) for r in Regime),
        figures=_figures(market, say),
        family=tuple(
            _level(level, market.problems, say)
            for level in market.vix_family
            if level.symbol not in own
        ),
        trend=f"{market.trend} ({market.trend_source})",
        session=_session(market.session, say),
        session_open=market.session.state == SessionState.OPEN,
        provenance=_provenance(market),
        stale=market.stale,
        simulated=market.simulated,
        problems=tuple(
            f"{', '.join(map(words, what))}: {why}" for what, why in by_reason(market.problems)
        ),
    )


def _figures(market: MarketView, say: Wording) -> tuple[Figure, ...]:
    own = market.vol_index
    named = () if own is None or own.symbol == "VIX" else (_level(own, market.problems, say),)
    flow = market.flow or UNKNOWN
    return (
        *named,
        _figure(market, "IV rank", market.iv_rank, "iv_rank", digits=0, unit="of 100"),
        _figure(
            market, "IV percentile", market.iv_percentile, "iv_percentile", "iv_rank",
            digits=0, unit="of 100",
        ),
        _figure(market, "Volume", market.volume_ratio, "volume_ratio", unit="× usual"),
        Figure(
            label="Day’s flow", text=flow, known=flow != UNKNOWN,
            why="" if market.flow else _why(market.problems, "flow", "previous_close", "price"),
        ),
    )  # fmt: skip


def _figure(
    market: MarketView,
    label: str,
    value: float | None,
    *what: str,
    digits: int = 2,
    unit: str = "",
    source: str = "",
    asof: Stamp | None = None,
    stale: bool = False,
) -> Figure:
    known = finite(value)
    return Figure(
        label=label,
        text=number(value, digits),
        unit=unit if known else "",
        known=known,
        why="" if known else _why(market.problems, *what),
        source=source if known else "",
        asof=asof,
        stale=stale,
    )


def _change(market: MarketView) -> Figure:
    known = finite(market.change) and finite(market.change_pct)
    text = f"{signed(market.change)} ({signed_percent(market.change_pct, 2)})" if known else UNKNOWN
    return Figure(
        label="Change",
        text=text,
        known=known,
        why="" if known else _why(market.problems, "change", "previous_close", "price"),
        tone=tone(market.change),
    )


def _level(level: LevelView, problems: Iterable[Problem], say: Wording) -> Figure:
    known = finite(level.value)
    return Figure(
        label=level.symbol,
        text=number(level.value),
        known=known,
        why="" if known else _why(problems, level.symbol),
        source=level.source or "",
        asof=say.maybe(level.asof),
        stale=level.stale,
    )


def _family_vix(market: MarketView) -> LevelView | None:
    return next((level for level in market.vix_family if level.symbol == "VIX"), None)


def _vix_old(market: MarketView) -> bool:
    vix = _family_vix(market)
    old = vix is not None and vix.stale
    return old or any(p.what == "vix" and p.why.startswith("stale") for p in market.problems)


def _why(problems: Iterable[Problem], *what: str) -> str:
    """The reason the monitor gave for one of these fields, nearest name first."""
    given = {problem.what: problem.why for problem in reversed(tuple(problems))}
    return next((given[name] for name in what if name in given), "the monitor gave no reason")


def _session(session: SessionView, say: Wording) -> str:
    early = ", early close" if session.early_close else ""
    if session.state == SessionState.OPEN and session.close:
        return f"open until {_brief(session.close, say)}{early}"
    if session.state == SessionState.PRE_OPEN and session.open:
        return f"opens {_brief(session.open, say)}{early}"
    coming = f", next opens {_brief(session.next_open, say)}" if session.next_open else ""
    closed = "no session today" if session.state == SessionState.NO_SESSION else "closed"
    return closed + coming


def _brief(instant: datetime, say: Wording) -> str:
    return say.at(instant, seconds=False)


def _provenance(market: MarketView) -> str:
    if market.source is None:
        return "no source has answered"
    delay = f", delayed {duration_text(market.delay_s)}" if market.delay_s else ""
    return f"{market.source}{delay}"
