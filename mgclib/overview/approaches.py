"""All recorded approaches side by side: one row for each record, and for each model that a record keeps beside its own.

Nothing is trained here; results on generated music are no records, so none can appear. A clip that a model is asked
about in snippets counts by the vote of its snippets, so that every approach is judged on the same clips.

Notebook: ``comparison``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from mgclib import metrics, records
from mgclib.ensemble import MEMBER, members
from mgclib.metrics import Interval
from mgclib.overview.costs import cost_of, inputs_per_track, training_seconds
from mgclib.results import Result
from mgclib.tables import Sortable, sortable

__all__ = [
    "FILTERED",
    "LEFT_OUT",
    "NAMES",
    "PHOTOGRAPHS",
    "RANDOM",
    "SCRATCH",
    "VOTES",
    "Approach",
    "collect",
    "costs_told",
    "of_record",
    "shown",
    "summary",
]

RANDOM, FILTERED = "gtzan", "gtzan-filtered"
"""The two profiles with all ten genres: split as in the reports, and on the fault-filtered lists."""

SCRATCH, PHOTOGRAPHS = "nothing", "photographs"
NAMES = {
    "pca-pixels": ("Neighbours on 3 components", "pixels", SCRATCH),
    "svm-pixels-360x120": ("SVM on pixels, 360 × 120", "pixels", SCRATCH),
    "svm-pixels-400x400": ("SVM on pixels, 400 × 400", "pixels", SCRATCH),
    "feature-ml": ("Features, soft vote", "features", SCRATCH),
    "feature-ml-gtzan": ("Features, soft vote", "features", SCRATCH),
    "cnn-1d-mel": ("1D CNN on mel images", "picture network", SCRATCH),
    "cnn-cs464-25": ("2D CNN (CS464), 25 epochs", "picture network", SCRATCH),
    "cnn-cs464-100": ("2D CNN (CS464), 100 epochs", "picture network", SCRATCH),
    "lstm-70": ("LSTM, 70 % to train", "recurrent", SCRATCH),
    "lstm-80": ("LSTM, 80 % to train", "recurrent", SCRATCH),
    "cnn-gtzan": ("Techno CNN", "picture network", SCRATCH),
    "techno-cnn": ("Techno CNN", "picture network", SCRATCH),
    "transfer-baseline": ("Choi's CNN", "picture network", SCRATCH),
    "transfer-mobilenet": ("MobileNet", "backbone", PHOTOGRAPHS),
    "transfer-mobilenetv2": ("MobileNetV2", "backbone", PHOTOGRAPHS),
    "transfer-efficientnetb0": ("EfficientNetB0", "backbone", PHOTOGRAPHS),
    "transfer-inceptionv3": ("InceptionV3", "backbone", PHOTOGRAPHS),
    "agh-first-model": ("AGH first model", "picture network", SCRATCH),
    "agh-efficientnet": ("EfficientNetB0, from scratch", "picture network", SCRATCH),
    "agh-resnet": ("ResNet50, from scratch", "picture network", SCRATCH),
    "augmentation": ("Techno CNN, augmented", "picture network", SCRATCH),
    "cam": ("CNN with global pooling", "picture network", SCRATCH),
    "baseline-a-2d": ("Baseline A (2D)", "picture network", SCRATCH),
    "baseline-b": ("Baseline B", "picture network", SCRATCH),
    "baseline-a-1d": ("Baseline A (1D)", "waveform network", SCRATCH),
    "cnn-1d-waveform": ("1D CNN on waveforms", "waveform network", SCRATCH),
    "cnn-1d-waveform-70": ("1D CNN on waveforms, 70 % to train", "waveform network", SCRATCH),
    "densenet": ("DenseNet", "picture network", SCRATCH),
    "fusion": ("FusionNet", "both at once", SCRATCH),
    "best-recipe": ("Best recipe", "picture network", SCRATCH),
    "best-recipe-imagenet": ("Best recipe, with photographs", "backbone", PHOTOGRAPHS),
}
"""Name in tables, kind, and what the weights have seen before; an experiment that is not here goes by its own name."""

VOTES = {
    "best-recipe": {"+ changes over 2 columns": "covariances", "+ rising, falling rate": "recipe-cnn"},
    "best-recipe-imagenet": {"covariances": "covariances", "photographs, all layers": "mobilenet"},
}
"""Records that are a vote: what the register calls each model that is kept beside it."""

UNTRAINED = ("no transfer", "covariances")
"""Models kept beside one that has seen photographs, which have seen none."""

LEFT_OUT = {
    "leakage": "the same models under a ladder of protocols",
    "techno-first-attempts": "one network on very few tracks, for a learning curve",
}
"""Experiments with records that are no approach of their own, and why."""

DATA = {
    "gtzan": ("ten genres", "report's split"),
    "gtzan-filtered": ("ten genres", "fault-filtered"),
    "gtzan3": ("three genres", "report's split"),
    "gtzan3-filtered": ("three genres", "fault-filtered"),
    "gtzan3-artist": ("three genres", "artists apart"),
    "gtzan100": ("ten clips a genre", "report's split"),
    "gtzan100-grouped": ("ten clips a genre", "tracks apart"),
}
"""Profile: how much of GTZAN, and how it was divided, in words."""

SCORES = (("macro_f1", "macro_f1"), ("top_3", "top_3_accuracy"))
EXPLAINED = {
    "learnt from": "what the weights had seen before: nothing, or photographs of ImageNet; never other music",
    "accuracy (%)": "share of test clips with the right genre, mean over seeds, with its 95 % interval",
    "interval": "what the interval is over: t over seeds, or the bootstrap over test tracks where there is one seed",
    "top-3 (%)": "share of test clips whose genre is among the three most probable",
    "weights": "numbers the model stores: weights; support vectors; splits and leaves of trees",
    "MACs": "multiplications for one clip; trees do not multiply",
    "training (s)": "median seconds of fitting a seed, two cores, some with other work; models beside it: their epochs",
    "asking (ms)": "from a waveform of 30 s to the answer, one clip at a time, on one core",
    "at once (ms)": "the same per clip, the model being asked for 32 clips at once",
}


@dataclass(frozen=True, eq=False)
class Approach:
    """A recorded model.

    Parameters
    ----------
    name : str
        As in a table.
    kind, learnt_from : str
        As in `NAMES`.
    profile, experiment : str
        Whose record it is.
    member : str or None
        The model that a record keeps beside its own; None: the record's own.
    setting : str
        Which of its models the record's own is, where it keeps several.
    recorded : Result
        As recorded.
    """

    name: str
    kind: str
    learnt_from: str
    profile: str
    experiment: str
    member: str | None
    setting: str
    recorded: Result = field(repr=False)

    @cached_property
    def result(self) -> Result:
        """Its result with one answer per clip: snippets vote."""
        return self.recorded.vote() if round(inputs_per_track(self.recorded)) > 1 else self.recorded

    @property
    def data(self) -> str:
        """How much of GTZAN it was tried on."""
        return DATA.get(self.profile, (self.profile, ""))[0]

    @property
    def division(self) -> str:
        """How training and test clips were kept apart."""
        return DATA.get(self.profile, ("", str(self.recorded.parameters.get("protocol"))))[1]


def collect(profiles: Iterable[str] | None = None, *, variants: Iterable[str] = ()) -> list[Approach]:
    """Return the recorded approaches, ordered by profile and experiment.

    Parameters
    ----------
    profiles : iterable of str or None
        Whose records; None: all.
    variants : iterable of str
        Profiles of whose records the models kept beside their own come along.
    """
    wanted, whole = None if profiles is None else set(profiles), set(variants)
    found = []
    for place in sorted(records.records_root().glob("*/*/result.json")):
        profile, experiment = place.parts[-3:-1]
        if experiment not in LEFT_OUT and (wanted is None or profile in wanted):
            result = records.read(profile, experiment)
            if "test" in result.parts:
                found += of_record(profile, experiment, result, variants=profile in whole)
    return found


def of_record(profile: str, experiment: str, result: Result, *, variants: bool = False) -> list[Approach]:
    """Return the approach of a record, and with `variants` each other model that it keeps beside its own."""
    name, kind, learnt_from = NAMES.get(experiment, (experiment, "picture network", SCRATCH))
    if any(word in str(result.parameters.get("weights")) for word in ("notop", "imagenet")):
        learnt_from = PHOTOGRAPHS
    if result.parameters.get("alpha") and kind == "backbone" and experiment not in VOTES:
        name = f"{name} ({result.parameters['alpha']:g})"
    tables = {key.removeprefix(MEMBER): table for key, table in result.tables.items() if key.startswith(MEMBER)}
    own = next((member for member, table in tables.items() if _same(table, result.predictions)), "")
    found = [Approach(name, kind, learnt_from, profile, experiment, None, own, result)]
    for member, one in members(result).items() if variants else ():
        if member != own:
            called = VOTES.get(experiment, {}).get(member, member)
            seen = SCRATCH if called in UNTRAINED else learnt_from
            title = f"{name.partition(', soft vote')[0]}: {called}"
            found.append(Approach(title, kind, seen, profile, experiment, member, member, one))
    return found


def _same(table: pd.DataFrame, predictions: pd.DataFrame) -> bool:
    """Whether two tables of predictions are of the same model: the types may differ, the numbers not."""
    columns = [name for name in predictions if name.startswith("p_")]
    return len(table) == len(predictions) and bool((table[columns].to_numpy() == predictions[columns].to_numpy()).all())


def summary(approaches: Sequence[Approach]) -> pd.DataFrame:
    """Return what is known of each approach.

    Returns
    -------
    pd.DataFrame
        In the order given; columns ``name, kind, learnt_from, data, division, profile, experiment, member, setting``;
        ``accuracy, low, high`` (mean over seeds of the test clips with its 95 % interval), ``interval`` (``5 seeds``,
        ``290 tracks``), ``macro_f1``, ``top_3`` [0 … 1]; ``seeds``, ``clips`` (tested per seed), ``genres``;
        ``parameters``, ``macs`` (per clip), ``training`` [s per seed], ``prepare``, ``single``, ``batch`` [s per clip
        of CPU time on one core] and ``asking``, ``at_once`` (with ``prepare``); NaN where not known.
    """
    return pd.DataFrame([_row(one) for one in approaches])


def _row(one: Approach) -> dict[str, object]:
    result = one.result
    interval: Interval = result.interval("accuracy")
    answers = [result.arrays("test", seed) for seed in result.seeds]
    cost = cost_of(one.recorded, one.experiment, one.member)
    keys = ("parameters", "macs", "prepare", "single", "batch")
    costs = {key: cost.get(key, float("nan")) for key in keys}
    seconds = training_seconds(one.recorded, one.member)
    words = {key: getattr(one, key) for key in ("name", "kind", "learnt_from", "data", "division")}
    return {
        **words,
        **{key: getattr(one, key) for key in ("profile", "experiment", "member", "setting")},
        **{"accuracy": interval.mean, "low": interval.low, "high": interval.high},
        "interval": f"{interval.n} {interval.kind}",
        **{key: float(np.mean([metrics.evaluate(metric, *pair) for pair in answers])) for key, metric in SCORES},
        "seeds": len(answers),
        "clips": len(answers[0][0]),
        "genres": len(result.genres),
        **costs,
        "training": float("nan") if seconds is None else seconds,
        "asking": costs["prepare"] + costs["single"],
        "at_once": costs["prepare"] + costs["batch"],
    }


def costs_told(value: float, unit: float = 1.0) -> str:
    """Return a cost with two significant digits and thousands by letter, e.g. ``8.5 M``; NaN: a dash."""
    if np.isnan(value):
        return "—"
    scaled = value / unit
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if scaled >= 0.995 * size:
            scaled, end = scaled / size, letter
            break
    else:
        end = ""
    rounded = float(f"{scaled:.2g}")
    return f"{rounded:.0f}{end}" if rounded >= 10 or rounded == 0 else f"{rounded:.1f}{end}"


def shown(table: pd.DataFrame, *, caption: str) -> Sortable:
    """Set `summary` as a table to sort and to filter.

    Parameters
    ----------
    table : pd.DataFrame
        From `summary`; rows in the order in which they are to be read first.
    caption : str
        See `mgclib.tables.sortable`.
    """
    table = table.reset_index(drop=True)
    numbers = {
        "accuracy (%)": (100 * table["accuracy"], _with_interval(table)),
        "interval": (None, table["interval"]),
        "macro F1 (%)": (100 * table["macro_f1"], (100 * table["macro_f1"]).map("{:.1f}".format)),
        "top-3 (%)": (100 * table["top_3"], (100 * table["top_3"]).map("{:.1f}".format)),
        "weights": (table["parameters"], table["parameters"].map(costs_told)),
        "MACs": (table["macs"], table["macs"].map(costs_told)),
        "training (s)": (table["training"], table["training"].map(costs_told)),
        "asking (ms)": (table["asking"], table["asking"].map(lambda value: costs_told(value, 1e-3))),
        "at once (ms)": (table["at_once"], table["at_once"].map(lambda value: costs_told(value, 1e-3))),
    }
    texts = {name: text for name, (_, text) in numbers.items()}
    frame = pd.DataFrame(
        {"approach": table["name"], "music": table["data"], "test clips": table["division"]}
        | texts
        | {"kind": table["kind"], "learnt from": table["learnt_from"]}
        | {"record": table["member"].isna().map({True: "own", False: "beside it"})}
    )
    raw = pd.DataFrame({name: values for name, (values, _) in numbers.items() if values is not None})
    return sortable(
        frame,
        raw=raw,
        caption=caption,
        filters=("music", "test clips", "kind", "learnt from", "record"),
        links={"approach": [f"{name}.html" for name in table["experiment"]]},
        explained=EXPLAINED,
    )


def _with_interval(table: pd.DataFrame) -> pd.Series:
    percent = 100 * table[["accuracy", "low", "high"]]
    told = [f"{row.accuracy:.1f} [{row.low:.0f}, {row.high:.0f}]" for row in percent.itertuples()]
    return pd.Series(told, index=table.index)
