"""The routes through Flask's own client: what is served, refused and escaped."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.snapshots import (
    HOSTILE_NOTE,
    NOON_NY,
    empty_snapshot,
    put,
    rich_snapshot,
    write_charts,
    write_snapshot,
)
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dashboard.app import create_app
from dashboard.snapshot_source import FileSnapshotSource
from monitor.clock import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON_NY + timedelta(seconds=2))


class WholeAnswers(FlaskClient):
    """Reads each answer to its end, as a browser does, so that served files are closed."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **kwargs})


@pytest.fixture
def client(home: Path, clock: FixedClock) -> FlaskClient:
    app = create_app(FileSnapshotSource(home), clock)
    app.test_client_class = WholeAnswers
    return app.test_client()


@pytest.fixture
def rich(home: Path, client: FlaskClient) -> FlaskClient:
    write_snapshot(home, rich_snapshot())
    write_charts(home, rich_snapshot())
    return client


def test_the_first_answer_already_holds_every_panel_as_text(rich: FlaskClient) -> None:
    html = rich.get("/").get_data(as_text=True)
    for words in (
        "24,876.25", "18.52", "MEDIUM", "7c1e", "−$940", "$27,085 of $25,000", "in its window",
        "91.3–97.7 %", "whole interval above break-even", "Found 2 trade opportunity(ies)",
        "Nearest miss", "429 Too Many Requests", "can never fire",
    ):  # fmt: skip
        assert words in html


def test_before_the_first_snapshot_every_route_answers(client: FlaskClient) -> None:
    html = client.get("/").get_data(as_text=True)
    assert "The monitor has not written anything yet" in html
    assert "monitor --ticker NDX" in html
    assert client.get("/fragment").status_code == 200
    assert client.get("/page.json").json["status"]["state"] == "empty"  # type: ignore[index]
    assert client.get("/charts/NDX.json").status_code == 404
    answer = client.get("/data.json")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["ok"] is False


def test_an_unreadable_snapshot_is_a_designed_state(home: Path, client: FlaskClient) -> None:
    put(home / "data" / "dashboard_data.json", b'{"schema_version": 7}')
    html = client.get("/").get_data(as_text=True)
    assert "CANNOT READ THE MONITOR" in html
    assert "schema version 7" in html


def test_a_first_cycle_without_data_renders_reasons_not_numbers(
    home: Path, client: FlaskClient
) -> None:
    write_snapshot(home, empty_snapshot())
    html = client.get("/").get_data(as_text=True)
    assert "yahoo: no answer within 6 s (tried 3 times)" in html
    assert "no grid file under results/" in html
    assert "No scan: VIX unknown" in html


def test_trap_32_a_stale_page_says_stale_and_its_age(
    home: Path, client: FlaskClient, clock: FixedClock
) -> None:
    write_snapshot(home, rich_snapshot())
    assert 'id="stale" class="banner alarm" hidden>' in client.get("/").get_data(as_text=True)
    clock.advance(timedelta(minutes=9))
    html = client.get("/").get_data(as_text=True)
    assert 'id="stale" class="banner alarm" >' in html
    assert "9 min ago" in html
    assert sorted(p.name for p in home.rglob("*") if p.is_file()) == ["dashboard_data.json"]


def test_stopped_and_paused_are_said(home: Path, client: FlaskClient) -> None:
    write_snapshot(home, rich_snapshot(state="stopped"))
    assert "STOPPED" in client.get("/").get_data(as_text=True)
    write_snapshot(home, rich_snapshot(paused=True))
    assert "PAUSED" in client.get("/").get_data(as_text=True)


def test_trap_31_a_note_is_text_in_html_and_json(rich: FlaskClient) -> None:
    html = rich.get("/").get_data(as_text=True)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}" in html
    assert "<script>alert" not in html
    page = rich.get("/page.json").json
    assert page is not None
    assert page["positions"][0]["notes"] == [HOSTILE_NOTE]


@pytest.mark.parametrize("path", ["/fragment", "/page.json", "/data.json"])
def test_what_has_not_changed_is_304_until_it_goes_stale(
    rich: FlaskClient, clock: FixedClock, path: str
) -> None:
    first = rich.get(path)
    tag = first.headers["ETag"]
    clock.advance(timedelta(seconds=30))
    again = rich.get(path, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.data == b""
    shown = float(again.headers["X-Page-Clock"])
    assert shown == float(first.headers["X-Page-Clock"]) + 30
    clock.advance(timedelta(minutes=9))
    assert rich.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_fault_56_json_never_says_nan(home: Path, client: FlaskClient) -> None:
    snapshot = rich_snapshot()
    write_snapshot(home, snapshot)
    for path in ("/data.json", "/page.json"):
        text = client.get(path).get_data(as_text=True)
        json.loads(text, parse_constant=pytest.fail)  # called for NaN and Infinity only


def test_every_answer_carries_the_strict_policy(rich: FlaskClient) -> None:
    for path in ("/", "/fragment", "/healthz", "/static/page.css", "/nothing-here"):
        headers = rich.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"


def test_no_inline_script_style_or_foreign_address(rich: FlaskClient) -> None:
    html = rich.get("/").get_data(as_text=True)
    assert "<style" not in html
    assert " style=" not in html
    assert " onclick=" not in html
    assert "://" not in html


@pytest.mark.parametrize(
    "path",
    [
        "/charts/RUT.json",
        "/charts/..%2f..%2fconfig.json",
        "/charts/../../data/dashboard_data.json",
        "/charts/%2e%2e/dashboard_data.json",
        "/charts/NDX%00.json",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%5capp.py",
        "/data/dashboard_data.json",
        "/..%2f..%2fetc%2fpasswd",
        "/etc/passwd",
    ],
)
def test_fault_52_traversal_is_404(rich: FlaskClient, path: str) -> None:
    assert rich.get(path).status_code == 404


def test_fault_52_a_large_body_is_413(rich: FlaskClient) -> None:
    assert rich.get("/", data=b"x" * 70_000).status_code == 413
    assert rich.post("/", data=b"x" * 70_000).status_code == 413


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_only_reading_is_served(rich: FlaskClient, method: str) -> None:
    assert getattr(rich, method)("/").status_code == 405


def test_fault_54_another_pages_form_is_403(rich: FlaskClient) -> None:
    for origin in ("http://evil.example", "http://localhost:8888", "null"):
        assert rich.post("/", headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1:5000", 200),
        ("localhost", 200),
        ("[::1]:5000", 200),
        ("evil.example", 400),
        ("evil.example:5000", 400),
        ("127.0.0.1.evil.example", 400),
        ("192.168.1.20:5000", 400),
    ],
)
def test_fault_53_a_rebound_host_name_is_400(rich: FlaskClient, host: str, code: int) -> None:
    for path in ("/", "/data.json", "/static/page.css", "/healthz"):
        assert rich.get(path, headers={"Host": host}).status_code == code


def test_a_chart_is_served_for_a_watched_ticker_only(rich: FlaskClient) -> None:
    answer = rich.get("/charts/NDX.json")
    assert answer.json is not None
    assert len(answer.json["price"]) == 39
    tag = answer.headers["ETag"]
    assert rich.get("/charts/NDX.json", headers={"If-None-Match": tag}).status_code == 304


def test_a_history_is_served_for_a_shown_position_only(rich: FlaskClient) -> None:
    answer = rich.get("/charts/positions/a3f8.json")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["position_id"] == "a3f8"
    tag = answer.headers["ETag"]
    unchanged = rich.get("/charts/positions/a3f8.json", headers={"If-None-Match": tag})
    assert unchanged.status_code == 304
    closed = rich.get("/charts/positions/beef.json")
    assert closed.json == {"schema_version": 1, "pnl": []}
    for other in ("..%2f..%2fconfig", "%2e%2e", "A3F8", "a3f8%00"):
        assert rich.get(f"/charts/positions/{other}.json").status_code == 404


def test_every_part_of_a_position_and_of_a_card_may_be_missing(
    client: FlaskClient, home: Path
) -> None:
    """Each alone, beside notes and warnings, as a mark, a ladder or a card comes and goes."""
    snapshot = rich_snapshot()
    first = snapshot.positions[0]
    parts: tuple[dict[str, Any], ...] = ({"mark": None}, {"ladder": None}, {"short_put": None})
    held = tuple(
        replace(first, id=f"a{i}", notes=("a note",), warnings=("a warning",), **part)
        for i, part in enumerate(parts)
    )
    row = snapshot.opportunities[0]
    cards = (
        {"trade": None},
        {"evidence": None},
        {"what_if": None},
        {"trade": None, "alert_id": None},
    )
    rows = tuple(replace(row, rank=i, **part) for i, part in enumerate(cards, 1))
    write_snapshot(home, replace(snapshot, positions=held, opportunities=rows))
    answer = client.get("/fragment")
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert page.count("a note") == len(held)
    assert "Not marked from an option chain." in page
    assert "No evidence was worked out for this row." in page
    assert "Not worked out: it is for alerted trades." in page
    assert "No strikes yet" in page


def test_a_position_without_a_history_is_an_empty_series(client: FlaskClient, home: Path) -> None:
    write_snapshot(home, rich_snapshot())
    answer = client.get("/charts/positions/a3f8.json")
    assert answer.json == {"schema_version": 1, "pnl": []}


def test_a_watched_ticker_without_a_chart_is_an_empty_series(
    home: Path, client: FlaskClient
) -> None:
    write_snapshot(home, rich_snapshot())
    assert client.get("/charts/NDX.json").json == {"schema_version": 1, "price": [], "vix": []}


def test_plotly_comes_from_the_installed_package_and_may_be_kept(rich: FlaskClient) -> None:
    plain = rich.get("/plotly.js")
    small = rich.get("/plotly.js", headers={"Accept-Encoding": "gzip"})
    assert plain.data.startswith(b"/**\n* plotly.js v")
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert "immutable" in small.headers["Cache-Control"]
    assert plain.mimetype == "text/javascript"


def test_health_tells_what_there_is_to_show(
    home: Path, client: FlaskClient, clock: FixedClock
) -> None:
    assert client.get("/healthz").json["snapshot"] == "empty"  # type: ignore[index]
    write_snapshot(home, rich_snapshot())
    health = client.get("/healthz").json
    assert health is not None
    assert (health["ok"], health["snapshot"], health["monitor"]) == (True, "fresh", "running")
    clock.advance(timedelta(hours=1))
    assert client.get("/healthz").json["snapshot"] == "stale"  # type: ignore[index]
