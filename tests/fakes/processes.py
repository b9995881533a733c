"""The installed commands as real processes, with the network cut."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_S = 90.0  # an upper bound for a busy machine; nothing is timed by it
BIN = Path(sys.executable).parent


def offline(port: int | None = None) -> dict[str, str]:
    """An environment whose every request goes to a loopback port where nobody answers.

    No grid is built in the background: a test that wants that says so.
    """
    proxy = f"http://127.0.0.1:{port or dead_port()}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CONDORWATCH_")}
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        kept[name] = kept[name.lower()] = proxy
    quiet = {"CONDORWATCH_BUILD_GRID": "false", "PYTHONUNBUFFERED": "1"}
    return kept | {"NO_PROXY": "", "no_proxy": ""} | quiet


def dead_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def hanging_server() -> Iterator[tuple[int, threading.Event]]:
    """A port that takes connections and never says a word; the event: somebody is waiting."""
    kept: list[socket.socket] = []
    reached = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def accept() -> None:
            with suppress(OSError):  # the server was closed
                while True:
                    kept.append(server.accept()[0])
                    reached.set()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1], reached
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            for connection in kept:
                connection.close()


def run(command: str, *args: str, home: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """One command from start to end."""
    options.setdefault("env", offline())
    options.setdefault("timeout", PATIENCE_S)
    return subprocess.run(
        [str(BIN / command), *args, "--home", str(home)],
        capture_output=True, text=True, check=False, cwd=home, **options,
    )  # fmt: skip


@dataclass
class Running:
    """A monitor that runs."""

    process: subprocess.Popen[str]
    home: Path

    def page(self) -> Any:
        """`dashboard_data.json`, or None before the first cycle."""
        try:
            return json.loads((self.home / "data" / "dashboard_data.json").read_bytes())
        except FileNotFoundError:
            return None

    def wait_for(self, wanted: Callable[[Any], bool]) -> Any:
        """The first page for which `wanted` holds."""
        return self.until(lambda: page if (page := self.page()) and wanted(page) else None)

    def until(self, found: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if value := found():
                return value
            if self.process.poll() is not None:
                raise AssertionError(f"the monitor ended: {self.process.communicate()}")
            threading.Event().wait(0.05)
        raise AssertionError(f"not seen within {PATIENCE_S:g} s; the page is {self.page()}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self, within_s: float) -> int:
        """The exit code; raises TimeoutExpired when it does not end in time."""
        return self.process.wait(within_s)


@contextmanager
def monitor(home: Path, *args: str, env: dict[str, str] | None = None) -> Iterator[Running]:
    """`monitor ARGS` on `home`; killed at the end if it still runs."""
    process = subprocess.Popen(
        [str(BIN / "monitor"), *args, "--home", str(home)],
        env=env or offline(), cwd=home, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Running(process, home)
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.communicate()
