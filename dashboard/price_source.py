"""Where an option price on the page comes from, how old it is, and whether that is too old."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.text import Stamp, Wording, duration_text, finite, number
from monitor.domain.snapshot import PriceView

STALE_AFTER_S = 600.0
"""Beyond the source's own delay. A chain is asked for at every scan: two missed ones are stale."""

KINDS = {
    "quotes": "quotes",
    "anchored": "estimated from the last chain",
    "model": "estimated by the model, without a chain",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    text: str  # "quotes from cboe, delayed 15 min"
    asof: Stamp | None
    stale: bool
    estimated: bool
    simulated: bool


def provenance(price: PriceView | None, say: Wording) -> Provenance | None:
    """None where there is no price to speak of."""
    if price is None:
        return None
    parts = [KINDS.get(price.kind, price.kind)]
    if price.source:
        parts[0] += f" from {price.source}"
    if price.delay_s > 0:
        parts.append(f"delayed {duration_text(price.delay_s)}")
    if finite(price.error_pct):
        parts.append(f"typical error {number(price.error_pct, 0)} % of the credit")
    age = None if price.asof is None else (say.now - price.asof).total_seconds()
    return Provenance(
        text=", ".join(parts),
        asof=say.maybe(price.asof),
        stale=age is not None and age > price.delay_s + STALE_AFTER_S,
        estimated=price.kind != "quotes",
        simulated=price.simulated,
    )
