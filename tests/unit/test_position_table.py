"""`positions list` on a terminal: a table where it fits, else a few lines a position."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from positions_cli import output, view
from positions_cli.main import cli

ADD = (
    "add", "--dte", "3", "--spread", "put_spread", "--contracts", "1", "--credit", "150",
    "--short-put", "19800", "--long-put", "19700", "--home",
)  # fmt: skip


def listed(home: Path) -> list[str]:
    return CliRunner().invoke(cli, ["list", "--home", str(home)]).stdout.splitlines()


def test_a_narrow_terminal_gets_lines_and_a_wide_one_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CliRunner().invoke(cli, [*ADD, str(tmp_path)]).exit_code == 0
    monkeypatch.setattr(view, "terminal_columns", lambda: 80)
    narrow = listed(tmp_path)
    assert len(narrow) == 4
    assert max(map(len, narrow)) <= 80
    assert narrow[0].endswith("1 × NDX put_spread 19700/19800p  [open]")
    monkeypatch.setattr(view, "terminal_columns", lambda: 200)
    assert listed(tmp_path)[0].startswith("ID ")


def test_a_pipe_has_no_width() -> None:
    assert output.terminal_columns() is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--band", "P96"), "band P96 is in no grid; grids have P95, P97, P98, P99, P100"),
        (("--ticker", "NDXX"), "NDXX is none of NDX, SPX, RUT, QQQ, SPY, XLE, XLF"),
    ],
)
def test_a_slip_in_band_or_symbol_is_named(
    tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    """As a warning, or in the refusal where today has no such expiration of a share."""
    result = CliRunner().invoke(cli, [*ADD, str(tmp_path), *given, "--dry-run"])
    assert said in result.stderr
