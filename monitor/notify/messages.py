"""The text of a message to a person: one notice whole, or several as a list. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from monitor.domain.alerts import Notice
from monitor.domain.plain_text import plain
from monitor.domain.vocabulary import Level

LONGEST_TITLE = 200
LONGEST_BODY = 1800  # of the strictest common services, Discord's 2,000


def title_of(notices: Sequence[Notice]) -> str:
    """The head of one notice, or how many of which level there are."""
    mark = "SIMULATED " if any(n.simulated for n in notices) else ""
    if len(notices) == 1:
        notice = notices[0]
        return f"{mark}[{notice.level}] {plain(notice.title)}"[:LONGEST_TITLE]
    levels = Counter(n.level for n in notices)
    counts = ", ".join(f"{levels[level]} {level}" for level in reversed(Level) if levels[level])
    return f"{mark}Condorwatch: {len(notices)} alerts ({counts})"


def body_of(notices: Sequence[Sequence[str]]) -> str:
    """All their lines where there is room, else the heads that fit and how many are left.

    Args:
        notices: Each as `render_lines` gives it: head first.
    """
    whole = "\n".join(line for lines in notices for line in lines)
    if len(whole) <= LONGEST_BODY:
        return whole
    shown: list[str] = []
    room = LONGEST_BODY - len(_rest(len(notices)))
    for lines in notices:
        if len(lines[0]) >= room:
            break
        shown.append(lines[0])
        room -= len(lines[0]) + 1  # its line end
    left = len(notices) - len(shown)
    return "\n".join([*shown, _rest(left)] if left else shown)


def _rest(count: int) -> str:
    return f"… and {count} more: logs/alerts.log has every one"
