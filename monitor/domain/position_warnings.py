"""What is possible but dangerous in a logged position, in plain words."""

from __future__ import annotations

from monitor.domain.exits import stop_can_fire
from monitor.domain.positions import Position
from monitor.domain.spreads import HIGH_CREDIT, describe_strikes, widest_wing

TOLERANCE_USD = 1.0  # a stated risk off by less was only rounded


def position_warnings(position: Position, *, stop_multiple: float) -> tuple[str, ...]:
    """Everything the person should know about this position, most important first.

    Args:
        stop_multiple: The stop, in credits lost.
    """
    found = (
        stated_risk_warning(position),
        stop_warning(position, stop_multiple=stop_multiple),
        high_credit_warning(position),
    )
    return tuple(text for text in found if text)


def stated_risk_warning(position: Position) -> str | None:
    """The person's figure for the risk, where it is not what the strikes say."""
    stated, computed = position.risk_usd, position.max_loss_usd
    if position.strikes is None or stated is None or abs(stated - computed) <= TOLERANCE_USD:
        return None
    return (
        f"maximum loss is {usd(computed)} computed from the strikes; you stated {usd(stated)}: "
        f"limits use {usd(computed)}"
    )


def stop_warning(position: Position, *, stop_multiple: float) -> str | None:
    """A stop beyond the maximum loss can never fire."""
    if stop_can_fire(position.credit_usd, position.max_loss_usd, stop_multiple):
        return None
    return (
        f"the stop can never fire: it waits for a loss of "
        f"{usd(stop_multiple * position.credit_usd)} ({stop_multiple:g} × credit), "
        f"but the most that can be lost is {usd(position.max_loss_usd)}"
    )


def high_credit_warning(position: Position) -> str | None:
    """A credit above a third of the width is rare for strikes out of the money."""
    if position.strikes is None:
        return None
    gross = widest_wing(position.strikes) * position.multiplier * position.contracts
    if position.credit_usd <= HIGH_CREDIT * gross:
        return None
    return (
        f"the credit is {position.credit_usd / gross:.0%} of the width "
        f"({describe_strikes(position.strikes)}): above a third, which strikes out of the money "
        "hardly ever pay; check that --credit is dollars for the whole position"
    )


def pnl_warning(position: Position, pnl_usd: float, *, share: float = 1.0) -> str | None:
    """A P&L that this position cannot have; `share` is the part of it that is meant."""
    credit, loss = position.credit_usd * share, position.max_loss_usd * share
    if pnl_usd > credit:
        return f"a profit of {usd(pnl_usd)} is more than the credit of {usd(credit)}: check both"
    if pnl_usd < -loss:
        return f"a loss of {usd(-pnl_usd)} is more than the maximum of {usd(loss)}: check both"
    return None


def usd(amount: float) -> str:
    """Dollars, with cents only where there are any: "$19,715", "−$142.50"."""
    cents = round(abs(amount) * 100)
    text = f"{cents // 100:,}" + (f".{cents % 100:02d}" if cents % 100 else "")
    return f"{'−' if amount < 0 and cents else ''}${text}"
