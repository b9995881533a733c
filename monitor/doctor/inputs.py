"""What the monitor lives on: data sources, grid file, channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from monitor.clock import NEW_YORK
from monitor.config import Settings
from monitor.doctor.finding import Finding, Grade
from monitor.domain.alert_text import age_text
from monitor.domain.expirations import listed_expirations
from monitor.domain.option_chain import ChainRequest, OptionChain
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import SessionState
from monitor.errors import ConfigError, ProviderError
from monitor.home import Home
from monitor.notify.base import Messenger, Notifier
from monitor.notify.heartbeat import Heartbeat
from monitor.providers.base import ChainProvider, MarketDataProvider
from monitor.runtime.grid_watch import GridWatch

GRID_OLD = timedelta(days=35)
AHEAD = timedelta(days=14)  # every underlying lists an expiration within two weeks


def source(
    name: str,
    provider: MarketDataProvider,
    symbols: Sequence[str],
    *,
    calendar: TradingCalendar,
    now: datetime,
) -> list[Finding]:
    """Ask one live source for the prices that a cycle asks for."""
    check = f"source {name}"
    batch = provider.quotes(symbols, now=now)
    open_now = calendar.state_at(now)[0] is SessionState.OPEN
    found = []
    for symbol, quote in batch.quotes.items():
        delay = f", {quote.delay.total_seconds() / 60:.0f} min delayed" if quote.delay else ""
        age = age_text(quote.age(now))
        said = f"{symbol} {quote.price:,.2f}, {age}{delay}"
        late = open_now and quote.age(now) > timedelta(minutes=3) + quote.delay
        todo = "the exchange is open: a price this old is stale" if late else ""
        found.append(
            Finding(check=check, grade=Grade.WARN if late else Grade.OK, said=said, todo=todo)
        )
    for why, names in _by_reason(batch.errors).items():
        grade = Grade.FAIL if not batch.quotes else Grade.WARN
        found.append(
            Finding(
                check=check,
                grade=grade,
                said=f"{', '.join(names)}: {why}",
                todo="check the network, or choose another --source",
            )
        )
    return found


def _by_reason(errors: Mapping[str, ProviderError]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for symbol, error in errors.items():
        reasons.setdefault(error.message, []).append(symbol)
    return reasons


def chain_source(
    name: str,
    provider: ChainProvider,
    tickers: Sequence[str],
    *,
    calendar: TradingCalendar,
    now: datetime,
) -> list[Finding]:
    """Ask one source of option chains for each underlying's next expiration."""
    check = f"chains {name}"
    found = []
    for ticker in tickers:
        request = ChainRequest(ticker=ticker, expirations=(_next(ticker, calendar, now),))
        batch = provider.chains(request, now=now)
        found += [_chain_finding(check, chain, now) for chain in batch.chains]
        found += [
            Finding(
                check=check,
                grade=Grade.WARN,
                said=f"{ticker}: {error.message}",
                todo=error.hint or "without chains alerts quote the backtest alone",
            )
            for error in batch.errors.values()
        ]
    return found


def _next(ticker: str, calendar: TradingCalendar, now: datetime) -> date:
    """The first expiration after today: today's may be over."""
    today = now.astimezone(NEW_YORK).date()
    listed = listed_expirations(ticker, today, today + AHEAD, calendar)
    return next(one.date for one in listed if one.date > today)


def _chain_finding(check: str, chain: OptionChain, now: datetime) -> Finding:
    delay = f", {chain.delay.total_seconds() / 60:.0f} min delayed" if chain.delay else ""
    return Finding(
        check=check,
        grade=Grade.OK,
        said=f"{chain.root} {chain.expiration}: {len(chain.strikes)} strikes, quotes "
        f"{age_text(chain.age(now))}{delay}",
    )


def grid(home: Home, settings: Settings, now: datetime) -> list[Finding]:
    """The grid file in force: rows, health, age."""
    watch = GridWatch(home.results, Path(settings.grid) if settings.grid else None)
    watch.refresh()
    loaded = watch.grid
    if loaded is None:
        todo = "`monitor backtest` builds one"
        return [Finding(check="grid", grade=Grade.WARN, said=watch.problem or "", todo=todo)]
    report = loaded.grid.report
    usable, rows = len(loaded.grid), report.rows
    age = now - loaded.modified_at
    old = age > GRID_OLD
    said = f"{usable:,} of {rows:,} rows usable, {age.days} days old ({loaded.path})"
    if not usable:
        todo = f"`monitor grid check {loaded.path}` names what is wrong with every row"
        return [Finding(check="grid", grade=Grade.FAIL, said=said, todo=todo)]
    todo = "`monitor backtest` renews it" if old else ""
    return [Finding(check="grid", grade=Grade.WARN if old else Grade.OK, said=said, todo=todo)]


def channels(notifiers: Sequence[Notifier]) -> list[Finding]:
    """The person's own channels; nothing is sent."""
    own = [n.name for n in notifiers if isinstance(n, Messenger)]
    if own:
        said = f"{', '.join(own)}: understood, not tried"
        todo = "`monitor alerts test` sends a message through each"
        return [Finding(check="channels", grade=Grade.OK, said=said, todo=todo)]
    return [
        Finding(
            check="channels",
            grade=Grade.NOTE,
            said="alerts go to the log files and the terminal only",
            todo="name a channel under [notify] to hear of them elsewhere",
        )
    ]


def heartbeat(settings: Settings) -> list[Finding]:
    if settings.notify.heartbeat_url:
        try:
            Heartbeat(settings.notify.heartbeat_url)
        except ConfigError as error:
            return [
                Finding(check="heartbeat", grade=Grade.FAIL, said=error.message, todo=error.hint)
            ]
        said = "a ping goes out after each healthy cycle"
        return [Finding(check="heartbeat", grade=Grade.OK, said=said)]
    return [
        Finding(
            check="heartbeat",
            grade=Grade.NOTE,
            said="nobody is told when the monitor dies",
            todo="notify.heartbeat_url: the ping URL of a service that watches for silence",
        )
    ]
