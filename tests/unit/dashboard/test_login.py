"""A page that other machines may reach: token, form, cookie, and what each refuses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from fakes.snapshots import NOON_NY, rich_snapshot, write_snapshot
from flask.testing import FlaskClient

from dashboard.app import create_app
from dashboard.login import COOKIE, MOST_FAILURES, SESSION
from dashboard.security import listening_address
from dashboard.serve import page_server
from dashboard.snapshot_source import FileSnapshotSource
from monitor.clock import FixedClock
from monitor.errors import ConfigError

TOKEN = "correct-horse-battery"  # not the person's: a test's own
ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON_NY)


@pytest.fixture
def client(home: Path, clock: FixedClock) -> FlaskClient:
    write_snapshot(home, rich_snapshot())
    return create_app(FileSnapshotSource(home), clock, token=TOKEN).test_client()


def log_in(client: FlaskClient, token: str = TOKEN, **headers: str) -> int:
    return client.post("/login", data={"token": token}, headers=ORIGIN | headers).status_code


@pytest.mark.parametrize(
    "path", ["/fragment", "/page.json", "/data.json", "/metrics", "/charts/NDX.json", "/plotly.js"]
)
def test_nothing_is_told_before_the_log_in(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 401
    assert b"24,876" not in answer.data


def test_the_page_leads_to_the_form_and_the_form_to_the_page(client: FlaskClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")
    assert b'name="token"' in client.get("/login").data
    assert log_in(client) == 302
    assert b"24,876.25" in client.get("/").data
    assert client.get("/data.json").status_code == 200


def test_the_cookie_is_for_this_page_alone(client: FlaskClient) -> None:
    answer = client.post("/login", data={"token": TOKEN}, headers=ORIGIN)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert "Secure" not in cookie  # it would never come back over plain http


def test_behind_tls_the_cookie_is_secure(client: FlaskClient) -> None:
    answer = client.post("/login", data={"token": TOKEN}, headers={"Origin": "https://localhost"})
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("wrong", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ÿ" * 20])
def test_a_wrong_token_opens_nothing(client: FlaskClient, wrong: str) -> None:
    assert log_in(client, wrong) == 403
    assert client.get("/data.json").status_code == 401


def test_guessing_is_stopped_for_a_minute(client: FlaskClient, clock: FixedClock) -> None:
    for _ in range(MOST_FAILURES):
        assert log_in(client, "guess") == 403
    assert log_in(client) == 429  # not even the right one
    clock.advance(timedelta(seconds=61))
    assert log_in(client) == 302


def test_a_session_ends(client: FlaskClient, clock: FixedClock) -> None:
    log_in(client)
    clock.advance(SESSION - timedelta(seconds=1))
    assert client.get("/data.json").status_code == 200
    clock.advance(timedelta(seconds=1))
    assert client.get("/data.json").status_code == 401


def test_log_out_ends_it_at_once_and_for_every_copy_of_the_cookie(client: FlaskClient) -> None:
    log_in(client)
    copied = client.get_cookie(COOKIE)
    assert copied is not None
    assert client.post("/logout", headers=ORIGIN).status_code == 302
    client.set_cookie(COOKIE, copied.value)
    assert client.get("/data.json").status_code == 401


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:8080", "null"])
def test_fault_54_a_form_of_another_page_cannot_log_in_or_out(
    client: FlaskClient, origin: str
) -> None:
    for path in ("/login", "/logout"):
        answer = client.post(path, data={"token": TOKEN}, headers={"Origin": origin})
        assert answer.status_code == 403
    assert client.get("/data.json").status_code == 401


def test_programs_send_the_token_as_a_bearer(client: FlaskClient) -> None:
    right = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    wrong = client.get("/metrics", headers={"Authorization": "Bearer nonsense-nonsense"})
    assert (right.status_code, wrong.status_code) == (200, 401)


def test_only_health_and_the_form_are_open(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz", "/login", "/static/page.css"):
        assert client.get(path, buffered=True).status_code in (200, 503), path


def test_without_a_token_there_is_no_log_in(home: Path, clock: FixedClock) -> None:
    write_snapshot(home, rich_snapshot())
    plain = create_app(FileSnapshotSource(home), clock).test_client()
    assert plain.get("/login").status_code == 404
    assert b"Log out" not in plain.get("/").data


@pytest.mark.parametrize(
    ("host", "token", "said"),
    [
        ("0.0.0.0", "", "without a token only this machine may read it"),  # noqa: S104
        ("0.0.0.0", "short", "has 5 characters: 16 or more"),  # noqa: S104
        ("127.0.0.1", "short", "has 5 characters: 16 or more"),
        ("my-laptop", TOKEN, "it is no address of this machine"),
    ],
)
def test_fault_55_beyond_loopback_only_with_a_good_token(host: str, token: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        listening_address(host, token=token)
    assert said in refused.value.message
    assert not token or token not in refused.value.message


def test_beyond_loopback_it_answers_its_names_and_warns(home: Path, clock: FixedClock) -> None:
    server = page_server(
        FileSnapshotSource(home), clock, host="0.0.0.0", port=0, token=TOKEN,  # noqa: S104
        names=("Condors.lan",),
    )  # fmt: skip
    assert "no TLS" in server.warning
    named = create_app(FileSnapshotSource(home), clock, hosts=("Condors.lan",), token=TOKEN)
    client = named.test_client()
    assert client.get("/healthz", headers={"Host": "condors.lan:5000"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


def test_guessing_as_a_bearer_is_stopped_too(client: FlaskClient, clock: FixedClock) -> None:
    def ask(token: str) -> int:
        return client.get("/data.json", headers={"Authorization": f"Bearer {token}"}).status_code

    for _ in range(MOST_FAILURES):
        assert ask("wrong") == 401
    assert ask(TOKEN) == 401
    clock.advance(timedelta(seconds=61))
    assert ask(TOKEN) == 200
