"""The `positions` command, line by line of the user's guide, and what it refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.positions_book import CONDOR, NOW, PUT_SPREAD, Book


@pytest.fixture
def book(home: Path) -> Book:
    return Book(home)


def test_the_users_guide_works_to_the_letter(book: Book) -> None:
    first = book.run(*CONDOR)
    assert first.exit_code == 0
    second = book.ok(*PUT_SPREAD)
    assert "expires Wed 2026-11-25 (5 DTE)" in second
    book.ok("update", "00000001", "--pnl", "142.50")
    book.ok("close", "00000001", "--pnl", "142.50", "--note", "Profit target hit at 50%")
    listed = book.ok("list", "--include-closed")
    assert "$142.50 realized" in listed
    assert "00000002" in listed
    summary = book.ok("summary")
    assert "1 open, 1 closed" in summary
    assert "realized      $142.50" in summary
    assert "Total Capital at Risk: $29,850 of $50,000, within" in summary


def test_trap_01_risk_is_computed_from_the_strikes_and_the_stated_one_kept(book: Book) -> None:
    # by hand: 100 points × $100 × 2 contracts − $285 = $19,715
    result = book.run(*CONDOR)
    assert "maximum loss $19,715, computed from the strikes" in result.stdout
    assert "$19,715 computed from the strikes; you stated $1,715" in result.stderr
    (position,) = book.json("list")["positions"]
    assert position["max_loss_usd"] == 19715.0
    assert position["stated_risk_usd"] == 1715.0


def test_trap_01_the_limit_counts_the_computed_risk(book: Book) -> None:
    book.run(*CONDOR)
    book.run(*CONDOR)
    third = book.run(*CONDOR)  # 3 × 19,715 = 59,145; stated it would be 5,145
    assert "Total Capital at Risk is $59,145, your limit is $50,000" in third.stderr


def test_trap_02_credit_and_price_give_the_same_position(book: Book) -> None:
    # 0.5 points × $100 × 3 contracts = $150
    by_price = [a for a in PUT_SPREAD if a not in ("--credit", "150.00")]
    book.ok(*PUT_SPREAD)
    book.ok(*by_price, "--price", "0.50")
    one, other = book.json("list")["positions"]
    assert one["credit_usd"] == other["credit_usd"] == 150.0
    assert one["credit"] == other["credit"] == 0.5
    assert one["max_loss_usd"] == other["max_loss_usd"] == 29850.0


def test_trap_06_a_stop_that_can_never_fire_is_said_when_logging(book: Book) -> None:
    # width 10 points × $100 − $400 credit = $600 of loss, below 2 × $400
    result = book.run(
        "add", "--dte", "3", "--spread", "put_spread", "--contracts", "1", "--credit", "400",
        "--short-put", "19800", "--long-put", "19790",
    )  # fmt: skip
    assert result.exit_code == 0
    assert "the stop can never fire" in result.stderr
    assert "$800" in result.stderr
    assert "$600" in result.stderr
    assert "40% of the width" in result.stderr


def test_without_strikes_the_risk_must_be_stated(book: Book) -> None:
    line = ("add", "--dte", "3", "--spread", "put_spread", "--contracts", "1", "--credit", "50")
    refused = book.run(*line)
    assert refused.exit_code == 2
    assert "--risk" in refused.stderr
    stated = book.ok(*line, "--risk", "950")
    assert "maximum loss $950, as you stated it" in stated


def test_the_expiration_is_a_session_and_named_when_it_is_not(book: Book) -> None:
    line = (*PUT_SPREAD[:1], *PUT_SPREAD[3:])
    holiday = book.run(*line, "--expiration", "2026-11-26")  # Thanksgiving
    assert holiday.exit_code == 2
    assert "Wed 2026-11-25 and Fri 2026-11-27" in holiday.stderr
    saturday = book.run(*line, "--expiration", "2026-11-28")
    assert saturday.exit_code == 2
    assert not book.database.exists()


def test_a_dte_without_a_listed_expiration_names_the_nearest(book: Book) -> None:
    # XLE lists Fridays only; one session after Wednesday is a Thursday
    result = book.run(*PUT_SPREAD[:2], "1", *PUT_SPREAD[3:], "--ticker", "XLE")
    assert result.exit_code == 2
    assert "Thu 2026-11-19" in result.stderr
    assert "Fri 2026-11-20" in result.stderr


def test_expiration_overrides_dte_and_says_so(book: Book) -> None:
    result = book.run(*PUT_SPREAD, "--expiration", "2026-11-20")
    assert "2 DTE" in result.stdout
    assert "--expiration overrides --dte 5" in result.stderr


def test_the_third_friday_of_an_index_is_am_settled_unless_said_otherwise(book: Book) -> None:
    line = (*PUT_SPREAD[:1], *PUT_SPREAD[3:], "--expiration", "2026-12-18")
    assert "2026-12-18 AM" in book.ok(*line)
    assert " AM" not in book.ok(*line, "--settlement", "pm")


@pytest.mark.parametrize(
    ("at", "expires"),
    [
        (datetime(2026, 11, 18, 23, tzinfo=UTC), "Mon 2026-11-23"),  # that evening
        (datetime(2026, 11, 21, 18, tzinfo=UTC), "Wed 2026-11-25"),  # Saturday: Friday's trade
        (datetime(2026, 11, 26, 18, tzinfo=UTC), "Tue 2026-12-01"),  # Thanksgiving: Wednesday's
    ],
)
def test_dte_counts_from_the_session_the_trade_was_made_in(
    book: Book, at: datetime, expires: str
) -> None:
    book.now = at
    assert f"expires {expires} (3 DTE)" in book.ok(*CONDOR)


def test_list_shows_exit_instant_pnl_age_and_state(book: Book) -> None:
    book.run(*CONDOR)
    book.ok("update", "00000001", "--pnl", "-60")
    book.wait(timedelta(minutes=12))
    text = book.ok("list")
    # 3 DTE from Wednesday is Monday 11-23; the session before is Friday, close 13:00 PT
    assert "Mon 2026-11-23 (3 DTE)" in text
    assert "Fri 2026-11-20 12:45 PT" in text
    assert "−$60 (-21%), you, 12 min ago" in text
    assert text.rstrip().endswith("open")
    book.now = datetime(2026, 11, 20, 20, 50, tzinfo=UTC)
    assert book.ok("list").rstrip().endswith("exit due")
    book.now = datetime(2026, 11, 23, 21, 5, tzinfo=UTC)
    assert book.ok("list").rstrip().endswith("settle me")


def test_list_json_and_text_agree_on_the_state(book: Book) -> None:
    book.run(*CONDOR)
    book.ok("update", "00000001", "--pnl", "142.50")  # half of 285: the profit target
    (position,) = book.json("list")["positions"]
    assert position["state"] == "exit due"
    assert position["time_exit_at"] == "2026-11-20T20:45:00Z"
    assert book.ok("list").rstrip().endswith("exit due")


def test_a_partial_close_leaves_the_rest_with_its_share(book: Book) -> None:
    book.ok(*PUT_SPREAD)
    book.ok("update", "1".zfill(8), "--pnl", "90")
    said = book.ok("close", "00000001", "--contracts", "1", "--pnl", "30")
    assert "2 stay open with credit $100 and maximum loss $19,900" in said
    (position,) = book.json("list")["positions"]
    assert position["contracts"] == 2
    assert position["pnl_usd"] == pytest.approx(60)
    assert position["realized_pnl_usd"] == 30.0
    book.ok("close", "00000001", "--pnl", "60")
    assert book.json("summary")["realized_pnl_usd"] == 90.0


def test_closing_twice_is_refused_and_names_the_way_back(book: Book) -> None:
    book.run(*CONDOR)
    book.ok("close", "00000001", "--pnl", "1")
    again = book.run("close", "00000001", "--pnl", "1")
    assert again.exit_code == 1
    assert "positions undo 00000001" in again.stderr


def test_undo_gives_back_exactly_what_was(book: Book) -> None:
    book.run(*CONDOR)
    states = [book.exported["positions"]]
    for line in (
        ("update", "00000001", "--pnl", "33.33"),
        ("close", "00000001", "--contracts", "1", "--pnl", "10", "--note", "half"),
        ("edit", "00000001", "--credit", "170.01", "--band", "P99"),
        ("close", "00000001", "--pnl", "-20"),
    ):
        book.wait(timedelta(minutes=1))
        book.run(*line)
        states.append(book.exported["positions"])
    for expected in reversed(states[:-1]):
        book.ok("undo")
        assert book.exported["positions"] == expected
    book.ok("undo")
    assert book.exported["positions"] == []
    nothing = book.run("undo")
    assert nothing.exit_code == 1
    assert "nothing to undo" in nothing.stderr


def test_undo_dry_run_changes_nothing(book: Book) -> None:
    book.run(*CONDOR)
    assert "would undo the add of 00000001" in book.ok("undo", "--dry-run")
    assert len(book.json("list")["positions"]) == 1


def test_undo_says_last_what_counts_now(book: Book) -> None:
    book.run(*CONDOR)
    book.run("close", "00000001", "--pnl", "10")
    said = book.ok("undo")
    assert "status closed → open" in said
    assert "realized_pnl_usd 10 → 0" in said


def test_edit_checks_everything_anew(book: Book) -> None:
    book.run(*CONDOR)
    swapped = book.run("edit", "00000001", "--long-put", "19600")
    assert swapped.exit_code == 2
    assert "must be below the short put" in swapped.stderr
    # 50-point wings on the put side, 100 on the call side: the wider one still sets the loss
    book.run("edit", "00000001", "--long-put", "19450")
    assert book.json("list")["positions"][0]["max_loss_usd"] == 19715.0
    book.run("edit", "00000001", "--long-call", "20550")
    assert book.json("list")["positions"][0]["max_loss_usd"] == 9715.0  # 50 × 100 × 2 − 285


def test_dry_run_writes_nothing(book: Book) -> None:
    said = book.run(*CONDOR, "--dry-run")
    assert said.exit_code == 0
    assert "would log" in said.stdout
    assert not book.database.exists()
    book.run(*CONDOR)
    before = book.exported
    book.ok("close", "00000001", "--pnl", "1", "--dry-run")
    assert book.json("list")["positions"][0]["status"] == "open"
    assert book.exported == before


def test_ids_are_cut_and_near_misses_named(book: Book) -> None:
    for _ in range(2):
        book.run(*CONDOR)
    several = book.run("show", "0000")
    assert several.exit_code == 1
    assert "00000001" in several.stderr
    assert "00000002" in several.stderr
    missing = book.run("show", "00000009")
    assert missing.exit_code == 1
    assert "did you mean" in missing.stderr
    hostile = book.run("show", "%' OR 1=1 --\x1b[31m")
    assert hostile.exit_code == 1
    assert "\x1b" not in hostile.output


def test_empty_books_say_what_to_do_and_create_nothing(book: Book) -> None:
    assert "positions add" in book.ok("list")
    assert "positions add" in book.ok("summary")
    assert book.json("list")["positions"] == []
    assert book.run("show", "a3f8").exit_code == 1
    assert list(book.home.iterdir()) == []


def test_errors_are_json_when_json_was_asked_for(book: Book) -> None:
    result = book.run("show", "ffff", "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)
    assert error["ok"] is False
    assert error["error"]["type"] == "PositionNotFound"
    usage = book.run("list", "--json", "--bogus")
    assert usage.exit_code == 2
    assert json.loads(usage.stdout)["error"]["type"] == "Usage"


def test_misspelled_commands_and_choices_are_helped(book: Book) -> None:
    assert "did you mean list" in book.run("lst").stderr
    wrong = book.run(*PUT_SPREAD[:6], "put_spred", *PUT_SPREAD[7:])
    assert wrong.exit_code == 2
    assert "did you mean put_spread?" in wrong.stderr


@pytest.mark.parametrize(
    "command",
    ["add", "update", "close", "list", "show", "summary", "edit", "undo", "import", "export"],
)
def test_every_help_has_an_example(book: Book, command: str) -> None:
    text = book.ok(command, "--help")
    assert f"positions {command}" in text.split("Example:")[1]
    assert "--home" in text


def test_show_tells_every_change(book: Book) -> None:
    book.run(*CONDOR)
    book.ok("update", "00000001", "--pnl", "10", "--note", "looks good")
    book.ok("undo", "00000001")
    text = book.ok("show", "00000001")
    assert "update: pnl_usd none → 10, notes 1 note → 2 notes  (undone)" in text
    history = book.json("show", "00000001")["history"]
    assert [event["kind"] for event in history] == ["add", "update", "undo"]


def test_trap_30_the_export_follows_every_change_and_a_bad_one_is_no_harm(book: Book) -> None:
    book.run(*CONDOR)
    assert [p["id"] for p in book.exported["positions"]] == ["00000001"]
    (book.home / "data" / "positions.json").write_text('{"positions": [')
    book.run(*PUT_SPREAD)
    assert {p["id"] for p in book.exported["positions"]} == {"00000001", "00000002"}
    assert book.exported["schema_version"] == 1
    assert book.exported["generated_at"] == NOW.isoformat().replace("+00:00", "Z")


def test_an_export_that_cannot_be_written_is_a_warning_for_the_change_is_saved(
    book: Book,
) -> None:
    book.run(*CONDOR)
    export = book.home / "data" / "positions.json"
    export.unlink()
    export.mkdir()
    result = book.run(*PUT_SPREAD)
    assert result.exit_code == 0
    assert "saved, but" in result.stderr
    assert len(book.json("list")["positions"]) == 2


def test_a_home_that_is_not_there_is_refused(book: Book, tmp_path: Path) -> None:
    result = book.run("list", "--home", str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert "nowhere" in result.stderr
