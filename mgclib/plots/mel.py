"""Figures of how a mel spectrogram is made: windows, hops, Fourier transforms and filter banks.

Source: AGH slides, "Sample input" and "MEL Spectrograms – Parameters Meaning". Notebook: ``mel_spectrograms``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import librosa
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.features import MelSpec, mel_basis
from mgclib.plots.inputs import grid, outer_labels
from mgclib.style import COLOURS, CYCLE, Card, finished, styled

__all__ = [
    "close_tones",
    "empty_bands",
    "filter_bank",
    "hops",
    "mel_grid",
    "mel_picture",
    "stft_grid",
    "wave_and_mel",
    "windows",
]

FLOOR = -120.0
"""dB: as far down as the spectra of windows are drawn."""
MARKS = (100, 500, 1000, 2000, 4000, 8000, 16000)
"""Frequencies in Hz that are written on a mel axis, where they fit."""
DASHES = ("-", (0, (5, 2)), "-.", ":")


def mel_axis(axes: Axes, low: float, high: float) -> None:
    """Give an axis in mels, from `low` to `high` Hz, ticks in Hz."""
    marks = [f for f in MARKS if low <= f <= high]
    axes.set_yticks(librosa.hz_to_mel(marks), [f"{f // 1000}k" if f >= 1000 else str(f) for f in marks])
    axes.set_ylim(*librosa.hz_to_mel([low, high]))
    axes.grid(False)


def _edges(spec: MelSpec) -> tuple[float, float]:
    return spec.fmin, spec.fmax or spec.sample_rate / 2


def _paint(axes: Axes, mel: np.ndarray, spec: MelSpec, low: float = -80.0) -> None:
    """Paint a log-mel spectrogram, each band as high as its centre's distance to the next one's in mels."""
    bottom, top = librosa.hz_to_mel(_edges(spec))
    half = (top - bottom) / (spec.n_mels + 1) / 2
    width = mel.shape[1] * spec.hop_length / spec.sample_rate
    extent = (0, width, bottom + half, top - half)
    axes.imshow(mel, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=0, interpolation="nearest")


@styled
def mel_grid(
    mels: Sequence[np.ndarray],
    titles: Sequence[str],
    spec: MelSpec | Sequence[MelSpec] | None = None,
    seconds: float | None = None,
    *,
    columns: int = 5,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw log-mel spectrograms side by side; with a spec for each, they may have different shapes.

    Parameters
    ----------
    mels : sequence of n np.ndarray [shape=(n_mels, n_frames), dB]
    titles : sequence of n str
    spec : MelSpec, sequence of n MelSpec, or None
        Gives the common frequency axis, even in mels, with ticks in Hz; without it the axis counts mel bands.
    seconds : float > 0 or None
        Length of a clip; None: from `spec`, else the axis counts frames.
    columns : int > 0
        Pictures per row.
    """
    mels = [np.asarray(mel, dtype=float) for mel in mels]
    if not mels or len(mels) != len(titles) or any(mel.ndim != 2 for mel in mels):
        shape = (len(mels), *mels[0].shape) if mels else (0,)
        raise ParameterError(f"mels of shape {shape} do not fit {len(titles)} titles; expected (n, n_mels, n_frames)")
    specs = [spec] * len(mels) if spec is None or isinstance(spec, MelSpec) else list(spec)
    if len(specs) != len(mels):
        raise ParameterError(f"{len(specs)} specs do not fit {len(mels)} spectrograms; give one, or one for each")
    figure, panels = grid(len(mels), columns, 2.0, 1.75)
    low = min(-1.0, min(float(np.nanmin(mel)) for mel in mels))
    for axes, mel, one, name in zip(panels.flat, mels, specs, titles, strict=False):
        axes.set_title(name)
        if one is None:
            extent = (0, seconds or mel.shape[1], -0.5, mel.shape[0] - 0.5)
            axes.imshow(mel, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=0, interpolation="nearest")
            axes.grid(False)
            continue
        _paint(axes, mel, one, low)
        mel_axis(axes, min(_edges(s)[0] for s in specs), max(_edges(s)[1] for s in specs))
        axes.set_xlim(0, seconds or mel.shape[1] * one.hop_length / one.sample_rate)
    timed = seconds is not None or specs[0] is not None
    vertical = "mel band" if specs[0] is None else "frequency (Hz, mel scale)"
    outer_labels(figure, panels, "time (s)" if timed else "frame", vertical)
    drawn = panels.flat[0].images[0]
    figure.colorbar(drawn, ax=panels.ravel().tolist(), label="level (dB re loudest)", shrink=0.9, aspect=30)
    return finished(figure, title, note)


@styled
def wave_and_mel(
    sounds: Mapping[str, tuple[np.ndarray, np.ndarray]],
    spec: MelSpec,
    *,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw sounds in columns: the wave above, its log-mel spectrogram below (AGH slides, figures 1 to 3).

    Parameters
    ----------
    sounds : mapping of str to (waveform, log-mel)
        Arrays of shape (n,) and (n_mels, n_frames), the latter in dB.
    spec : MelSpec
    """
    if not sounds:
        raise ParameterError("there is no sound to draw; give at least one waveform with its spectrogram")
    figure = Card(figsize=(1.2 + 2.6 * len(sounds), 4.2), layout="constrained")
    panels = figure.subplots(2, len(sounds), squeeze=False, sharex="col", height_ratios=[1, 1.5])
    most = max(float(np.abs(y).max()) for y, _ in sounds.values()) or 1.0
    for (above, below), (name, (y, mel)) in zip(panels.T, sounds.items(), strict=True):
        starts = np.unique(np.linspace(0, len(y), min(800, len(y)), endpoint=False).astype(int))
        low, high = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
        above.fill_between(starts / spec.sample_rate, low, high, color=COLOURS["blue"], linewidth=0.4)
        above.set(ylim=(-1.05 * most, 1.05 * most))
        above.set_title(name)
        _paint(below, mel, spec)
        mel_axis(below, *_edges(spec))
        below.set(xlabel="time (s)", xlim=(0, len(y) / spec.sample_rate))
    for axes in panels[:, 1:].flat:
        axes.tick_params(labelleft=False)
    panels[0, 0].set_ylabel("amplitude")
    panels[1, 0].set_ylabel("frequency (Hz, mel scale)")
    drawn = panels[1, 0].images[0]
    figure.colorbar(drawn, ax=panels[1].tolist(), label="level (dB)", aspect=15, pad=0.02)
    return finished(figure, title, note)


@styled
def mel_picture(mel: np.ndarray, spec: MelSpec, *, high: float | None = None) -> Figure:
    """Draw one log-mel spectrogram quickly, for a slider.

    Parameters
    ----------
    mel : np.ndarray [shape=(n_mels, n_frames), dB]
    spec : MelSpec
    high : float or None [Hz]
        Upper end of the frequency axis; None: half the sample rate, whatever `spec.fmax` is.
    """
    figure = Card(figsize=(6.6, 2.9))
    axes = figure.add_axes((0.09, 0.165, 0.895, 0.8))
    axes.set_facecolor("#D9D9D9")
    _paint(axes, mel, spec)
    mel_axis(axes, 0.0, high or spec.sample_rate / 2)
    axes.set(xlabel="time (s)", ylabel="frequency (Hz, mel scale)")
    return figure


@styled
def stft_grid(
    sounds: Mapping[str, np.ndarray],
    lengths: Sequence[int],
    sample_rate: int = 22050,
    *,
    top: float = 2000.0,
    views: Mapping[str, tuple[float, float]] | None = None,
    window: str = "hann",
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw spectrograms of sounds (rows) with windows of several lengths (columns), with an even axis in Hz.

    Parameters
    ----------
    sounds : mapping of str to np.ndarray [shape=(n,), float]
    lengths : sequence of int > 1 [samples]
        Each window moves by a sixteenth of itself, but by at least 16 samples.
    top : float > 0 [Hz]
        Upper end of the frequency axis.
    views : mapping of str to (float, float) [seconds] or None
        From where to where a sound is shown; one that is not named is shown whole.
    """
    if not sounds or not len(lengths):
        raise ParameterError("there is nothing to draw; give at least one sound and one window length")
    size = (1.0 + 1.4 * len(lengths), 0.9 + 1.7 * len(sounds))
    figure = Card(figsize=size, layout="constrained")
    panels = figure.subplots(len(sounds), len(lengths), squeeze=False, sharex="row", sharey="row")
    for axes, length in zip(panels[0], lengths, strict=True):
        milliseconds = 1000 * length / sample_rate
        axes.set_title(f"{length} samples\n{milliseconds:.0f} ms, {sample_rate / length:.1f} Hz", fontsize=9)
    for row, (name, y) in zip(panels, sounds.items(), strict=True):
        for axes, length in zip(row, lengths, strict=True):
            hop = max(16, length // 16)
            spectrum = librosa.stft(y, n_fft=length, hop_length=hop, window=window, pad_mode="reflect")
            power = np.abs(spectrum) ** 2
            level = librosa.power_to_db(power, ref=np.max, top_db=60.0)
            half = sample_rate / length / 2
            extent = (0, level.shape[1] * hop / sample_rate, -half, sample_rate / 2 + half)
            axes.imshow(level, origin="lower", aspect="auto", extent=extent, vmin=-60, vmax=0)
            axes.set(xlim=(views or {}).get(name, (0, len(y) / sample_rate)), ylim=(0, top))
            axes.grid(False)
        row[0].set_ylabel(f"{name}\nfrequency (Hz)")
    for axes in panels.flat:
        axes.set_xlabel("time (s)")
    return finished(figure, title, note)


@styled
def windows(
    names: Sequence[str] = ("boxcar", "hann", "hamming", "blackman"),
    length: int = 64,
    *,
    tone: float = 12.5,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw windows: their shape, their Fourier transform, and what each makes of a pure tone (AGH slides, figure 6).

    Parameters
    ----------
    names : sequence of str
        Names that `scipy.signal.get_window` knows, at most four.
    length : int > 1 [samples]
    tone : float [bins]
        Frequency of the tone; halfway between two bins it leaks most.
    """
    if not 0 < len(names) <= len(DASHES):
        raise ParameterError(f"{len(names)} windows cannot be told apart; give 1 to {len(DASHES)}")
    figure = Card(figsize=(9.4, 3.3), layout="constrained")
    shape, transform, leak = figure.subplots(1, 3)
    samples = np.arange(length)
    for name, colour, dashes in zip(names, CYCLE, DASHES, strict=False):
        look = {"color": COLOURS[colour], "linestyle": dashes, "linewidth": 1.6}
        window = librosa.filters.get_window(name, length)
        shape.plot(samples, window, label="rectangular" if name == "boxcar" else name, **look)
        response = _decibels(np.abs(np.fft.rfft(window, 64 * length)))
        transform.plot(np.arange(len(response)) / 64, response, **look)
        heard = _decibels(np.abs(np.fft.rfft(window * np.cos(2 * np.pi * tone * samples / length))))
        leak.plot(heard, marker=".", **look)
    leak.axvline(tone, color=COLOURS["grey"], linewidth=0.8)
    shape.set(xlabel="sample", ylim=(-0.03, 1.08))
    shape.set_title("window")
    transform.set(xlabel="distance in bins", ylabel="level (dB)", ylim=(FLOOR, 4), xlim=(0, 10))
    transform.set_title("its Fourier transform")
    leak.set(xlabel="bin", ylim=(FLOOR, 4), xlim=(0, length // 2))
    leak.set_title(f"a pure tone at bin {tone:g}")
    figure.legend(*shape.get_legend_handles_labels(), loc="outside upper left", ncols=len(names))
    return finished(figure, title, note)


def _decibels(amplitude: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.maximum(amplitude / amplitude.max(), 10 ** (FLOOR / 20)))


@styled
def hops(
    n_fft: int, hop_lengths: Sequence[int], *, samples: int, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw how windows step over a sound, one panel per hop length (AGH slides, figure 7).

    Parameters
    ----------
    n_fft : int > 1 [samples]
        Length of the window, a Hann window.
    hop_lengths : sequence of int > 0 [samples]
    samples : int > n_fft
        How much of the sound is drawn.
    """
    if samples <= n_fft:
        raise ParameterError(f"samples={samples} must be more than one window of {n_fft}")
    figure = Card(figsize=(0.9 + 2.1 * len(hop_lengths), 2.4), layout="constrained")
    panels = figure.subplots(1, len(hop_lengths), squeeze=False, sharey=True)[0]
    window = librosa.filters.get_window("hann", n_fft)
    for axes, hop in zip(panels, hop_lengths, strict=True):
        starts = range(0, samples - n_fft + 1, hop)
        for number, start in enumerate(starts):
            place = np.arange(start, start + n_fft)
            axes.plot(place, window, color=COLOURS[CYCLE[number % 2]], linewidth=1.2)
        axes.axvspan(0, hop, color=COLOURS["orange"], alpha=0.35, linewidth=0)
        axes.set(xlabel="sample", xlim=(0, samples), ylim=(0, 1.08))
        overlap = f"{1 - hop / n_fft:.0%} shared" if hop < n_fft else f"{hop - n_fft} unseen"
        axes.set_title(f"hop {hop}: {'none shared' if hop == n_fft else overlap}", fontsize=9.5)
        axes.grid(False)
    panels[0].set_ylabel("weight in its frame")
    return finished(figure, title, note)


@styled
def close_tones(
    y: np.ndarray,
    settings: Sequence[tuple[int, int]],
    tones: Sequence[float],
    sample_rate: int = 22050,
    *,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw the mean spectrum of a sound's frames for several windows and transforms (AGH slides, figure 8).

    Parameters
    ----------
    y : np.ndarray [shape=(n,), float]
        A steady sound, at least as long as the longest window.
    settings : sequence of (int, int)
        Length of the Hann window and number of points of the transform, which pads with zeros up to there.
    tones : sequence of float [Hz]
        Where lines mark what is really there.
    """
    figure = Card(figsize=(1.0 + 2.7 * len(settings), 2.7), layout="constrained")
    panels = figure.subplots(1, len(settings), squeeze=False, sharey=True, sharex=True)[0]
    low, high = min(tones), max(tones)
    margin = 1.8 * (high - low)
    for axes, (length, points) in zip(panels, settings, strict=True):
        if not 1 < length <= min(points, len(y)):
            raise ParameterError(f"a window of {length} must fit into {points} points and a sound of {len(y)} samples")
        frames = librosa.util.frame(y, frame_length=length, hop_length=length // 4, axis=0)
        spectra = np.abs(np.fft.rfft(frames * librosa.filters.get_window("hann", length), points)) ** 2
        level = _decibels(np.sqrt(spectra.mean(axis=0)))
        axes.plot(np.fft.rfftfreq(points, 1 / sample_rate), level, ".-", color=COLOURS["blue"])
        for tone in tones:
            axes.axvline(tone, color=COLOURS["vermilion"], linestyle="--", linewidth=1)
        axes.set(xlim=(low - margin, high + margin), ylim=(-60, 3), xlabel="frequency (Hz)")
        axes.set_title(f"window {length}, n_fft {points}", fontsize=9.5)
    panels[0].set_ylabel("level (dB)")
    return finished(figure, title, note)


def empty_bands(spec: MelSpec) -> np.ndarray:
    """Return which mel bands hold no frequency of the transform, and so are always silent : np.ndarray [bool]."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters")
        return ~(mel_basis(spec) > 0).any(axis=1)


@styled
def filter_bank(
    specs: Sequence[MelSpec], *, high: float | None = None, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw the triangles of mel filter banks, each scaled to 1; empty bands are crosses (AGH slides, figure 9).

    Parameters
    ----------
    specs : sequence of MelSpec
    high : float or None [Hz]
        Upper end of the frequency axis; None: half the sample rate.
    """
    if not len(specs):
        raise ParameterError("there is no filter bank to draw; give at least one MelSpec")
    figure = Card(figsize=(8.6, 0.9 + 1.25 * len(specs)), layout="constrained")
    for axes, spec in zip(figure.subplots(len(specs), 1, squeeze=False, sharex=True)[:, 0], specs, strict=True):
        empty = empty_bands(spec)
        frequencies = librosa.fft_frequencies(sr=spec.sample_rate, n_fft=spec.n_fft)
        centres = librosa.mel_frequencies(spec.n_mels + 2, fmin=spec.fmin, fmax=_edges(spec)[1])[1:-1]
        basis = mel_basis(spec)[~empty]
        for number, band in enumerate(basis / basis.max(axis=1, keepdims=True)):
            seen = np.flatnonzero(np.convolve(band > 0, [1, 1, 1], mode="same"))
            look = {"color": COLOURS[CYCLE[number % 2]], "linewidth": 1, "marker": ".", "markersize": 3}
            axes.plot(frequencies[seen], band[seen], **look)
        axes.plot(centres[empty], np.full(empty.sum(), 0.5), "x", color=COLOURS["ink"], label="empty band")
        axes.set(xlim=(0, high or spec.sample_rate / 2), ylim=(0, 1.1), yticks=[0, 1], ylabel="weight")
        axes.set_title(
            f"n_mels {spec.n_mels}, n_fft {spec.n_fft}, {spec.fmin:g} to {_edges(spec)[1]:g} Hz"
            + (f": {empty.sum()} empty bands" if empty.any() else ""),
            fontsize=9.5,
        )
    axes.set_xlabel("frequency (Hz)")
    return finished(figure, title, note)
