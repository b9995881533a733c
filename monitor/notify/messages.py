"""The text of a message to a person: one notice whole, or several as a list. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from monitor.domain.alerts import Notice
from monitor.domain.plain_text import plain
from monitor.domain.vocabulary import Level

LONGEST_TITLE = 200
LONGEST_BODY = 1800  # for Discord's 2,000 with the title; some services take less


def title_of(notices: Sequence[Notice]) -> str:
    """The head of one notice, or how many of which level there are."""
    mark = "SIMULATED " if any(n.simulated for n in notices) else ""
    if len(notices) == 1:
        notice = notices[0]
        return f"{mark}[{notice.level}] {plain(notice.title)}"[:LONGEST_TITLE]
    levels = Counter(n.level for n in notices)
    counts = ", ".join(f"{levels[level]} {level}" for level in reversed(Level) if levels[level])
    return f"{mark}Condorwatch: {len(notices)} alerts ({counts})"


def body_of(notices: Sequence[Sequence[str]], *, longest: int = LONGEST_BODY) -> str:
    """All their lines where there is room, else the heads that fit and how many are left.

    Args:
        notices: Each as `render_lines` gives it: head first.
        longest: Characters that the service takes; a longer message it would refuse each time.
    """
    whole = "\n".join(line for lines in notices for line in lines)
    if len(whole) <= longest:
        return whole
    shown: list[str] = []
    room = longest - len(_rest(len(notices)))
    for lines in notices:
        if len(lines[0]) >= room:
            break
        shown.append(lines[0])
        room -= len(lines[0]) + 1  # its line end
    if not shown:  # one head alone is too long: its beginning says what it is about
        shown.append(notices[0][0][: max(0, room - 1)])
    left = len(notices) - len(shown)
    return "\n".join([*shown, _rest(left)] if left else shown)


def _rest(count: int) -> str:
    return f"… and {count} more: logs/alerts.log has every one"
