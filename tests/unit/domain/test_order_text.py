"""Broker order texts. The shapes are those that the brokers' own exports and tickets have."""

from __future__ import annotations

from datetime import date

import pytest

from monitor.domain.order_text import PastedOrder, read_order
from monitor.domain.positions import Strikes
from monitor.domain.vocabulary import Settlement, SpreadType
from monitor.errors import InputError

CONDOR = Strikes(short_put=19500.0, long_put=19400.0, short_call=20500.0, long_call=20600.0)
FEB_24 = date(2026, 2, 24)
JUN_18 = date(2026, 6, 18)


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read_order(text)
    return f"{caught.value.message} | {caught.value.hint}"


@pytest.mark.parametrize(
    "text",
    [
        "SELL -2 IRON CONDOR NDXP 100 (Weeklys) 24 FEB 26 "
        "20500/20600/19500/19400 CALL/PUT @1.40 LMT",
        "SELL −2 IRON CONDOR NDXP 24 FEB 26 20500/20600/19500/19400 @1.40 LMT",
        "tAndroid SOLD -2 IRON CONDOR NDXP 100 (Weeklys) 24 FEB 26 "
        "20500/20600/19500/19400 CALL/PUT @1.40",
        "SOLD -2 IRON CONDOR NDX 100 (Weeklys) 24 FEB 26 "
        "20500/20600/19500/19400 CALL/PUT @1.40 CBOE",
        "sell -2 iron condor NDXP 100 (Weeklys) 24 Feb 26 19500/19400/20500/20600 PUT/CALL @1.40",
    ],
)  # fmt: skip
def test_a_thinkorswim_condor(text: str) -> None:
    assert read_order(text) == PastedOrder(
        ticker="NDX", expiration=FEB_24, settlement=Settlement.PM,
        spread_type=SpreadType.IRON_CONDOR, strikes=CONDOR, contracts=2, price=1.40,
    )  # fmt: skip


def test_a_thinkorswim_vertical_sells_its_first_strike() -> None:
    order = read_order("SOLD -1 VERTICAL SPX 100 (Weeklys) 9 JUN 26 7050/7025 PUT @4.50")
    assert (order.ticker, order.expiration) == ("SPX", date(2026, 6, 9))
    assert order.spread_type is SpreadType.PUT_SPREAD
    assert order.strikes == Strikes(short_put=7050.0, long_put=7025.0)
    assert (order.contracts, order.price) == (1, 4.50)
    etf = read_order("SOLD -1 VERTICAL SPY 100 (Weeklys) 5 JUN 26 715/714 PUT @.34")
    assert (etf.ticker, etf.price, etf.settlement) == ("SPY", 0.34, Settlement.PM)


def test_a_bought_vertical_that_brings_a_credit_is_one() -> None:
    order = read_order("BUY +3 VERTICAL SPX 100 (Weeklys) 9 JUN 26 7025/7050 PUT @-4.50 LMT")
    assert order.strikes == Strikes(short_put=7050.0, long_put=7025.0)
    assert (order.contracts, order.price) == (3, 4.50)


def test_am_and_a_series_without_a_mark() -> None:
    am = read_order("SELL -1 VERTICAL RUT 100 16 APR 21 [AM] 2150/2055 PUT @1.00 LMT")
    assert am.settlement is Settlement.AM
    plain = read_order("SELL -1 VERTICAL RUT 100 16 APR 21 2150/2055 PUT @1.00 LMT")
    assert plain.settlement is None


def test_schwab_rows() -> None:
    order = read_order(
        '"04/24/2026","Buy to Open","SPXW 04/24/2026 7230.00 C",'
        '"CALL S & P ...500 INDEX $7230 EXP 04/24/26","1","$0.12","$1.13","-$13.13"\n'
        '"04/24/2026","Sell to Open","SPXW 04/24/2026 7180.00 C",'
        '"CALL S & P ...500 INDEX $7180 EXP 04/24/26","1","$0.62","$1.13","$60.87"\n'
    )
    assert order == PastedOrder(
        ticker="SPX", expiration=date(2026, 4, 24), settlement=Settlement.PM,
        spread_type=SpreadType.CALL_SPREAD,
        strikes=Strikes(short_call=7180.0, long_call=7230.0), contracts=1, price=0.50,
    )  # fmt: skip


def test_fidelity_rows_say_neither_count_nor_price_in_a_fixed_place() -> None:
    order = read_order(
        '05/27/2026,"YOU BOUGHT OPENING TRANSACTION PUT (SPXW) NEW S & P 500 INDEX JUN 18 26 '
        '$7400 (100 SHS) (Margin)"," -SPXW260618P7400","PUT (SPXW)...",Margin,54.07,2,,0.05,,'
        "-10814.05,,05/28/2026\n"
        '05/27/2026,"YOU SOLD OPENING TRANSACTION PUT (SPXW) NEW S & P 500 INDEX JUN 18 26 '
        '$7410 (100 SHS) (Margin)"," -SPXW260618P7410","PUT (SPXW)...",Margin,56.47,-2,,0.05,,'
        "11293.95,,05/28/2026\n"
    )
    assert (order.ticker, order.expiration) == ("SPX", JUN_18)
    assert order.strikes == Strikes(short_put=7410.0, long_put=7400.0)
    assert order.contracts == 2  # the signed −2 of the sold leg
    assert order.price is None  # its column is not the same in every export


def test_tastytrade_legs() -> None:
    order = read_order(
        "Sold 2 NDXP 02/24/26 Put 19500.00 @ 4.16\n"
        "Bought 2 NDXP 02/24/26 Put 19400.00 @ 3.46\n"
        "Sold 2 NDXP 02/24/26 Call 20500.00 @ 2.20\n"
        "Bought 2 NDXP 02/24/26 Call 20600.00 @ 1.50\n"
    )
    assert (order.strikes, order.contracts) == (CONDOR, 2)
    assert order.price == pytest.approx(4.16 - 3.46 + 2.20 - 1.50)


def test_an_exported_row_that_names_its_option_twice_is_one_leg() -> None:
    order = read_order(
        "Sell to Open,SELL_TO_OPEN,SPY   250606P00500000,Equity Option,"
        "Sold 1 SPY 06/06/25 Put 500.00 @ 4.16\n"
        "Buy to Open,BUY_TO_OPEN,SPY   250606P00495000,Equity Option,"
        "Bought 1 SPY 06/06/25 Put 495.00 @ 3.11\n"
    )
    assert order.strikes == Strikes(short_put=500.0, long_put=495.0)
    assert (order.contracts, order.price) == (1, pytest.approx(1.05))


def test_interactive_brokers_legs() -> None:
    legs = "SOLD 2 SPXW Jun18'26 7410 PUT @ 5.10\nBOT 2 SPXW Jun18'26 7400 PUT @ 4.70"
    assert read_order(legs).price == pytest.approx(0.40)
    by_class = "SELL 1 SPX (SPXW) 18JUN26 7410 P\nBUY 1 SPX (SPXW) 18JUN26 7400 P"
    order = read_order(by_class)
    assert (order.settlement, order.contracts, order.price) == (Settlement.PM, 1, None)
    assert order.strikes == Strikes(short_put=7410.0, long_put=7400.0)


def test_a_log_of_legs_with_quotes_behind_the_price() -> None:
    order = read_order(
        "Leg 1: Sell To Open SPXW 07/18/24 5650P @ $21.13 (21.20/21.50); 49.4 Delta\n"
        "Leg 2: Buy To Open SPXW 07/18/24 5620P @ $10.35 (10.40/10.70); 29.3 Delta\n"
    )
    assert order.strikes == Strikes(short_put=5650.0, long_put=5620.0)
    assert order.price == pytest.approx(10.78)
    assert order.contracts is None


def test_signed_occ_symbols_with_a_net_credit() -> None:
    order = read_order("-2 .NDXP260224P19500\n+2 .NDXP260224P19400\nnet credit 0.70")
    assert order.strikes == Strikes(short_put=19500.0, long_put=19400.0)
    assert (order.contracts, order.price) == (2, 0.70)


def test_all_legs_on_one_line() -> None:
    order = read_order(
        "STO 2 NDXP 02/24/26 19500P, BTO 2 NDXP 02/24/26 19400P, "
        "STO 2 NDXP 02/24/26 20500C, BTO 2 NDXP 02/24/26 20600C @ 1.40 CR"
    )
    assert (order.strikes, order.contracts, order.price) == (CONDOR, 2, 1.40)


def test_the_order_of_the_legs_does_not_matter_and_thousands_may_have_commas() -> None:
    order = read_order(
        "BTO 1 NDXP 02/24/26 19,400.00 P\nSTO 1 NDXP 02/24/26 19,500.00 P\nLimit: $1.40"
    )
    assert order.strikes == Strikes(short_put=19500.0, long_put=19400.0)
    assert order.price == 1.40


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no option is recognized"),
        ("bought some SPX spreads today", "no option is recognized"),
        ("BUY +1 IRON CONDOR SPX 100 (Weeklys) 2 DEC 16 2225/2245/2130/2110 CALL/PUT @1.25",
         "no iron condor sold for a credit"),
        ("SELL -1 VERTICAL SPX 100 (Weeklys) 9 JUN 26 7025/7050 PUT @4.50",
         "no put spread sold for a credit"),
        ("SELL -1 VERTICAL SPX 100 (Weeklys) 9 JUN 26 7050/7025 @4.50", "puts or calls?"),
        ("SELL +1 VERTICAL SPX 100 (Weeklys) 9 JUN 26 7050/7025 PUT @4.50",
         "sign says the opposite"),
        ("SELL -1 IRON CONDOR SPX 10 9 JUN 26 7050/7025 PUT", "10 shares are not supported"),
        ("SELL -1 IRON CONDOR SPX 100 (Weeklys) 9 JUN 26 7050/7025 PUT @1", "2 strikes, not 4"),
        ("SELL -1 VERTICAL SPX 100 31 JUN 26 7050/7025 PUT @4.50", "no date"),
        ("STO 2 NDXP 02/24/26 19500P\nNDXP 02/24/26 19400P", "put 19400 sold or bought?"),
        ("STO 2 NDXP 02/24/26 19500P\nBTO 1 NDXP 02/24/26 19400P", "differ in number: 1, 2"),
        ("STO 2 NDXP 02/24/26 19500P\nBTO 2 NDXP 02/25/26 19400P", "not of one series"),
        ("STO 2 NDXP 02/24/26 19500P\nSTO 2 NDXP 02/24/26 19400P", "sells two puts"),
        ("STO 2 NDXP 02/24/26 19500P", "no put spread sold for a credit"),
        ("BTC 2 NDXP 02/24/26 19500P\nSTC 2 NDXP 02/24/26 19400P", "positions close"),
        ("STO 1 NDXP 02/24/26 19500P @ 1\nBTO 1 NDXP 02/24/26 19400P @ 2", "a debit of 1 points"),
        ("STO 1 NDXP 02/24/26 19500P\nBTO 1 NDXP 02/24/26 19400P\n0.70 DB", "is a debit"),
        ("SELL -1 VERTICAL SPX 100 9 JUN 26 7050/7025 PUT\n"
         "SELL -1 VERTICAL SPX 100 9 JUN 26 6950/6925 PUT", "holds 2 orders"),
        ("x" * 20_001, "20,001 characters"),
    ],
)  # fmt: skip
def test_what_is_unclear_is_refused_by_name(text: str, says: str) -> None:
    assert says in refused(text)


def test_two_net_prices_leave_the_price_open() -> None:
    order = read_order(
        "STO 1 NDXP 02/24/26 19500P\nBTO 1 NDXP 02/24/26 19400P\nLimit 1.40\nCredit 1.35"
    )
    assert order.price is None


@pytest.mark.parametrize(
    "text",
    [
        "SELL 1 SPXW 24FEB26 5900 P\nBUY 1 SPXW 24FEB26 5890 P\nNet credit $1,050.00",
        "SELL 1 SPXW 24FEB26 5900 P\nBUY 1 SPXW 24FEB26 5890 P\n1,050.00 CR",
        "SELL 1 SPXW 24FEB26 5900 P, BUY 1 SPXW 24FEB26 5890 P @ 1,05",
        "SELL -1 VERTICAL SPXW 24 FEB 26 5900/5890 PUT @1,05",
    ],
)
def test_a_price_with_a_comma_is_not_cut_at_it(text: str) -> None:
    """1,050 dollars or 1,05 points: neither is 1 point, nor 50."""
    assert read_order(text).price is None
