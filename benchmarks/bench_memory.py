"""Resident memory: the idle monitor with its page, and a replayed month session by session.

    python benchmarks/bench_memory.py

Each is a process of its own, beside a bare `import numpy, sqlalchemy, flask`. Figures to reach:
the idle monitor ≤ 220 MB; over the month the last five sessions ≤ 1.05 × the first five.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIGURE_MB, FLAT = 220.0, 1.05
SHARED = Path(
    os.environ.get(
        "CONDORWATCH_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"
    )
)
MONITOR = str(Path(sys.executable).with_name("monitor"))
IDLE_CYCLES = 6
BARE = "import numpy, sqlalchemy, flask; from monitor.runtime.health import memory_mb; "

MONTH = """
import sys
from collections import defaultdict
from monitor.runtime import replay
from monitor.runtime.health import memory_mb
seen = {}
count = replay._count
def counted(summary, runner, now):
    count(summary, runner, now)
    seen[now.date()] = memory_mb()
replay._count = counted
from monitor.cli.main import monitor
monitor.main(sys.argv[1:], standalone_mode=False)
print(*(f"{mb:.1f}" for mb in seen.values()), file=sys.stderr)
"""


def bare_mb() -> float:
    done = subprocess.run(
        [sys.executable, "-c", BARE + "print(memory_mb())"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout)


def idle_mb(home: Path) -> float:
    """A live monitor with its page and no network, after some cycles."""
    env = os.environ | {name: "http://127.0.0.1:9" for name in ("HTTP_PROXY", "HTTPS_PROXY")}
    process = subprocess.Popen(
        [MONITOR, "--home", str(home), "--port", "0", "--data-interval", "5"],
        env=env, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        page = home / "data" / "dashboard_data.json"
        while not (page.exists() and f'"iteration":{IDLE_CYCLES},' in page.read_text()):
            if process.poll() is not None:
                raise SystemExit("the monitor ended")
            time.sleep(0.2)
        status = Path(f"/proc/{process.pid}/statm").read_text()
        return int(status.split()[1]) * 4096 / 1e6
    finally:
        process.terminate()
        process.wait()


def month_mb(home: Path) -> list[float]:
    """Resident memory after each session of the replayed month."""
    done = subprocess.run(
        [
            sys.executable, "-c", MONTH, "replay", "2022-03-14", "--to", "2022-04-18",
            "--source", f"replay:{SHARED / 'replay'}", "--ticker", "SPX", "--ticker", "QQQ",
            "--ticker", "SPY", "--home", str(home),
        ],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    return [float(text) for text in done.stderr.split()]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bare, idle = bare_mb(), idle_mb(Path(folder) / "idle")
        month = month_mb(Path(folder) / "month")
    first, last = statistics.median(month[:5]), statistics.median(month[-5:])
    print(f"bare imports            {bare:7.1f} MB")
    print(f"idle monitor and page   {idle:7.1f} MB   (figure to reach: {FIGURE_MB:g})")
    print(f"  ratio to bare         {idle / bare:7.2f}")
    print(f"month, first sessions   {first:7.1f} MB")
    print(f"month, last sessions    {last:7.1f} MB")
    print(f"  ratio                 {last / first:7.3f}   (figure to reach: {FLAT})")


if __name__ == "__main__":
    main()
