"""The words of a trade's life as the small numbers that kernels and files hold: only append."""

from __future__ import annotations

from enum import IntEnum

from monitor.domain.exits import ExitReason


class NoTrade(IntEnum):
    """Why a configuration did not trade on a day; the first that applies, in this order.

    MODEL_0DTE_UNVALIDATED came later: it stands right after NO_CHAIN.
    With the trades they add up to (configurations × entry days), so nothing is lost silently.
    """

    OUT_OF_SESSION = 0
    NOT_LISTED = 1
    NOT_SETTLED = 2
    NO_PRICE = 3
    NO_CHAIN = 4
    FLOW_UNKNOWN = 5
    NO_FLOW = 6
    OTHER_FLOW = 7
    NO_BAND = 8
    NO_STRIKE = 9
    STRIKE_TOO_FAR = 10
    NO_LONG_STRIKE = 11
    LONG_UNQUOTED = 12
    NO_CREDIT = 13
    SUSPECT_CREDIT = 14
    SMALL_CREDIT = 15
    CREDIT_OVER_RISK = 16
    MODEL_0DTE_UNVALIDATED = 17

    @property
    def text(self) -> str:
        return _TEXTS[self]


_TEXTS = {
    NoTrade.OUT_OF_SESSION: "the entry time lies outside that day's session",
    NoTrade.NOT_LISTED: "no such expiration was listed",
    NoTrade.NOT_SETTLED: "settlement not known (yet)",
    NoTrade.NO_PRICE: "price of the underlying unknown at the entry time",
    NoTrade.NO_CHAIN: "no option prices for this expiration at the entry time",
    NoTrade.FLOW_UNKNOWN: "the day's move is unknown at the entry time",
    NoTrade.NO_FLOW: "the day's move is too small to have a direction",
    NoTrade.OTHER_FLOW: "the day's move goes the other way",
    NoTrade.NO_BAND: "too few settled past moves for a band, or no volatility to scale it",
    NoTrade.NO_STRIKE: "no strike beyond the band has a price",
    NoTrade.STRIKE_TOO_FAR: "the nearest priced strike lies too far beyond the band",
    NoTrade.NO_LONG_STRIKE: "the long strike at exactly this width is not listed",
    NoTrade.LONG_UNQUOTED: "the long strike is listed but has no price at the entry time",
    NoTrade.NO_CREDIT: "no credit at mid, or none after slippage",
    NoTrade.SUSPECT_CREDIT: "mid credit above 0.35 of the width out of the money: a bad quote",
    NoTrade.SMALL_CREDIT: "credit below the least worth trading",
    NoTrade.CREDIT_OVER_RISK: "credit not below the maximum loss",
    NoTrade.MODEL_0DTE_UNVALIDATED: "model prices are not validated on the day of expiration",
}


class Exit(IntEnum):
    """How a trade ended. FORCED: an ETF closed before expiry because it might be assigned."""

    SETTLED = 0
    STOP = 1
    TARGET = 2
    TIME = 3
    FORCED = 4

    @property
    def text(self) -> str:
        """The live monitor's own word where it has one."""
        live = _LIVE.get(self)
        return live.value if live else self.name.lower()


_LIVE = {
    Exit.STOP: ExitReason.STOP_LOSS,
    Exit.TARGET: ExitReason.PROFIT_TARGET,
    Exit.TIME: ExitReason.TIME_EXIT,
}
LIVE_CODE = {reason: code for code, reason in _LIVE.items()}


class PriceSource(IntEnum):
    """Where a trade's option prices come from; never averaged with each other."""

    QUOTES = 0
    ANCHORED = 1
    MODEL = 2

    @property
    def text(self) -> str:
        return self.name.lower()
