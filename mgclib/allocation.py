"""Deal clips or groups of clips out to parts of given shares, genre by genre.

The counting behind `mgclib.splits`: it knows counts and shares, nothing of music.
"""

from __future__ import annotations

import itertools

import numpy as np

from mgclib.errors import DatasetError

__all__ = ["allocate", "rounded", "stratify"]

STARTS = 3
STARTS_AT_MOST = 40
SWAPS_UP_TO = 1500


def rounded(ideal: np.ndarray, total: int) -> np.ndarray:
    """Integers that sum to `total`, as near to `ideal` as possible (largest remainder)."""
    counts = np.floor(ideal + 1e-9).astype(int)
    order = np.argsort(-(ideal - counts), kind="stable")
    counts[order[: total - counts.sum()]] += 1
    return counts


def stratify(codes: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw each genre by its share, at least one of each; what rounding leaves over goes to the next genre."""
    parts = np.empty(len(codes), dtype=int)
    carry = np.zeros(len(shares))
    for code in rng.permutation(codes.max() + 1):
        rows = rng.permutation(np.flatnonzero(codes == code))
        ideal = shares * len(rows) + carry
        wanted = np.maximum(ideal, 0)
        counts = rounded(wanted * (len(rows) / wanted.sum()), len(rows))
        for empty in np.flatnonzero(counts == 0):
            counts[np.argmax(counts)] -= 1
            counts[empty] = 1
        carry = ideal - counts
        parts[rows] = np.repeat(np.arange(len(shares)), counts)
    return parts


def allocate(counts: np.ndarray, shares: np.ndarray, rng: np.random.Generator, name: str, what: str) -> np.ndarray:
    """Part of every group so that clips per genre and part come near to their shares.

    Parameters
    ----------
    counts : np.ndarray [shape=(n_groups, n_genres)]
        Clips of each genre in each group.
    shares : np.ndarray [shape=(n_parts,), > 0]

    Notes
    -----
    Equal groups are drawn as single clips are. Otherwise: several random starts, each improved by moving and swapping
    groups until the squared distance to the wished clip counts is at a minimum; the nearest one wins.
    """
    sizes = counts.sum(axis=1)
    if (sizes == sizes[0]).all() and (counts.max(axis=1) == sizes).all():
        return stratify(counts.argmax(axis=1), shares, rng)
    wished = _wished(counts, shares)
    columns = np.hstack([counts, sizes[:, None]])
    best, nearest = None, np.inf
    for attempt in range(STARTS_AT_MOST):
        parts = _descend(columns, wished, _start(counts, wished, rng))
        filled = np.stack([columns[parts == part].sum(axis=0) for part in range(len(shares))])
        distance = ((filled - wished) ** 2).sum()
        if (filled > 0).all() and distance < nearest - 1e-9:
            best, nearest = parts, distance
        if best is not None and attempt + 1 >= STARTS:
            return best
    raise DatasetError(
        f"{name}: its {len(counts)} {what} cannot be dealt out so that every genre is in all {len(shares)} parts; "
        f"ask for fewer parts or folds, or add {what}"
    )


def _wished(counts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Wished clips per part and genre (last column: all genres); at least one group's worth everywhere."""
    wished = shares[:, None] * counts.sum(axis=0)
    smallest = np.where(counts > 0, counts, np.inf).min(axis=0)
    raised = np.maximum(wished, smallest)
    largest = int(np.argmax(shares))
    raised[largest] -= (raised - wished).sum(axis=0)
    return np.hstack([raised, raised.sum(axis=1, keepdims=True)])


def _start(counts: np.ndarray, wished: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a part for each group, larger ones first, by the room that is left where it fits."""
    room = wished[:, :-1].copy()
    parts = np.empty(len(counts), dtype=int)
    for group in np.argsort(-counts.sum(axis=1) * rng.uniform(0.5, 1.5, len(counts))):
        left = room @ counts[group]
        chances = np.where((room >= counts[group]).all(axis=1, where=counts[group] > 0), left, 0)
        if chances.sum() > 0:
            parts[group] = rng.choice(len(room), p=chances / chances.sum())
        else:
            parts[group] = np.argmax(left)
        room[parts[group]] -= counts[group]
    return parts


def _descend(columns: np.ndarray, wished: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Move or swap groups between parts for as long as the squared distance to `wished` falls."""
    squares = (columns**2).sum(axis=1)
    everyone = np.arange(len(parts))
    excess = np.stack([columns[parts == part].sum(axis=0) for part in range(len(wished))]) - wished
    while True:
        pull = columns @ excess.T
        gain = 2 * (pull - pull[everyone, parts][:, None] + squares[:, None])
        gain[everyone, parts] = 0
        group, target = np.unravel_index(np.argmin(gain), gain.shape)
        if gain[group, target] < -1e-9:
            moves = [(group, target)]
        elif len(parts) <= SWAPS_UP_TO:
            moves = _best_swap(columns, squares, excess, parts)
        else:
            moves = []
        if not moves:
            return parts
        for group, target in moves:
            excess[parts[group]] -= columns[group]
            excess[target] += columns[group]
            parts[group] = target


def _best_swap(columns: np.ndarray, squares: np.ndarray, excess: np.ndarray, parts: np.ndarray) -> list[tuple]:
    best, moves = -1e-9, []
    for a, b in itertools.combinations(range(len(excess)), 2):
        left, right = np.flatnonzero(parts == a), np.flatnonzero(parts == b)
        if not len(left) or not len(right):
            continue
        slope = columns @ (excess[a] - excess[b])
        apart = squares[left][:, None] + squares[right] - 2 * columns[left] @ columns[right].T
        gain = 2 * (slope[right] - slope[left][:, None] + apart)
        row, column = np.unravel_index(np.argmin(gain), gain.shape)
        if gain[row, column] < best:
            best, moves = gain[row, column], [(left[row], b), (right[column], a)]
    return moves
