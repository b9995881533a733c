"""Opportunities in words: the alert's lines and the page's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.domain.grid import Warn
from monitor.domain.scan import Pick, ScanResult
from monitor.domain.snapshot import OpportunityView
from monitor.domain.vocabulary import FlowMode

SOURCE = "grid"  # of a backtest, never a live quote


def opportunity_lines(picks: Sequence[Pick]) -> tuple[str, ...]:
    """One line a pick, in the shape of docs/alerts.md with more fields after it."""
    return tuple(opportunity_line(i, pick) for i, pick in enumerate(picks, 1))


def opportunity_line(number: int, pick: Pick) -> str:
    """`#1: 3DTE P98 IRON_CONDOR @ 07:30 | Win:95.5% ROI:346.2% | Credit:$285 Risk:$1715 | …`"""
    row = pick.row
    flow = "" if row.flow_mode is FlowMode.NEUTRAL else f" {row.flow_mode}"
    parts = [
        f"#{number}: {row.dte}DTE {row.band} {row.spread_type.upper()} @ {row.entry_time_pt}",
        f"Win:{row.win_rate_pct:.1f}% ROI:{row.roi_pct:.1f}%",
        f"Credit:${row.credit_usd:.0f} Risk:${row.risk_usd:.0f}",
        f"Win95: {100 * pick.win.low:.1f}–{100 * pick.win.high:.1f}% (n={row.n_trades})",
        f"Break-even:{100 * pick.breakeven:.1f}%",
        f"Verdict:{pick.verdict} ({pick.verdict_why})",
        f"{pick.ticker} width:{row.width:g}{flow}",
        f"Avg P&L:{_signed_usd(row.avg_pnl_usd)} ({row.expected_return_pct:+.1f}% of risk)",
    ]
    if pick.expiration:
        parts.append(f"Exp:{pick.expiration.isoformat()}")
    return " | ".join([*parts, *doubts(pick), "backtest"])


def doubts(pick: Pick) -> tuple[str, ...]:
    """What the row says that its other numbers deny."""
    row = pick.row
    said = []
    if Warn.RISK_CONTRADICTS_WIDTH in row.warnings:
        points = (row.credit_usd + row.risk_usd) / 100
        said.append(
            f"CHECK width: credit + risk make {points:.1f} points, the file says {row.width:g}"
        )
    if Warn.ROI_IS_EXPECTED_RETURN in row.warnings:
        said.append(f"CHECK ROI: it is avg P&L ÷ risk; credit ÷ risk is {row.max_return_pct:.1f}%")
    if Warn.ROI_CONTRADICTS_CREDIT_AND_RISK in row.warnings:
        said.append(f"CHECK ROI: credit ÷ risk is {row.max_return_pct:.1f}%")
    return tuple(said)


def opportunity_views(
    result: ScanResult, *, alert_ids: Mapping[str, str] | None = None
) -> tuple[OpportunityView, ...]:
    """The page's rows, best first.

    Args:
        alert_ids: `Pick.key` → id of the alert that named it.
    """
    ids = alert_ids or {}
    return tuple(opportunity_view(pick, alert_id=ids.get(pick.key)) for pick in result.picks)


def opportunity_view(pick: Pick, *, alert_id: str | None) -> OpportunityView:
    row = pick.row
    return OpportunityView(
        rank=pick.rank,
        ticker=pick.ticker,
        alert_id=alert_id,
        status=pick.status,
        status_why="; ".join(filter(None, (pick.status_why, *doubts(pick)))),
        dte=row.dte,
        expiration=pick.expiration,
        band=row.band,
        spread_type=row.spread_type.value,
        flow_mode=row.flow_mode.value,
        width=row.width,
        entry_time_pt=row.entry_time_pt,
        in_window=pick.in_window,
        window_opens_at=pick.window.opens_at,
        window_closes_at=pick.window.closes_at,
        win_rate_pct=row.win_rate_pct,
        win_low_pct=100 * pick.win.low,
        win_high_pct=100 * pick.win.high,
        n_trades=row.n_trades,
        breakeven_win_pct=100 * pick.breakeven,
        max_return_pct=row.max_return_pct,
        sharpe=row.sharpe,
        credit_usd_per_contract=row.credit_usd,
        max_loss_usd_per_contract=row.risk_usd,
        avg_pnl_usd_per_contract=row.avg_pnl_usd,
        score=row.score,
        verdict=pick.verdict.value,
        verdict_why=pick.verdict_why,
        source=SOURCE,
    )


def _signed_usd(usd: float) -> str:
    return f"{'-' if usd < 0 else ''}${abs(usd):.0f}"
