"""Where code and documents point to a document, there is one, and it has that heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("monitor", "dashboard", "positions_cli", "benchmarks", "tests", "tools")
POINTER = re.compile(r"docs/[\w/-]+\.md(?:#[\w-]+)?")
LINK = re.compile(r"\]\((?!https?:|#|\.\./img|img)([^)\s]+)\)")


def anchors(document: Path) -> set[str]:
    """The headings of a document as they are linked to: lower case, dashes for spaces."""
    found = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in found}


def leads_nowhere(target: Path, anchor: str) -> bool:
    return not target.exists() or bool(anchor and anchor not in anchors(target))


def pointers_of_code() -> Iterator[tuple[str, str]]:
    for top in CODE:
        for path in (ROOT / top).rglob("*.py"):
            for pointer in POINTER.findall(path.read_text("utf-8")):
                yield str(path.relative_to(ROOT)), pointer


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_pointer_in_the_code_leads_to_a_heading() -> None:
    found = list(pointers_of_code())
    assert any("sources.md#regimes" in pointer for _, pointer in found)
    broken = [
        (path, pointer)
        for path, pointer in found
        if leads_nowhere(ROOT / pointer.partition("#")[0], pointer.partition("#")[2])
    ]
    assert broken == []


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    targets = [link.partition("#") for link in LINK.findall(document.read_text("utf-8"))]
    broken = [name for name, _, anchor in targets if leads_nowhere(document.parent / name, anchor)]
    assert broken == []


def test_a_missing_heading_would_be_seen() -> None:
    assert leads_nowhere(ROOT / "docs" / "sources.md", "no-such-heading")
    assert leads_nowhere(ROOT / "docs" / "no-such-file.md", "")
    assert not leads_nowhere(ROOT / "docs" / "sources.md", "listed-expirations")
