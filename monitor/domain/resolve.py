"""A configuration of the grid → the trade as it can be opened now: strikes, credit, odds. Pure.

Order: expiration → chain → band → listed strikes → quotes → what follows from them. Whatever
cannot be had is None with its reason; nothing is filled in and nothing substituted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date

from monitor.domain.alert_text import usd_short
from monitor.domain.chain_smile import ChainSmile
from monitor.domain.grid import GridRow
from monitor.domain.live_credit import LiveCredit, NoCredit, quoted_credit, surface_credit
from monitor.domain.live_market import LiveChain, LiveMarket
from monitor.domain.option_chain import PriceSource, Right
from monitor.domain.positions import Strikes
from monitor.domain.pricing.model_error import is_measured
from monitor.domain.pricing.quote_rules import credit_below_risk
from monitor.domain.snapshot import PriceView, Problem, ShortStrikeView, TradeView
from monitor.domain.spreads import widest_wing
from monitor.domain.strikes_for_band import StrikeChoice, choose_strikes
from monitor.domain.surface_credit import model_atm_stdev, surface_prices
from monitor.domain.vocabulary import Settlement

NO_MOVE = "expected move unknown: no at-the-money quotes, and no index vols for it"
NO_ODDS = "market-implied win unknown: no two-sided quotes around a break-even"
NO_PROFIT = "the credit at your fill leaves nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedTrade:
    """A live trade and what may be decided on it.

    `refused`: why it cannot be opened: a strike that is not listed, a short leg without a
    buyer. `quoted`: its credit comes from usable quotes; only then it is compared with
    thresholds.
    """

    view: TradeView
    refused: tuple[str, ...] = ()
    quoted: bool = False


def resolve(row: GridRow, expiration: date, market: LiveMarket) -> ResolvedTrade:
    """Find the strikes and price of one configuration."""
    live = market.chain_of(expiration)
    if isinstance(live, str):
        return ResolvedTrade(view=_bare(expiration, market, "chain", f"no live chain: {live}"))
    choice, note = _strikes(row, live, market)
    view = replace(
        _bare(expiration, market),
        root=live.chain.root,
        settlement=live.chain.settlement.value,
        notes=(note,) if note else (),
    )
    if choice.strikes is None or market.price is None:
        refused = choice.unlisted if live.stale_why is None else ()
        why = choice.unlisted + choice.unknown
        return ResolvedTrade(view=_with_problems(view, "strikes", why), refused=refused)
    view = _placed(view, choice.strikes, row, live, market, market.price)
    credit, problems = _credit(row, choice.strikes, live, market, market.price)
    view = _with_problems(view, "credit", problems)
    if view.expected_move is None:
        view = _with_problems(view, "expected_move", (NO_MOVE,))
    if isinstance(credit, NoCredit):
        return ResolvedTrade(view=view, refused=(credit.why,) if credit.no_buyer else ())
    view = _priced(view, row, choice.strikes, credit, live, market)
    if view.market_win_pct is None:
        view = _with_problems(view, "market_win_pct", (NO_ODDS if credit.fill > 0 else NO_PROFIT,))
    return ResolvedTrade(view=view, quoted=credit.kind is PriceSource.QUOTES)


def _bare(
    expiration: date, market: LiveMarket, what: str | None = None, why: str = ""
) -> TradeView:
    """Nothing known but the date."""
    return TradeView(
        root=None, expiration=expiration, settlement=Settlement.PM.value, short_put=None,
        long_put=None, short_call=None, long_call=None, width=None, credit_mid=None,
        credit_natural=None, credit_fill=None, credit_usd_per_contract=None,
        max_loss_usd_per_contract=None, max_return_pct=None, breakeven_low=None,
        breakeven_high=None, spot=market.price, expected_move=None, put=None, call=None,
        market_win_pct=None, price=None, order_line=None,
        problems=(Problem(what=what, why=why),) if what else (),
    )  # fmt: skip


def _with_problems(view: TradeView, what: str, why: tuple[str, ...]) -> TradeView:
    if not why:
        return view
    return replace(view, problems=view.problems + tuple(Problem(what=what, why=w) for w in why))


def _strikes(row: GridRow, live: LiveChain, market: LiveMarket) -> tuple[StrikeChoice, str]:
    """The listed strikes, and where the band that led to them lies."""
    if market.price is None:
        return StrikeChoice(unknown=(f"the price of {market.ticker} is unknown",)), ""
    if isinstance(market.past, str):
        return StrikeChoice(unknown=(market.past,)), ""
    if row.band_mode is None:
        return StrikeChoice(unknown=("the grid file's band mode is not one we know",)), ""
    band = market.past.band(row.band, dte=row.dte, mode=row.band_mode, minute=row.minute)
    if isinstance(band, str):
        return StrikeChoice(unknown=(band,)), ""
    low, high = market.price * (1 + band.low), market.price * (1 + band.high)
    note = (
        f"{row.band} {band.mode}: {100 * band.low:+.2f} to {100 * band.high:+.2f} %, "
        f"{low:,.0f} to {high:,.0f}, from {band.sample} past moves since the open, "
        f"shortened to {row.entry_time_pt}"
    )
    choice = choose_strikes(
        live.chain, row.spread_type, spot=market.price, low=low, high=high, width=row.width
    )
    return choice, note


def _placed(
    view: TradeView, strikes: Strikes, row: GridRow, live: LiveChain, market: LiveMarket,
    price: float,
) -> TradeView:  # fmt: skip
    """The strikes, and each short one against the price."""
    smile = live.smile if live.stale_why is None else None
    move = _expected_move(row, live, smile, market, price)
    return replace(
        view,
        short_put=strikes.short_put,
        long_put=strikes.long_put,
        short_call=strikes.short_call,
        long_call=strikes.long_call,
        width=widest_wing(strikes),
        expected_move=move,
        put=_short_view(Right.PUT, strikes.short_put, live, smile, price, move),
        call=_short_view(Right.CALL, strikes.short_call, live, smile, price, move),
    )


def _expected_move(
    row: GridRow, live: LiveChain, smile: ChainSmile | None, market: LiveMarket, price: float
) -> float | None:
    """One standard deviation to expiration: the chain's at the money, else the index vols'."""
    if smile is not None and smile.forward is not None and (atm := smile.atm_stdev) is not None:
        return smile.forward * atm
    if not is_measured(market.ticker):
        return None
    stdev = model_atm_stdev(
        market.ticker, vols=market.vols, expiration=live.chain.expiration,
        calendar=market.calendar, now=market.now,
    )  # fmt: skip
    return None if isinstance(stdev, str) else price * stdev


def _short_view(
    right: Right, strike: float | None, live: LiveChain, smile: ChainSmile | None,
    price: float, move: float | None,
) -> ShortStrikeView | None:  # fmt: skip
    if strike is None:
        return None
    distance = price - strike if right is Right.PUT else strike - price
    below = None if smile is None else smile.chance_below(strike)
    beyond = None if below is None else below if right is Right.PUT else 1 - below
    return ShortStrikeView(
        strike=strike,
        distance=distance,
        distance_pct=100 * distance / price,
        distance_moves=distance / move if move else None,
        delta=None if smile is None else _delta(right, strike, live, smile),
        touch_pct=None if beyond is None else min(200 * beyond, 100.0),  # reflection principle
    )


def _delta(right: Right, strike: float, live: LiveChain, smile: ChainSmile) -> float | None:
    """The source's own, else Black-76 at the strike's implied stdev."""
    place = live.chain.place(strike)
    stated = math.nan if place is None else float(live.chain.side(right).delta[place])
    return stated if math.isfinite(stated) else smile.delta(right, strike)


def _credit(
    row: GridRow, strikes: Strikes, live: LiveChain, market: LiveMarket, price: float
) -> tuple[LiveCredit | NoCredit, tuple[str, ...]]:
    """The credit, and why it is unknown or not from quotes."""
    if live.stale_why is not None:
        stale = NoCredit(f"no live chain: {live.stale_why}")
        return stale, (stale.why,)
    fill, tick = market.settings.costs.fill, market.costs.tick
    quoted = quoted_credit(live.chain, strikes, fill=fill, tick=tick)
    if isinstance(quoted, LiveCredit):
        if credit_below_risk(quoted.fill, widest_wing(strikes) - quoted.fill):
            return quoted, ()
        quoted = NoCredit(f"credit {quoted.fill:g} above what it can lose: a bad quote")
    if quoted.no_buyer:
        return quoted, (quoted.why,)
    surface = surface_prices(
        live.chain, live.smile, spot=price, vols=market.vols, dte=row.dte,
        calendar=market.calendar, now=market.now,
    )  # fmt: skip
    if isinstance(surface, str):
        return quoted, (quoted.why, surface)
    return surface_credit(surface, strikes, fill=fill, tick=tick), (quoted.why,)


def _priced(
    view: TradeView, row: GridRow, strikes: Strikes, credit: LiveCredit, live: LiveChain,
    market: LiveMarket,
) -> TradeView:  # fmt: skip
    """What follows from the credit at the fill assumption."""
    most = widest_wing(strikes) - credit.fill
    usd = round(credit.fill * market.multiplier, 2)
    low = high = None
    if credit.fill > 0:
        low = None if strikes.short_put is None else strikes.short_put - credit.fill
        high = None if strikes.short_call is None else strikes.short_call + credit.fill
    return replace(
        view,
        credit_mid=credit.mid,
        credit_natural=credit.natural,
        credit_fill=credit.fill,
        credit_usd_per_contract=usd,
        max_loss_usd_per_contract=round(most * market.multiplier, 2),
        max_return_pct=100 * credit.fill / most,
        breakeven_low=low,
        breakeven_high=high,
        market_win_pct=_market_win(low, high, live.smile),
        price=_price_view(credit, live, market),
        poorer_why=_less_credit(usd, row),
    )


def _market_win(low: float | None, high: float | None, smile: ChainSmile) -> float | None:
    """Chance of settling between the break-evens, each by the stdev of its own level, %."""
    if low is None and high is None:
        return None
    below = 0.0 if low is None else smile.chance_below(low)
    above = 1.0 if high is None else smile.chance_below(high)
    return None if below is None or above is None else 100 * (above - below)


def _price_view(credit: LiveCredit, live: LiveChain, market: LiveMarket) -> PriceView:
    chain = live.chain
    from_chain = credit.kind is not PriceSource.MODEL
    asof = chain.asof if from_chain else market.vols_asof
    return PriceView(
        kind=credit.kind.value,
        source=chain.source if from_chain else None,
        asof=asof,
        age_s=None if asof is None else (market.now - asof).total_seconds(),
        delay_s=chain.delay.total_seconds() if from_chain else 0.0,
        error_pct=credit.error_pct,
        simulated=chain.simulated,
    )


def _less_credit(live_usd: float, row: GridRow) -> tuple[str, ...]:
    """How the live credit of a contract falls short of the grid's."""
    if live_usd >= row.credit_usd:
        return ()
    less = 100 * (1 - live_usd / row.credit_usd)
    return (
        f"credit {usd_short(live_usd)} is {less:.0f}% below the grid's {usd_short(row.credit_usd)}",
    )
