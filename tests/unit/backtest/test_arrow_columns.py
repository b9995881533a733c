"""Arrow columns made from numpy's memory equal those that pyarrow makes itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from monitor.backtest.arrow_columns import dates, numbers, words, write_table

UNKNOWN = np.array([False, True, False] * 5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.int16, np.uint8])
@pytest.mark.parametrize("unknown", [None, UNKNOWN, np.zeros(15, np.bool_), np.ones(15, np.bool_)])
def test_numbers_equal_pyarrows_own(dtype: type, unknown: NDArray[np.bool_] | None) -> None:
    values = np.arange(15).astype(dtype)
    found = numbers(values, unknown=unknown)
    found.validate(full=True)
    assert found.equals(pa.array(values, mask=unknown))


def test_a_field_of_a_structured_array_is_taken_apart() -> None:
    rows = np.array([(1, 2.5), (3, 4.5)], [("a", np.int16), ("b", np.float32)])
    assert numbers(rows["b"]).to_pylist() == [2.5, 4.5]


def test_nan_is_a_number_until_it_is_said_to_be_unknown() -> None:
    values = np.array([1.0, np.nan])
    assert numbers(values).null_count == 0
    assert numbers(values, unknown=np.isnan(values)).to_pylist() == [1.0, None]


def test_days_become_dates() -> None:
    days = [date(1969, 12, 31), date(1970, 1, 1), date(2026, 2, 28)]
    assert dates(np.array([day.toordinal() for day in days])).to_pylist() == days


def test_codes_become_words() -> None:
    codes = np.array([2, 0, -1, 1], np.int8)
    found = words(codes, ("", "two words", "düster"), unknown=codes < 0)
    found.validate(full=True)
    assert found.to_pylist() == ["düster", "", None, "two words"]
    assert words(np.zeros(0, np.int32), ()).to_pylist() == []


def test_a_table_on_disk_is_the_table(tmp_path: Path) -> None:
    codes = np.array([1, 0, 1, -1], np.int8)
    values = np.array([0.1, np.nan, 3e300, -0.0])
    table = pa.table(
        {"a": numbers(values, unknown=np.isnan(values)), "b": words(codes, "xy", unknown=codes < 0)}
    )
    write_table(table, tmp_path / "t.parquet")
    assert pq.read_table(tmp_path / "t.parquet").equals(table)
