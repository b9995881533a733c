"""A broker's order text → the credit spread it opens, or a refusal that says what is missing.

Two families: thinkorswim's one line ("SELL -2 IRON CONDOR NDXP 100 (Weeklys) 24 FEB 26
20500/20600/19500/19400 CALL/PUT @1.40 LMT", which is also this product's own order line), and
lists of legs as tastytrade, Schwab, Fidelity and Interactive Brokers write them. Whatever is
unclear is refused or left out, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from monitor.domain.instruments import Kind, of_root
from monitor.domain.order_legs import MONTHS, Leg, Option, day_of, find_legs
from monitor.domain.positions import Strikes
from monitor.domain.spreads import check_strikes
from monitor.domain.vocabulary import Settlement, SpreadType
from monitor.errors import InputError, InvalidSpreadError

MAX_TEXT = 20_000
_NUMBER = r"\d*\.?\d+"
_ENDS = r"(?!\d|[.,]\d)"  # 1,050.00 or 1,05 is not 1
_SPREAD_LINE = re.compile(
    rf"\b(?P<side>BUY|BOT|BOUGHT|SELL|SOLD)\s+(?P<count>[+-]?\d+)\s+(?P<kind>VERTICAL|IRON CONDOR)"
    rf"\s+(?P<root>[A-Z.]{{1,6}})(?:\s+(?P<multiplier>\d+)(?=\s))?"
    rf"(?:\s+\((?P<series>[A-Z0-9 ]+)\))?"
    rf"\s+(?P<day>\d{{1,2}})\s+(?P<month>{'|'.join(MONTHS)})\s+(?P<year>\d{{2}}|\d{{4}})"
    rf"(?:\s+\[(?P<mark>AM|PM)\])?\s+(?P<strikes>{_NUMBER}(?:/{_NUMBER}){{1,3}})"
    rf"(?:\s+(?P<rights>CALL/PUT|PUT/CALL|CALL|PUT))?(?:\s+@\s*(?P<price>-?{_NUMBER}){_ENDS})?",
    re.ASCII,
)
_NET = (
    re.compile(
        rf"\b(?:NET CREDIT|CREDIT|NET PRICE|LIMIT|LMT|NET)\b[\s:@$]*({_NUMBER}){_ENDS}", re.ASCII
    ),
    re.compile(rf"(?<![\d.,])({_NUMBER})\s*(?:CREDIT|CR)\b", re.ASCII),
)
_DEBIT = re.compile(r"\b(?:DEBIT|DB|DR)\b")
PASTE_HINT = (
    "paste the whole order, as SELL -2 IRON CONDOR NDXP 100 (Weeklys) 24 FEB 26 "
    "20500/20600/19500/19400 CALL/PUT @1.40 LMT, or one line a leg"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedOrder:
    """What the text says; `contracts`, `price` (credit, points per share) and `settlement` are
    None where it does not."""

    ticker: str
    expiration: date
    settlement: Settlement | None
    spread_type: SpreadType
    strikes: Strikes
    contracts: int | None
    price: float | None


def read_order(text: str) -> PastedOrder:
    """Read one opening order.

    Raises:
        InputError: It is no credit spread that can be made out; says what is missing or unclear.
    """
    if len(text) > MAX_TEXT:
        raise InputError(f"the order text has {len(text):,} characters, at most {MAX_TEXT:,}")
    clean = text.upper().replace("−", "-").replace("–", "-")
    lines = list(_SPREAD_LINE.finditer(clean))
    if len(lines) > 1:
        raise InputError(f"the text holds {len(lines)} orders", hint="paste them one at a time")
    if lines:
        return _from_line(lines[0])
    legs = find_legs(clean)
    if not legs:
        raise InputError("no option is recognized in the order text", hint=PASTE_HINT)
    return _from_legs(legs, _net_price(clean, legs))


def _from_line(line: re.Match[str]) -> PastedOrder:
    """thinkorswim: strikes in the order first, second, …; the first has the order's own side."""
    part = line.groupdict()
    if part["multiplier"] not in (None, "100"):
        raise InputError(
            f"options of {part['multiplier']} shares are not supported",
            hint="only ordinary options, 100 a contract",
        )
    sells = part["side"] in ("SELL", "SOLD")
    if part["count"][0] in "+-" and (part["count"][0] == "-") != sells:
        raise InputError(f"{part['side']} {part['count']}: its sign says the opposite of its word")
    expiration = day_of(part["day"], part["month"], part["year"])
    legs = tuple(
        Leg(
            option=Option(root=part["root"], expiration=expiration, right=right, strike=strike),
            sold=sells == (i % 2 == 0),
            contracts=abs(int(part["count"])),
        )
        for i, (right, strike) in enumerate(_line_options(part))
    )
    price = None if part["price"] is None else float(part["price"]) * (1 if sells else -1)
    order = _from_legs(legs, price)
    if part["mark"] or part["series"]:
        return replace(order, settlement=Settlement.AM if part["mark"] == "AM" else Settlement.PM)
    return order


def _line_options(part: dict[str, str]) -> list[tuple[str, float]]:
    strikes = [float(text) for text in part["strikes"].split("/")]
    rights = (part["rights"] or "").lower().split("/")
    needed = 2 if part["kind"] == "VERTICAL" else 4
    if len(strikes) != needed:
        raise InputError(
            f"the order text's {part['kind'].lower()} has {len(strikes)} strikes, not {needed}",
            hint=PASTE_HINT,
        )
    if needed == 4:  # calls first, unless the text says otherwise
        first, second = rights if len(rights) == 2 else ("call", "put")
        return list(zip((first, first, second, second), strikes, strict=True))
    if rights not in (["call"], ["put"]):
        raise InputError("puts or calls? the order text does not say", hint=PASTE_HINT)
    return [(rights[0], strike) for strike in strikes]


def _from_legs(legs: Sequence[Leg], price: float | None) -> PastedOrder:
    first = legs[0].option
    same = {(leg.option.root, leg.option.expiration) for leg in legs}
    if len(same) != 1:
        names = ", ".join(sorted(f"{root} {day}" for root, day in same))
        raise InputError(
            f"the legs are not of one series: {names}",
            hint="only spreads of one expiration can be logged",
        )
    underlying, settlement = of_root(first.root)
    strikes = _strikes(legs)
    spread = _spread_type(strikes)
    try:
        check_strikes(spread, strikes)
    except InvalidSpreadError as error:
        raise InputError(
            f"the order text is no {spread.value.replace('_', ' ')} sold for a credit: "
            f"{error.message}",
            hint="a spread that was bought cannot be logged; log a closing with `positions close`",
        ) from error
    return PastedOrder(
        ticker=underlying.symbol,
        expiration=first.expiration,
        settlement=settlement if underlying.kind is Kind.INDEX else None,
        spread_type=spread,
        strikes=strikes,
        contracts=_one_count(legs),
        price=_credit(price),
    )


def _strikes(legs: Sequence[Leg]) -> Strikes:
    """Each leg in its place; two in one place are two orders."""
    places: dict[str, float] = {}
    for leg in legs:
        name = f"{'short' if leg.sold else 'long'}_{leg.option.right}"
        if name in places:
            verb = "sells" if leg.sold else "buys"
            raise InputError(
                f"the order text {verb} two {leg.option.right}s: "
                f"{places[name]:g} and {leg.option.strike:g}",
                hint="paste one spread at a time",
            )
        places[name] = leg.option.strike
    return Strikes(**places)


def _spread_type(strikes: Strikes) -> SpreadType:
    puts = strikes.short_put is not None or strikes.long_put is not None
    calls = strikes.short_call is not None or strikes.long_call is not None
    if puts and calls:
        return SpreadType.IRON_CONDOR
    return SpreadType.PUT_SPREAD if puts else SpreadType.CALL_SPREAD


def _one_count(legs: Sequence[Leg]) -> int | None:
    counts = {leg.contracts for leg in legs} - {None}
    if len(counts) > 1:
        told = ", ".join(str(count) for count in sorted(c for c in counts if c))
        raise InputError(
            f"the legs differ in number: {told}", hint="only spreads of equal legs can be logged"
        )
    return next(iter(counts), None)


def _net_price(text: str, legs: Sequence[Leg]) -> float | None:
    """The order's own net credit, else what its legs' prices make; None where neither is clear.

    One price alone, at the last leg, is the order's.
    """
    if _DEBIT.search(text):
        raise InputError("the order text is a debit", hint="only spreads sold for a credit")
    said = {float(m[1]) for pattern in _NET for m in pattern.finditer(text)}
    if len(said) == 1:
        return said.pop()
    prices = [leg.price for leg in legs]
    if said or None in prices[:-1]:
        alone = prices[:-1].count(None) == len(prices) - 1 and not said
        return prices[-1] if alone else None
    if None in prices:
        return None
    return round(sum(leg.price * (1 if leg.sold else -1) for leg in legs if leg.price), 4)


def _credit(price: float | None) -> float | None:
    if price is not None and price <= 0:
        raise InputError(
            f"the order text makes a debit of {-price:g} points per share",
            hint="only spreads sold for a credit can be logged",
        )
    return price
