"""A person's channel (e-mail, Telegram, ntfy, Discord, …) through apprise, one URL each.

Apprise says only True or False and writes the reason, secrets included, to its log. So its log
is kept away from ours, and of it only the status code is told.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import apprise
from apprise.common import NotifyFormat, NotifyType, OverflowMode

from monitor.domain.alerts import Notice
from monitor.domain.vocabulary import Level
from monitor.errors import ConfigError, NotifyError
from monitor.notify.base import render_lines
from monitor.notify.delivery import DeliveryRules
from monitor.notify.messages import LONGEST_BODY, body_of, title_of

# What makes one message silent, by the service's scheme; others have no such thing.
SILENT_OPTIONS = {
    "tgram": "silent=yes",
    "ntfy": "priority=low",
    "ntfys": "priority=low",
    "pover": "priority=low",
    "gotify": "priority=low",
    "gotifys": "priority=low",
    "discord": "flags=4096",
}
# 401, 403: the key; 404, 410: the address; 5xx of SMTP: the login.
SPARE = 24  # characters, for characters that count twice
PERMANENT = frozenset({401, 403, 404, 410, 530, 534, 535})
_HTTP_CODE = re.compile(r"\berror=(\d{3})\b")
_SMTP_CODE = re.compile(r"\((\d{3}), b?['\"]")
_TYPES = {
    Level.INFO: NotifyType.INFO,
    Level.OPPORTUNITY: NotifyType.SUCCESS,
    Level.WARNING: NotifyType.WARNING,
    Level.EXIT: NotifyType.FAILURE,
    Level.ERROR: NotifyType.FAILURE,
}


class AppriseNotifier:
    """One URL as a channel.

    Args:
        name: Its key in the outbox and on the page; never the URL.

    Raises:
        ConfigError: Apprise does not understand the URL; the message does not repeat it.
    """

    def __init__(self, name: str, url: str, *, rules: DeliveryRules, zone: ZoneInfo) -> None:
        self.name = name
        self.rules = rules
        self._zone = zone
        self._loud = _service(name, url)
        option = SILENT_OPTIONS.get(_scheme(url))
        joint = "&" if "?" in url else "?"
        self._silent = _service(name, f"{url}{joint}{option}") if option else self._loud

    def send(self, notice: Notice) -> None:
        self.deliver([notice], silent=False)

    def deliver(self, notices: Sequence[Notice], *, silent: bool) -> None:
        """Send them as one message.

        Raises:
            NotifyError: The service did not take it; `permanent` where it never will.
        """
        service = self._silent if silent else self._loud
        with _said() as lines:
            taken = service.notify(
                title=title_of(notices),
                body=body_of(
                    [render_lines(notice, self._zone) for notice in notices],
                    longest=min(LONGEST_BODY, service.body_maxlen - SPARE),
                ),
                notify_type=_TYPES[max(notices, key=lambda n: list(Level).index(n.level)).level],
                body_format=NotifyFormat.TEXT,
            )
        if not taken:
            raise _failure(service.service_name, lines)

    def close(self) -> None:
        """Nothing is held between two messages."""


def _service(name: str, url: str) -> Any:
    with _said():  # its complaint about a bad URL repeats the URL
        service = apprise.Apprise.instantiate(url)
    if service is None:
        raise ConfigError(
            f"notification channel {name!r}: apprise does not understand its {_scheme(url)}:// URL",
            hint="its form for each service: https://github.com/caronc/apprise/wiki",
        )
    if "overflow=" not in url:  # a message too long would be refused, again and again
        service.overflow_mode = OverflowMode.TRUNCATE
    return service


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def _failure(service: object, lines: Sequence[str]) -> NotifyError:
    text = "\n".join(lines)
    found = _HTTP_CODE.search(text) or _SMTP_CODE.search(text)
    if found is None:
        return NotifyError(f"{service} could not be reached or did not answer", permanent=False)
    code = int(found[1])
    if code not in PERMANENT:
        return NotifyError(f"{service} did not take the message (code {code})", permanent=False)
    return NotifyError(
        f"{service} refused it (code {code})",
        permanent=True,
        hint="correct the key, password or address in its URL",
    )


class _Capture(logging.Handler):
    """Apprise's log lines, by the thread that caused them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.of_thread: dict[int, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        lines = self.of_thread.get(record.thread or 0)
        if lines is not None:
            lines.append(record.getMessage())


@contextmanager
def _said() -> Iterator[list[str]]:
    """What apprise logs meanwhile in this thread; nothing of it reaches another handler."""
    logger = logging.getLogger("apprise")
    capture = next((h for h in logger.handlers if isinstance(h, _Capture)), None)
    if capture is None:
        capture = _Capture()
        logger.addHandler(capture)
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    thread = threading.get_ident()
    lines = capture.of_thread.setdefault(thread, [])
    try:
        yield lines
    finally:
        capture.of_thread.pop(thread, None)
