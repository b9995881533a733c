"""Settings of the demo: the defaults its script is written for, shown in the person's way."""

from __future__ import annotations

from datetime import date

import msgspec

from monitor.config import Scanning, Settings
from monitor.demo.market import UNDERLYINGS
from monitor.errors import ConfigError

FIRST_SESSION = date(2026, 11, 17)  # an ordinary Tuesday; tomorrow and today are expirations
SEED = 7
DATA_INTERVAL_S = 120.0  # simulated seconds: about four cycles a real second
SCAN_INTERVAL_S = 300.0
REFRESH_S = 1.0


def demo_settings(given: Settings) -> Settings:
    """Everything that decides alerts is the default; tickers, page and zone are the person's.

    The database is always the demo's own file, whatever URL is set.

    Raises:
        ConfigError: A ticker that the simulation does not have.
    """
    unknown = [ticker for ticker in given.tickers if ticker not in UNDERLYINGS]
    if unknown:
        raise ConfigError(
            f"the demo does not simulate {', '.join(unknown)}",
            hint=f"it simulates {', '.join(UNDERLYINGS)}",
        )
    plain = Settings()
    return msgspec.structs.replace(
        plain,
        tickers=given.tickers,
        scanning=Scanning(data_interval=DATA_INTERVAL_S, scan_interval=SCAN_INTERVAL_S),
        hours=msgspec.structs.replace(plain.hours, display_timezone=given.hours.display_timezone),
        data=msgspec.structs.replace(plain.data, source="demo"),
        dashboard=msgspec.structs.replace(given.dashboard, refresh=REFRESH_S),
    )
