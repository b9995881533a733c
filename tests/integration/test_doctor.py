"""`monitor doctor` names what is wrong and what to do; each check against the real thing."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fakes.live import condor_chain
from fakes.processes import run
from fakes.spine import CALENDAR, NOW, FakeProvider

from monitor.doctor import inputs, machine
from monitor.doctor.finding import Grade
from monitor.domain.option_chain import ChainRequest
from monitor.errors import ProviderError
from monitor.providers.base import ChainBatch, SourceHealth

ADD = (
    "add", "--dte", "5", "--band", "P97", "--spread", "put_spread", "--contracts", "3",
    "--credit", "150.00", "--risk", "850.00", "--short-put", "19800", "--long-put", "19700",
)  # fmt: skip


def doctor(home: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    done = run("monitor", "doctor", "--json", home=home)
    return done.returncode, {f["check"]: f for f in json.loads(done.stdout)["findings"]}


@contextmanager
def time_server(said: datetime | None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(200)
            if said is not None:
                self.send_header("Date", format_datetime(said, usegmt=True))
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("off", "grade", "word"),
    [
        (timedelta(0), Grade.OK, "within"),
        (timedelta(seconds=4), Grade.OK, "within"),
        (timedelta(hours=1), Grade.FAIL, "3600 s ahead"),
        (timedelta(minutes=-2), Grade.FAIL, "120 s behind"),
    ],
)
def test_the_clock_is_held_against_a_web_servers(off: timedelta, grade: Grade, word: str) -> None:
    now = datetime(2026, 11, 18, 18, 0, tzinfo=UTC)
    with time_server(now) as url:
        (found,) = machine.clock(lambda: now + off, url=url)
    assert found.grade is grade
    assert word in found.said


def test_a_clock_that_nobody_tells_is_unknown_not_right() -> None:
    with time_server(None) as url:
        (found,) = machine.clock(lambda: datetime.now(UTC), url=url)
    assert found.grade is Grade.UNKNOWN


def test_a_calendar_that_ends_soon_is_said() -> None:
    (far,) = machine.horizon(CALENDAR, NOW)
    late = datetime.combine(CALENDAR.last, datetime.min.time(), UTC) - timedelta(days=10)
    (near,) = machine.horizon(CALENDAR, late)
    assert (far.grade, near.grade) == (Grade.OK, Grade.WARN)
    assert "10 days ahead" in near.said


def test_a_port_of_another_program_is_said_with_the_next_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        (found,) = machine.port("127.0.0.1", number, running=False)
        (own,) = machine.port("127.0.0.1", number, running=True)
    assert (found.grade, own.grade) == (Grade.WARN, Grade.OK)
    assert f"--port {number + 1}" in found.todo


def test_a_source_that_answers_in_part_is_named_by_what_lacks() -> None:
    found = inputs.source("test", FakeProvider(), ["NDX", "VIX", "VXN"], calendar=CALENDAR, now=NOW)
    assert [f.grade for f in found] == [Grade.OK, Grade.OK, Grade.WARN]
    assert found[0].said == "NDX 25,000.00, 0 s old"
    assert found[2].said.startswith("VXN: ")


@dataclass
class OneChain:
    """NDX's next expiration as a source gives it, 15 minutes late; nothing of other underlyings."""

    name: str = "test"
    simulated: bool = False

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        (day,) = request.expirations
        if request.ticker != "NDX":
            lost = ProviderError("404", source=self.name, retryable=False)
            return ChainBatch(errors={(request.ticker, day): lost})
        late = timedelta(minutes=15)
        made = replace(condor_chain(), expiration=day, asof=now - late, delay=late)
        return ChainBatch(chains=(made,))

    def health(self) -> tuple[SourceHealth, ...]:
        return ()

    def close(self) -> None:
        pass


def test_a_source_of_chains_tells_strikes_age_and_delay_or_why_not() -> None:
    found = inputs.chain_source("test", OneChain(), ["NDX", "SPX"], calendar=CALENDAR, now=NOW)
    assert [(f.check, f.grade) for f in found] == [
        ("chains test", Grade.OK), ("chains test", Grade.WARN),
    ]  # fmt: skip
    strikes = len(condor_chain().strikes)
    # NOW is Wednesday 2026-11-18; NDXP lists every weekday
    assert found[0].said == (
        f"NDXP 2026-11-19: {strikes} strikes, quotes 15 min old, 15 min delayed"
    )
    assert found[1].said == "SPX: 404"
    assert found[1].todo


def test_on_a_fresh_home_without_a_network_it_says_what_lacks(home: Path) -> None:
    code, found = doctor(home)
    assert code == 1
    assert found["source yahoo"]["state"] == "fail"
    assert found["clock"]["state"] == "unknown"
    assert (found["database"]["state"], found["grid"]["state"]) == ("note", "warn")
    assert all(f["todo"] for f in found.values() if f["state"] in ("warn", "fail"))


def test_a_damaged_database_fails_with_the_way_back(home: Path) -> None:
    run("positions", *ADD, home=home)
    run("monitor", "backup", home=home)
    found = doctor(home)[1]
    assert found["database"]["said"] == "whole; 1 open position(s)"
    assert found["backup"]["said"].startswith("1 copy, the newest ")
    (home / "data" / "monitor.db").write_bytes(b"")
    damaged = doctor(home)[1]["database"]
    assert damaged["state"] == "fail"
    assert "`monitor restore newest`" in damaged["todo"]


def test_a_heartbeat_that_the_monitor_would_refuse_fails(home: Path) -> None:
    (home / "config.toml").write_text('[notify]\nheartbeat_url = "hc-ping.com/secret"\n', "utf-8")
    found = doctor(home)[1]["heartbeat"]
    assert found["state"] == "fail"
    assert "http://" in found["said"]
    assert "secret" not in found["said"]


def test_bad_settings_are_the_first_and_last_word(home: Path) -> None:
    (home / "config.toml").write_text("[exits]\nprofit_target_pct = 500\n", "utf-8")
    code, found = doctor(home)
    assert code == 1
    assert list(found) == ["settings"]
    assert "profit_target_pct" in found["settings"]["said"]


def test_a_channel_that_cannot_be_is_a_finding(home: Path) -> None:
    (home / "config.toml").write_text('[notify]\nurls = ["nosuch://x"]\n', "utf-8")
    assert doctor(home)[1]["channels"]["state"] == "fail"


def test_a_port_on_ipv6_loopback_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def connect(address: Any, timeout: float) -> socket.socket:
        asked.append((address, timeout))
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    (found,) = machine.port("::1", 5000, running=False)
    assert (found.grade, asked) == (Grade.OK, [(("::1", 5000), 1)])
