"""What the record of a configuration is worth, as a card beside its alert. Pure.

Percent where a name ends in `_pct`. What the file does not say is None, with a note.
"""

from __future__ import annotations

from monitor.domain.grid import MODES, GridFile, GridRow, combo_of
from monitor.domain.live_market import LiveMarket
from monitor.domain.scan import Pick
from monitor.domain.snapshot import EvidenceView, RateView
from monitor.domain.statistics import ExitOdds, exit_odds
from monitor.domain.vocabulary import Regime, SpreadType

NEXT_TRADES = 20
ALL_REGIMES = "all regimes"


def evidence(
    pick: Pick, *, grid: GridFile, regime: Regime | None, market: LiveMarket
) -> EvidenceView:
    """The card of one configuration.

    Break-even and the wins that repay a loss are under the person's own exits and fees, of the
    live credit where it comes from quotes, else of the grid's.
    """
    notes: list[str] = []
    overall = _overall(pick)
    rates = [overall, *_in_regime(pick, grid, regime, notes)]
    odds, of = _odds(pick, market)
    if odds.profit <= 0:
        notes.append(
            f"fees of ${_fees(pick.row, market):.2f} eat the whole profit target: no win rate pays"
        )
    if pick.row.rests_on != "backtest":
        notes.append(pick.row.rests_on)
    expected = _expected_return(pick.row, notes)
    full_loss = _at_least_one(overall.low_pct)
    notes.append(
        f"full loss in {NEXT_TRADES}: upper estimate, every loss counted as a full one at the "
        f"win rate's lower end; at the rate itself {_at_least_one(overall.win_rate_pct):.0f} %"
    )
    return EvidenceView(
        rates=tuple(rates),
        breakeven_win_pct=None if odds.breakeven is None else 100 * odds.breakeven,
        breakeven_of=of,
        expected_return_pct=expected[0],
        return_low_pct=expected[1],
        return_high_pct=expected[2],
        tries=grid.tries,
        verdict=pick.verdict.value,
        verdict_why=pick.verdict_why,
        wins_per_full_loss=odds.wins_per_full_loss,
        full_loss_in_20_pct=full_loss,
        notes=tuple(notes),
    )


def _overall(pick: Pick) -> RateView:
    """The file's own interval, on effective trades, where it has one; else Wilson's on n."""
    row, stats = pick.row, pick.row.stats
    low, high, n_eff = 100 * pick.win.low, 100 * pick.win.high, None
    if stats is not None and stats.win_low_pct is not None and stats.win_high_pct is not None:
        low, high, n_eff = stats.win_low_pct, stats.win_high_pct, stats.n_eff
    return RateView(
        scope=ALL_REGIMES, win_rate_pct=row.win_rate_pct, low_pct=low, high_pct=high,
        n=row.n_trades, n_eff=n_eff,
    )  # fmt: skip


def _in_regime(
    pick: Pick, grid: GridFile, regime: Regime | None, notes: list[str]
) -> list[RateView]:
    row = pick.row
    if grid.regimes is None or regime is None:
        notes.append("win rate in this regime: unknown, the grid file has no rows by regime")
        return []
    found = grid.regimes.find(
        combo=combo_of(row), width=row.width, minute=row.minute,
        mode=row.band_mode or MODES[0], regime=regime,
    )  # fmt: skip
    if found is None:
        notes.append(f"no trade in {regime.label} on record")
        return []
    return [
        RateView(
            scope=regime.label, win_rate_pct=found.win_rate_pct, low_pct=found.low_pct,
            high_pct=found.high_pct, n=found.n, n_eff=found.n_eff,
        )
    ]  # fmt: skip


def _odds(pick: Pick, market: LiveMarket) -> tuple[ExitOdds, str]:
    exits = market.settings.exits
    credit, max_loss, of = pick.row.credit_usd, pick.row.risk_usd, "grid credit"
    trade = pick.live
    if trade is not None and trade.quoted and (trade.view.credit_usd_per_contract or 0) > 0:
        view = trade.view
        credit = view.credit_usd_per_contract or credit
        max_loss, of = view.max_loss_usd_per_contract or max_loss, "live credit"
    odds = exit_odds(
        credit=credit,
        max_loss=max_loss,
        profit_target_pct=exits.profit_target_pct,
        stop_credit_multiple=exits.stop_loss_credit_multiple,
        fees=_fees(pick.row, market),
    )
    return odds, of


def _fees(row: GridRow, market: LiveMarket) -> float:
    """Opening and closing a contract of every leg, dollars."""
    legs = 4 if row.spread_type is SpreadType.IRON_CONDOR else 2
    return 2 * legs * market.fee_usd


def _expected_return(
    row: GridRow, notes: list[str]
) -> tuple[float | None, float | None, float | None]:
    stats = row.stats
    if stats is None or stats.return_pct is None:
        notes.append("expected return after costs: unknown, the grid file has no such column")
        return None, None, None
    return stats.return_pct, stats.return_low_pct, stats.return_high_pct


def _at_least_one(win_rate_pct: float) -> float:
    """Chance of at least one loss in the next 20 trades that win at this rate, %."""
    return 100 * (1 - (win_rate_pct / 100) ** NEXT_TRADES)
