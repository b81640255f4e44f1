"""FMA as it is published, made small: tables, sound, faults, the official split."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mgclib import datasets, splits
from mgclib.cli import app
from mgclib.datasets import FaultyClipWarning
from mgclib.datasets import fma as ours
from mgclib.datasets.check import faults, known_faults
from mgclib.errors import DatasetError, ParameterError
from mgclib.files import project_root
from mgclib.overview import fma
from mgclib.results import Result

spec = importlib.util.spec_from_file_location("tiny_fma", Path(__file__).with_name("fma.py"))
tiny = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tiny)

pytestmark = pytest.mark.usefixtures("data_home")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tiny.make(tmp_path / "fma")


def load(home: Path, **options) -> datasets.Dataset:
    return datasets.load("fma", home, **{"clip_seconds": 2.0, **options})


def test_the_published_layout(home):
    dataset = load(home)
    assert dataset.name == "fma-small"
    assert dataset.genres == ("Electronic", "Folk", "Rock")
    assert list(dataset.clips.index[:2]) == ["000002", "000003"]
    first = dataset.clips.loc["000002"]
    assert (first["genre"], first["artist"], first["track_id"]) == ("Electronic", "Artist 0 (0)", "000002")
    assert Path(first["path"]) == home / "fma_small/000/000002.mp3"
    assert first["duration_s"] == pytest.approx(2.0, abs=0.1)
    assert dataset.notes == ("12 of FMA-small's 8000 tracks are there",)
    assert faults(dataset).empty
    assert load(home / "fma_small").fingerprint == dataset.fingerprint


def test_the_official_split(home):
    dataset = load(home)
    parts = splits.split(dataset, "fma-official")
    assert parts.value_counts().to_dict() == {"train": 6, "validation": 3, "test": 3}
    assert list(parts.loc[["000002", "000004", "000005"]]) == ["train", "validation", "test"]
    snippets = load(home, snippet_seconds=1.0)
    assert splits.split(snippets, "fma-official").loc[["000005@0", "000005@1"]].tolist() == ["test", "test"]


def test_known_faults_and_tracks_without_a_genre_are_left_out(home, monkeypatch):
    monkeypatch.setitem(ours.SIZES, "small", 15)
    table = [*tiny.rows(4), [98565, 1, 5, "B", "training", "small", "Rock", "short"]]
    table += [
        [133297, 1, 5, "B", "training", "small", "Rock", "silent"],
        [7, 1, 5, "B", "test", "small", "", "no genre"],
    ]
    tiny.tables(home, table)
    for number in (98565, 133297, 7):
        tiny.sound(home / "fma_small", number, "Rock", 2.0)
    dataset = load(home)
    assert len(dataset) == 12
    assert list(dataset.set_aside.index) == ["098565", "133297"]
    assert len(known_faults(dataset)) == 2
    assert faults(dataset).empty
    assert dataset.notes == ("1 tracks without a top genre are left out",)


def test_the_known_faults_are_those_of_the_clips_not_of_the_whole_tracks(home):
    (home / "fma_small").rename(home / "fma_full")
    tiny.tables(home, [*tiny.rows(4), [98565, 1, 5, "B", "training", "large", "Rock", "whole"]])
    tiny.sound(home / "fma_full", 98565, "Rock", 2.0)
    assert "098565" in load(home, subset="full").clips.index


def test_words_that_pandas_takes_for_missing_are_names(home):
    table = tiny.rows(4)
    table[0][3], table[0][7] = "NA", "None"
    tiny.tables(home, table)
    row = ours.track_table(home / "fma_small").loc["000002"]
    assert (row["artist"], row["title"]) == ("NA (0)", "None")


def test_other_faults_are_named_and_set_aside(home):
    (home / "fma_small/000/000003.mp3").write_bytes(b"no sound")
    tiny.sound(home / "fma_small", 55, "Rock", 2.0)
    with pytest.warns(FaultyClipWarning) as told:
        dataset = load(home)
    assert len(dataset) == 11
    text = "\n".join(str(one.message) for one in told)
    assert "tracks.csv has no row for it" in text
    assert "000003.mp3 is set aside" in text


def test_a_larger_subset_holds_the_smaller_ones(home):
    (home / "fma_small").rename(home / "fma_medium")
    table = tiny.rows(4)
    table[0][5], table[1][5] = "medium", "large"
    tiny.tables(home, table)
    with pytest.warns(FaultyClipWarning, match="000003"):
        dataset = load(home, subset="medium")
    assert len(dataset) == 11
    assert dataset.name == "fma-medium"


def test_of_whole_tracks_the_middle_is_taken(home):
    (home / "fma_small").rename(home / "fma_full")
    clips = load(home, subset="full", clip_seconds=1.0).clips
    assert clips["start_s"].between(0.4, 0.6).all()
    assert (clips["duration_s"] == 1.0).all()


def test_the_tables(home):
    tracks = ours.track_table(home)
    assert list(tracks.columns) == ["genre", "artist", "title", "split", "subset"]
    assert tracks.loc["000102", "title"] == "Song 102"
    genres = ours.genre_table(home)
    assert genres.loc[25].to_dict() == {"title": "Punk", "tracks": 1, "parent": "Rock", "top": "Rock"}
    assert genres.loc[12, "parent"] is None or genres["parent"].isna()[12]


def test_a_broken_table_of_genres_is_one_line(home):
    (home / "fma_metadata/genres.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"expected the columns genre_id, .*; move fma_metadata away"):
        ours.genre_table(home)


def broken_tables(home: Path) -> dict[str, str]:
    good = (home / "fma_metadata/tracks.csv").read_text(encoding="utf-8")
    lines = good.splitlines()
    return {
        "no column 'track / genre_top'": good.replace("genre_top", "genre"),
        "row 5 says track '3' and split 'learning'": good.replace("training", "learning", 2).replace(
            "learning", "training", 1
        ),
        "row 4 says track 'two'": good.replace("\n2,", "\ntwo,"),
        "track 000002 has two rows": "\n".join([*lines, lines[3]]),
        "not a readable table": "",
    }


@pytest.mark.parametrize("number", range(5))
def test_a_table_that_is_not_fmas_is_one_line(home, number):
    message, text = list(broken_tables(home).items())[number]
    (home / "fma_metadata/tracks.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=message) as caught:
        load(home)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_named_with_the_command_that_gets_it(home, tmp_path):
    with pytest.raises(
        DatasetError, match=r"no fma_large in .* \(there is fma_metadata, fma_small\); get it with mgc data fetch"
    ):
        load(home, subset="large")
    (home / "fma_metadata/tracks.csv").unlink()
    with pytest.raises(DatasetError, match=r"no fma_metadata/tracks\.csv"):
        load(home)
    with pytest.raises(DatasetError, match="mgc data fetch fma-small"):
        load(tmp_path / "nowhere")
    (tmp_path / "fma.melpack.npz").write_bytes(b"")
    with pytest.raises(DatasetError, match="a mel pack is loaded with the data set 'folder'"):
        load(tmp_path / "fma.melpack.npz")
    with pytest.raises(ParameterError, match="one of small, medium, large, full"):
        load(home, subset="tiny")


def test_every_chapter_of_the_report_runs_on_it_with_one_command(tmp_path, monkeypatch):
    """``mgc run --profile fma-small --home …`` with one epoch, the tiny archive's short clips and shallow DenseNets."""
    checkout = tmp_path / "checkout"
    for name in ("notebooks", "book/records"):
        shutil.copytree(project_root() / name, checkout / name)
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(project_root() / name, checkout / name)
    matrix = checkout / "notebooks/experiments.yaml"
    text, deep = matrix.read_text(encoding="utf-8"), r"(?s)(  (?:densenet|fusion):\n    title.*?fma-small: \{)"
    text, changed = re.subn(deep, r"\1model_options: {blocks: [1, 1, 1, 1]}, ", text)
    assert changed == 2
    matrix.write_text(text, encoding="utf-8")
    monkeypatch.setenv("MGC_PROJECT", str(checkout))
    home = tiny.make(tmp_path / "fma", tracks=10)
    short = ["-p", 'dataset_options={"clip_seconds": 2.0}', "-p", "epochs=1", "--seeds", "0"]
    outcome = CliRunner().invoke(app, ["run", "--profile", "fma-small", "--home", str(home), *short])
    assert outcome.exit_code == 0, outcome.output
    for one in fma.FMA:
        (kept,) = checkout.glob(f"runs/fma-small/{one.experiment}/*/result/result.json")
        result = Result.load(kept.parent)
        assert result.synthetic is False
        assert result.provenance["dataset"]["name"] == "fma-small"
        assert result.genres == ("Electronic", "Folk", "Rock")
        parts = result.predictions.groupby("split")["clip_id"].nunique()
        assert parts.to_dict() == {"test": 3, "validation": 3}
        assert result.history["val_f1"].notna().all()
