"""The append-only file: claims, recovery, rotation."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pytest

from monitor.domain.alerts import Notice, Reason
from monitor.domain.vocabulary import Level
from monitor.errors import NotifyError
from monitor.notify import journal as journal_module
from monitor.notify.journal import Journal


def notice(number: int) -> Notice:
    return Notice(
        alert_number=number,
        sequence=1,
        reason=Reason.FIRST,
        at=datetime(2026, 2, 20, 18, 45, tzinfo=UTC),
        level=Level.EXIT,
        title=f"line {number} → ✓",
    )


ONE, TWO, THREE = notice(1), notice(2), notice(3)


@pytest.fixture
def log(tmp_path: Path) -> Journal:
    return Journal(
        name="log", path=tmp_path / "logs" / "alerts.log", render=lambda n: f"{n.title}\n"
    )


@pytest.fixture
def started(log: Journal) -> Journal:
    log.send(ONE)
    return log


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_first_write_makes_the_folder(log: Journal) -> None:
    log.send(ONE)
    assert lines(log.path) == ["line 1 → ✓"]


def test_claim_counts_bytes_not_characters(started: Journal) -> None:
    """The text "line 1 → ✓\\n" is 8 one-byte characters, two of three bytes, a line end: 15."""
    two, three = started.plan([TWO, THREE])
    assert (two["offset"], two["size"], three["offset"]) == (15, 15, 30)


def test_fault_22_claim_is_settled_by_what_the_file_holds(started: Journal) -> None:
    two, three = started.plan([TWO, THREE])
    whole = "line 2 → ✓\n".encode()
    with started.path.open("ab") as file:
        file.write(whole + b"lin")  # killed inside the third line
    assert started.settle(two, TWO)
    assert not started.settle(three, THREE)
    started.append([THREE])
    assert lines(started.path) == ["line 1 → ✓", "line 2 → ✓", "line 3 → ✓"]


@pytest.mark.parametrize("cut", range(15))
def test_fault_22_every_cut_of_a_line_is_written_whole_once(started: Journal, cut: int) -> None:
    (claim,) = started.plan([TWO])
    with started.path.open("ab") as file:
        file.write("line 2 → ✓\n".encode()[:cut])
    assert not started.settle(claim, TWO)
    started.append([TWO])
    assert lines(started.path) == ["line 1 → ✓", "line 2 → ✓"]


def test_fault_50_claim_follows_a_renamed_log(started: Journal) -> None:
    (claim,) = started.plan([TWO])
    started.append([TWO])
    old = started.path.with_name("alerts.log.1")
    started.path.rename(old)
    started.send(THREE)
    assert started.settle(claim, TWO)
    assert lines(old) == ["line 1 → ✓", "line 2 → ✓"]
    assert lines(started.path) == ["line 3 → ✓"]


def test_fault_50_removed_log_is_begun_anew(started: Journal) -> None:
    (claim,) = started.plan([TWO])
    started.path.unlink()
    assert not started.settle(claim, TWO)
    started.append([TWO])
    assert lines(started.path) == ["line 2 → ✓"]


def test_fault_50_log_removed_while_it_is_written_is_written_again(
    started: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync
    monkeypatch.setattr(os, "fsync", _once(started.path.unlink, then=real))
    started.append([TWO])
    assert lines(started.path) == ["line 2 → ✓"]


def test_truncated_log_is_written_on(started: Journal) -> None:
    (claim,) = started.plan([TWO])
    started.path.write_bytes(b"")  # copytruncate
    assert not started.settle(claim, TWO)
    started.append([TWO])
    assert lines(started.path) == ["line 2 → ✓"]


def test_line_that_somebody_else_left_open_is_ended_first(started: Journal) -> None:
    with started.path.open("ab") as file:
        file.write(b"edited by hand")
    (claim,) = started.plan([TWO])
    started.append([TWO])
    assert lines(started.path)[1:] == ["edited by hand", "line 2 → ✓"]
    assert started.settle(claim, TWO)


def test_foreign_text_after_a_claim_is_never_cut_off(started: Journal) -> None:
    (claim,) = started.plan([TWO])
    with started.path.open("ab") as file:
        file.write(b"somebody else's line\n")
    assert not started.settle(claim, TWO)
    assert "somebody else's line" in lines(started.path)


def test_fault_24_full_disk_leaves_no_half_line(
    started: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = started.path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotifyError, match="No space left") as caught:
        started.append([TWO])
    assert not caught.value.permanent
    assert started.path.read_bytes() == before


def test_folder_that_is_a_file_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    log = Journal(name="log", path=tmp_path / "logs" / "alerts.log", render=lambda n: n.title)
    with pytest.raises(NotifyError, match="cannot be written"):
        log.send(ONE)


def test_writers_take_turns(started: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "LOCK_WAIT_S", 0.0)
    with (
        started.exclusively(),
        pytest.raises(NotifyError, match="held by another process"),
    ):
        started.send(TWO)


def _once(first: Any, *, then: Any) -> Any:
    calls: list[IO[bytes]] = []

    def call(descriptor: Any) -> None:
        if not calls:
            first()
        calls.append(descriptor)
        then(descriptor)

    return call
