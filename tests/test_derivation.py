"""The search for Baseline A in one dimension: its arithmetic, and that the register has what it finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mgclib import models
from mgclib.models import conv1d, derivation
from mgclib.overview import fma

PRINTED = int(fma.network("baseline-a-1d").printed("params"))
JOINED = int(fma.network("fusion").printed("params"))
WIDTHS, KERNELS = (tuple(column) for column in list(zip(*conv1d.POOLED, strict=True))[:2])


def test_the_arithmetic_is_that_of_the_networks():
    total = derivation.body(KERNELS, WIDTHS)
    pooled = 2 * WIDTHS[-1]
    alone = total + derivation.dense((pooled, conv1d.POOLED_DENSE, derivation.GENRES))
    both = total + derivation.DENSENET + derivation.dense((pooled + 1024, derivation.GENRES))
    assert alone == models.architecture("baseline-a-1d").learnt
    assert both == models.architecture("fusion").learnt
    assert derivation.dense((1024, 8)) + derivation.DENSENET == models.architecture("densenet").learnt


def test_the_registered_network_is_the_nearest_regular_one():
    found = derivation.regular_networks(PRINTED, JOINED)
    first = found.iloc[0]
    assert (first["kernels"], first["widths"]) == (KERNELS, WIDTHS)
    assert first["dense"] == (conv1d.POOLED_DENSE,)
    assert first["weights"] == models.architecture("baseline-a-1d").learnt == PRINTED + first["difference"]
    assert first["fusion"] == models.architecture("fusion").learnt == JOINED + first["fusion difference"]
    assert (found["difference"].abs().diff().dropna() >= 0).all()
    assert not found.duplicated(["kernels", "widths", "dense"]).any()


@settings(max_examples=8, deadline=None)
@given(
    kernels=st.lists(st.sampled_from([1, 2, 4, 8, 16, 32]), min_size=3, max_size=4),
    widths=st.lists(st.sampled_from([8, 16, 32, 64]), min_size=4, max_size=4),
    head=st.sampled_from(derivation.HEADS),
)
def test_a_network_is_among_those_with_its_own_count(kernels, widths, head):
    kernels = tuple(sorted(kernels, reverse=True))
    widths = tuple(sorted(widths[: len(kernels)]))
    pooled = 2 * widths[-1]
    total = derivation.body(kernels, widths) + derivation.dense((pooled, *head, derivation.GENRES))
    fusion = derivation.body(kernels, widths) + derivation.DENSENET + derivation.dense((pooled + 1024, 8))
    found = derivation.exact_networks(total, fusion)
    assert (kernels, widths, head) in set(found.itertuples(index=False, name=None))
    for row in found.itertuples(index=False):
        assert (
            derivation.body(row.kernels, row.widths)
            + derivation.dense((2 * row.widths[-1], *row.dense, derivation.GENRES))
            == total
        )


def test_no_plain_network_has_both_printed_counts():
    assert derivation.exact_networks(PRINTED, JOINED).empty
    exact = derivation.exact_networks(PRINTED)
    assert all(np.all(np.diff(row) <= 0) for row in exact["kernels"])
    assert all(np.all(np.diff(row) >= 0) for row in exact["widths"])
