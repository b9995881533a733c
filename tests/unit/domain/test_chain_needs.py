"""Which chains a cycle asks for: what is held, what may be opened soon, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.positions_book import put_spread
from fakes.spine import CALENDAR, NOW, outage, pacific, quote

from monitor.config import Settings
from monitor.demo.grid import write_demo_grid
from monitor.domain.chain_needs import Level, chain_needs, grid_dtes, levels_of
from monitor.domain.option_chain import ChainRequest
from monitor.domain.positions import Position, Strikes
from monitor.domain.vocabulary import Settlement
from monitor.grid_file import load_grid

HELD = replace(
    put_spread(),
    ticker="NDX",
    expiration=date(2026, 11, 24),
    settlement=Settlement.PM,
    strikes=Strikes(short_put=19_800.0, long_put=19_700.0),
)
LEVEL = {"NDX": Level(price=25_000.0, vol=0.2)}


def needs(*positions: Position, **changed: Any) -> tuple[ChainRequest, ...]:
    given: dict[str, Any] = {
        "tickers": ("NDX",), "positions": positions, "dtes": (), "levels": LEVEL,
        "settings": Settings(), "calendar": CALENDAR, "now": NOW,
    }  # fmt: skip
    return chain_needs(**{**given, **changed})


def test_nothing_is_asked_without_a_position_and_outside_the_entry_hours() -> None:
    assert needs() == ()
    assert needs(dtes=(0, 1), now=pacific("06:39")) == ()
    assert needs(dtes=(0, 1), now=pacific("09:00")) == ()
    assert needs(dtes=(0, 1), now=pacific("07:30", date(2026, 11, 26))) == ()  # Thanksgiving


@pytest.mark.parametrize("clock", ["06:40", "07:00", "08:59"])
def test_near_and_in_the_entry_hours_the_grids_expirations_are_asked(clock: str) -> None:
    (one,) = needs(dtes=(0, 1, 3), now=pacific(clock))
    assert one.expirations == (date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 23))
    assert one.held == ()


def test_a_position_is_asked_for_at_any_hour_with_its_strikes() -> None:
    (one,) = needs(HELD, now=pacific("12:30"))
    assert (one.ticker, one.expirations, one.held) == (
        "NDX", (date(2026, 11, 24),), (19_700.0, 19_800.0),
    )  # fmt: skip


def test_the_range_is_ten_expected_moves_between_12_and_30_percent() -> None:
    (near,) = needs(dtes=(0,), levels={"NDX": Level(price=25_000.0, vol=0.1)})
    assert (near.low_strike, near.high_strike) == pytest.approx((22_000, 28_000))  # 12 %
    (five,) = needs(dtes=(0, 5), levels={"NDX": Level(price=25_000.0, vol=0.15)})
    reach = 10 * 0.15 * (5 / 252) ** 0.5  # 21.1 %
    assert five.high_strike == pytest.approx(25_000 * (1 + reach))
    (ten,) = needs(dtes=(10,))
    assert (ten.low_strike, ten.high_strike) == pytest.approx((17_500, 32_500))  # 30 %


def test_every_held_strike_lies_in_the_range() -> None:
    far = replace(HELD, strikes=Strikes(short_put=12_100.0, long_put=12_000.0))
    (one,) = needs(far)
    assert one.low_strike == 12_000.0


def test_without_a_price_the_held_strikes_give_the_range() -> None:
    (one,) = needs(HELD, levels={})
    assert one.low_strike == pytest.approx(19_700 * 0.7)
    assert one.high_strike == pytest.approx(19_800 * 1.3)
    (unknown,) = needs(dtes=(1,), levels={})
    assert (unknown.low_strike, unknown.high_strike) == (None, None)


def test_an_underlying_that_is_held_but_not_watched_is_asked_for_too() -> None:
    found = needs(replace(HELD, ticker="SPX"), dtes=(0,))
    assert [(r.ticker, len(r.expirations)) for r in found] == [("NDX", 1), ("SPX", 1)]


def test_what_trades_no_more_is_not_asked_for() -> None:
    assert needs(replace(HELD, expiration=date(2026, 11, 17))) == ()
    monthly = replace(HELD, expiration=date(2026, 11, 20), settlement=Settlement.AM)
    assert needs(monthly, now=pacific("07:00", date(2026, 11, 19))) != ()
    assert needs(monthly, now=pacific("07:00", date(2026, 11, 20)), dtes=()) == ()
    assert needs(replace(HELD, expiration=date(2026, 11, 22))) == ()  # a Sunday


def test_a_position_without_strikes_cannot_be_marked_by_quotes() -> None:
    assert needs(replace(HELD, strikes=None)) == ()


def test_unlisted_expirations_are_not_asked_for() -> None:
    (one,) = needs(tickers=("XLF",), dtes=(0, 1, 2), levels={})  # Fridays only
    assert one.expirations == (date(2026, 11, 20),)


def test_levels_are_positive_prices_and_the_own_volatility_index() -> None:
    readings = {
        "NDX": quote("NDX", 25_000.0), "VXN": quote("VXN", 22.0), "SPX": quote("SPX", float("nan")),
        "VIX": outage(),
    }  # fmt: skip
    levels = levels_of(("NDX", "SPX"), readings)
    assert levels["NDX"] == Level(price=25_000.0, vol=0.22)
    assert levels["SPX"] == Level(price=None, vol=None)


def test_dtes_are_those_the_grid_has_and_some_regime_looks_at(tmp_path: Path) -> None:
    write_demo_grid(tmp_path / "grid.csv", 7)
    grid = load_grid(tmp_path / "grid.csv")
    assert grid_dtes(grid, Settings()) == {0, 1, 3, 5}
    only = msgspec.structs.replace(
        Settings(),
        preferences=msgspec.structs.replace(
            Settings().preferences,
            **{
                name: msgspec.structs.replace(getattr(Settings().preferences, name), dtes=(3, 10))
                for name in ("very_low", "low", "medium", "high", "extreme")
            },
        ),
    )
    assert grid_dtes(grid, only) == {3}
    assert grid_dtes(None, Settings()) == frozenset()


def request(**changed: Any) -> ChainRequest:
    fields: dict[str, Any] = {
        "ticker": "NDX", "expirations": (date(2026, 11, 18),), "low_strike": 20_000.0,
        "high_strike": 30_000.0,
    }  # fmt: skip
    return ChainRequest(**{**fields, **changed})


def test_an_answer_covers_a_range_that_moved_a_little() -> None:
    assert request().covers(request(low_strike=19_500.0, high_strike=29_500.0))
    assert not request().covers(request(low_strike=18_500.0, high_strike=28_500.0))
    assert not request().covers(request(held=(19_900.0,)))
    assert not request().covers(request(expirations=(date(2026, 11, 19),)))
    assert not request().covers(request(low_strike=None, high_strike=None))
    assert request(low_strike=None, high_strike=None).covers(request())
