"""Option chains of the simulated market, in step with its prices. Every chain says SIMULATED."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from monitor.demo.market import UNDERLYINGS, DemoMarket, strike_step
from monitor.demo.marks import MINUTES_PER_SESSION, deviation
from monitor.demo.option_prices import simulated_side
from monitor.domain.instruments import underlying
from monitor.domain.option_chain import ChainRequest, OptionChain, Right
from monitor.domain.quotes import Floats
from monitor.domain.vocabulary import Settlement
from monitor.errors import ProviderError, UnknownSymbolError
from monitor.providers.base import ChainBatch, SourceHealth
from monitor.providers.demo import SOURCE, session_index

REACH = 0.3  # of the price, to each side, where no range is asked for


@dataclass(slots=True)
class DemoChainProvider:
    """Every session is an expiration, every strike on the step is listed; all series settle PM.

    The same seed and instant give the same chain.
    """

    market: DemoMarket
    name: str = field(default="demo chains", init=False)
    simulated: bool = field(default=True, init=False)
    _last_ok_at: datetime | None = field(default=None, init=False)

    def chains(self, request: ChainRequest, *, now: datetime) -> ChainBatch:
        chains: list[OptionChain] = []
        errors: dict[tuple[str, date], ProviderError] = {}
        for day in request.expirations:
            try:
                chains.append(self._chain(request, day, now))
            except ProviderError as error:
                errors[request.ticker, day] = error
        if chains:
            self._last_ok_at = now
        return ChainBatch(chains=tuple(chains), errors=errors)

    def health(self) -> tuple[SourceHealth, ...]:
        state = "ok" if self._last_ok_at else "unused"
        name = f"{self.name} ({SOURCE})"
        return (SourceHealth(name=name, state=state, last_ok_at=self._last_ok_at),)

    def close(self) -> None:
        """Nothing to release."""

    def _chain(self, request: ChainRequest, expiration: date, now: datetime) -> OptionChain:
        ticker, market = request.ticker, self.market
        if ticker not in UNDERLYINGS:
            raise UnknownSymbolError(
                f"the simulation has no options of {ticker}", source=SOURCE, symbol=ticker
            )
        if not market.calendar.is_session(expiration):
            raise _refused(f"{expiration} ({expiration:%A}) is no session", ticker)
        index = session_index(market, now)
        session, path = market.session(index), market.path(ticker, index)
        minute = min(int((now - session.open).total_seconds()) // 60, len(path) - 1)
        dte = market.calendar.dte(session.date, expiration)
        left = len(path) - 1 - minute + dte * MINUTES_PER_SESSION
        if left <= 0:
            raise _refused(f"the options of {expiration} have expired", ticker)
        price, asof = float(path[minute]), session.open + timedelta(minutes=minute)
        vol_index = underlying(ticker).vol_index or "VIX"
        vol = float(market.path(vol_index, index)[minute]) / 100
        strikes = _strikes(request, price=price, step=strike_step(float(path[0])))
        put, call = (
            simulated_side(
                right,
                strikes,
                ticker=ticker,
                price=price,
                vol=vol,
                sd=deviation(price=price, vol=vol, minutes_left=left),
                left=left / MINUTES_PER_SESSION,
            )
            for right in (Right.PUT, Right.CALL)
        )
        return OptionChain(
            underlying=ticker,
            root=underlying(ticker).pm_root,
            expiration=expiration,
            settlement=Settlement.PM,
            strikes=strikes,
            put=put,
            call=call,
            spot=price,
            asof=asof,
            fetched_at=now,
            source=SOURCE,
            simulated=True,
        )


def _strikes(request: ChainRequest, *, price: float, step: float) -> Floats:
    low = request.low_strike or price * (1 - REACH)
    high = request.high_strike or price * (1 + REACH)
    return step * np.arange(max(np.ceil(low / step), 1.0), np.floor(high / step) + 1)


def _refused(why: str, ticker: str) -> ProviderError:
    return ProviderError(why, source=SOURCE, symbol=ticker, retryable=False)
