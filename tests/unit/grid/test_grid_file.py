"""Reading and checking grid files: every defect is found, counted once and named."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from grid_rows import COLUMNS, csv_text, load, row

from monitor.domain.grid import GridReport, Kind, RowStats, Warn
from monitor.domain.vocabulary import BandMode, FlowMode, SpreadType, Verdict
from monitor.errors import GridFileError
from monitor.grid_file import load_grid

OLD = {
    "entry_time_pst": "time_pst",
    "entry_time_et": "time_et",
    "expected_win_pct": "win_rate_pct",
    "expected_roi_pct": "roi_pct",
    "expected_credit": "avg_credit",
    "max_risk_per_contract": "avg_max_risk",
}


def rejected(report: GridReport) -> dict[str, int]:
    counts = {kind.value: count for kind, count in report.rejected}
    assert report.usable + sum(counts.values()) == report.rows
    return counts


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "grid.csv"
    path.write_bytes(content)
    return path


def test_a_good_row_is_read_as_it_stands(tmp_path: Path) -> None:
    grid = load(tmp_path, [row()]).grid
    (only,) = grid.rows(grid.order)
    assert (only.dte, only.band, only.spread_type) == (3, "P98", SpreadType.IRON_CONDOR)
    assert (only.width, only.entry_time_pt, only.n_trades) == (20.0, "07:30", 100)
    assert (only.credit_usd, only.risk_usd, only.avg_pnl_usd) == (340.0, 1660.0, 20.0)
    assert (only.win_rate_pct, only.roi_pct, only.sharpe, only.score) == (95.0, 20.48, 0.5, 70.0)
    assert only.verdict is None
    assert only.warnings == ()
    assert only.line == 2


def test_trap_03_two_returns_have_two_names(tmp_path: Path) -> None:
    grid = load(tmp_path, [row()]).grid
    (only,) = grid.rows(grid.order)
    assert only.max_return_pct == pytest.approx(20.48, abs=0.01)  # 340 / 1660
    assert only.expected_return_pct == pytest.approx(1.20, abs=0.01)  # 20 / 1660


@pytest.mark.parametrize(
    ("changes", "kind", "column"),
    [
        ({"expected_credit": 2000}, Kind.CREDIT_AT_LEAST_WIDTH, "expected_credit"),
        ({"expected_credit": 21575.71}, Kind.CREDIT_AT_LEAST_WIDTH, "expected_credit"),
        ({"max_risk_per_contract": 0}, Kind.RISK_NOT_POSITIVE, "max_risk_per_contract"),
        ({"max_risk_per_contract": -5}, Kind.RISK_NOT_POSITIVE, "max_risk_per_contract"),
        ({"expected_win_pct": 100.1}, Kind.WIN_OUTSIDE_0_100, "expected_win_pct"),
        ({"expected_win_pct": -1}, Kind.WIN_OUTSIDE_0_100, "expected_win_pct"),
        ({"expected_credit": 0}, Kind.CREDIT_NOT_POSITIVE, "expected_credit"),
        ({"avg_pnl": 341}, Kind.AVG_PNL_IMPOSSIBLE, "avg_pnl"),
        ({"avg_pnl": -1661}, Kind.AVG_PNL_IMPOSSIBLE, "avg_pnl"),
        ({"sharpe": "nan"}, Kind.NOT_A_NUMBER, "sharpe"),
        ({"sharpe": "inf"}, Kind.NOT_A_NUMBER, "sharpe"),
        ({"trade_score": ""}, Kind.NOT_A_NUMBER, "trade_score"),
        ({"expected_credit": "abc"}, Kind.NOT_A_NUMBER, "expected_credit"),
        ({"expected_credit": "1_000"}, Kind.NOT_A_NUMBER, "expected_credit"),
        ({"expected_credit": "３４０"}, Kind.NOT_A_NUMBER, "expected_credit"),
        ({"band": "P42"}, Kind.UNKNOWN_BAND, "band"),
        ({"band": ""}, Kind.UNKNOWN_BAND, "band"),
        ({"spread_type": "butterfly"}, Kind.UNKNOWN_SPREAD, "spread_type"),
        ({"spread_type": "put_spread", "flow_mode": "x"}, Kind.UNKNOWN_FLOW, "flow_mode"),
        ({"dte": -1}, Kind.INVALID_DTE, "dte"),
        ({"dte": 2.5}, Kind.INVALID_DTE, "dte"),
        ({"dte": 1e300}, Kind.INVALID_DTE, "dte"),
        ({"spread_width": 0}, Kind.WIDTH_NOT_POSITIVE, "spread_width"),
        ({"spread_width": -20}, Kind.WIDTH_NOT_POSITIVE, "spread_width"),
        ({"n_trades": 0}, Kind.N_TRADES_NOT_POSITIVE, "n_trades"),
        ({"n_trades": 10.5}, Kind.N_TRADES_NOT_POSITIVE, "n_trades"),
        ({"entry_time_pst": "06:29"}, Kind.INVALID_ENTRY_TIME, "entry_time_pst"),
        ({"entry_time_pst": "13:00"}, Kind.INVALID_ENTRY_TIME, "entry_time_pst"),
        ({"entry_time_pst": "soon"}, Kind.INVALID_ENTRY_TIME, "entry_time_pst"),
        ({"entry_time_et": "11:30"}, Kind.ENTRY_TIMES_DISAGREE, "entry_time_et"),
        ({"entry_time_et": ""}, Kind.ENTRY_TIMES_DISAGREE, "entry_time_et"),
    ],
)
def test_an_impossible_cell_is_named_and_never_usable(
    tmp_path: Path, changes: dict[str, object], kind: Kind, column: str
) -> None:
    report = load(tmp_path, [row(dte=1), row(**changes), row(dte=5)]).report
    assert rejected(report) == {kind.value: 1}
    (worst,) = report.worst
    assert (worst.line, worst.kind, worst.column) == (3, kind, column)
    assert worst.why


def test_a_cell_that_is_no_number_is_quoted(tmp_path: Path) -> None:
    report = load(tmp_path, [row(expected_credit="abc"), row(sharpe="")]).report
    assert [(e.line, e.value) for e in report.worst] == [(2, "abc"), (3, "empty")]


def test_one_bad_cell_leaves_the_other_rows_as_they_are(tmp_path: Path) -> None:
    grid = load(tmp_path, [row(sharpe="n/a"), row(dte=5, expected_credit="1e2 ", sharpe=".5")]).grid
    (only,) = grid.rows(grid.order)
    assert (only.dte, only.credit_usd, only.sharpe) == (5, 100.0, 0.5)


def test_a_row_with_many_defects_counts_once_but_every_defect_is_found(tmp_path: Path) -> None:
    report = load(tmp_path, [row(expected_credit=9000, max_risk_per_contract=-1)]).report
    assert rejected(report) == {"credit_at_least_width": 1}
    assert dict(report.found) == {Kind.CREDIT_AT_LEAST_WIDTH: 1, Kind.RISK_NOT_POSITIVE: 1}


def test_trap_20_credit_above_the_width_is_worst_first(tmp_path: Path) -> None:
    rows = [row(dte=d, expected_credit=c) for d, c in ((0, 2100), (1, 40000), (2, 3000))]
    report = load(tmp_path, rows).report
    assert rejected(report) == {"credit_at_least_width": 3}
    assert [e.line for e in report.worst] == [3, 4, 2]
    assert report.worst[0].why == "a 20-point spread is worth at most $2,000"


def test_trap_09_condors_of_different_flow_modes_are_one_trade(tmp_path: Path) -> None:
    rows = [row(flow_mode="against_flow"), row(flow_mode="with_flow")]
    loaded = load(tmp_path, rows)
    assert rejected(loaded.report) == {"condor_copy": 1}
    (kept,) = loaded.grid.rows(loaded.grid.order)
    assert kept.flow_mode is FlowMode.NEUTRAL


def test_trap_09_the_neutral_condor_is_the_one_kept(tmp_path: Path) -> None:
    rows = [
        row(flow_mode="with_flow", n_trades=58),
        row(flow_mode="against_flow", n_trades=58),
        row(flow_mode="neutral", n_trades=63),
    ]
    loaded = load(tmp_path, rows)
    assert rejected(loaded.report) == {"condor_copy": 2}
    (kept,) = loaded.grid.rows(loaded.grid.order)
    assert (kept.n_trades, kept.line) == (63, 4)


def test_an_impossible_telling_does_not_hide_a_possible_one(tmp_path: Path) -> None:
    rows = [row(expected_credit=9000), row(flow_mode="with_flow")]
    report = load(tmp_path, rows).report
    assert rejected(report) == {"credit_at_least_width": 1}


def test_directional_rows_of_different_flow_modes_are_different_trades(tmp_path: Path) -> None:
    rows = [row(spread_type="put_spread", flow_mode=f) for f in FlowMode]
    assert load(tmp_path, rows).report.usable == 3


def test_a_repeated_row_counts_once(tmp_path: Path) -> None:
    report = load(tmp_path, [row(), row(dte=1), row(), row()]).report
    assert rejected(report) == {"duplicate": 2}
    assert [e.line for e in report.worst] == [4, 5]


def test_two_tellings_that_disagree_are_both_refused(tmp_path: Path) -> None:
    report = load(tmp_path, [row(), row(expected_win_pct=80.0), row(dte=1)]).report
    assert rejected(report) == {"contradicting_duplicate": 2}


def test_widths_tell_rows_apart_to_the_cent(tmp_path: Path) -> None:
    small = {"expected_credit": 30, "max_risk_per_contract": 220, "expected_roi_pct": 13.64}
    rows = [row(spread_width=2.5, **small), row(spread_width=2, **small), row(spread_width=1e7)]
    assert load(tmp_path, rows).report.usable == 3


def test_trap_05_credit_and_risk_that_make_another_width_are_warned_about(tmp_path: Path) -> None:
    wide = row(max_risk_per_contract=3000.0, expected_roi_pct=11.33)
    loaded = load(tmp_path, [wide, row(dte=1)])
    assert dict(loaded.report.warnings) == {Warn.RISK_CONTRADICTS_WIDTH: 1}
    by_line = {r.line: r.warnings for r in loaded.grid.rows(loaded.grid.order)}
    assert by_line == {2: (Warn.RISK_CONTRADICTS_WIDTH,), 3: ()}


def test_trap_04_a_condor_risks_one_side(tmp_path: Path) -> None:
    # 20 points wide on either side, $340 for both: $1,660, not 2 × 2,000 − 340
    one_side = row()
    both = row(dte=1, max_risk_per_contract=3660.0, expected_roi_pct=9.29)
    report = load(tmp_path, [one_side, both]).report
    assert dict(report.warnings) == {Warn.RISK_CONTRADICTS_WIDTH: 1}


def test_trap_03_a_roi_of_another_meaning_is_warned_about(tmp_path: Path) -> None:
    earned = row(expected_roi_pct=1.20)
    neither = row(dte=1, expected_roi_pct=346.2)
    report = load(tmp_path, [earned, neither, row(dte=5)]).report
    assert dict(report.warnings) == {
        Warn.ROI_IS_EXPECTED_RETURN: 1,
        Warn.ROI_CONTRADICTS_CREDIT_AND_RISK: 1,
    }


def test_trap_22_few_trades_are_warned_about(tmp_path: Path) -> None:
    report = load(tmp_path, [row(n_trades=29), row(dte=1, n_trades=30)]).report
    assert dict(report.warnings) == {Warn.FEW_TRADES: 1}


def test_older_column_names_mean_the_same(tmp_path: Path) -> None:
    rows = [row(), row(dte=1, expected_credit=9000)]
    new = load(tmp_path, rows)
    old_rows = [{OLD.get(c, c): v for c, v in r.items()} for r in rows]
    path = write(tmp_path, csv_text(old_rows, [OLD.get(c, c) for c in COLUMNS]).encode())
    old = load_grid(path)
    assert old.grid.rows(old.grid.order) == new.grid.rows(new.grid.order)
    assert old.report.worst[0].column == "avg_credit"  # the file's own word


def test_eastern_time_alone_is_enough(tmp_path: Path) -> None:
    columns = [c for c in COLUMNS if c != "entry_time_pst"]
    loaded = load_grid(write(tmp_path, csv_text([row()], columns).encode()))
    assert loaded.grid.rows(loaded.grid.order)[0].entry_time_pt == "07:30"


def test_a_files_own_verdict_is_kept(tmp_path: Path) -> None:
    words = ["evidence", "weak", "no_edge", "", "great"]
    rows = [row(dte=d) | {"verdict": v} for d, v in enumerate(words)]
    loaded = load_grid(write(tmp_path, csv_text(rows, [*COLUMNS, "verdict"]).encode()))
    assert rejected(loaded.report) == {"unknown_verdict": 1}
    assert [r.verdict for r in loaded.grid.rows(loaded.grid.order)] == [
        Verdict.EVIDENCE,
        Verdict.WEAK,
        Verdict.NO_EDGE,
        Verdict.UNKNOWN,
    ]


def test_an_honest_score_becomes_a_verdict(tmp_path: Path) -> None:
    rows = [row(dte=d) | {"honest_score": v} for d, v in enumerate((96, 85, 12, ""))]
    loaded = load_grid(write(tmp_path, csv_text(rows, [*COLUMNS, "honest_score"]).encode()))
    assert [r.verdict for r in loaded.grid.rows(loaded.grid.order)] == [
        Verdict.EVIDENCE,
        Verdict.WEAK,
        Verdict.NO_EDGE,
        Verdict.UNKNOWN,
    ]


# --- the file as a whole


@pytest.mark.parametrize("column", [c for c in COLUMNS if not c.startswith(("entry", "time"))])
def test_fault_43_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    columns = [c for c in COLUMNS if c != column]
    with pytest.raises(GridFileError, match=f"line 1: missing column '{column}'"):
        load_grid(write(tmp_path, csv_text([row()], columns).encode()))


def test_fault_43_both_entry_times_missing_is_named(tmp_path: Path) -> None:
    columns = [c for c in COLUMNS if not c.startswith("entry")]
    with pytest.raises(GridFileError, match="entry_time_pst"):
        load_grid(write(tmp_path, csv_text([row()], columns).encode()))


def test_fault_43_a_misspelt_column_is_suggested(tmp_path: Path) -> None:
    text = csv_text([row()]).replace("expected_credit", "expected_credits")
    with pytest.raises(GridFileError) as caught:
        load_grid(write(tmp_path, text.encode()))
    assert "'expected_credit'" in caught.value.message
    assert "'expected_credits'" in caught.value.hint


@pytest.mark.parametrize("again", ["band", "expected_credit", "avg_credit"])
def test_fault_43_a_doubled_column_is_named(tmp_path: Path, again: str) -> None:
    text = csv_text([row() | {"x": 1}], [*COLUMNS, "x"]).replace(",x\n", f",{again}\n", 1)
    with pytest.raises(GridFileError, match=rf"line 1: column '{again}' \(number 17\) repeats"):
        load_grid(write(tmp_path, text.encode()))


def test_fault_43_extra_columns_are_no_complaint(tmp_path: Path) -> None:
    rows = [row() | {"note": "mine", "dsr_pct": 40}]
    loaded = load_grid(write(tmp_path, csv_text(rows, ["note", *COLUMNS, "dsr_pct"]).encode()))
    assert loaded.report.usable == 1
    assert loaded.report.extra_columns == ("note", "dsr_pct")


def test_fault_43_short_and_long_rows_are_counted_with_line_and_column(tmp_path: Path) -> None:
    lines = csv_text([row(), row(dte=1), row(dte=2, expected_credit=9000), row(dte=5)]).splitlines()
    lines[1] = ",".join(lines[1].split(",")[:12])
    lines[2] += ",1"
    report = load_grid(write(tmp_path, "\n".join(lines).encode())).report
    assert rejected(report) == {"short_row": 1, "long_row": 1, "credit_at_least_width": 1}
    short, long, credit = report.worst
    assert (short.line, short.kind, short.column) == (2, Kind.SHORT_ROW, "max_risk_per_contract")
    assert (long.line, long.kind) == (3, Kind.LONG_ROW)
    assert credit.line == 4  # lines are counted with the skipped ones


def test_fault_43_a_file_cut_off_in_the_middle_of_a_row(tmp_path: Path) -> None:
    text = csv_text([row(), row(dte=1)])
    report = load_grid(write(tmp_path, text[: -len("1660.0,20.0,100,70.0\n")].encode())).report
    assert rejected(report) == {"short_row": 1}


def test_fault_44_bom_crlf_and_quotes_are_fine(tmp_path: Path) -> None:
    text = csv_text([row(), row(dte=1)]).replace("P98", '"P98"').replace("\n", "\r\n")
    report = load_grid(write(tmp_path, b"\xef\xbb\xbf" + text.encode())).report
    assert (report.rows, report.usable) == (2, 2)


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_fault_44_another_separator_is_refused(tmp_path: Path, mark: str, word: str) -> None:
    with pytest.raises(GridFileError, match=f"separated by {word}"):
        load_grid(write(tmp_path, csv_text([row()]).replace(",", mark).encode()))


@pytest.mark.parametrize("column", ["note", "band"])
def test_fault_44_latin_1_is_refused_even_where_we_do_not_look(tmp_path: Path, column: str) -> None:
    rows = [row() | {"note": "a"}, row() | {"note": "a", column: "é"}]
    text = csv_text(rows, ["note", *COLUMNS])
    place = 1 if column == "note" else 3
    with pytest.raises(GridFileError, match=f"0xE9 in line 3, column {place}"):
        load_grid(write(tmp_path, text.encode("latin-1")))


def test_fault_44_utf_8_beyond_ascii_is_fine_across_read_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.grid_file.PIECE", 7)
    monkeypatch.setattr("monitor.grid_file.HEADER_LIMIT", 1 << 16)
    rows = [row(dte=d) | {"note": "é€😀"} for d in range(4)]
    text = csv_text(rows, ["note", *COLUMNS])
    assert load_grid(write(tmp_path, text.encode())).report.usable == 4
    with pytest.raises(GridFileError, match="not UTF-8"):
        load_grid(write(tmp_path, text.encode()[:-1] + b"\xe2\x82"))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        ("dte,band\n1,P98\n".encode("utf-16"), "UTF-16"),
        (b"\x00\x01\x02", "missing column"),
        (b"PK\x03\x04\xff\xfe", "UTF-8"),
    ],
)
def test_fault_44_what_is_no_csv_is_refused(tmp_path: Path, content: bytes, word: str) -> None:
    with pytest.raises(GridFileError, match=word):
        load_grid(write(tmp_path, content))


def test_a_header_without_rows_is_an_empty_grid(tmp_path: Path) -> None:
    report = load(tmp_path, []).report
    assert (report.rows, report.usable, report.rejected) == (0, 0, ())


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(GridFileError, match="cannot be read"):
        load_grid(tmp_path / name)


def test_control_characters_of_a_file_reach_no_report(tmp_path: Path) -> None:
    report = load(tmp_path, [row(band="P98\x1b[2J"), row(sharpe="\x1b[31m")]).report
    shown = " ".join(f"{e.value} {e.config}" for e in report.worst)
    assert shown.isprintable()


def test_the_persons_own_file_counted_independently(shared_data: Path) -> None:
    """The counts by a plain reader that knows nothing of our code."""
    path = shared_data / "grid" / "user_grid_trading_ready.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    possible = [r for r in rows if float(r["expected_credit"]) < 100 * float(r["spread_width"])]
    condors = Counter(
        (r["dte"], r["band"], r["spread_width"], r["entry_time_pst"])
        for r in possible
        if r["spread_type"] == "iron_condor"
    )
    copies = sum(count - 1 for count in condors.values())
    report = load_grid(path).report
    assert rejected(report) == {
        "credit_at_least_width": len(rows) - len(possible),
        "condor_copy": copies,
    }
    assert (len(rows), len(rows) - len(possible), copies) == (1500, 903, 121)
    # every usable row's credit + risk is wider than the width it names (trap 5)
    assert dict(report.warnings)[Warn.RISK_CONTRADICTS_WIDTH] == report.usable == 476


def test_our_own_files_columns_are_read_and_empty_cells_are_unknown(tmp_path: Path) -> None:
    own = {
        "band_mode": "vix250", "win_low_pct": 84.0, "win_high_pct": 98.0, "n_eff": 41.5,
        "shrunk_return_pct": -0.4, "return_low_pct": -1.9, "return_high_pct": "",
    }  # fmt: skip
    loaded = load_grid(write(tmp_path, csv_text([row() | own], [*COLUMNS, *own]).encode()))
    (found,) = loaded.grid.rows(loaded.grid.order)
    assert found.band_mode is BandMode.VIX250
    assert found.stats == RowStats(
        win_low_pct=84.0, win_high_pct=98.0, n_eff=41.5, return_pct=-0.4, return_low_pct=-1.9,
        return_high_pct=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "mode"),
    [(None, BandMode.RAW100), ("", BandMode.RAW100), ("RAW100", BandMode.RAW100), ("mine", None)],
)
def test_the_band_mode_is_raw100_where_the_file_does_not_say(
    tmp_path: Path, word: str | None, mode: BandMode | None
) -> None:
    columns = COLUMNS if word is None else [*COLUMNS, "band_mode"]
    loaded = load_grid(write(tmp_path, csv_text([row() | {"band_mode": word}], columns).encode()))
    (found,) = loaded.grid.rows(loaded.grid.order)
    assert found.band_mode is mode
    assert found.stats is None


@pytest.mark.parametrize(
    ("word", "error", "said"),
    [
        (None, None, "backtest"),
        ("quotes", None, "backtest"),
        ("model", 25, "backtest on model prices, no quotes, off by 25% of a credit in the mean"),
        ("anchored", None, "backtest on anchored prices, no quotes"),
        ("guessed", None, "backtest"),
    ],
)
def test_trap_27_an_alert_from_model_prices_says_so_with_their_error(
    tmp_path: Path, word: str | None, error: float | None, said: str
) -> None:
    columns = COLUMNS if word is None else [*COLUMNS, "price_source", "model_error_pct"]
    text = csv_text([row() | {"price_source": word, "model_error_pct": error}], columns)
    loaded = load_grid(write(tmp_path, text.encode()))
    (found,) = loaded.grid.rows(loaded.grid.order)
    assert found.rests_on == said
