"""Summary features against every library function called on the waveform on its own, and against known sounds."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import textwrap
import warnings

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyAudioAnalysis import ShortTermFeatures

from mgclib.datasets.synthesis import FAMILIES, Song
from mgclib.errors import AudioError, MgcError, ParameterError
from mgclib.summary import SummarySpec, summarise, summary_names

SR = 22050
GENRES = [genre for family in FAMILIES.values() for genre in family]
PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
AXES = ("fifth_x", "fifth_y", "minor_third_x", "minor_third_y", "major_third_x", "major_third_y")
SPECS = {
    "default": SummarySpec(),
    "16 kHz, deltas": SummarySpec(sample_rate=16000, n_mfcc=13, short_term_deltas=True),
    "other frames": SummarySpec(
        n_fft=1024, hop_length=256, n_mels=64, short_term_window_s=0.04, short_term_step_s=0.04
    ),
}


def naive(y: np.ndarray, spec: SummarySpec) -> dict[str, float]:
    """Call every function on the waveform, as the libraries' manuals do; defaults wherever the spec has them."""
    sr, n_fft, hop_length, feature = spec.sample_rate, spec.n_fft, spec.hop_length, librosa.feature
    frames = {"sr": sr, "n_fft": n_fft, "hop_length": hop_length}
    constant_q, envelope = {"y": y, "sr": sr, "hop_length": hop_length}, {"y": y}
    if (n_fft, hop_length, spec.n_mels) != (2048, 512, 128):
        constant_q["tuning"] = librosa.estimate_tuning(y=y, bins_per_octave=36, **frames)
        envelope = {"onset_envelope": librosa.onset.onset_strength(y=y, n_mels=spec.n_mels, **frames)}
    short_term, names = ShortTermFeatures.feature_extraction(
        y, sr, spec.short_term_window_s * sr, spec.short_term_step_s * sr, deltas=spec.short_term_deltas
    )
    curves = {
        "mfcc": feature.mfcc(y=y, n_mfcc=spec.n_mfcc, n_mels=spec.n_mels, **frames),
        "chroma_stft": feature.chroma_stft(y=y, **frames),
        "chroma_cqt": feature.chroma_cqt(**constant_q),
        "chroma_cens": feature.chroma_cens(**constant_q),
        "tonnetz": feature.tonnetz(**constant_q),
        "spectral_centroid": feature.spectral_centroid(y=y, **frames),
        "spectral_bandwidth": feature.spectral_bandwidth(y=y, **frames),
        "spectral_contrast": feature.spectral_contrast(y=y, **frames),
        "spectral_flatness": feature.spectral_flatness(y=y, n_fft=n_fft, hop_length=hop_length),
        "spectral_rolloff": feature.spectral_rolloff(y=y, **frames),
        "zero_crossing_rate": feature.zero_crossing_rate(y, frame_length=n_fft, hop_length=hop_length),
        "rms": feature.rms(y=y, frame_length=n_fft, hop_length=hop_length),
        "onset_strength": librosa.onset.onset_strength(y=y, n_mels=spec.n_mels, **frames)[np.newaxis],
    }
    values = {}
    for moment in (np.mean, np.std):
        for name, curve in curves.items():
            for row, value in enumerate(moment(curve.astype(np.float64), axis=1)):
                values[f"{name}{row_ending(name, row, len(curve))}_{moment.__name__}"] = value
    values["tempo"] = feature.tempo(sr=sr, hop_length=hop_length, **envelope)[0]
    for moment in (np.mean, np.std):
        for name, curve in zip(names, short_term, strict=True):
            values[f"short_term_{our_short_term_name(name)}_{moment.__name__}"] = moment(curve)
    return values


def row_ending(name: str, row: int, n_rows: int) -> str:
    if name.startswith("chroma"):
        return f"_{PITCHES[row]}"
    if name == "tonnetz":
        return f"_{AXES[row]}"
    return str(row + 1) if n_rows > 1 else ""


def our_short_term_name(name: str) -> str:
    delta, name = name.startswith("delta "), name.removeprefix("delta ")
    kind, _, number = name.rpartition("_")
    if kind == "mfcc":
        name = f"mfcc{number}"
    elif kind == "chroma" and number.isdigit():
        name = f"chroma_{ShortTermFeatures.chroma_features(np.ones(500), SR, 500)[0][int(number) - 1]}"
    return name + "_delta" * delta


def tone(frequency: float, seconds: float = 2.0, sample_rate: int = SR) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * sample_rate)) / sample_rate)).astype(
        np.float32
    )


def noise(n_samples: int = 2 * SR) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, n_samples).astype(np.float32)


def sounds() -> dict[str, np.ndarray]:
    click = np.zeros(2 * SR, np.float32)
    click[12345] = 1.0
    return {
        "first genre": Song(GENRES[0], 1, 0).excerpt(4.0, 3.0).astype(np.float32),
        "last genre": Song(GENRES[-1], 2, 0).excerpt(4.0, 3.0).astype(np.float32),
        "noise": noise(),
        "mistuned chord": (tone(445.0) + tone(445.0 * 1.26) + tone(445.0 * 1.5)) / 3 + noise() / 50,
        "click": click,
        "half silent": np.concatenate([noise(SR), np.zeros(SR, np.float32)]),
        "silence": np.zeros(2 * SR, np.float32),
        "constant": np.full(2 * SR, 0.3, np.float32),
        "shortest": noise(SummarySpec().least_samples),
    }


def by_name(y: np.ndarray, spec: SummarySpec | None = None) -> dict[str, float]:
    return {f.name: float(v) for f, v in zip(summary_names(spec), summarise(y, spec), strict=True)}


@pytest.mark.parametrize(
    ("sound", "spec"),
    [(sound, "default") for sound in sounds()]
    + [
        (sound, spec)
        for sound in ("first genre", "mistuned chord", "half silent")
        for spec in SPECS
        if spec != "default"
    ],
)
@pytest.mark.filterwarnings("ignore:Trying to estimate tuning", "ignore:n_fft=", "ignore:Empty filters")
def test_every_value_equals_the_library_function_on_its_own(sound, spec):
    y, spec = sounds()[sound], SPECS[spec]
    ours, theirs = by_name(y, spec), naive(y, spec)
    assert list(ours) == list(theirs)
    np.testing.assert_allclose(list(ours.values()), list(theirs.values()), rtol=1e-5, atol=1e-5)


def test_the_tuning_is_that_of_librosa_for_many_sounds():
    from mgclib.analysis import _tuning

    rng = np.random.default_rng(3)
    assert _tuning(np.zeros((1025, 3), np.float32), SR, 2048, bins_per_octave=12) == 0
    magnitude = np.abs(librosa.stft(tone(452.0), n_fft=2048)[:, 20:21])
    assert _tuning(magnitude, SR, 2048, bins_per_octave=12) == pytest.approx(12 * np.log2(452 / 440), abs=0.1)
    for _ in range(40):
        y = sum(tone(f, 0.5) * a for f, a in zip(rng.uniform(100, 3000, 6), rng.random(6), strict=True)) + noise(
            SR // 2
        ) * np.float32(rng.choice([0, 1e-3, 0.3]))
        magnitude = np.abs(librosa.stft(y.astype(np.float32)))
        for spectrogram, bins in ((magnitude, 36), (magnitude**2, 12)):
            ours = _tuning(spectrogram, SR, 2048, bins_per_octave=bins)
            assert ours == librosa.estimate_tuning(S=spectrogram, sr=SR, bins_per_octave=bins)


def test_a_tone_has_the_pitch_and_brightness_that_it_was_given():
    features = by_name(tone(440.0))
    for chroma in ("chroma_stft", "chroma_cqt", "chroma_cens"):
        strongest = max(PITCHES, key=lambda pitch: features[f"{chroma}_{pitch}_mean"])
        assert strongest == "A"
    assert features["spectral_centroid_mean"] == pytest.approx(440, rel=0.1)
    assert features["zero_crossing_rate_mean"] == pytest.approx(2 * 440 / SR, rel=0.03)
    assert features["short_term_zcr_mean"] == pytest.approx(2 * 440 / SR, rel=0.03)
    assert features["rms_mean"] == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert features["spectral_flatness_mean"] < 0.01 < 0.3 < by_name(noise())["spectral_flatness_mean"]


@pytest.mark.parametrize("bpm", [100, 140])
def test_clicks_have_the_tempo_that_they_were_given(bpm):
    y = librosa.clicks(times=np.arange(0, 8, 60 / bpm), sr=SR, length=8 * SR).astype(np.float32)
    assert by_name(y)["tempo"] == pytest.approx(bpm, rel=0.04)


@pytest.mark.parametrize("level", [0.0, 0.3, -1.0])
def test_silence_and_constants_are_described_as_the_docstring_says(level):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        features = by_name(np.full(2 * SR, level, np.float32))
    assert np.isfinite(list(features.values())).all()
    assert 100 < features["tempo"] < 140
    assert features["rms_mean"] == pytest.approx(abs(level), rel=0.03)
    if level == 0:
        zero = ("spectral_centroid", "spectral_bandwidth", "spectral_rolloff", "chroma", "tonnetz", "onset_strength")
        assert all(value == 0 for name, value in features.items() if name.startswith(zero))
        assert features["spectral_flatness_mean"] == pytest.approx(1, abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(
    n_samples=st.integers(2048, 9000),
    seed=st.integers(0, 99),
    level=st.sampled_from([1.0, 1e-4, 1e-12, 1e-30, 1e-44]),
    offset=st.sampled_from([0.0, 0.5]),
    silent=st.floats(0, 1),
)
def test_any_sound_has_finite_features(n_samples, seed, level, offset, silent):
    y = np.random.default_rng(seed).uniform(-level, level, n_samples).astype(np.float32) + np.float32(offset)
    y[: int(silent * n_samples)] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        features = summarise(y)
    assert features.dtype == np.float32
    assert features.shape == (len(summary_names()),)
    assert np.isfinite(features).all()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 99), halvings=st.integers(1, 4))
def test_loudness_changes_only_loudness(seed, halvings):
    rng = np.random.default_rng(seed)
    y = (tone(rng.uniform(100, 1000)) * 0.5 + rng.uniform(-0.4, 0.4, 2 * SR)).astype(np.float32)
    gain = 0.5**halvings
    loud, quiet = by_name(y), by_name(y * np.float32(gain))
    decibels = 20 * np.log10(gain) * np.sqrt(SummarySpec().n_mels)
    assert quiet.pop("rms_mean") == pytest.approx(loud.pop("rms_mean") * gain, rel=1e-5)
    assert quiet.pop("rms_std") == pytest.approx(loud.pop("rms_std") * gain, rel=1e-5)
    assert quiet.pop("mfcc1_mean") == pytest.approx(loud.pop("mfcc1_mean") + decibels, rel=1e-4)
    np.testing.assert_allclose(list(quiet.values()), list(loud.values()), rtol=1e-3, atol=1e-3)


def test_it_is_the_same_every_time_and_leaves_the_waveform_alone():
    y = noise()
    before = y.copy()
    first = summarise(y)
    np.testing.assert_array_equal(first, summarise(y.astype(np.float64)))
    np.testing.assert_array_equal(y, before)


def test_the_waveform_is_transformed_once(monkeypatch):
    calls = []
    for module, name in ((librosa, "stft"), (librosa, "cqt"), (librosa.core.spectrum, "stft")):
        function = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *a, _f=function, _n=f"{module.__name__}.{name}", **k: calls.append(_n) or _f(*a, **k)
        )
    summarise(noise())
    assert sorted(calls) == ["librosa.cqt", "librosa.stft"]


@pytest.mark.parametrize("spec", SPECS)
def test_columns_are_documented(spec):
    features = summary_names(SPECS[spec])
    names = [feature.name for feature in features]
    assert len(set(names)) == len(names)
    assert not any(set(name) & set('[]{}<>":, ') for name in names), "XGBoost or LightGBM refuse such a name"
    assert all(feature.unit and feature.meaning for feature in features)
    for source in {feature.source for feature in features}:
        module, _, function = source.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function))


def test_deltas_come_on_request():
    without, with_deltas = summary_names(), summary_names(SummarySpec(short_term_deltas=True))
    added = {feature.name for feature in with_deltas} - {feature.name for feature in without}
    assert len(added) == 68
    assert all(name.startswith("short_term_") and "_delta_" in name for name in added)


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (np.zeros(0, np.float32), "empty"),
        (np.zeros(2047, np.float32), r"has 2047 samples .* at least 2048"),
        (np.append(noise(), np.float32(np.nan)), "NaN"),
        (np.append(noise(), np.float32(np.inf)), "NaN or infinity"),
        (noise() * 32768, r"expected values in \[-1, 1\]"),
    ],
)
def test_what_is_no_sound_is_refused(y, match):
    with pytest.raises(AudioError, match=match):
        summarise(y)


@pytest.mark.parametrize("y", [np.zeros((2, 9000), np.float32), np.zeros(9000, np.int16)])
def test_stereo_and_integers_are_refused(y):
    with pytest.raises(ParameterError, match="mono waveform of floats"):
        summarise(y)


@pytest.mark.parametrize(
    "fields",
    [
        {"sample_rate": 8000},
        {"sample_rate": 22050.0},
        {"n_fft": 200},
        {"n_fft": 1023},
        {"hop_length": 0},
        {"hop_length": 4096},
        {"n_mfcc": 129},
        {"short_term_window_s": 0.005},
        {"short_term_window_s": float("nan")},
        {"short_term_step_s": 1e-9},
        {"short_term_deltas": 1},
        {"n_mfc": 13},
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(fields):
    with pytest.raises(MgcError) as caught:
        SummarySpec.from_dict(fields)
    assert next(iter(fields)) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sample_rate", [16000, 22050, 44100])
@pytest.mark.filterwarnings("ignore:n_fft=")
def test_the_shortest_window_that_is_allowed_works(sample_rate):
    spec = SummarySpec(sample_rate=sample_rate)
    shortest = SummarySpec(sample_rate=sample_rate, short_term_window_s=spec._least_window / sample_rate + 1e-9)
    y = noise()
    ours, theirs = by_name(y, shortest), naive(y, shortest)
    np.testing.assert_allclose(list(ours.values()), list(theirs.values()), rtol=1e-5, atol=1e-5)


def test_a_spec_survives_json_and_its_key_tells_specs_apart():
    spec = SPECS["other frames"]
    again = SummarySpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again == spec
    assert again.key == spec.key
    assert len({spec.key for spec in SPECS.values()}) == len(SPECS)


def test_only_the_short_term_module_of_pyaudioanalysis_is_loaded_and_only_when_needed():
    code = """
        import sys
        import numpy as np
        from mgclib.summary import summarise, summary_names
        summary_names()
        print(sorted(m for m in sys.modules if m.startswith("pyAudioAnalysis")))
        summarise(np.zeros(9000, np.float32))
        print(sorted(m for m in sys.modules if m.startswith("pyAudioAnalysis")))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.splitlines() == ["[]", "['pyAudioAnalysis', 'pyAudioAnalysis.ShortTermFeatures']"]
