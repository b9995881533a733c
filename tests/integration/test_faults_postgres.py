"""PostgreSQL goes away and comes back under a running store: a real server, really killed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from fakes.positions_book import NOW as BOOK_NOW
from fakes.positions_book import put_spread
from fakes.postgres import PostgresServer, postgres_server
from fakes.processes import monitor, offline, run
from fakes.spine import CALM, MINUTE, NOW, running
from sqlalchemy import func, select, update

from monitor.config import Settings
from monitor.config import Store as StoreSettings
from monitor.domain.position_changes import noted
from monitor.domain.positions import PnlMark
from monitor.errors import ConfigError, StoreBusyError, StoreUnavailableError
from monitor.store import outbox, schema
from monitor.store.engine import open_engine, read, write
from monitor.store.position_events import ChangeKind
from monitor.store.store import open_store


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of this test alone: it is killed."""
    with postgres_server() as own:
        yield own


@contextmanager
def notify_socket(place: Path) -> Iterator[socket.socket]:
    """As systemd gives one to a service."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(place))
        listener.setblocking(False)
        yield listener


def received(listener: socket.socket) -> list[str]:
    heard = []
    with suppress(BlockingIOError):
        while True:
            heard.append(listener.recv(1024).decode())
    return heard


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
    home: Path, tmp_path: Path, server: PostgresServer
) -> None:
    """More cycles fail than would end it for a defect; systemd hears why it waits."""
    place = tmp_path / "notify.sock"
    env = {
        **offline(),
        "CONDORWATCH_STORE__URL": server.new_database(),
        "NOTIFY_SOCKET": str(place),
    }
    with (
        notify_socket(place) as systemd,
        monitor(home, "--no-dashboard", "--data-interval", "5", env=env) as alive,
    ):
        first = alive.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        server.crash()
        log = home / "logs" / "monitor.log"
        alive.until(lambda: log.read_text("utf-8").count("database away") >= 4)
        heard = received(systemd)
        waiting = [said for said in heard if "WATCHDOG=1" in said and "cycle" not in said]
        assert len(waiting) >= 3
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


# --- several monitors on one database --------------------------------------------------------


def exits_told(home: Path) -> int:
    log = home / "logs" / "alerts.log"
    return log.read_text("utf-8").count("Stop loss hit") if log.exists() else 0


def test_one_of_two_monitors_tells_and_the_other_stands_by(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    settings = on(postgres.new_database())
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    with running(first, settings=settings) as leader:
        leader.cycle(NOW)
        with running(second, settings=settings) as standby:
            store = open_store(first, settings)
            store.import_all(
                [put_spread(mark=PnlMark(pnl_usd=-300.0, asof=NOW, source="you"))], at=NOW
            )
            store.close()
            standby.cycle(NOW + MINUTE)  # it looks first, and says nothing
            leader.cycle(NOW + MINUTE)
            assert (exits_told(first), exits_told(second)) == (1, 0)
            assert standby.snapshot is not None
            assert len(standby.snapshot.positions) == 1  # its page shows the book all the same
            whys = [p.why for p in standby.snapshot.health.problems if p.what == "leader"]
            assert whys == [
                "another monitor on this database tells the alerts of NDX; this one stands by"
            ]
            leader.cycle(NOW + 2 * MINUTE)
            standby.cycle(NOW + 2 * MINUTE)
            assert (exits_told(first), exits_told(second)) == (1, 0)


def test_each_ticker_has_its_own_leader_and_a_position_nobody_watches_has_one_too(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.new_database()
    homes = {}
    for ticker in ("NDX", "SPX"):
        homes[ticker] = tmp_path / ticker
        homes[ticker].mkdir()
    book = [
        put_spread(f"{i}000000", ticker=t, mark=PnlMark(pnl_usd=-300.0, asof=NOW, source="you"))
        for i, t in enumerate(("NDX", "SPX", "RUT"))
    ]
    with (
        running(homes["NDX"], settings=on(url)) as ndx,
        running(homes["SPX"], settings=msgspec.structs.replace(on(url), tickers=("SPX",))) as spx,
    ):
        ndx.cycle(NOW)
        spx.cycle(NOW)
        store = open_store(tmp_path, on(url))
        store.import_all(book, at=NOW)
        store.close()
        for minutes in (1, 2):
            ndx.cycle(NOW + minutes * MINUTE)
            spx.cycle(NOW + minutes * MINUTE)
    said = {t: (h / "logs" / "alerts.log").read_text("utf-8") for t, h in homes.items()}
    assert ("Position 0000" in said["NDX"], "Position 0000" in said["SPX"]) == (True, False)
    assert ("Position 1000" in said["NDX"], "Position 1000" in said["SPX"]) == (False, True)
    assert ("Position 2000" in said["NDX"], "Position 2000" in said["SPX"]) == (True, False)


def test_a_standby_takes_over_within_a_cycle_of_the_leaders_death(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """Two real processes on one database; the leader is killed."""
    url = postgres.new_database()
    env = {**offline(), "CONDORWATCH_STORE__URL": url}
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    options = ("--no-dashboard", "--data-interval", "5")
    with monitor(first, *options, env=env) as leader:
        leader.wait_for(lambda page: page["monitor"]["iteration"] >= 1)
        with monitor(second, *options, env=env) as standby:
            standby.wait_for(lambda page: any(
                p["what"] == "leader" for p in page["health"]["problems"]
            ))  # fmt: skip
            leader.process.kill()
            leader.process.wait()
            added = run(
                "positions", "add", "--dte", "5", "--band", "P97", "--spread", "put_spread",
                "--contracts", "3", "--credit", "150.00", "--short-put", "19800",
                "--long-put", "19700", home=first, env=env,
            )  # fmt: skip
            assert added.returncode == 0, added.stderr
            identity = json.loads(run("positions", "list", "--json", home=first, env=env).stdout)[
                "positions"
            ][0]["id"]
            run("positions", "update", identity, "--pnl", "-400", home=first, env=env)
            standby.until(lambda: exits_told(second) == 1)
            page = standby.wait_for(lambda page: not any(
                p["what"] == "leader" for p in page["health"]["problems"]
            ))  # fmt: skip
            assert page["monitor"]["pid"] == standby.process.pid
    assert exits_told(first) == 0
    assert len([title for title in told(url) if "Stop loss hit" in title]) == 1


def test_a_machine_that_vanished_is_missed_within_half_a_minute(postgres: PostgresServer) -> None:
    """Its connection, and with it its leadership, ends when nobody answers any more."""
    engine = open_engine(postgres.new_database())
    with read(engine) as connection:
        idle, every, count = (
            int(connection.exec_driver_sql(f"SHOW tcp_keepalives_{name}").scalar_one())
            for name in ("idle", "interval", "count")
        )
    engine.dispose()
    assert 0 < idle + every * count <= 30


@pytest.mark.parametrize(
    "url", ["postgresql://me:hun:ter2@h:po/rt@x/d", "postgresql:/me:hunter2@h/d"]
)
def test_a_url_that_is_none_is_not_shown(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_engine(url)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__cause__ is None


def test_testing_the_channels_takes_no_alert_from_the_monitor_that_leads(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.new_database()
    other = tmp_path / "other"
    other.mkdir()
    with running(tmp_path, settings=on(url)) as leader:
        leader.cycle(NOW)
        store = open_store(tmp_path, on(url))
        store.import_all([put_spread(mark=PnlMark(pnl_usd=-300.0, asof=NOW, source="you"))], at=NOW)
        store.close()
        leader.cycle(NOW + MINUTE)
        with write(leader.store.engine) as connection:
            waiting = update(schema.outbox).values(state=outbox.PENDING)
            connection.execute(waiting.where(schema.outbox.c.channel == "alerts.log"))
            before = outbox.pending_counts(connection)
        run(
            "monitor",
            "alerts",
            "test",
            home=other,
            env={**offline(), "CONDORWATCH_STORE__URL": url},
        )
        with read(leader.store.engine) as connection:
            assert outbox.pending_counts(connection) == before
        assert before["alerts.log"] > 0
