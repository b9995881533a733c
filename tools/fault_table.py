"""The fault matrix: every fault, what must happen, and the tests that show it.

python tools/fault_table.py              the table that docs/reliability.md holds
python tools/fault_table.py REPORT.xml   the same with the results of a run of `make faults`
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

TESTS = Path(__file__).resolve().parent.parent / "tests"
NAME = re.compile(r"def (test_\w*fault_\d\d\w*)\(")
NUMBER = re.compile(r"fault_(\d\d)")

FAULTS = {
    "Data": {
        1: ("429, too many requests", "the source is left alone, then asked once; the next one answers meanwhile"),
        2: ("500, 502, an HTML page", "passing: at most two more tries"),
        3: ("a source hangs", "the call ends within four of its timeouts; the monitor goes on"),
        4: ("cut, empty, `null` body", "passing; never \"delisted\", never 0"),
        5: ("401", "one new crumb, then an error"),
        6: ("404, renamed symbol", "only that symbol is flagged"),
        7: ("not a number, infinite", "refused; the last good value stays, with its age"),
        8: ("0, negative, spike", "held back until it is confirmed"),
        9: ("old stamp", "STALE, told once"),
        10: ("frozen price", "suspect after some readings of an open session"),
        11: ("two sources disagree", "no alert, \"disagree\", no average"),
        12: ("part of the symbols missing", "the rest goes on"),
        13: ("option chain: 0, crossed, one side, strike missing", "unknown, or a value within 0 and the width"),
        14: ("a failure that sticks in a client's cache", "recovers without a restart"),
    },
    "Time": {
        15: ("clock set by an hour", "polling goes on within a second, no alert twice"),
        16: ("daylight saving begins or ends", "09:30 New York is right"),
        17: ("half day, holiday, year end, end of the calendar", "right sessions; a clear word beyond the horizon"),
        18: ("expiry", "\"settle me\"; exit alerts stop"),
        19: ("a cycle takes longer than its interval", "skipped and counted, never piled up"),
        20: ("suspended", "one cycle to catch up; \"asleep 07:12–08:40, missed …\""),
    },
    "Process and storage": {
        21: ("kill -9 inside a change of a position", "the old state or the new one"),
        22: ("kill -9 while an alert goes out", "none lost, none twice in the files"),
        23: ("kill -9 inside the write of the page's file", "it stays readable; what is left over is swept"),
        24: ("disk full", "alerts go on, and it recovers"),
        25: ("read-only file system", "a clear error, exit code 1"),
        26: ("two monitors on one home", "the second exits 2 at once"),
        27: ("several processes write", "no update is lost"),
        28: ("the write lock is held", "the command says by whom and exits 1; the monitor tries again"),
        29: ("bad, empty or newer database", "refused and kept, with the way back"),
        30: ("bad JSON or settings", "set aside or refused; the line is named"),
        31: ("an upgrade is killed", "a copy was made before; the next start goes on"),
        32: ("PostgreSQL restarts or is away", "tried again; what lasted is told once"),
        33: ("SQLite and PostgreSQL", "the same results"),
        34: ("a cycle raises", "the next one runs; three in a row end the monitor with exit code 1"),
        35: ("SIGTERM while a call hangs", "it ends within 5 s, its state whole"),
        36: ("a day's run", "memory, descriptors and threads stay flat"),
        37: ("silent death", "the ping stops, the page says so, `monitor status` exits 1"),
    },
    "Input": {
        38: ("a note of a megabyte", "refused"),
        39: ("control, direction and NUL characters", "none reaches the terminal"),
        40: ("HTML, script, `{{ }}` in a note", "shown as text"),
        41: ("a spreadsheet formula in a note", "made harmless in the export"),
        42: ("impossible numbers of a position", "exit code 2, nothing written"),
        43: ("grid file: column missing, doubled; short row", "row and column are named"),
        44: ("BOM, CRLF; semicolons, other encodings", "the first two are fine, the others refused"),
        45: ("a million rows with duplicates", "below 500 MB (below 5 s: `benchmarks/bench_grid.py`)"),
    },
    "Notification and page": {
        46: ("a channel is down or slow", "polling does not wait; delivered later"),
        47: ("login or token refused", "that channel is switched off, the others say so"),
        48: ("300 alerts at once", "grouped"),
        49: ("VIX on an edge", "no flapping"),
        50: ("log rotated while it is followed", "nothing lost"),
        51: ("load, half-open clients", "health still answers"),
        52: ("path traversal, large body", "404, 413"),
        53: ("DNS rebinding", "400"),
        54: ("a form of another page", "403"),
        55: ("listening beyond this machine without a token", "refused at the start"),
        56: ("not a number in JSON", "`null`"),
    },
}  # fmt: skip


def shown_by() -> dict[int, list[str]]:
    """Fault number → names of its tests."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for name in NAME.findall(path.read_text("utf-8")):
            for number in NUMBER.findall(name):
                found[int(number)].append(name)
    return found


def rows(results: Mapping[int, Counter[str]] | None = None) -> Iterator[str]:
    """The table's lines; `results` by fault number, where there was a run."""
    head = ["#", "fault", "what happens", *(["result"] if results is not None else [])]
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for part, faults in FAULTS.items():
        yield f"| | **{part}** |" + " |" * (len(head) - 2)
        for number, (fault, expected) in faults.items():
            cells = [str(number), fault, expected]
            if results is not None:
                found = results[number]
                cells.append(", ".join(f"{n} {what}" for what, n in found.items()) or "not run")
            yield f"| {' | '.join(cells)} |"


def read_results(report: Path) -> dict[int, Counter[str]]:
    """Outcomes by fault number, out of pytest's own XML."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 -- pytest wrote it just now
        kinds = {child.tag for child in case}
        outcome = "failed" if kinds & {"failure", "error"} else "passed"
        outcome = "skipped" if "skipped" in kinds else outcome
        for number in NUMBER.findall(case.get("name", "")):
            found[int(number)][outcome] += 1
    return found


def main() -> None:
    results = read_results(Path(sys.argv[1])) if len(sys.argv) > 1 else None
    sys.stdout.write("\n".join(rows(results)) + "\n")


if __name__ == "__main__":
    main()
