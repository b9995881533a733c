"""Legs in a broker's order text: which option, sold or bought, how many, at what price.

Understood are OCC symbols, "SPXW 07/18/24 5650P", "SPY 02/16/24 Put 458.00",
"SPXW Feb24'26 6500 PUT", "SPX 24FEB26 6500 P" and Fidelity's "PUT (SPXW) … JUN 18 26 $7410".
The text is in capitals here. What is not said is None; nothing is supposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from monitor.errors import InputError

MONTHS = (
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
)  # fmt: skip
_ROOT = r"(?<![A-Z])(?P<root>[A-Z]{1,6})"
_CLASS = r"(?:\((?P<trading_class>[A-Z]+)\)\s+)?"
_MONTH = rf"(?P<month>{'|'.join(MONTHS)})[A-Z]*"
_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"'?(?P<year>\d{4}|\d{2})"
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_TERMS = (
    rf"(?:\$?(?P<strike>{_NUMBER})\s*(?P<right>PUT|CALL|P|C)\b"
    rf"|(?P<right_before>PUT|CALL|P|C)\s+\$?(?P<strike_after>{_NUMBER}))"
)
_OPTIONS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"{_ROOT}\s{{0,5}}(?P<compact>\d{{6}})(?P<right>[CP])(?P<strike>\d+(?:\.\d+)?)(?![\d.])",
        rf"{_ROOT}\s+(?P<month>\d{{1,2}})/{_DAY}/{_YEAR}\s+{_TERMS}",
        rf"{_ROOT}\s+{_CLASS}{_MONTH}\s?{_DAY},?\s?{_YEAR}\s+{_TERMS}",
        rf"{_ROOT}\s+{_CLASS}{_DAY}\s?{_MONTH}\s?{_YEAR}\s+{_TERMS}",
        rf"(?P<right>PUT|CALL)\s+\((?P<root>[A-Z]+)\)[^$\n]*?{_MONTH}\s+{_DAY}\s+{_YEAR}"
        rf"\s+\$(?P<strike>{_NUMBER})",
    )
)
_CLOSES = re.compile(r"\b(BTC|STC|CLOSE|CLOSING|(BUY|SELL)_TO_CLOSE)\b")
_SELLS = r"(?:SELL|SOLD|STO|SLD)(?:_TO_OPEN| TO OPEN)?"
_BUYS = r"(?:BUY|BOUGHT|BOT|BTO)(?:_TO_OPEN| TO OPEN)?"
_SELL = re.compile(rf"\b{_SELLS}\b")
_BUY = re.compile(rf"\b{_BUYS}\b")
_SIGNED = re.compile(r"(?:^|(?<=[\s,\"]))([+-]\d+)(?![\d./])")
_COUNTS = (
    re.compile(rf"\b(?:{_SELLS}|{_BUYS})\s+([+-]?\d+)(?![\d./])"),
    _SIGNED,
    re.compile(r"^\s*(\d+)\s*[X×]?\s*$"),
    re.compile(r"\b(\d+)\s*(?:X\b|×|CONTRACTS?\b)"),
    re.compile(r'"(\d+)","\$?\d*\.\d+"'),  # Schwab's columns Quantity, Price
)
_PRICES = (re.compile(r"@\s*\$?(\d*\.?\d+)(?!\d|[.,]\d)"), re.compile(r'"\d+","\$(\d*\.?\d+)"'))


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    root: str
    expiration: date
    right: str  # "put" | "call"
    strike: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """`contracts` and `price` (points per share) are None where the text does not say."""

    option: Option
    sold: bool
    contracts: int | None = None
    price: float | None = None


def find_legs(text: str) -> tuple[Leg, ...]:
    """Every leg in the text, in its order; empty where there is none.

    Raises:
        InputError: A leg closes a position, or does not say whether it is sold or bought.
    """
    return tuple(leg for line in text.splitlines() for leg in _line_legs(line))


def _line_legs(line: str) -> Iterator[Leg]:
    """The legs of one line; a row that names its option twice (symbol, description) is one."""
    found = _options(line)
    start = 0
    for i, (option, _begin, end) in enumerate(found):
        following = found[i + 1] if i + 1 < len(found) else None
        if following is not None and following[0] == option:
            continue
        stop = _cut(line, end, following[1]) if following is not None else len(line)
        yield _leg(option, line[start:stop], [(b - start, e - start) for _, b, e in found])
        start = stop


def _options(line: str) -> list[tuple[Option, int, int]]:
    found = [
        (_option(match), match.start(), match.end())
        for pattern in _OPTIONS
        for match in pattern.finditer(line)
    ]
    return sorted(found, key=lambda place: place[1])


def _cut(line: str, end: int, begin: int) -> int:
    """Where one leg's words end and the next one's begin: at its side, or at a separator."""
    side = re.search(rf"\b(?:{_SELLS}|{_BUYS})\b|[,;/|]", line[end:begin])
    return end + side.start() if side else begin


def _option(match: re.Match[str]) -> Option:
    part = match.groupdict()
    strike = part["strike"] or part["strike_after"]
    right = part["right"] or part["right_before"]
    compact = part.get("compact")
    if compact and len(strike) == len("00000000"):  # OCC writes thousandths of a point
        strike = f"{strike[:5]}.{strike[5:]}"
    return Option(
        root=part.get("trading_class") or part["root"],
        expiration=day_of(compact[4:], compact[2:4], compact[:2])
        if compact
        else day_of(part["day"], part["month"], part["year"]),
        right="put" if right.startswith("P") else "call",
        strike=float(strike.replace(",", "")),
    )


def day_of(day: str, month: str, year: str) -> date:
    """A date of its written parts; month as a number or its first three letters."""
    number = int(month) if month.isdigit() else MONTHS.index(month[:3]) + 1
    try:
        return date(int(year) if len(year) == len("2026") else 2000 + int(year), number, int(day))
    except ValueError as error:
        raise InputError(
            f"{day} {month} {year} in the order text is no date",
            hint="paste the order again, or give the terms with options",
        ) from error


def _leg(option: Option, words: str, options: list[tuple[int, int]]) -> Leg:
    """Read what stands around the option; the option's own digits are no quantity."""
    for begin, end in options:
        if 0 <= begin and end <= len(words):
            words = words[:begin] + "~" * (end - begin) + words[end:]
    if _CLOSES.search(words):
        raise InputError(
            f"the {option.right} {option.strike:g} is closed by this order",
            hint="log a closing with `positions close ID --pnl DOLLARS`",
        )
    count = _contracts(words)
    return Leg(
        option=option,
        sold=_sold(option, words),
        contracts=None if count is None else abs(count),
        price=next((float(m[1]) for p in _PRICES if (m := p.search(words))), None),
    )


def _contracts(words: str) -> int | None:
    around = [words, *words.split("~")]
    for pattern in _COUNTS:
        for text in around:
            match = pattern.search(text)
            if match and int(match[1]):
                return int(match[1])
    return None


def _sold(option: Option, words: str) -> bool:
    sells, buys = bool(_SELL.search(words)), bool(_BUY.search(words))
    signed = _SIGNED.search(words)
    if sells != buys:
        if signed and (signed[1][0] == "-") != sells:
            raise _unclear(option, "its sign says the opposite of its word")
        return sells
    if not sells and signed:
        return signed[1][0] == "-"
    raise _unclear(option, "the text does not say which" if not sells else "the text says both")


def _unclear(option: Option, why: str) -> InputError:
    return InputError(
        f"is the {option.right} {option.strike:g} sold or bought? {why}",
        hint="paste the order with SELL or BUY at each leg, or give the strikes with options",
    )
