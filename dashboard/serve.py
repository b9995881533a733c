"""The web server around the page: few threads, idle connections closed.

A client that sends half a request holds a socket, never a thread, and loses it after
`CHANNEL_TIMEOUT_S`; so slow clients do not keep the page from others.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
import threading
from typing import Any

from flask import Flask
from waitress.server import create_server

from dashboard.app import create_app
from dashboard.security import LOOPBACK_NAMES, MAX_BODY, is_public, listening_address
from dashboard.snapshot_source import SnapshotSource
from monitor.clock import Clock
from monitor.errors import ConfigError

THREADS = 6
CONNECTION_LIMIT = 200
CHANNEL_TIMEOUT_S = 20
OUTPUT_IN_MEMORY = 8 * 1024 * 1024
"""Bytes. plotly.js fits, so that no answer goes through a temporary file on a full disk."""
STOP_TIMEOUT_S = 3.0

logger = logging.getLogger(__name__)


def page_server(
    source: SnapshotSource,
    clock: Clock,
    *,
    host: str,
    port: int,
    token: str = "",
    names: tuple[str, ...] = (),
) -> PageServer:
    """The page of `source`, ready to start, answering to the loopback names, `host` and `names`.

    Raises:
        ConfigError: `host` is beyond loopback without a good `token`.
    """
    address = listening_address(host, token=token)
    own = f"[{address}]" if ":" in address else address
    hosts = tuple(dict.fromkeys((*LOOPBACK_NAMES, own, *names)))
    app = create_app(source, clock, hosts=hosts, token=token)
    return PageServer(app, address=address, port=port)


class PageServer:
    """Serves `app` from a thread of its own between `start` and `stop`."""

    def __init__(self, app: Flask, *, address: str, port: int) -> None:
        self._app = app
        self._host = address
        self._wanted_port = port
        self._server: Any = None  # waitress has no annotations
        self._map: dict[int, Any] = {}
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port bound: the wanted one, or the one the system chose for 0."""
        return self._wanted_port if self._server is None else int(self._server.effective_port)

    @property
    def warning(self) -> str:
        """What its person must know before others can reach it; "" on loopback."""
        if not is_public(self._host):
            return ""
        return (
            "the page is open to other machines and has no TLS: who can listen on the network can "
            "read it and the token. Put a TLS proxy in front, or use a tunnel"
        )

    @property
    def url(self) -> str:
        """An address rather than "localhost", which may mean another program on ::1."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}/"

    def start(self) -> None:
        """Bind and serve in the background.

        Raises:
            ConfigError: The port is taken or not allowed.
        """
        self._bind()
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Block until the server stops, or the person interrupts."""
        thread = self._thread
        while thread is not None and thread.is_alive():
            thread.join(timeout=0.5)

    def stop(self) -> None:
        """Close every connection and end the thread; safe to call twice."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._server.trigger.pull_trigger(self._close_all)
        thread.join(timeout=STOP_TIMEOUT_S)
        if thread.is_alive():
            logger.warning("the page's server did not stop in time")
        else:
            self._server.trigger.close()

    def _bind(self) -> None:
        # It warns whenever a request waits for a thread, a moment or not.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = create_server(
            self._app,
            map=self._map,
            sockets=[_bound(self._host, self._wanted_port)],
            threads=THREADS,
            connection_limit=CONNECTION_LIMIT,
            channel_timeout=CHANNEL_TIMEOUT_S,
            cleanup_interval=5,
            max_request_body_size=MAX_BODY,
            max_request_header_size=32 * 1024,
            outbuf_overflow=OUTPUT_IN_MEMORY,
            asyncore_use_poll=hasattr(select, "poll"),
            clear_untrusted_proxy_headers=True,
            ident="condorwatch",
        )

    def _run(self) -> None:
        server = self._server
        server.run()
        server.task_dispatcher.shutdown()

    def _close_all(self) -> None:
        # In the server's own loop: once nothing is left in the map, the loop ends. The trigger's
        # pipe stays open until then: whoever pulled it may not have written to it yet.
        for dispatcher in list(self._map.values()):
            if dispatcher is not self._server.trigger:
                dispatcher.close()
        self._map.clear()


def _bound(host: str, port: int) -> socket.socket:
    # Bound here and not by waitress, which has started its threads by then.
    if port:
        _refuse_taken(host, port)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":  # elsewhere it would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise _cannot_bind(host, port, error) from error
    return listener


def _refuse_taken(host: str, port: int) -> None:
    # A Mac's AirPlay listens on every address and still lets another program bind 127.0.0.1,
    # so binding alone would not notice it.
    try:
        with socket.create_connection((host, port), timeout=0.5):
            pass
    except OSError:
        return
    raise _taken(host, port)


def _cannot_bind(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return _taken(host, port)
    return ConfigError(
        f"cannot listen on {host} port {port}: {error.strerror or error}",
        hint="choose a port from 1024 to 65535 with --port",
    )


def _taken(host: str, port: int) -> ConfigError:
    other = port + 1 if port < 65535 else 5000
    mac = "; on a Mac, port 5000 usually belongs to AirPlay" if port == 5000 else ""
    return ConfigError(
        f"port {port} on {host} is taken: another monitor, page or program has it",
        hint=f"choose another: --port {other}{mac}",
    )
