"""What a starting monitor does with its database: refuse a broken one, copy a whole one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.config import Settings
from monitor.errors import StoreCorruptError
from monitor.store.store import open_store

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def prepared(home: Path) -> Path:
    (home / "data").mkdir()
    store = open_store(home, Settings())
    store.check(now=NOW)
    store.close()
    return home / "data" / "monitor.db"


def test_each_day_of_use_leaves_one_backup(home: Path) -> None:
    database = prepared(home)
    store = open_store(home, Settings())
    store.check(now=NOW)
    store.close()
    kept = list((database.parent / "backups").iterdir())
    assert [p.name for p in kept] == ["monitor-20261120T150000Z-daily.db"]


def test_fault_29_a_damaged_database_is_refused_and_kept(home: Path) -> None:
    database = prepared(home)
    content = bytearray(database.read_bytes())
    for offset in range(4096, len(content)):  # every page but the header's
        content[offset] ^= 0x5A
    database.write_bytes(content)
    with pytest.raises(StoreCorruptError) as caught:
        open_store(home, Settings()).check(now=NOW)
    assert "monitor-20261120T150000Z-daily.db" in caught.value.hint
    assert database.read_bytes() == content
