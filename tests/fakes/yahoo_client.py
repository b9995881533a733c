"""The monitor's Yahoo provider through the real yfinance client, on a loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yfinance.data import SingletonMeta, YfData

from fakes.yahoo_server import LoopbackSession, Play, YahooServer, yahoo_server
from monitor.providers.yahoo import YahooProvider

TIMEOUT_S = 0.6


@contextmanager
def yahoo_on_loopback(
    chart: Play, *, cache_dir: Path, timeout_s: float = TIMEOUT_S
) -> Iterator[tuple[YahooServer, YahooProvider]]:
    """A fresh client as a new process would have it: no cookie, no crumb, nothing cached."""
    SingletonMeta._instances.clear()
    YfData.cache_get.cache_clear()
    with yahoo_server(chart) as server:
        session = LoopbackSession(server, timeout_s=timeout_s)
        provider = YahooProvider(timeout_s=timeout_s, cache_dir=cache_dir, session=session)
        try:
            yield server, provider
        finally:
            provider.close()
            SingletonMeta._instances.clear()
