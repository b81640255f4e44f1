"""Principal components: scikit-learn's own, block by block, with signs that do not depend on the machine."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from mgclib import projection
from mgclib.errors import ParameterError

RNG = np.random.default_rng(0)
LATENT = RNG.normal(size=(23, 4)) * [60, 30, 15, 8]
WEIGHTS = RNG.normal(size=(4, 8 * 5 * 3)) / 8
PICTURES = np.clip(128 + LATENT @ WEIGHTS + RNG.normal(0, 3, (23, 120)), 0, 255).astype(np.uint8).reshape(23, 8, 5, 3)


@pytest.fixture(params=[100, 10**9], ids=["many blocks", "one block"])
def found(request, monkeypatch):
    monkeypatch.setattr(projection, "BLOCK_BYTES", 8 * 23 * request.param if request.param < 200 else request.param)
    return projection.principal_components(PICTURES, 4)


def reference():
    flat = PICTURES.reshape(23, -1).astype(float)
    return flat, PCA(svd_solver="full").fit(flat)


def test_components_are_scikit_learns(found):
    flat, pca = reference()
    np.testing.assert_allclose(found.shares, pca.explained_variance_ratio_[:22], atol=1e-12)
    assert found.shares.sum() == pytest.approx(1)
    signs = np.sign(pca.components_[:4].sum(axis=1))
    np.testing.assert_allclose(found.axes.reshape(4, -1), signs[:, None] * pca.components_[:4], atol=1e-9)
    np.testing.assert_allclose(found.coordinates, signs * pca.transform(flat)[:, :4], atol=1e-7)
    np.testing.assert_allclose(found.mean.ravel(), pca.mean_)


def test_the_brighter_side_is_positive(found):
    assert (found.axes.reshape(4, -1).sum(axis=1) > 0).all()
    negative = projection.principal_components(255 - PICTURES, 4)
    np.testing.assert_allclose(negative.axes, found.axes, atol=1e-9)
    np.testing.assert_allclose(negative.coordinates, -found.coordinates, atol=1e-7)


def test_other_pictures_are_placed_by_the_same_axes(found):
    _, pca = reference()
    others = RNG.integers(0, 256, (5, 8, 5, 3)).astype(np.uint8)
    signs = np.sign(pca.components_[:4].sum(axis=1))
    np.testing.assert_allclose(
        found.transform(others), signs * pca.transform(others.reshape(5, -1).astype(float))[:, :4], atol=1e-7
    )
    np.testing.assert_allclose(found.transform(PICTURES), found.coordinates, atol=1e-7)


def test_more_pictures_than_pixels():
    wide = PICTURES.reshape(23, -1)[:, :3].reshape(23, 1, 3)
    shares = projection.principal_components(wide, 3).shares
    np.testing.assert_allclose(shares, PCA().fit(wide.reshape(23, -1)).explained_variance_ratio_, atol=1e-12)


def test_pictures_of_the_components_go_both_ways_from_the_mean(found):
    shown = found.pictures(step=1.0)
    assert shown.shape == (12, 8, 5, 3)
    assert shown.dtype == np.uint8
    low, mean, high = shown[:3].astype(float)
    np.testing.assert_allclose(mean, PICTURES.mean(axis=0), atol=0.51)
    step = found.coordinates[:, 0].std() * found.axes[0]
    inside = (np.abs(mean - 127) + np.abs(step)) < 125
    assert inside.mean() > 0.9
    np.testing.assert_allclose((high - mean)[inside], step[inside], atol=1.01)
    np.testing.assert_allclose((mean - low)[inside], step[inside], atol=1.01)
    assert found.pictures(step=1e6).max() == 255


def test_tables_hold_what_a_record_needs(found):
    clips = pd.DataFrame({"genre": ["a"] * 20 + ["b"] * 3}, index=pd.Index([f"c{k}" for k in range(23)]))
    table = found.table(clips)
    assert list(table) == ["clip_id", "genre", "component_1", "component_2", "component_3", "component_4"]
    assert table["clip_id"].tolist() == clips.index.tolist()
    assert (table.dtypes[2:] == np.float32).all()
    np.testing.assert_allclose(table.iloc[:, 2:], found.coordinates, rtol=1e-6)
    assert found.variance(5)["component"].tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(found.variance()["share"], found.shares)
    with pytest.raises(ParameterError, match="3 clips for 23 pictures"):
        found.table(clips[:3])


def test_the_pictures_are_never_copied_whole(monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 256, (40, 100, 100, 3)).astype(np.uint8)
    monkeypatch.setattr(projection, "BLOCK_BYTES", 100_000)
    tracemalloc.start()
    try:
        projection.principal_components(pictures, 3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * pictures.nbytes  # 64-bit floats of all pictures would take eight times their memory


def test_errors_say_what_was_expected():
    with pytest.raises(ParameterError, match="at least two pictures"):
        projection.principal_components(PICTURES[:1])
    with pytest.raises(ParameterError, match="n_components=23 must be between 1 and 22"):
        projection.principal_components(PICTURES, 23)
    with pytest.raises(ParameterError, match="differ in 1 independent ways only"):
        projection.principal_components(np.repeat(PICTURES[:2], 3, axis=0), 2)
    with pytest.raises(ParameterError, match="differ in 0 independent ways only"):
        projection.principal_components(np.repeat(PICTURES[:1], 3, axis=0), 1)
    with pytest.raises(ParameterError, match=r"of shape \(5, 8, 3\) do not fit"):
        projection.principal_components(PICTURES, 1).transform(PICTURES.swapaxes(1, 2))
