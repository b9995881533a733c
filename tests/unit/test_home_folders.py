"""The home folder, and the homes that runs clear for themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.home import Home, find_home
from monitor.scratch_home import claim_scratch_home, clear_scratch_home

MARKER, WORDS = "REPLAY.txt", "made by a replay\n"


def test_the_flag_beats_the_environment_which_beats_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"CONDORWATCH_HOME": str(tmp_path / "env")}
    assert find_home(tmp_path / "flag", environ).root == tmp_path / "flag"
    assert find_home(None, environ).root == tmp_path / "env"
    assert find_home(None, {}).root == tmp_path
    assert find_home(None, {"CONDORWATCH_HOME": ""}).root == tmp_path


def test_looking_for_a_home_makes_nothing(tmp_path: Path) -> None:
    find_home(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_preparing_makes_what_a_run_writes_to_and_keeps_what_is_there(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "monitor.db").write_text("mine")
    home.prepare()
    assert {p.name for p in tmp_path.iterdir()} == {"data", "logs", "results"}
    assert (tmp_path / "data" / "monitor.db").read_text() == "mine"


def test_a_home_that_cannot_be_made_says_how_to_choose_another(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigError, match="cannot be written") as failed:
        Home(blocked / "below").prepare()
    assert "CONDORWATCH_HOME" in failed.value.hint


def test_a_scratch_home_is_cleared_of_the_last_run_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "replay")
    lock = claim_scratch_home(home, marker=MARKER, words=WORDS)
    clear_scratch_home(home)
    (home.data / "monitor.db").write_text("old")
    (home.root / "note.txt").write_text("keep")
    lock.write_text("")
    assert claim_scratch_home(home, marker=MARKER, words=WORDS) == lock
    assert (home.data / "monitor.db").exists()  # claiming alone clears nothing
    clear_scratch_home(home)
    assert list(home.data.iterdir()) == []
    assert (home.root / "note.txt").read_text() == "keep"
    assert (home.root / MARKER).read_text() == WORDS


def test_trap_34_a_folder_that_no_run_made_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "monitor.db").write_text("real")
    with pytest.raises(ConfigError, match="it is not cleared"):
        claim_scratch_home(home, marker=MARKER, words=WORDS)
    assert (tmp_path / "data" / "monitor.db").read_text() == "real"
    assert not (tmp_path / MARKER).exists()


def test_an_empty_folder_may_be_claimed(tmp_path: Path) -> None:
    claim_scratch_home(Home(tmp_path), marker=MARKER, words=WORDS)
    assert (tmp_path / MARKER).is_file()


def test_a_scratch_home_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigError, match="cannot be prepared"):
        claim_scratch_home(Home(blocked / "replay"), marker=MARKER, words=WORDS)
