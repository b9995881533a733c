"""What is known at each possible entry: price, flow, band levels, listing, settlement, exits.

All of it is computed once for the whole data window, by session and entry time; an expiration's
task then takes what concerns it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bands import rolling_bands
from monitor.backtest.bars_panel import PriceTable, Sessions
from monitor.backtest.configs import MODES, ConfigTable
from monitor.backtest.engine_plain import NOT_ASKED
from monitor.backtest.legs import MILLI, Cells, Entries, ExpirationMarks
from monitor.backtest.trade_codes import NoTrade, PriceSource
from monitor.clock import NEW_YORK
from monitor.domain.entry_windows import ET_MINUS_PT
from monitor.domain.exits import ExitRules
from monitor.domain.expirations import listed_expirations
from monitor.domain.past_moves import WINDOW
from monitor.domain.schedule import BEFORE_CLOSE, exit_schedule
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import BandMode, Settlement

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FLOW_DEAD_ZONE = 0.001  # DTE ≥ 1: since the previous close
FLOW_DEAD_ZONE_0DTE = 0.0005  # 0 DTE: over the last ten minutes
FLOW_MINUTES_0DTE = 10
NO_FLOW_KNOWN = 2
NO_TIME_EXIT = -1
NEVER = np.iinfo(np.int64).max
_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """All entries of a run, by session (axis 0 unless said).

    Shapes: minute (n_times,), New York; price (n, n_times); flow (2, n, n_times), 0 DTE first;
    low, high (n_cells, n, n_times), points; settlement (n,); time_exit (n, n_dtes), key of the
    time exit's instant by *expiration* session, −1 none; listed_from (n,), first day on which a
    PM series of this expiration could be traded. `first`..`stop`: sessions of entry.
    """

    minute: Ints
    price: Floats
    flow: NDArray[np.int8]
    low: Floats
    high: Floats
    settlement: Floats
    close_minute: Ints
    day: Ints
    time_exit: Ints
    listed_from: Ints
    first: int
    stop: int
    offset: int = 0  # session index of row 0

    def part(self, first: int, stop: int) -> EntryFacts:
        """Only sessions first..stop−1; indices of sessions keep their meaning."""
        a, b = first - self.offset, stop - self.offset
        return EntryFacts(
            minute=self.minute, price=self.price[a:b], flow=self.flow[:, a:b],
            low=self.low[:, a:b], high=self.high[:, a:b], settlement=self.settlement[a:b],
            close_minute=self.close_minute[a:b], day=self.day[a:b],
            time_exit=self.time_exit[a:b], listed_from=self.listed_from[a:b],
            first=self.first, stop=self.stop, offset=first,
        )  # fmt: skip


def cells_of(table: ConfigTable) -> Cells:
    """The table's cells as the kernels walk them."""
    dtes = np.unique(table.cell_dte)
    kind_slot = np.full(5, -1, np.int64)
    for slot, kind in enumerate(table.dims.kinds):
        kind_slot[kind] = slot
    return Cells(
        dtes=dtes,
        dte_slot=np.searchsorted(dtes, table.cell_dte),
        start=table.cell_start[:-1],
        width_start=table.width_start,
        width=np.round(table.widths * MILLI).astype(np.int64),
        kind_slot=kind_slot,
        n_times=len(table.dims.entry_minutes_pt),
    )


def entry_facts(
    *,
    ticker: str,
    table: ConfigTable,
    sessions: Sessions,
    prices: PriceTable,
    vol: PriceTable | None,
    calendar: TradingCalendar,
    rules: ExitRules,
    first: int,
    stop: int,
    min_sample: int,
    check_listing: bool,
    hypothetical: bool = False,
    workers: int = 2,
) -> EntryFacts:
    """Everything the entries need.

    Args:
        vol: The underlying's own volatility index; None leaves `vix250` bands unknown.
        first, stop: Sessions on which trades are entered; earlier ones only feed the bands.
        min_sample: Fewest past moves that make a band.
        check_listing: Ask the table of listed series (recorded chains show it themselves).
        hypothetical: Take series of today's pattern as listed in earlier years too.
    """
    minutes = np.array(sorted(table.dims.entry_minutes_pt), np.int64) + ET_MINUS_PT
    price = np.stack([prices.at(int(m)) for m in minutes], axis=1)
    low, high = _levels(table, minutes, price, prices, vol, min_sample, workers)
    dtes = np.unique(table.cell_dte)
    listed = (
        _listed_from(ticker, sessions, calendar, hypothetical=hypothetical)
        if check_listing
        else np.zeros(len(sessions), np.int64)
    )
    return EntryFacts(
        minute=minutes,
        price=price,
        flow=_flow(minutes, price, prices),
        low=low,
        high=high,
        settlement=prices.close,
        close_minute=sessions.close_minute,
        day=sessions.day,
        time_exit=_time_exits(sessions, dtes, rules, calendar),
        listed_from=listed,
        first=first,
        stop=stop,
    )


def entries_into(
    facts: EntryFacts, cells: Cells, expiration: int, marks: ExpirationMarks | None
) -> Entries:
    """The entries into one expiration, with the place of each among its marks.

    None is made on model prices of the day of expiration: docs/pricing.md has the figures.
    """
    e = expiration - facts.offset
    n_times = len(facts.minute)
    session = expiration - cells.dtes
    row = np.clip(session - facts.offset, 0, None)
    asked = (session >= facts.first) & (session < facts.stop) & (session >= facts.offset)
    price = facts.price[row]
    keys = np.empty(0, np.int64) if marks is None else marks.session * _DAY + marks.minute
    wanted = session[:, None] * _DAY + facts.minute[None, :]
    at = np.searchsorted(keys, wanted)
    found = at < len(keys)
    found[found] = keys[at[found]] == wanted[found]
    if marks is not None and len(keys):
        priced: NDArray[np.bool_] = np.logical_or.reduce(np.isfinite(marks.mid), axis=0)
        found[found] = priced[at[found]]
    modeled = np.zeros_like(found)
    if marks is not None:
        modeled[found] = marks.source[at[found]] == PriceSource.MODEL
    listed_later = facts.day[row] < facts.listed_from[e]
    blocked = np.full((len(session), n_times), -1, np.int64)
    for code, applies in reversed(
        (
            (NOT_ASKED, np.broadcast_to(~asked[:, None], blocked.shape)),
            (NoTrade.OUT_OF_SESSION, facts.minute[None, :] >= facts.close_minute[row][:, None]),
            (NoTrade.NOT_LISTED, listed_later[:, None]),
            (NoTrade.NOT_SETTLED, np.full((len(session), 1), bool(np.isnan(facts.settlement[e])))),
            (NoTrade.NO_PRICE, np.isnan(price)),
            (NoTrade.NO_CHAIN, ~found),
            (NoTrade.MODEL_0DTE_UNVALIDATED, modeled & (cells.dtes == 0)[:, None]),
        )
    ):
        blocked[np.broadcast_to(applies, blocked.shape)] = int(code)
    time_exit = facts.time_exit[e]
    ends = np.searchsorted(keys, np.where(time_exit < 0, NEVER, time_exit))
    last_check = facts.close_minute[e] - BEFORE_CLOSE.seconds // 60
    cell_row = row[cells.dte_slot]
    which = np.arange(len(cell_row))
    zero = (cells.dtes != 0).astype(np.int64)
    return Entries(
        blocked=blocked,
        at=np.where(blocked < 0, at, -1) if len(keys) else np.full(blocked.shape, -1, np.int64),
        spot=price,
        flow=facts.flow[zero, row].astype(np.int64),
        low=facts.low[which, cell_row],
        high=facts.high[which, cell_row],
        session=session,
        time_exit=ends,
        force_from=int(np.searchsorted(keys, expiration * _DAY + last_check)),
        settlement=float(facts.settlement[e]),
    )


def _flow(minutes: Ints, price: Floats, prices: PriceTable) -> NDArray[np.int8]:
    before = np.stack([prices.at(int(m) - FLOW_MINUTES_0DTE) for m in minutes], axis=1)
    previous = np.concatenate([[np.nan], prices.close[:-1]])[:, None]
    return np.stack(
        [
            _direction(price / before - 1, FLOW_DEAD_ZONE_0DTE),
            _direction(price / previous - 1, FLOW_DEAD_ZONE),
        ]
    )


def _direction(move: Floats, dead_zone: float) -> NDArray[np.int8]:
    sign = np.where(np.abs(move) <= dead_zone, 0, np.sign(move))
    return np.where(np.isnan(move), NO_FLOW_KNOWN, sign).astype(np.int8)


def _levels(
    table: ConfigTable,
    minutes: Ints,
    price: Floats,
    prices: PriceTable,
    vol: PriceTable | None,
    min_sample: int,
    workers: int,
) -> tuple[Floats, Floats]:
    shape = (len(table.cell_dte), *price.shape)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    bands = np.sort(np.asarray(table.dims.bands))
    jobs = [
        (mode, int(dte), j)
        for mode in table.dims.modes
        for dte in np.unique(table.cell_dte)
        for j in range(len(minutes))
        if mode is BandMode.RAW100 or vol is not None
    ]

    def one(job: tuple[BandMode, int, int]) -> None:
        mode, dte, j = job
        scaled = mode is BandMode.VIX250 and vol is not None
        found = rolling_bands(
            price[:, j], prices.close, dte=dte, bands=tuple(bands), window=WINDOW[mode],
            min_sample=min(min_sample, WINDOW[mode]),
            scale=vol.known_at(int(minutes[j])) if scaled and vol is not None else None,
        )  # fmt: skip
        here = (table.cell_mode == MODES.index(mode)) & (table.cell_dte == dte)
        for b, cell in enumerate(np.flatnonzero(here)):
            low[cell, :, j] = price[:, j] * (1 + found.low[:, b])
            high[cell, :, j] = price[:, j] * (1 + found.high[:, b])

    with ThreadPoolExecutor(max(1, workers)) as pool:
        list(pool.map(one, jobs))
    return low, high


def _time_exits(
    sessions: Sessions, dtes: Ints, rules: ExitRules, calendar: TradingCalendar
) -> Ints:
    """The live schedule's time exit, as session · 1440 + minute, by expiration and DTE."""
    out = np.full((len(sessions), len(dtes)), NO_TIME_EXIT, np.int64)
    for e in range(len(sessions)):
        for d, dte in enumerate(dtes):
            if e - dte < 0:
                continue
            at = exit_schedule(
                opened=date.fromordinal(int(sessions.day[e - dte])),
                expiration=date.fromordinal(int(sessions.day[e])),
                settlement=Settlement.PM,
                time_exit_dte=rules.time_exit_dte,
                calendar=calendar,
            ).time_exit_at
            if at is not None:
                local = at.astimezone(NEW_YORK)
                s = int(np.searchsorted(sessions.day, local.date().toordinal()))
                out[e, d] = s * _DAY + local.hour * 60 + local.minute
    return out


def _listed_from(
    ticker: str, sessions: Sessions, calendar: TradingCalendar, *, hypothetical: bool
) -> Ints:
    """First day on which each session's PM series could be traded; never: far in the future."""
    out = np.full(len(sessions), NEVER, np.int64)
    first, last = (date.fromordinal(int(sessions.day[i])) for i in (0, -1))
    for one in listed_expirations(ticker, first, last, calendar, hypothetical=hypothetical):
        if one.settlement is not Settlement.PM:
            continue  # AM series settle on the opening print: excluded
        s = int(np.searchsorted(sessions.day, one.date.toordinal()))
        since = 0 if hypothetical or one.listed_from is None else one.listed_from.toordinal()
        out[s] = min(out[s], since)
    return out
