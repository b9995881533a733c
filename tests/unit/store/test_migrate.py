"""The schema's versions: alembic's result is our metadata, and no database is ever lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fakes.book_writer import Writer, open_only
from sqlalchemy import Engine, inspect, text

from monitor.errors import StoreCorruptError, StoreError
from monitor.store import upgrade
from monitor.store.backup import backups
from monitor.store.engine import database_url, open_engine, read, write
from monitor.store.migrate import HEAD, check_integrity, ensure_schema, version_of
from monitor.store.schema import metadata


@pytest.fixture
def path(home: Path) -> Path:
    return home / "data" / "monitor.db"


def prepared(home: Path) -> Engine:
    engine = open_engine(database_url(home))
    ensure_schema(engine)
    return engine


def make_old(path: Path, version: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.commit()


def test_the_migrations_make_exactly_the_metadata(home: Path) -> None:
    engine = prepared(home)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_the_head_constant_is_alembics_head() -> None:
    config = Config()
    config.set_main_option("script_location", "monitor.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_current_database_is_left_alone(home: Path) -> None:
    engine = prepared(home)

    def never(_: Engine) -> None:
        raise AssertionError("it was migrated again")

    ensure_schema(engine, migrate=never)
    assert version_of(engine) == HEAD
    engine.dispose()


def test_sqlite_waits_in_wal_mode_with_full_sync_and_foreign_keys(home: Path) -> None:
    engine = prepared(home)
    with read(engine) as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]  # 2 is FULL
    check_integrity(engine)
    engine.dispose()


def test_eight_starters_at_once_make_one_database(home: Path, path: Path) -> None:
    starters = [Writer(open_only, home) for _ in range(8)]
    assert [one.rest() for one in starters] == [[("opened", "")]] * 8
    assert [one.process.exitcode for one in starters] == [0] * 8
    assert path.exists()
    assert list(path.parent.glob("*.new*")) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty (0 bytes)"),
        (b"not a database at all" * 50, "not a SQLite database"),
        (b"SQLite format 3\x00", "not a SQLite database"),
    ],
)
def test_fault_29_a_file_that_is_no_database_is_refused_and_kept(
    home: Path, path: Path, content: bytes, says: str
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreCorruptError, match="cannot be used") as caught:
        prepared(home)
    assert says in caught.value.message
    assert "move monitor.db away" in caught.value.hint
    assert path.read_bytes() == content


def test_fault_29_a_truncated_database_is_refused_and_kept(home: Path, path: Path) -> None:
    prepared(home).dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreCorruptError, match="cut off"):
        prepared(home)
    assert path.stat().st_size == len(whole) // 2


def test_fault_29_a_garbled_database_is_refused_and_kept(home: Path, path: Path) -> None:
    prepared(home).dispose()
    whole = bytearray(path.read_bytes())
    whole[100:] = b"\xa5" * (len(whole) - 100)
    path.write_bytes(whole)
    with pytest.raises(StoreCorruptError):
        prepared(home)
    assert path.read_bytes() == whole


def test_fault_29_a_newer_database_is_refused_and_kept(home: Path, path: Path) -> None:
    prepared(home).dispose()
    make_old(path, "9999")
    before = path.read_bytes()
    with pytest.raises(StoreCorruptError, match="newer version"):
        prepared(home)
    assert path.read_bytes() == before


def test_fault_29_another_programs_database_is_refused(home: Path, path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
        connection.commit()
    with pytest.raises(StoreCorruptError, match="another program"):
        prepared(home)


def test_fault_29_a_journal_without_its_database_is_refused(home: Path, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("monitor.db-wal").write_bytes(b"frames of a lost database")
    with pytest.raises(StoreCorruptError, match="it is gone"):
        prepared(home)
    assert not path.exists()


def test_fault_29_the_way_back_names_the_newest_backup_or_the_export(
    home: Path, path: Path
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"")
    (path.parent / "positions.json").write_text("{}")
    with pytest.raises(StoreCorruptError) as caught:
        prepared(home)
    assert f"positions import {path.parent / 'positions.json'}" in caught.value.hint
    copies = path.parent / "backups"
    copies.mkdir()
    for name in ("monitor-20260101T000000Z-daily.db", "monitor-20260201T000000Z-daily.db"):
        (copies / name).write_bytes(b"x")
    with pytest.raises(StoreCorruptError) as caught:
        prepared(home)
    assert "monitor-20260201T000000Z-daily.db" in caught.value.hint


def test_fault_31_an_upgrade_makes_a_backup_first(
    home: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(home).dispose()
    make_old(path, "0000")
    monkeypatch.setattr(upgrade, "known_versions", lambda: frozenset({"0000", HEAD}))
    engine = open_engine(database_url(home))

    def migrate(target: Engine) -> None:
        assert len(backups(path)) == 1
        with write(target) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": HEAD})

    ensure_schema(engine, migrate=migrate)
    assert version_of(engine) == HEAD
    engine.dispose()
    (copy,) = backups(path)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0000",)


def test_fault_31_a_killed_creation_leaves_nothing_that_blocks_the_next(
    home: Path, path: Path
) -> None:
    path.parent.mkdir()
    half = path.with_name(".monitor.db.4711.new")
    half.write_bytes(b"SQLite format 3\x00 half")

    def killed(_: Engine) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_schema(open_engine(database_url(home)), migrate=killed)
    assert not path.exists()
    prepared(home).dispose()
    assert path.exists()
    assert list(path.parent.glob(".monitor.db.*.new*")) == []


def test_a_lost_books_export_is_kept_before_a_new_book_writes_its_own(
    home: Path, path: Path
) -> None:
    path.parent.mkdir()
    (path.parent / "positions.json").write_text('{"positions": ["the old book"]}')
    prepared(home).dispose()
    (kept,) = path.parent.glob("positions-*.json")
    assert "the old book" in kept.read_text()


def test_a_folder_in_the_way_is_an_error_with_a_way_out(home: Path) -> None:
    (home / "data").write_text("a file where the folder should be")
    with pytest.raises(StoreError) as caught:
        prepared(home)
    assert caught.value.hint
