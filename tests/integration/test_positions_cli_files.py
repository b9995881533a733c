"""Import and export: round trips, refusals by line and column, spreadsheet formulas."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from fakes.positions_book import CONDOR, PUT_SPREAD, Book

HEADER = "ticker,spread_type,expiration,contracts,credit_usd,short_put,long_put,notes"
ROW = "NDX,put_spread,2026-11-25,3,150,19800,19700,"


@pytest.fixture
def book(home: Path) -> Book:
    return Book(home)


def filled(book: Book) -> None:
    """Open, partly closed and closed positions, with thirds that are not exact in binary."""
    book.run(*CONDOR)
    book.ok(*PUT_SPREAD)
    book.ok("close", "00000002", "--contracts", "1", "--pnl", "33.3", "--note", "a third")
    book.ok("update", "00000002", "--pnl", "-41.7", "--note", "=1+1 is no formula")
    book.ok("add", "--ticker", "QQQ", "--dte", "2", "--spread", "call_spread", "--contracts",
            "7", "--credit", "100", "--risk", "600", "--note", "'quoted, and \"more\"")  # fmt: skip
    book.ok("close", "00000001", "--pnl", "-20")


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_what_is_exported_imports_to_the_same_book(book: Book, tmp_path: Path, kind: str) -> None:
    filled(book)
    file = tmp_path / f"book.{kind}"
    book.ok("export", str(file))
    other_home = tmp_path / "other"
    other_home.mkdir()
    other = Book(other_home)
    assert "imported 3 positions" in other.ok("import", str(file))
    assert other.exported["positions"] == book.exported["positions"]
    assert "imported 0 positions, 3 there already" in other.ok("import", str(file))


def test_the_running_export_is_itself_importable(book: Book, tmp_path: Path) -> None:
    filled(book)
    other_home = tmp_path / "other"
    other_home.mkdir()
    other = Book(other_home)
    other.ok("import", str(book.home / "data" / "positions.json"))
    assert other.exported["positions"] == book.exported["positions"]


@pytest.mark.parametrize(
    "note", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "'=1", "''+x", "＝1", "plain", "it's"]
)
def test_fault_41_a_formula_in_a_note_is_neutralized_and_comes_back(
    book: Book, tmp_path: Path, note: str
) -> None:
    book.run(*CONDOR[:-1], note)
    file = tmp_path / "book.csv"
    book.ok("export", str(file))
    (row,) = csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))
    assert row["notes"][0] not in "=+-@＝＋－＠\t\r"
    home = tmp_path / "other"
    home.mkdir()
    other = Book(home)
    other.ok("import", str(file))
    assert other.exported["positions"][0]["notes"] == [note]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{HEADER}\n{ROW}\n{ROW.replace(',3,', ',0,')}\n", "line 3, column contracts"),
        (f"{HEADER}\n{ROW.replace('150', 'nan')}\n", "line 2, column credit_usd"),
        (f"{HEADER}\n{ROW.replace('150', '30000')}\n", "line 2, column strikes"),
        (f"{HEADER}\n{ROW.replace('19700', '19900')}\n", "must be below the short put"),
        (f"{HEADER}\n{ROW.replace('2026-11-25', '2026-11-26')}\n", "no listed expiration"),
        (f"{HEADER}\n{ROW.replace('put_spread', 'butterfly')}\n", "column spread_type"),
        (f"{HEADER}\n{ROW}a\x1b[31mb\n", "column notes"),
        (f"{HEADER}\n{ROW},\n", "line 2: 9 values, the header has 8"),
        (f"{HEADER.replace('contracts', 'contracs')}\n{ROW}\n", "did you mean contracts"),
        (f"{HEADER},ticker\n{ROW},NDX\n", "ticker stands there twice"),
        ("ticker,spread_type\nNDX,put_spread\n", "missing column expiration"),
        (f"{HEADER}\n{ROW}\n".replace(",", ";"), "semicolons"),
        (f'{HEADER}\n{ROW}"open\n', "not readable as CSV"),
        ("", "missing column"),
    ],
)
def test_a_bad_row_refuses_the_whole_file_and_is_named(
    book: Book, tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "book.csv"
    file.write_text(text)
    result = book.run("import", str(file))
    assert result.exit_code == 2
    assert says in result.stderr
    assert not book.database.exists()


def test_all_bad_rows_are_named_at_once(book: Book, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text(f"{HEADER}\n" + f"{ROW.replace(',3,', ',x,')}\n" * 14)
    stderr = book.run("import", str(file)).stderr
    assert "line 2," in stderr
    assert "line 11," in stderr
    assert "and 4 more" in stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"positions": [', "line 1"),
        ('{"positions": 5}', "no list of positions"),
        ('{"schema_version": 9, "positions": []}', "schema_version 9"),
        ('{"positions": [{"ticker": "NDX"}]}', "position 1: missing column"),
        ('{"positions": [[]]}', "position 1: it is not an object"),
        ('{"positions": [NaN]}', "NaN"),
        ("[" * 100_000, "not readable as JSON"),
    ],
)
def test_fault_30_a_bad_json_file_is_refused(
    book: Book, tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "book.json"
    file.write_text(text)
    result = book.run("import", str(file))
    assert result.exit_code == 2
    assert says in result.stderr
    assert not book.database.exists()
    assert file.read_text() == text


def test_a_file_that_is_not_utf8_is_refused(book: Book, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_bytes(f"{HEADER}\n{ROW}caf\xe9\n".encode("latin-1"))
    result = book.run("import", str(file))
    assert result.exit_code == 2
    assert "line 2: it is not UTF-8" in result.stderr


def test_byte_order_mark_and_windows_line_ends_are_fine(book: Book, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_bytes(f"\ufeff{HEADER}\r\n{ROW}bought\r\n".encode())
    book.ok("import", str(file))
    (position,) = book.exported["positions"]
    assert position["notes"] == ["bought"]
    assert position["max_loss_usd"] == 29850.0


def test_import_from_standard_input_and_export_to_standard_output(book: Book) -> None:
    book.ok("import", "-", "--format", "csv", input=f"{HEADER}\n{ROW}\n")
    assert len(json.loads(book.ok("export"))["positions"]) == 1
    assert book.ok("export", "--format", "csv").startswith("id,ticker,")


def test_an_import_is_undone_as_one_change(book: Book, tmp_path: Path) -> None:
    book.run(*CONDOR)
    file = tmp_path / "book.csv"
    file.write_text(f"{HEADER}\n{ROW}\n{ROW}\n")
    book.ok("import", str(file))
    assert len(book.exported["positions"]) == 3
    book.ok("undo")
    assert [p["id"] for p in book.exported["positions"]] == ["00000001"]


def test_an_id_the_book_has_with_other_values_is_refused(book: Book, tmp_path: Path) -> None:
    book.run(*CONDOR)
    file = tmp_path / "book.json"
    document = book.exported
    document["positions"][0]["credit_usd"] = 300.0
    file.write_text(json.dumps(document))
    result = book.run("import", str(file))
    assert result.exit_code == 2
    assert "00000001" in result.stderr


def test_import_dry_run_writes_nothing(book: Book, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text(f"{HEADER}\n{ROW}\n")
    assert "would import 1 positions" in book.ok("import", str(file), "--dry-run")
    assert not book.database.exists()
