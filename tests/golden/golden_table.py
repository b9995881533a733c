"""The golden table: independent answers, embedded so that a fresh clone has them, and who answers.

Values as given with the design: books and papers to their printed digits, QuantLib 1.44, vollib
and statsmodels to 1e-6, or by hand. A row is answered by the first claim whose
pattern matches its case; rows that continue the one above carry its text in `context`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

TABLE = """\
call S42 K40 r.10 q0 v.20 T.5|4.759422392871536|4.759422392871536|Hull OFOD Ex.15.6: 4.76
put  S42 K40 r.10 q0 v.20 T.5|0.8085993729000943|0.8085993729000943|Hull Ex.15.6: 0.81
index call S930 K900 r.08 q.03 v.20 T2/12|51.83295679649086|51.83295679649086|Hull Ex.17.1: 51.83
call S60 K65 r.08 q0 v.30 T.25|2.1333684449161985|2.1333684449161985|Haug 2007: 2.1334
put S100 K95 r.10 q.05 v.20 T.5|2.464787646755826|2.464787646755826|Haug 2007: 2.4648
Black76 call F19 K19 r.10 v.28 T.75|1.701050725236268|1.701050725236268|Haug 2007: 1.7011
Black76 put F19 K19 r.10 v.28 T.75|1.701050725236268|1.701050725236268|Haug 2007: 1.7011
Black76 put F20 K20 r.09 v.25 T4/12|1.1166414565589438|1.1166414565589438|Hull Ex.18.6: 1.12
implied vol c=1.875 S21 K20 r.10 T.25|0.23451291399764407|0.23451240835426365|Hull sec.15.11: 23.5%
implied vol FX c=.043 S=K=1.6 r.08 rf.11 T1/3|0.14111938437849839|0.14111938437849805|Hull: 14.1%
delta S49 K50 r.05 v.20 T.3846 call|0.5216016339715761|0.5216016339715761|Hull ch.19: 0.522
gamma|0.06554537725247868|0.06554537725247868|Hull: 0.066
vega per 1.00 vol|12.105242754243843|12.105242754243843|Hull: 12.1
theta per year|-4.305389964546104|-4.305389964546104|Hull: -4.31
1-trading-day put S6000 K5940 r.04 v.15 T1/252|4.022682170180459|4.0226821701808|QuantLib
same K5930|2.799323495955568|2.799323495955227|QuantLib
-> 5940/5930 put spread credit|1.2233586742248908|1.2233586742255729|difference
Wilson95 81/263 lo|0.2552885198782742|0.2552885198782742|Newcombe 1998: .2553-.3662
Wilson95 81/263 hi|0.36620957698280004|0.36620957698280004|Newcombe 1998: .2553-.3662
Wilson95 15/148 lo|0.0623863995307363|0.06238639953073628|Newcombe 1998: .0624-.1605
Wilson95 15/148 hi|0.16048724172330803|0.16048724172330803|Newcombe 1998: .0624-.1605
Wilson95 0/20 lo|0.0|0.0|Newcombe 1998: 0-.1611
Wilson95 0/20 hi|0.16112515805281938|0.1611251580528194|Newcombe 1998: 0-.1611
Wilson95 1/29 lo|0.006113214292762653|0.006113214292762667|Newcombe 1998: .0061-.1718
Wilson95 1/29 hi|0.17175521879320288|0.17175521879320294|Newcombe 1998: .0061-.1718
Wilson95 53/58 lo|0.8135637093712647|0.8135637093712647|user grid top row 91.4 %, n=58
Wilson95 53/58 hi|0.962614616873809|0.962614616873809|user grid top row 91.4 %, n=58
Wilson95 95/100 lo|0.8882495307680808|0.8882495307680808|-
Wilson95 95/100 hi|0.9784563208456319|0.9784563208456319|-
Wilson95 90/90 lo|0.9590643744356734|0.9590643744356734|-
Wilson95 90/90 hi|1.0000000000000002|1.0|-
Jeffreys95 53/58 lo|0.8213550751152977|0.8213550751152977|Brown-Cai-DasGupta 2001
Jeffreys95 53/58 hi|0.9663401999624137|0.9663401999624137|
SR0 N=100 V=.5/250|0.11317200186513214||Bailey & LdP 2014: 0.1132
DSR SR2.5 T1250 sk-3 ku10 N100|0.9003968344493903||Bailey & LdP 2014: 0.9004
DSR same N=46|0.9505017068755787||Bailey & LdP 2014: 0.9505
DSR normal returns N=88|0.9504908166760139||Bailey & LdP 2014: 0.9505
PSR(0) monthly SR .458 n24 normal|0.9816749190910771||Bailey & LdP 2012: 0.982
PSR(0) same sk-2.448 ku10.164|0.913361083860933||Bailey & LdP 2012: 0.913
expected max of N=10 iid N(0,1) (formula)|1.57459830134575||~1.57
expected max N=49248|4.234194550095251||-
IC 19400/19500/20500/20600 cr 2.85 pnl at 19000|-9715.0||hand
IC 19400/19500/20500/20600 cr 2.85 pnl at 19400|-9715.0||hand
IC 19400/19500/20500/20600 cr 2.85 pnl at 19450|-4715.0||hand
IC 19400/19500/20500/20600 cr 2.85 pnl at 19500|285.0||hand
IC 19400/19500/20500/20600 cr 2.85 pnl at 20000|285.0||hand
IC 19400/19500/20500/20600 cr 2.85 pnl at 20500|285.0||hand
IC 19400/19500/20500/20600 cr 2.85 pnl at 20550|-4715.0||hand
IC 19400/19500/20500/20600 cr 2.85 pnl at 21000|-9715.0||hand
IC max loss per contract|9715.0||hand
IC max loss x2 contracts|19430.0||product guide example: 1715 stated|credit 285
put spread 19800/19700 cr 1.50 pnl at 19600|-9850.0||hand
put spread 19800/19700 cr 1.50 pnl at 19700|-9850.0||hand
put spread 19800/19700 cr 1.50 pnl at 19750|-4850.0||hand
put spread 19800/19700 cr 1.50 pnl at 19798.5|0.0||hand
put spread 19800/19700 cr 1.50 pnl at 19800|150.0||hand
put spread 19800/19700 cr 1.50 pnl at 19900|150.0||hand
Brier (.9,.9,.8,.95)/(1,1,0,1)|0.16562500000000005||hand: (.01+.01+.64+.0025)/4
log loss same|0.46786305953432594||hand
P(X<=89; n=100,p=.95)|0.011472410067484739||binomial
P(X<=92; n=100,p=.95)|0.12796047862037951||binomial
CSCV toy PBO|0.5||enumerated 6 splits
"""


@dataclass(frozen=True)
class Row:
    case: str
    context: str  # the last row above that names the parameters
    value: float
    independent: float  # by another program or source; the value itself where there is none
    source: str


def rows() -> list[Row]:
    out: list[Row] = []
    context = ""
    for line in TABLE.splitlines():
        case, value, independent, source = (cell.strip() for cell in line.split("|", 3))
        if not re.match(r"gamma|vega|theta|same|->|log loss same|DSR same|PSR\(0\) same", case):
            context = case
        out.append(Row(case, context, float(value), float(independent or value), source))
    return out


Answer = Callable[[Row], float]


@dataclass(frozen=True)
class Claim:
    pattern: str
    answer: Answer

    def matches(self, row: Row) -> bool:
        return re.match(self.pattern, row.case) is not None


def number(text: str, name: str) -> float:
    """The number that follows `name` in a case: number("call S42 K40 T2/12", "T") is 1/6."""
    found = re.search(rf"(?<![A-Za-z]){re.escape(name)}\s?=?\s?(-?[\d.]+)(?:/(\d+))?", text)
    if found is None:
        raise AssertionError(f"no {name} in {text!r}")
    return float(found[1]) / float(found[2] or 1)
