"""Numbers as people write them: ASCII digits, an optional sign and point, nothing else.

`float()` also takes "nan", "inf", "1_000" and full-width digits; a slip would become money.
"""

from __future__ import annotations

import re
from decimal import Decimal

_DECIMAL = re.compile(r"[+-]?([0-9]{1,15}(\.[0-9]{0,20})?|\.[0-9]{1,20})")
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")


def decimal(text: str) -> float | None:
    """The number, or None when the text is anything but a plain decimal."""
    return float(text) if _DECIMAL.fullmatch(text) else None


def whole(text: str) -> int | None:
    """The whole number, or None when the text is anything but one."""
    return int(text) if _WHOLE.fullmatch(text) else None


def written(number: float) -> str:
    """The text that `decimal` reads back as exactly this number, never with an exponent."""
    return format(Decimal(repr(number)), "f")
