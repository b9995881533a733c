"""The page's first text over loopback, beside a plain file of the same size.

    python benchmarks/bench_page.py [REQUESTS]

The page is served by the product's own server from the demo's busiest kind of snapshot, each
request on a connection of its own; a file of as many bytes comes from Python's http.server.
Figure to reach: first byte and whole text ≤ 100 ms (median).
"""

from __future__ import annotations

import functools
import http.client
import http.server
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter

from dashboard.serve import page_server
from dashboard.snapshot_source import FileSnapshotSource
from monitor.clock import SystemClock

FIGURE_MS = 100.0
MONITOR = str(Path(sys.executable).with_name("monitor"))


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Not to the terminal."""


def get(port: int, path: str) -> tuple[float, int]:
    """Seconds to the last byte of the text, and its size."""
    begun = perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return perf_counter() - begun, len(body)


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        subprocess.run(
            [MONITOR, "--source", "demo", "--once", "--home", str(home)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        page = page_server(
            FileSnapshotSource(home / "demo"), SystemClock(), host="127.0.0.1", port=0
        )
        page.start()
        size = get(page.port, "/")[1]
        (home / "plain.html").write_bytes(b"x" * size)
        serve = functools.partial(QuietFiles, directory=str(home))
        plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        ours, theirs = [], []
        for _ in range(requests):
            theirs.append(get(plain.server_port, "/plain.html")[0])
            ours.append(get(page.port, "/")[0])
        plain.shutdown()
        page.stop()
    text, file = 1000 * statistics.median(ours), 1000 * statistics.median(theirs)
    print(f"plain file of {size:,} bytes   {file:7.2f} ms")
    print(f"page                      {text:7.2f} ms   (figure to reach: {FIGURE_MS:g} ms)")
    print(f"slowest of {requests}             {1000 * max(ours):7.2f} ms")
    print(f"ratio                     {text / file:7.2f}")


if __name__ == "__main__":
    main()
