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
RANK_BITS = 3  # impossible or not (× 4), flow mode (0..2, 3: unknown, of condors)
RANKS = 1 << RANK_BITS
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Row numbers, each array in no particular order."""

    contradicting: Rows
    duplicate: Rows
    condor_copy: Rows


def find_repeats(raw: RawGrid, codes: Codes, combo: NDArray[np.uint16], bad: Mask) -> Repeats:
    """Find repeats among the rows whose words are known (combo < COMBOS).

    Args:
        combo: `combo_code` of each row, condors as neutral; COMBOS where a word is unknown.
        bad: Rows already refused; a possible telling is kept before an impossible one.
    """
    known = np.flatnonzero(combo < COMBOS)
    whole = len(known) == len(combo)
    pick = slice(None) if whole else known
    width = _width_codes(raw.numbers["spread_width"][pick])
    key = combo[pick].astype(np.int64)
    key *= MINUTES
    key += codes.minute[pick] - OPEN_PT
    key *= int(width.max(initial=0)) + 1
    key += width
    key <<= RANK_BITS
    key |= (bad[pick].view(np.int8) << 2) | (codes.flow[pick] & 3)
    key, rows = _sorted(key)
    group, rank = key >> RANK_BITS, key & (RANKS - 1)
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
    # within a group the repeats lie side by side; the row before the first of them is kept
    run = np.r_[True, np.diff(again) > 1]
    keeper = (again[run] - 1)[np.cumsum(run) - 1]
    repeated = rows[again]
    copy = (codes.spread[repeated] == CONDOR) & ((rank[again] & 3) != (rank[keeper] & 3))
    return Repeats(contradicting, repeated[~copy], repeated[copy])


def _width_codes(width: Floats) -> Rows:
    """Widths as small whole numbers, equal for equal widths (to a cent)."""
    cents = np.rint(width * 100)
    if len(cents) and 0 <= cents.min() and cents.max() < 1 << 16:
        return cents.astype(np.int64)
    return np.unique(cents, return_inverse=True)[1].astype(np.int64)


def _sorted(key: Rows) -> tuple[Rows, Rows]:
    """Sort by (key, row): one sort of packed numbers, which is several times faster."""
    bits = max(1, (len(key) - 1).bit_length())
    if int(key.max(initial=0)).bit_length() + bits < 64:
        key <<= bits
        key |= np.arange(len(key))
        key.sort()
        return key >> bits, key & ((1 << bits) - 1)
    rows = np.argsort(key, kind="stable")
    return key[rows], rows
