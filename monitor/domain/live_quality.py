"""What keeps a live trade below what the person asks, whatever its row in the grid says."""

from __future__ import annotations

from monitor.domain.alert_text import usd_short
from monitor.domain.quality import Shortfall, Thresholds
from monitor.domain.resolve import ResolvedTrade

ROI_NAME = "live ROI"
CREDIT_NAME = "live credit"
LEGS_NAME = "live legs"


def live_shortfalls(
    trade: ResolvedTrade | None, asked: Thresholds, *, min_credit_usd: float
) -> tuple[Shortfall, ...]:
    """What keeps the trade, as it can be opened now, below what the person asks.

    Unknown is not poor: without usable quotes there is nothing to compare.
    """
    if trade is None:
        return ()
    if trade.refused:
        return tuple(
            Shortfall(threshold=LEGS_NAME, value=why, needed="tradable legs", distance=1.0)
            for why in trade.refused
        )
    credit, roi = trade.view.credit_usd_per_contract, trade.view.max_return_pct
    if not trade.quoted or credit is None:
        return ()
    short = []
    least = max(min_credit_usd, 0.0)
    if credit <= 0 or credit < least:
        needed = f"≥ ${least:g}" if least else "above $0"
        short.append(
            Shortfall(
                threshold=CREDIT_NAME,
                value=usd_short(credit),
                needed=needed,
                distance=(least - credit) / max(least, 1.0),
            )
        )
    if asked.roi_pct is not None and (roi is None or roi < asked.roi_pct):
        value = 0.0 if roi is None else roi
        short.append(
            Shortfall(
                threshold=ROI_NAME,
                value=f"{value:.4g} %",
                needed=f"≥ {asked.roi_pct:g} %",
                distance=(asked.roi_pct - value) / max(asked.roi_pct, 1.0),
            )
        )
    return tuple(short)


def poorer_text(short: Shortfall) -> str:
    """One sentence: a leg that cannot be traded says it all, a number names what is needed."""
    return short.value if short.threshold == LEGS_NAME else str(short)
