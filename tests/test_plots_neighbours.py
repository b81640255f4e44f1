"""Neighbours: those that a brute search finds, marked for what they are."""

from __future__ import annotations

import numpy as np
import pytest

from mgclib import plots
from mgclib.errors import ParameterError

RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (150, 6, 10, 3), dtype=np.uint8)


def texts(figure) -> list[str]:
    return [axes.get_title() or axes.get_title(loc="left") for axes in figure.axes]


@pytest.mark.parametrize("count", [1, 3])
def test_nearest_pictures_are_those_of_a_brute_search(count):
    asked, among = [3, 140, 77], list(range(100, 140)) + list(range(40))
    rows, distances = plots.nearest(IMAGES, asked, among, count)
    for number, own, far in zip(asked, rows, distances, strict=True):
        every = {k: np.sqrt((((IMAGES[k] / 255.0) - IMAGES[number] / 255.0) ** 2).sum()) for k in among}
        expected = sorted(every, key=every.get)[:count]
        assert list(own) == expected
        np.testing.assert_allclose(far, [every[k] for k in expected], rtol=1e-5)


def test_a_copy_is_no_distance_away():
    images = IMAGES.copy()
    images[120] = images[0]
    rows, distances = plots.nearest(images, [0], range(50, 150), 2)
    assert (rows[0, 0], distances[0, 0]) == (120, 0.0)
    assert distances[0, 1] > 0
    whole, apart = plots.nearest(images / 255, [0], range(50, 150), 2)
    np.testing.assert_array_equal(whole, rows)
    np.testing.assert_allclose(apart, distances, rtol=1e-5)


@pytest.mark.parametrize(("asked", "among", "count"), [([], [1, 2], 1), ([0], [1, 2], 3), ([0], [1], 0)])
def test_too_few_pictures_are_refused(asked, among, count):
    with pytest.raises(ParameterError, match="cannot be found among") as caught:
        plots.nearest(IMAGES, asked, among, count)
    assert "\n" not in str(caught.value)


def test_neighbours_are_marked_right_wrong_and_of_the_same_track():
    genres = ["blues"] * 75 + ["rock"] * 75
    tracks = [str(k // 2) for k in range(150)]
    figure = plots.neighbours(
        IMAGES, genres, [0], np.array([[1, 80]]), np.array([[2.0, 4.0]]), gamma=0.25, tracks=tracks
    )
    assert texts(figure) == [
        "test clip:\nblues",
        "✓ blues, same track\nd = 2, likeness 0.37",  # exp(-0.25 * 4)
        "✗ rock\nd = 4, likeness 0.02",  # exp(-0.25 * 16)
    ]
    assert figure._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(ParameterError, match="do not fit"):
        plots.neighbours(IMAGES, genres, [0, 1], np.array([[1, 80]]), np.array([[2.0, 4.0]]), gamma=1)
