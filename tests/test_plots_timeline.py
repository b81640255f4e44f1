"""The picture of a file's genres along the time."""

from __future__ import annotations

import pandas as pd
import pytest

from mgclib import plots
from mgclib.errors import ParameterError


def answers(n_clips: int = 3) -> pd.DataFrame:
    rows = [("a.wav", "clip", 5.0 * k, 5.0 * (k + 1), 0.8 if k else 0.1, 0.2 if k else 0.9) for k in range(n_clips)]
    rows.append(("a.wav", "file", 0.0, 5.0 * n_clips, 0.4, 0.6))
    return pd.DataFrame(rows, columns=["file", "part", "start_s", "end_s", "p_dub", "p_ska"])


def test_each_clip_stands_where_it_sounds_and_its_likeliest_genre_is_framed():
    figure = plots.timeline(answers())
    left, right = figure.axes
    mesh = left.collections[0]
    assert mesh.get_array().reshape(2, 3).tolist() == [[10, 80, 80], [90, 20, 20]]
    assert mesh.get_coordinates()[0, :, 0].tolist() == [0, 5, 10, 15]
    assert [(patch.get_x(), patch.get_y() + 0.5) for patch in left.patches] == [(0, 1), (5, 0), (10, 0)]
    assert [text.get_text() for text in left.get_yticklabels()] == ["dub", "ska"]
    assert [text.get_text() for text in right.texts] == ["40", "60"]
    assert len(left.texts) == 6


def test_many_clips_are_drawn_without_numbers():
    left, _ = plots.timeline(answers(40)).axes
    assert len(left.patches) == 40
    assert not left.texts


def test_one_file_at_a_time():
    two = pd.concat([answers(), answers().assign(file="b.wav")])
    for wrong in (two, answers().iloc[:0], answers().iloc[:2]):
        with pytest.raises(ParameterError, match="one file"):
            plots.timeline(wrong)
