"""Alerts and outbox in a real database, channels that refuse, hang and come back."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.emitter import Compared, Emitter
from sqlalchemy import Engine, select, update

from monitor.clock import PACIFIC, FixedClock, SystemClock
from monitor.domain.alert_lifecycle import AlertPolicy, acknowledge, advance
from monitor.domain.alerts import AlertState, Condition, Notice, Reason
from monitor.domain.vocabulary import Level
from monitor.errors import InputError, NotifyError, StoreError
from monitor.notify.channel import retry_after
from monitor.notify.dispatcher import Dispatcher
from monitor.notify.jsonl import alerts_jsonl
from monitor.notify.logfile import alerts_log
from monitor.store import alerts, outbox, schema
from monitor.store.engine import open_engine, read, write

START = datetime(2026, 2, 20, 18, 45, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EXIT = Condition(
    key="exit:a3f8c2d1:stop_loss",
    level=Level.EXIT,
    title="EXIT SIGNAL - Position a3f8 | Reason: Stop loss hit | P&L: -$570.00 (-200.0%)",
    details=("Stop at P&L -$570.00",),
    ticker="NDX",
    position_id="a3f8c2d1",
    resolved_title="Exit over",
    data=(("pnl_usd", -570.0), ("pnl_source", "you"), ("level_usd", None)),
)


@dataclass
class FakeNotifier:
    """A channel that answers as told: `answers` are used up one per message."""

    name: str = "fake"
    answers: list[NotifyError | Exception | None] = field(default_factory=list)
    got: list[str] = field(default_factory=list)

    def send(self, notice: Notice) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.got.append(notice.id)

    def close(self) -> None:
        self.got.append("closed")


def refused(*, permanent: bool = False) -> NotifyError:
    return NotifyError("connection refused", permanent=permanent)


@pytest.fixture
def engine(home: Path, store_url: str) -> Iterator[Engine]:
    made = open_engine(store_url or f"sqlite:///{home / 'monitor.db'}")
    schema.metadata.create_all(made)
    yield made
    made.dispose()


def cycle(
    engine: Engine,
    conditions: Sequence[Condition],
    now: datetime = START,
    channels: Sequence[str] = ("fake",),
) -> tuple[Notice, ...]:
    """One cycle as the monitor does it: load, decide and save in one transaction."""
    with write(engine) as connection:
        result = advance(
            alerts.load_living(connection),
            conditions,
            now=now,
            policy=AlertPolicy(),
            next_number=alerts.next_number(connection),
            simulated=False,
        )
        alerts.save(connection, result, channels=channels)
    return result.notices


def states(engine: Engine) -> list[tuple[str, int]]:
    with read(engine) as connection:
        rows = connection.execute(select(schema.outbox).order_by(schema.outbox.c.id))
        return [(row.state, row.attempts) for row in rows]


# --- alerts ----------------------------------------------------------------------------------


def test_alert_survives_a_restart_unchanged(engine: Engine) -> None:
    cycle(engine, [EXIT])
    with read(engine) as connection:
        record = alerts.load_living(connection)[EXIT.key]
    assert record.condition == EXIT
    assert (record.number, record.state, record.started_at) == (1, AlertState.FIRING, START)
    assert cycle(engine, [EXIT], START + 29 * MINUTE) == ()
    assert [n.id for n in cycle(engine, [EXIT], START + 30 * MINUTE)] == ["A1.2"]


def test_ended_alert_is_replaced_by_a_new_number(engine: Engine) -> None:
    for minute, conditions in [(0, [EXIT]), (1, []), (16, []), (17, [EXIT])]:
        cycle(engine, conditions, START + minute * MINUTE)
    with read(engine) as connection:
        views = alerts.recent(connection)
    assert [(v.id, v.state, v.reason) for v in views] == [
        ("A2", "firing", "first"),
        ("A1", "resolved", "resolved"),
    ]


def test_event_told_again_keeps_one_living_row_per_key(engine: Engine) -> None:
    event = Condition(
        key="regime", level=Level.WARNING, title="LOW → MEDIUM", event=True, fingerprint="a"
    )
    cycle(engine, [event])
    cycle(engine, [replace(event, fingerprint="b")], START + MINUTE)
    with read(engine) as connection:
        assert [r.number for r in alerts.load_living(connection).values()] == [2]


def test_failed_transaction_leaves_neither_alert_nor_message(engine: Engine) -> None:
    def fail_after_saving() -> None:
        with write(engine) as connection:
            result = advance(
                {}, [EXIT], now=START, policy=AlertPolicy(), next_number=1, simulated=False
            )
            alerts.save(connection, result, channels=["fake"])
            raise RuntimeError("killed here")

    with pytest.raises(RuntimeError, match="killed here"):
        fail_after_saving()
    assert states(engine) == []
    assert [n.id for n in cycle(engine, [EXIT])] == ["A1.1"]


def test_recent_shows_the_last_told_first_and_no_more_than_asked(engine: Engine) -> None:
    for i in range(12):
        cycle(engine, [replace(EXIT, key=f"exit:{j}") for j in range(i + 1)], START + i * MINUTE)
    with read(engine) as connection:
        views = alerts.recent(connection, limit=10)
    assert [v.id for v in views] == [f"A{n}" for n in range(12, 2, -1)]


def test_pending_alert_is_not_shown_before_it_is_told(engine: Engine) -> None:
    cycle(engine, [replace(EXIT, hold=5 * MINUTE)])
    with read(engine) as connection:
        assert alerts.recent(connection) == ()
        assert alerts.load_living(connection)[EXIT.key].state is AlertState.PENDING


def test_answer_is_found_by_id_and_kept(engine: Engine) -> None:
    cycle(engine, [EXIT])
    with write(engine) as connection:
        for spelling in ("A1", "a1", "1", " A1 "):
            assert alerts.find_living(connection, spelling).number == 1
        alerts.save_answer(connection, acknowledge(alerts.find_living(connection, "A1")))
    assert cycle(engine, [EXIT], START + 500 * MINUTE) == ()


@pytest.mark.parametrize("text", ["", "A", "A0", "A-1", "seventeen", "A1٢", "A1;", "1e3"])
def test_what_is_no_id_is_refused(engine: Engine, text: str) -> None:
    with write(engine) as connection, pytest.raises(InputError, match="is no alert id"):
        alerts.find_living(connection, text)


def test_unknown_alert_names_the_living_ones(engine: Engine) -> None:
    cycle(engine, [EXIT])
    with write(engine) as connection, pytest.raises(StoreError) as caught:
        alerts.find_living(connection, "A9")
    assert (caught.value.message, caught.value.hint) == ("there is no alert A9", "open now: A1")


# --- channels --------------------------------------------------------------------------------


def dispatcher(engine: Engine, *notifiers: FakeNotifier) -> Dispatcher:
    return Dispatcher(engine, notifiers, clock=FixedClock(START))


def test_message_goes_out_once(engine: Engine) -> None:
    fake = FakeNotifier()
    sender = dispatcher(engine, fake)
    cycle(engine, [EXIT])
    assert sender.dispatch_due(START).sent == {"fake": 1}
    assert sender.dispatch_due(START).sent == {"fake": 0}
    assert fake.got == ["A1.1"]
    assert states(engine) == [("sent", 0)]


def test_fault_46_refused_message_is_delivered_later_in_order(engine: Engine) -> None:
    fake = FakeNotifier(answers=[refused(), refused()])
    sender = dispatcher(engine, fake)
    cycle(engine, [EXIT, replace(EXIT, key="exit:b")])
    report = sender.dispatch_due(START)
    assert report.retry_at == START + timedelta(seconds=5)
    assert sender.health()[0].state == "failing"
    cycle(engine, [EXIT, replace(EXIT, key="exit:b"), replace(EXIT, key="exit:c")], START)
    sender.dispatch_due(START + timedelta(seconds=4))
    assert fake.answers == [fake.answers[0]]  # not asked before its time
    report = sender.dispatch_due(START + timedelta(seconds=5))
    assert report.retry_at == START + timedelta(seconds=15)
    sender.dispatch_due(START + timedelta(seconds=15))
    assert fake.got == ["A1.1", "A2.1", "A3.1"]
    (view,) = sender.health()
    assert (view.state, view.error, view.last_ok_at) == ("ok", None, START + timedelta(seconds=15))


def test_back_off_doubles_up_to_five_minutes() -> None:
    assert [retry_after(n).total_seconds() for n in (0, 1, 2, 6, 7, 99)] == [
        5, 10, 20, 300, 300, 300,
    ]  # fmt: skip


def test_clock_set_back_does_not_hold_a_message(engine: Engine) -> None:
    fake = FakeNotifier(answers=[refused()])
    sender = dispatcher(engine, fake)
    cycle(engine, [EXIT])
    sender.dispatch_due(START)
    sender.dispatch_due(START - 60 * MINUTE)
    assert fake.got == ["A1.1"]


def test_fault_47_broken_channel_is_switched_off_and_the_others_tell(engine: Engine) -> None:
    broken = FakeNotifier("mail", [NotifyError("535 refused", permanent=True, hint="password?")])
    fine = FakeNotifier("fake")
    sender = dispatcher(engine, broken, fine)
    cycle(engine, [EXIT, replace(EXIT, key="exit:b")], channels=("mail", "fake"))
    sender.dispatch_due(START)
    assert fine.got == ["A1.1", "A2.1"]
    assert sender.broken() == {"mail": "535 refused (password?)"}
    view = sender.health({"mail": 2})[0]
    assert (view.name, view.state, view.pending) == ("mail", "disabled", 2)
    sender.dispatch_due(START + 60 * MINUTE)
    assert broken.got == []
    # The next start, with the right password, tells what was refused, too.
    again = FakeNotifier("mail")
    dispatcher(engine, again).dispatch_due(START + 61 * MINUTE)
    assert again.got == ["A1.1", "A2.1"]


def test_defect_in_a_channel_is_contained(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    broken = FakeNotifier("broken", [ZeroDivisionError("bug")])
    fine = FakeNotifier("fake")
    sender = dispatcher(engine, broken, fine)
    cycle(engine, [EXIT], channels=("broken", "fake"))
    sender.dispatch_due(START)
    assert fine.got == ["A1.1"]
    assert sender.health()[0].error == "ZeroDivisionError: bug"
    assert "channel failed" in caplog.text
    sender.dispatch_due(START + 2 * MINUTE)
    assert broken.got == ["A1.1"]


def test_claim_of_a_living_process_is_respected_and_of_a_dead_one_taken_over(
    engine: Engine,
) -> None:
    cycle(engine, [EXIT])
    with write(engine) as connection:
        until = (START + timedelta(seconds=60)).isoformat()
        connection.execute(update(schema.outbox).values(claim={"by": "other", "until": until}))
    fake = FakeNotifier()
    sender = dispatcher(engine, fake)
    sender.dispatch_due(START)
    assert fake.got == []
    sender.dispatch_due(START + timedelta(seconds=61))
    assert fake.got == ["A1.1"]


def test_fault_46_hanging_channel_delays_neither_others_nor_the_end(engine: Engine) -> None:
    release, entered, told = threading.Event(), threading.Event(), threading.Event()

    class Hanging(FakeNotifier):
        def send(self, notice: Notice) -> None:
            entered.set()
            release.wait(30)

    class Telling(FakeNotifier):
        def send(self, notice: Notice) -> None:
            super().send(notice)
            told.set()

    hanging, fine = Hanging("hanging"), Telling("fake")
    sender = Dispatcher(engine, [hanging, fine], clock=SystemClock())
    cycle(engine, [EXIT], channels=("hanging", "fake"))
    sender.start()
    try:
        assert entered.wait(30)
        assert told.wait(30)  # while the first still hangs
        assert not sender.stop(timeout_s=0.05)
        assert fine.got == ["A1.1"]
    finally:
        release.set()
        assert sender.stop(timeout_s=30)


def test_threads_send_what_is_committed_later_and_flush_at_the_end(engine: Engine) -> None:
    fake = FakeNotifier()
    sender = Dispatcher(engine, [fake], clock=SystemClock())
    sender.start()
    cycle(engine, [EXIT])
    assert sender.stop(timeout_s=30)
    assert fake.got == ["A1.1", "closed"]


def test_end_without_threads_sends_what_is_left(engine: Engine) -> None:
    fake = FakeNotifier()
    cycle(engine, [EXIT])
    assert dispatcher(engine, fake).stop()
    assert fake.got == ["A1.1", "closed"]


def test_fault_26_two_processes_write_each_line_once(engine: Engine, home: Path) -> None:
    """Two dispatchers on one home, both told to send the same 40 rows at once."""
    path = home / "alerts.log"
    conditions = [replace(EXIT, key=f"exit:{i}") for i in range(40)]
    cycle(engine, conditions, channels=("alerts.log",))
    senders = [
        Dispatcher(engine, [alerts_log(path, zone=PACIFIC)], clock=SystemClock()) for _ in range(2)
    ]
    for sender in senders:
        sender.start()
    assert all([sender.stop(timeout_s=30) for sender in senders])
    told = [line for line in path.read_text("utf-8").splitlines() if line.startswith("  Alert")]
    assert sorted(told) == sorted(f"  Alert A{n}" for n in range(1, 41))


def test_fault_50_rotation_while_running_loses_nothing(engine: Engine, home: Path) -> None:
    path = home / "alerts.log"
    sender = Dispatcher(engine, [alerts_log(path, zone=PACIFIC)], clock=FixedClock(START))
    for i in range(6):
        cycle(engine, [replace(EXIT, key=f"exit:{i}")], START + i * MINUTE, ("alerts.log",))
        sender.dispatch_due(START + i * MINUTE)
        if i in {1, 3}:
            path.rename(home / f"alerts.log.{i}")
    texts = [p.read_text("utf-8") for p in sorted(home.glob("alerts.log*"))]
    told = [line for text in texts for line in text.splitlines() if line.startswith("  Alert")]
    assert sorted(told) == [f"  Alert A{n}" for n in range(1, 7)]
    assert len(texts) == 3


def test_crash_between_write_and_commit_writes_no_line_twice(
    engine: Engine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    path = home / "alerts.jsonl"
    cycle(engine, [EXIT, replace(EXIT, key="exit:b")], channels=("alerts.jsonl",))
    sender = Dispatcher(engine, [alerts_jsonl(path)], clock=FixedClock(START))
    with monkeypatch.context() as patch:
        real = outbox.mark_sent
        marks = iter([real, killed])  # the first one marks what was settled: nothing

        def mark_sent(*args: Any, **options: Any) -> None:
            next(marks)(*args, **options)

        patch.setattr(outbox, "mark_sent", mark_sent)
        with pytest.raises(KeyboardInterrupt):
            sender.dispatch_due(START)
    assert [state for state, _ in states(engine)] == ["pending", "pending"]
    assert path.read_text().count("\n") == 2
    Dispatcher(engine, [alerts_jsonl(path)], clock=FixedClock(START)).dispatch_due(START)
    assert [state for state, _ in states(engine)] == ["sent", "sent"]
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["A1.1", "A2.1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process at a given line")
def test_fault_22_killed_inside_emit_every_notice_is_in_the_files_exactly_once(home: Path) -> None:
    """kill -9 at many different lines of committing and sending, one run after the other."""
    emitter = Emitter(home)
    assert emitter.kill(50) > 30
    assert emitter.compare() == Compared(missing=0, doubled=0, torn=0)
    engine = open_engine(f"sqlite:///{home / 'monitor.db'}")
    with read(engine) as connection:
        committed = [
            f"A{n}" for n in connection.execute(select(schema.notices.c.alert_number)).scalars()
        ]
    log = (home / "alerts.log").read_text("utf-8").splitlines()
    assert [line.removeprefix("  Alert ") for line in log if "Alert" in line] == committed
    assert len(log) == 2 * len(committed)
    records = [json.loads(line) for line in (home / "alerts.jsonl").read_text().splitlines()]
    assert [record["alert"] for record in records] == committed
    assert {state for state, _ in states(engine)} == {"sent"}
    engine.dispose()


def test_test_notice_reports_each_channel(engine: Engine, home: Path) -> None:
    notice = Notice(
        alert_number=0, sequence=0, reason=Reason.TEST, at=START, level=Level.INFO, title="TEST"
    )
    broken = FakeNotifier("mail", [refused()])
    log = alerts_log(home / "alerts.log", zone=PACIFIC)
    sender = Dispatcher(engine, [broken, log], clock=FixedClock(START))
    outcome = sender.send_test(notice, START)
    assert {name: str(error or "ok") for name, error in outcome.items()} == {
        "mail": "connection refused",
        "alerts.log": "ok",
    }
    assert (home / "alerts.log").read_text() == (
        "[2026-02-20 10:45:00] [INFO] TEST\n  Test of this channel\n"
    )


@dataclass
class Mortal(FakeNotifier):
    """The process dies in its second message."""

    def send(self, notice: Notice) -> None:
        if self.got:
            raise SystemExit
        super().send(notice)


def three_exits(engine: Engine) -> None:
    cycle(engine, [replace(EXIT, key=f"exit:{i}:stop_loss") for i in range(3)])


def test_only_the_message_under_way_comes_twice_after_a_death(engine: Engine) -> None:
    three_exits(engine)
    first = Mortal()
    with pytest.raises(SystemExit):
        dispatcher(engine, first).dispatch_due(START)
    second = FakeNotifier()
    dispatcher(engine, second).dispatch_due(START + 2 * MINUTE)
    assert (first.got, second.got) == (["A1.1"], ["A2.1", "A3.1"])


def test_a_defect_in_one_message_repeats_none_before_it(engine: Engine) -> None:
    three_exits(engine)
    channel = FakeNotifier(answers=[None, ValueError("odd"), ValueError("odd"), None])
    sender = dispatcher(engine, channel)
    for minutes in range(3):
        sender.dispatch_due(START + minutes * MINUTE)
    assert channel.got == ["A1.1", "A2.1", "A3.1"]


def test_an_exit_passes_a_longer_queue_than_one_batch(engine: Engine) -> None:
    other = [replace(EXIT, key=f"info:{i}", level=Level.INFO) for i in range(outbox.BATCH)]
    cycle(engine, [*other, EXIT])
    with read(engine) as connection:
        assert outbox.pending(connection, "fake", urgent_first=True)[0].notice.level is Level.EXIT
        assert outbox.pending(connection, "fake")[0].notice.level is Level.INFO
