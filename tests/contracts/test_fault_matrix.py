"""Every fault of the matrix has its tests, and docs/reliability.md says so truly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools"))

from fault_table import FAULTS, shown_by  # noqa: E402 -- the tool is no package


def test_every_fault_has_a_test_and_every_such_test_a_fault() -> None:
    numbers = {number for faults in FAULTS.values() for number in faults}
    assert numbers == set(range(1, 57))
    assert numbers == set(shown_by())


def test_the_document_holds_the_table_as_it_is() -> None:
    made = subprocess.run(
        [sys.executable, str(REPOSITORY / "tools" / "fault_table.py")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    text = (REPOSITORY / "docs" / "reliability.md").read_text("utf-8")
    held = text.split("<!-- faults: made by tools/fault_table.py -->\n")[1]
    assert held.split("<!-- end of faults -->")[0] == made, (
        "run: python tools/fault_table.py, and put its lines between the marks"
    )
