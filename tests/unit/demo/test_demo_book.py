"""The script played into a real store, and the fence around the demo's home."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.positions_book import put_spread

from monitor.config import Settings
from monitor.demo.book import DemoBook, apply_due
from monitor.demo.home import MARKER, demo_home, prepare_demo_home
from monitor.demo.market import DemoMarket
from monitor.demo.script import demo_script
from monitor.demo.settings import demo_settings
from monitor.domain.vocabulary import PositionStatus
from monitor.errors import ConfigError
from monitor.home import Home
from monitor.store.store import Store, open_store

OPEN = datetime(2026, 11, 17, 14, 30, tzinfo=UTC)


@pytest.fixture
def demo(home: Path) -> Home:
    found = demo_home(Home(home))
    prepare_demo_home(found)
    return found


@pytest.fixture
def store(demo: Home) -> Iterator[Store]:
    opened = open_store(demo.root, demo_settings(Settings()))
    yield opened
    opened.close()


def test_a_session_leaves_closed_and_open_positions_all_simulated(
    store: Store, market: DemoMarket
) -> None:
    book = DemoBook(market, "NDX")
    for minute in range(-5, 391, 35):
        book.step(store, OPEN + timedelta(minutes=minute))
    book.step(store, OPEN + timedelta(minutes=391))
    positions = store.list_positions(include_closed=True)
    assert len(positions) == 6
    assert all(p.simulated for p in positions)
    assert {p.mark.source for p in positions if p.mark} == {"simulated"}
    closed = [p for p in positions if p.status is PositionStatus.CLOSED]
    assert len(closed) == 3
    assert all("SIMULATED" in p.notes[-1] for p in closed)


def test_late_steps_end_in_the_same_book_as_timely_ones(home: Path, market: DemoMarket) -> None:
    """A slow machine skips marks; it never skips a position or its close."""
    books = []
    for name, step in (("a", 5), ("b", 130)):
        demo = demo_home(Home(home / name))
        prepare_demo_home(demo)
        store = open_store(demo.root, demo_settings(Settings()))
        book = DemoBook(market, "NDX")
        for minute in (*range(-5, 385, step), 385):
            book.step(store, OPEN + timedelta(minutes=minute))
        books.append([(p.id, p.status, p.mark) for p in store.list_positions(include_closed=True)])
        store.close()
    assert sorted(books[0], key=str) == sorted(books[1], key=str)


def test_the_next_session_settles_what_is_left_and_starts_anew(
    store: Store, market: DemoMarket
) -> None:
    book = DemoBook(market, "NDX")
    book.step(store, OPEN + timedelta(minutes=385))
    left = {p.id for p in store.list_positions()}
    book.step(store, OPEN + timedelta(days=1, minutes=-5))
    now_open = {p.id for p in store.list_positions()}
    assert left
    assert not left & now_open
    assert len(now_open) == 1  # the condor of four sessions ago


def test_what_the_person_logged_in_the_demo_stays_theirs(store: Store, market: DemoMarket) -> None:
    book = DemoBook(market, "NDX")
    book.step(store, OPEN)
    store.add(lambda new: put_spread(new, simulated=True), at=OPEN)
    book.step(store, OPEN + timedelta(days=1))
    own = [p for p in store.list_positions(include_closed=True) if p.notes == ("first",)]
    assert [p.status for p in own] == [PositionStatus.OPEN]


def test_trap_34_the_demo_never_writes_beside_live_positions(
    home: Path, market: DemoMarket
) -> None:
    live = open_store(home, Settings())
    actions = demo_script(market, ticker="NDX", index=market.index(OPEN.date()))
    with pytest.raises(ConfigError, match="never written beside real ones"):
        apply_due(actions, live, OPEN)
    with pytest.raises(ConfigError):
        DemoBook(market, "NDX").step(live, OPEN)
    assert live.list_positions(include_closed=True) == ()
    live.close()


def test_trap_34_a_folder_that_no_demo_made_is_refused_and_kept(home: Path) -> None:
    demo = demo_home(Home(home))
    demo.data.mkdir(parents=True)
    (demo.data / "monitor.db").write_bytes(b"somebody's own")
    with pytest.raises(ConfigError, match=MARKER):
        prepare_demo_home(demo)
    assert (demo.data / "monitor.db").read_bytes() == b"somebody's own"


def test_trap_34_the_live_home_itself_is_never_prepared(home: Path) -> None:
    with pytest.raises(ConfigError):
        prepare_demo_home(Home(home))
    assert list(home.iterdir()) == []


def test_trap_34_the_live_database_url_is_not_used(home: Path) -> None:
    live = Settings(store=type(Settings().store)(url=f"sqlite:///{home / 'live.db'}"))
    assert demo_settings(live).store.url == ""


def test_each_start_begins_with_an_empty_folder(demo: Home) -> None:
    (demo.data / "monitor.db").write_bytes(b"of the last demo")
    (demo.logs / "alerts.log").write_text("old")
    prepare_demo_home(demo)
    assert list(demo.data.iterdir()) == []
    assert list(demo.logs.iterdir()) == []
    assert "SIMULATED" in (demo.root / MARKER).read_text()


def test_the_live_home_is_left_alone_by_preparing_the_demo(home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "monitor.db").write_bytes(b"live")
    prepare_demo_home(demo_home(Home(home)))
    assert (home / "data" / "monitor.db").read_bytes() == b"live"
    assert sorted(p.name for p in home.iterdir()) == ["data", "demo"]


def test_settings_that_decide_alerts_are_the_defaults() -> None:
    given = Settings(
        tickers=("SPX",),
        limits=type(Settings().limits)(max_positions=1),
        dashboard=type(Settings().dashboard)(port=8123),
    )
    made = demo_settings(given)
    assert made.tickers == ("SPX",)
    assert made.dashboard.port == 8123
    assert made.limits == Settings().limits
    assert made.data.source == "demo"


def test_a_ticker_that_is_not_simulated_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="AAPL"):
        demo_settings(Settings(tickers=("NDX", "AAPL")))
