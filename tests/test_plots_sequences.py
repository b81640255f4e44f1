"""Sequences: the lifted steps and windows are the picture's own, and the curves count what they say."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from mgclib import plots
from mgclib.errors import ParameterError

RNG = np.random.default_rng(5)
PICTURE = RNG.integers(0, 256, (6, 10, 3), dtype=np.uint8)
GENRES = ("blues", "jazz", "pop", "reggae", "rock")


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(("steps", "chosen"), [("columns", [0, 4, 9]), ("rows", [0, 2, 5])])
def test_the_lifted_steps_are_those_marked_in_the_picture(steps, chosen):
    figure = plots.unrolled(PICTURE, "jazz", steps=steps, shown=3)
    above, below = figure.axes
    strips = [image.get_array()[:, 0] for image in below.images]
    expected = [PICTURE[:, k] if steps == "columns" else PICTURE[k] for k in chosen]
    for strip, own in zip(strips, expected, strict=True):
        np.testing.assert_array_equal(strip, own)
    frames = [patch for patch in above.patches if isinstance(patch, Rectangle)]
    corners = [frame.get_x() if steps == "columns" else frame.get_y() for frame in frames]
    assert [corner + 0.5 for corner in corners] == chosen
    assert [text for text in texts(below) if text.startswith("step")] == [f"step {k + 1}" for k in chosen]
    assert "jazz?" in texts(below)
    sizes = "10 steps of 18 values" if steps == "columns" else "6 steps of 30 values"
    assert sizes in figure.get_supxlabel()
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_opinions_count_the_right_answers_after_each_step():
    n, n_steps = 12, 7
    probabilities = RNG.dirichlet(np.ones(5), (n, n_steps))
    labels = RNG.integers(0, 5, n)
    labels[3] = probabilities[3, -1].argmax()
    probabilities[3, -1] = 0.1
    probabilities[3, -1, labels[3]] = 0.6  # right, but not the surest
    labels[8] = 2
    probabilities[8, -1] = [0.01, 0.01, 0.96, 0.01, 0.01]
    labels[9] = 1
    probabilities[9, -1] = [0.99, 0.01, 0, 0, 0]  # the surest of all, but wrong
    pictures = np.arange(n, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 7, 3), np.uint8)
    figure = plots.opinions(probabilities, labels, pictures, GENRES)
    heard, one, everyone = figure.axes
    assert heard.images[0].get_array()[0, 0, 0] == 8
    assert heard.get_title(loc="left") == "a clip of pop"
    course = next(line for line in one.lines if line.get_label() == "pop")
    np.testing.assert_allclose(course.get_ydata(), 100 * probabilities[8, :, 2])
    counted = [sum(p[t].argmax() == k for p, k in zip(probabilities, labels, strict=True)) for t in range(n_steps)]
    np.testing.assert_allclose(everyone.lines[0].get_ydata(), 100 * np.array(counted) / n)
    assert list(everyone.lines[1].get_ydata()) == [20, 20]
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_network_that_is_never_right_is_drawn_without_a_false_claim():
    probabilities = np.tile([0.8, 0.1, 0.1, 0, 0], (2, 3, 1))
    figure = plots.opinions(probabilities, [1, 2], np.zeros((2, 4, 3, 3), np.uint8), GENRES)
    assert "named rightly" not in figure.get_supxlabel()
    assert max(figure.axes[2].lines[0].get_ydata()) == 0


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.unrolled(PICTURE[..., 0], "jazz"), r"expected \(height, width, 3\)"),
        (lambda: plots.unrolled(PICTURE, "jazz", shown=11), "from 2 to the picture's 10 steps"),
        (lambda: plots.unrolled(PICTURE, "jazz", shown=1), "shown=1"),
        (lambda: plots.opinions(np.ones((2, 3, 4)), [0, 1], [PICTURE] * 2, GENRES), "5 genres"),
        (lambda: plots.opinions(np.ones((2, 3, 5)), [0], [PICTURE] * 2, GENRES), "1 labels, 2 pictures"),
    ],
)
def test_what_cannot_be_drawn_is_named_in_one_line(draw, message):
    with pytest.raises(ParameterError, match=message) as caught:
        draw()
    assert "\n" not in str(caught.value)


def test_the_second_window_holds_the_end_of_a_band_and_the_start_of_the_next():
    picture = RNG.integers(0, 256, (40, 100, 3), dtype=np.uint8)
    figure = plots.long_row(picture, window=30, bands=8)
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
    figure = plots.long_row(RNG.integers(0, 256, (4, 16), dtype=np.uint8), window=64)
    assert sum(p.get_width() for p in figure.axes[1].patches[-1:]) == 32


@pytest.mark.parametrize(
    ("shape", "options"), [((1, 9), {}), ((9,), {}), ((9, 9), {"bands": 1}), ((9, 9), {"window": 0})]
)
def test_what_has_no_two_rows_is_refused(shape, options):
    with pytest.raises(ParameterError, match="has no two rows"):
        plots.long_row(np.zeros(shape, np.uint8), **options)
