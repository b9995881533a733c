"""What a check found, and how grave it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from monitor.errors import MonitorError


class Grade(StrEnum):
    OK = "ok"
    NOTE = "note"  # works, and you may want to know
    WARN = "warn"  # something will not reach you, or soon
    FAIL = "fail"  # the monitor cannot do its work
    UNKNOWN = "unknown"  # could not be checked from here


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`said` is one sentence of fact, `todo` what to do about it ("" where nothing is)."""

    check: str
    grade: Grade
    said: str
    todo: str = ""


def checked(check: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """The findings of one check; one that fails by itself is a finding, too."""
    try:
        return look()
    except MonitorError as error:
        return [Finding(check=check, grade=Grade.FAIL, said=error.message, todo=error.hint)]
    except OSError as error:
        return [Finding(check=check, grade=Grade.FAIL, said=f"{type(error).__name__}: {error}")]
