"""Chains on disk: what is kept, under which name, and that it comes back the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.chains import chain, side
from fakes.spine import NOW

from monitor.domain.option_chain import OptionChain
from monitor.domain.vocabulary import Settlement
from monitor.errors import DataError
from monitor.providers.chain_history import ChainHistory, chain_file, heard_at, read_chains

MINUTE = timedelta(minutes=1)


def one(asof: datetime = NOW, **more: object) -> OptionChain:
    return chain(
        puts={19_400: (3.0, 3.6), 19_500: (4.2, 4.8), 19_300: (float("nan"),) * 2},
        calls={19_500: (0.0, 0.05)},
        asof=asof, spot=19_512.25, delay=15 * MINUTE, **more,
    )  # fmt: skip


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


def test_what_was_fetched_comes_back_the_same(tmp_path: Path) -> None:
    known = {"implied_vol": np.array([0.2, 0.19, 0.18]), "open_interest": np.array([np.nan, 7, 0])}
    given = one()
    put = side({19_300: (1.0, 1.2), 19_400: (3.0, 3.6), 19_500: (4.2, 4.8)},
               given.strikes.tolist(), **known)  # fmt: skip
    given = replace(given, put=put, fetched_at=NOW + 3 * MINUTE)
    am = replace(given, root="NDX", settlement=Settlement.AM, spot=None)
    ChainHistory(tmp_path).record([given, am])
    (path,) = files(tmp_path)
    assert path == tmp_path / "chains" / "2026-11-18" / "NDX_153500.parquet"
    back = {c.root: c for c in read_chains(path, ticker="NDX")}
    assert (back["NDX"].spot, back["NDX"].settlement) == (None, Settlement.AM)
    read = back["NDXP"]
    assert read.strikes.tolist() == [19_300, 19_400, 19_500]
    for name in ("bid", "ask", "implied_vol", "open_interest", "delta"):
        assert np.array_equal(getattr(read.put, name), getattr(put, name), equal_nan=True)
    assert (read.call.bid[2], read.call.ask[2]) == (0.0, 0.05)
    for name in ("underlying", "expiration", "settlement", "spot", "asof", "fetched_at", "source",
                 "delay", "simulated"):  # fmt: skip
        assert getattr(read, name) == getattr(given, name)


def test_strikes_that_nobody_quotes_are_not_kept(tmp_path: Path) -> None:
    ChainHistory(tmp_path).record([one()])
    (read,) = read_chains(files(tmp_path)[0], ticker="NDX")
    assert read.strikes.tolist() == [19_400, 19_500]


def test_a_chain_with_the_same_stamp_is_kept_once(tmp_path: Path) -> None:
    history = ChainHistory(tmp_path)
    for n in range(3):
        history.record([replace(one(), fetched_at=NOW + n * 5 * MINUTE)])
    assert len(files(tmp_path)) == 1
    history.record([replace(one(NOW + 5 * MINUTE), fetched_at=NOW + 20 * MINUTE)])
    assert len(files(tmp_path)) == 2


def test_simulated_chains_are_never_kept(tmp_path: Path) -> None:
    ChainHistory(tmp_path).record([one(simulated=True)])
    assert files(tmp_path) == []


def test_sources_and_stamps_stay_with_their_expirations(tmp_path: Path) -> None:
    other = replace(
        one(NOW - MINUTE), expiration=date(2026, 11, 23), source="yahoo", fetched_at=NOW
    )
    ChainHistory(tmp_path).record([one(), other])
    read = {c.expiration: c for c in read_chains(files(tmp_path)[0], ticker="NDX")}
    assert (read[date(2026, 11, 23)].source, read[date(2026, 11, 23)].asof) == (
        "yahoo", NOW - MINUTE,
    )  # fmt: skip
    assert read[date(2026, 11, 20)].source == "test"


@pytest.mark.parametrize(
    "heard",
    [
        NOW,
        datetime(2026, 11, 18, 23, 30, tzinfo=UTC),  # 18:30 in New York
        datetime(2026, 11, 19, 1, 15, 7, tzinfo=UTC),  # still the 18th in New York
        datetime(2026, 7, 2, 3, 59, 59, tzinfo=UTC),
    ],
)
def test_a_files_name_tells_when_it_was_heard(tmp_path: Path, heard: datetime) -> None:
    assert heard_at(chain_file(tmp_path, "NDX", heard)) == ("NDX", heard)


@pytest.mark.parametrize("name", ["x/NDX_120000.parquet", "2026-11-18/NDX.parquet", "a.parquet"])
def test_other_files_are_left_alone(name: str) -> None:
    assert heard_at(Path(name)) is None


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "2026-11-18" / "NDX_120000.parquet"
    path.parent.mkdir()
    path.write_bytes(b"PAR1 garbage")
    with pytest.raises(DataError, match="not a file of kept chains"):
        read_chains(path, ticker="NDX")
    ChainHistory(tmp_path).record([replace(one(), fetched_at=NOW)])
    bars = files(tmp_path / "chains")[0]
    bars.write_bytes(bars.read_bytes()[:-40])
    with pytest.raises(DataError):
        read_chains(bars, ticker="NDX")
