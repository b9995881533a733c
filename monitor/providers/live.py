"""Put the live sources together as settings ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from monitor.config import Data
from monitor.domain.quote_guard import GuardLimits
from monitor.errors import ConfigError
from monitor.providers.base import MarketDataProvider
from monitor.providers.cboe import CboeProvider
from monitor.providers.fallback import AutoProvider
from monitor.providers.resilience import ResilientProvider
from monitor.providers.yahoo import YahooProvider

LIVE_SOURCES = ("auto", "yahoo", "cboe")


def build_live_provider(
    source: str,
    *,
    data: Data,
    cache_dir: Path,
    data_interval: timedelta = timedelta(seconds=60),
    sleep: Callable[[float], None] = time.sleep,
) -> MarketDataProvider:
    """Build `yahoo`, `cboe` or `auto` (both, in that order; never simulated data).

    Args:
        data_interval: Prices of two sources this far apart in time, times
            `stale_after_intervals`, are not compared.

    Raises:
        ConfigError: `source` is none of these.
    """

    def yahoo() -> MarketDataProvider:
        raw = YahooProvider(timeout_s=data.timeout_s, cache_dir=cache_dir)
        return ResilientProvider(raw, sleep=sleep)

    def cboe() -> MarketDataProvider:
        return ResilientProvider(CboeProvider(timeout_s=data.timeout_s), sleep=sleep)

    if source == "yahoo":
        return yahoo()
    if source == "cboe":
        return cboe()
    if source == "auto":
        limits = GuardLimits(
            data_interval=data_interval,
            stale_after_intervals=data.stale_after_intervals,
            disagree_pct=data.disagree_pct,
        )
        return AutoProvider([yahoo(), cboe()], limits=limits)
    raise ConfigError(
        f"source {source!r} is no live source: use one of {', '.join(LIVE_SOURCES)}",
        hint="simulated and recorded data are asked for by name: demo, replay:PATH",
    )
