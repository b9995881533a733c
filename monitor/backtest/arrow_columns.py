"""numpy columns as pyarrow arrays, from their very memory.

`pyarrow.array` would do, but it imports pandas to ask whether what it was given comes from there:
a fifth of a second, which a whole backtest from its cache has not got to spare.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

EPOCH = 719_163  # date(1970, 1, 1).toordinal()


def numbers(values: NDArray[np.number], *, unknown: NDArray[np.bool_] | None = None) -> pa.Array:
    """A column of numbers, null where `unknown`. Shape of both: (n_rows,).

    Truth values are bits to pyarrow: give them as int8.
    """
    return _array(pa.from_numpy_dtype(values.dtype), values, unknown)


def dates(ordinals: NDArray[np.integer]) -> pa.Array:
    """Days counted as `date.toordinal()` as dates."""
    return _array(pa.date32(), (ordinals - EPOCH).astype(np.int32), None)


def words(
    codes: NDArray[np.integer], values: Sequence[str], *, unknown: NDArray[np.bool_] | None = None
) -> pa.DictionaryArray:
    """Row i is `values[codes[i]]`, null where `unknown`."""
    texts = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    buffers = pa.py_buffer(ends), pa.py_buffer(b"".join(texts))
    dictionary = pa.StringArray.from_buffers(len(texts), *buffers)
    return pa.DictionaryArray.from_arrays(numbers(codes, unknown=unknown), dictionary)


def write_table(table: pa.Table, path: Path) -> None:
    """Write Parquet: words as a dictionary, numbers as they are, which seldom repeat."""
    coded = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    pq.write_table(
        table, path, compression="zstd", use_dictionary=coded, write_statistics=False
    )  # fmt: skip


def _array(
    kind: pa.DataType, values: NDArray[np.number], unknown: NDArray[np.bool_] | None
) -> pa.Array:
    known = None
    if unknown is not None and unknown.any():
        known = pa.py_buffer(np.packbits(~unknown, bitorder="little"))
    buffers = [known, pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(kind, len(values), buffers)
