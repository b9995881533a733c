"""`monitor backtest` with bars beside the chains: regimes, official closes, another market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_cli_backtest import SMALL, document, recording, run

from monitor.providers.sessions import load_calendar

HEADER = "date,open,high,low,close\n"


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recording(tmp_path_factory.mktemp("recording"))


def daily(folder: Path, symbol: str, close: float) -> None:
    from datetime import date

    calendar = load_calendar(None, today=date(2026, 2, 20))
    days = [s.date for s in calendar.between(date(2025, 11, 3), date(2026, 2, 13))]
    folder.mkdir(exist_ok=True)
    cells = f"{close},{close},{close},{close}"
    (folder / f"{symbol}_test.csv").write_text(HEADER + "".join(f"{d},{cells}\n" for d in days))


def facts_of(home: Path, *sources: Path) -> dict[str, Any]:
    named = [word for source in sources for word in ("--source", str(source))]
    facts: dict[str, Any] = document(run(home, *named, *SMALL, "--json", "--out", "x"))["runs"][0]
    return facts


def test_vix_beside_the_chains_gives_each_entry_its_regime(
    chains: Path, home: Path, tmp_path: Path
) -> None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    bars = tmp_path / "bars"
    daily(bars, "VIX", 17.5)  # between 16 and 20
    facts = facts_of(home, chains, bars)
    assert facts["regime_known"] is True
    trades = pq.read_table(home / "results" / "x" / "trades.parquet", columns=["regime"])
    assert pc.unique(trades["regime"].cast("string")).to_pylist() == ["medium"]
    assert facts["source"]["history_files"] == ["VIX_test.csv"]


def test_without_vix_the_regimes_are_unknown_and_said_to_be(chains: Path, home: Path) -> None:
    facts = facts_of(home, chains)
    assert facts["regime_known"] is False
    assert any("no VIX history" in note for note in facts["notes"])


def test_bars_of_another_market_are_named_and_not_used(
    chains: Path, home: Path, tmp_path: Path
) -> None:
    bars = tmp_path / "bars"
    daily(bars, "NDX", 20_000.0)  # the chains are at 24,000
    facts = facts_of(home, chains, bars)
    assert any("bars of NDX not used: their closes are 16." in p for p in facts["problems"])
    alone = facts_of(home, chains)
    assert facts["trades"] == alone["trades"] > 0
