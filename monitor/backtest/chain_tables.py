"""Which Parquet files hold chains, of which underlying, and in which of three layouts.

A file belongs to an underlying by a word of its name (`NDX_0DTE_5m_2025-10.parquet`,
`cboe_SPX_chains.parquet`, `SPXW_0DTE_mids.parquet`) and is a table of chains by its columns.
"""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path

from monitor.domain.instruments import underlying
from monitor.errors import DataError

ENDING = ".parquet"


class TableKind(Enum):
    """What a file's rows are; the value is the columns that say so."""

    RECORDED = frozenset({"ts_utc", "occ", "right", "strike", "expiration", "bid", "ask"})
    SNAPSHOTS = frozenset(
        {"snapshot", "session", "root", "expiry", "strike", "right", "bid", "ask", "spot"}
    )
    MIDS = frozenset({"date", "time_et", "strike", "call_mid", "put_mid"})


def kind_of(path: Path) -> TableKind:
    """By the names of its columns, without reading a row.

    Raises:
        DataError: Not a Parquet file, or no table of chains.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = set(pq.read_schema(path).names)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: not readable as Parquet: {error}") from error
    for kind in TableKind:
        if kind.value <= names:
            return kind
    raise DataError(
        f"{path}: no table of chains: its columns are {', '.join(sorted(names))}",
        hint="; or ".join(", ".join(sorted(kind.value)) for kind in TableKind),
    )


def chain_tables(place: Path, ticker: str) -> tuple[Path, ...]:
    """Files of one underlying, by name; `place` is a folder or one such file."""
    files = [place] if place.is_file() else sorted(place.iterdir()) if place.is_dir() else []
    what = underlying(ticker)
    names = {what.symbol, what.pm_root, what.am_root} - {None}
    return tuple(
        path
        for path in files
        if path.suffix == ENDING and names & set(re.split(r"[^A-Z0-9]+", path.stem.upper()))
        if _is_chains(path)
    )


def _is_chains(path: Path) -> bool:
    try:
        kind_of(path)
    except DataError:
        return False
    return True
