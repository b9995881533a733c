"""The composition root: which folder a source names, and what is closed at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.spine import NOW, FakeProvider, running

from monitor.app import replay_path
from monitor.errors import ConfigError


@pytest.mark.parametrize("source", ["auto", "yahoo", "cboe", "demo", "replays"])
def test_only_replay_names_a_folder(source: str) -> None:
    assert replay_path(source) is None


def test_a_replays_folder_must_be_there(tmp_path: Path) -> None:
    assert replay_path(f"replay:{tmp_path}") == tmp_path
    with pytest.raises(ConfigError, match="does not exist"):
        replay_path(f"replay:{tmp_path / 'none'}")


class ClosingProvider(FakeProvider):
    closed = False

    def close(self) -> None:
        self.closed = True


def test_provider_and_store_are_closed_also_after_a_failure(home: Path) -> None:
    provider = ClosingProvider()

    def failing() -> None:
        with running(home, provider=provider) as runner:
            runner.cycle(NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert provider.closed
    assert not (home / "data" / "monitor.db-wal").exists()  # the last connection is gone


def test_what_is_fetched_is_recorded_for_a_later_replay(home: Path) -> None:
    with running(home, record=True) as runner:
        runner.cycle(NOW)
    assert list((home / "data" / "history").rglob("*.parquet"))


def test_trap_34_simulated_data_is_never_recorded(home: Path) -> None:
    with running(home, provider=FakeProvider(simulated=True), record=True) as runner:
        runner.cycle(NOW)
    assert not (home / "data" / "history").exists()
