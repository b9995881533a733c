"""The dead man's switch: a ping to a URL of the person's choice after each healthy cycle.

A service such as healthchecks.io tells the person when the pings stop, which a dead monitor
cannot do itself. The URL is a secret: whoever knows it can keep the switch quiet.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

import requests

from monitor.errors import ConfigError

TIMEOUT_S = 5.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Heartbeat:
    """Pings in a thread of its own: a slow server delays no cycle, and pings never pile up.

    Args:
        url: http or https; empty: no heartbeat.

    Raises:
        ConfigError: It is another kind of URL; the message does not repeat it.
    """

    url: str
    problem: str | None = None
    _beat: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ConfigError(
                "notify.heartbeat_url must begin with http:// or https:// (it is not shown here)",
                hint="copy the ping URL that your monitoring service gave you",
            )

    def beat(self) -> None:
        """Say that a cycle went well; returns at once."""
        if not self.url:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()
        self._beat.set()

    def stop(self) -> None:
        """Send no more."""
        self._stopping = True
        self._beat.set()

    def _run(self) -> None:
        while True:
            self._beat.wait()
            self._beat.clear()
            if self._stopping:
                return
            self.problem = self._ping()
            if self.problem:
                logger.warning("heartbeat not taken", extra={"reason": self.problem})

    def _ping(self) -> str | None:
        """None, or why the service did not take it, without the URL."""
        try:
            answer = requests.get(self.url, timeout=TIMEOUT_S)
        except (requests.RequestException, ValueError) as error:  # a bad name is a ValueError
            return f"heartbeat: not reached ({type(error).__name__})"
        return None if answer.ok else f"heartbeat: answered {answer.status_code}"
