"""Plots: labelled axes, the right numbers, readable pictures, no traces left behind."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mgclib import plots
from mgclib.errors import ParameterError
from mgclib.features import MelSpec
from mgclib.predictions import predictions_frame
from mgclib.results import Result

GENRES = ("blues", "classical", "non-techno-drop")
SPEC = MelSpec()
RNG = np.random.default_rng(0)


def result_of(n_seeds: int) -> Result:
    ids = pd.Index([f"c{k}" for k in range(30)], name="clip_id")
    clips = pd.DataFrame({"genre": np.repeat(GENRES, 10), "track_id": ids}, index=ids)
    raw = [RNG.random((30, 3)) + 0.3 * np.eye(3).repeat(10, axis=0) for _ in range(n_seeds)]
    parts = [
        Result.from_arrays(
            clips, "test", r / r.sum(axis=1, keepdims=True), GENRES, s, parameters={"dataset": "synthetic"}
        )
        for s, r in enumerate(raw)
    ]
    return Result.concat(parts)


def history_of(lengths: tuple[int, ...], validation: bool = True) -> pd.DataFrame:
    tables = []
    for seed, n in enumerate(lengths):
        epoch = np.arange(1, n + 1)
        values = 0.3 + 0.5 * (1 - np.exp(-epoch / 4)) + RNG.normal(0, 0.02, n)
        val = values - 0.1 if validation else np.nan
        columns = {"accuracy": values, "loss": 1 - values, "val_accuracy": val, "val_loss": 1 - val}
        tables.append(pd.DataFrame({"seed": seed, "epoch": epoch, **columns, "best": epoch == n // 2 + 1}))
    return pd.concat(tables, ignore_index=True)


BARS = {"reported": pd.Series([0.5, np.nan], ["a", "b"]), "this build": pd.Series([0.1, 1.0], ["a", "b"])}
MELS = RNG.uniform(-80, 0, (7, 128, 40))
WALK = pd.DataFrame(
    {
        "run": ["SGD"] * 30 + ["Adam"] * 30,
        "step": [*range(1, 31)] * 2,
        "loss": [*range(30)] * 2,
        "distance": [*np.arange(1, 31) / 100, *range(1, 31)],
    }
)
ROUNDS = pd.DataFrame({"clips per genre": [5, 20], "steps": 200, "right": [12, 30], "clips": 60})
FIGURES = {
    "confusion": lambda: plots.confusion(result_of(2), title="A title"),
    "confusion of an array": lambda: plots.confusion(np.array([[5, 2], [0, 0]]), genres=["a", "b"]),
    "learning curves": lambda: plots.learning_curves(history_of((12, 9, 10)), note="a note"),
    "learning curves of one epoch": lambda: plots.learning_curves(history_of((1, 1))),
    "learning curves without validation": lambda: plots.learning_curves(history_of((5,), validation=False)),
    "mels": lambda: plots.mel_grid(MELS, list("abcdefg"), SPEC, 5.0),
    "mels without spec": lambda: plots.mel_grid(MELS[:2], ["a", "b"]),
    "grey images": lambda: plots.image_grid(np.zeros((3, 120, 360, 1), np.uint8), GENRES),
    "colour images": lambda: plots.image_grid(np.zeros((7, 64, 64, 3), np.uint8), list("abcdefg"), columns=3),
    "bars": lambda: plots.report_bars(BARS),
    "bars beside chance": lambda: plots.report_bars({**BARS, "recorded": BARS["this build"]}, chance=0.1, top=60),
    "walks": lambda: plots.walks(WALK, title="A title"),
    "accuracy by clips": lambda: plots.accuracy_by_clips({"a": ROUNDS, "b": ROUNDS}, chance=0.1, note="a note"),
    "levels": lambda: plots.genre_levels(MELS, list("aabbccd")),
    "strip": lambda: plots.accuracy_strip({"svm": result_of(3), "b": result_of(1)}, reported={"svm": 0.64}, chance=0.1),
    "waveform": lambda: plots.waveform(np.sin(np.arange(66150) / 20)),
    "short waveform": lambda: plots.waveform(np.zeros(10)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_a_white_card_with_labelled_axes_and_nothing_cut_off(name):
    before = dict(mpl.rcParams)
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    assert dict(mpl.rcParams) == before, "no global state changes"
    picture = np.asarray(Image.open(io.BytesIO(figure._repr_png_())).convert("RGBA"))
    assert (picture[..., 3] == 255).all(), "opaque on a dark page"
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])[:, :3]
    assert (edge == 255).all(), "text or axes run over the edge"
    assert any(axes.get_xlabel() for axes in figure.axes)
    assert name == "strip" or figure.get_supylabel() or all(axes.get_ylabel() for axes in figure.axes)


def test_pyplot_is_left_alone():
    import matplotlib.pyplot as plt

    for draw in FIGURES.values():
        draw()
    assert plt.get_fignums() == []


def test_confusion_writes_row_shares_in_per_cent():
    figure = plots.confusion(np.array([[3, 1], [1, 399]]), genres=["a", "b"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["75", "25", "·", "100"]


def test_a_figure_of_a_result_says_what_made_it():
    assert "synthetic music" in plots.confusion(result_of(2)).get_supxlabel()
    strip = plots.accuracy_strip({"svm": result_of(3), "cnn": result_of(1)})
    assert "svm: 95% t-interval over 3 seeds" in strip.get_supxlabel()
    assert "cnn: 95% bootstrap over 30 tracks" in strip.get_supxlabel().replace("\n", " ")


def test_learning_curves_mark_every_best_epoch_and_average_only_common_epochs():
    figure = plots.learning_curves(history_of((12, 8)))
    dots = figure.axes[0].collections[-1].get_offsets()
    assert sorted(dots[:, 0]) == [5, 7]
    thick = [line for line in figure.axes[0].lines if line.get_label() in ("training", "validation")]
    assert [line.get_xdata().max() for line in thick] == [8, 8]


def test_the_marked_epoch_is_drawn_where_training_went_on():
    def places(figure):
        return [line.get_xdata()[0] for axes in figure.axes for line in axes.lines if line.get_linestyle() == ":"]

    assert places(plots.learning_curves(history_of((12, 8)), marked=10)) == [10, 10]
    assert places(plots.learning_curves(history_of((12, 8)), marked=12)) == []


def test_a_long_legend_pushes_no_panel_aside():
    figure = plots.learning_curves(history_of((30,)))
    figure.draw_without_rendering()
    left, right = (axes.get_position() for axes in figure.axes)
    assert right.x0 - left.x1 < 0.12
    assert left.width == pytest.approx(right.width, rel=0.05)


def test_bars_end_where_they_should_and_guessing_has_its_line():
    axes = plots.report_bars(BARS, chance=0.1, top=60).axes[0]
    assert axes.get_ylim() == (0, 60)
    (line,) = [line for line in axes.lines if line.get_label() == "chance"]
    assert list(line.get_ydata()) == [10, 10]
    assert plots.report_bars(BARS).axes[0].get_ylim() == (0, 100)


def test_a_walk_shows_the_mean_of_the_last_batches_and_every_distance():
    loss, distance = plots.walks(WALK).axes
    assert [line.get_label() for line in distance.lines] == ["SGD", "Adam"]
    for line in loss.lines:
        assert line.get_ydata()[0] == 0
        assert line.get_ydata()[2] == 1, "fewer batches than asked for: the mean of those there are"
        assert line.get_ydata()[-1] == np.mean(range(10, 30))
    np.testing.assert_array_equal(distance.lines[0].get_ydata(), WALK["distance"][:30])
    assert distance.get_yscale() == "log"


def test_accuracy_by_clips_has_the_interval_of_its_test_clips():
    from scipy import stats

    for axes in plots.accuracy_by_clips({"a": ROUNDS, "b": ROUNDS[:1]}).axes:
        dots = axes.lines[0].get_xydata()
        assert dots.tolist() in ([[5, 20], [20, 50]], [[5, 20]])
        for (size, _), right, bar in zip(dots, (12, 30), axes.collections[0].get_segments(), strict=False):
            expected = stats.binomtest(right, 60).proportion_ci(method="wilson")
            np.testing.assert_allclose(bar, [[size, 100 * expected.low], [size, 100 * expected.high]])


def test_levels_are_means_over_the_clips_of_a_genre_darkest_first():
    mels = np.array([-10.0, -30, -50, -70, -5])[:, None, None] * np.ones((1, 3, 4))
    axes = plots.genre_levels(mels, ["b", "b", "a", "a", "c"]).axes[0]
    drawn = axes.containers[0]
    assert list(drawn.lines[0].get_xdata()) == [-60, -20, -5]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    half = 20 / 2**0.5  # two values 20 apart
    ends = [segment[:, 0] for segment in drawn.lines[2][0].get_segments()]
    np.testing.assert_allclose(ends, [[-60 - half, -60 + half], [-20 - half, -20 + half], [-5, -5]])


def test_strip_shows_every_seed_and_the_reported_value():
    result = result_of(4)
    figure = plots.accuracy_strip({"svm": result}, reported=0.64)
    drawn = {c.get_label(): c.get_offsets() for c in figure.axes[0].collections}
    np.testing.assert_allclose(sorted(drawn["a seed"][:, 0]), sorted(100 * result.metric("accuracy")))
    assert drawn["reported"][0, 0] == 64


def test_frequency_axis_is_in_hertz_of_the_spec():
    figure = plots.mel_grid(MELS[:1], ["a"], SPEC)
    axes = figure.axes[0]
    places = dict(zip([t.get_text() for t in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    import librosa

    assert librosa.mel_to_hz(places["4k"]) == pytest.approx(4000)
    centres = librosa.hz_to_mel(librosa.mel_frequencies(130, fmin=0, fmax=11025)[1:-1])
    _, _, bottom, top = axes.images[0].get_extent()
    rows = bottom + (np.arange(128) + 0.5) * (top - bottom) / 128
    np.testing.assert_allclose(rows, centres, atol=1e-6)
    assert axes.get_xlim()[1] == pytest.approx(40 * 512 / 22050)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.confusion(np.ones((2, 3)), genres=["a", "b"]),
        lambda: plots.confusion(np.ones((2, 2))),
        lambda: plots.learning_curves(pd.DataFrame()),
        lambda: plots.mel_grid(MELS, ["a"]),
        lambda: plots.walks(WALK[:0]),
        lambda: plots.walks(WALK.assign(run=WALK["step"])),
        lambda: plots.accuracy_by_clips({}),
        lambda: plots.accuracy_by_clips({"a": ROUNDS[:0]}),
        lambda: plots.genre_levels(MELS, ["a"]),
        lambda: plots.image_grid(np.zeros((2, 4, 4, 2)), ["a", "b"]),
        lambda: plots.report_bars({"reported": pd.Series([np.nan], ["a"])}),
        lambda: plots.accuracy_strip({}),
        lambda: plots.accuracy_strip({"a": result_of(1)}, metric="acc"),
        lambda: plots.waveform(np.zeros((2, 5))),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(draw):
    with pytest.raises(ParameterError) as caught:
        draw()
    assert "\n" not in str(caught.value)


def test_house_style_is_for_the_notebooks_own_figures():
    with mpl.rc_context():
        plots.use_house_style()
        assert mpl.rcParams["figure.facecolor"] == "white"
        assert not mpl.rcParams["savefig.transparent"]


def test_phases_draw_one_panel_per_network_and_mark_where_the_second_began():
    epochs = {"epoch": [1, 2, 3], "accuracy": [0.2, 0.5, 0.9], "val_accuracy": [0.2, 0.4, 0.3], "loss": 1.0}
    history = pd.DataFrame({**epochs, "val_loss": 1.0, "seconds": 1.0, "seed": 0})
    tuned = history.assign(best=[False, True, False], phase=[1, 1, 2])
    plain = history.assign(best=[False, False, True], phase=1)
    clips = pd.DataFrame({"genre": ["a"], "track_id": ["t"]}, index=pd.Index(["t"], name="clip_id"))
    frame = predictions_frame(clips, "test", np.array([[0.7, 0.3]], np.float32), ("a", "b"), 0)
    results = {"tuned": Result(frame, ("a", "b"), tuned), "plain": Result(frame, ("a", "b"), plain)}
    figure = plots.phases({**results, "no epochs": Result(frame, ("a", "b"))})
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == ["tuned", "plain"]
    upright = [[line for line in axes.lines if len(set(line.get_xdata())) == 1] for axes in panels]
    assert [line.get_xdata()[0] for line in upright[0]] == [2.5]
    assert upright[1] == []
    kept = [axes.collections[0].get_offsets().tolist() for axes in panels]
    assert kept == [[[2.0, 40.0]], [[3.0, 30.0]]]
    with pytest.raises(ParameterError, match="none of these models has epochs"):
        plots.phases({"no epochs": Result(frame, ("a", "b"))})
