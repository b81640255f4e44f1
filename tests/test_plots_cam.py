"""Figures of class activation maps: right axes, marks beside colours, and no picture where none may be shown."""

from __future__ import annotations

import io

import librosa
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mgclib import plots
from mgclib.errors import ParameterError
from mgclib.features import MelSpec

RNG = np.random.default_rng(0)
SPEC = MelSpec()
SAMPLES = pd.DataFrame(
    {
        "genre": ["jazz", "pop", "metal", "jazz"],
        "predicted": ["jazz", "rock", "metal", "jazz"],
        "probability": [0.91, 0.6, 0.5, 0.4],
        "right": [True, False, True, True],
        "map": list(RNG.normal(size=(4, 8, 16))),
    }
)
PICTURES = RNG.integers(0, 256, (4, 64, 128, 1)).astype(np.uint8)
MEANS = pd.DataFrame({"genre": list("abcde"), "clips": [3, 4, 5, 6, 7], "map": list(RNG.random((5, 8, 16)))})
STAGES = RNG.normal(size=(2, 3, 8, 16))
FIGURES = {
    "overlay": lambda: plots.cam_overlay(PICTURES[0], SAMPLES["map"][0], SPEC, 5.0, title="A title", note="a note"),
    "overlay of nothing": lambda: plots.cam_overlay(PICTURES[0], np.zeros((8, 16)), SPEC, 5.0),
    "samples": lambda: plots.cam_samples(SAMPLES, SPEC, 5.0, PICTURES, note="a note"),
    "samples alone": lambda: plots.cam_samples(SAMPLES, SPEC, 5.0),
    "one sample": lambda: plots.cam_samples(SAMPLES.head(1), SPEC, 5.0, PICTURES[:1]),
    "means": lambda: plots.cam_means(MEANS, SPEC, 30.0, title="A title"),
    "one mean": lambda: plots.cam_means(MEANS.head(1), SPEC, 30.0),
    "sum": lambda: plots.cam_sum(RNG.random((20, 8, 16)), RNG.normal(size=20), SPEC, 5.0, note="a note"),
    "stages": lambda: plots.cam_stages(STAGES, ["a", "b"], ["trained", "last", "all"], SPEC, 5.0),
}


def pictures_in(axes):
    return [np.asarray(image.get_array()) for image in axes.images]


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.filterwarnings("error::UserWarning")  # a layout that did not work out
def test_a_figure_is_a_white_card_with_labelled_axes_and_nothing_cut_off(name):
    before = dict(mpl.rcParams)
    figure = FIGURES[name]()
    assert dict(mpl.rcParams) == before
    picture = np.asarray(Image.open(io.BytesIO(figure._repr_png_())).convert("RGBA"))
    assert (picture[..., 3] == 255).all()
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])[:, :3]
    assert (edge == 255).all(), "text or axes run over the edge"
    assert any(axes.get_xlabel() == "time (s)" for axes in figure.axes)
    assert figure.get_supylabel().startswith("frequency (Hz")


def test_a_title_says_what_was_said_and_marks_right_and_wrong_without_colour():
    figure = plots.cam_samples(SAMPLES, SPEC, 5.0, PICTURES)
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert titles == ["✓ jazz, 91 %", "✗ pop, taken for rock, 60 %", "✓ metal, 50 %", "✓ jazz, 40 %"]


def test_without_pictures_only_maps_are_drawn():
    drawn = [image for axes in plots.cam_samples(SAMPLES, SPEC, 5.0).axes[:4] for image in pictures_in(axes)]
    assert [one.shape for one in drawn] == [(8, 16)] * 4
    np.testing.assert_allclose(drawn[0], SAMPLES["map"][0].clip(0) / SAMPLES["map"][0].max())


def test_a_place_of_the_map_lies_at_its_second_and_its_frequency():
    """One bright cell: third from the top, fifth from the left; its middle against librosa's own band frequencies."""
    values = np.zeros((8, 16))
    values[2, 4] = 1
    axes = plots.cam_overlay(PICTURES[0], values, SPEC, 5.0).axes[1]
    (line,) = axes.collections[-1].get_paths()
    second, mel = line.vertices.mean(axis=0)
    assert second == pytest.approx(4.5 / 16 * 5, abs=0.1)
    bands = librosa.mel_frequencies(SPEC.n_mels + 2, fmin=0, fmax=SPEC.sample_rate / 2)[1:-1]
    middle = bands[::-1][2 * 16 : 3 * 16]  # the third sixteen of 128 bands from the top
    assert middle.min() < librosa.mel_to_hz(mel) < middle.max()
    labels = {text.get_text(): y for text, y in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)}
    assert labels["2k"] == pytest.approx(librosa.hz_to_mel(2000))


def test_marginals_are_means_over_bands_and_over_time():
    values = np.zeros((8, 16), np.float32)
    values[7, :4] = 1  # the lowest band, in the first quarter
    figure = plots.cam_means(pd.DataFrame({"genre": ["a"], "clips": [1], "map": [values]}), SPEC, 16.0)
    above, _, beside = figure.axes[:3]
    over_time, edges, _ = above.patches[0].get_data()
    np.testing.assert_allclose(over_time, values.mean(axis=0))
    np.testing.assert_allclose(edges, np.arange(17))
    over_bands, mels, _ = beside.patches[0].get_data()
    assert over_bands[mels[:-1].argmin()] == pytest.approx(0.25)
    assert over_bands.sum() == pytest.approx(0.25)


def test_a_sum_shows_the_strongest_parts_and_adds_up():
    maps, weights = RNG.random((5, 4, 6)), np.array([0.1, -3.0, 0.0, 2.0, 0.2])
    figure = plots.cam_sum(maps, weights, SPEC, 5.0, count=2)
    below = [axes for axes in figure.axes[4:8]]
    assert [axes.get_title(loc="left") for axes in below[:2]] == ["− 3.00 × map 1", "+ 2.00 × map 3"]
    drawn = [pictures_in(axes)[0] for axes in below]
    np.testing.assert_allclose(sum(drawn[:3]), drawn[3])
    np.testing.assert_allclose(drawn[3], np.tensordot(weights, maps, 1))


def test_errors_say_what_was_expected():
    for wrong in (
        lambda: plots.cam_samples(SAMPLES.head(0), SPEC, 5.0),
        lambda: plots.cam_samples(SAMPLES, SPEC, 5.0, PICTURES[:2]),
        lambda: plots.cam_means(MEANS.head(0), SPEC, 5.0),
        lambda: plots.cam_sum(RNG.random((5, 4, 6)), np.ones(4), SPEC, 5.0),
        lambda: plots.cam_stages(STAGES, ["a"], ["b"], SPEC, 5.0),
    ):
        with pytest.raises(ParameterError):
            wrong()
