"""What a network on a waveform can hear: how far each layer reaches, and which frequencies its first filters answer.

What cannot be drawn raises `ParameterError`. Source: CS464 report, section 2.2. Notebook: ``cnn_waveform``.
"""

from __future__ import annotations

from typing import Any

import librosa
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.models import architecture, build
from mgclib.style import COLOURS, Card, finished, styled

__all__ = ["first_kernels", "reach", "receptive_fields", "responses"]

DURATIONS_MS = {
    "one swing of an A\n(440 Hz)": 1000 / 440,
    "one swing of a\nbass E (41 Hz)": 1000 / 41.2,
    "a beat at\n120 a minute": 500.0,
    "its bar\nof four": 2000.0,
}
POINTS = 2048
MEL_BANDS = 128
REACH = (
    "Blue: the stretch of sound that one number behind the layer depends on. White mark: how far the next one is on."
)


def receptive_fields(
    name: str, input_shape: tuple[int, int] | None = None, *, sample_rate: int = 22050
) -> pd.DataFrame:
    """Return how much sound each layer of a one-dimensional network looks at, and in which steps.

    A window of *k* positions that are *s* samples apart adds *(k - 1) s* samples to the field of the layer below; a
    stride multiplies the step.

    Parameters
    ----------
    name : str
        A network of the register whose windows slide along one axis, e.g. ``cnn-1d-waveform``.
    input_shape : (n_samples, n_channels), optional
        Default: that of the report.
    sample_rate : int > 0 [Hz]

    Returns
    -------
    pd.DataFrame
        One row per convolution and pool, index from 1; columns ``layer``, ``window`` and ``stride`` (positions of the
        layer below), ``channels``, ``positions``, ``field`` and ``step`` (samples of the input), ``field_ms`` and
        ``step_ms``. The last field is the shortest input that the network takes.

    Raises
    ------
    ParameterError
        For an unknown network, or one without such windows.

    Notes
    -----
    Source: CS464 report, section 2.2. Notebook: ``cnn_waveform``.
    """
    if not sample_rate > 0:
        raise ParameterError(f"sample_rate={sample_rate!r} must be positive")
    entry = architecture(name)
    if entry.family != "network":
        raise ParameterError(f"{name} is no network and has no layers; try cnn-1d-waveform")
    model = build(name, input_shape or entry.input_shape, entry.n_genres)
    field, step, rows = 1, 1, []
    for layer in model.layers:
        window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
        if window is None:
            continue
        sizes, strides = np.ravel(window), np.ravel(layer.strides)
        if len(sizes) != 1 or layer.padding != "valid":
            raise ParameterError(f"{name}: {layer.name} has a window of {tuple(sizes)}; expected one axis, no padding")
        field += int(sizes[0] - 1) * step
        step *= int(strides[0])
        positions, channels = layer.output.shape[1:]
        rows.append((layer.__class__.__name__, int(sizes[0]), int(strides[0]), channels, positions, field, step))
    if not rows:
        raise ParameterError(f"{name} has no windows that slide along its input; try cnn-1d-waveform")
    columns = ["layer", "window", "stride", "channels", "positions", "field", "step"]
    table = pd.DataFrame(rows, columns=columns, index=pd.RangeIndex(1, len(rows) + 1))
    return table.assign(field_ms=1000 * table["field"] / sample_rate, step_ms=1000 * table["step"] / sample_rate)


@styled
def reach(fields: pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw how far each layer of a network hears, on a scale of time with musical lengths on it.

    Parameters
    ----------
    fields : pd.DataFrame
        From `receptive_fields`.
    """
    if fields.empty:
        raise ParameterError("there is no layer to draw; give the table of receptive_fields")
    figure = Card(figsize=(8.2, 1.4 + 0.36 * len(fields)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(fields))
    least = 0.6 * fields["step_ms"].min()
    axes.barh(places, fields["field_ms"] - least, left=least, height=0.62, color=COLOURS["blue"])
    axes.plot(fields["step_ms"], places, "|", color="white", markersize=13, markeredgewidth=2.2)
    look = {"va": "center", "fontsize": 9, "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.5}}
    for place, length in zip(places, fields["field_ms"], strict=True):
        axes.text(1.08 * length, place, _time(length), **look)
    for words, length in DURATIONS_MS.items():
        axes.axvline(length, color=COLOURS["grey"], linestyle=":", linewidth=1.1, zorder=0.5)
        axes.annotate(words, (length, 1.01), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=8.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: _time(value))
    axes.set_xlim(least, 3.2 * max(fields["field_ms"].max(), *DURATIONS_MS.values()))
    axes.set_yticks(places, [f"{row.Index}  {row.layer} {row.window}" for row in fields.itertuples()])
    axes.set_ylim(len(fields) - 0.5, -0.5)
    axes.set_xlabel("length of sound")
    axes.grid(False, axis="y")
    return finished(figure, title, REACH if note is None else note)


def _time(ms: float) -> str:
    value, unit = (ms, "ms") if ms < 999.5 else (ms / 1000, "s")
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def first_kernels(model: Any) -> np.ndarray:
    """Return the filters of a network's first convolution over a mono waveform.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    np.ndarray [shape=(n_filters, n_taps), float32]

    Raises
    ------
    ParameterError
        When the network's first convolution does not read one channel along one axis.
    """
    kernel = next((w for layer in model.layers if hasattr(layer, "kernel_size") for w in layer.get_weights()), None)
    if kernel is None or kernel.ndim != 3 or kernel.shape[1] != 1:
        raise ParameterError(f"{model.name} has no first convolution over one channel of samples; try cnn-1d-waveform")
    return kernel[:, 0].T


@styled
def responses(
    kernels: np.ndarray,
    before: np.ndarray | None = None,
    *,
    sample_rate: int = 22050,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw which frequencies the filters of a first layer let through, above the bands of a mel spectrogram.

    Parameters
    ----------
    kernels : np.ndarray [shape=(n_filters, n_taps)]
        From `first_kernels`.
    before : np.ndarray [shape=(n_filters, n_taps)], optional
        The same filters before training.
    sample_rate : int > 0 [Hz]
    """
    kernels = np.asarray(kernels, dtype=float)
    if kernels.ndim != 2 or not kernels.size or (before is not None and np.shape(before) != kernels.shape):
        raise ParameterError(f"kernels of shape {kernels.shape} cannot be drawn; expected (n, taps), before alike")
    columns = min(4, len(kernels))
    lines = -(-len(kernels) // columns)
    figure = Card(figsize=(8.2, 1.25 * lines + 2.3), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.25 * lines, 1.5))
    panels = above.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    frequencies = np.fft.rfftfreq(POINTS, 1 / sample_rate) / 1000
    for number, axes in enumerate(panels.flat[: len(kernels)]):
        if before is not None:
            axes.plot(frequencies, _magnitude(before[number]), color=COLOURS["grey"], linewidth=1, label="before")
        axes.plot(
            frequencies, _magnitude(kernels[number]), color=COLOURS["blue"], linewidth=1.7, label="after training"
        )
        axes.set_title(f"filter {number + 1}", fontsize=9)
    panels[0, 0].set_ylim(0, 1.08 * max(axes.dataLim.ymax for axes in panels.flat[: len(kernels)]))
    for axes in panels.flat[len(kernels) :]:
        axes.set_visible(False)
    above.supylabel("gain", fontsize=10)
    above.supxlabel("frequency (kHz)", fontsize=10)
    if before is not None:
        above.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    _mel_bands(below.subplots(), sample_rate)
    return finished(figure, title, note)


def _magnitude(kernel: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(kernel, POINTS))


def _mel_bands(axes: Axes, sample_rate: int) -> None:
    bands = librosa.filters.mel(sr=sample_rate, n_fft=POINTS, n_mels=MEL_BANDS, norm=None)
    frequencies = np.fft.rfftfreq(POINTS, 1 / sample_rate) / 1000
    axes.plot(frequencies, bands[::12].T, color=COLOURS["vermilion"], linewidth=1.2)
    axes.set_title(f"every 12th of {MEL_BANDS} mel bands", fontsize=9)
    axes.set(xlabel="frequency (kHz)", ylabel="gain", ylim=(0, 1.1))
