"""The page under load: its JSON by eight clients, and health beside half-open connections.

    python benchmarks/bench_load.py [SECONDS]

Eight clients, each in a process of its own on a kept connection, ask for /data.json with the tag
they have, as a page does that is up to date; beside them, in turns, the same clients ask a bare
Flask application on the same server for an empty 304. Figures to reach: 1,500 answers a second,
99 % within 25 ms; with 50 half-open clients /healthz within 100 ms.
"""

from __future__ import annotations

import http.client
import multiprocessing
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from flask import Flask, Response

from dashboard.serve import PageServer, page_server
from dashboard.snapshot_source import FileSnapshotSource
from monitor.clock import SystemClock

CLIENTS, HALF_OPEN, ROUNDS = 8, 50, 3
FIGURE_RATE, FIGURE_P99_MS, FIGURE_HEALTH_MS = 1500, 25, 100
MONITOR = str(Path(sys.executable).with_name("monitor"))


def ask(port: int, path: str, seconds: float, taken: Any) -> None:
    """One client: how long each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    first = connection.getresponse()
    first.read()
    headers = {"If-None-Match": first.headers["ETag"] or ""}
    times = []
    end = monotonic() + seconds
    while monotonic() < end:
        begun = perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 304:
            raise SystemExit(f"{path}: {answer.status}")
        times.append(perf_counter() - begun)
    taken.put(times)


def load(port: int, path: str, seconds: float) -> tuple[float, float]:
    """Answers a second and the 99th percentile in milliseconds."""
    context = multiprocessing.get_context("fork")
    taken = context.Queue()
    clients = [
        context.Process(target=ask, args=(port, path, seconds, taken)) for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    times = sorted(t for _ in clients for t in taken.get())
    for client in clients:
        client.join()
    return len(times) / seconds, 1000 * times[int(0.99 * len(times))]


def health_beside_half_open(port: int) -> list[float]:
    """Milliseconds of /healthz while fifty clients have sent half a request."""
    held = []
    for _ in range(HALF_OPEN):
        line = socket.create_connection(("127.0.0.1", port))
        line.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        held.append(line)
    times = []
    for _ in range(100):
        begun = perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        connection.close()
        times.append(1000 * (perf_counter() - begun))
    for line in held:
        line.close()
    return times


def bare() -> PageServer:
    app = Flask("bare")
    app.add_url_rule("/", "bare", lambda: Response(status=304, headers={"ETag": '"x"'}))
    return PageServer(app, address="127.0.0.1", port=0)


def serve(home: str, ports: Any) -> None:
    """Both servers in a process of their own, as the clients are."""
    page = page_server(FileSnapshotSource(Path(home)), SystemClock(), host="127.0.0.1", port=0)
    beside = bare()
    page.start()
    beside.start()
    ports.put((page.port, beside.port))
    page.wait()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [MONITOR, "--source", "demo", "--once", "--home", folder],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        context = multiprocessing.get_context("fork")
        ports = context.Queue()
        server = context.Process(target=serve, args=(str(Path(folder) / "demo"), ports))
        server.start()
        page, beside = ports.get()
        load(page, "/data.json", 1.0)  # warm
        found = [(load(beside, "/", seconds), load(page, "/data.json", seconds))
                 for _ in range(ROUNDS)]  # fmt: skip
        health = health_beside_half_open(page)
        server.terminate()
        server.join()
    plain = statistics.median(rate for (rate, _), _ in found)
    rate = statistics.median(rate for _, (rate, _) in found)
    p99 = statistics.median(p99 for _, (_, p99) in found)
    print(f"bare Flask, 304           {plain:8,.0f} a second")
    print(f"/data.json, 304           {rate:8,.0f} a second   (figure to reach: {FIGURE_RATE:,})")
    print(f"ratio                     {rate / plain:8.2f}")
    print(f"99 % within               {p99:8.1f} ms        (figure to reach: {FIGURE_P99_MS} ms)")
    print(f"/healthz, {HALF_OPEN} half-open    {max(health):8.1f} ms at most"
          f" (figure to reach: {FIGURE_HEALTH_MS} ms)")  # fmt: skip


if __name__ == "__main__":
    main()
