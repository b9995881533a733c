"""What a live trade of one underlying is worked out from: price, chains, past moves, vols. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from monitor.clock import NEW_YORK
from monitor.config import Settings
from monitor.domain.chain_quotes import stale_problem
from monitor.domain.chain_smile import ChainSmile
from monitor.domain.context import Level, MarketContext
from monitor.domain.instruments import Kind, underlying
from monitor.domain.live_bands import PastSessions, past_sessions
from monitor.domain.option_chain import OptionChain
from monitor.domain.pricing.costs import TradingCosts, trading_costs
from monitor.domain.quotes import DailyBars
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Settlement

NO_CHAIN = "none was fetched"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChain:
    """A chain to trade on; `stale_why` is set when its quotes must not be acted upon."""

    chain: OptionChain
    smile: ChainSmile
    stale_why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMarket:
    """One underlying at one scan.

    `price` is the quote now (None unknown or stale); `past` the sessions before today or why
    they are unknown; `vols` index vols by symbol as annual fractions, None unknown or stale;
    `vols_asof` the oldest stamp among them.
    """

    ticker: str
    price: float | None
    past: PastSessions | str
    vols: Mapping[str, float | None]
    vols_asof: datetime | None
    settings: Settings
    calendar: TradingCalendar
    now: datetime
    offered: tuple[OptionChain, ...]
    chain_problems: Mapping[date, str]
    _chains: dict[date, LiveChain | str] = field(default_factory=dict)

    @property
    def costs(self) -> TradingCosts:
        return trading_costs(self.ticker)

    @property
    def multiplier(self) -> int:
        return underlying(self.ticker).multiplier

    @property
    def fee_usd(self) -> float:
        """The person's own, a leg and contract, each way."""
        own = self.settings.costs
        is_index = underlying(self.ticker).kind is Kind.INDEX
        return own.index_fee_usd if is_index else own.etf_fee_usd

    def chain_of(self, expiration: date) -> LiveChain | str:
        """The chain of an expiration, or why there is none."""
        if expiration not in self._chains:
            self._chains[expiration] = self._choose(expiration)
        return self._chains[expiration]

    def _choose(self, expiration: date) -> LiveChain | str:
        """PM-settled, as the grid's trades are; the newest where several sources answered."""
        found = [c for c in self.offered if c.expiration == expiration]
        pm = [c for c in found if c.settlement is Settlement.PM]
        if not pm:
            if found:
                return (
                    f"only the AM-settled {found[0].root} is listed for {expiration}; "
                    "the grid's trades settle at the close"
                )
            return self.chain_problems.get(expiration, NO_CHAIN)
        chain = max(pm, key=lambda c: c.asof)
        stale = stale_problem(chain, now=self.now, settings=self.settings, calendar=self.calendar)
        return LiveChain(chain=chain, smile=ChainSmile.of(chain), stale_why=stale)


def live_market(
    context: MarketContext,
    *,
    chains: Iterable[OptionChain],
    chain_problems: Mapping[tuple[str, date], str],
    daily: Mapping[str, DailyBars],
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
) -> LiveMarket:
    """Everything of one underlying that its trades are resolved with."""
    ticker = context.ticker
    levels = [*context.vix_family, context.vix]
    levels += [context.vol_index] if context.vol_index else []
    vols = {level.symbol: _annual(level) for level in levels}
    own = underlying(ticker).vol_index
    offered = tuple(c for c in chains if c.underlying == ticker)
    past: PastSessions | str = NO_CHAIN  # without a chain nobody asks
    if offered:
        past = past_sessions(
            ticker,
            daily=daily,
            vol_symbol=own,
            vol_now=vols.get(own) if own else None,
            today=_session_day(calendar, now),
            calendar=calendar,
        )
    return LiveMarket(
        ticker=ticker,
        price=None if context.stale else context.price,
        past=past,
        vols=vols,
        vols_asof=min((v.asof for v in levels if v.asof is not None), default=None),
        settings=settings,
        calendar=calendar,
        now=now,
        offered=offered,
        chain_problems={d: why for (t, d), why in chain_problems.items() if t == ticker},
    )


def _annual(level: Level) -> float | None:
    return None if level.value is None or level.stale else level.value / 100


def _session_day(calendar: TradingCalendar, now: datetime) -> date:
    """Today, or the coming session's day where today has none."""
    today = now.astimezone(NEW_YORK).date()
    return today if calendar.is_session(today) else calendar.shift(today, 1).date
