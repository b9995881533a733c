"""PostgreSQL goes away and comes back under a running store: a real server, really killed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from fakes.positions_book import NOW as BOOK_NOW
from fakes.positions_book import put_spread
from fakes.postgres import PostgresServer, postgres_server
from fakes.processes import monitor, offline, run
from fakes.spine import CALM, MINUTE, NOW, running
from sqlalchemy import func, select

from monitor.config import Settings
from monitor.config import Store as StoreSettings
from monitor.domain.position_changes import noted
from monitor.domain.positions import PnlMark
from monitor.errors import ConfigError, StoreBusyError, StoreUnavailableError
from monitor.store import schema
from monitor.store.engine import open_engine, read, write
from monitor.store.position_events import ChangeKind
from monitor.store.store import open_store


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of this test alone: it is killed."""
    with postgres_server() as own:
        yield own


def on(url: str) -> Settings:
    return msgspec.structs.replace(CALM, store=StoreSettings(url=url, busy_timeout_s=0.3))


def told(url: str) -> list[str]:
    engine = open_engine(url)
    with read(engine) as connection:
        titles = list(connection.execute(select(schema.notices.c.title)).scalars())
    engine.dispose()
    return titles


def test_fault_32_a_restart_between_two_cycles_is_not_noticed(
    home: Path, server: PostgresServer
) -> None:
    url = server.new_database()
    with running(home, settings=on(url)) as runner:
        runner.cycle(NOW)
        server.crash()
        server.start()
        runner.cycle(NOW + MINUTE)
        assert runner.iteration == 2


def test_fault_32_what_happens_while_it_is_away_is_told_once_when_it_is_back(
    home: Path, server: PostgresServer
) -> None:
    url = server.new_database()
    store = open_store(home, on(url))
    losing = put_spread(mark=PnlMark(pnl_usd=-300.0, asof=NOW, source="you"))
    with running(home, settings=on(url)) as runner:
        runner.cycle(NOW)
        store.import_all([losing], at=NOW)
        server.crash()
        for minutes in (1, 2):
            with pytest.raises(StoreUnavailableError, match="does not answer"):
                runner.cycle(NOW + minutes * MINUTE)
        server.start()
        runner.cycle(NOW + 3 * MINUTE)
        runner.cycle(NOW + 4 * MINUTE)
    store.close()
    assert len([title for title in told(url) if "Stop loss hit" in title]) == 1
    log = (home / "logs" / "alerts.log").read_text("utf-8")
    assert log.count("Stop loss hit") == 1


def test_fault_32_the_running_monitor_outlives_an_outage(
    home: Path, server: PostgresServer
) -> None:
    """More cycles fail than would end it for a defect of its own."""
    env = {**offline(), "CONDORWATCH_STORE__URL": server.new_database()}
    with monitor(home, "--no-dashboard", "--data-interval", "5", env=env) as alive:
        first = alive.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        server.crash()
        log = home / "logs" / "monitor.log"
        alive.until(lambda: log.read_text("utf-8").count("database away") >= 4)
        server.start()
        again = alive.wait_for(
            lambda page: page["monitor"]["iteration"] > first["monitor"]["iteration"]
        )
        assert again["monitor"]["pid"] == first["monitor"]["pid"]


def test_fault_27_writers_of_several_processes_lose_nothing(
    home: Path, postgres: PostgresServer
) -> None:
    url = postgres.new_database()
    store = open_store(home, msgspec.structs.replace(CALM, store=StoreSettings(url=url)))
    position = store.add(put_spread, at=BOOK_NOW)

    def add_notes(name: str) -> None:
        own = open_store(home, msgspec.structs.replace(CALM, store=StoreSettings(url=url)))
        for i in range(20):
            own.change(
                position.id,
                lambda p, i=i: noted(p, f"{name}{i}"),  # type: ignore[misc]
                kind=ChangeKind.EDIT,
                at=BOOK_NOW + timedelta(seconds=i),
            )
        own.close()

    threads = [threading.Thread(target=add_notes, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.get(position.id).notes) == len(position.notes) + 60
    store.close()


def test_fault_28_a_held_write_lock_is_said(home: Path, postgres: PostgresServer) -> None:
    url = postgres.new_database()
    store = open_store(home, on(url))
    holder = open_engine(url)
    with write(holder), pytest.raises(StoreBusyError, match="nothing was changed"):
        store.add(put_spread, at=BOOK_NOW)
    holder.dispose()
    store.close()


def test_the_commands_work_on_it_and_never_show_the_password(
    home: Path, postgres: PostgresServer
) -> None:
    url = postgres.new_database().replace("postgres@", "postgres:hush-hush@")
    env = {**offline(), "CONDORWATCH_STORE__URL": url}
    added = run(
        "positions", "add", "--dte", "5", "--band", "P97", "--spread", "put_spread", "--contracts",
        "3", "--credit", "150.00", "--short-put", "19800", "--long-put", "19700",
        home=home, env=env,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    listed = json.loads(run("positions", "list", "--json", home=home, env=env).stdout)
    assert len(listed["positions"]) == 1
    gone = {**env, "CONDORWATCH_STORE__URL": url.replace("127.0.0.1:", "127.0.0.1:1")}
    refused = run("positions", "list", home=home, env=gone)
    assert refused.returncode != 0
    assert "hush-hush" not in refused.stdout + refused.stderr + added.stdout + added.stderr


def test_a_database_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="not supported: mysql"):
        open_engine("mysql://root@127.0.0.1/x")


def test_concurrent_first_starts_make_one_schema(home: Path, postgres: PostgresServer) -> None:
    settings = on(postgres.new_database())
    settings = msgspec.structs.replace(
        settings, store=msgspec.structs.replace(settings.store, busy_timeout_s=30)
    )
    failures: list[BaseException] = []

    def start() -> None:
        try:
            open_store(home, settings).close()
        except BaseException as error:  # noqa: BLE001 -- whatever a thread met is shown below
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    store = open_store(home, settings)
    with read(store.engine) as connection:
        assert connection.execute(select(func.count()).select_from(schema.positions)).scalar() == 0
    store.close()
