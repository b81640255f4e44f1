"""The five networks of the FMA slides: their scores against the slides' own arithmetic, their costs, their pairs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mgclib import metrics, models, paired, plots, records, reports
from mgclib.errors import ParameterError, RunError
from mgclib.networks import Training
from mgclib.overview import fma
from mgclib.results import Result

GENRES = ("blues", "disco", "jazz", "rock")
PLAIN, DENSE = fma.network("baseline-a-2d"), fma.network("densenet")


def made(right: dict[int, str], *, f1: tuple[float, ...] = (), **facts: int) -> Result:
    """Return a result: per seed a word, a letter per clip, 1 where it is named rightly."""
    parts, histories = [], []
    for seed, word in right.items():
        ids = pd.Index([f"c{k}" for k in range(len(word))], name="clip_id")
        own = np.arange(len(word)) % len(GENRES)
        clips = pd.DataFrame({"genre": np.array(GENRES)[own], "track_id": ids}, index=ids)
        named = np.where(np.array(list(word)) == "1", own, (own + 1) % len(GENRES))
        scores = np.full((len(word), len(GENRES)), 0.1)
        scores[np.arange(len(word)), named] = 0.7
        parts.append(Result.from_arrays(clips, "test", scores, GENRES, seed))
        epochs = np.arange(1, len(f1) + 1)
        histories.append(pd.DataFrame({"seed": seed, "epoch": epochs, "val_f1": f1, "seconds": 2.0 * epochs}))
    whole = Result.concat(parts)
    history = pd.concat(histories).assign(best=lambda table: table["epoch"] == max(len(f1), 1))
    parameters = {"facts": {"learnt": 1000, "macs": 5_000_000, **facts}}
    return Result(whole.predictions, GENRES, history if f1 else pd.DataFrame(), parameters, whole.provenance)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(records, "records_root", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("one", fma.FMA, ids=lambda one: one.name)
def test_each_of_the_five_is_in_both_tables_and_in_the_register(one):
    second = reports.item("fma-densenet/table-2").value(f"rows.{one.name}")
    for key in ("f1", "accuracy", "precision", "recall"):
        assert one.printed(key) == second[key]
    assert models.architecture(one.architecture).report == "fma-densenet"
    derived = {row["model"]: row for row in reports.item("fma-densenet/table-2").derived["rows"]}[one.name]
    assert fma.plain_accuracy(one.printed("accuracy"), 8) == pytest.approx(derived["plain_accuracy"])


@pytest.mark.parametrize("k", [2, 3, 8, 10])
def test_plain_accuracy_undoes_the_one_vs_rest_mean(k):
    rng = np.random.default_rng(k)
    y, named = rng.integers(0, k, (2, 60))
    scores = np.eye(k)[named]
    both = [metrics.evaluate(name, y, scores) for name in ("ovr_accuracy", "accuracy")]
    assert fma.plain_accuracy(both[0], k) == pytest.approx(both[1])


def test_four_scores_and_the_fifth_that_readers_expect():
    table = fma.four_scores(DENSE, {"ours": made({0: "1101", 1: "1111"})}).data
    assert list(table.columns) == ["F1", "“accuracy”", "precision", "recall", "plain accuracy"]
    assert list(table.loc["reported (FMA-small)"]) == ["57.4", "89.2", "57.8", "57.1", "≈ 57"]
    assert table.loc["ours", "plain accuracy"].startswith("87.5 [")
    assert table.loc["ours", "“accuracy”"].startswith("93.8 [")


def test_counts_beside_the_printed_one():
    table = fma.count_table(fma.network("fusion"), {"learnt": 123_456})["weights that learn"]
    assert list(table) == ["7,542,552", "7,459,496", "−83,056", "123,456"]
    assert fma.count_table(DENSE, {"learnt": 1})["weights that learn"]["difference"] == "0"


def test_layers_of_a_page_add_up_to_the_printed_count():
    table = fma.layer_table("baseline-b")
    assert table["weights"].str.replace(",", "").astype(int).sum() == 1_252_162
    assert table.loc["Add", "leaves"] == "125 × 256"
    assert "ReLU" not in table.index


def test_cost_and_gain_of_what_is_printed_recorded_and_at_hand(shelf):
    printed = fma.cost_and_gain("reported")
    assert list(printed.index) == [one.name for one in fma.FMA]
    assert printed["macs"].isna().all()
    assert printed.loc["DenseNet", ["weights", "f1", "accuracy"]].tolist() == pytest.approx([6_955_784, 0.574, 0.568])
    assert fma.cost_and_gain("gtzan").empty
    made({0: "11011101", 1: "11111111"}, f1=(0.2, 0.5, 0.4)).save(shelf / "gtzan" / PLAIN.experiment)
    (kept,) = fma.cost_and_gain("gtzan").itertuples()
    assert (kept.Index, kept.weights, kept.macs, kept.seconds, kept.seeds) == (PLAIN.name, 1000, 5e6, 4.0, 2)
    assert kept.accuracy == pytest.approx(0.875)
    assert kept.low <= kept.f1 <= kept.high
    made({0: "1111"}, f1=(0.1,), learnt=7).save(shelf / "gtzan" / DENSE.experiment)
    here = fma.cost_and_gain("gtzan")
    assert here.loc[DENSE.name, "weights"] == 7
    words = fma.cost_words(here, "told").to_html()
    assert "told" in words
    assert "million MACs" in words
    assert "million MACs" not in fma.cost_words(printed, "x").to_html()


def test_figures_show_what_is_there_and_refuse_nothing_at_all(shelf):
    result = made({0: "1111", 1: "1101"}, f1=(0.1, 0.4))
    tables = {"reported": fma.cost_and_gain("reported"), "none": fma.cost_and_gain("gtzan")}
    result.save(shelf / "gtzan" / PLAIN.experiment)
    tables["ours"] = fma.cost_and_gain("gtzan")
    drawn = fma.gain_chart(tables)
    assert [axes.get_visible() for axes in drawn.axes] == [True, False, False, True, True, True]
    curves = plots.score_curves({"plain": result, "without": made({0: "11"})})
    (legend,) = (axes.get_legend() for axes in curves.axes)
    assert [text.get_text() for text in legend.get_texts()] == ["plain"]
    with pytest.raises(ParameterError, match="no network to draw"):
        fma.gain_chart({"none": tables["none"]})
    with pytest.raises(ParameterError, match="follow_f1=True"):
        plots.score_curves({"without": made({0: "11"})})


def test_a_run_says_what_the_slides_did_otherwise():
    slides = Training(epochs=20, batch_size=32, learning_rate=1e-4, weight_decay=1e-4)
    assert "all of these settings as the report prints them" in fma.settings_apart(DENSE, slides)
    told = fma.settings_apart(DENSE, dataclasses.replace(slides, batch_size=8), {"blocks": [2, 2, 2, 2]})
    assert "batch size 8 (report: 32)" in told
    assert "blocks of 2, 2, 2 and 2 layers" in told


def test_statements_are_asked_of_the_same_seeds(shelf):
    made({0: "1100" * 5, 1: "1111" * 5, 7: "0000" * 5}).save(shelf / "gtzan" / PLAIN.experiment)
    made({0: "1111" * 5, 1: "1111" * 5}).save(shelf / "gtzan" / DENSE.experiment)
    asked = {"DenseNet is best": (PLAIN.name, DENSE.name), "fusion does not help": (DENSE.name, "FusionNet")}
    table = fma.statements(asked, ["gtzan", "gtzan3"])
    assert "gtzan3" not in table
    assert table.loc["DenseNet is best", "reported"] == "+1.6 points"
    pair = paired.common_seeds(*(records.read("gtzan", one.experiment) for one in (PLAIN, DENSE)))
    assert pair[0].seeds == pair[1].seeds == (0, 1)
    gap = paired.paired_difference(*pair, "f1_of_means")
    assert table.loc["DenseNet is best", "gtzan"].startswith(f"{100 * gap.mean:+.1f} points")
    assert table.loc["fusion does not help", "gtzan"] == ""


@pytest.mark.parametrize("kept", [{"clips": 8}, {}], ids=["clips kept", "clips from the split"])
def test_hours_are_those_of_so_many_clips_and_epochs(shelf, kept):
    assert fma.hours("gtzan3").empty
    result = made({0: "1111"}, f1=(0.1, 0.2, 0.3))  # epochs of 2, 4 and 6 s
    known = {"dataset": {"name": "gtzan3", "n_clips": 12}, "hardware": {"cores": 2, "cpu": "a chip"}, "threads": 1}
    known["fitted"] = {"0": kept}
    dataclasses.replace(result, provenance=known).save(shelf / "gtzan3" / DENSE.experiment)
    table = fma.hours("gtzan3", clips=900, epochs=8)
    assert table.loc[DENSE.name].tolist() == ["500", "1.0", "1 core, a chip"]


def test_what_is_none_of_the_five_or_shares_no_seed():
    with pytest.raises(ParameterError, match="did you mean 'densenet'"):
        fma.network("densnet")
    with pytest.raises(RunError, match="none in common"):
        paired.common_seeds(made({0: "11"}), made({1: "11"}))
