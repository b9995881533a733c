"""From the cells of a grid file to a checked grid: every row is usable or counted once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from monitor.domain.grid import (
    COMBOS,
    KINDS,
    VERDICTS,
    Grid,
    GridReport,
    Kind,
    Mask,
    RawGrid,
    Warn,
    combo_code,
)
from monitor.domain.grid_duplicates import find_repeats
from monitor.domain.grid_examples import worst_examples
from monitor.domain.grid_rules import CONDOR, Codes, doubtful, encode, impossible
from monitor.domain.statistics import verdict_of_score

USABLE = 255


def check_grid(raw: RawGrid) -> Grid:
    """Judge every row of a file that `monitor.grid_file` has read."""
    with np.errstate(all="ignore"):  # arithmetic with cells that are none: they have a kind
        return _check(raw)


def _check(raw: RawGrid) -> Grid:
    codes = encode(raw)
    kind = np.full(len(raw.line), USABLE, np.uint8)
    found: dict[Kind, int] = {}
    for name, mask in impossible(raw, codes):
        _mark(kind, found, name, mask)
    combo = _combos(codes, kind)
    repeats = find_repeats(raw, codes, combo, kind != USABLE)
    for name, rows in (
        (Kind.CONTRADICTING_DUPLICATE, repeats.contradicting),
        (Kind.DUPLICATE, repeats.duplicate),
        (Kind.CONDOR_COPY, repeats.condor_copy),
    ):
        if len(rows):
            found[name] = len(rows)
            free = rows[kind[rows] == USABLE]
            kind[free] = KINDS.index(name)
    good = kind == USABLE
    warned, warnings = _warnings(raw, good)
    combo[~good] = COMBOS
    small = combo.astype(np.uint16)
    order = np.argsort(small, kind="stable")[: np.count_nonzero(good)]
    starts = np.zeros(COMBOS + 1, np.int64)
    np.cumsum(np.bincount(small, minlength=COMBOS + 1)[:COMBOS], out=starts[1:])
    return Grid(
        columns=raw.numbers,
        line=raw.line,
        combo=small,
        minute=codes.minute,
        verdict=_verdicts(raw, codes),
        warned=warned,
        order=order,
        starts=starts,
        sorted_score=raw.numbers["trade_score"][order],
        report=_report(raw, kind, found, warnings),
    )


def _mark(kind: NDArray[np.uint8], found: dict[Kind, int], name: Kind, mask: Mask) -> None:
    count = int(np.count_nonzero(mask))
    if count:
        found[name] = count
        kind[mask & (kind == USABLE)] = KINDS.index(name)


def _combos(codes: Codes, kind: NDArray[np.uint8]) -> NDArray[np.int32]:
    """`combo_code` of each row, COMBOS where a row's own words make none."""
    flow = np.where(codes.spread == CONDOR, 0, codes.flow).astype(np.int32)
    # combo_code is plain arithmetic; int32 columns give an int32 column
    combo: NDArray[np.int32] = combo_code(codes.dte, codes.band, codes.spread, flow)  # type: ignore[arg-type,assignment]
    if kind.min(initial=USABLE) != USABLE:
        combo[kind <= KINDS.index(Kind.WIDTH_NOT_POSITIVE)] = COMBOS
    return combo


def _warnings(raw: RawGrid, good: Mask) -> tuple[NDArray[np.uint8], tuple[tuple[Warn, int], ...]]:
    bits = np.zeros(len(good), np.uint8)
    counts = []
    for i, (name, mask) in enumerate(doubtful(raw)):
        usable = mask & good
        count = int(np.count_nonzero(usable))
        if count:
            counts.append((name, count))
            bits |= usable.view(np.uint8) << np.uint8(i)
    return bits, tuple(counts)


def _verdicts(raw: RawGrid, codes: Codes) -> NDArray[np.int8] | None:
    """The file's own verdicts: its word, else what its honest score means."""
    if codes.verdict is not None:
        return codes.verdict
    score = raw.numbers.get("honest_score")
    if score is None:
        return None
    distinct, inverse = np.unique(score, return_inverse=True)
    table = np.array([VERDICTS.index(verdict_of_score(float(s))) for s in distinct], np.int8)
    return table[inverse]


def _report(
    raw: RawGrid,
    kind: NDArray[np.uint8],
    found: Mapping[Kind, int],
    warnings: tuple[tuple[Warn, int], ...],
) -> GridReport:
    counts = np.bincount(kind, minlength=USABLE + 1)
    rejected = {name: int(counts[i]) for i, name in enumerate(KINDS)}
    for bad in raw.bad_lines:
        rejected[Kind.SHORT_ROW if bad.cells < bad.expected else Kind.LONG_ROW] += 1
    everything = {**rejected, **found}
    return GridReport(
        rows=len(kind) + len(raw.bad_lines),
        usable=int(counts[USABLE]),
        rejected=tuple((name, rejected[name]) for name in KINDS if rejected[name]),
        found=tuple((name, everything[name]) for name in KINDS if everything[name]),
        warnings=warnings,
        worst=worst_examples(raw, kind),
        extra_columns=raw.extra_columns,
    )
