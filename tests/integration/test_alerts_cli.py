"""`monitor alerts` on a real home."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fakes.told import tell, told_view

from monitor.cli.alerts import AlertsContext, alerts
from monitor.clock import FixedClock
from monitor.config import Settings
from monitor.domain.alert_lifecycle import AlertPolicy, advance
from monitor.domain.alerts import Condition, Notice
from monitor.domain.vocabulary import Level
from monitor.store import alerts as table
from monitor.store.engine import read, write
from monitor.store.store import open_store

NOW = datetime(2026, 2, 20, 18, 45, tzinfo=UTC)  # 10:45 Pacific
EXIT = Condition(
    key="exit:a3f8c2d1:stop_loss",
    level=Level.EXIT,
    title="EXIT SIGNAL - Position a3f8 | Reason: Stop loss hit | P&L: -$570.00 (-200.0%)",
    position_id="a3f8c2d1",
    resolved_title="Exit over",
)
BREACH = Condition(key="limit:risk", level=Level.ERROR, title="RISK LIMIT BREACH")


def run(home: Path, *args: str) -> Result:
    return CliRunner().invoke(
        alerts, [*args, "--home", str(home)], obj=AlertsContext(FixedClock(NOW))
    )


def cycle(
    home: Path, conditions: Sequence[Condition], now: datetime = NOW, gone: Sequence[str] = ()
) -> tuple[Notice, ...]:
    store = open_store(home, Settings())
    with write(store.engine) as connection:
        result = advance(
            table.load_living(connection),
            conditions,
            now=now,
            policy=AlertPolicy(),
            next_number=table.next_number(connection),
            simulated=False,
            gone=gone,
        )
        table.save(connection, result, channels=("alerts.log",))
    store.close()
    return result.notices


def answer(result: Result) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def test_list_of_a_new_home_is_empty_and_makes_nothing(home: Path) -> None:
    result = run(home, "list")
    assert (result.exit_code, result.stdout) == (0, "No alert is open.\n")
    assert list(home.iterdir()) == []


def test_list_shows_the_living_and_those_that_ended(home: Path) -> None:
    cycle(home, [EXIT, BREACH])
    cycle(home, [BREACH], NOW + timedelta(minutes=5), gone=["exit:"])
    result = run(home, "list")
    assert result.stdout == (
        "Open alerts:\n"
        "   A2  [ERROR] RISK LIMIT BREACH\n"
        "       firing, told 1 ×, last 2026-02-20 10:45 PT\n"
        "\n"
        "Told lately and over:\n"
        f"   A1  [EXIT] {EXIT.title}\n"
        "       resolved, told 2 ×, last 2026-02-20 10:50 PT\n"
    )


def test_list_json_is_one_object(home: Path) -> None:
    cycle(home, [EXIT])
    document = answer(run(home, "list", "--json"))
    assert (document["schema_version"], document["ok"]) == (1, True)
    (living,) = document["living"]
    assert (living["id"], living["state"], living["started_at"]) == (
        "A1", "firing", "2026-02-20T18:45:00Z",
    )  # fmt: skip
    assert document["recent"] == document["living"]


def test_ack_stops_reminders(home: Path) -> None:
    cycle(home, [EXIT])
    result = run(home, "ack", "a1")
    assert (result.exit_code, result.stdout) == (0, f"A1 acknowledged: {EXIT.title}\n")
    assert cycle(home, [EXIT], NOW + timedelta(hours=5)) == ()
    worse = cycle(home, [replace(EXIT, severity=1)], NOW + timedelta(hours=6))
    assert [n.id for n in worse] == ["A1.2"]


def test_snooze_ends_by_itself(home: Path) -> None:
    cycle(home, [EXIT])
    result = run(home, "snooze", "A1", "--minutes", "90", "--json")
    assert answer(result)["snoozed"] == [{"id": "A1", "until": "2026-02-20T20:15:00Z"}]
    assert cycle(home, [EXIT], NOW + timedelta(minutes=89)) == ()
    assert [n.id for n in cycle(home, [EXIT], NOW + timedelta(minutes=90))] == ["A1.2"]


def test_an_event_is_listed_as_told_once_and_not_twice(home: Path) -> None:
    cycle(home, [replace(EXIT, event=True), BREACH])
    shown = run(home, "list").stdout
    assert "       told 1 ×" in shown
    assert "told, told" not in shown
    assert "firing, told 1 ×" in shown


def test_a_wrong_id_names_only_alerts_that_were_told(home: Path) -> None:
    waiting = replace(BREACH, hold=timedelta(minutes=5))
    cycle(home, [waiting, EXIT])
    assert run(home, "ack", "A7").stderr == "error: there is no alert A7\n  open now: A2\n"


def test_one_wrong_id_changes_none(home: Path) -> None:
    cycle(home, [EXIT])
    result = run(home, "ack", "A1", "A7")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "error: there is no alert A7\n  open now: A1\n"
    with read(open_store(home, Settings()).engine) as connection:
        assert [r.state.value for r in table.load_living(connection).values()] == ["firing"]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("ack", "seventeen"), 2, "is no alert id"),
        (("snooze", "A1", "--minutes", "0"), 2, "give 1 to 10080 minutes"),
        (("snooze", "A1", "--minutes", "10081"), 2, "give 1 to 10080 minutes"),
        (("snooze", "A1", "--minutes", "nan"), 2, "is not a whole number"),
        (("ack",), 2, "Missing argument"),
        (("snoze", "A1"), 2, "did you mean snooze"),
    ],
)
def test_wrong_usage_says_what_to_do(
    home: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    cycle(home, [EXIT])
    result = run(home, *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr


def test_answer_without_a_database_is_an_error_and_makes_none(home: Path) -> None:
    result = run(home, "ack", "A1", "--json")
    assert result.exit_code == 1
    assert answer(result)["error"]["type"] == "Store"
    assert list(home.iterdir()) == []


def test_test_reports_each_channel(home: Path) -> None:
    result = run(home, "test")
    assert result.exit_code == 0
    assert result.stdout == (
        "[2026-02-20 10:45:00] [INFO] TEST - this channel works; nothing has to be done\n"
        "  Test of this channel\n"
        "alerts.log: sent\n"
        "alerts.jsonl: sent\n"
        "console: sent\n"
    )
    assert "[INFO] TEST" in (home / "logs" / "alerts.log").read_text("utf-8")
    line = json.loads((home / "logs" / "alerts.jsonl").read_text("utf-8"))
    assert (line["reason"], line["level"]) == ("test", "INFO")


def test_test_names_the_channel_that_fails(home: Path) -> None:
    (home / "logs" / "alerts.log").mkdir(parents=True)  # cannot be opened as a file
    result = run(home, "test", "--json")
    assert result.exit_code == 1
    document = answer(result)
    assert document["ok"] is False
    assert [(c["name"], c["ok"]) for c in document["channels"]] == [
        ("alerts.log", False),
        ("alerts.jsonl", True),
        ("console", True),
    ]
    assert "cannot be written" in document["channels"][0]["error"]


def test_every_command_shows_an_example() -> None:
    for name in ("list", "ack", "snooze", "test"):
        result = CliRunner().invoke(alerts, [name, "--help"])
        assert f"monitor alerts {name}" in result.stdout


def test_an_opportunity_shows_its_live_trade_as_it_was_told(home: Path) -> None:
    (notice,) = cycle(
        home,
        [
            Condition(
                key="opportunity:NDX:2026-02-20", level=Level.OPPORTUNITY, event=True,
                title="Found 1 trade opportunity(ies)", fingerprint="one", ticker="NDX",
            )
        ],
    )  # fmt: skip
    store = open_store(home, Settings())
    tell(store, told_view(alert_id=f"A{notice.alert_number}", alert_line=1))
    store.close()
    said = run(home, "list").output
    assert f"A{notice.alert_number}#1 NDX 3DTE P98 IRON_CONDOR: NDXP 19400/19500p" in said
    assert "for 1.40 points ($140 a contract), max loss $9,860" in said
