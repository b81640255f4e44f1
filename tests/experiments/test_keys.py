from __future__ import annotations

import importlib.metadata
import json
import os
import shutil

import pytest

from mgclib.audio import AUDIO_SUFFIXES, UNSUPPORTED_SUFFIXES
from mgclib.errors import RunError
from mgclib.experiments import executed, matrix, states
from mgclib.experiments.cache import prepare
from mgclib.experiments.keys import data_digest, training_sources

TRAIN = "model = run_seeds(checkpoint_dir=checkpoint_dir)"
DRAW = "plot(model)"


@pytest.fixture
def music(tmp_path):
    home = tmp_path / "music"
    for name in ("a.wav", "b.wav"):
        (home / "blues").mkdir(parents=True, exist_ok=True)
        (home / "blues" / name).write_bytes(b"sound")
    return home


def task(profile="smoke", home=None, **overrides):
    plan = matrix()
    return prepare(plan, plan.experiment("tiny"), plan.profile(profile), home=home, overrides=overrides)


def keys(**options):
    found = task(**options)
    return found.key, found.seeds_key


def append(path, text):
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_keys_stay_when_nothing_changes(project, library):
    assert keys() == keys()


@pytest.mark.parametrize(
    "source", ["book.py", "reports/__init__.py", "reports/style.css", "results.py", "experiments/console.py"]
)
def test_a_change_of_what_draws_runs_the_notebook_but_keeps_the_seeds(project, library, source):
    run, seeds = keys()
    append(library / source, "\n# a remark\n")
    assert keys()[0] != run
    assert keys()[1] == seeds


@pytest.mark.parametrize("source", ["training.py", "splits.py", "models/conv2d.py", "shards.py", "datasets/gtzan.py"])
def test_a_change_of_what_learns_trains_anew(project, library, source):
    run, seeds = keys()
    append(library / source, "\n# a remark\n")
    assert keys()[0] != run
    assert keys()[1] != seeds


def test_the_sources_of_training_leave_out_the_book():
    found = training_sources()
    assert {"training.py", "store.py", "allocation.py", "callbacks.py"} <= set(found)
    assert not {"book.py", "results.py", "records.py", "style.py", "plots/scores.py", "files.py"} & set(found)


def test_seeds_are_shared_between_lists_of_seeds(project):
    assert keys(seeds=[0])[0] != keys(seeds=[0, 1])[0]
    assert keys(seeds=[0])[1] == keys(seeds=[0, 1])[1]
    assert keys(C=1)[1] != keys(C=2)[1]
    assert keys(profile="smoke")[1] != keys(profile="demo")[1]


def test_a_default_of_the_notebook_counts_like_a_given_value(project):
    project.notebook("tiny", TRAIN)
    before = keys()[1]
    path = project.root / "notebooks" / "tiny.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("patience: int | None = None", "patience: int | None = 3"))
    assert keys()[1] != before


def test_what_counts_in_the_notebook(project):
    project.notebook("tiny", "import os", TRAIN, DRAW)
    run, seeds = keys()
    project.notebook("tiny", "import os", TRAIN, DRAW, prose="# Tiny, told better")
    assert keys()[0] != run
    assert keys()[1] == seeds
    project.notebook("tiny", "import os", TRAIN, "plot(model, width=9)")
    assert keys()[0] != run
    assert keys()[1] == seeds
    project.notebook("tiny", "import os  # a remark", TRAIN, DRAW)
    assert keys()[1] == seeds
    project.notebook("tiny", "import os", TRAIN.replace("(", "(batch_size=3, "), DRAW)
    assert keys()[1] != seeds


def test_outputs_and_execution_counts_do_not_count(project):
    path = project.notebook("tiny", DRAW)
    before = keys()
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][-1] |= {
        "execution_count": 7,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}],
    }
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert keys() == before


def test_the_lock_file_and_the_records_that_a_page_draws(project):
    before = keys()
    (project.root / "requirements.lock").write_text("numpy==2.4.0\n", encoding="utf-8")
    locked = keys()
    assert locked[0] != before[0]
    record = project.root / "book" / "records" / "real" / "tiny" / "result.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}", encoding="utf-8")
    assert keys()[0] != locked[0]
    assert keys()[1] == before[1]


def test_the_record_of_a_sister_experiment_counts_because_a_page_may_draw_it(project):
    before = keys()
    record = project.root / "book" / "records" / "real" / "sister" / "result.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}", encoding="utf-8")
    assert keys()[0] != before[0]
    assert keys()[1] == before[1]


@pytest.mark.parametrize(
    ("package", "learns"),
    [("keras", True), ("scipy", True), ("soundfile", True), ("pillow", True), ("seaborn", False), ("pandas", False)],
)
def test_another_version_of_a_library_runs_the_notebook_again(project, monkeypatch, package, learns):
    before = keys()
    version = importlib.metadata.version
    monkeypatch.setattr(
        "importlib.metadata.version", lambda name: version(name) + ("+other" if name == package else "")
    )
    assert keys()[0] != before[0]
    assert (keys()[1] != before[1]) == learns


def test_a_mel_pack_can_be_the_home(project, music):
    pack = music / "gtzan.melpack.npz"
    pack.write_bytes(b"a pack")
    before = keys(profile="real", home=pack)
    assert keys(profile="real", home=pack) == before
    (music / "blues" / "a.wav").write_bytes(b"beside the pack")
    assert keys(profile="real", home=pack) == before
    pack.write_bytes(b"another pack")
    assert keys(profile="real", home=pack)[1] != before[1]


def test_every_kind_of_file_that_a_loader_lists_counts(project, music):
    digests = {data_digest(music)}
    for suffix in (*AUDIO_SUFFIXES, *UNSUPPORTED_SUFFIXES, ".npz", ".csv"):
        (music / f"new{suffix}").write_bytes(b"")
        digests.add(data_digest(music))
    assert len(digests) == 1 + len(AUDIO_SUFFIXES) + len(UNSUPPORTED_SUFFIXES) + 2


def test_a_real_run_does_not_outdate_itself_by_its_own_record(project, music):
    before = keys(profile="real", home=music)
    record = project.root / "book" / "records" / "real" / "tiny" / "result.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}", encoding="utf-8")
    assert keys(profile="real", home=music) == before


def test_a_changed_clip_changes_both_keys(project, music):
    before = keys(profile="real", home=music)
    assert keys(profile="real", home=music) == before
    (music / "blues" / "a.wav").write_bytes(b"other sound")
    after = keys(profile="real", home=music)
    assert after[0] != before[0]
    assert after[1] != before[1]


def test_the_digest_of_the_data(project, music):
    before = data_digest(music)
    (music / "notes.txt").write_text("not music", encoding="utf-8")
    (music / ".hidden.wav").write_bytes(b"")
    assert data_digest(music) == before
    clip = music / "blues" / "a.wav"
    facts = clip.stat()
    clip.write_bytes(b"SOUND")
    os.utime(clip, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    changed = data_digest(music)
    assert changed != before
    clip.rename(music / "blues" / "c.wav")
    assert data_digest(music) not in (before, changed)
    with pytest.raises(RunError, match="no such folder"):
        data_digest(music / "nowhere")


def test_generated_data_below_the_home_does_not_count(project):
    home = project.root / "data"
    (home / "blues").mkdir(parents=True)
    (home / "blues" / "a.wav").write_bytes(b"sound")
    before = data_digest(home)
    (home / "synthetic" / "genres").mkdir(parents=True)
    (home / "synthetic" / "genres" / "x.wav").write_bytes(b"")
    assert data_digest(home) == before


def test_links_in_a_circle_end(project, music):
    (music / "blues" / "loop").symlink_to(music, target_is_directory=True)
    assert data_digest(music)


def test_another_place_is_the_same_data(project, music, tmp_path):
    moved = shutil.copytree(music, tmp_path / "elsewhere", copy_function=shutil.copy2)
    assert keys(profile="real", home=music) == keys(profile="real", home=moved)


def test_a_file_that_a_parameter_names_counts_by_its_content(project, tmp_path):
    for folder, content in (("here", b"learned"), ("there", b"learned"), ("new", b"learned anew")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.weights.h5").write_bytes(content)
    here, there, new = (keys(weights=str(tmp_path / f / "a.weights.h5")) for f in ("here", "there", "new"))
    assert here == there
    assert here[1] != new[1]
    assert here[1] != keys(weights="imagenet")[1]


def finish(made, **stamp):
    made.folder.mkdir(parents=True)
    (made.folder / "notebook.ipynb").write_text("{}", encoding="utf-8")
    text = json.dumps({"home": made.home, "data": made.data, "seconds": 3.0, **stamp})
    (made.folder / "stamp.json").write_text(text, encoding="utf-8")


def test_executed_finds_the_current_run_only(project):
    assert executed("smoke", "tiny") is None
    made = task()
    finish(made, finished="1")
    finish(task(C=9), finished="2")
    assert executed("smoke", "tiny") == made.folder / "notebook.ipynb"
    assert executed("real", "other") is None
    project.notebook("tiny", DRAW)
    assert executed("smoke", "tiny") is None


def test_a_folder_without_a_whole_stamp_is_not_finished(project):
    made = task()
    finish(made)
    (made.folder / "stamp.json").write_text('{"home": ', encoding="utf-8")
    assert executed("smoke", "tiny") is None


def test_executed_looks_at_the_data_where_they_were(project, music):
    made = task(profile="real", home=music)
    finish(made)
    assert executed("real", "tiny") is not None
    away = music.rename(music.with_name("unplugged"))
    assert executed("real", "tiny") is not None
    away.rename(music)
    (music / "blues" / "a.wav").write_bytes(b"longer sound")
    assert executed("real", "tiny") is None


def test_states(project):
    finish(task())
    failed = task(profile="demo")
    failed.folder.mkdir(parents=True)
    (failed.folder / "failed.ipynb").write_text("{}", encoding="utf-8")
    found = {(s.experiment, s.profile): s.state for s in states(matrix())}
    assert found == {
        ("tiny", "smoke"): "finished",
        ("tiny", "demo"): "failed",
        ("tiny", "real"): "not run",
        ("other", "smoke"): "not run",
    }
    project.notebook("tiny", DRAW)
    assert {s.state for s in states(matrix(), ("smoke",))} == {"stale", "not run"}


def test_a_change_of_the_synthesis_keeps_what_was_trained_on_recordings(project, library, music):
    generated, real = keys()[1], keys(profile="real", home=music)[1]
    append(library / "datasets" / "synthetic.py", "\n# a remark\n")
    assert keys()[1] != generated
    assert keys(profile="real", home=music)[1] == real
