"""The loop around the cycle: overruns, failures, a clock that is set, stopping."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import time_machine

from monitor.clock import FixedClock, SystemClock
from monitor.runtime.loop import ClockGuard, Loop

WAIT_S = 20.0  # an upper bound for a busy machine; nothing is timed


def test_runs_the_asked_number_of_cycles() -> None:
    runs: list[int] = []
    loop = Loop(
        cycle=lambda: runs.append(1), interval_s=0.05, clock=SystemClock(), max_iterations=3
    )
    assert loop.run()
    assert len(runs) == 3
    assert loop.health.last_run_at is not None


def test_fault_34_a_cycle_that_raises_does_not_end_the_loop() -> None:
    outcomes = iter([ValueError("first"), None, None])

    def cycle() -> None:
        if error := next(outcomes):
            raise error

    loop = Loop(cycle=cycle, interval_s=0.05, clock=SystemClock(), max_iterations=3)
    assert loop.run()
    assert not loop.failed
    assert loop.health.failures_in_a_row == 0


def test_fault_34_three_failures_in_a_row_end_it_and_say_so() -> None:
    def cycle() -> None:
        raise ValueError("always")

    loop = Loop(cycle=cycle, interval_s=0.05, clock=SystemClock())
    loop.run()
    assert loop.failed
    assert loop.health.error == "ValueError: always"


def test_fault_19_an_overrun_is_skipped_and_counted_never_piled_up() -> None:
    running, release = threading.Event(), threading.Event()
    concurrent: list[int] = []
    active = 0

    def cycle() -> None:
        nonlocal active
        active += 1
        concurrent.append(active)
        running.set()
        release.wait(WAIT_S)
        active -= 1

    loop = Loop(cycle=cycle, interval_s=0.05, clock=SystemClock(), max_iterations=1)
    thread = threading.Thread(target=loop.run)
    thread.start()
    assert running.wait(WAIT_S)
    while loop.health.overruns < 2:
        threading.Event().wait(0.05)
    release.set()
    thread.join(WAIT_S)
    assert concurrent == [1]


def test_fault_15_the_guard_sees_the_wall_clock_part_from_the_monotonic_one() -> None:
    clock = FixedClock(datetime(2026, 11, 20, 15, tzinfo=UTC))
    guard = ClockGuard(clock)
    assert guard.jumped_s() == 0.0
    clock.advance(timedelta(hours=2))  # time passes: no jump
    assert guard.jumped_s() == 0.0
    clock.set_wall(clock.now() - timedelta(hours=1))
    assert guard.jumped_s() == -3600.0
    assert guard.jumped_s() == 0.0
    clock.set_wall(clock.now() + timedelta(hours=1))
    assert guard.jumped_s() == 3600.0


def test_fault_15_polling_goes_on_after_the_clock_is_set_back_an_hour() -> None:
    first, second = threading.Event(), threading.Event()

    def cycle() -> None:
        (second if first.is_set() else first).set()

    # The interval is long: only the guard can bring the second cycle.
    loop = Loop(cycle=cycle, interval_s=600, clock=SystemClock())
    thread = threading.Thread(target=loop.run)
    thread.start()
    assert first.wait(WAIT_S)
    threading.Event().wait(0.6)  # the guard takes its first reading
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
        came = second.wait(WAIT_S)
        loop.stop()
        thread.join(WAIT_S)
    assert came


def test_fault_35_stopping_does_not_wait_for_a_hung_cycle() -> None:
    running, release = threading.Event(), threading.Event()

    def cycle() -> None:
        running.set()
        release.wait(WAIT_S)

    loop = Loop(cycle=cycle, interval_s=0.05, clock=SystemClock())
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(loop.run()))
    thread.start()
    assert running.wait(WAIT_S)
    loop.stop()
    thread.join(WAIT_S)
    assert ended == [False]
    release.set()
