"""What every recorded approach costs to ask: weights, multiplications and seconds per input on one core.

Run by hand on an idle machine, with GTZAN at hand for the models that are no networks (they are fitted anew, since
how many support vectors or trees they have depends on the data):

    python tests/benchmarks/bench_inference.py [GTZAN's folder] [experiment ...]

Writes ``book/records/costs/inference/costs.json``, which `mgclib.overview.costs` reads; named experiments are measured
again, the others kept. Seconds are CPU time of this process, held on one core by the operating system, the least of
several tries: what a clock would show if nothing else ran.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")}
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np  # noqa: E402  (after the threads are counted)
import pandas as pd  # noqa: E402

from mgclib import datasets, models, records, splits, summary, tuning  # noqa: E402
from mgclib.crops import CropClassifier  # noqa: E402
from mgclib.datasets import gtzan  # noqa: E402
from mgclib.features import MelSpec, crops, log_mel, mel_images  # noqa: E402
from mgclib.files import write_text  # noqa: E402
from mgclib.models.cost import macs  # noqa: E402
from mgclib.overview.approaches import LEFT_OUT, VOTES  # noqa: E402
from mgclib.overview.costs import COSTS, inputs_per_track  # noqa: E402
from mgclib.results import Result  # noqa: E402

BATCH = 32
SECONDS = 30.0
PROFILES = ("gtzan-filtered", "gtzan", "gtzan3", "gtzan100")
RATE = 22050
UNLIKE = {"feature-ml", *LEFT_OUT}
"""Experiments whose record does not say enough to make their models anew, or that are no approach of their own."""

IN_PIECES = ("recipe-cnn",)
"""Networks that are shown pieces of so many ``columns``, and asked about several of a clip."""


def least(task: Callable[[], Any], tries: int = 3, enough: float = 6.0) -> float:
    """Return the least CPU seconds of some tries; a slow task is not tried so often."""
    task()
    spent, found = 0.0, []
    while len(found) < tries and (not found or spent < enough):
        start = time.process_time()
        task()
        found.append(time.process_time() - start)
        spent += found[-1]
    return min(found)


def noise(seconds: float, rate: int = RATE) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, int(seconds * rate)).astype(np.float32)


def preparing(parameters: dict[str, Any], seconds: float) -> float:
    """Return the seconds from a waveform to what the model is given; pictures only, a waveform is given as it is."""
    shapes = [parameters.get("image"), *np.atleast_1d(np.array(parameters.get("input", []), dtype=object))]
    picture = next((tuple(shape) for shape in shapes if isinstance(shape, list) and len(shape) == 3), None)
    if picture is None:
        return 0.0
    spec = MelSpec(**parameters.get("mel", {}))
    sound = noise(seconds, spec.sample_rate)
    return least(lambda: mel_images(log_mel(sound, spec)[None], *picture[:2], channels=picture[2]), 5)


def asking(ask: Callable[[Any], Any], shape: Any, dtype: str = "float32") -> dict[str, float]:
    """Return the seconds per input when asked for one and for `BATCH` at once."""

    def some(n: int) -> Any:
        shapes = [shape] if isinstance(shape[0], int) else shape
        arrays = tuple(np.random.default_rng(0).integers(0, 255, (n, *one)).astype(dtype) for one in shapes)
        return arrays[0] if len(arrays) == 1 else arrays

    one, many = some(1), some(BATCH)
    return {"single": least(lambda: ask(one), 10, 3.0), "batch": least(lambda: ask(many)) / BATCH}


def network(result: Result, name: str | None = None) -> dict[str, Any]:
    """Return what a recorded network costs; one of `IN_PIECES`, to be asked about all pieces of a clip."""
    given = result.parameters
    name = (name or given.get("model") or given["experiment"]).lower()
    shape = given.get("image") or given["input"]
    shape = tuple(shape) if isinstance(shape[0], int) else tuple(map(tuple, shape))
    options = {key: given[key] for key in ("alpha", "base") if given.get(key)}
    ask_about, count = shape, 1
    if name in IN_PIECES:
        ask_about, count = (shape[0], given["columns"], shape[2]), CropClassifier.count
    model = models.build(name, ask_about, len(result.genres), **options)

    def ask(x: np.ndarray) -> np.ndarray:
        pieces = crops(x, count, given["columns"])
        answers = model.predict_on_batch(pieces.reshape(-1, *ask_about))
        return answers.reshape(len(x), count, -1).mean(axis=1)

    found = {"network": name, "parameters": int(model.count_params()), "macs": count * int(macs(model))}
    return {**found, "input": list(shape), **asking(model.predict_on_batch if count == 1 else ask, shape)}


def covariances(result: Result) -> dict[str, Any]:
    """Return what the linear model on covariances costs: which clips it was fitted on makes no difference.

    Multiplications are those of matrices; the eigenvalues of k rows take about 4.5 k³ (Golub and Van Loan, symmetric
    QR with vectors: 9 k³ operations).
    """
    height, width, _ = shape = tuple(result.parameters["image"])
    genres, n_mfcc = len(result.genres), result.parameters["n_mfcc"]
    model = models.build("covariances", shape, genres, n_mfcc=n_mfcc)
    labels = np.arange(2 * genres) % genres
    model.fit(np.random.default_rng(0).integers(0, 255, (len(labels), *shape)).astype(np.uint8), labels)
    rows = n_mfcc * (1 + len(model.lags))
    weights = model.machine_.coef_.size
    products = n_mfcc * height * width + rows**2 * (width - max(model.lags)) + int(5.5 * rows**3) + weights
    stored = weights + model.machine_.intercept_.size + model.centre_.size + 1
    found = {"network": "covariances", "parameters": stored, "macs": products, "input": list(shape)}
    return {**found, **asking(model.predict_proba, shape, "uint8")}


def together(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a vote costs: the sum of its members, who are given the same input."""
    names = " + ".join(row["network"] for row in rows)
    sums = {key: sum(row[key] for row in rows) for key in ("parameters", "single", "batch")}
    known = [row["macs"] for row in rows]
    return {"network": names, "input": rows[0]["input"], "macs": None if None in known else sum(known), **sums}


def vote(result: Result, voters: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what each member of a vote costs, named as in the record, and the vote under the empty name."""
    found = {
        member: covariances(result) if name == "covariances" else network(result, name)
        for member, name in voters.items()
    }
    return {**found, "": together(list(found.values()))}


def trees(model: Any) -> int:
    """Return how many numbers boosted trees hold: two per split, one per leaf."""
    booster = getattr(model.trees_, "booster_", None) or model.trees_.get_booster()
    table = booster.trees_to_dataframe()
    splits_ = table["left_child"].notna() if "left_child" in table else table["Feature"] != "Leaf"
    return int(2 * splits_.sum() + (~splits_).sum())


def features(result: Result, home: str | None) -> dict[str, dict[str, Any]]:
    """Return what the models on feature rows cost, and their soft vote under the empty name."""
    music = datasets.load("gtzan", home)
    table = gtzan.feature_table(home).loc[music.clips.index].drop(columns=["length", "label"])
    x = table.to_numpy(np.float32)
    found = {}
    for name in ("svm", "xgboost", "lightgbm"):
        model, _ = tuning.fit_chosen(result, name, music, x, result.seeds[0])
        row: dict[str, Any] = {"network": name, "input": [x.shape[1]], **asking(model.predict_proba, x.shape[1:])}
        if name == "svm":
            vectors = model.machine_[-1].support_vectors_
            row |= {"parameters": int(vectors.size + model.machine_[-1].dual_coef_.size), "macs": int(vectors.size)}
        else:
            row |= {"parameters": trees(model), "macs": None}
        found[name] = row
    return {**found, "": together([found["xgboost"], found["lightgbm"]])}


def pictures(result: Result, home: str | None) -> dict[str, Any]:
    """Return what a classical model on pictures costs, fitted on the training lists of the record."""
    from mgclib.inputs import MelPictures

    given = result.parameters
    image = given.get("image") or [*given["size"], given["channels"]]
    music = datasets.load("gtzan", home)
    parts = splits.split(music, given["protocol"], result.seeds[0], sizes=tuple(given["sizes"]))
    known = parts.isin(["train", "validation"]).to_numpy() if given.get("join_validation") else (parts == "train")
    x = MelPictures(*image[:2], channels=image[2]).of(music)[np.asarray(known)]
    name = "svm-pixels" if "C" in given else "pca-neighbours"
    options = {key: given[key] for key in ("C", "gamma", "n_components", "n_neighbors") if key in given}
    model = models.build(name, tuple(image), len(result.genres), **options)
    model.fit(x, music.labels[np.asarray(known)])
    dimensions = int(np.prod(image))
    if name == "svm-pixels":
        machine = next(value for value in vars(model).values() if hasattr(value, "n_support_"))
        numbers = int(machine.n_support_.sum())
        row = {"parameters": numbers * dimensions + machine.dual_coef_.size, "macs": numbers * dimensions}
    else:
        row = {"parameters": (1 + given["n_components"]) * dimensions + len(x) * given["n_components"]}
        row["macs"] = given["n_components"] * (dimensions + len(x))
    return {"network": name, "input": image, **row, **asking(model.predict_proba, tuple(image), "uint8")}


def measured(experiment: str, home: str | None) -> dict[str, dict[str, Any]]:
    """Return the costs of an experiment by member; its own under the empty name."""
    found = records.of(experiment)
    result = next(found[profile] for profile in PROFILES if profile in found)
    seconds = SECONDS / max(1, round(inputs_per_track(result)))
    if experiment == "feature-ml-gtzan":
        sound = noise(SECONDS)
        prepare = least(lambda: summary.summarise(sound), 2)
        rows = features(result, home)
    else:
        given = result.parameters
        whole = given if "size" not in given else {**given, "image": [*given["size"], given["channels"]], "mel": {}}
        prepare = preparing(whole, seconds)
        if experiment in VOTES:
            rows = vote(result, VOTES[experiment])
        else:
            rows = {"": pictures(result, home) if {"C", "n_neighbors"} & set(given) else network(result)}
    return {name: {**row, "prepare": prepare, "seconds_of_sound": seconds} for name, row in rows.items()}


def main() -> None:
    home = sys.argv[1] if len(sys.argv) > 1 else None
    kept = json.loads(COSTS.read_text(encoding="utf-8"))["experiments"] if COSTS.is_file() else {}
    names = sys.argv[2:] or sorted(set(records.available()["experiment"]) - UNLIKE)
    for name in names:
        started = time.perf_counter()
        try:
            kept[name] = measured(name, home)
        except Exception as error:
            print(f"{name:<24} left out: {type(error).__name__}: {error}", flush=True)
            continue
        table = pd.DataFrame(kept[name]).T[["parameters", "macs", "prepare", "single", "batch"]]
        print(f"{name} ({time.perf_counter() - started:.0f} s)\n{table.to_string()}", flush=True)
        origin = records.provenance()
        facts = {key: origin[key] for key in ("hardware", "packages", "python", "platform", "commit", "time")}
        how = f"CPU seconds per input on one core, least of several tries; batch: of {BATCH} at once, per input"
        COSTS.parent.mkdir(parents=True, exist_ok=True)
        whole = {"measured": {"how": how, "batch": BATCH, "threads": 1, **facts}, "experiments": kept}
        write_text(COSTS, json.dumps(whole, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
