"""Settings: order of precedence, refusals that name value, range and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config_docs import describe
from monitor.config_load import load_settings
from monitor.domain.vocabulary import Profile, Regime, SpreadType, Trend
from monitor.errors import ConfigError


def test_defaults_are_the_contract(home: Path) -> None:
    settings = load_settings(home, environ={})
    assert settings.tickers == ("NDX",)
    assert (settings.scanning.scan_interval, settings.scanning.data_interval) == (300, 60)
    assert settings.scanning.top_configs == 20
    assert settings.quality.profile is Profile.BALANCED
    assert settings.exits.profit_target_pct == 50
    assert settings.exits.stop_loss_credit_multiple == 2
    assert settings.exits.time_exit_dte == 1
    assert (settings.limits.max_positions, settings.limits.max_total_risk_usd) == (5, 50_000)
    assert settings.regime.edges == (12, 16, 20, 30)
    assert (settings.dashboard.host, settings.dashboard.port) == ("127.0.0.1", 5000)
    assert settings.dashboard.refresh == 30


def test_flags_beat_environment_beats_file_beats_defaults(home: Path) -> None:
    (home / "config.toml").write_text(
        "trend = 'up'\n[exits]\nprofit_target_pct = 40\ntime_exit_dte = 2\n"
        "stop_loss_credit_multiple = 3\n"
    )
    settings = load_settings(
        home,
        environ={
            "CONDORWATCH_EXITS__PROFIT_TARGET_PCT": "60",
            "CONDORWATCH_EXITS__TIME_EXIT_DTE": "3",
            "CONDORWATCH_HOME": "/nowhere",
            "PATH": "/bin",
        },
        flags={"exits.time_exit_dte": 4, "trend": None},
    )
    assert settings.trend is Trend.UP
    assert settings.exits.stop_loss_credit_multiple == 3
    assert settings.exits.profit_target_pct == 60
    assert settings.exits.time_exit_dte == 4


def test_a_list_in_the_environment_is_split_at_commas(home: Path) -> None:
    settings = load_settings(home, environ={"CONDORWATCH_TICKERS": "NDX, SPX"})
    assert settings.tickers == ("NDX", "SPX")


def test_one_ticker_in_the_environment_is_a_list_of_one(home: Path) -> None:
    assert load_settings(home, environ={"CONDORWATCH_TICKERS": "SPX"}).tickers == ("SPX",)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("[exits]\nprofit_target_pct = 500", ["exits.profit_target_pct", "500", "100"]),
        ("[exits]\nprofit_target_pct = nan", ["exits.profit_target_pct", "nan"]),
        ("[limits]\nmax_total_risk_usd = inf", ["limits.max_total_risk_usd", "inf"]),
        ("[exitz]\na = 1", ["exitz", "config.toml"]),
        ("[exits]\nprofit_targt_pct = 5", ["profit_targt_pct"]),
        ("trend = 'auto'", ["trend", "auto"]),
        ("[scanning]\nscan_interval = 0", ["scanning.scan_interval", "5"]),
        ("not toml at all", ["config.toml", "line 1"]),
        ("[hours]\ndisplay_timezone = 'Mars/Base'", ["hours.display_timezone", "Mars/Base"]),
        ("[hours]\nentry_window_start = '29:00'", ["hours.entry_window_start", "29:00"]),
        ("[regime]\nedges = [16, 12, 20, 30]", ["regime.edges", "rising"]),
        ("[preferences.low]\nbands = ['P42']", ["preferences.low.bands", "P42"]),
    ],
)
def test_fault_30_a_bad_setting_is_named_with_its_range(
    home: Path, body: str, named: list[str]
) -> None:
    (home / "config.toml").write_text(body)
    with pytest.raises(ConfigError) as caught:
        load_settings(home, environ={})
    for word in named:
        assert word in caught.value.message
    assert caught.value.hint
    assert (home / "config.toml").read_text() == body


def test_a_file_may_set_one_half_of_a_group(home: Path) -> None:
    (home / "config.toml").write_text("[preferences.low]\ndtes = [0]\n")
    low = load_settings(home, environ={}).preferences.low
    assert low.dtes == (0,)
    assert low.bands == ("P95", "P97", "P98", "P99")


def test_a_misspelled_key_suggests_the_near_one(home: Path) -> None:
    (home / "config.toml").write_text("[exits]\nprofit_targt_pct = 5")
    with pytest.raises(ConfigError) as caught:
        load_settings(home, environ={})
    assert "profit_target_pct" in caught.value.hint


def test_trap_08_up_prefers_put_spreads_and_down_call_spreads(home: Path) -> None:
    preferences = load_settings(home, environ={}).preferences
    assert preferences.of_trend(Trend.UP) == (SpreadType.PUT_SPREAD, SpreadType.IRON_CONDOR)
    assert preferences.of_trend(Trend.DOWN) == (SpreadType.CALL_SPREAD, SpreadType.IRON_CONDOR)
    assert preferences.of_trend(Trend.SIDEWAYS) == (SpreadType.IRON_CONDOR,)


def test_trap_10_higher_vix_never_prefers_a_nearer_band(home: Path) -> None:
    preferences = load_settings(home, environ={}).preferences
    nearest = [int(preferences.of_regime(r).bands[0].removeprefix("P")) for r in Regime]
    assert nearest == sorted(nearest)


def test_every_setting_has_help_and_is_described_once() -> None:
    docs = list(describe())
    assert len({d.key for d in docs}) == len(docs)
    assert all(d.help for d in docs)
    assert {"exits.profit_target_pct", "dashboard.port", "preferences.up"} <= {d.key for d in docs}


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("scanning.scan_interval", 1.0, "must be 5 to 86400 s"),
        ("dashboard.port", 99999, "must be 0 to 65535"),
        ("exits.profit_target_pct", "abc", "must be above 0, up to 100 %"),
        ("trend", "sidways", "did you mean sideways?"),
        ("quality.profile", "x", "must be one of conservative, balanced, aggressive, maximum"),
    ],
)
def test_a_refused_value_is_told_its_range_in_plain_words(
    tmp_path: Path, key: str, value: object, why: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path, environ={}, flags={key: value})
    assert caught.value.message == f"setting {key} = {value!r}: {why}"


@pytest.mark.parametrize("name", ["NOTIFY", "DASHBOARD", "STORE", "STORE__URL"])
def test_a_secret_in_the_wrong_place_is_refused_and_not_shown(home: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="not shown") as caught:
        load_settings(home, environ={f"CONDORWATCH_{name}": "ntfy://hunter2,x"})
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
