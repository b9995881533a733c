"""A loopback HTTP server whose answers a test writes; it counts what it is asked."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fakes.yahoo_server import Reply


@dataclass
class Server:
    """What it does now (path, request headers → reply), and what it was asked."""

    port: int
    play: Callable[[str, Mapping[str, str]], Reply]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def serving(play: Callable[[str, Mapping[str, str]], Reply]) -> Iterator[Server]:
    """Serve until the block ends; hanging requests are let go then."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.asked.append((self.path, dict(self.headers)))
            reply = server.play(self.path, self.headers)
            if reply.hang:
                server.released.wait(30)
                self.close_connection = True
                return
            body = gzip.compress(reply.body, 1) if len(reply.body) > 100_000 else reply.body
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if body is not reply.body:
                self.send_header("Content-Encoding", "gzip")
            if reply.status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if reply.status != 304:
                self.wfile.write(body[: reply.cut])
            if reply.cut is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server = Server(port=httpd.server_address[1], play=play)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()
