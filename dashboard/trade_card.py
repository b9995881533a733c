"""An opportunity's trade as it can be opened now: strikes, prices, distances, the order line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dashboard.payoff_picture import Picture, picture
from dashboard.price_source import Provenance, provenance
from dashboard.text import (
    UNKNOWN,
    Wording,
    day_text,
    finite,
    number,
    percent,
    strike,
    usd,
    words,
)
from monitor.domain.plain_text import plain
from monitor.domain.snapshot import OpportunityView, Problem, ShortStrikeView, TradeView
from monitor.domain.spreads import strikes_of

FIELD_WORDS = {
    "credit_mid": "credit at mid",
    "credit_natural": "natural credit",
    "credit_fill": "your fill",
    "market_win_pct": "chance of a profit",
}
SIDES = (("put", "short_put", "long_put"), ("call", "short_call", "long_call"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLine:
    action: str  # "Sell put"
    strike: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortStrikeRow:
    """A short strike and how far the price is from it."""

    name: str  # "Short put 19500"
    distance: str  # "376.25 pts (1.51 %)"
    details: str  # "1.21 expected moves, delta −0.08, touch 17 %"
    breached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeCard:
    summary: str  # strikes and credit in one line
    series: str  # "NDXP · expires Tue Feb 24 · PM settled"
    legs: tuple[LegLine, ...]
    credit_mid: str
    credit_fill: str
    credit_natural: str
    per_contract: str
    max_loss: str
    max_return: str
    breakevens: str
    spot: str
    expected_move: str
    shorts: tuple[ShortStrikeRow, ...]
    market_win: str
    price: Provenance | None
    order_line: str
    add_line: str
    poorer: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    picture: Picture | None


def trade_card(o: OpportunityView, say: Wording) -> TradeCard | None:
    """The card's trade part; None where no strikes were found for this row."""
    t = o.trade
    if t is None:
        return None
    return TradeCard(
        summary=_summary(t),
        series=_series(t, say),
        legs=_legs(t),
        credit_mid=points(t.credit_mid),
        credit_fill=points(t.credit_fill),
        credit_natural=points(t.credit_natural),
        per_contract=usd(t.credit_usd_per_contract),
        max_loss=usd(t.max_loss_usd_per_contract),
        max_return=percent(t.max_return_pct),
        breakevens=_breakevens(t),
        spot=number(t.spot),
        expected_move=points(t.expected_move),
        shorts=short_rows(t.put, t.call),
        market_win=percent(t.market_win_pct),
        price=provenance(t.price, say),
        order_line=plain(t.order_line or ""),
        add_line=_add_line(o, t),
        poorer=tuple(plain(why) for why in t.poorer_why),
        problems=tuple(problem_text(p) for p in t.problems),
        notes=tuple(plain(note) for note in t.notes),
        picture=_picture(t),
    )


def points(value: float | None) -> str:
    text = number(value)
    return text if text == UNKNOWN else f"{text} pts"


def problem_text(problem: Problem) -> str:
    what = FIELD_WORDS.get(problem.what, words(problem.what))
    return plain(f"{what} unknown: {problem.why}")


def short_rows(
    put: ShortStrikeView | None, call: ShortStrikeView | None
) -> tuple[ShortStrikeRow, ...]:
    return tuple(
        _short_row(name, view) for name, view in (("put", put), ("call", call)) if view is not None
    )


def _short_row(name: str, view: ShortStrikeView) -> ShortStrikeRow:
    return ShortStrikeRow(
        name=f"Short {name} {strike(view.strike)}",
        distance=f"{number(view.distance)} pts ({number(view.distance_pct)} %)",
        details=", ".join(_details(view)),
        breached=view.distance < 0,
    )


def _details(view: ShortStrikeView) -> Iterator[str]:
    known = finite(view.distance_moves)
    yield f"{number(view.distance_moves)} expected moves" if known else f"expected move {UNKNOWN}"
    yield f"delta {number(view.delta)}"
    if view.touch_pct is not None:
        yield f"touch {percent(view.touch_pct, 0)}"


def _legs(t: TradeView) -> tuple[LegLine, ...]:
    return tuple(
        LegLine(action=f"{verb} {right}", strike=strike(value))
        for right, short, long in SIDES
        for verb, value in (("Sell", getattr(t, short)), ("Buy", getattr(t, long)))
        if value is not None
    )


def _summary(t: TradeView) -> str:
    sides = [
        f"{strike(short)}/{strike(long)} {right}"
        for right, name, other in SIDES
        if (short := getattr(t, name)) is not None and (long := getattr(t, other)) is not None
    ]
    if not sides:
        return "No strikes found"
    return f"{' · '.join(sides)} for {points(t.credit_fill)}"


def _series(t: TradeView, say: Wording) -> str:
    root = t.root or f"root {UNKNOWN}"
    settled = "AM settled" if t.settlement == "am" else "PM settled"
    return f"{root} · expires {day_text(t.expiration, year=say.now.year)} · {settled}"


def _breakevens(t: TradeView) -> str:
    known = [number(v) for v in (t.breakeven_low, t.breakeven_high) if v is not None]
    return " and ".join(known) or UNKNOWN


def _add_line(o: OpportunityView, t: TradeView) -> str:
    """What logs it, with the credit to be replaced by the real one."""
    if o.alert_id is None or t.short_put is None is t.short_call:
        return ""
    credit = f"{t.credit_fill:.2f}" if t.credit_fill is not None and t.credit_fill > 0 else "CREDIT"
    contracts = t.order_contracts or 1
    return f"positions add --from-alert {alert_name(o)} --price {credit} --contracts {contracts}"


def alert_name(o: OpportunityView) -> str:
    """ "A41", or its second line "A41#2"; "" where no alert named it."""
    if o.alert_id is None or o.alert_line is None:
        return o.alert_id or ""
    return f"{o.alert_id}#{o.alert_line}"


def _picture(t: TradeView) -> Picture | None:
    """For one contract. The multiplier is what turns its credit's points into its dollars."""
    credit, dollars, strikes = t.credit_fill, t.credit_usd_per_contract, strikes_of(t)
    if strikes is None or credit is None or dollars is None or not credit > 0:
        return None
    return picture(strikes, credit_usd=dollars, usd_per_point=dollars / credit, price=t.spot)
