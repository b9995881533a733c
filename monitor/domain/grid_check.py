"""From the cells of a grid file to a checked grid: every row is usable or counted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.domain.grid import (
    COMBOS,
    KINDS,
    VERDICTS,
    WARNS,
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
BLOCK = 1 << 15


def check_grid(raw: RawGrid) -> Grid:
    """Judge every row of a file that `monitor.grid_file` has read."""
    with np.errstate(all="ignore"):  # arithmetic with cells that are none: they have a kind
        return _check(raw)


def _check(raw: RawGrid) -> Grid:
    codes = encode(raw)
    judged = _judge_rows(raw, codes)
    kind, combo, found = judged.kind, judged.combo, judged.found
    repeats = find_repeats(raw, codes, combo, kind != USABLE)
    for name, rows in (
        (Kind.CONTRADICTING_DUPLICATE, repeats.contradicting),
        (Kind.DUPLICATE, repeats.duplicate),
        (Kind.CONDOR_COPY, repeats.condor_copy),
    ):
        if len(rows):
            found[name] = len(rows)
            kind[rows[kind[rows] == USABLE]] = KINDS.index(name)
    good = kind == USABLE
    combo[~good] = COMBOS
    order = np.argsort(combo, kind="stable")[: np.count_nonzero(good)]
    starts = np.zeros(COMBOS + 1, np.int64)
    np.cumsum(np.bincount(combo, minlength=COMBOS + 1)[:COMBOS], out=starts[1:])
    return Grid(
        columns=raw.numbers,
        line=raw.line,
        combo=combo,
        minute=codes.minute,
        verdict=_verdicts(raw, codes),
        mode=codes.mode,
        prices=codes.prices,
        warned=judged.warned,
        order=order,
        starts=starts,
        sorted_score=raw.numbers["trade_score"][order],
        sorted_minute=codes.minute[order].astype(np.int16),
        report=_report(raw, kind, found, _count_warnings(judged.warned[good])),
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """Every row judged by itself. `combo`: COMBOS where a row's own words make none."""

    kind: NDArray[np.uint8]
    combo: NDArray[np.uint16]
    warned: NDArray[np.uint8]
    found: dict[Kind, int]


def _judge_rows(raw: RawGrid, codes: Codes) -> _Judged:
    """Apply the rules block by block, so that what lies between stays in the cache."""
    n = len(raw.line)
    kind = np.full(n, USABLE, np.uint8)
    judged = _Judged(kind, np.empty(n, np.uint16), np.zeros(n, np.uint8), {})
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        numbers = {name: column[rows] for name, column in raw.numbers.items()}
        part = codes.part(rows)
        for name, mask in impossible(numbers, part):
            _mark(kind[rows], judged.found, name, mask)
        judged.combo[rows] = _combos(part, kind[rows])
        for i, (_, mask) in enumerate(doubtful(numbers)):
            judged.warned[rows] |= mask.view(np.uint8) << np.uint8(i)
    return judged


def _mark(kind: NDArray[np.uint8], found: dict[Kind, int], name: Kind, mask: Mask) -> None:
    count = int(np.count_nonzero(mask))
    if count:
        found[name] = found.get(name, 0) + count
        kind[mask & (kind == USABLE)] = KINDS.index(name)


def _combos(codes: Codes, kind: NDArray[np.uint8]) -> NDArray[np.int32]:
    """`combo_code` of each row, COMBOS where a row's own words make none."""
    flow = np.where(codes.spread == CONDOR, np.int8(0), codes.flow)
    # combo_code is plain arithmetic; an int32 column first makes an int32 column
    combo: NDArray[np.int32] = combo_code(codes.dte, codes.band, codes.spread, flow)  # type: ignore[arg-type,assignment]
    combo[kind <= KINDS.index(Kind.WIDTH_NOT_POSITIVE)] = COMBOS
    return combo


def _count_warnings(warned: NDArray[np.uint8]) -> tuple[tuple[Warn, int], ...]:
    sets = np.bincount(warned, minlength=1 << len(WARNS))
    counts = [
        (name, sum(int(c) for bits, c in enumerate(sets) if bits >> i & 1))
        for i, name in enumerate(WARNS)
    ]
    return tuple((name, count) for name, count in counts if count)


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
