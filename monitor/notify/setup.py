"""Which channels a home has."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.config import Notify, Settings
from monitor.domain.vocabulary import Level
from monitor.errors import ConfigError
from monitor.home import Home
from monitor.notify.base import Notifier
from monitor.notify.console import ConsoleNotifier, wants_color
from monitor.notify.delivery import DeliveryRules, QuietHours
from monitor.notify.jsonl import alerts_jsonl
from monitor.notify.logfile import alerts_log

_NAMED = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9_-]{0,31})=(?P<url>[A-Za-z0-9+.-]+://.*)$")


def build_notifiers(
    home: Home, settings: Settings, *, console: bool, people: bool
) -> tuple[Notifier, ...]:
    """The two log files, the terminal where there is one, and the person's own channels.

    Args:
        people: Whether to have the channels of `notify.urls`: a replay or demo disturbs nobody.

    Raises:
        ConfigError: A channel's URL, name or file cannot be used.
    """
    zone = ZoneInfo(settings.hours.display_timezone)
    found: list[Notifier] = [
        alerts_log(home.logs / "alerts.log", zone=zone),
        alerts_jsonl(home.logs / "alerts.jsonl"),
    ]
    if console:
        found.append(ConsoleNotifier(zone=zone, color=wants_color(os.environ)))
    if people:
        found += _own_channels(settings.notify, home.root, zone)
    return tuple(found)


def delivery_rules(notify: Notify, zone: ZoneInfo) -> DeliveryRules:
    """The settings of `[notify]` as rules."""
    quiet = None
    if notify.quiet_start and notify.quiet_start != notify.quiet_end:
        quiet = QuietHours(
            start=time.fromisoformat(notify.quiet_start),
            end=time.fromisoformat(notify.quiet_end),
            zone=zone,
        )
    return DeliveryRules(
        loudness={level: getattr(notify, level.value.lower()) for level in Level},
        quiet=quiet,
        group_from=notify.group_from,
        max_per_hour=notify.max_per_hour,
    )


def _own_channels(notify: Notify, root: Path, zone: ZoneInfo) -> list[Notifier]:
    named = [_name_and_url(text, where) for text, where in _entries(notify, root)]
    if not named:
        return []
    from monitor.notify.apprise_channel import AppriseNotifier  # heavy: only where wanted

    names = [name for name, _url in named]
    if "console" in names:  # the outbox knows a channel by its name alone
        raise ConfigError(
            "a notification channel is called 'console', as the terminal's own is",
            hint="give it another name: NAME=URL",
        )
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(
            f"two notification channels are called {doubled!r}",
            hint="give each its own name: NAME=URL",
        )
    rules = delivery_rules(notify, zone)
    return [AppriseNotifier(name, url, rules=rules, zone=zone) for name, url in named]


def _entries(notify: Notify, root: Path) -> Iterator[tuple[str, str]]:
    """Each entry with where it stands, for complaints that do not repeat it."""
    yield from ((text, f"notify.urls, entry {i}") for i, text in enumerate(notify.urls, 1))
    if not notify.urls_file:
        return
    path = root / Path(notify.urls_file).expanduser()
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"notify.urls_file {path} cannot be read: {error}",
            hint="one apprise URL a line; lines that begin with # are comments",
        ) from error
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield line, f"{path}, line {number}"


def _name_and_url(text: str, where: str) -> tuple[str, str]:
    """`NAME=URL`, else a name made of the scheme and a digest, the same at every start."""
    text = text.strip()
    if named := _NAMED.match(text):
        return named["name"], named["url"]
    if "://" not in text:
        raise ConfigError(
            f"{where}: no apprise URL (it is not shown: it may hold a password)",
            hint="as ntfy://topic, mailto://user:password@host, phone=tgram://token/chat",
        )
    digest = hashlib.blake2s(text.encode(), digest_size=2).hexdigest()
    return f"{text.partition('://')[0].lower()}-{digest}", text
