"""Opportunities in words: the alert's lines and the page's rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.domain.alert_text import age_text
from monitor.domain.grid import Warn
from monitor.domain.option_chain import PriceSource
from monitor.domain.scan import ALERTED, Pick, ScanResult
from monitor.domain.snapshot import OpportunityView, PriceView, TradeView
from monitor.domain.spreads import describe_strikes, strikes_of
from monitor.domain.vocabulary import FlowMode

SOURCE = "grid"  # of a backtest, never a live quote
TOLD = ("chain", "strikes", "credit")  # problems that an alert names; the page has all
CARDS = 6  # rows of the page with a live trade and evidence: it stays small


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
    return " | ".join([*parts, *doubts(pick), row.rests_on, *live_parts(pick)])


def live_parts(pick: Pick) -> tuple[str, ...]:
    """The trade as it can be opened now, after the backtest's numbers; nobody looked: nothing."""
    if pick.live is None:
        return ()
    view = pick.live.view
    said = []
    strikes = strikes_of(view)
    if strikes is not None:
        said.append(f"Live: {view.root} {describe_strikes(strikes)}")
    if view.price is not None:
        said += [_credit_text(view, view.price), _price_text(view.price)]
    if view.market_win_pct is not None:
        said.append(f"market-implied win:{view.market_win_pct:.0f}%")
    said += view.poorer_why
    said += [problem.why for problem in view.problems if problem.what in TOLD]
    if view.order_line is not None:
        said.append(view.order_line)
    return tuple(said)


def opportunity_facts(picks: Sequence[Pick]) -> tuple[tuple[str, str | float | None], ...]:
    """The numbers of each line's live trade, by `#2.credit`; nothing where nobody looked."""
    facts: list[tuple[str, str | float | None]] = []
    for number, pick in enumerate(picks, 1):
        if pick.live is None:
            continue
        view = pick.live.view
        asof = None if view.price is None else view.price.asof
        facts += [
            (f"#{number}.expiration", view.expiration.isoformat()),
            (f"#{number}.short_put", view.short_put),
            (f"#{number}.long_put", view.long_put),
            (f"#{number}.short_call", view.short_call),
            (f"#{number}.long_call", view.long_call),
            (f"#{number}.credit", view.credit_fill),
            (f"#{number}.max_loss_usd_per_contract", view.max_loss_usd_per_contract),
            (f"#{number}.price_kind", None if view.price is None else view.price.kind),
            (f"#{number}.quotes_asof", None if asof is None else asof.isoformat()),
        ]
    return tuple(facts)


def _credit_text(view: TradeView, price: PriceView) -> str:
    sure = "" if price.kind == PriceSource.QUOTES else f"±{price.error_pct:.0f} %, "
    return (
        f"credit:{_signed_usd(view.credit_usd_per_contract or 0)} ({view.credit_fill:.2f}; {sure}"
        f"mid {view.credit_mid:.2f}, natural {view.credit_natural:.2f}) "
        f"risk:${view.max_loss_usd_per_contract:.0f} ROI:{view.max_return_pct:.1f}%"
    )


def _price_text(price: PriceView) -> str:
    age = "" if price.age_s is None else f" {age_text(timedelta(seconds=price.age_s))}"
    return f"{price.kind} {price.source or 'of index vols'}{age}"


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
    result: ScanResult,
    *,
    told: Mapping[str, Told] | None = None,
    now: datetime | None = None,
    carded: Collection[str] | None = None,
) -> tuple[OpportunityView, ...]:
    """The page's rows, best first; some carry their live trade and evidence.

    Args:
        told: `Pick.key` → the alert that named it.
        now: For the ages of quotes; None: the scan's instant.
        carded: Keys of those that carry them; None: the most pressing ones of this scan.
    """
    at = now or result.scanned_at
    cards = most_pressing(result.picks) if carded is None else carded
    return tuple(
        opportunity_view(pick, told=(told or {}).get(pick.key), now=at, card=pick.key in cards)
        for pick in result.picks
    )


def most_pressing(picks: Iterable[Pick]) -> frozenset[str]:
    """Keys of the few picks, of whatever underlying, that the page shows as cards."""
    return frozenset(pick.key for pick in sorted(picks, key=_pressing)[:CARDS])


def _pressing(pick: Pick) -> tuple[bool, bool, bool, int]:
    return pick.status != ALERTED, not pick.in_window, bool(pick.missing), pick.rank


@dataclass(frozen=True, slots=True)
class Told:
    """The alert that named a configuration, and its line there (None: an earlier alert's)."""

    alert_id: str
    line: int | None


def opportunity_view(
    pick: Pick, *, told: Told | None, now: datetime, card: bool = True
) -> OpportunityView:
    """One row; `card`: with the live trade and the evidence, where there are any."""
    row = pick.row
    return OpportunityView(
        rank=pick.rank,
        ticker=pick.ticker,
        alert_id=told.alert_id if told else None,
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
        trade=_aged(pick.live.view, now) if card and pick.live is not None else None,
        evidence=pick.evidence if card else None,
        alert_line=told.line if told else None,
    )


def _aged(view: TradeView, now: datetime) -> TradeView:
    """The same trade with the quotes' age of now."""
    price = view.price
    if price is None or price.asof is None:
        return view
    return replace(view, price=replace(price, age_s=(now - price.asof).total_seconds()))


def _signed_usd(usd: float) -> str:
    return f"{'-' if usd < 0 else ''}${abs(usd):.0f}"
