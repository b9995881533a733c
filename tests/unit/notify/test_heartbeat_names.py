"""A heartbeat whose name cannot be: said without the URL, and the thread lives on."""

from __future__ import annotations

from monitor.notify.heartbeat import Heartbeat


def test_a_name_that_cannot_be_is_a_problem_and_no_crash() -> None:
    said = Heartbeat("http://a..b/secret-uuid")._ping()
    assert said is not None
    assert "not reached" in said
    assert "secret-uuid" not in said
