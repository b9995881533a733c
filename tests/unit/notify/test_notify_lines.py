"""The two files' lines and the terminal's, compared with the contract."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest

from monitor.clock import PACIFIC
from monitor.domain.alerts import Notice, Reason
from monitor.domain.vocabulary import Level
from monitor.errors import NotifyError
from monitor.notify.console import ConsoleNotifier, wants_color
from monitor.notify.jsonl import alerts_jsonl
from monitor.notify.logfile import alerts_log

NOTICE = Notice(
    alert_number=17,
    sequence=1,
    reason=Reason.FIRST,
    at=datetime(2026, 2, 21, 18, 45, tzinfo=UTC),  # 10:45 Pacific
    level=Level.EXIT,
    title="EXIT SIGNAL - Position a3f8 | Reason: Profit target hit | P&L: $142.50 (+50.0%)",
    position_id="a3f8c2d1",
    ticker="NDX",
)


def log_text(notice: Notice, zone: ZoneInfo = PACIFIC) -> str:
    return alerts_log(Path("unused"), zone=zone).render(notice)


def json_object(notice: Notice) -> dict[str, Any]:
    text = alerts_jsonl(Path("unused")).render(notice)
    assert text.endswith("\n")
    assert text.count("\n") == 1
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_log_line_is_the_contract_to_the_letter() -> None:
    assert log_text(NOTICE).splitlines()[0] == (
        "[2026-02-21 10:45:00] [EXIT] EXIT SIGNAL - Position a3f8 | Reason: Profit target hit | "
        "P&L: $142.50 (+50.0%)"
    )


def test_log_indents_details_and_names_the_alert() -> None:
    notice = replace(
        NOTICE,
        level=Level.OPPORTUNITY,
        title="Found 1 trade opportunity(ies)",
        details=(
            "#1: 3DTE P98 IRON_CONDOR @ 07:30 | Win:95.5% ROI:346.2% | Credit:$285 Risk:$1715",
        ),
    )
    assert log_text(notice) == (
        "[2026-02-21 10:45:00] [OPPORTUNITY] Found 1 trade opportunity(ies)\n"
        "  #1: 3DTE P98 IRON_CONDOR @ 07:30 | Win:95.5% ROI:346.2% | Credit:$285 Risk:$1715\n"
        "  Alert A17\n"
    )


def test_log_says_why_something_is_told_again() -> None:
    again = replace(NOTICE, reason=Reason.REMINDER, sequence=3)
    assert log_text(again).splitlines()[-1] == "  Alert A17 | reminder (told 3 ×)"


def test_log_uses_the_display_zone_in_summer_and_winter() -> None:
    july = replace(NOTICE, at=datetime(2026, 7, 21, 18, 45, tzinfo=UTC))
    assert log_text(july).startswith("[2026-07-21 11:45:00]")
    assert log_text(NOTICE, ZoneInfo("Europe/Berlin")).startswith("[2026-02-21 19:45:00]")


def test_trap_34_simulated_notice_says_so_in_every_form() -> None:
    simulated = replace(NOTICE, simulated=True)
    assert log_text(simulated).startswith("[2026-02-21 10:45:00] [EXIT] [SIMULATED] EXIT SIGNAL")
    assert json_object(simulated)["simulated"] is True


def test_fault_39_control_characters_cannot_forge_a_line() -> None:
    nasty = "note\n[2026-02-21 10:46:00] [ERROR] fake\x1b[2J\u202egnol\u2028x\x00"
    text = log_text(replace(NOTICE, title=nasty, details=(nasty,)))
    assert len(text.splitlines()) == 3  # also by U+2028 and the like
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert json_object(replace(NOTICE, title=nasty))["title"] == nasty


def test_jsonl_holds_every_field() -> None:
    notice = replace(NOTICE, details=("a", "b"), data=(("pnl_usd", 142.5), ("source", "you")))
    assert json_object(notice) == {
        "schema_version": 1,
        "id": "A17.1",
        "alert": "A17",
        "reason": "first",
        "at": "2026-02-21T18:45:00Z",
        "level": "EXIT",
        "title": NOTICE.title,
        "details": ["a", "b"],
        "ticker": "NDX",
        "position_id": "a3f8c2d1",
        "simulated": False,
        "data": {"pnl_usd": 142.5, "source": "you"},
    }


def test_fault_56_not_a_number_is_null() -> None:
    notice = replace(NOTICE, data=(("a", float("nan")), ("b", float("-inf"))))
    assert json_object(notice)["data"] == {"a": None, "b": None}


def test_console_colors_the_line_by_level() -> None:
    stream = io.StringIO()
    ConsoleNotifier(zone=PACIFIC, color=True, stream=stream).send(NOTICE)
    assert click.unstyle(stream.getvalue()) == log_text(NOTICE)
    assert stream.getvalue() != log_text(NOTICE)


def test_console_writes_plain_text_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    ConsoleNotifier(zone=PACIFIC, stream=stream).send(NOTICE)
    assert stream.getvalue() == log_text(NOTICE)


@pytest.mark.parametrize(
    ("environ", "color"), [({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, None), ({}, None)]
)
def test_no_color_is_respected(environ: dict[str, str], color: bool | None) -> None:
    assert wants_color(environ) is color


def test_console_without_arrows_still_shows_the_line() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", newline="\n")
    ConsoleNotifier(zone=PACIFIC, stream=stream).send(replace(NOTICE, title="LOW → MEDIUM"))
    stream.flush()
    assert b"[EXIT] LOW ? MEDIUM" in raw.getvalue()


def test_closed_terminal_is_a_permanent_failure() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(NotifyError, match="terminal is gone") as caught:
        ConsoleNotifier(zone=PACIFIC, stream=stream).send(NOTICE)
    assert caught.value.permanent
