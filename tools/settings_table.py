"""Print the settings as the table that README.md holds between its markers."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from monitor.config_docs import describe


def rows() -> Iterator[str]:
    yield "| key | default | unit | allowed | what |"
    yield "|---|---|---|---|---|"
    for doc in describe():
        cells = (f"`{doc.key}`", doc.default, doc.unit, doc.allowed, doc.help)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(rows()) + "\n")
