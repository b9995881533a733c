"""Put the live sources together as settings ask: market data, and option chains beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from monitor.config import Data
from monitor.domain.quote_guard import GuardLimits
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import ConfigError
from monitor.providers.base import ChainProvider, MarketDataProvider
from monitor.providers.cboe import CboeProvider
from monitor.providers.cboe_chains import CboeChainProvider
from monitor.providers.chain_fallback import FallbackChains, ResilientChains
from monitor.providers.fallback import AutoProvider
from monitor.providers.resilience import ResilientProvider
from monitor.providers.yahoo import YahooProvider
from monitor.providers.yahoo_chains import YahooChainProvider

LIVE_SOURCES = ("auto", "yahoo", "cboe")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSources:
    """What a live run asks."""

    market: MarketDataProvider
    chains: ChainProvider


def build_live_sources(
    source: str,
    *,
    data: Data,
    cache_dir: Path,
    calendar: TradingCalendar,
    data_interval: timedelta = timedelta(seconds=60),
    chain_interval: timedelta = timedelta(seconds=300),
    sleep: Callable[[float], None] = time.sleep,
) -> LiveSources:
    """Build `yahoo`, `cboe` or `auto` (both; never simulated data).

    For prices `auto` asks Yahoo first, for chains Cboe: the better source of each.

    Args:
        data_interval: Prices of two sources this far apart in time, times
            `stale_after_intervals`, are not compared.
        chain_interval: An underlying's chains are not fetched again sooner.

    Raises:
        ConfigError: `source` is none of these.
    """
    if source not in LIVE_SOURCES:
        raise ConfigError(
            f"source {source!r} is no live source: use one of {', '.join(LIVE_SOURCES)}",
            hint="simulated and recorded data are asked for by name: demo, replay:PATH",
        )
    market: list[MarketDataProvider] = []
    chains: list[ChainProvider] = []
    if source in ("auto", "yahoo"):
        yahoo = YahooProvider(timeout_s=data.timeout_s, cache_dir=cache_dir)
        quoted = YahooChainProvider(yahoo, calendar=calendar, interval=chain_interval)
        market.append(ResilientProvider(yahoo, sleep=sleep))
        chains.append(ResilientChains(quoted, sleep=sleep))
    if source in ("auto", "cboe"):
        delayed = CboeChainProvider(
            calendar=calendar, timeout_s=data.timeout_s, interval=chain_interval
        )
        market.append(ResilientProvider(CboeProvider(timeout_s=data.timeout_s), sleep=sleep))
        chains.insert(0, ResilientChains(delayed, sleep=sleep))
    limits = GuardLimits(
        data_interval=data_interval,
        stale_after_intervals=data.stale_after_intervals,
        disagree_pct=data.disagree_pct,
    )
    return LiveSources(
        market=AutoProvider(market, limits=limits) if source == "auto" else market[0],
        chains=FallbackChains(chains) if source == "auto" else chains[0],
    )
