"""Ask a kept model for the genre of sound files: clip by clip, and for each file as a whole.

A file is cut as in training: into clips of the model's length one after the other; a remainder is dropped, a shorter
file is zero-padded. The answer for the whole file is the mean of its clips' probabilities. No sound is kept: features
lie in a temporary folder while a file is asked about, and only its length, level and checksum go to the index
(`mgclib.datasets.index`).

Command: ``mgc predict``. Notebook: ``own_music``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from mgclib import fitted
from mgclib.datasets.dataset import Dataset, FaultyClipWarning, snippet_starts
from mgclib.datasets.listing import Found, SetAside, list_sounds, printable, usable
from mgclib.errors import AudioError, ParameterError

__all__ = ["Answers", "answer", "columns", "predict"]

KEYS = ("file", "part", "start_s", "end_s")
PLACES = 6
UNKNOWN = "?"
WHOLE, CLIP = "file", "clip"


@dataclass(frozen=True)
class Answers:
    """What came out.

    Parameters
    ----------
    table : pd.DataFrame
        See `predict`.
    set_aside : pd.DataFrame
        Columns ``file, problem``: files that cannot be asked about, and why.
    """

    table: pd.DataFrame
    set_aside: pd.DataFrame


def predict(
    files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    run: str | os.PathLike[str] | None = None,
    *,
    profile: str | None = None,
    top: int = 3,
) -> pd.DataFrame:
    """Return the genres that a kept model hears in sound files.

    Parameters
    ----------
    files : path, or several
        Sound files, and folders, which are searched.
    run, profile
        Whose model, see `mgclib.experiments.kept_model`; default: that of the newest finished run. Models of
        scikit-learn are programs: name only folders that you trust (`mgclib.fitted`).
    top : int >= 1
        So many genres are named in each row, at most as many as there are.

    Returns
    -------
    pd.DataFrame
        One row per clip (``part`` is ``clip``), then one for the whole file (``part`` is ``file``). Columns: ``file``
        (as given; found in a folder: with its path), ``part``, ``start_s`` and ``end_s`` (seconds), ``genre_1``,
        ``probability_1``, …, and ``p_<genre>`` for every genre; probabilities sum to 1.

    Raises
    ------
    RunError
        When there is no such model.
    ParameterError
        When there is no file, or `top` is below 1.

    Warns
    -----
    FaultyClipWarning
        For each file that cannot be asked about; it has no row.
    """
    from mgclib.experiments.kept import kept_model

    one = isinstance(files, str | os.PathLike)
    answers = answer([files] if one else list(files), fitted.load(kept_model(run, profile)), top=top)
    for row in answers.set_aside.itertuples():
        warnings.warn(f"{row.file} is set aside: {row.problem}", FaultyClipWarning, stacklevel=2)
    return answers.table


def answer(
    files: Sequence[str | os.PathLike[str]], model: fitted.FittedModel, *, top: int = 3, progress: bool = False
) -> Answers:
    """Ask `model` about files; those that cannot be used are set aside, each with its reason.

    Parameters
    ----------
    files : sequence of path
        Sound files and folders; a file that is named twice counts once.
    model : FittedModel
    top : int >= 1
        See `predict`.
    progress : bool
        Show a progress bar on standard error, if that is a terminal.

    Raises
    ------
    ParameterError
        When `files` is empty, or `top` is below 1.
    """
    if not files:
        raise ParameterError("no file is named: give sound files, or folders with sound files")
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise ParameterError(f"top={top!r} must be an integer of at least 1")
    aside = SetAside()
    sounds = _sounds(files, aside)
    facts = usable(sounds, model.clip_seconds, aside)
    frames = []
    bar = tqdm(facts.index, "listening", unit="file", file=sys.stderr, disable=None if progress else True)
    for name in bar:
        clips = _clips(facts.loc[name], model.clip_seconds)
        try:
            probabilities = _asked(name, clips, facts.loc[name], model)
        except AudioError as error:
            aside.add(name, sounds[name].path, str(error))
            continue
        frames.append(_rows(name, clips, probabilities, model.genres, top))
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns(model.genres, top))
    problems = pd.DataFrame([(row[0], row[2]) for row in aside.rows], columns=["file", "problem"], dtype="str")
    return Answers(table, problems)


def columns(genres: Sequence[str], top: int = 3) -> list[str]:
    """Return the names of the columns of `predict`, in order, for a model of these genres."""
    ranks = range(1, min(top, len(genres)) + 1)
    ranked = [f"{what}_{rank}" for rank in ranks for what in ("genre", "probability")]
    return [*KEYS, *ranked, *(f"p_{genre}" for genre in genres)]


def _sounds(files: Sequence[str | os.PathLike[str]], aside: SetAside) -> dict[str, Found]:
    """Return the sound files by the name under which they are shown; folders are walked, sorted."""
    found: dict[str, Found] = {}
    seen: set[Path] = set()
    for given in files:
        path = Path(given).expanduser()
        if path.is_dir():
            there = sorted(list_sounds(path, root=path), key=lambda one: one.name)
            inside = [Found(one.path.absolute(), printable(f"{path}/{one.name}")) for one in there]
            if not inside:
                aside.add(printable(str(path)), path, "the folder holds no sound file (wav, flac, ogg, mp3, aiff, au)")
        else:
            inside = [Found(path.absolute(), printable(str(path)))]
        for one in inside:
            if not one.path.exists():
                aside.add(one.name, one.path, "there is no such file")
            elif (real := one.path.resolve()) not in seen:
                seen.add(real)
                found[one.name] = one
    return found


def _clips(facts: pd.Series, seconds: float) -> pd.DataFrame:
    """Return the clips of a file, cut as `mgclib.datasets.folder` does: columns ``start_s, duration_s``."""
    length = facts["frames"] / facts["sample_rate"]
    starts = snippet_starts(length, seconds)
    return pd.DataFrame({"start_s": starts, "duration_s": [min(seconds, length - start) for start in starts]})


def _asked(name: str, clips: pd.DataFrame, facts: pd.Series, model: fitted.FittedModel) -> np.ndarray:
    ids = pd.Index([f"{name}@{start:g}" for start in clips["start_s"]], name="clip_id")
    described: dict[str, Any] = {"genre": UNKNOWN, "track_id": name, "artist": None, "path": facts["path"]}
    dataset = Dataset(
        name=name,
        clips=clips.set_index(ids).assign(**described),
        genres=(UNKNOWN,),
        licence="",
        citation="",
        clip_seconds=model.clip_seconds,
        content={facts["path"]: facts["bytes_hash"]},
    )
    with tempfile.TemporaryDirectory(prefix="mgc-predict-") as store:
        return model.predict_proba(dataset, root=store, jobs=1, progress=False)


def _rows(name: str, clips: pd.DataFrame, probabilities: np.ndarray, genres: Sequence[str], top: int) -> pd.DataFrame:
    ends = clips["start_s"] + clips["duration_s"]
    shares = np.vstack([probabilities, probabilities.mean(axis=0)]).astype(float).round(PLACES)
    order = np.argsort(-shares, axis=1, kind="stable")
    table = pd.DataFrame({"file": name, "part": [*[CLIP] * len(clips), WHOLE]})
    table["start_s"] = [*clips["start_s"], 0.0]
    table["end_s"] = [*ends, ends.max()]
    table["end_s"] = table["end_s"].round(3)
    for k in range(min(top, len(genres))):
        table[f"genre_{k + 1}"] = np.asarray(genres, dtype=object)[order[:, k]]
        table[f"probability_{k + 1}"] = np.take_along_axis(shares, order[:, k : k + 1], axis=1)[:, 0]
    return table.assign(**{f"p_{genre}": shares[:, k] for k, genre in enumerate(genres)})
