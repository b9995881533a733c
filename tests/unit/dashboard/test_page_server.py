"""The server around the page: where it listens, what it refuses, how it ends."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from fakes.snapshots import NOON_NY, rich_snapshot, write_snapshot

from dashboard.main import cli
from dashboard.serve import CONNECTION_LIMIT, PageServer, page_server
from dashboard.snapshot_source import FileSnapshotSource
from monitor.clock import FixedClock
from monitor.errors import ConfigError


@pytest.fixture
def server(home: Path) -> Iterator[PageServer]:
    write_snapshot(home, rich_snapshot())
    clock = FixedClock(NOON_NY + timedelta(seconds=2))
    running = page_server(FileSnapshotSource(home), clock, host="localhost", port=0)
    running.start()
    yield running
    running.stop()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        body: bytes = answer.read()
    return body


def raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(request)
        return line.recv(4096)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "example.com", ""])  # noqa: S104 - refused
def test_trap_31_fault_55_listening_beyond_loopback_is_refused(home: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="only this machine may read it") as refusal:
        page_server(FileSnapshotSource(home), FixedClock(NOON_NY), host=host, port=0)
    assert "token" in refusal.value.hint
    assert refusal.value.exit_code == 2


def test_it_listens_on_loopback_only(server: PageServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}/"
    assert server.port != 0
    assert b"Condorwatch" in get(server.url)


def test_trap_35_a_taken_port_is_explained_with_the_way_out(server: PageServer, home: Path) -> None:
    second = page_server(
        FileSnapshotSource(home), FixedClock(NOON_NY), host="127.0.0.1", port=server.port
    )
    with pytest.raises(ConfigError, match=f"port {server.port} on 127.0.0.1 is taken") as error:
        second.start()
    assert f"--port {server.port + 1}" in error.value.hint
    assert "--port" in error.value.hint


def test_a_port_that_is_bound_but_not_listening_is_taken_too(home: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        page = page_server(FileSnapshotSource(home), FixedClock(NOON_NY), host="::1", port=port)
        assert page.port == port  # nothing is bound before start
        other = page_server(
            FileSnapshotSource(home), FixedClock(NOON_NY), host="127.0.0.1", port=port
        )
        with pytest.raises(ConfigError, match="taken"):
            other.start()


def test_stop_ends_open_connections_and_frees_the_port(home: Path) -> None:
    clock = FixedClock(NOON_NY)
    first = page_server(FileSnapshotSource(home), clock, host="127.0.0.1", port=0)
    first.start()
    port = first.port
    with socket.create_connection(("127.0.0.1", port), timeout=20) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")  # never finished
        first.stop()
        first.stop()
        with suppress(ConnectionResetError):  # an end too
            assert idle.recv(100) == b""
    second = page_server(FileSnapshotSource(home), clock, host="127.0.0.1", port=port)
    second.start()
    assert b"Condorwatch" in get(second.url)
    second.stop()


def test_fault_51_half_open_clients_do_not_keep_the_page_from_others(server: PageServer) -> None:
    lines = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(50)]
    try:
        for line in lines:
            line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert len(lines) < CONNECTION_LIMIT
        for _ in range(20):
            assert json.loads(get(server.url + "healthz"))["ok"] is True
    finally:
        for line in lines:
            line.close()


def test_fault_52_ten_megabytes_are_refused_before_they_are_read(server: PageServer) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485760\r\n\r\n"
    assert raw(server.port, head).startswith(b"HTTP/1.1 413 ")


def test_fault_52_traversal_on_the_wire_is_404(server: PageServer) -> None:
    for path in (b"/static/../app.py", b"/../../etc/passwd", b"//etc/passwd", b"/charts/../x.json"):
        answer = raw(server.port, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 404 "), path


def test_fault_53_a_rebound_name_is_400_on_the_wire(server: PageServer) -> None:
    request = b"GET /data.json HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    assert raw(server.port, request).startswith(b"HTTP/1.1 400 ")


def test_forwarding_headers_of_strangers_are_ignored(server: PageServer) -> None:
    request = b"GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n\r\n"
    assert raw(server.port, request).startswith(b"HTTP/1.1 400 ")


def test_an_unknown_page_is_a_plain_404(server: PageServer) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        get(server.url + "nothing-here")
    assert error.value.code == 404
    assert error.value.headers["Content-Type"].startswith("text/plain")
    error.value.close()


def test_the_command_refuses_other_addresses_with_exit_code_2(home: Path) -> None:
    result = CliRunner().invoke(cli, ["--host", "0.0.0.0", "--home", str(home)])  # noqa: S104
    assert result.exit_code == 2
    assert "only this machine may read it" in result.stderr
    assert "ssh -L" in result.stderr


@pytest.mark.parametrize(
    ("line", "wrong"), [(["--port", "abc"], "'abc' is not a whole number"), (["--prot"], "--prot")]
)
def test_a_wrong_line_is_answered_like_everywhere_else(line: list[str], wrong: str) -> None:
    result = CliRunner().invoke(cli, line)
    assert result.exit_code == 2
    first, advice = result.stderr.splitlines()
    assert first.startswith("error: ")
    assert wrong in first
    assert advice.endswith("--help` shows what it takes")


def test_help_has_a_runnable_example() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    assert "dashboard --port 5001" in result.stdout
