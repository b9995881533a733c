"""The simulated market: one volatility factor, one market factor, seven underlyings.

Not a forecast and not fitted to anything: plausible enough to show every state of the monitor.

- Level of VIX from day to day: ln VIX is AR(1) around ln 17; the last days are bent so that the
  history ends at the level where the simulated session begins.
- Within a session ln VIX follows a line between the days' levels (history) or `PLOT` (the
  simulated sessions), plus a small mean-reverting noise by the minute.
- Market return per minute: realized volatility is a fixed part of VIX (stochastic volatility),
  and a change of the VIX line moves price against it (the leverage effect).
- An underlying is beta × market plus noise of its own. All stamps are minutes of the session.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import numpy as np

from monitor.domain.quotes import Floats
from monitor.domain.trading_calendar import Session, TradingCalendar

HISTORY_SESSIONS = 300
MINUTES_PER_YEAR = 252 * 390
LN_MEAN_VIX = np.log(17.0)
DAILY_PERSISTENCE = 0.96
DAILY_SHOCK = 0.055
BENT_SESSIONS = 40
MINUTE_PERSISTENCE = 0.95
MINUTE_SHOCK = 0.0012
REALIZED_PART = 0.55  # of VIX; the rest of a day's move comes with the leverage effect
LEVERAGE = 0.06  # ln VIX + 0.40 moves the market by −2.4 %
GAP = 0.002  # overnight, standard deviation

# The simulated sessions' VIX: part of the session → level. Calm, shock, recovery: it crosses
# low → medium → high and comes back, far enough past each edge for the hysteresis.
PLOT = (
    (0.0, 15.0), (0.06, 15.1), (0.12, 17.6), (0.17, 17.9), (0.27, 22.6), (0.42, 22.2),
    (0.56, 18.4), (0.80, 17.4), (1.0, 15.1),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One underlying: level at the end of the history, beta, whose noise it shares."""

    level: float
    beta: float
    noise_of: str
    width: float  # points, a usual spread's
    shares_per_day: float | None = None


UNDERLYINGS = {
    "NDX": Profile(level=25_000, beta=1.2, noise_of="NDX", width=50),
    "SPX": Profile(level=6_800, beta=1.0, noise_of="SPX", width=10),
    "RUT": Profile(level=2_450, beta=1.15, noise_of="RUT", width=10),
    "QQQ": Profile(level=608, beta=1.2, noise_of="NDX", width=2, shares_per_day=48e6),
    "SPY": Profile(level=678, beta=1.0, noise_of="SPX", width=2, shares_per_day=70e6),
    "XLE": Profile(level=90, beta=0.8, noise_of="XLE", width=1, shares_per_day=15e6),
    "XLF": Profile(level=53, beta=0.9, noise_of="XLF", width=1, shares_per_day=40e6),
}
# symbol → (weight of ln VIX, anchor): short terms swing more than VIX, long ones less
_TERMS = {"VIX": (1.0, 17.0), "VIX9D": (1.25, 17.5), "VIX3M": (0.6, 20.0)}
_RATIOS = {"VXN": 1.22, "RVX": 1.18}
SYMBOLS = (*UNDERLYINGS, *_TERMS, "VIX1D", *_RATIOS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Both factors of one session, by the minute.

    Shapes: (n_minutes + 1,): index 0 is the open, the last the close. `market` is cumulative
    log return since the beginning of the history.
    """

    session: Session
    ln_vix: Floats
    market: Floats


@dataclass(slots=True)
class DemoMarket:
    """All sessions from 300 before `first` on, made when they are asked for.

    The same seed and calendar give the same numbers, in whatever order they are asked for.
    """

    seed: int
    first: Session
    calendar: TradingCalendar
    _days: list[Day] = field(init=False)
    _paths: dict[str, list[Floats]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        start = self.calendar.shift(self.first.date, -HISTORY_SESSIONS)
        past = self.calendar.between(start.date, self.calendar.shift(self.first.date, -1).date)
        self._days = simulate_history(past, rng=np.random.default_rng([self.seed, 0]))

    def index(self, day: date) -> int:
        """Position of a session in the simulation; 0 is the oldest."""
        return self.calendar.dte(self._days[0].session.date, day)

    def session(self, index: int) -> Session:
        return self._day(index).session

    def path(self, symbol: str, index: int) -> Floats:
        """Values by the minute of one session; shape (n_minutes + 1,), rounded as quoted.

        Raises:
            KeyError: The simulation has no such symbol.
        """
        paths = self._paths.setdefault(symbol, [])
        while len(paths) <= index:
            paths.append(self._make_path(symbol, len(paths)))
        return paths[index]

    def volume(self, symbol: str, index: int) -> Floats | None:
        """Shares by the minute of one session, shape (n_minutes,); None for an index."""
        profile = UNDERLYINGS.get(symbol)
        if profile is None or profile.shares_per_day is None:
            return None
        n = len(self._day(index).ln_vix) - 1
        rng = self._rng(index, f"volume {symbol}")
        part = np.linspace(-1.0, 1.0, n)
        shape = (0.6 + 1.2 * part**2) / 390  # busy at the open and at the close
        busy = np.exp(rng.normal(0.0, 0.15))
        shares: Floats = np.round(profile.shares_per_day * busy * shape * rng.gamma(8, 1 / 8, n))
        return shares

    def _day(self, index: int) -> Day:
        while len(self._days) <= index:
            last = self._days[-1]
            session = self.calendar.shift(last.session.date, 1)
            rng = np.random.default_rng([self.seed, session.date.toordinal()])
            self._days.append(simulate_session(session, after=last, line=plot_line, rng=rng))
        return self._days[index]

    def _rng(self, index: int, name: str) -> np.random.Generator:
        ordinal = self._day(index).session.date.toordinal()
        return np.random.default_rng([self.seed, ordinal, zlib.crc32(name.encode())])

    def _make_path(self, symbol: str, index: int) -> Floats:
        day = self._day(index)
        if symbol in UNDERLYINGS:
            return self._underlying_path(symbol, index)
        if symbol == "VIX1D":
            # It climbs through the day by construction: more of the next session is in it.
            climb = np.linspace(0.72, 1.0, len(day.ln_vix))
            return quoted(np.exp(_term("VIX9D", day.ln_vix)) * climb)
        if symbol in _RATIOS:
            return quoted(_RATIOS[symbol] * np.exp(day.ln_vix))
        return quoted(np.exp(_term(symbol, day.ln_vix)))

    def _underlying_path(self, symbol: str, index: int) -> Floats:
        profile, day = UNDERLYINGS[symbol], self._day(index)
        end_of_history = self._days[HISTORY_SESSIONS - 1].market[-1]
        own = _own_noise(len(day.market), self._rng(index, profile.noise_of))
        return quoted(profile.level * np.exp(profile.beta * (day.market - end_of_history) + own))


def strike_step(price: float) -> float:
    """Distance of listed strikes: about 0.02 % of the price, a round number."""
    return 5.0 if price > 5_000 else 1.0


def quoted(values: Floats) -> Floats:
    """Two decimals, as prices and indices are quoted."""
    rounded: Floats = np.round(values, 2)
    return rounded


def simulate_history(sessions: tuple[Session, ...], *, rng: np.random.Generator) -> list[Day]:
    """Sessions before the first played one; the VIX level ends where `PLOT` begins."""
    levels = daily_levels(len(sessions), end=float(np.log(PLOT[0][1])), rng=rng)
    days: list[Day] = []
    for session, before, after in zip(sessions, [levels[0], *levels], levels, strict=False):
        line = partial(np.linspace, float(before), float(after))
        days.append(simulate_session(session, after=days[-1] if days else None, line=line, rng=rng))
    return days


def daily_levels(n: int, *, end: float, rng: np.random.Generator) -> Floats:
    """AR(1) of ln VIX at each close; the last sessions are bent so that the last is `end`."""
    shocks = rng.normal(0.0, DAILY_SHOCK, n)
    levels = LN_MEAN_VIX + _ar1(shocks, DAILY_PERSISTENCE)
    bend = np.zeros(n)
    bent = min(n, BENT_SESSIONS)
    bend[n - bent :] = np.linspace(0.0, 1.0, bent) * (end - levels[-1])
    bent_levels: Floats = levels + bend
    return bent_levels


def simulate_session(
    session: Session, *, after: Day | None, line: Callable[[int], Floats], rng: np.random.Generator
) -> Day:
    """One session by the minute.

    Args:
        line: n → ln VIX without its noise, shape (n,).
    """
    n = int((session.close - session.open).total_seconds()) // 60 + 1
    level = line(n)
    ln_vix = level + _ar1(rng.normal(0.0, MINUTE_SHOCK, n), MINUTE_PERSISTENCE)
    sigma = REALIZED_PART * np.exp(ln_vix) / 100 / np.sqrt(MINUTES_PER_YEAR)
    returns = sigma * rng.standard_normal(n) - LEVERAGE * np.diff(level, prepend=level[0])
    returns[0] = rng.normal(0.0, GAP)
    start = after.market[-1] if after is not None else 0.0
    return Day(session=session, ln_vix=ln_vix, market=start + np.cumsum(returns))


def plot_line(n: int) -> Floats:
    """ln VIX of a played session, shape (n,), from `PLOT`."""
    parts, levels = zip(*PLOT, strict=True)
    line: Floats = np.interp(np.linspace(0.0, 1.0, n), parts, np.log(levels))
    return line


def _term(symbol: str, ln_vix: Floats) -> Floats:
    weight, anchor = _TERMS[symbol]
    term: Floats = weight * ln_vix + (1 - weight) * np.log(anchor)
    return term


def _own_noise(n: int, rng: np.random.Generator) -> Floats:
    """Log noise of one underlying around the market: small, and back to zero by the close."""
    walk = np.cumsum(rng.normal(0.0, 0.00008, n))
    bridge: Floats = walk - walk[-1] * np.linspace(0.0, 1.0, n)
    return bridge


def _ar1(shocks: Floats, persistence: float) -> Floats:
    """x[t] = persistence × x[t−1] + shock[t], x before the first is 0."""
    values, x = [], 0.0
    for shock in shocks.tolist():
        x = persistence * x + shock
        values.append(x)
    return np.array(values)
