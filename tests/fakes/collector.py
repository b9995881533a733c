"""A real HTTP server on loopback that keeps what is posted to it, or answers as told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Collector:
    """`status` is what it answers; `hang_s` how long it lets a client wait first."""

    port: int = 0
    status: int = 200
    hang_s: float = 0.0
    got: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int, within_s: float = 10.0) -> bool:
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.paths) >= count, within_s)


@contextmanager
def collector(**options: Any) -> Iterator[Collector]:
    state = Collector(**options)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            time.sleep(state.hang_s)
            with state.arrived:
                state.paths.append(self.path)
                if state.status < 400:
                    state.got.append(json.loads(body) if body else None)
                state.arrived.notify_all()
            self.send_response(state.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = _answer
        do_GET = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", state.port), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
