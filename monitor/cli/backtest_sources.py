"""Where a backtest's prices come from: recorded chains, folders of bars, Yahoo's history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.backtest_args import YAHOO, Asked, Sources
from monitor.config import Settings
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DataError, InputError
from monitor.home import Home

if TYPE_CHECKING:
    from monitor.backtest.open_chains import Inputs

Step = Callable[[str, int, int], None]
"""Told the name of a step, how much of it is done, and how much there is."""


def find_sources(given: Sequence[str], ticker: str, home: Home) -> Sources:
    """What `--source` names, told apart; without it recorded chains under home, else Yahoo.

    Raises:
        InputError: A folder does not exist, or two of them hold chains.
        DataError: None of them holds chains or bars of the ticker.
        DomainError: There are no chains, and the ticker cannot have model prices.
    """
    found = _named(given, ticker) if given else _usual(ticker, home)
    if found.chains is None:
        from monitor.backtest.model_error import model_error

        model_error(ticker)
    return found


def _named(given: Sequence[str], ticker: str) -> Sources:
    folders = [Path(word) for word in given if word != YAHOO]
    for folder in folders:
        if not folder.exists():
            raise InputError(
                f"--source {folder}: no such folder or file",
                hint="a folder of recorded chains or of bars, or the word yahoo",
            )
    chains = [folder for folder in folders if _holds_chains(folder, ticker)]
    if len(chains) > 1:
        raise InputError(
            f"--source {chains[1]}: {chains[0]} holds recorded chains of {ticker} too",
            hint="give one folder of chains; others may hold bars",
        )
    bars = tuple(folder for folder in folders if folder not in chains)
    found = Sources(chains=chains[0] if chains else None, bars=bars, yahoo=YAHOO in given)
    if found.chains is None and not found.yahoo:
        _require_bars(bars, ticker)
    return found


def open_inputs(
    asked: Asked,
    ticker: str,
    *,
    home: Home,
    calendar: TradingCalendar,
    now: datetime,
    step: Step,
) -> Inputs:
    """Read, and where asked fetch, what one ticker is backtested on.

    A run that goes on takes stored history as it is, if there is any: its data is the same.
    """
    from monitor.backtest.open_chains import open_chains
    from monitor.backtest.open_history import open_history

    found = asked.sources[ticker]
    problems: tuple[str, ...] = ()
    stored = asked.resume and bool(stored_days(found, ticker, home, calendar)[0])
    if found.yahoo and not stored:
        try:
            problems = _fetch(ticker, home, asked.settings, calendar, now, step)
        except DataError as error:
            if found.chains is None:
                raise
            problems = (error.message,)  # bars beside chains are welcome, not needed
    folders = found.bar_folders(home)
    if found.chains is None:
        inputs = open_history(
            folders, ticker=ticker, calendar=calendar,
            progress=lambda done, total, _: step("reading bars", done, total),
        )  # fmt: skip
    else:
        inputs = open_chains(
            found.chains, history=folders, ticker=ticker, calendar=calendar,
            dtes=asked.dims.dtes, anchored=asked.anchored, cache_dir=home.history / "chains",
            workers=asked.workers,
            progress=lambda done, total, _: step("reading chains", done, total),
        )  # fmt: skip
    return inputs.told(problems)


def stored_days(
    found: Sources, ticker: str, home: Home, calendar: TradingCalendar
) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Entry sessions of bars that lie on disk, and those that a run usually takes."""
    from monitor.backtest.open_history import history_days

    return history_days(found.bar_folders(home), ticker, calendar)


def _usual(ticker: str, home: Home) -> Sources:
    for place in (home.root, home.data):
        if _holds_chains(place, ticker):
            taken = f"no --source given: recorded chains under {place}"
            return Sources(chains=place, bars=(), yahoo=False, taken=taken)
    taken = (
        f"no --source given and no recorded chains of {ticker} under {home.root}: "
        "history from yahoo, with model prices"
    )
    return Sources(chains=None, bars=(), yahoo=True, taken=taken)


def _holds_chains(folder: Path, ticker: str) -> bool:
    from monitor.backtest.chain_files import find_folders  # heavy: numba

    try:
        find_folders(folder, ticker)
    except DataError:
        return False
    return True


def _require_bars(folders: Sequence[Path], ticker: str) -> None:
    from monitor.backtest.history_files import files_of
    from monitor.domain.instruments import underlying

    symbol = underlying(ticker).symbol
    if not any(files_of(folder, symbol) for folder in folders):
        raise DataError(
            f"{', '.join(map(str, folders))}: no recorded chains and no bars of {symbol}",
            hint=f"expected options_csv_output_full/{symbol}/{symbol}_options_YYYY-MM-DD.csv below "
            f"it, or bars as {symbol}_5m.csv; --source yahoo fetches bars",
        )


def _fetch(
    ticker: str,
    home: Home,
    settings: Settings,
    calendar: TradingCalendar,
    now: datetime,
    step: Step,
) -> tuple[str, ...]:
    from monitor.app import history_source
    from monitor.backtest.history_download import top_up
    from monitor.backtest.open_history import symbols_of

    with history_source(settings, home) as source:
        done = top_up(
            home.history, symbols_of(ticker), source=source, calendar=calendar, now=now,
            progress=lambda n, total, _: step("fetching history", n, total),
        )  # fmt: skip
    return done.problems
