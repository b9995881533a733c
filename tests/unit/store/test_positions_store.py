"""Positions in the database: events, projection, undo, ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fakes.positions_book import NOW, put_spread
from sqlalchemy import select, update

from monitor.config import Settings
from monitor.config import Store as StoreSettings
from monitor.domain.position_changes import Closing, closed, marked, noted
from monitor.domain.position_record import from_record, to_record
from monitor.domain.positions import PnlMark
from monitor.domain.vocabulary import PositionStatus
from monitor.errors import PositionNotFoundError, StoreCorruptError, StoreError
from monitor.store.backup import backups, daily_backup
from monitor.store.engine import read, write
from monitor.store.position_events import ChangeKind, history, replay
from monitor.store.position_tables import positions as table
from monitor.store.positions import rebuild
from monitor.store.store import Store, open_existing, open_store


@pytest.fixture
def store(home: Path, store_url: str) -> Iterator[Store]:
    ids = iter(["a3f8c2d1", "a3f9aaaa", "b0000001", "b0000002"])
    settings = Settings(store=StoreSettings(url=store_url))
    opened = open_store(home, settings, new_id=lambda: next(ids))
    yield opened
    opened.close()


def add(store: Store) -> str:
    return store.add(put_spread, at=NOW).id


def rows(store: Store) -> list[tuple[object, ...]]:
    with read(store.engine) as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(table.c.id))]


def test_fault_33_what_is_stored_comes_back_equal(store: Store) -> None:
    odd = put_spread(
        "b0",
        credit_usd=0.1 + 0.2,
        opened_at=datetime(2026, 3, 8, 9, 59, 59, 123456, tzinfo=UTC),
        mark=PnlMark(pnl_usd=-1 / 3, asof=NOW, source="you"),
        notes=("=1", "日本 \U0001f600"),
        strikes=None,
        risk_usd=7.0,
        max_loss_usd=7.0,
        band=None,
    )
    store.import_all([odd], at=NOW)
    assert store.list_positions() == (odd,)
    assert from_record(to_record(odd)) == odd


def test_open_positions_come_first_by_expiration_closed_only_when_asked(store: Store) -> None:
    far = put_spread("c1", expiration=date(2026, 12, 2))
    near = put_spread("c2", expiration=date(2026, 11, 20))
    done = put_spread("c3", status=PositionStatus.CLOSED, closed_at=NOW)
    store.import_all([far, done, near], at=NOW)
    assert [p.id for p in store.list_positions()] == ["c2", "c1"]
    assert [p.id for p in store.list_positions(include_closed=True)] == ["c2", "c1", "c3"]


def test_fault_33_replaying_the_log_rebuilds_the_table(store: Store) -> None:
    first, second = add(store), add(store)
    store.change(first, lambda p: marked(p, pnl_usd=10, now=NOW), kind=ChangeKind.UPDATE, at=NOW)
    store.change(
        second,
        lambda p: closed(p, Closing(pnl_usd=5, contracts=1, note="one"), now=NOW),
        kind=ChangeKind.CLOSE,
        at=NOW,
    )
    store.undo(first, at=NOW)
    add(store)
    store.undo(at=NOW)
    before = rows(store)
    with read(store.engine) as connection:
        records = replay(history(connection))
    assert records == {p.id: to_record(p) for p in store.list_positions(include_closed=True)}
    with write(store.engine) as connection:
        connection.execute(update(table).values(credit_usd=0.0))
        assert rebuild(connection) == 2
    assert rows(store) == before


def test_fault_33_undo_restores_each_earlier_state_exactly(store: Store) -> None:
    one = add(store)
    states = [store.get(one)]
    for note in ("x", "y", "z"):
        store.change(one, lambda p, n=note: noted(p, n), kind=ChangeKind.UPDATE, at=NOW)
        states.append(store.get(one))
    for expected in reversed(states[:-1]):
        store.undo(one, at=NOW + timedelta(hours=1))
        assert to_record(store.get(one)) == to_record(expected)
    store.undo(at=NOW)
    assert store.list_positions(include_closed=True) == ()
    with pytest.raises(StoreError, match="nothing to undo"):
        store.undo(at=NOW)


def test_undo_after_new_changes_skips_what_was_undone(store: Store) -> None:
    one = add(store)
    for note in ("a", "b"):
        store.change(one, lambda p, n=note: noted(p, n), kind=ChangeKind.UPDATE, at=NOW)
    store.undo(at=NOW)  # takes b
    store.change(one, lambda p: noted(p, "c"), kind=ChangeKind.UPDATE, at=NOW)
    assert store.get(one).notes == ("first", "a", "c")
    store.undo(at=NOW)  # takes c
    store.undo(at=NOW)  # takes a, not b again
    assert store.get(one).notes == ("first",)


def test_undo_refuses_when_table_and_log_disagree(store: Store) -> None:
    add(store)
    with write(store.engine) as connection:
        connection.execute(update(table).values(credit_usd=1.0))
    with pytest.raises(StoreCorruptError):
        store.undo(at=NOW)


def test_an_event_is_never_removed(store: Store) -> None:
    one = add(store)
    store.undo(at=NOW)
    with read(store.engine) as connection:
        kinds = [(e.kind, e.position_id, e.undoes) for e in history(connection)]
    assert kinds == [(ChangeKind.ADD, one, None), (ChangeKind.UNDO, one, 1)]


def test_a_change_that_changes_nothing_leaves_no_event(store: Store) -> None:
    one = add(store)
    store.change(one, replace, kind=ChangeKind.EDIT, at=NOW)
    assert [e.kind for e in store.history(one)] == [ChangeKind.ADD]


def test_a_refused_change_leaves_no_trace(store: Store) -> None:
    one = add(store)
    before = rows(store)

    def refuse(_: object) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.change(one, refuse, kind=ChangeKind.EDIT, at=NOW)  # type: ignore[arg-type]
    assert rows(store) == before
    assert len(store.history(one)) == 1


def test_ids_are_found_by_unique_prefix_in_either_case(store: Store) -> None:
    add(store)
    add(store)
    assert store.get("A3F8").id == "a3f8c2d1"
    with pytest.raises(PositionNotFoundError, match=r"a3f8c2d1.*a3f9aaaa"):
        store.get("a3f")
    for wrong in ("", "%", "_", "a3f8c2d1 ' OR 1", "zz"):
        with pytest.raises(PositionNotFoundError):
            store.get(wrong)


def test_a_whole_id_wins_over_longer_ones_that_begin_with_it(store: Store) -> None:
    store.import_all([put_spread("abcd"), put_spread("abcdef")], at=NOW)
    assert store.get("abcd").id == "abcd"


def test_an_id_is_never_given_twice_even_after_undo(home: Path) -> None:
    ids = iter(["aaaa0000", "aaaa0000", "aaaa0000", "bbbb0000"])
    store = open_store(home, Settings(), new_id=lambda: next(ids))
    first = add(store)
    store.undo(at=NOW)
    assert add(store) == "bbbb0000" != first
    store.close()


def test_an_import_with_a_taken_id_changes_nothing(store: Store) -> None:
    one = add(store)
    with pytest.raises(StoreError, match=one):
        store.import_all([put_spread("c1"), put_spread(one)], at=NOW)
    assert [p.id for p in store.list_positions()] == [one]


def test_a_reader_makes_no_database(home: Path) -> None:
    assert open_existing(home, Settings()) is None
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_daily_backup_is_whole_and_made_once(store: Store, home: Path) -> None:
    one = add(store)
    database = home / "data" / "monitor.db"
    copy = daily_backup(database, now=NOW)
    assert copy is not None
    assert daily_backup(database, now=NOW + timedelta(hours=3)) is None
    for day in range(1, 20):
        daily_backup(database, now=NOW + timedelta(days=day))
    assert len(backups(database)) == 14
    other = home / "other" / "data"
    other.mkdir(parents=True)
    (other / "monitor.db").write_bytes(backups(database)[0].read_bytes())
    restored = open_store(home / "other", Settings())
    assert restored.get(one) == store.get(one)
    restored.close()
