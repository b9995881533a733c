"""How long after its cycle an alert is in alerts.log and at a webhook on loopback.

    python benchmarks/bench_alert.py [ALERTS]

A stop that is due is decided by a cycle of a real runner with its dispatcher's own threads; timed
is from the end of the cycle until the line stands in the file, and until the webhook has it.
Beside it, in turns, the webhook posted to directly. Figures to reach: 50 ms and 300 ms.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import requests
from bench_many import START, Instant, book

from monitor.app import Wiring, open_runner
from monitor.clock import SystemClock
from monitor.config import Alerting, Limits, Notify, Settings
from monitor.domain.positions import PnlMark
from monitor.home import Home
from monitor.providers.sessions import load_calendar
from monitor.store.store import open_store

FIGURE_FILE_MS, FIGURE_HOOK_MS = 50, 300
PATIENCE_S = 10.0


class Hook:
    """Notes when each post arrives."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        arrived = self.arrived

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                arrived.append(perf_counter())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def until(done: Any) -> float:
    end = perf_counter() + PATIENCE_S
    while not done():
        if perf_counter() > end:
            raise SystemExit("an alert did not come")
        sleep(0.0005)
    return perf_counter()


def main() -> None:
    alerts = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    hook = Hook()
    settings = Settings(
        tickers=("T00",),
        limits=Limits(max_positions=1000, max_total_risk_usd=1e9),
        alerts=Alerting(daily_messages=False),
        notify=Notify(urls=(f"hook=json://127.0.0.1:{hook.port}/",), max_per_hour=3600),
    )
    file_ms, hook_ms, direct_ms = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.prepare()
        log = home.logs / "alerts.log"
        store = open_store(home.root, settings)
        wiring = Wiring(
            provider=Instant(), calendar=load_calendar(None, today=datetime.now(UTC).date()),
            source="bench", started_at=START, clock=SystemClock(), console=False, record=False,
        )  # fmt: skip
        with open_runner(settings, home, wiring) as runner:
            now = START
            runner.cycle(now)
            for i in range(alerts):
                now += timedelta(minutes=1)
                (one,) = book(1)
                lost = PnlMark(pnl_usd=-600.0, asof=now, source="you")
                store.import_all([replace_id(one, f"{i + 1:08x}", lost)], at=now)
                before = log.stat().st_size if log.exists() else 0
                heard = len(hook.arrived)
                runner.cycle(now)
                begun = perf_counter()
                in_file = until(lambda size=before: log.exists() and log.stat().st_size > size)
                until(lambda n=heard: len(hook.arrived) > n)
                file_ms.append(1000 * (in_file - begun))
                hook_ms.append(1000 * (hook.arrived[heard] - begun))
                posted = perf_counter()
                requests.post(f"http://127.0.0.1:{hook.port}/", json={}, timeout=5)
                direct_ms.append(1000 * (perf_counter() - posted))
        store.close()
    hook.server.shutdown()
    for what, taken, figure in (
        ("in alerts.log", file_ms, f"figure to reach: {FIGURE_FILE_MS} ms"),
        ("at the webhook", hook_ms, f"figure to reach: {FIGURE_HOOK_MS} ms"),
        ("posted directly", direct_ms, "for scale"),
    ):
        print(f"{what:<16} {statistics.median(taken):7.1f} ms median, {max(taken):7.1f} at most"
              f"   ({figure})")  # fmt: skip


def replace_id(position: Any, position_id: str, mark: PnlMark) -> Any:
    from dataclasses import replace

    return replace(position, id=position_id, mark=mark)


if __name__ == "__main__":
    main()
