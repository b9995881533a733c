"""Long days and large files: what must stay flat stays flat."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from fakes.spine import MINUTE, NOW, running

MEGABYTE = 1_000_000


def test_fault_36_a_days_cycles_leave_memory_descriptors_and_threads_flat(home: Path) -> None:
    """390 cycles, a minute each, on a real store with every file written."""
    me = psutil.Process()

    def used() -> tuple[int, int, float]:
        gc.collect()
        return me.num_fds(), threading.active_count(), me.memory_info().rss / MEGABYTE

    with running(home) as runner:
        for minute in range(60):  # caches fill, the database's pages come in
            runner.cycle(NOW + minute * MINUTE)
        descriptors, threads, memory = used()
        for minute in range(60, 390):
            runner.cycle(NOW + minute * MINUTE)
        later = used()
    assert later[0] <= descriptors
    assert later[1] <= threads
    assert later[2] - memory < 10  # MB; 330 snapshots kept would be more than that


LOADER = """
import json, sys
from pathlib import Path
from monitor.grid_file import load_grid
grid = load_grid(Path(sys.argv[1])).grid
# not ru_maxrss: that begins with the peak of the process that started this one
status = Path("/proc/self/status").read_text().splitlines()
peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
print(json.dumps({
    "rows": grid.report.rows, "usable": len(grid), "peak_mb": int(peak) * 1024 / 1e6,
}))
"""
HEADER = (
    "dte,band,spread_type,flow_mode,spread_width,entry_time_pst,entry_time_et,time_bucket,"
    "expected_win_pct,expected_roi_pct,sharpe,expected_credit,max_risk_per_contract,avg_pnl,"
    "n_trades,trade_score\n"
)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_fault_45_a_million_rows_with_duplicates_stay_below_500_mb(tmp_path: Path) -> None:
    """Each of 20,000 different rows stands there 50 times; how fast is benchmarks/bench_grid.py."""
    different = [
        f"{dte},{band},put_spread,with_flow,{width / 10:.1f},07:30,10:30,morning,91.5,25.0,0.4,"
        f"{width:.1f},{width * 9:.1f},1.0,60,60.0\n"
        for dte in (0, 1, 3, 5)
        for band in ("P95", "P97", "P98", "P99", "P100")
        for width in range(100, 1100)
    ]
    path = tmp_path / "grid.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for _ in range(50):
            file.writelines(different)
    done = subprocess.run(
        [sys.executable, "-c", LOADER, str(path)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["rows"] == 1_000_000
    assert found["usable"] == len(set(different)) == 20_000
    assert found["peak_mb"] < 500
