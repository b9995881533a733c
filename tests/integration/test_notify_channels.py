"""A person's channels through apprise: a real SMTP server and a real HTTP collector on loopback."""

from __future__ import annotations

import email
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from fakes.collector import collector
from fakes.processes import dead_port, run
from sqlalchemy import Engine, select

from monitor.clock import SystemClock
from monitor.config import Notify, Settings
from monitor.config_load import load_settings
from monitor.domain.alert_lifecycle import AlertPolicy, advance
from monitor.domain.alerts import Condition
from monitor.domain.vocabulary import Level, Loudness
from monitor.errors import ConfigError
from monitor.home import Home
from monitor.notify.dispatcher import Dispatcher
from monitor.notify.setup import build_notifiers
from monitor.store import alerts, schema
from monitor.store.engine import open_engine, read, write

NOW = datetime(2026, 11, 18, 18, 45, tzinfo=UTC)
SECRET = "hunter2"
EXIT = Condition(
    key="exit:a3f8:stop_loss",
    level=Level.EXIT,
    title="EXIT SIGNAL - Position a3f8 | Reason: Stop loss hit",
    details=("Stop at P&L -$570.00",),
)


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{home / 'monitor.db'}")
    schema.metadata.create_all(made)
    yield made
    made.dispose()


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(email.message_from_bytes(envelope.content))
        return "250 taken"


# The test's own server asks for a password without TLS, and aiosmtpd says what it thinks of it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@contextmanager
def smtp_server(*, accept: bool) -> Iterator[tuple[int, Mailbox]]:
    """A mail server that knows one password."""
    box = Mailbox()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=dead_port(),  # it does not tell the port it was given
        auth_required=True,
        auth_require_tls=False,
        authenticator=lambda *_args: AuthResult(success=accept, handled=accept),
    )
    controller.start()
    try:
        yield controller.port, box
    finally:
        controller.stop()


def mailto(port: int) -> str:
    return (
        f"mailto://me:{SECRET}@127.0.0.1:{port}?from=me@example.com&to=me@example.com&mode=insecure"
    )


def sender(home: Path, engine: Engine, *urls: str, **notify: Any) -> Dispatcher:
    settings = Settings(notify=Notify(urls=urls, **notify))
    notifiers = build_notifiers(Home(home), settings, console=False, people=True)
    return Dispatcher(engine, notifiers[2:], clock=SystemClock())  # without the log files


def tell(engine: Engine, dispatcher: Dispatcher, *conditions: Condition) -> None:
    with write(engine) as connection:
        result = advance(
            alerts.load_living(connection),
            conditions,
            now=NOW,
            policy=AlertPolicy(),
            next_number=alerts.next_number(connection),
            simulated=False,
        )
        alerts.save(connection, result, channels=dispatcher.channels)


def many(count: int, level: Level = Level.WARNING) -> list[Condition]:
    return [replace(EXIT, key=f"k{i}", level=level, title=f"fact {i}") for i in range(count)]


def states(engine: Engine) -> list[str]:
    with read(engine) as connection:
        return list(connection.execute(select(schema.outbox.c.state)).scalars())


def test_an_exit_arrives_at_a_webhook_whole(home: Path, engine: Engine) -> None:
    with collector() as server:
        channels = sender(home, engine, f"hook=json://127.0.0.1:{server.port}/")
        tell(engine, channels, EXIT)
        channels.dispatch_due(NOW)
    (got,) = server.got
    assert got["title"] == "[EXIT] EXIT SIGNAL - Position a3f8 | Reason: Stop loss hit"
    assert "Stop at P&L -$570.00" in got["message"]
    assert "Alert A1" in got["message"]
    assert states(engine) == ["sent"]


def test_an_exit_arrives_by_mail(home: Path, engine: Engine) -> None:
    with smtp_server(accept=True) as (port, box):
        channels = sender(home, engine, f"mail={mailto(port)}")
        tell(engine, channels, EXIT)
        channels.dispatch_due(NOW)
    (mail,) = box.mails
    assert str(email.header.make_header(email.header.decode_header(mail["Subject"]))).startswith(
        "[EXIT] EXIT SIGNAL"
    )
    assert "-$570.00" in mail.get_payload(decode=True).decode()
    assert states(engine) == ["sent"]


def test_fault_47_refused_login_switches_the_mail_off_and_the_others_go_on(
    home: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with smtp_server(accept=False) as (port, box), collector() as server:
        hook = f"hook=json://127.0.0.1:{server.port}/"
        channels = sender(home, engine, f"mail={mailto(port)}", hook)
        tell(engine, channels, EXIT)
        channels.dispatch_due(NOW)
    assert box.mails == []
    assert len(server.got) == 1
    assert list(channels.broken()) == ["mail"]
    assert "code 535" in channels.broken()["mail"]
    assert [v.state for v in channels.health()] == ["disabled", "ok"]
    shown = caplog.text + json.dumps(channels.broken()) + str(channels.health())
    assert SECRET not in shown
    assert SECRET not in (home / "monitor.db").read_bytes().decode("latin-1")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_fault_47_a_dead_token_switches_the_channel_off(
    home: Path, engine: Engine, status: int
) -> None:
    with collector(status=status) as server:
        channels = sender(home, engine, f"hook=json://127.0.0.1:{server.port}/{SECRET}")
        tell(engine, channels, EXIT)
        channels.dispatch_due(NOW)
        channels.dispatch_due(NOW + timedelta(hours=1))
    assert len(server.paths) == 1  # asked once, not for ever
    assert f"code {status}" in channels.broken()["hook"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_fault_46_a_busy_service_is_asked_again_later(
    home: Path, engine: Engine, status: int
) -> None:
    with collector(status=status) as server:
        channels = sender(home, engine, f"hook=json://127.0.0.1:{server.port}/")
        tell(engine, channels, EXIT)
        report = channels.dispatch_due(NOW)
        assert report.retry_at == NOW + timedelta(seconds=5)
        assert channels.broken() == {}
        server.status = 200
        channels.dispatch_due(NOW + timedelta(seconds=5))
    assert len(server.got) == 1
    assert states(engine) == ["sent"]


def test_fault_46_a_service_that_is_away_gets_the_alert_when_it_is_back(
    home: Path, engine: Engine
) -> None:
    with collector() as server:
        port = server.port
    channels = sender(home, engine, f"hook=json://127.0.0.1:{port}/")
    tell(engine, channels, EXIT)
    channels.dispatch_due(NOW)
    (view,) = channels.health()
    assert (view.state, view.pending) == ("failing", 1)
    assert "could not be reached" in (view.error or "")
    with collector(port=port) as server:
        channels.dispatch_due(NOW + timedelta(seconds=5))
    assert len(server.got) == 1


def test_fault_48_three_hundred_alerts_are_one_message(home: Path, engine: Engine) -> None:
    with collector() as server:
        channels = sender(home, engine, f"hook=json://127.0.0.1:{server.port}/")
        tell(engine, channels, *many(300))
        channels.dispatch_due(NOW)
    (got,) = server.got
    assert got["title"] == "Condorwatch: 300 alerts (300 WARNING)"
    assert set(states(engine)) == {"sent"}


def test_quiet_hours_hold_opportunities_back_and_let_exits_pass(home: Path, engine: Engine) -> None:
    with collector() as server:
        channels = sender(
            home,
            engine,
            f"hook=json://127.0.0.1:{server.port}/",
            quiet_start="10:00",  # 10:45 in Los Angeles at NOW
            quiet_end="11:00",
        )
        tell(engine, channels, *many(1, Level.OPPORTUNITY), EXIT)
        channels.dispatch_due(NOW)
        assert [got["title"].split()[0] for got in server.got] == ["[EXIT]"]
        channels.dispatch_due(NOW + timedelta(minutes=15))
        assert server.got[1]["title"] == "[OPPORTUNITY] fact 0"


def test_a_level_that_is_off_is_settled_without_being_sent(home: Path, engine: Engine) -> None:
    with collector() as server:
        channels = sender(
            home, engine, f"hook=json://127.0.0.1:{server.port}/", warning=Loudness.OFF
        )
        tell(engine, channels, *many(2), EXIT)
        channels.dispatch_due(NOW)
    assert len(server.got) == 1
    assert states(engine) == ["off", "off", "sent"]


def test_silent_is_said_in_the_services_own_words() -> None:
    from zoneinfo import ZoneInfo

    from monitor.notify.apprise_channel import SILENT_OPTIONS, AppriseNotifier
    from monitor.notify.delivery import DeliveryRules

    urls = {
        "tgram": "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI/987654321",
        "ntfy": "ntfy://topic",
        "ntfys": "ntfys://topic",
        "pover": f"pover://{'u' * 30}@{'t' * 30}",
        "gotify": "gotify://host/token",
        "gotifys": "gotifys://host/token",
        "discord": f"discord://{'1' * 18}/{'a' * 24}",
    }
    assert set(urls) == set(SILENT_OPTIONS)
    for url in urls.values():  # apprise refuses an option that it does not know by ignoring it
        AppriseNotifier("x", url, rules=DeliveryRules(), zone=ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        (("json://h", "json://h"), "two notification channels are called"),
        (("phone=json://a", "phone=json://b"), "two notification channels are called 'phone'"),
        ((SECRET,), "notify.urls, entry 1"),
        ((f"phone=nosuch://{SECRET}",), "does not understand its nosuch://"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_at_the_start_without_its_secret(
    home: Path, urls: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        build_notifiers(Home(home), Settings(notify=Notify(urls=urls)), console=False, people=True)
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


def test_channels_are_read_from_a_file_of_their_own(home: Path) -> None:
    (home / "channels").write_text("# mine\nphone=json://127.0.0.1:9/\n\n", "utf-8")
    settings = load_settings(home, environ={"CONDORWATCH_NOTIFY__URLS_FILE": "channels"})
    made = build_notifiers(Home(home), settings, console=False, people=True)
    assert [n.name for n in made] == ["alerts.log", "alerts.jsonl", "phone"]


def test_a_replay_disturbs_nobody(home: Path) -> None:
    settings = Settings(notify=Notify(urls=("phone=json://127.0.0.1:9/",)))
    made = build_notifiers(Home(home), settings, console=False, people=False)
    assert [n.name for n in made] == ["alerts.log", "alerts.jsonl"]


def test_the_test_command_proves_each_channel_end_to_end(home: Path) -> None:
    with collector() as good, collector(status=401) as bad:
        urls = f"good=json://127.0.0.1:{good.port}/,bad=json://127.0.0.1:{bad.port}/{SECRET}"
        env = {"CONDORWATCH_NOTIFY__URLS": urls}
        done = run("monitor", "alerts", "test", "--json", home=home, env=env)
    assert done.returncode == 1
    channels = {c["name"]: c["ok"] for c in json.loads(done.stdout)["channels"]}
    assert channels == {
        "alerts.log": True,
        "alerts.jsonl": True,
        "good": True,
        "bad": False,
        "console": True,
    }
    assert good.got[0]["title"] == "[INFO] TEST - this channel works; nothing has to be done"
    assert SECRET not in done.stdout + done.stderr


def test_pushover_is_sent_no_more_than_it_takes(
    home: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses a message of over 1,024 characters, and would do so at every attempt."""
    posted: list[dict[str, str]] = []

    def post(_url: str, *, data: dict[str, str], **_kept: Any) -> Any:
        posted.append(data)
        answer = requests.Response()
        answer.status_code = 200
        return answer

    monkeypatch.setattr(requests, "post", post)
    dispatcher = sender(home, engine, f"pover://{'u' * 30}@{'a' * 30}")
    tell(engine, dispatcher, replace(EXIT, details=("d" * 700, "e" * 700)), *many(40, Level.EXIT))
    dispatcher.dispatch_due(NOW)
    assert len(posted) == 1
    assert len(posted[0]["message"]) <= 1024
    assert "more: logs/alerts.log" in posted[0]["message"]


def test_a_channel_may_not_take_the_terminals_name(home: Path, engine: Engine) -> None:
    with pytest.raises(ConfigError, match="console"):
        sender(home, engine, "console=json://localhost")
