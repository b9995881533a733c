"""A channel that refuses at random: everything arrives, in order, once."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.clock import FixedClock
from monitor.domain.alert_lifecycle import AdvanceResult, AlertPolicy, advance
from monitor.domain.alerts import Condition, Notice
from monitor.domain.vocabulary import Level
from monitor.errors import NotifyError
from monitor.notify.dispatcher import Dispatcher
from monitor.store import alerts, schema
from monitor.store.engine import open_engine, write

START = datetime(2026, 2, 20, 14, 30, tzinfo=UTC)


class Moody:
    """Takes a message or refuses it for now, as the list says; then takes everything."""

    name = "moody"

    def __init__(self, moods: list[bool]) -> None:
        self.moods, self.got = moods, list[str]()

    def send(self, notice: Notice) -> None:
        if self.moods and not self.moods.pop(0):
            raise NotifyError("busy", permanent=False)
        self.got.append(notice.id)

    def close(self) -> None:
        pass


def new_alerts(next_number: int, count: int) -> AdvanceResult:
    conditions = [
        Condition(key=f"k{next_number + i}", level=Level.EXIT, title="t") for i in range(count)
    ]
    return advance(
        {}, conditions, now=START, policy=AlertPolicy(), next_number=next_number, simulated=False
    )


@settings(deadline=None, max_examples=25)
@given(
    batches=st.lists(st.integers(0, 3), max_size=5),
    moods=st.lists(st.booleans(), max_size=8),
    restart=st.booleans(),
)
def test_everything_arrives_in_order_once(
    batches: list[int], moods: list[bool], *, restart: bool
) -> None:
    moody, now, number = Moody(moods), START, 1
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'monitor.db'}")
        schema.metadata.create_all(engine)
        sender = Dispatcher(engine, [moody], clock=FixedClock(START))
        for count in batches:
            result = new_alerts(number, count)
            number = result.next_number
            with write(engine) as connection:
                alerts.save(connection, result, channels=sender.channels)
            report = sender.dispatch_due(now)
            now = report.retry_at or now + timedelta(seconds=1)
            if restart:
                sender = Dispatcher(engine, [moody], clock=FixedClock(START))
        while (report := sender.dispatch_due(now)).retry_at is not None:
            now = report.retry_at
        engine.dispose()
    assert moody.got == [f"A{n}.1" for n in range(1, number)]
