"""Which one-dimensional network could Baseline A be? A search among networks by their number of weights.

The FMA slides show Baseline A (1D) and FusionNet in pictures that are lost; two counts are left, 645,080 and 7,542,552.
`regular_networks` lists the plain candidates, those whose kernels halve or quarter and whose widths double, the nearest
first. `exact_networks` asks how much a count can decide at all.

Source: FMA slides, "Architectures (2)", "Architectures (4)", "Backup slides". Notebook: ``cnn_1d_fma``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

__all__ = ["DENSENET", "GENRES", "body", "dense", "exact_networks", "regular_networks"]

GENRES = 8
DENSENET = 6_947_584
"""Weights that learn in DenseNet121 with one channel, without its linear layer of 1,024 × 8 + 8."""

DEPTHS = range(3, 7)
HEADS = ((), (150,), (300,), (300, 150))
"""Dense layers in front of the last one: those of Baseline A (2D), or some of them."""

KERNELS = tuple(2**n for n in range(9))
WIDTHS = tuple(2**n for n in range(3, 10))


def body(kernels: Sequence[int], widths: Sequence[int]) -> int:
    """Return the weights of convolutions over one channel, each with bias and batch normalisation (scale and shift).

    Parameters
    ----------
    kernels, widths : sequence of int
        Kernel and output channels of each convolution.
    """
    before = (1, *widths)
    return sum(kernel * a * b + 3 * b for kernel, a, b in zip(kernels, before, widths, strict=False))


def dense(units: Iterable[int]) -> int:
    """Return the weights of dense layers with bias, from one number of units to the next."""
    return sum(a * b + b for a, b in itertools.pairwise(units))


def regular_networks(weights: int, fusion: int) -> pd.DataFrame:
    """Return the plain candidates, those with nearly the right number of weights first.

    Three to six convolutions; kernels are powers of two from 2 to 256 that halve or quarter from layer to layer, widths
    double from a power of two and end at 512 or below; maximum and mean over time side by side; no dense layer, or 300,
    150, or both.

    Parameters
    ----------
    weights : int
        What the network should have: 645,080.
    fusion : int
        What FusionNet should have: 7,542,552, of the convolutions, of DenseNet and of one linear layer on both.

    Returns
    -------
    pd.DataFrame
        Columns ``kernels, widths, dense, weights, difference, fusion, fusion difference``; by ``abs(difference)``.
    """
    rows = []
    for depth, step, double in itertools.product(DEPTHS, (2, 4), WIDTHS):
        widths = tuple(double * 2**n for n in range(depth))
        for first in KERNELS:
            kernels = tuple(first // step**n for n in range(depth))
            if kernels[-1] < 2 or widths[-1] > max(WIDTHS):
                continue
            pooled = 2 * widths[-1]
            joined = body(kernels, widths) + DENSENET + dense((pooled + 1024, GENRES))
            for head in HEADS:
                total = body(kernels, widths) + dense((pooled, *head, GENRES))
                rows.append((kernels, widths, head, total, total - weights, joined, joined - fusion))
    columns = ["kernels", "widths", "dense", "weights", "difference", "fusion", "fusion difference"]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values("difference", key=abs, kind="stable", ignore_index=True)


def exact_networks(weights: int, fusion: int | None = None) -> pd.DataFrame:
    """Return all networks with exactly so many weights, when kernels and widths may be any falling and growing row.

    Three to six convolutions; kernels are powers of two from 1 to 256 that never grow, widths powers of two from 8 to
    512 that never fall; pooled and closed as in `regular_networks`.

    Parameters
    ----------
    weights : int
    fusion : int or None
        FusionNet's weights, if they must match as well.

    Returns
    -------
    pd.DataFrame
        Columns ``kernels, widths, dense``.
    """
    rows = []
    for depth in DEPTHS:
        kernels = np.array(list(itertools.combinations_with_replacement(KERNELS[::-1], depth)))
        for widths in itertools.combinations_with_replacement(WIDTHS, depth):
            products = np.array([a * b for a, b in zip((1, *widths), widths, strict=False)])
            bodies = kernels @ products + 3 * sum(widths)
            pooled = 2 * widths[-1]
            fits = fusion is None or bodies + DENSENET + dense((pooled + 1024, GENRES)) == fusion
            for head in HEADS:
                exact = np.flatnonzero((bodies + dense((pooled, *head, GENRES)) == weights) & fits)
                rows += [(tuple(kernels[k].tolist()), widths, head) for k in exact]
    return pd.DataFrame(rows, columns=["kernels", "widths", "dense"])
