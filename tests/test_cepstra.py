"""Cepstra read off pictures: librosa's coefficients, scipy's logarithm, and what an equaliser cannot change."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from scipy.linalg import logm

from mgclib import cepstra
from mgclib.errors import ParameterError
from mgclib.models.covariance import CovarianceClassifier


def pictures(n: int = 3, height: int = 32, width: int = 60, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = np.cumsum(rng.normal(0, 6, (n, height, width, 1)), axis=2)
    return np.clip(130 + smooth, 20, 235).astype(np.float32)


def test_coefficients_are_librosas():
    x = pictures(1)
    decibels = x[0, ::-1, :, 0] * 80 / 256
    np.testing.assert_allclose(
        cepstra.cepstrum(x, 13)[0], librosa.feature.mfcc(S=decibels, n_mfcc=13), rtol=1e-4, atol=1e-3
    )


def test_statistics_are_those_of_the_coefficients():
    x = pictures()
    found = cepstra.cepstrum(x, 5)
    rows = cepstra.mfcc_statistics(x, 5)
    assert rows.shape == (3, 20)
    np.testing.assert_allclose(rows[:, :5], found.mean(axis=2), rtol=1e-5)
    np.testing.assert_allclose(rows[:, 10:15], np.diff(found, axis=2).std(axis=2), rtol=1e-5)


def test_covariances_are_the_logarithms_of_scipy_and_distances_are_kept():
    x = pictures(2)
    rows = cepstra.log_covariances(x, 4, (1, 3))
    logs = []
    for clip in cepstra.cepstrum(x, 4).astype(float):
        moving = np.vstack([clip[:, 3:], clip[:, 3:] - clip[:, 2:-1], clip[:, 3:] - clip[:, :-3]])
        logs.append(logm(np.cov(moving, bias=True) + np.eye(12)).real)
    np.testing.assert_allclose(cepstra.matrices(rows), logs, rtol=1e-3, atol=1e-3)
    assert np.linalg.norm(rows[0] - rows[1]) == pytest.approx(np.linalg.norm(logs[0] - logs[1]), rel=1e-3)


def test_an_equaliser_over_the_whole_clip_changes_the_mean_and_not_the_covariances():
    x = pictures(1)
    gain = np.linspace(-20, 20, 32, dtype=np.float32)[None, :, None, None]
    assert np.abs(cepstra.mfcc_statistics(x + gain, 5)[0, :5] - cepstra.mfcc_statistics(x, 5)[0, :5]).max() > 1
    np.testing.assert_allclose(cepstra.log_covariances(x + gain, 5), cepstra.log_covariances(x, 5), atol=1e-3)


def test_silence_has_a_logarithm():
    assert np.isfinite(cepstra.log_covariances(np.zeros((1, 16, 20, 1), np.uint8), 4)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: cepstra.cepstrum(x[..., 0]), "expected grey ones"),
        (lambda x: cepstra.cepstrum(x, 33), "n_mfcc=33 must be from 1 to the 32 rows"),
        (lambda x: cepstra.mfcc_statistics(x[:, :, :4]), "4 columns are too few"),
        (lambda x: cepstra.log_covariances(x, lags=(0,)), "lags="),
        (lambda x: cepstra.log_covariances(x, floor=0), "floor=0"),
        (lambda x: cepstra.log_covariances(x[:, :, :3]), "3 columns are too few"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call(pictures())


def test_the_classifier_learns_how_clips_move_whatever_the_studio():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    slow = np.repeat(rng.normal(0, 20, (60, 16, 12, 1)), 4, axis=2)
    fast = rng.normal(0, 20, (60, 16, 48, 1))
    studio = rng.uniform(-30, 30, (60, 16, 1, 1))
    x = np.clip(128 + np.where(y[:, None, None, None], slow, fast) + studio, 0, 255).astype(np.float32)
    for options in ({}, {"pieces": 3, "piece_columns": 24}):
        model = CovarianceClassifier(x.shape[1:], 3, n_mfcc=6, **options).fit(x[:30], y[:30])
        answers = model.predict_proba(x[30:])
        assert answers.shape == (30, 3)
        np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-6)
        assert (answers[:, 2] == 0).all()
        assert (model.predict(x[30:]) == y[30:]).mean() > 0.95
