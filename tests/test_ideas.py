"""Ideas: the neighbours are those that a brute search finds, and the windows lie where they should."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from mgclib import ideas
from mgclib.errors import ParameterError

RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (150, 6, 10, 3), dtype=np.uint8)


def texts(figure) -> list[str]:
    return [axes.get_title() or axes.get_title(loc="left") for axes in figure.axes]


@pytest.mark.parametrize("count", [1, 3])
def test_nearest_pictures_are_those_of_a_brute_search(count):
    asked, among = [3, 140, 77], list(range(100, 140)) + list(range(40))
    rows, distances = ideas.nearest(IMAGES, asked, among, count)
    for number, own, far in zip(asked, rows, distances, strict=True):
        every = {k: np.sqrt((((IMAGES[k] / 255.0) - IMAGES[number] / 255.0) ** 2).sum()) for k in among}
        expected = sorted(every, key=every.get)[:count]
        assert list(own) == expected
        np.testing.assert_allclose(far, [every[k] for k in expected], rtol=1e-5)


def test_a_copy_is_no_distance_away():
    images = IMAGES.copy()
    images[120] = images[0]
    rows, distances = ideas.nearest(images, [0], range(50, 150), 2)
    assert (rows[0, 0], distances[0, 0]) == (120, 0.0)
    assert distances[0, 1] > 0
    whole, apart = ideas.nearest(images / 255, [0], range(50, 150), 2)
    np.testing.assert_array_equal(whole, rows)
    np.testing.assert_allclose(apart, distances, rtol=1e-5)


@pytest.mark.parametrize(("asked", "among", "count"), [([], [1, 2], 1), ([0], [1, 2], 3), ([0], [1], 0)])
def test_too_few_pictures_are_refused(asked, among, count):
    with pytest.raises(ParameterError, match="cannot be found among") as caught:
        ideas.nearest(IMAGES, asked, among, count)
    assert "\n" not in str(caught.value)


def test_neighbours_are_marked_right_wrong_and_of_the_same_track():
    genres = ["blues"] * 75 + ["rock"] * 75
    tracks = [str(k // 2) for k in range(150)]
    figure = ideas.neighbours(
        IMAGES, genres, [0], np.array([[1, 80]]), np.array([[2.0, 4.0]]), gamma=0.25, tracks=tracks
    )
    assert texts(figure) == [
        "test clip:\nblues",
        "✓ blues, same track\nd = 2, likeness 0.37",  # exp(-0.25 * 4)
        "✗ rock\nd = 4, likeness 0.02",  # exp(-0.25 * 16)
    ]
    assert figure._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(ParameterError, match="do not fit"):
        ideas.neighbours(IMAGES, genres, [0, 1], np.array([[1, 80]]), np.array([[2.0, 4.0]]), gamma=1)


def test_the_second_window_holds_the_end_of_a_band_and_the_start_of_the_next():
    picture = RNG.integers(0, 256, (40, 100, 3), dtype=np.uint8)
    figure = ideas.unrolled(picture, window=30, bands=8)
    top, bottom = figure.axes
    first, end, start = [p for p in top.patches if isinstance(p, Rectangle)]
    assert (first.get_width(), end.get_width(), start.get_width()) == (30, 15, 15)
    assert end.get_x() + end.get_width() == 99.5, "up to the right edge of its row"
    assert start.get_x() == -0.5, "from the left edge of the next"
    assert start.get_y() == end.get_y() + 1 == first.get_y() + 1
    line = bottom.images[0].get_array()
    drawn = top.images[0].get_array()
    row = int(end.get_y() + 0.5)
    np.testing.assert_array_equal(line[0], np.concatenate([drawn[row], drawn[row + 1]]))
    crossing = bottom.patches[-1]
    assert (crossing.get_x(), crossing.get_width()) == (84.5, 30)


def test_a_window_longer_than_a_row_is_drawn_as_far_as_two_rows_go():
    figure = ideas.unrolled(RNG.integers(0, 256, (4, 16), dtype=np.uint8), window=64)
    assert sum(p.get_width() for p in figure.axes[1].patches[-1:]) == 32


@pytest.mark.parametrize(
    ("shape", "options"), [((1, 9), {}), ((9,), {}), ((9, 9), {"bands": 1}), ((9, 9), {"window": 0})]
)
def test_what_has_no_two_rows_is_refused(shape, options):
    with pytest.raises(ParameterError, match="has no two rows"):
        ideas.unrolled(np.zeros(shape, np.uint8), **options)
