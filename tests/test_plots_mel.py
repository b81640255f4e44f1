"""Figures of the making of a mel spectrogram: what they show is what the mathematics says."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from scipy.signal.windows import hann

from mgclib import plots
from mgclib.errors import ParameterError
from mgclib.features import MelSpec, log_mel
from mgclib.plots.mel import empty_bands

RATE = 22050
TIME = np.arange(RATE) / RATE
TWO = np.sin(2 * np.pi * 880 * TIME) + np.sin(2 * np.pi * 932.33 * TIME)


def lines(axes):
    return [line for line in axes.get_lines() if len(line.get_xdata()) > 2]


def test_spectrograms_of_different_shapes_share_one_axis_in_hertz():
    y = np.sin(2 * np.pi * 1000 * TIME).astype(np.float32)
    specs = [MelSpec(n_mels=32), MelSpec(n_mels=128, hop_length=256), MelSpec(n_mels=64, fmax=2000.0)]
    figure = plots.mel_grid([log_mel(y, spec) for spec in specs], ["a", "b", "c"], specs)
    for axes in figure.axes[:3]:
        (image,) = axes.images
        left, right, bottom, top = image.get_extent()
        assert right - left == pytest.approx(1.0, abs=0.03)
        level = np.asarray(image.get_array())
        loudest = bottom + (level.mean(axis=1).argmax() + 0.5) * (top - bottom) / len(level)
        assert librosa.mel_to_hz(loudest) == pytest.approx(1000, rel=0.08)
        assert axes.get_ylim() == pytest.approx(librosa.hz_to_mel([0, 11025]))
    assert top < librosa.hz_to_mel(2000)


def test_specs_must_fit_the_spectrograms():
    with pytest.raises(ParameterError, match="1 specs do not fit 2"):
        plots.mel_grid(np.zeros((2, 128, 4)), ["a", "b"], [MelSpec()])


def test_the_wave_above_and_its_spectrogram_below_have_the_same_seconds():
    y = (0.5 * TWO / 2).astype(np.float32)
    figure = plots.wave_and_mel(
        {"one": (y, log_mel(y, MelSpec())), "two": (y[: RATE // 2], log_mel(y, MelSpec()))}, MelSpec()
    )
    above, other, below, _ = figure.axes[:4]
    assert (above.get_title(loc="left"), other.get_title(loc="left")) == ("one", "two")
    assert above.get_xlim() == below.get_xlim() == (0, 1)
    assert other.get_xlim() == (0, 0.5)
    vertices = above.collections[0].get_paths()[0].vertices[:, 1]
    assert np.abs(vertices).max() == pytest.approx(np.abs(y).max())


def test_windows_leak_as_the_textbook_says():
    shape, transform, leak = plots.windows(("boxcar", "hann"), 64).axes
    np.testing.assert_allclose(lines(shape)[1].get_ydata(), hann(64, sym=False), atol=1e-12)
    for line, first_null, lobe in zip(lines(transform), (1, 2), (-13.3, -31.5), strict=True):
        bins, level = line.get_xdata(), line.get_ydata()
        assert level[bins == first_null] < -60
        assert level[bins > first_null].max() == pytest.approx(lobe, abs=0.3)
    rectangular, soft = (line.get_ydata() for line in lines(leak))
    assert rectangular[25] > -30
    assert soft[25] < -70


def test_zero_padding_interpolates_and_a_longer_window_resolves():
    figure = plots.close_tones(TWO, [(512, 512), (512, 4096), (4096, 4096)], [880.0, 932.33])
    short, padded, long = (lines(axes)[0] for axes in figure.axes)
    np.testing.assert_allclose(padded.get_xdata()[::8], short.get_xdata())
    near = np.abs(short.get_xdata() - 906) < 300
    gap = padded.get_ydata()[::8][near] - short.get_ydata()[near]
    assert np.ptp(gap) < 1e-6  # the same curve, scaled to its own maximum

    def dip(line):
        x, level = line.get_xdata(), line.get_ydata()
        return level[np.abs(x - 906).argmin()]

    assert dip(padded) > -1
    assert dip(long) < -30
    with pytest.raises(ParameterError, match="window of 4096 must fit into 512 points"):
        plots.close_tones(TWO, [(4096, 512)], [880.0])


def test_hops_show_every_window_and_what_no_window_sees():
    figure = plots.hops(100, [25, 100, 150], samples=400)
    assert [len(lines(axes)) for axes in figure.axes] == [13, 4, 3]
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "hop 25: 75% shared",
        "hop 100: none shared",
        "hop 150: 50 unseen",
    ]
    with pytest.raises(ParameterError, match="samples=100"):
        plots.hops(100, [25], samples=100)


def test_empty_bands_are_those_without_a_bin():
    spec = MelSpec(n_fft=256, n_mels=128)
    edges = librosa.mel_frequencies(130, fmin=0, fmax=11025)
    bins = librosa.fft_frequencies(sr=RATE, n_fft=256)
    without = [not ((bins > low) & (bins < high)).any() for low, high in zip(edges[:-2], edges[2:], strict=True)]
    assert sum(without) > 10
    np.testing.assert_array_equal(empty_bands(spec), without)
    assert not empty_bands(MelSpec(n_mels=64)).any()
    axes = plots.filter_bank([spec]).axes[0]
    (crosses,) = (line for line in axes.get_lines() if line.get_marker() == "x")
    assert len(crosses.get_xdata()) == sum(without)


def test_a_longer_window_parts_two_tones_and_joins_clicks():
    clicks = np.zeros(RATE)
    clicks[:: RATE // 8] = 1.0
    figure = plots.stft_grid({"tones": TWO, "clicks": clicks}, [256, 8192], views={"clicks": (0.2, 0.7)})
    level = {}
    for number, axes in enumerate(figure.axes):
        level[number] = np.asarray(axes.images[0].get_array())
        assert axes.get_xlim() == ((0, 1) if number < 2 else (0.2, 0.7))

    def columns(levels, length, frequency):
        return levels[round(frequency * length / RATE)]

    assert np.median(columns(level[1], 8192, 906)) < np.median(columns(level[1], 8192, 880)) - 30
    assert np.ptp(columns(level[2], 256, 1000)) > 50
    assert np.ptp(columns(level[3], 8192, 1000)[20:-20]) < 20


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.wave_and_mel({}, MelSpec()),
        lambda: plots.stft_grid({}, [256]),
        lambda: plots.windows([]),
        lambda: plots.filter_bank([]),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(draw):
    with pytest.raises(ParameterError) as refusal:
        draw()
    assert "\n" not in str(refusal.value)
