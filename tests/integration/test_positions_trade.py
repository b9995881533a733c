"""A trade from an alert, from a broker's text, and what it would do: `add` and `whatif`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.positions_book import NOW, PUT_SPREAD, Book
from fakes.told import condor_trade, tell, tell_two, told_view

from monitor.domain.snapshot import PriceView

ORDER = (
    "SELL -2 IRON CONDOR NDXP 100 (Weeklys) 23 NOV 26 20500/20600/19500/19400 CALL/PUT @1.40 LMT"
)
TERMS = (
    "--dte", "3", "--spread", "iron_condor", "--contracts", "2", "--short-call", "20500",
    "--long-call", "20600", "--short-put", "19500", "--long-put", "19400",
)  # fmt: skip


@pytest.fixture
def book(home: Path) -> Book:
    return Book(home)


@pytest.fixture
def alerted(book: Book) -> Book:
    store = book.store()
    tell(store, told_view())
    store.close()
    return book


def logged(book: Book) -> dict[str, object]:
    (position,) = book.json("list")["positions"]
    assert isinstance(position, dict)
    return position


def test_one_line_logs_an_alerts_trade(alerted: Book) -> None:
    said = alerted.ok("add", "--from-alert", "A17", "--price", "1.40", "--contracts", "2")
    # 2 × (100 points × $100) − $280 = $19,720
    assert "maximum loss $19,720" in said
    position = logged(alerted)
    assert position["ticker"] == "NDX"
    assert position["band"] == "P98"
    assert position["spread_type"] == "iron_condor"
    assert position["expiration"] == "2026-11-23"
    assert position["settlement"] == "pm"
    assert (position["short_put"], position["long_put"]) == (19500.0, 19400.0)
    assert (position["short_call"], position["long_call"]) == (20500.0, 20600.0)
    assert position["credit_usd"] == 280.0


@pytest.mark.parametrize("amount", ["1.40", "140", "280"])
def test_each_way_of_writing_the_credit_means_the_same(alerted: Book, amount: str) -> None:
    alerted.ok("add", "--from-alert", "a17", "--price", amount, "--contracts", "2", "--yes")
    assert logged(alerted)["credit_usd"] == 280.0


def test_an_amount_in_dollars_is_confirmed_by_the_person(alerted: Book) -> None:
    alerted.interactive = True
    line = ("add", "--from-alert", "A17", "--price", "280", "--contracts", "2")
    asked = alerted.run(*line, input="y\n")
    assert asked.exit_code == 0
    assert "280 dollars for the position = 1.4 points per share?" in asked.stderr
    declined = alerted.run(*line, input="n\n")
    assert declined.exit_code == 2
    assert len(alerted.json("list")["positions"]) == 1


def test_points_typed_as_dollars_are_asked_about_in_plain_words(alerted: Book) -> None:
    alerted.interactive = True
    line = ("add", "--from-alert", "A17", "--credit", "1.4", "--contracts", "2")
    asked = alerted.run(*line, input="y\n")
    assert asked.exit_code == 0
    question = "--credit 1.4 is hardly dollars for the position: take it as points per share?"
    assert question in asked.stderr
    assert logged(alerted)["credit_usd"] == 280.0


def test_where_nobody_can_be_asked_it_is_refused_with_what_to_type(alerted: Book) -> None:
    result = alerted.run("add", "--from-alert", "A17", "--price", "140", "--contracts", "2")
    assert result.exit_code == 2
    assert "it can be dollars per contract (1.4 points)" in result.stderr
    assert "--price 1.4" in result.stderr
    assert alerted.json("list")["positions"] == []


def test_a_pasted_text_may_begin_with_a_minus_after_a_space(book: Book) -> None:
    text = " -1 .NDXP261123P19500\n+1 .NDXP261123P19400\nnet credit 0.70"
    book.ok("add", "--paste", text)
    assert logged(book)["credit_usd"] == 70.0


def test_an_amount_with_two_meanings_is_not_taken_even_with_yes(book: Book) -> None:
    result = book.run("add", *TERMS, "--price", "140", "--yes")
    assert result.exit_code == 2
    assert "dollars per contract (1.4 points) or dollars for the position (0.7" in result.stderr
    book.interactive = True
    picked = book.run("add", *TERMS, "--price", "140", input="2\n")
    assert picked.exit_code == 0
    assert logged(book)["credit_usd"] == 140.0


def test_a_fill_far_from_the_alerts_credit_is_said(alerted: Book) -> None:
    result = alerted.run("add", "--from-alert", "A17", "--price", "0.80", "--contracts", "1")
    assert result.exit_code == 0
    assert "you were paid 0.8 points per share; alert A17 said 1.4" in result.stderr


def test_what_is_typed_wins_over_the_alert_and_is_said(alerted: Book) -> None:
    result = alerted.run(
        "add", "--from-alert", "A17", "--price", "1.35", "--contracts", "1",
        "--short-put", "19550", "--long-put", "19450",
    )  # fmt: skip
    assert result.exit_code == 0
    assert "alert A17 says short put 19500.0, you said 19550.0" in result.stderr
    assert logged(alerted)["short_put"] == 19550.0


def test_missing_words_are_asked_for_or_named(alerted: Book) -> None:
    bare = alerted.run("add", "--from-alert", "A17")
    assert bare.exit_code == 2
    assert "alert A17 does not say how many you sold" in bare.stderr
    priceless = alerted.run("add", "--from-alert", "A17", "--contracts", "2")
    assert priceless.exit_code == 2
    assert "what you were paid; the alert said 1.4" in priceless.stderr
    alerted.interactive = True
    assert alerted.run("add", "--from-alert", "A17", input="2\n1.40\n").exit_code == 0
    assert logged(alerted)["credit_usd"] == 280.0


def test_an_alert_of_several_wants_its_line_named(book: Book) -> None:
    store = book.store()
    tell_two(store)
    store.close()
    line = ("--price", "1.40", "--contracts", "1")
    unnamed = book.run("add", "--from-alert", "A17", *line)
    assert unnamed.exit_code == 2
    assert "A17#1: 3DTE P98 IRON_CONDOR @ 07:30; A17#2: 3DTE P97" in unnamed.stderr
    book.ok("add", "--from-alert", "A17#2", *line)
    assert logged(book)["band"] == "P97"
    beyond = book.run("add", "--from-alert", "A17#3", *line)
    assert "there is no A17#3" in beyond.stderr


def test_an_unknown_alert_and_one_without_strikes_are_said(alerted: Book) -> None:
    assert "told no opportunity" in alerted.run("add", "--from-alert", "A99").stderr
    assert "names no opportunity" in alerted.run("add", "--from-alert", "B1").stderr
    store = alerted.store()
    tell(store, told_view(trade=None, alert_id="A18"))
    store.close()
    blind = alerted.run("add", "--from-alert", "A18", "--price", "1.40", "--contracts", "1")
    assert blind.exit_code == 2
    assert "give the strikes" in blind.stderr


def test_before_there_is_a_database_no_alert_is_known(book: Book) -> None:
    result = book.run("add", "--from-alert", "A17", "--price", "1.4", "--contracts", "1")
    assert result.exit_code == 1
    assert "there is no alert yet" in result.stderr
    assert not book.database.exists()


def test_a_pasted_order_is_logged(book: Book) -> None:
    book.ok("add", "--paste", ORDER)
    position = logged(book)
    assert position["credit_usd"] == 280.0
    assert position["max_loss_usd"] == 19720.0
    assert position["settlement"] == "pm"


def test_a_pasted_order_comes_from_standard_input_too(book: Book) -> None:
    legs = "STO 2 NDXP 11/23/26 19500P @ 4.16\nBTO 2 NDXP 11/23/26 19400P @ 3.46\n"
    book.ok("add", "--band", "P98", "--paste", input=legs)
    position = logged(book)
    assert (position["credit_usd"], position["band"]) == (140.0, "P98")


def test_a_person_sees_what_was_understood_before_it_is_logged(book: Book) -> None:
    book.interactive = True
    declined = book.run("add", "--paste", ORDER, input="n\n")
    assert declined.exit_code == 1
    assert "would log 2 × NDX iron_condor 19400/19500p 20500/20600c" in declined.stderr
    assert not book.database.exists()
    assert book.run("add", "--paste", input=ORDER + "\n\ny\n").exit_code == 0
    assert logged(book)["contracts"] == 2


def test_an_unclear_order_is_refused_and_nothing_is_written(book: Book) -> None:
    result = book.run("add", "--paste", "STO 2 NDXP 11/23/26 19500P\nNDXP 11/23/26 19400P")
    assert result.exit_code == 2
    assert "is the put 19400 sold or bought?" in result.stderr
    both = book.run("add", "--paste", ORDER, "--from-alert", "A17")
    assert "at once" in both.stderr
    dte = book.run("add", "--paste", ORDER, "--dte", "5")
    assert "--dte 5 beside the order text" in dte.stderr
    assert not book.database.exists()


def test_what_add_needs_is_named(book: Book) -> None:
    result = book.run("add", "--dte", "3", "--credit", "100", "--risk", "900")
    assert result.exit_code == 2
    assert "--spread and --contracts are missing" in result.stderr
    assert "--from-alert" in result.stderr


def test_whatif_shows_the_book_with_the_trade(book: Book) -> None:
    book.ok(*PUT_SPREAD, "--expiration", "2026-11-23")  # 3 × $10,000 − $150 = $29,850
    said = book.ok("whatif", *TERMS, "--price", "1.40", "--at", "20000")
    assert "this trade can lose  $19,720" in said
    assert "$49,570 with it, $29,850 without" in said
    assert "within your limits: 2 contracts of this trade" in said
    found = book.json("whatif", *TERMS, "--price", "1.40", "--at", "20000")["what_if"]
    down = {gap["move_pct"]: gap["pnl_usd"] for gap in found["gaps"]}
    assert down[-3.0] == -49570.0
    assert down[3.0] == -19720.0 + 150.0
    assert len(book.json("list")["positions"]) == 1  # nothing was logged


def test_whatif_heads_the_price_and_the_results_of_one_name_apart(book: Book) -> None:
    spx = ("--spread", "put_spread", "--short-put", "6000", "--long-put", "5900")
    book.run("add", "--dte", "1", *TERMS, "--price", "1.40")
    amounts = ("--contracts", "1", "--price", "1.40", "--at", "6100")
    shown = book.ok("whatif", "--ticker", "SPX", "--dte", "1", *spx, *amounts)
    header = next(line for line in shown.splitlines() if line.startswith("GAP"))
    assert header.split("  ")[0] == "GAP"
    assert "SPX AT" in header
    assert header.count("SPX") == 2  # where the gap leads, and what SPX makes there


def test_whatif_takes_an_alert_at_its_own_credit(alerted: Book) -> None:
    found = alerted.json("whatif", "--from-alert", "A17", "--at", "20000")["what_if"]
    assert found["contracts"] == 1
    assert found["trade_max_loss_usd"] == 9860.0
    assert found["contracts_that_fit"] == 5  # 5 × 9,860 = 49,300 of 50,000
    said = alerted.ok("whatif", "--from-alert", "A17", "--contracts", "6")
    assert "BREAKS A LIMIT: Total Capital at Risk would be $59,160, limit $50,000" in said


def test_whatif_says_where_an_alerts_credit_was_an_estimate(book: Book) -> None:
    price = PriceView(kind="model", source=None, asof=None, age_s=None, delay_s=0.0, error_pct=25.0)
    store = book.store()
    tell(store, told_view(trade=condor_trade(price=price)))
    store.close()
    says = "the credit of alert A17 is no quote but model, typical error 25 %"
    assert says in book.json("whatif", "--from-alert", "A17")["warnings"]
    own = book.json("whatif", "--from-alert", "A17", "--price", "1.40")["warnings"]
    assert says not in own


def test_whatif_reads_the_price_the_monitor_saw_and_says_its_age(book: Book) -> None:
    seen = {
        "markets": [
            {"ticker": "NDX", "price": 20000.0, "asof": (NOW - timedelta(minutes=4)).isoformat(),
             "source": "yahoo", "simulated": False},
        ]
    }  # fmt: skip
    path = book.home / "data" / "dashboard_data.json"
    path.parent.mkdir()
    path.write_text(json.dumps(seen))
    said = book.ok("whatif", *TERMS, "--price", "1.40")
    assert "NDX 20,000.00, yahoo, 4 min ago" in said
    path.write_text("{")
    assert "price unknown: give it with --at" in book.ok("whatif", *TERMS, "--price", "1.40")


def test_in_a_simulated_home_commands_live_in_its_time(book: Book) -> None:
    at = NOW - timedelta(days=365)
    path = book.home / "data" / "dashboard_data.json"
    path.parent.mkdir()
    seen = {"generated_at": at.isoformat(), "monitor": {"simulated": True}, "markets": []}
    path.write_text(json.dumps(seen))
    book.own_clock = False
    line = ("add", *TERMS[2:], "--price", "1.40", "--expiration", "2025-11-20")
    said = book.ok(*line)  # past by the machine's clock, two sessions ahead in the simulation
    assert said.startswith("SIMULATED: logged 00000001")
    position = logged(book)
    assert position["simulated"] is True
    assert position["opened_at"] == "2025-11-18T18:00:00Z"
    seen["monitor"] = {"simulated": False}
    path.write_text(json.dumps(seen))
    assert "is past" in book.run(*line).stderr


def test_whatif_says_what_is_held_already(alerted: Book) -> None:
    alerted.ok("add", "--from-alert", "A17", "--price", "1.40", "--contracts", "1")
    said = alerted.ok("whatif", "--from-alert", "A17")
    assert "note: you already hold this: 00000001, 1 × 19400/19500p 20500/20600c" in said


def test_a_position_that_settled_is_in_the_way_of_nothing(book: Book) -> None:
    book.ok(*PUT_SPREAD, "--expiration", "2026-11-20")
    book.wait(timedelta(days=4))
    found = book.json("whatif", *TERMS, "--price", "1.40")["what_if"]
    assert found["total_before_usd"] == 0.0


def test_an_alerts_trade_is_checked_like_any_other(book: Book) -> None:
    store = book.store()
    tell(store, told_view(trade=condor_trade(short_put=19300.0)))
    store.close()
    result = book.run("add", "--from-alert", "A17", "--price", "1.40", "--contracts", "1")
    assert result.exit_code == 2
    assert "must be below the short put" in result.stderr


def test_home_may_stand_before_the_command(book: Book, tmp_path: Path) -> None:
    book.ok(*PUT_SPREAD)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "no position is logged" in book.ok("--home", str(elsewhere), "list")
    assert "00000001" in book.ok("--home", str(elsewhere), "list", "--home", str(book.home))
    hinted = book.run("--include-closed", "list")
    assert hinted.exit_code == 2
    assert "--include-closed stands before the command" in hinted.stderr


def test_whatif_imports_nothing_heavy(alerted: Book) -> None:
    from monitor.providers.sessions import load_calendar

    load_calendar(alerted.home / "data", today=NOW.date())
    program = (
        "import sys; from positions_cli.main import cli\n"
        "try: cli(sys.argv[1:])\nexcept SystemExit as end: code = end.code\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'yfinance', 'alembic', 'exchange_calendars',"
        " 'requests', 'flask', 'rich'}\n"
        "sys.stderr.write(repr(sorted(heavy & set(sys.modules))) + repr(code))\n"
    )
    strikes = ("--short-put", "6000", "--long-put", "5900")
    line = ("whatif", "--dte", "1", "--spread", "put_spread", "--contracts", "1", *strikes)
    found = subprocess.run(
        [sys.executable, "-c", program, *line, "--price", "1.40"],
        env={**os.environ, "CONDORWATCH_HOME": str(alerted.home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "this trade can lose  $9,860" in found.stdout
    assert found.stderr == "[]0"
