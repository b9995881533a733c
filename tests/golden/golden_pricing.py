"""Who answers the golden rows about prices, greeks, implied vols, payoffs and maximum loss."""

from __future__ import annotations

import math

from golden_table import Claim, Row, number

from monitor.backtest.implied_vol import implied_vol
from monitor.backtest.pricing import (
    Greeks,
    black76,
    black_scholes,
    black_scholes_greeks,
    forward_price,
)
from monitor.domain.pricing.payoff import (
    call_side_value,
    expiry_pnl_usd,
    max_loss_usd,
    put_side_value,
    spread_credit,
)

CONDOR_CREDIT = 2.85


def _optional(case: str, name: str) -> float:
    return number(case, name) if f" {name}" in case else 0.0


def _spot_option(row: Row) -> float:
    case = row.case
    return black_scholes(
        spot=number(case, "S"),
        strike=number(case, "K"),
        years=number(case, "T"),
        vol=number(case, "v"),
        rate=number(case, "r"),
        dividend_yield=_optional(case, "q"),
        is_call="call" in case,
    )


def _forward_option(row: Row) -> float:
    case = row.case
    return black76(
        forward=number(case, "F"),
        strike=number(case, "K"),
        years=number(case, "T"),
        vol=number(case, "v"),
        rate=number(case, "r"),
        is_call="call" in case,
    )


def _implied(*, price: float, spot: float, strike: float, rate: float, q: float, t: float) -> float:
    return implied_vol(
        price=price,
        forward=forward_price(spot=spot, years=t, rate=rate, dividend_yield=q),
        strike=strike,
        years=t,
        is_call=True,
        discount=math.exp(-rate * t),
    )


def _hull_implied(row: Row) -> float:
    return _implied(price=1.875, spot=21, strike=20, rate=0.10, q=0, t=0.25)


def _currency_implied(row: Row) -> float:
    return _implied(price=0.043, spot=1.6, strike=1.6, rate=0.08, q=0.11, t=1 / 3)


def _greeks(row: Row) -> Greeks:
    case = row.context
    return black_scholes_greeks(
        spot=number(case, "S"),
        strike=number(case, "K"),
        years=number(case, "T"),
        vol=number(case, "v"),
        rate=number(case, "r"),
        is_call=True,
    )


def _one_day_put(strike: float) -> float:
    return black_scholes(
        spot=6000, strike=strike, years=1 / 252, vol=0.15, rate=0.04, is_call=False
    )


def _condor_pnl(row: Row) -> float:
    settlement = number(row.case, "at")
    sides = put_side_value(short=19500.0, long=19400.0, settlement=settlement) + call_side_value(
        short=20500.0, long=20600.0, settlement=settlement
    )
    return expiry_pnl_usd(credit=CONDOR_CREDIT, side_values=sides)


def _put_spread_pnl(row: Row) -> float:
    value = put_side_value(short=19800.0, long=19700.0, settlement=number(row.case, "at"))
    return expiry_pnl_usd(credit=1.50, side_values=value)


CLAIMS = (
    Claim(r"(call|put|index call) +S", _spot_option),
    Claim(r"Black76", _forward_option),
    Claim(r"implied vol c=1.875", _hull_implied),
    Claim(r"implied vol FX", _currency_implied),
    Claim(r"delta", lambda row: _greeks(row).delta),
    Claim(r"gamma", lambda row: _greeks(row).gamma),
    Claim(r"vega per 1.00 vol", lambda row: _greeks(row).vega_per_vol_point * 100),
    Claim(r"theta per year", lambda row: _greeks(row).theta_per_day * 365),
    Claim(r"1-trading-day put|same K", lambda row: _one_day_put(number(row.case, "K"))),
    Claim(
        r"-> 5940/5930 put spread credit",
        lambda row: spread_credit(short_price=_one_day_put(5940), long_price=_one_day_put(5930)),
    ),
    Claim(r"IC .* pnl at", _condor_pnl),
    Claim(
        r"IC max loss per contract",
        lambda row: max_loss_usd(widest_width=100.0, credit=CONDOR_CREDIT),
    ),
    Claim(
        r"IC max loss x2",
        lambda row: max_loss_usd(widest_width=100.0, credit=CONDOR_CREDIT, contracts=2),
    ),
    Claim(r"put spread .* pnl at", _put_spread_pnl),
)
