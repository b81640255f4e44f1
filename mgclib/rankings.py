"""Each report's own ranking: what its printed totals decide, and what they leave open.

Notebook: ``uncertainty``.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mgclib import overview
from mgclib.evidence import OPEN, p_told, points_told
from mgclib.power import apart_needed, clips_needed, discordant_if_independent, p_range
from mgclib.reports.loader import item, load

__all__ = ["Printed", "Ranking", "agreement", "neighbours", "ranking_table", "rankings"]

GAP = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Printed:
    """A score that a report prints.

    Parameters
    ----------
    name : str
        As in the report.
    share : float [0 … 1]
        Right clips; from counts where they are known, else as printed.
    total : int or None
        Clips behind it; None where the report does not say.
    experiment : str
        What records it here, whether it has yet or not.
    supports : tuple of int
        Clips of each genre, where printed.
    """

    name: str
    share: float
    total: int | None = None
    experiment: str = ""
    supports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ranking:
    """Scores of a report, the best first."""

    title: str
    printed: tuple[Printed, ...]


def rankings() -> list[Ranking]:
    """Return the rankings of the five reports, read from what they print."""
    svm = _counted("SVM", "cs464-2020/table-7", "svm-pixels-360x120")
    lstm = _counted("LSTM", "cs464-2020/table-6", "lstm-80")
    cnn = _counted("2D CNN", "cs464-2020/table-4", "cnn-cs464-100")
    mel = _counted("1D CNN on mel", "cs464-2020/table-2", "cnn-1d-mel")
    waves = _counted("1D CNN on waveforms", "cs464-2020/table-1", "cnn-1d-waveform")
    large = _counted("SVM, larger pictures", "cs464-2020/appendix-b", "svm-pixels-400x400")
    fewer = _counted("LSTM, 70 % training", "cs464-2020/table-5", "lstm-70")
    short = _counted("2D CNN, 25 epochs", "cs464-2020/table-3", "cnn-cs464-25")
    techno = _counted("2D CNN", "techno/table-2", ""), _counted("boosted trees", "techno/table-1", "")
    return [
        Ranking("CS464, methods", (svm, mel, lstm, waves, cnn)),
        Ranking("CS464, picture size", (svm, large)),
        Ranking("CS464, training share", (lstm, fewer)),
        Ranking("CS464, epochs", (cnn, short)),
        Ranking("Techno", techno),
        Ranking("Zewail", _zewail()),
        Ranking("AGH", _agh()),
        Ranking("FMA", _fma()),
    ]


def _counted(name: str, table: str, experiment: str) -> Printed:
    entry = item(table)
    correct, total = (entry.derived[key] for key in ("correct", "total"))
    supports = tuple(row["support"] for row in entry.value("per_class").values())
    return Printed(name, correct / total, total, experiment, supports)


def _zewail() -> tuple[Printed, ...]:
    best = "best_validation_accuracy"
    rows = (
        ("EfficientNetB0", "efficientnetb0", best, "transfer-efficientnetb0"),
        ("same, all layers unfrozen", "efficientnetb0-unfreeze-all", best, ""),
        ("same, 100 unfrozen", "efficientnetb0-unfreeze-100", best, ""),
        ("same, frozen", "efficientnetb0-frozen", best, ""),
        ("InceptionV3", "inceptionv3", "validation_accuracy", "transfer-inceptionv3"),
        ("baseline CNN", "baseline-cnn", best, "transfer-baseline"),
        ("baseline with dropout", "cnn-dropout", "validation_accuracy", ""),
    )
    return tuple(Printed(n, item(f"zewail-2022/number-{key}").value(path), None, run) for n, key, path, run in rows)


def _agh() -> tuple[Printed, ...]:
    printed = []
    for name, table, experiment in (("EfficientNet", 1, "agh-efficientnet"), ("ResNet", 2, "agh-resnet")):
        derived = item(f"agh-2023/table-{table}").derived
        correct, total = derived["test_correct"], derived["test_total"]
        printed.append(Printed(name, correct / total, total, experiment))
    first = item("agh-2023/number-first-test-accuracy").derived
    return (*printed, Printed("first model", first["correct"] / first["total"], first["total"], "agh-first-model"))


def _fma() -> tuple[Printed, ...]:
    corpus = load("fma-densenet").corpus
    total = round(corpus["tracks"] * corpus["splits"]["test"])
    recorded = {"DenseNet": "densenet", "2D Baseline A": "baseline-a-2d", "FusionNet": "fusion"}
    recorded |= {"Baseline B": "baseline-b", "1D Baseline A": "baseline-a-1d"}
    rows = item("fma-densenet/table-2").derived["rows"]
    printed = [Printed(row["model"], row["plain_accuracy"], total, recorded[row["model"]]) for row in rows]
    return tuple(sorted(printed, key=lambda one: -one.share))


def neighbours(alike: float, found: Sequence[Ranking] | None = None, supposed: int = 200) -> pd.DataFrame:
    """Judge every two neighbours of each ranking by what is printed.

    Parameters
    ----------
    alike : float > 0
        How many clips only one of two such models has right, as a part of those that it would be if their errors had
        nothing to do with each other: for the number of clips that a test on the same clips would need. There are
        always at least as many as the difference.
    found : sequence of Ranking or None
        None: those of the five reports.
    supposed : int
        Clips, the same for both, that are supposed where a report does not say how many there were.

    Returns
    -------
    pd.DataFrame
        Index ``ranking, better, worse``; columns ``clips`` (of the better; supposed where not ``known``), ``known``,
        ``others`` (the clips were not the same for certain: their numbers, in all or by genre, differ), ``difference``
        (accuracy), ``low``, ``high`` (Newcombe's 95 % interval of two unpaired tests), ``p_least``, ``p_most`` (see
        `mgclib.power.p_range`; NaN for other clips), ``verdict``, ``supposing`` (the verdict with ``clips``),
        ``needed_apart`` (clips for each, its own), ``needed_same`` (the same clips; both NaN where nothing lies
        between the two), ``a``, ``b`` (experiments).
    """
    rows = {}
    for ranking in rankings() if found is None else found:
        for one, two in itertools.pairwise(ranking.printed):
            rows[ranking.title, one.name, two.name] = _judged(one, two, alike, supposed)
    index = pd.MultiIndex.from_tuples(rows, names=["ranking", "better", "worse"])
    return pd.DataFrame(list(rows.values()), index=index)


def _judged(one: Printed, two: Printed, alike: float, supposed: int) -> dict:
    totals = (one.total or supposed, two.total or supposed)
    hits = tuple(round(each.share * total) for each, total in zip((one, two), totals, strict=True))
    others = totals[0] != totals[1] or bool(one.supports and two.supports and one.supports != two.supports)
    low, high = overview.newcombe(hits, totals)
    possible = None if others else p_range(*hits, totals[0])
    verdict = possible.verdict if possible else "decided" if low > 0 or high < 0 else "not decided"
    known = one.total is not None and two.total is not None
    gap = abs(one.share - two.share)
    shares = one.share, two.share
    discordant = min(1.0, max(gap, alike * discordant_if_independent(*shares)))
    return {
        "clips": totals[0],
        "known": known,
        "others": others,
        "difference": one.share - two.share,
        "low": low,
        "high": high,
        "p_least": possible.least if possible else np.nan,
        "p_most": possible.most if possible else np.nan,
        "verdict": verdict if known else "cannot be known",
        "supposing": verdict,
        "needed_apart": apart_needed(*shares) if gap else np.nan,
        "needed_same": clips_needed(gap, discordant) if gap else np.nan,
        "a": one.experiment,
        "b": two.experiment,
    }


def ranking_table(judged: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Set `neighbours` as a table in words, beside what our records say of the same pairs.

    Parameters
    ----------
    judged : pd.DataFrame
        From `neighbours`.
    pairs : pd.DataFrame
        From `mgclib.evidence.pairs`.
    """
    rows = {
        (ranking, f"{better} – {worse}"): {
            "clips": f"{row.clips}" if row.known else "?",
            "points": _with_interval(row.difference, row.low, row.high),
            "p, same clips": "other clips"
            if row.others
            else f"{p_told(row.p_least)} … {p_told(row.p_most)}".replace(" ", GAP),
            "verdict": _verdict(row),
            "clips needed, each its own": _number(row.needed_apart),
            "the same": _number(row.needed_same),
            "ours, fault-filtered": _ours(*our) if our else "not recorded",
        }
        for (ranking, better, worse), row, our in zip(
            judged.index, judged.itertuples(), _recorded(judged, pairs), strict=True
        )
    }
    return pd.DataFrame(list(rows.values()), index=pd.MultiIndex.from_tuples(rows, names=["report", "better – worse"]))


def _with_interval(mean: float, low: float, high: float) -> str:
    mean, low, high = (points_told(value) for value in (mean, low, high))
    return f"{mean} [{low}, {high}]".replace(" ", GAP)


def _verdict(row: tuple) -> str:
    if row.known or row.supposing == "cannot be known":
        return row.verdict
    return f"{row.verdict}; with {row.clips}: {row.supposing}"


def _number(clips: float) -> str:
    return "—" if np.isnan(clips) else f"{clips:,.0f}"


def _ours(difference: float, row: tuple) -> str:
    return f"{points_told(difference)}, p{GAP}{p_told(row.p)}: {row.verdict}"


def _recorded(judged: pd.DataFrame, pairs: pd.DataFrame) -> list[tuple[float, tuple] | None]:
    """Return for each row of `neighbours` our difference, with the report's sign, and our pair; None: not recorded."""
    ours = {(row.experiment_a, row.experiment_b): (row.difference, row) for row in pairs.itertuples()}
    ours |= {(b, a): (-difference, row) for (a, b), (difference, row) in ours.items()}
    return [ours.get(both) for both in zip(judged["a"], judged["b"], strict=True)]


def agreement(judged: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """Say in a sentence how many neighbours of the reports our records order alike, and how surely."""
    apart = judged[judged["difference"] > 0]
    both = [our for our in _recorded(apart, pairs) if our is not None]
    if not both:
        return "None of these pairs is recorded here on the fault-filtered lists yet."
    alike = [difference > 0 for difference, _ in both]
    decided = [same for same, (_, row) in zip(alike, both, strict=True) if row.verdict != OPEN]
    return (
        f"Of the {len(both)} pairs with a difference that are recorded here, too, ours have the same order in "
        f"{sum(alike)}; {sum(decided)} of these are decided, and {len(decided) - sum(decided)} of the others, "
        "for the models at hand."
    )
