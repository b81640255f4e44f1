"""Asking a kept model: the answers are those of its run, bad files are named, and no model is ever half there."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import typer
from typer.testing import CliRunner

import mgclib as mgc
from mgclib import fitted, inference, inputs, models
from mgclib.cli.predict import predict as command
from mgclib.datasets.dataset import FaultyClipWarning
from mgclib.embeddings import BackboneFeatures
from mgclib.ensemble import members
from mgclib.errors import MgcError, ParameterError, RunError
from mgclib.experiments.cache import drop_replaced_models
from mgclib.experiments.kept import kept_model
from mgclib.experiments.keys import training_sources
from mgclib.results import Result
from mgclib.summary import SummarySpec
from mgclib.training import KerasClassifier, Training, run_seeds
from mgclib.tuning import run_models

RATE = 8000
RECIPE = inputs.MelPictures(16, 16, mel=mgc.features.MelSpec(sample_rate=RATE, n_fft=512, hop_length=256, n_mels=32))


def song(path: Path, pitch: float, seconds: float = 2.0, seed: int = 0) -> Path:
    t = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(0, 0.05, len(t))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * pitch * t) + noise, RATE)
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    for number in range(6):
        song(folder / "high" / f"{number}.wav", 1500 + 30 * number, seed=number)
        song(folder / "low" / f"{number}.wav", 300 + 30 * number, seed=10 + number)
    return folder


@pytest.fixture(scope="module")
def music(home):
    return mgc.datasets.load("folder", home, clip_seconds=1.0)


def machine(seed: int):
    return models.build("svm-pixels", (16, 16, 1), 2, C=1.0, gamma=0.05)


def train(music, folder: Path, make=machine, seeds=(0,), **options) -> Result:
    settings = {"experiment": "tiny", "profile": "folder"}
    options = {"protocol": "grouped", "sizes": (0.5, 0.0, 0.5), "verbose": False, "parameters": settings, **options}
    return run_seeds(music, RECIPE.of(music), make, seeds=list(seeds), checkpoint_dir=folder, recipe=RECIPE, **options)


def finished(
    checkout: Path, name="tiny", profile="folder", key="a" * 16, seeds_key="k1", when="2026-01-01", seeds=(0,)
) -> Path:
    """Write the stamp of a finished run, as `mgc run` does."""
    folder = checkout / "runs" / profile / name / key
    folder.mkdir(parents=True, exist_ok=True)
    stamp = {"experiment": name, "profile": profile, "finished": when, "seeds_key": seeds_key}
    (folder / "stamp.json").write_text(json.dumps({**stamp, "parameters": {"seeds": list(seeds)}}), encoding="utf-8")
    (folder / "notebook.ipynb").write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(music, tmp_path_factory):
    """A checkout with one finished run, and the predictions that it stored."""
    checkout = tmp_path_factory.mktemp("checkout")
    (checkout / "notebooks").mkdir()
    (checkout / "notebooks" / "experiments.yaml").write_text("", encoding="utf-8")
    result = train(music, checkout / "runs/folder/tiny/seeds-k1", seeds=(0, 1))
    finished(checkout)
    return checkout, result


@pytest.fixture
def checkout(trained, tmp_path, monkeypatch):
    shutil.copytree(trained[0], tmp_path / "checkout")
    monkeypatch.setenv("MGC_PROJECT", str(tmp_path / "checkout"))
    return tmp_path / "checkout"


def ask(*arguments: object):
    app = typer.Typer()
    app.command()(command)
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(a) for a in arguments])


def stored(result: Result, music) -> pd.DataFrame:
    """The run's own test predictions of its first seed, by file and second."""
    rows = result.select("test", 0).set_index("clip_id")
    places = music.clips.loc[rows.index, ["path", "start_s"]]
    return rows.set_index([places["path"], places["start_s"]])[["p_high", "p_low"]].sort_index()


def test_the_answers_are_those_of_the_run(checkout, trained, music):
    expected = stored(trained[1], music)
    files = sorted(set(expected.index.get_level_values("path")))
    shown = ask(*files, "--format", "json")
    assert shown.exit_code == 0, shown.output
    table = pd.DataFrame(json.loads(shown.stdout))
    clips = table[table["part"] == "clip"].set_index(["file", "start_s"])[["p_high", "p_low"]]
    np.testing.assert_allclose(clips.sort_index().to_numpy(), expected.to_numpy(), atol=2e-6)
    whole = table[table["part"] == "file"].set_index("file").sort_index()
    means = expected.groupby(level="path").mean()
    np.testing.assert_allclose(whole[["p_high", "p_low"]].to_numpy(), means.to_numpy(), atol=2e-6)
    assert list(whole["genre_1"]) == list(means.idxmax(axis=1).str.removeprefix("p_"))
    assert (whole["probability_1"] == means.max(axis=1).to_numpy().round(6)).all()
    assert "tiny at profile folder, seed 0" in shown.stderr


def test_a_network_answers_as_in_its_run(music, tmp_path):
    def network(seed):
        training = Training(epochs=4, batch_size=4, precision="float32")
        return KerasClassifier("techno-cnn", 2, training, seed, verbose=False)

    result = train(music, tmp_path, network)
    expected = stored(result, music)
    files = sorted(set(expected.index.get_level_values("path")))
    table = mgc.predict(files, run=tmp_path)
    clips = table[table["part"] == "clip"].set_index(["file", "start_s"])[["p_high", "p_low"]].sort_index()
    assert np.ptp(expected["p_high"]) > 0.003  # not the same for all
    np.testing.assert_allclose(clips.to_numpy(), expected.to_numpy(), atol=1e-5)
    description = json.loads((tmp_path / "seed-0/model/model.json").read_text(encoding="utf-8"))
    assert description["classifier"]["kind"] == "network"
    assert description["about"]["accuracy"]["test"] == pytest.approx(result.metric("accuracy").iloc[0], abs=1e-4)


def test_bad_files_are_named_and_the_others_go_on(checkout, home, tmp_path):
    new = tmp_path / "new"
    good = [song(new / "b" / "good.flac", 400), song(new / "z.wav", 1600, seconds=0.8)]
    (new / "empty.mp3").write_bytes(b"")
    (new / "half.flac").write_bytes(good[0].read_bytes()[:6000])
    (new / "notes.wav").write_text("no sound", encoding="utf-8")
    (new / "song.m4a").write_bytes(b"x")
    soundfile.write(new / "silent.wav", np.zeros(2 * RATE), RATE)
    soundfile.write(new / "tick.wav", np.full(RATE // 10, 0.5), RATE)
    (new / "cover.jpg").write_bytes(b"x")
    shown = ask(new, tmp_path / "gone.wav", good[1], "--format", "csv")
    assert shown.exit_code == 1
    table = pd.read_csv(io.StringIO(shown.stdout))
    assert list(table.columns) == inference.columns(("high", "low"))
    assert [Path(name).name for name in table["file"]] == ["good.flac"] * 3 + ["z.wav"] * 2  # sorted, each once
    assert list(table["genre_1"]) == ["low"] * 3 + ["high"] * 2
    assert table["end_s"].tolist() == [1.0, 2.0, 2.0, 0.8, 0.8]
    problems = {
        "empty.mp3": "0 bytes",
        "half.flac": "",
        "notes.wav": "cannot be decoded",
        "song.m4a": "convert it to FLAC or WAV",
        "silent.wav": "silence",
        "tick.wav": "0.10 s long",
        "gone.wav": "no such file",
    }
    lines = [line for line in shown.stderr.splitlines() if line.startswith("set aside: ")]
    assert len(lines) == len(problems)
    for name, problem in problems.items():
        assert any(f"{name}: " in line and problem in line for line in lines), name


def test_nothing_usable_is_an_empty_table_with_its_columns(checkout, tmp_path):
    shown = ask(tmp_path / "gone.wav", "--format", "csv", "--top", "1")
    assert shown.exit_code == 1
    assert shown.stdout.strip() == "file,part,start_s,end_s,genre_1,probability_1,p_high,p_low"
    assert json.loads(ask(tmp_path / "gone.wav", "--format", "json").stdout) == []
    with pytest.raises(ParameterError, match="no file is named"):
        mgc.predict([])


def test_the_function_warns_of_what_it_sets_aside(checkout, home, tmp_path):
    with pytest.warns(FaultyClipWarning, match=r"gone\.wav is set aside: there is no such file"):
        table = mgc.predict([tmp_path / "gone.wav", home / "low" / "0.wav"], run="tiny", top=9)
    assert [f"genre_{k}" in table for k in (1, 2, 3)] == [True, True, False]
    np.testing.assert_allclose(table[["p_high", "p_low"]].sum(axis=1), 1, atol=2e-6)


def test_the_table_for_people(checkout, home):
    shown = ask(home / "low" / "0.wav")
    assert shown.exit_code == 0
    assert "0:00–0:01" in shown.stdout
    assert "whole file" in shown.stdout
    assert "low 0." in shown.stdout


def test_generated_music_is_a_caveat(music, home):
    def model(synthetic: bool):
        return fitted.FittedModel(
            ("a",), 1.0, RECIPE, None, {"provenance": {"dataset": {"synthetic": synthetic}}}, {"numpy": np.__version__}
        )

    (told,) = model(True).caveats
    assert "trained on generated music" in told
    assert model(False).caveats == []
    old = fitted.FittedModel(("a",), 1.0, RECIPE, None, {}, {"numpy": "0.1"})
    assert "numpy 0.1" in old.caveats[0]


def test_the_newest_run_answers(checkout):
    older = kept_model()
    shelf = checkout / "runs/folder/tiny"
    shutil.copytree(shelf / "seeds-k1", shelf / "seeds-k2")
    newer = finished(checkout, key="b" * 16, seeds_key="k2", when="2026-02-01")
    finished(checkout, key="c" * 16, seeds_key="k3", when="2026-03-01")  # the newest, but it kept no model
    assert kept_model() == kept_model("tiny") == shelf / "seeds-k2/seed-0/model" != older
    assert kept_model(shelf / ("a" * 16)) == older
    assert kept_model(newer) == kept_model(shelf / "seeds-k2") == kept_model(shelf / "seeds-k2/seed-0/model")
    shutil.copytree(shelf, checkout / "runs/smoke/other")
    assert kept_model("tiny", "folder").parts[-5:-3] == ("folder", "tiny")
    assert kept_model(profile="smoke").parts[-5:-3] == ("smoke", "other")


def test_of_several_models_of_a_run_the_last_of_its_own_protocol_answers(checkout):
    shelf = checkout / "runs/folder/several"
    folder = finished(checkout, name="several", when="2026-04-01")
    stamp = json.loads((folder / "stamp.json").read_text(encoding="utf-8"))
    stamp["parameters"]["protocol"] = "random"
    (folder / "stamp.json").write_text(json.dumps(stamp), encoding="utf-8")
    for age, name in enumerate(["random/first", "random/last", "grouped/other"]):
        model = shelf / "seeds-k1" / name / "seed-0/model"
        shutil.copytree(checkout / "runs/folder/tiny/seeds-k1/seed-0/model", model)
        os.utime(model, (age, age))
    assert kept_model("several") == kept_model(folder) == shelf / "seeds-k1/random/last/seed-0/model"
    assert kept_model(shelf / "seeds-k1/grouped/other").parts[-3] == "other"


def test_no_model_is_one_line_that_says_how_to_make_one(checkout):
    lost = finished(checkout, name="lost")
    cases = {
        ("lost", None): r"no finished run of lost has kept a model .*`mgc run lost --force`",
        ("tiny", "smoke"): r"at profile 'smoke' .*`mgc run tiny --profile smoke --force`",
        (lost, None): r"kept no model, .*`mgc run lost --profile folder --force`",
        ("tyni", None): r"there is no such experiment .*closest: 'tiny'",
        (checkout / "notebooks", None): "holds no finished run and no model",
    }
    for (run, profile), message in cases.items():
        with pytest.raises(RunError, match=message) as caught:
            kept_model(run, profile)
        assert "\n" not in str(caught.value)
    with pytest.raises(ParameterError, match="goes with the name of an experiment"):
        kept_model(lost, "folder")
    shutil.rmtree(checkout / "runs")
    with pytest.raises(RunError, match="make one with `mgc run"):
        kept_model()


def test_a_run_replaces_the_models_of_earlier_code(checkout):
    class Now:
        shelf = checkout / "runs/folder/tiny"
        home = None
        seeds_key = "k2"
        parameters = {"seeds": [5], "C": 1}  # noqa: RUF012

    before = Now.shelf / "seeds-k1/seed-0/model"
    drop_replaced_models(Now)
    assert fitted.is_kept(before)  # it was asked for other parameters
    Now.parameters = {"seeds": [5]}
    Now.home = "elsewhere"
    drop_replaced_models(Now)
    assert fitted.is_kept(before)  # it heard other music
    Now.home = None
    drop_replaced_models(Now)
    assert not before.exists()
    assert (before.parent / "result.json").is_file()
    with pytest.raises(RunError, match="a later run in its place"):
        kept_model(Now.shelf / ("a" * 16))


def test_tuned_models_and_their_vote_answer_as_in_their_run(music, tmp_path):
    recipe = inputs.SummaryFeatures(SummarySpec(sample_rate=2 * RATE, n_fft=512, hop_length=256, n_mels=32))
    how = {"protocol": "grouped", "sizes": (0.5, 0.0, 0.5), "seeds": [0], "verbose": False}
    result = run_models(music, recipe.of(music), draws=1, folds=2, checkpoint_dir=tmp_path, recipe=recipe, **how)
    for folder, one in (("", result), ("svm", members(result)["svm"])):
        expected = stored(one, music)
        table = mgc.predict(sorted(set(expected.index.get_level_values("path"))), run=tmp_path / "grouped" / folder)
        clips = table[table["part"] == "clip"].set_index(["file", "start_s"])[["p_high", "p_low"]].sort_index()
        assert np.ptp(expected["p_high"]) > 0.003
        np.testing.assert_allclose(clips.to_numpy(), expected.to_numpy(), atol=1e-5)


def test_a_first_seed_without_its_model_is_trained_again_where_one_is_required(music, tmp_path):
    train(music, tmp_path, seeds=(0, 1))
    train(music, tmp_path, seeds=(1,))
    assert not fitted.is_kept(tmp_path / "seed-1/model")
    train(music, tmp_path, seeds=(1,), require_model=True)
    assert fitted.is_kept(tmp_path / "seed-1/model")


def test_a_seed_that_is_read_back_keeps_its_model(music, tmp_path):
    train(music, tmp_path, seeds=(0,))
    facts = tmp_path / "seed-0/model/model.json"
    before = facts.stat().st_mtime_ns
    train(music, tmp_path, seeds=(1, 0))
    assert facts.stat().st_mtime_ns == before
    assert fitted.is_kept(tmp_path / "seed-1/model")
    train(music, tmp_path, seeds=(2, 3))
    assert not fitted.is_kept(tmp_path / "seed-3/model")  # only the first seed's


def test_a_killed_run_leaves_no_half_model(music, tmp_path, monkeypatch):
    target = tmp_path / "model"
    fitted.keep(target, "the old one", RECIPE, music, {})

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fitted.joblib, "dump", killed)
        with pytest.raises(KeyboardInterrupt):
            fitted.keep(target, "the new one", RECIPE, music, {})
        with pytest.raises(KeyboardInterrupt):
            fitted.keep(tmp_path / "first", "the new one", RECIPE, music, {})
    assert fitted.load(target).classifier == "the old one"
    (tmp_path / ".part-model-x").mkdir()  # what kill -9 leaves
    (tmp_path / ".part-model-x/model.json").write_text("{}", encoding="utf-8")
    fitted.keep(target, "the new one", RECIPE, music, {})
    assert fitted.load(target).classifier == "the new one"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_damaged_model_says_what_to_do(music, tmp_path):
    with pytest.raises(ParameterError, match=r"cannot be kept .*leave out recipe"):
        fitted.keep(tmp_path / "model", lambda: None, RECIPE, music, {})
    assert not list(tmp_path.iterdir())
    folder = fitted.keep(tmp_path / "model", {"some": "classifier"}, RECIPE, music, {})
    (folder / "model.joblib").write_bytes(b"half")
    with pytest.raises(RunError, match=r"cannot be read .*mgc run") as caught:
        fitted.load(folder)
    assert "\n" not in str(caught.value)
    (folder / "model.json").write_text(json.dumps({"format": 99}), encoding="utf-8")
    with pytest.raises(RunError, match="format 99"):
        fitted.load(folder)
    with pytest.raises(RunError, match="holds no model"):
        fitted.load(tmp_path)


def test_a_machine_on_the_features_of_a_frozen_backbone_answers_as_in_its_run(music, tmp_path):
    recipe = BackboneFeatures(
        inputs.MelPictures(32, 48, channels=3, mel=RECIPE.mel), "MobileNetV2", alpha=0.35, crops=2
    )
    how = {"protocol": "grouped", "sizes": (0.5, 0.0, 0.5), "seeds": [0], "verbose": False}

    def on_features(seed):
        return KerasClassifier(
            "softmax-head", 2, Training(epochs=20, learning_rate=0.01, precision="float32"), seed, verbose=False
        )

    result = run_seeds(music, recipe.of(music), on_features, checkpoint_dir=tmp_path, recipe=recipe, **how)
    expected = stored(result, music)
    table = mgc.predict(sorted(set(expected.index.get_level_values("path"))), run=tmp_path)
    clips = table[table["part"] == "clip"].set_index(["file", "start_s"])[["p_high", "p_low"]].sort_index()
    assert np.ptp(expected["p_high"]) > 0.003
    np.testing.assert_allclose(clips.to_numpy(), expected.to_numpy(), atol=1e-5)


def test_a_model_is_asked_about_clips_of_its_own_length(music, tmp_path):
    model = fitted.FittedModel(music.genres, 2.0, RECIPE, None)
    with pytest.raises(MgcError, match=r"clips of 1 s for a model that learned 2 s"):
        model.predict_proba(music)


@pytest.mark.parametrize(
    "recipe",
    [
        RECIPE,
        inputs.MelPictures(4, 5, channels=3, colour_map="viridis"),
        inputs.Waveforms(RATE),
        inputs.SummaryFeatures(mgc.summary.SummarySpec(n_mfcc=13)),
        BackboneFeatures(inputs.MelPictures(32, 48, channels=3), "MobileNet", alpha=0.5, crops=3),
    ],
    ids=lambda recipe: type(recipe).__name__,
)
def test_recipes_go_to_json_and_back(recipe):
    assert inputs.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_recipes_make_what_the_notebooks_made_by_hand(music):
    mels = mgc.store.mels(music, RECIPE.mel)
    np.testing.assert_array_equal(RECIPE.of(music), mgc.features.mel_images(mels, 16, 16))
    waves = inputs.Waveforms(RATE).of(music)
    np.testing.assert_array_equal(waves[:, :, 0], mgc.store.waveforms(music, RATE))
    features = inputs.SummaryFeatures().of(music)
    np.testing.assert_array_equal(features, mgc.store.summary_features(music))


def test_a_wrong_recipe_is_refused():
    with pytest.raises(ParameterError, match="did you mean 'waveforms'"):
        inputs.from_dict({"kind": "waveform", "sample_rate": 1})
    with pytest.raises(ParameterError, match="height"):
        inputs.MelPictures(0, 5)
    with pytest.raises(ParameterError, match="not whole"):
        inputs.from_dict({"kind": "mel-pictures"})


def test_what_writes_models_trains_nothing_again():
    assert "inputs.py" in training_sources()
    assert not {"fitted.py", "inference.py"} & set(training_sources())
