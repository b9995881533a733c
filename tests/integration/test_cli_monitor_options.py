"""`monitor` and `monitor trend`: what is refused, in which words, and never replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fakes.spine import CALENDAR, MINUTE

from monitor.cli.main import monitor
from monitor.config import Data, Settings
from monitor.config_load import load_settings
from monitor.domain.vocabulary import Trend
from monitor.errors import ConfigError
from monitor.providers.live import LiveSources, build_live_sources


def command(home: Path, *args: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(monitor, [*args, "--home", str(home)], env=env)


# trend


@pytest.mark.parametrize(
    ("args", "config", "env"),
    [
        (("--trend", "auto", "--once"), "", {}),
        (("--once",), 'trend = "auto"\n', {}),
        (("--once",), "", {"CONDORWATCH_TREND": "auto"}),
        (("trend", "set", "auto"), "", {}),
        (("trend", "set", "AUTO"), "", {}),
        (("trend", "show"), 'trend = "auto"\n', {}),
    ],
)
def test_trend_auto_is_refused_wherever_it_is_said(
    home: Path, args: tuple[str, ...], config: str, env: dict[str, str]
) -> None:
    if config:
        (home / "config.toml").write_text(config)
    done = command(home, *args, env=env)
    assert done.exit_code == 2
    assert "trend 'auto' is not available yet" in done.stderr
    assert "say it yourself: up, down or sideways" in done.stderr


def test_trend_is_set_shown_and_outlives_the_command(home: Path) -> None:
    shown = json.loads(command(home, "trend", "show", "--json").stdout)
    assert shown == {"schema_version": 1, "trend": "sideways", "source": "settings"}
    assert command(home, "trend", "set", " Up ").exit_code == 0
    shown = json.loads(command(home, "trend", "show", "--json").stdout)
    assert (shown["trend"], shown["source"]) == ("up", "trend set")
    set_again = json.loads(command(home, "trend", "set", "down", "--json").stdout)
    assert set_again["trend"] == "down"
    assert command(home, "trend", "show").stdout == "trend down (trend set)\n"


def test_a_trend_that_is_none_changes_nothing(home: Path) -> None:
    command(home, "trend", "set", "up")
    done = command(home, "trend", "set", "sidewys", "--json")
    assert done.exit_code == 2
    error = json.loads(done.stdout)["error"]
    assert error["message"] == "'sidewys' is no trend"
    assert "sideways" in error["hint"]
    assert command(home, "trend", "show").stdout == "trend up (trend set)\n"


# source


@pytest.mark.parametrize("source", ["simulated", "demo2", "replay", "none", ""])
def test_an_unknown_source_is_refused_not_replaced(home: Path, source: str) -> None:
    done = command(home, "--source", source, "--once")
    assert done.exit_code == 2
    assert "demo, replay:PATH" in done.stderr
    assert not (home / "demo").exists()


def live(source: str, home: Path) -> LiveSources:
    return build_live_sources(
        source, data=Data(), cache_dir=home / "cache", calendar=CALENDAR, data_interval=MINUTE
    )


@pytest.mark.parametrize("source", ["auto", "yahoo", "cboe"])
def test_trap_29_no_live_source_holds_simulated_data(home: Path, source: str) -> None:
    sources = live(source, home)
    try:
        for provider in (sources.market, sources.chains):
            assert provider.simulated is False
            names = [health.name for health in provider.health()]
            assert set(names) <= {"yahoo", "cboe", "yahoo chains", "cboe chains"}
    finally:
        sources.market.close()


def test_auto_asks_yahoo_for_prices_and_cboe_for_chains_first(home: Path) -> None:
    sources = live("auto", home)
    try:
        assert [health.name for health in sources.market.health()] == ["yahoo", "cboe"]
        assert [h.name for h in sources.chains.health()] == ["cboe chains", "yahoo chains"]
    finally:
        sources.market.close()


@pytest.mark.parametrize("source", ["demo", "replay:/x"])
def test_the_live_providers_are_not_asked_for_simulated_ones(home: Path, source: str) -> None:
    with pytest.raises(ConfigError):
        live(source, home)


# options


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--ticker", "SP@X"), "--ticker 'SP@X' is no symbol"),
        (("--ticker", "ABCDEFGHIJK"), "is no symbol"),
        (("--ticker", ""), "--ticker '' is no symbol"),
        (("--trend", "upp"), "setting trend = 'upp'"),
        (("--max-iterations", "0"), "--max-iterations 0: at least 1"),
        (("--max-iterations", "1.5"), "Invalid value for '--max-iterations'"),
        (("--port", "65536"), "setting dashboard.port = 65536"),
        (("--data-interval", "1"), "setting scanning.data_interval = 1.0"),
        (("--scan-interval", "nan"), "Invalid value for '--scan-interval'"),
        (("--profile", "balancd"), "did you mean balanced?"),
        (("--source", "replay:/no/such"), "/no/such does not exist"),
        (("--tickr", "NDX"), "--ticker"),
    ],
)
def test_a_bad_option_is_refused_before_anything_starts(
    home: Path, args: tuple[str, ...], words: str
) -> None:
    done = command(home, *args, "--once")
    assert done.exit_code == 2
    assert words in done.stderr
    assert not (home / "data").exists()


def test_options_before_a_subcommand_are_refused_not_ignored(home: Path) -> None:
    done = CliRunner().invoke(monitor, ["--ticker", "SPX", "replay", "2022-03-14"])
    assert done.exit_code == 2
    assert "--ticker stands before 'replay'" in done.stderr


def test_a_near_miss_of_a_subcommand_is_named(home: Path) -> None:
    done = command(home, "rplay")
    assert done.exit_code == 2
    assert "did you mean replay?" in done.stderr


@pytest.mark.parametrize("command_line", [(), ("replay",), ("trend",), ("trend", "set")])
def test_help_has_an_example(command_line: tuple[str, ...]) -> None:
    done = CliRunner().invoke(monitor, [*command_line, "--help"])
    assert done.exit_code == 0
    assert "monitor " in done.stdout.partition("Example")[2] or command_line == ("trend",)


def test_index_symbols_are_taken_with_or_without_the_caret() -> None:
    from monitor.cli.session import check_ticker

    assert [check_ticker(t) for t in ("^ndx", " spx ", "BRK-B", "brk.b")] == [
        "NDX", "SPX", "BRK-B", "BRK.B",
    ]  # fmt: skip


def test_flags_beat_environment_which_beats_the_file(home: Path) -> None:
    (home / "config.toml").write_text('trend = "down"\n[scanning]\ndata_interval = 30\n')
    environ = {"CONDORWATCH_SCANNING__DATA_INTERVAL": "45"}
    settings = load_settings(home, environ=environ, flags={"trend": "up"})
    assert (settings.trend, settings.scanning.data_interval) == (Trend.UP, 45)
    assert isinstance(settings, Settings)


def test_a_home_that_is_a_file_is_a_clear_error(home: Path) -> None:
    path = home / "file"
    path.write_text("")
    done: Any = CliRunner().invoke(monitor, ["--once", "--home", str(path)])
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
    assert "--home" in done.stderr
