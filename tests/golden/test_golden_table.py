"""Every row of the golden table, by whoever claims it, and no row without a claim."""

from __future__ import annotations

import golden_pricing
import golden_statistics
import pytest
from golden_table import Claim, Row, rows

CLAIMS: tuple[Claim, ...] = golden_pricing.CLAIMS + golden_statistics.CLAIMS


def claim_of(row: Row) -> Claim | None:
    return next((claim for claim in CLAIMS if claim.matches(row)), None)


@pytest.mark.parametrize(
    "row", [row for row in rows() if claim_of(row)], ids=lambda row: f"{row.context}: {row.case}"
)
def test_golden_row(row: Row) -> None:
    claim = claim_of(row)
    assert claim is not None
    answer = claim.answer(row)
    assert answer == pytest.approx(row.value, rel=1e-10, abs=1e-12), row.source
    assert answer == pytest.approx(row.independent, rel=3e-6, abs=1e-12), row.source


def test_every_golden_row_is_claimed() -> None:
    assert [row.case for row in rows() if not claim_of(row)] == []


def test_the_table_is_whole() -> None:
    assert len(rows()) == 62
