"""The five networks of the FMA slides: four scores each, what they cost, and the path of their F1.

The slides' "accuracy" is the mean over genres of *this genre or not*, which is right for most clips by itself. Where
every clip has one genre and one answer, each wrong answer is wrong in two of the k questions: the one about its own
genre and the one about the genre that was named. So it is 1 - 2 e / k for a plain accuracy of 1 - e (`plain_accuracy`).

Source: FMA slides, "Results (1)" to "Results (3)", "Backup slides". Notebooks: ``cnn_1d_fma``, ``cnn_2d_fma``,
``densenet``, ``fusion``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from pandas.io.formats.style import Styler

from mgclib import models, prose, records
from mgclib.errors import ParameterError, RunError, closest
from mgclib.overview.methods import one_line
from mgclib.paired import common_seeds, paired_difference
from mgclib.reports.loader import item
from mgclib.results import Result
from mgclib.style import COLOURS, CYCLE, Card, finished, styled

if TYPE_CHECKING:
    from mgclib.networks import Training

__all__ = [
    "FMA",
    "Network",
    "cost_and_gain",
    "cost_words",
    "count_table",
    "four_scores",
    "gain",
    "gain_chart",
    "hours",
    "layer_table",
    "network",
    "plain_accuracy",
    "recorded",
    "rightly",
    "settings_apart",
    "statements",
]

SCORES = {
    "f1": ("F1", "f1_of_means"),
    "accuracy": ("“accuracy”", "ovr_accuracy"),
    "precision": ("precision", "macro_precision"),
    "recall": ("recall", "macro_recall"),
}
"""Key in the slides' table, heading, and our metric."""

PLAIN = "plain accuracy"
PRINTED = "fma-densenet/table-3"
COSTS = {"weights": "weights that learn", "macs": "multiplications for a clip", "seconds": "seconds for an epoch"}


@dataclass(frozen=True)
class Network:
    """One of the five: its name in the slides' second table, the experiment that records it, its architecture.

    Parameters
    ----------
    name, experiment, architecture : str
    row : str
        Its name in table 3.
    """

    name: str
    experiment: str
    architecture: str
    row: str

    def printed(self, what: str) -> float:
        """Return what the slides print: ``f1``, ``accuracy``, ``precision``, ``recall`` or ``params``."""
        return item(PRINTED).value(f"rows.{self.row}.{what}")


FMA = (
    Network("1D Baseline A", "baseline-a-1d", "baseline-a-1d", "Baseline A (1D)"),
    Network("2D Baseline A", "baseline-a-2d", "baseline-a-2d", "Baseline A (2D)"),
    Network("Baseline B", "baseline-b", "baseline-b", "Baseline B"),
    Network("DenseNet", "densenet", "densenet", "DenseNet"),
    Network("FusionNet", "fusion", "fusion", "FusionNet"),
)
"""In the order of the slides."""


def network(architecture: str) -> Network:
    """Return the one of the five with this architecture.

    Raises
    ------
    ParameterError
        When it is none of them; names the closest.
    """
    known = {one.architecture: one for one in FMA}
    if architecture not in known:
        match = closest(architecture, known)
        hint = f"; did you mean {match!r}?" if match else ""
        raise ParameterError(f"{architecture!r} is none of {', '.join(known)}{hint}")
    return known[architecture]


def settings_apart(network: Network, training: Training, model_options: Mapping[str, Any] | None = None) -> str:
    """Return a sentence on which settings of a run are not the slides', or that all are.

    Parameters
    ----------
    network : Network
    training : Training
    model_options : mapping, optional
        Of the architecture: ``blocks`` of a shallower DenseNet.
    """
    stated = item("fma-densenet/number-training")
    theirs = {name: stated.value(name) for name in ("epochs", "learning_rate", "weight_decay", "optimizer")}
    theirs["batch_size"] = item("fma-densenet/number-batch-sizes").value(f"batch_size.{network.name}")
    told = prose.settings_apart({name: getattr(training, name) for name in theirs}, theirs)
    if blocks := (model_options or {}).get("blocks"):
        words = prose.listed([str(size) for size in blocks])
        told += f" Its DenseNet is a shallow one, with blocks of {words} layers instead of 6, 12, 24 and 16."
    return told.strip()


def plain_accuracy(ovr_accuracy: float, n_genres: int) -> float:
    """Return the share of clips named rightly that a mean one-vs-rest accuracy stands for [0 … 1]."""
    return 1 - n_genres / 2 * (1 - ovr_accuracy)


def layer_table(architecture: str) -> pd.DataFrame:
    """Return the layers of one of the networks : pd.DataFrame, those that have weights, pool or join.

    Index layer; columns ``leaves`` and ``weights`` (that learn), text, at the register's input and eight genres.
    """
    rows = [
        (layer.name, " × ".join(f"{n:,}" for n in layer.output_shape), f"{layer.parameters:,}")
        for layer in models.structure(architecture)
        if layer.parameters or any(word in layer.name for word in ("Pool", "Concat", "Add"))
    ]
    return pd.DataFrame(rows, columns=["layer", "leaves", "weights"]).set_index("layer")


def recorded(profile: str) -> dict[str, Result]:
    """Return what was recorded of the five networks at a profile, by their names; some may be missing."""
    found = {one.name: records.read(profile, one.experiment) for one in FMA}
    return {name: result for name, result in found.items() if result is not None}


def four_scores(network: Network, results: Mapping[str, Result]) -> Styler:
    """Set the slides' four scores of a network beside ours, and the plain accuracy that most readers expect.

    Parameters
    ----------
    network : Network
    results : mapping of str to Result
        By the name of the row.

    Returns
    -------
    pandas Styler
        Per cent. First row: the slides, on FMA-small; then ours, means over seeds with 95 % intervals.
    """
    genres = item("fma-densenet/number-dataset").value("genres")
    stated = {heading: f"{100 * network.printed(key):.1f}" for key, (heading, _) in SCORES.items()}
    stated[PLAIN] = f"≈ {100 * plain_accuracy(network.printed('accuracy'), genres):.0f}"
    rows = {"reported (FMA-small)": stated}
    for name, result in results.items():
        columns = [*SCORES.values(), (PLAIN, "accuracy")]
        rows[name] = {heading: _told(result, metric) for heading, metric in columns}
    return one_line(pd.DataFrame.from_dict(rows, orient="index"))


def _told(result: Result, metric: str) -> str:
    found = result.interval(metric)
    return f"{100 * found.mean:.1f} [{100 * found.low:.0f}, {100 * found.high:.0f}]"


def rightly(result: Result | None) -> str:
    """Return how many test clips are named rightly, in words: ``72 % [50, 89], 1 seed``; `mgclib.prose.MISSING`."""
    if result is None:
        return prose.MISSING
    found, seeds = result.interval("accuracy"), len(result.seeds)
    inside = f"[{100 * found.low:.0f}, {100 * found.high:.0f}]"
    return f"{prose.percent(found.mean)} {inside}, {seeds} seed{'s' if seeds > 1 else ''}"


def count_table(network: Network, counts: Mapping[str, int]) -> pd.DataFrame:
    """Return the printed number of weights beside ours : pd.DataFrame of text, one row each.

    Parameters
    ----------
    network : Network
    counts : dict
        `mgclib.models.counts` at this run's inputs and genres.
    """
    asked, own = int(network.printed("params")), models.counts(network.architecture)
    rows = {
        "printed": asked,
        "ours, with the slides’ eight genres": own["learnt"],
        "difference": own["learnt"] - asked,
        "ours, in this run": counts["learnt"],
    }
    words = {name: f"{value:+,}" if name == "difference" and value else f"{value:,}" for name, value in rows.items()}
    return pd.Series(words).str.replace("-", "−").to_frame("weights that learn")


def cost_and_gain(data: str) -> pd.DataFrame:
    """Return cost and F1 of the five networks: as reported, or as recorded at a profile.

    Parameters
    ----------
    data : str
        A profile with records, or ``reported``.

    Returns
    -------
    pd.DataFrame
        Index: name of the network (those with a record); columns ``weights`` (that learn), ``macs`` (for one clip),
        ``seconds`` (median of an epoch; NaN where it was not printed), ``epoch`` (kept, mean over seeds), ``seeds``,
        ``f1, low, high`` [0 … 1] and ``accuracy`` (plain).
    """
    if data == "reported":
        genres = item("fma-densenet/number-dataset").value("genres")
        plain = {one: plain_accuracy(one.printed("accuracy"), genres) for one in FMA}
        rows = {
            one.name: {"weights": one.printed("params"), "f1": one.printed("f1"), "accuracy": plain[one], "seeds": 1}
            for one in FMA
        }
    else:
        rows = {name: _cost_and_gain(result) for name, result in recorded(data).items()}
    columns = ["weights", "macs", "seconds", "epoch", "seeds", "f1", "low", "high", "accuracy"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=None).reindex(columns=columns).rename_axis("network")


def _cost_and_gain(result: Result) -> dict[str, float]:
    facts, f1 = result.parameters["facts"], result.interval("f1_of_means")
    history = result.history
    return {
        "weights": facts["learnt"],
        "macs": facts["macs"],
        "seconds": float(history["seconds"].median()),
        "epoch": float(history.loc[history["best"].astype(bool), "epoch"].mean()),
        "seeds": len(result.seeds),
        "f1": f1.mean,
        "low": f1.low,
        "high": f1.high,
        "accuracy": result.interval("accuracy").mean,
    }


@styled
def gain_chart(tables: Mapping[str, pd.DataFrame], *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw F1 against what a network costs: weights, multiplications, seconds for an epoch; a row of panels per table.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame
        From `cost_and_gain`; a cost that a table does not know leaves its panel out.
    """
    tables = {name: table for name, table in tables.items() if len(table)}
    if not tables:
        raise ParameterError("there is no network to draw; give at least one table of cost_and_gain with a row")
    figure = Card(figsize=(9.2, 0.6 + 2.9 * len(tables)), layout="constrained")
    panels = figure.subplots(len(tables), len(COSTS), squeeze=False, sharey="row")
    ends = {cost: _ends(tables.values(), cost) for cost in COSTS}
    marks = dict(zip((one.name for one in FMA), zip("os^Dv", CYCLE, strict=False), strict=True))
    for row, (name, table) in zip(panels, tables.items(), strict=True):
        for axes, (cost, label) in zip(row, COSTS.items(), strict=True):
            known = table.dropna(subset=[cost])
            axes.set_visible(len(known) > 0)
            for entry in known.itertuples():
                shape, colour = marks[entry.Index]
                x, f1 = getattr(entry, cost), 100 * entry.f1
                if not np.isnan(entry.low):
                    axes.vlines(x, 100 * entry.low, 100 * entry.high, color=COLOURS[colour], linewidth=1.9)
                axes.plot(x, f1, shape, color=COLOURS[colour], markersize=8, markeredgecolor="white")
            axes.set(xscale="log", xlabel=label, xlim=ends[cost])
            axes.xaxis.set_minor_formatter(NullFormatter())
        row[0].set(ylabel="F1 (%)")
        row[0].set_title(name, loc="left")
    handles = [
        figure.axes[0].plot([], [], shape, color=COLOURS[colour], markersize=8, label=name)[0]
        for name, (shape, colour) in marks.items()
        if any(name in table.index for table in tables.values())
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=5, borderaxespad=0.2, columnspacing=1.2)
    if note is None:
        note = "Lines: 95 % intervals, over seeds where there are several, else over test tracks. Costs on a log axis."
    return finished(figure, title, note)


def _ends(tables: Iterable[pd.DataFrame], cost: str) -> tuple[float, float]:
    """Return where an axis of all tables begins and ends, with room for a power of ten at least."""
    values = pd.concat([table[cost] for table in tables]).dropna()
    low, high = (values.min(), values.max()) if len(values) else (1.0, 1.0)
    return 10 ** np.floor(np.log10(low) - 0.1), 10 ** np.ceil(np.log10(high) + 0.1)


def cost_words(table: pd.DataFrame, caption: str) -> Styler:
    """Set `cost_and_gain` as a table for a page, numbers in words.

    Parameters
    ----------
    table : pd.DataFrame
    caption : str
        Above it.
    """
    words = pd.DataFrame(index=table.index)
    words["weights"] = table["weights"].map("{:,.0f}".format)
    words["F1 (%)"] = [_share(*row) for row in table[["f1", "low", "high"]].itertuples(index=False)]
    words["named rightly"] = table["accuracy"].map("{:.0%}".format)
    if table["macs"].notna().any():
        words["million MACs"] = (table["macs"] / 1e6).map("{:,.0f}".format)
        words["s / epoch"] = table["seconds"].map("{:.2g}".format)
        words["epoch kept"] = table["epoch"].map("{:.0f}".format)
    words["seeds"] = table["seeds"].map("{:.0f}".format)
    return one_line(words).set_caption(caption)


def _share(mean: float, low: float, high: float) -> str:
    interval = "" if np.isnan(low) else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * mean:.1f}{interval}"


def statements(asked: Mapping[str, tuple[str, str]], profiles: Sequence[str]) -> pd.DataFrame:
    """Ask what the slides conclude of pairs of networks on the same test clips.

    Parameters
    ----------
    asked : mapping of str to (str, str)
        By the sentence: names of two networks; the second is said to be better, or not.
    profiles : sequence of str
        Those without a record of both are left out.

    Returns
    -------
    pd.DataFrame
        Index sentence; ``reported`` (F1 of the second minus the first, in points) and a column per profile, with 95 %
        intervals (`mgclib.paired.paired_difference`).
    """
    known = {one.name: one for one in FMA}
    rows = {}
    for sentence, names in asked.items():
        first, second = (known[name] for name in names)
        gap = 100 * (second.printed("f1") - first.printed("f1"))
        row = {"second minus first": f"{second.name} − {first.name}", "reported": f"{gap:+.1f} points"}
        for profile in profiles:
            pair = [records.read(profile, one.experiment) for one in (first, second)]
            if (told := gain(*pair)) != prose.MISSING:
                row[profile] = told
        rows[sentence] = row
    return pd.DataFrame.from_dict(rows, orient="index").fillna("")


def gain(first: Result | None, second: Result | None, metric: str = "f1_of_means") -> str:
    """Return what the second gains over the first on the same test clips, e.g. ``+2.0 points [-6.0, +10.0]``.

    `mgclib.prose.MISSING` where one is missing, or they share no seed or test clip.
    """
    if first is None or second is None:
        return prose.MISSING
    try:
        return prose.points(paired_difference(*common_seeds(first, second), metric))
    except RunError:
        return prose.MISSING


def hours(profile: str, clips: int = 6400, epochs: int = 20) -> pd.DataFrame:
    """Return how long one training on another number of clips would take, from what was recorded.

    The seconds of an epoch hold its look at the validation clips, too.

    Parameters
    ----------
    profile : str
        Whose records; networks without one are left out.
    clips, epochs : int
        Training clips and epochs; FMA-small's training part and the slides' epochs.

    Returns
    -------
    pd.DataFrame
        Index network; columns ``milliseconds per clip`` (of training, in the median epoch), ``hours`` and ``on`` (the
        processor, and how many of its cores computed).
    """
    rows = {}
    for name, result in recorded(profile).items():
        known = result.provenance
        tested = result.predictions["seed"] == result.seeds[0]
        held_out = result.predictions.loc[tested, "clip_id"].nunique()
        learned = known["fitted"][str(result.seeds[0])].get("clips", known["dataset"]["n_clips"] - held_out)
        per_clip = float(result.history["seconds"].median()) / learned
        threads = known.get("threads", known["hardware"]["cores"])
        rows[name] = {
            "milliseconds per clip": f"{1000 * per_clip:.0f}",
            "hours": f"{per_clip * clips * epochs / 3600:.1f}",
            "on": f"{threads} core{'s' if threads != 1 else ''}, {known['hardware']['cpu']}",
        }
    columns = ["milliseconds per clip", "hours", "on"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("network")
