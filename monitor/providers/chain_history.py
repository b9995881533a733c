"""Fetched chains are kept, small, so that a watched day can be replayed with its chains.

`chains/2026-11-25/NDX_143005.parquet` under `data/history` holds what one fetch brought of one
underlying: the kept strikes only. The name says when it was heard (New York day, UTC time), so
that a replay finds what was known without opening a file. Files are written once, never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from monitor.clock import NEW_YORK
from monitor.domain.option_chain import OptionChain, Right
from monitor.errors import DataError
from monitor.providers.history_files import replace_file
from monitor.providers.option_rows import VALUES, Said, Symbols, chains_of

FOLDER = "chains"
EPOCH = date(1970, 1, 1).toordinal()
COLUMNS = (
    "root", "expiration", "call", "strike", *VALUES, "spot", "asof", "fetched_at", "delay_s",
    "source",
)  # fmt: skip


@dataclass(slots=True)
class ChainHistory:
    """Writes chains below `folder`; a chain whose stamp was kept already is not kept twice."""

    folder: Path
    _kept: dict[tuple[str, date], datetime] = field(default_factory=dict)

    def record(self, chains: Sequence[OptionChain]) -> None:
        """Keep the new ones.

        Raises:
            OSError: A file could not be written; its chains are tried again with the next ones.
        """
        new = [c for c in chains if not c.simulated and self._is_new(c)]
        for ticker in dict.fromkeys(chain.underlying for chain in new):
            own = [chain for chain in new if chain.underlying == ticker]
            replace_file(chain_file(self.folder, ticker, own[0].fetched_at), _table(own))
            self._kept |= {(c.root, c.expiration): c.asof for c in own}

    def _is_new(self, chain: OptionChain) -> bool:
        known = self._kept.get((chain.root, chain.expiration))
        return known is None or chain.asof > known


def chain_file(folder: Path, ticker: str, heard: datetime) -> Path:
    day = heard.astimezone(NEW_YORK).date()
    return folder / FOLDER / f"{day}" / f"{ticker}_{heard.astimezone(UTC):%H%M%S}.parquet"


def heard_at(path: Path) -> tuple[str, datetime] | None:
    """Underlying and instant that a file's name tells; None when it is not one of ours.

    The day is New York's, the time UTC: one of two instants, and New York's day decides.
    """
    ticker, _, clock = path.stem.rpartition("_")
    try:
        day = date.fromisoformat(path.parent.name)
        time = datetime.strptime(clock, "%H%M%S").time()  # noqa: DTZ007 - a time of day
    except ValueError:
        return None
    for shift in (0, 1):
        at = datetime.combine(day + timedelta(days=shift), time, UTC)
        if at.astimezone(NEW_YORK).date() == day:
            return ticker, at
    return None


def read_chains(path: Path, *, ticker: str) -> tuple[OptionChain, ...]:
    """The chains of one file.

    Raises:
        DataError: It is not one of ours, or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=list(COLUMNS), partitioning=None)
        columns = {n: table[n].to_numpy(zero_copy_only=False) for n in ("call", "strike", *VALUES)}
        groups = table.select(["spot", "asof", "fetched_at", "delay_s", "source"]).to_pylist()
        roots = table["root"].to_pylist()
        days = table["expiration"].cast(pa.int32()).to_numpy() + EPOCH
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise DataError(f"{path}: not a file of kept chains: {error}") from error
    codes = {root: i for i, root in enumerate(dict.fromkeys(roots))}
    symbols = Symbols(
        roots=tuple(codes),
        root=np.array([codes[root] for root in roots], np.int64),
        expiration=days.astype(np.int64),
        call=columns["call"].astype(np.bool_),
        strike=columns["strike"],
    )
    return tuple(_grouped(symbols, {name: columns[name] for name in VALUES}, groups, ticker))


def _grouped(
    symbols: Symbols, values: dict[str, Any], said: list[dict[str, Any]], ticker: str
) -> Iterator[OptionChain]:
    """Rows of one telling together: sources and stamps can differ between expirations."""
    tellings = [tuple(row.values()) for row in said]
    for telling in dict.fromkeys(tellings):
        rows = np.array([i for i, other in enumerate(tellings) if other == telling])
        spot, asof, fetched_at, delay_s, source = telling
        yield from chains_of(
            symbols.take(rows),
            {name: column[rows] for name, column in values.items()},
            ticker=ticker,
            said=Said(
                source=source,
                spot=spot,
                asof=asof.astimezone(UTC),
                fetched_at=fetched_at.astimezone(UTC),
                delay=timedelta(seconds=delay_s),
            ),
        )


def _table(chains: Sequence[OptionChain]) -> Any:
    import pyarrow as pa

    rows = [_rows(chain, right) for chain in chains for right in Right]
    joined = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    stamps = pa.timestamp("us", "UTC")
    types = {"root": pa.string(), "source": pa.string(), "asof": stamps, "fetched_at": stamps}
    days = pa.array(joined.pop("expiration").astype(np.int32)).cast(pa.date32())
    columns = {name: pa.array(c, types.get(name)) for name, c in joined.items()}
    # An unknown price is no price: null, not NaN.
    columns["spot"] = pa.array(joined["spot"], pa.float64(), from_pandas=True)
    return pa.table({**columns, "expiration": days}).select(list(COLUMNS))


def _rows(chain: OptionChain, right: Right) -> dict[str, Any]:
    """Columns of one side; strikes without bid and ask are not kept."""
    side = chain.side(right)
    quoted = np.isfinite(side.bid) | np.isfinite(side.ask)
    n = int(quoted.sum())
    fixed = {
        "root": chain.root,
        "expiration": chain.expiration.toordinal() - EPOCH,
        "call": right is Right.CALL,
        "spot": np.nan if chain.spot is None else chain.spot,
        "delay_s": chain.delay.total_seconds(),
        "source": chain.source,
    }
    times = {"asof": chain.asof, "fetched_at": chain.fetched_at}
    return {
        **{name: np.full(n, value) for name, value in fixed.items()},
        **{name: np.array([at] * n, dtype=object) for name, at in times.items()},
        "strike": chain.strikes[quoted],
        **{name: getattr(side, name)[quoted] for name in VALUES},
    }
