"""Text that is safe to show: nothing in it can move a cursor, reorder or hide characters.

Notes and file contents are other people's text. A terminal obeys control characters, and
bidirectional overrides make one thing look like another.
"""

from __future__ import annotations

import unicodedata

# Joiners make emoji and several scripts; they neither reorder nor hide anything else.
_JOINERS = frozenset("\u200c\u200d")
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_unsafe(character: str) -> bool:
    """Whether a terminal could act on this character instead of showing it."""
    if character.isascii():
        return not character.isprintable()
    return unicodedata.category(character) in _UNSAFE and character not in _JOINERS


def first_unsafe(text: str) -> str | None:
    """Name the first unsafe character as "U+202E", or None."""
    if text.isascii() and text.isprintable():
        return None
    return next((f"U+{ord(c):04X}" for c in text if is_unsafe(c)), None)


def plain(text: str, *, keep: str = "") -> str:
    r"""Show unsafe characters as escapes instead of letting them act.

    >>> plain("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c in keep or not is_unsafe(c) else c.encode("unicode_escape").decode() for c in text
    )
