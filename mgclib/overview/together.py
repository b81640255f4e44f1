"""What approaches get wrong together: clips that nobody gets right, and who errs where others err.

Notebook: ``comparison``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from mgclib.datasets import gtzan
from mgclib.errors import ParameterError
from mgclib.overview.approaches import Approach
from mgclib.tables import Sortable, sortable

__all__ = [
    "Expected",
    "common",
    "consistency",
    "expected",
    "genres_of",
    "nobody_right",
    "recalls",
    "right_shares",
    "shown_missed",
]

MATES = {
    "mel_exact": "equal to",
    "mel_near": "same seconds as",
    "fingerprint_same_track": "same recording as",
    "index_same_title": "same title as",
}


class Expected(NamedTuple):
    """How many clips nobody would get right by chance: the mean and the range of 95 % of the draws."""

    mean: float
    low: float
    high: float

    @property
    def told(self) -> str:
        """The mean in words, e.g. ``0.4``, ``12``."""
        if self.mean < 0.01:
            return "less than 0.01"
        return f"{self.mean:.1g}" if self.mean < 1 else f"{self.mean:.0f}"


def common(approaches: Sequence[Approach]) -> list[Approach]:
    """Return those approaches that were tested on the same clips as most; the first that was stands for them.

    Raises
    ------
    ParameterError
        When there is none whose seeds were all tested on the same clips.
    """
    tested = [_clips(one) for one in approaches]
    known = [clips for clips in tested if clips]
    if not known:
        message = "there is no approach to look at whose seeds had the same test clips"
        raise ParameterError(f"{message}; give those of one profile with records on published lists")
    usual = max(known, key=known.count)
    return [one for one, clips in zip(approaches, tested, strict=True) if clips == usual]


def _clips(one: Approach) -> frozenset[str]:
    tested = {frozenset(rows["track_id"]) for _, rows in one.result.select("test").groupby("seed")}
    return next(iter(tested)) if len(tested) == 1 else frozenset()


def right_shares(approaches: Sequence[Approach]) -> pd.DataFrame:
    """Return in how many of its seeds each approach gets each clip right.

    Parameters
    ----------
    approaches : sequence of Approach
        From `common`.

    Returns
    -------
    pd.DataFrame [rows clips (by id, sorted), columns approaches, 0 … 1]
    """
    columns = {}
    for one in approaches:
        answers = one.result.predicted("test")
        right = (answers["genre"] == answers["predicted"]).groupby(answers["track_id"]).mean()
        columns[one.name] = right
    return pd.DataFrame(columns).sort_index()


def recalls(approaches: Sequence[Approach]) -> pd.DataFrame:
    """Return the share of each genre's clips that each approach finds, mean over its seeds.

    Returns
    -------
    pd.DataFrame [rows approaches, the best first; columns genres, the easiest first; 0 … 1]
    """
    rows = {}
    for one in approaches:
        tables = [one.result.confusion_matrix(normalise="true", seed=seed) for seed in one.result.seeds]
        rows[one.name] = pd.Series(np.mean([np.diag(table) for table in tables], axis=0), index=tables[0].index)
    table = pd.DataFrame(rows).T
    order = {one.name: one.result.metric("accuracy").mean() for one in approaches}
    easy = table.mean().sort_values(ascending=False, kind="stable").index
    return table.loc[sorted(table.index, key=order.__getitem__, reverse=True), easy]


def genres_of(approaches: Sequence[Approach]) -> pd.Series:
    """Return the true genre of each test clip : pd.Series [index clip id, sorted]."""
    rows = approaches[0].result.select("test").drop_duplicates("track_id")
    return rows.set_index("track_id")["genre"].sort_index()


def nobody_right(approaches: Sequence[Approach]) -> pd.DataFrame:
    """Return the clips that no approach gets right in any seed.

    Returns
    -------
    pd.DataFrame
        Index clip id; columns ``genre``, ``called`` (what they are called instead, the most frequent first, with the
        share of approaches), ``instead`` (the most frequent), ``agreed`` (share of approaches for it, seeds of one
        counting together as one), ``artist`` and ``known`` (what the carried lists say of the clip; empty: nothing).
    """
    shares = right_shares(approaches)
    missed = shares.index[(shares == 0).all(axis=1)]
    votes = []
    for one in approaches:
        answers = one.result.predicted("test")
        counted = answers[answers["track_id"].isin(missed)].groupby(["track_id", "predicted"]).size()
        votes.append(counted / len(one.result.seeds))
    called = pd.concat(votes).groupby(level=[0, 1]).sum() / len(approaches)
    genres, artists = genres_of(approaches), gtzan.artists()
    rows = {}
    for clip in missed:
        own = called[clip].sort_values(ascending=False, kind="stable")
        rows[clip] = {
            "genre": genres[clip],
            "called": ", ".join(f"{genre} {100 * share:.0f} %" for genre, share in own.items() if share >= 0.095),
            "instead": own.index[0],
            "agreed": float(own.iloc[0]),
            "artist": artists.dropna().get(clip, ""),
            "known": _known(clip),
        }
    columns = ["genre", "called", "instead", "agreed", "artist", "known"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("clip")
    return table.sort_values(["agreed", "genre"], ascending=[False, True], kind="stable")


def shown_missed(missed: pd.DataFrame, *, clips: int, judges: int) -> Sortable:
    """Set `nobody_right` as a table to sort and to filter; `clips` were tested, by `judges` approaches."""
    if missed.empty:
        frame = pd.DataFrame({"clip": ["none"]})
        return sortable(
            frame, caption=f"Of {clips} test clips every one is named rightly by one of {judges} approaches."
        )
    table = missed.reset_index()
    frame = pd.DataFrame(
        {
            "clip": table["clip"],
            "genre": table["genre"],
            "what it is called instead": table["called"],
            "agreed (%)": (100 * table["agreed"]).round().astype(int),
            "artist": table["artist"].replace("", None),
            "in the lists of faults": table["known"].replace("", "nothing"),
        }
    )
    caption = f"Test clips that none of {judges} approaches names rightly in any seed: {len(table)} of {clips}. "
    caption += "Profile gtzan-filtered, protocol fault-filtered. Agreed: share of approaches for the first name."
    return sortable(frame, caption=caption, filters=["genre"])


def _known(clip: str) -> str:
    pairs = gtzan.duplicates()
    told: dict[str, str] = {}
    for kind, words in MATES.items():
        of_kind = pairs[pairs["kind"] == kind]
        mates = [*of_kind.loc[of_kind["clip_id_a"] == clip, "clip_id_b"]]
        mates += of_kind.loc[of_kind["clip_id_b"] == clip, "clip_id_a"].tolist()
        for mate in mates:
            told.setdefault(mate, words)
    return "; ".join(f"{words} {mate}" for mate, words in told.items())


def expected(shares: pd.DataFrame, genres: pd.Series, *, within: bool, n: int = 2000, seed: int = 0) -> Expected:
    """Return how many clips nobody would get right if the errors of the approaches had nothing to do with each other.

    Parameters
    ----------
    shares : pd.DataFrame
        From `right_shares`.
    genres : pd.Series
        Genre of each clip, same index.
    within : bool
        Whether errors are dealt out anew within each genre only, so that a hard genre stays hard for everybody; else
        among all clips.
    n, seed : int
        Number of draws, and their seed.
    """
    wrong = (shares == 0).to_numpy()
    groups = pd.factorize(genres.reindex(shares.index))[0] if within else np.zeros(len(shares), int)
    mean = sum(len(part) * part.mean(axis=0).prod() for part in (wrong[groups == k] for k in np.unique(groups)))
    rng = np.random.default_rng(seed)
    drawn = np.zeros(n, int)
    for k in np.unique(groups):
        part = wrong[groups == k]
        everybody = np.ones((n, len(part)), bool)
        for column in part.T:
            everybody &= rng.permuted(np.tile(column, (n, 1)), axis=1)
        drawn += everybody.sum(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Expected(float(mean), float(low), float(high))


def consistency(shares: pd.DataFrame) -> pd.DataFrame:
    """Return for every two approaches how far they err on the same clips, beyond what their accuracies alone would do.

    Cohen's kappa of right and wrong (“error consistency”, Geirhos et al. 2020): 0 where errors have nothing to do with
    each other, 1 where they are the same. Of several seeds every pair is compared, and the mean taken.

    Parameters
    ----------
    shares : pd.DataFrame
        From `right_shares`; shares between 0 and 1 are taken for the probability of being right.

    Returns
    -------
    pd.DataFrame [rows and columns approaches, −1 … 1]
        NaN on the diagonal, and where one is always right or always wrong.
    """
    right = shares.to_numpy()
    both = (right.T @ right + (1 - right).T @ (1 - right)) / len(right)
    mean = right.mean(axis=0)
    chance = np.outer(mean, mean) + np.outer(1 - mean, 1 - mean)
    with np.errstate(invalid="ignore", divide="ignore"):
        kappa = np.where(chance < 1, (both - chance) / (1 - chance), np.nan)
    np.fill_diagonal(kappa, np.nan)
    return pd.DataFrame(kappa, index=shares.columns, columns=shares.columns)
