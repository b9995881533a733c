"""Faults 38, 39 and 42: what the command refuses, leaving no trace."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from fakes.positions_book import CONDOR, Book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture
def book(home: Path) -> Book:
    return Book(home)


def changed(**options: str) -> list[str]:
    """The guide's first line with some options replaced or added; "" removes one."""
    words = list(CONDOR)
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if flag in words:
            i = words.index(flag)
            words[i : i + 2] = []
        if value:
            words += [flag, value]
    return words


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (changed(contracts="0"), "1 to 100,000"),
        (changed(contracts="-1"), "1 to 100,000"),
        (changed(contracts="1_000"), "'1_000' is not a whole number"),
        (changed(contracts="２"), "not a whole number"),
        (changed(contracts="1.5"), "not a whole number"),
        (changed(credit="nan"), "not a plain number"),
        (changed(credit="inf"), "not a plain number"),
        (changed(credit="-inf"), "not a plain number"),
        (changed(credit="1e3"), "not a plain number"),
        (changed(credit="1_000"), "not a plain number"),
        (changed(credit="２８５"), "not a plain number"),
        (changed(credit="$285"), "not a plain number"),
        (changed(credit="1,285"), "not a plain number"),
        (changed(credit="0"), "above 0"),
        (changed(credit="-285"), "above 0"),
        # the wings are worth 100 × 100 × 2 = $20,000
        (changed(credit="20000"), "below $20,000"),
        (changed(credit="20000.01"), "below $20,000"),
        (changed(price="1.425"), "once"),
        (changed(credit=""), "once"),
        (changed(risk="0"), "above 0"),
        (changed(risk="nan"), "not a plain number"),
        (changed(long_put="19600"), "must be below the short put 19500"),
        (changed(long_put="19500"), "must be below the short put 19500"),
        (changed(long_call="20400"), "must be above the short call 20500"),
        (changed(short_put="20700", long_put="20650"), "above the short call"),
        (changed(short_put=""), "also needs --short-put"),
        (changed(spread="put_spread"), "has no --short-call, --long-call"),
        (changed(expiration="2026-11-17"), "is past"),
        (changed(expiration="2026-02-30"), "not a date"),
        (changed(expiration="20261125"), "not a date"),
        (changed(expiration="2036-11-25"), "beyond"),
        (changed(dte="-1"), "0 to 250"),
        (changed(dte="2000"), "0 to 250"),
        (changed(dte=""), "--dte"),
        (changed(band="P101"), "not a band"),
        (changed(ticker="N D X"), "not a symbol"),
        (changed(note=" "), "empty"),
    ],
)
def test_fault_42_impossible_input_is_refused_and_the_database_untouched(
    book: Book, line: list[str], says: str
) -> None:
    result = book.run(*line)
    assert result.exit_code in {2, 3} if "beyond" in says else result.exit_code == 2
    assert says in result.stderr
    assert not book.database.exists()


@pytest.mark.parametrize("pnl", ["nan", "inf", "-inf", "1_000", "１", "1e9", "1e400", ""])
@pytest.mark.parametrize("command", ["update", "close"])
def test_fault_42_a_pnl_is_a_plain_number(book: Book, command: str, pnl: str) -> None:
    book.run(*CONDOR)
    before = book.exported
    result = book.run(command, "00000001", "--pnl", pnl)
    assert result.exit_code == 2
    assert book.exported == before


@pytest.mark.parametrize("count", ["0", "-1", "3", "1.0"])
def test_fault_42_no_more_contracts_are_closed_than_are_open(book: Book, count: str) -> None:
    book.run(*CONDOR)
    result = book.run("close", "00000001", "--pnl", "1", "--contracts", count)
    assert result.exit_code == 2
    assert book.json("list")["positions"][0]["contracts"] == 2


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=12).filter(lambda t: not t.isascii() or not t.strip("0123456789.")))
def test_fault_42_fuzzed_numbers_never_reach_the_database(tmp_path: Path, text: str) -> None:
    plain = text.isascii() and text.strip(".").isdigit() and text.count(".") <= 1
    book = Book(tmp_path)
    result = book.run(*changed(credit=text, contracts="１"))
    assert result.exit_code == 2
    if not plain:
        assert book.run(*changed(credit=text)).exit_code == 2
    assert not book.database.exists()


def test_fault_38_a_note_of_a_megabyte_is_refused(book: Book) -> None:
    result = book.run(*changed(note="x" * 1_000_000))
    assert result.exit_code == 2
    assert "1,000,000 characters; at most 2,000" in result.stderr
    assert not book.database.exists()
    book.run(*CONDOR)
    assert book.run("update", "00000001", "--note", "x" * 2001).exit_code == 2
    assert book.run("update", "00000001", "--note", "x" * 2000).exit_code == 0


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(
        st.sampled_from("a \x00\x07\x1b\x7f\x9b\u202e\u2066\u200f\u2028\ufeff\ud800é日\U0001f600"),
        min_size=1,
    )
)
def test_fault_39_no_control_character_reaches_the_terminal(tmp_path: Path, text: str) -> None:
    book = Book(tmp_path)
    shown = [
        book.run(*changed(note=text), "--dry-run"),
        book.run(*changed(ticker=text)),
        book.run("show", text),
        book.run("list", f"--{text}"),
        book.run(text or "x"),
    ]
    for result in shown:
        output = result.output.replace("\n", "")
        bad = {c for c in output if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
        assert bad == set()


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\u202e", "\n", "\u2028", "\ufeff"])
def test_fault_39_a_note_with_an_unsafe_character_is_refused(book: Book, character: str) -> None:
    result = book.run(*changed(note=f"a{character}b"))
    assert result.exit_code == 2
    assert f"U+{ord(character):04X}" in result.stderr
    assert not book.database.exists()
