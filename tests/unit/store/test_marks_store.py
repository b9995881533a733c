"""Marks and settlements in the database; the step from the first schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from fakes.positions_book import NOW, put_spread
from sqlalchemy import Engine, insert, text

from monitor.domain.exits import PriceReading
from monitor.domain.mark_memory import MarkMemory, MarkRow
from monitor.domain.position_changes import Closing, closed
from monitor.domain.positions import PnlMark
from monitor.domain.settlement import SettlementValue
from monitor.store import marks as mark_store
from monitor.store import upgrade
from monitor.store.backup import backups
from monitor.store.engine import database_url, open_engine, read, write
from monitor.store.migrate import ensure_schema, version_of
from monitor.store.position_events import ChangeKind
from monitor.store.positions import change_position, insert_positions
from monitor.store.schema import marks

MINUTE = timedelta(minutes=1)


@pytest.fixture
def engine(home: Path, store_url: str) -> Iterator[Engine]:
    made = open_engine(database_url(home, store_url))
    ensure_schema(made)
    yield made
    made.dispose()


def row(minute: int, pnl_usd: float, **changed: object) -> MarkRow:
    at = NOW + minute * MINUTE
    fields: dict[str, object] = {
        "position_id": "a3f8c2d1", "at": at, "asof": at, "pnl_usd": pnl_usd,
        "natural_usd": None, "low_usd": None, "high_usd": None, "source": "quotes",
        "provider": "cboe", "contracts": 2, "decides": True, "basis": f"quotes|{minute}",
    }  # fmt: skip
    return MarkRow(**{**fields, **changed})  # type: ignore[arg-type]


def stored(engine: Engine, *rows: MarkRow) -> dict[str, MarkMemory]:
    with write(engine) as connection:
        mark_store.save(connection, rows, (), at=NOW)
    with read(engine) as connection:
        return mark_store.load_memories(connection, ["a3f8c2d1", "ffffffff"])


def test_a_start_remembers_the_newest_reading_and_the_best_per_contract(engine: Engine) -> None:
    """$90 of three contracts is 30 each; $-40 of two is −20 each."""
    memory = stored(engine, row(0, 90.0, contracts=3), row(1, 40.0), row(2, -40.0))
    assert memory == {
        "a3f8c2d1": MarkMemory(
            readings=(
                PriceReading(
                    at=NOW + 2 * MINUTE, basis="quotes|2", pnl_usd=-20.0,
                    quotes=(NOW + 2 * MINUTE).isoformat(),
                ),
            ),
            best_usd=30.0,
            basis="quotes|2",
        )
    }  # fmt: skip


def test_a_mark_that_decides_nothing_is_history_but_no_reading(engine: Engine) -> None:
    memory = stored(engine, row(0, 40.0), row(1, 9_000.0, decides=False))["a3f8c2d1"]
    assert memory.readings[0].basis == "quotes|0"
    assert memory.best_usd == 20.0
    assert memory.basis == "quotes|1"
    only = stored(engine, row(2, 1.0, position_id="ffffffff", decides=False))["ffffffff"]
    assert only == MarkMemory(basis="quotes|2")


def test_the_history_is_in_order(engine: Engine) -> None:
    stored(engine, row(5, 5.0), row(1, 1.0))
    with read(engine) as connection:
        found = mark_store.history(connection, "a3f8c2d1")
    assert found == [(NOW + MINUTE, 1.0, None, None), (NOW + 5 * MINUTE, 5.0, None, None)]


def test_marks_go_some_time_after_their_position_was_closed(engine: Engine) -> None:
    end = partial(closed, closing=Closing(pnl_usd=9.0))
    with write(engine) as connection:
        two = [put_spread(), put_spread("b0000000")]
        insert_positions(connection, two, kind=ChangeKind.ADD, at=NOW)
        change_position(
            connection, "b0000000", partial(end, now=NOW), kind=ChangeKind.CLOSE, at=NOW
        )
        mark_store.save(connection, [row(0, 1.0), row(0, 1.0, position_id="b0000000")], (), at=NOW)
        before = mark_store.keep_from(NOW + timedelta(days=90), 90)
        assert mark_store.prune(connection, before=before) == 0
        assert mark_store.prune(connection, before=before + MINUTE) == 1
        assert len(mark_store.history(connection, "a3f8c2d1")) == 1


SETTLED = SettlementValue(
    position_id="a3f8c2d1", value=19_750.0, source="the last price", pnl_usd=-14_850.0,
    contracts=3, final=False,
)  # fmt: skip


def test_a_settlement_is_kept_in_its_newest_version(engine: Engine) -> None:
    official = replace(SETTLED, value=19_751.0, source="the close", final=True)
    for one in (SETTLED, SETTLED, official):
        with write(engine) as connection:
            mark_store.save(connection, (), (one,), at=NOW)
    with read(engine) as connection:
        assert mark_store.settlement_of(connection, "a3f8c2d1") == official
        assert mark_store.settlement_of(connection, "ffffffff") is None


def first_schema(engine: Engine) -> None:
    """A database as the first version left it, with a logged mark in it."""
    config = upgrade._alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO marks (position_id, at, pnl_usd, source) "
                "VALUES ('a3f8c2d1', :at, 57.0, 'you')"
            ),
            {"at": "2026-11-18 15:00:00+00:00"},
        )


def test_the_first_schema_is_upgraded_and_keeps_its_marks(home: Path, store_url: str) -> None:
    path = home / "data" / "monitor.db"
    path.parent.mkdir()
    engine = open_engine(database_url(home, store_url))
    first_schema(engine)
    ensure_schema(engine)
    assert version_of(engine) == "0002"
    with read(engine) as connection:
        assert mark_store.history(connection, "a3f8c2d1") == [
            (datetime(2026, 11, 18, 15, tzinfo=UTC), 57.0, None, None)
        ]
        # for how many contracts it was nobody noted: it confirms nothing and is no best
        assert mark_store.load_memories(connection, ["a3f8c2d1"])["a3f8c2d1"] == MarkMemory()
    engine.dispose()
    if store_url:
        return  # the copy of a server's database is its owner's
    (copy,) = backups(path)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)


def test_a_logged_mark_survives_beside_new_ones(engine: Engine) -> None:
    value = PnlMark(pnl_usd=57.0, asof=NOW, source="you")
    with write(engine) as connection:
        connection.execute(
            insert(marks).values(position_id="a3f8c2d1", at=NOW, pnl_usd=57.0, source=value.source)
        )
    memory = stored(engine, row(1, 40.0))["a3f8c2d1"]
    assert (memory.best_usd, memory.basis) == (20.0, "quotes|1")
