"""`positions list` as a whole process against `python -c "import click, sqlalchemy"`.

Run: python benchmarks/bench_positions_list.py [ROUNDS]
The two take turns, so that a busy machine slows both; the ratio of the fastest runs is the
figure to reach (1.3).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIGURE = 1.3
ADD = (
    "add", "--dte", "3", "--spread", "put_spread", "--contracts", "1", "--credit", "150",
    "--short-put", "19800", "--long-put", "19700",
)  # fmt: skip
PYTHON = [sys.executable]
POSITIONS = [str(Path(sys.executable).with_name("positions"))]


def seconds(command: list[str], env: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"CONDORWATCH_HOME": home}
        for _ in range(5):
            subprocess.run(
                [*POSITIONS, *ADD],
                env=env,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        base, listing = [], []
        for _ in range(rounds):
            base.append(seconds([*PYTHON, "-c", "import click, sqlalchemy"], env))
            listing.append(seconds([*POSITIONS, "list"], env))
    ratio = min(listing) / min(base)
    print(f"import click, sqlalchemy   {min(base) * 1000:7.0f} ms")
    print(f"positions list             {min(listing) * 1000:7.0f} ms")
    print(f"ratio                      {ratio:7.2f}   (figure to reach: {FIGURE})")


if __name__ == "__main__":
    main()
