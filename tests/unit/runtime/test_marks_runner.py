"""Marks through the real store and files: history, charts, restart, settlement, confirmation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.chains import EXPIRATION, chain
from fakes.positions_book import Book
from fakes.spine import MINUTE, NOW, FakeProvider, pacific, running, titles

from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.providers.base import ChainBatch, SourceHealth
from monitor.runtime.mark_charts import MarkCharts, thinned
from monitor.store.engine import read
from monitor.store.marks import history, settlement_of

ID = "00000001"
PUTS = {24_600.0: (5.0, 5.4), 24_500.0: (3.0, 3.4)}
STOPPED = {24_600.0: (14.9, 17.5), 24_500.0: (3.0, 3.4)}


@dataclass
class FakeChains:
    """Answers every request with `puts` as quoted now."""

    puts: dict[float, tuple[float, float]] = field(default_factory=lambda: dict(PUTS))
    name: str = "test"
    simulated: bool = False

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        made: Sequence[OptionChain] = [
            chain(puts=self.puts, asof=now, fetched_at=now, spot=25_000.0, source="test")
        ]
        return ChainBatch(chains=tuple(made), errors={})

    def health(self) -> tuple[SourceHealth, ...]:
        return (SourceHealth(name=self.name, state="ok"),)

    def close(self) -> None:
        pass


@pytest.fixture
def book(home: Path) -> Book:
    one = Book(home)
    one.ok(
        "add", "--expiration", EXPIRATION.isoformat(), "--spread", "put_spread", "--contracts",
        "1", "--credit", "400", "--short-put", "24600", "--long-put", "24500", "--ticker", "NDX",
        "--settlement", "pm",
    )  # fmt: skip
    return one


def stored(book: Book) -> list[float]:
    store = book.store()
    with read(store.engine) as connection:
        found = [round(pnl, 2) for _, pnl, _, _ in history(connection, ID)]
    store.close()
    return found


def page(book: Book) -> Any:
    return json.loads((book.home / "data" / "dashboard_data.json").read_bytes())["positions"]


def curve(book: Book) -> Any:
    return json.loads((book.home / "data" / "charts" / f"position-{ID}.json").read_bytes())


def test_marks_are_shown_stored_and_drawn(book: Book) -> None:
    with running(book.home, chains=FakeChains()) as runner:
        runner.cycle(NOW)
        runner.mark_charts.write(NOW)
        (shown,) = page(book)
        assert shown["pnl_usd"] == pytest.approx(200.0)  # 400 − 100 × (5.2 − 3.2)
        assert shown["pnl_source"] == "quotes"
        assert shown["mark"]["pnl_natural_usd"] == pytest.approx(160.0)
        assert shown["mark"]["price"]["source"] == "test"
        assert [leg["mid"] for leg in shown["mark"]["legs"]] == pytest.approx([5.2, 3.2])
        assert shown["ladder"]["put"]["distance"] == 400
        runner.cycle(NOW + 6 * MINUTE)
        runner.mark_charts.write(NOW)
    assert stored(book) == [200.0, 200.0]
    drawn = curve(book)
    assert drawn["pnl"] == [
        [int((NOW + n * MINUTE).timestamp()), *(pytest.approx(200.0),) * 3] for n in (0, 6)
    ]
    assert (drawn["target_usd"], drawn["stop_usd"]) == (200.0, -800.0)


def test_the_command_line_shows_the_newest_mark_with_its_source(book: Book) -> None:
    with running(book.home, chains=FakeChains()) as runner:
        runner.cycle(NOW)
    book.now = NOW + 2 * MINUTE
    assert "$200 (+50%), quotes, 2 min ago" in book.ok("list")
    assert book.json("summary")["unrealized_pnl_usd"] == pytest.approx(200.0)
    book.ok("update", ID, "--pnl", "33")
    assert "$33 (+8%), you, 0 s ago" in book.ok("list")
    shown = book.json("show", ID)["position"]
    assert (shown["pnl_usd"], shown["pnl_source"]) == (33.0, "you")


def test_a_new_process_confirms_what_the_old_one_saw_and_draws_it_all(book: Book) -> None:
    """As `monitor --once` from cron: each run knows only the store."""
    chains = FakeChains(puts=STOPPED)
    with running(book.home, chains=chains) as runner:
        assert titles(runner.cycle(NOW)) == []
    with running(book.home, chains=chains) as runner:
        assert "Stop loss hit" in titles(runner.cycle(NOW + 5 * MINUTE))[0]
        runner.mark_charts.write(NOW)
    assert stored(book) == [-900.0, -900.0]
    assert len(curve(book)["pnl"]) == 2


def test_a_closed_position_loses_its_curve(book: Book) -> None:
    with running(book.home, chains=FakeChains()) as runner:
        runner.cycle(NOW)
        runner.mark_charts.write(NOW)
        assert curve(book)
        book.ok("close", ID, "--pnl", "10")
        runner.cycle(NOW + MINUTE)
    assert not list((book.home / "data" / "charts").glob("position-*.json"))


def test_settle_confirms_what_the_monitor_stored(book: Book) -> None:
    after = pacific("13:10", EXPIRATION)
    provider = FakeProvider(prices={"NDX": 24_570.0, "VIX": 17.0})
    with running(book.home, provider=provider, chains=FakeChains()) as runner:
        runner.cycle(after)
        (shown,) = page(book)
    assert shown["settled"]["pnl_usd"] == -2_600.0
    assert shown["settled"]["text"].startswith("expired: settled at 24,570.00")
    store = book.store()
    with read(store.engine) as connection:
        found = settlement_of(connection, ID)
    store.close()
    assert found is not None
    assert (found.value, found.final) == (24_570.0, False)
    book.now = after + timedelta(minutes=5)
    said = book.ok("close", ID, "--settle")
    assert "closed 1 of 1 contracts, P&L −$2,600" in said
    done = book.json("show", ID)["position"]
    assert done["realized_pnl_usd"] == -2_600.0
    assert done["notes"][-1].startswith("settled on paper at 24,570.00, the last price of")
    book.ok("undo", ID)
    assert book.json("show", ID)["position"]["status"] == "open"


def test_settle_refuses_what_it_does_not_know(book: Book) -> None:
    early = book.run("close", ID, "--settle")
    assert early.exit_code == 1
    assert "has not expired" in early.stderr
    book.now = pacific("13:02", EXPIRATION)
    late = book.run("close", ID, "--settle")
    assert late.exit_code == 1
    assert "is not known" in late.stderr
    assert f"positions close {ID} --pnl DOLLARS" in late.stderr
    for more in (("--pnl", "5"), ("--contracts", "1")):
        assert book.run("close", ID, "--settle", *more).exit_code == 2
    assert book.run("close", ID).exit_code == 2
    assert book.json("show", ID)["position"]["status"] == "open"


def test_a_long_curve_is_thinned_and_keeps_its_newest_point() -> None:
    points = [(n, float(n), None, None) for n in range(1_000)]
    kept = thinned(points)
    assert len(kept) <= 400
    assert kept[-1] == points[-1]
    assert thinned(points[:3]) == points[:3]


def test_files_of_positions_long_gone_are_swept(tmp_path: Path) -> None:
    left = tmp_path / "position-deadbeef.json"
    left.write_text("{}")
    (tmp_path / "NDX.json").write_text("{}")
    MarkCharts(tmp_path, False, lambda _id: ()).update((), (), NOW)
    assert [p.name for p in tmp_path.iterdir()] == ["NDX.json"]
