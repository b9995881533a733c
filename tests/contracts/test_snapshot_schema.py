"""dashboard_data.json against the contract that other readers rely on, version 1.

The keys stand here as the contract names them, not as the code does. More keys are allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.positions_book import put_spread
from fakes.spine import MINUTE, NOW, FakeProvider, running

from monitor.domain.positions import PnlMark
from monitor.runtime.runner import Runner
from monitor.store.store import Store

TOP = (
    "schema_version generated_at next_due_at monitor markets opportunities funnel portfolio "
    "positions alerts health"
).split()
MONITOR = "version pid started_at state iteration source paused".split()
MARKET = (
    "ticker price previous_close change change_pct volume_ratio vix vix_asof vol_index regime "
    "regime_since iv_rank trend session asof age_s stale problems"
).split()
SESSION = "state open close early_close".split()
PORTFOLIO = "open closed total_max_loss_usd unrealized_pnl_usd realized_pnl_usd limits".split()
HEALTH = "providers jobs notifiers disk problems".split()
LISTS = "markets opportunities positions alerts".split()

NEVER_UNKNOWN = {"ticker", "trend", "session", "stale", "problems"}
# RFC 3339 in UTC: "2026-11-18T15:32:00Z", with a fraction of a second or not
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)


def page(runner: Runner) -> Any:
    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    return json.loads(runner.home.snapshot.read_bytes(), parse_constant=refuse)


@pytest.fixture(params=["all is known", "nothing is known"])
def shown(request: pytest.FixtureRequest, home: Path) -> Any:
    provider = FakeProvider() if request.param == "all is known" else FakeProvider(prices={})
    with running(home, provider=provider) as runner:
        book = Store(runner.store.engine, home)
        mark = PnlMark(pnl_usd=90.0, asof=NOW, source="you")
        book.add(lambda _id: put_spread(mark=mark), at=NOW)
        book.add(lambda _id: put_spread("b0000000"), at=NOW)
        runner.cycle(NOW)
        runner.cycle(NOW + MINUTE)
        yield page(runner)


def test_every_key_of_the_contract_is_there(shown: Any) -> None:
    assert shown["schema_version"] == 1
    assert set(TOP) <= set(shown)
    assert set(MONITOR) <= set(shown["monitor"])
    assert set(PORTFOLIO) <= set(shown["portfolio"])
    assert set(HEALTH) <= set(shown["health"])
    assert [m["ticker"] for m in shown["markets"]] == ["NDX"]
    for market in shown["markets"]:
        assert set(MARKET) <= set(market)
        assert set(SESSION) <= set(market["session"])
    for name in LISTS:
        assert isinstance(shown[name], list)
    assert len(shown["positions"]) == 2
    assert shown["alerts"]  # an exit is due, so there is one


def test_an_unknown_market_value_is_null_with_an_entry_in_problems(shown: Any) -> None:
    (market,) = shown["markets"]
    named = {p["what"]: p["why"] for p in market["problems"]}
    assert all(len(why) > 5 for why in named.values())
    unknown = [key for key in MARKET if market[key] is None]
    assert set(unknown) <= set(named)
    unknown = [key for key in ("iv_percentile", "flow", "source") if market[key] is None]
    assert set(unknown) <= set(named)
    for level in [market["vol_index"], *market["vix_family"]]:
        if level["value"] is None:
            assert level["symbol"] in named or level["symbol"].lower() in named


def test_trap_29_without_any_source_every_market_value_is_null(home: Path) -> None:
    with running(home, provider=FakeProvider(prices={})) as runner:
        runner.cycle(NOW)
        (market,) = page(runner)["markets"]
    values = [key for key in MARKET if key not in NEVER_UNKNOWN | {"vol_index"}]
    assert {key: market[key] for key in values} == dict.fromkeys(values)
    assert market["vol_index"]["value"] is None
    assert {p["what"] for p in market["problems"]} >= {*values, "VXN", "VIX9D"}


def test_an_unknown_pnl_is_null_with_an_entry_in_problems(shown: Any, home: Path) -> None:
    marked, unmarked = sorted(shown["positions"], key=lambda p: p["pnl_usd"] is None)
    assert marked["pnl_usd"] == 90
    assert unmarked["pnl_usd"] is None
    (why,) = [p["why"] for p in shown["health"]["problems"] if p["what"] == "unrealized_pnl_usd"]
    assert why == (
        "no P&L is known for b000: profit target and stop cannot fire; "
        "positions update b000 --pnl DOLLARS"
    )


def test_with_no_position_open_nothing_is_unknown_of_them(home: Path) -> None:
    with running(home) as runner:
        runner.cycle(NOW)
        shown = page(runner)
    assert shown["portfolio"]["unrealized_pnl_usd"] == 0
    assert "unrealized_pnl_usd" not in {p["what"] for p in shown["health"]["problems"]}


def instants(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text that looks like an instant, with where it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from instants(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from instants(inner, path)
    elif isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:", value):
        yield path, value


def test_instants_are_rfc_3339_in_utc(shown: Any) -> None:
    found = list(instants(shown))
    assert {path for path, text in found if not INSTANT.fullmatch(text)} == set()
    where = {path for path, _ in found}
    assert where >= {
        ".generated_at",
        ".next_due_at",
        ".monitor.started_at",
        ".markets.session.open",
    }
    due = datetime.fromisoformat(shown["next_due_at"])
    assert due - datetime.fromisoformat(shown["generated_at"]) == timedelta(seconds=60)
