"""Rows of a grid that are one configuration told more than once.

A condor has no flow, so its flow modes are one configuration; the `neutral` telling is kept,
being of all days. Elsewhere the first telling is kept. Where two tellings of one and the same
row disagree in a number, none can be believed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.domain.entry_windows import OPEN_PT
from monitor.domain.grid import COMBOS, Floats, Mask, RawGrid
from monitor.domain.grid_rules import CONDOR, NUMBERS, Codes

MINUTES = 512  # an entry time is fewer minutes than this after the open
RANKS = 8  # impossible or not (× 4), flow mode (0..2, 3: unknown, of condors)
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Row numbers, each array in no particular order."""

    contradicting: Rows
    duplicate: Rows
    condor_copy: Rows


def find_repeats(raw: RawGrid, codes: Codes, combo: NDArray[np.int32], bad: Mask) -> Repeats:
    """Find repeats among the rows whose words are known (combo < COMBOS).

    Args:
        combo: `combo_code` of each row, condors as neutral; COMBOS where a word is unknown.
        bad: Rows already refused; a possible telling is kept before an impossible one.
    """
    known = np.flatnonzero(combo < COMBOS)
    whole = len(known) == len(combo)
    pick = slice(None) if whole else known
    width = _width_codes(raw.numbers["spread_width"][pick])
    group = (combo[pick].astype(np.int64) * MINUTES + (codes.minute[pick] - OPEN_PT)) * (
        int(width.max(initial=0)) + 1
    ) + width
    rank = (bad[pick].astype(np.int64) << 2) | (codes.flow[pick] & 3)
    group, rank, rows = _sorted(group, rank)
    again = np.flatnonzero(group[1:] == group[:-1]) + 1
    if not len(again):
        return Repeats(again, again, again)
    rows = rows if whole else known[rows]
    return _classify(raw, codes, group, rank, rows, again)


def _classify(
    raw: RawGrid, codes: Codes, group: Rows, rank: Rows, rows: Rows, again: Rows
) -> Repeats:
    """Split the repeats; `again` are the sorted positions whose group is the one before's."""
    same_telling = again[(rank[again] == rank[again - 1]) & (rank[again] < RANKS // 2)]
    clash = np.zeros(len(same_telling), np.bool_)
    first, second = rows[same_telling - 1], rows[same_telling]
    for name in NUMBERS:
        column = raw.numbers[name]
        clash |= column[first] != column[second]
    torn = np.isin(group, group[same_telling[clash]]) if clash.any() else clash[:0]
    contradicting = rows[np.flatnonzero(torn)]
    start = np.zeros(len(group), np.int64)
    heads = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    start[heads] = heads
    keeper = np.maximum.accumulate(start)[again]
    repeated = rows[again]
    copy = (codes.spread[repeated] == CONDOR) & ((rank[again] & 3) != (rank[keeper] & 3))
    return Repeats(contradicting, repeated[~copy], repeated[copy])


def _width_codes(width: Floats) -> Rows:
    """Widths as small whole numbers, equal for equal widths (to a cent)."""
    cents = np.rint(width * 100)
    if len(cents) and 0 <= cents.min() and cents.max() < 1 << 16:
        return cents.astype(np.int64)
    return np.unique(cents, return_inverse=True)[1].astype(np.int64)


def _sorted(group: Rows, rank: Rows) -> tuple[Rows, Rows, Rows]:
    """Sort by (group, rank, row): one sort of packed numbers, which is several times faster."""
    key = group * RANKS + rank
    bits = max(1, (len(key) - 1).bit_length())
    if len(key) and int(key.max()).bit_length() + bits < 64:
        packed = np.sort((key << bits) | np.arange(len(key)))
        key, rows = packed >> bits, packed & ((1 << bits) - 1)
    else:
        rows = np.argsort(key, kind="stable")
        key = key[rows]
    return key // RANKS, key % RANKS, rows
