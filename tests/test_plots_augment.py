"""Figures of augmentation and of printed logs: what is said about a clip is true of it, and nothing is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mgclib import plots
from mgclib.errors import ParameterError

GENRES = ("jazz", "rock", "pop")


def texts(figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_shares_in_words():
    assert plots.genre_shares_label(np.array([0, 1, 0]), GENRES) == "rock"
    assert plots.genre_shares_label(np.array([0.3, 0.7, 0]), GENRES) == "0.70 rock + 0.30 jazz"


def test_gallery_tells_the_genres_of_mixed_clips_and_draws_low_bands_below():
    x = np.zeros((2, 8, 16, 1), np.uint8)
    x[:, -1] = 255  # the lowest band
    y = np.eye(3, dtype=np.float32)[[0, 1]]
    mixed = np.array([[0.8, 0.2, 0], [0, 1, 0]], np.float32)
    figure = plots.augmented({"before": (x, y), "mixup": (x.astype(np.float32), mixed)}, GENRES, seconds=5.0)
    assert texts(figure) == ["before\njazz", "mixup\n0.80 jazz\n+ 0.20 rock", "rock", " "]
    image = figure.axes[0].images[0]
    assert image.origin == "lower"
    assert image.get_array()[0].min() == 255
    assert figure.axes[0].get_xlim() == (0, 5)
    with pytest.raises(ParameterError, match="of the same clips"):
        plots.augmented({"before": (x, y), "after": (x[:1], y[:1])}, GENRES, seconds=5.0)


def test_gains_mark_what_survives():
    table = pd.DataFrame(
        {"mean": [0.11, 0.0], "low": [0.08, -0.2], "high": [0.14, 0.2], "survives": [True, False]},
        index=["masks", "mixup"],
    ).assign(label="95% t-interval over 3 seeds", gains=[(0.1, 0.11, 0.12), (-0.1, 0.0, 0.1)])
    axes = plots.ablation_gains({"run": table}).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["masks", "mixup"]
    drawn = [sorted(round(x, 6) for x, _ in dots.get_offsets()) for dots in axes.collections]
    assert drawn == [[10, 11, 12], [-10, 0, 10]]
    assert [line.get_marker() for line in axes.lines if line.get_marker() in "D|"] == ["D", "|"]
    assert axes.get_xlabel().endswith("95% t-interval over 3 seeds")


def test_logs_side_by_side_mark_the_epoch_of_the_lowest_validation_loss():
    log = pd.DataFrame({"epoch": [1, 2, 3], "accuracy": [0.2, 0.5, 0.9], "val_accuracy": [0.2, 0.4, 0.3]})
    log = log.assign(loss=[3.0, 2.0, 1.0], val_loss=[2.5, 2.0, 4.0])
    two = pd.concat([log.assign(seed=0), log.assign(seed=1, accuracy=log["accuracy"] + 0.1)[:2]])
    figure = plots.training_logs({"slides": log, "ours": two})
    accuracy, loss = figure.axes
    assert len(accuracy.lines) == len(loss.lines) == 4
    assert accuracy.lines[2].get_ydata() == pytest.approx([25, 55])  # the third epoch has one seed only
    assert [dots.get_offsets()[0].tolist() for dots in loss.collections] == [[2, 2.0], [2, 2.0]]
    with pytest.raises(ParameterError, match="each with an epoch"):
        plots.training_logs({"empty": log[:0]})
