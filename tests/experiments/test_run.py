from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from filelock import FileLock
from rich.console import Console

from mgclib.errors import ParameterError, RunError
from mgclib.experiments import executed, execution, matrix, result, run, states, worker
from mgclib.experiments.cache import prepare
from mgclib.results import Result, predictions_frame

MGC = "import sys; from mgclib.experiments import run; run(sys.argv[1:], 'smoke')"
SLOW = """
import os, pathlib, time
here = pathlib.Path(checkpoint_dir)
for seed in seeds:
    kept = here / f"seed-{seed}" / "result.json"
    if kept.exists():
        print("seed", seed, "read back")
        continue
    if seed == 1 and not os.environ.get("GO_ON"):
        (here / "pid").write_text(str(os.getpid()))
        time.sleep(600)
    kept.parent.mkdir()
    kept.write_text("{}")
    print("seed", seed, "trained")
"""


def quiet() -> Console:
    return Console(file=io.StringIO(), width=200)


def told(console: Console) -> str:
    return console.file.getvalue()


def outputs(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "".join("".join(o.get("text", "")) for cell in cells for o in cell.get("outputs", ()))


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


def test_runs_what_changed_and_a_failure_stops_no_other(project):
    show = "('OMP_NUM_THREADS', 'TF_CPP_MIN_LOG_LEVEL', 'PYTHONHASHSEED', 'MPLBACKEND')"
    project.notebook("tiny", f"import os\nprint(C, width, [os.environ.get(n) for n in {show}])\nprint(os.getcwd())")
    project.notebook("broken", "def fit():\n    raise ValueError('no convergence\\nat all')", "fit()", "print('never')")
    project.replace("title: Other\n    notebook: tiny", "title: Other\n    notebook: broken")
    console = quiet()
    tiny, other = run((), "smoke", console=console)

    assert (tiny.state, tiny.ok, other.state, other.ok) == ("finished", True, "failed", False)
    assert tiny.notebook == executed("smoke", "tiny")
    # papermill's import of ipykernel sets MPLBACKEND for inline figures
    assert outputs(tiny.notebook).startswith("3.0 16 ['1', '3', '0', 'module://matplotlib_inline")
    assert str(project.root) in outputs(tiny.notebook)
    assert other.error == "cell [4]: ValueError: no convergence"
    assert any("fit()" in line for line in other.traceback)
    assert other.notebook.name == "failed.ipynb"
    assert "papermill-error-cell" in other.notebook.read_text(encoding="utf-8")
    assert executed("smoke", "other") is None
    assert not list((project.root / "runs").rglob(".part-*"))
    assert not list((project.root / "runs").rglob("kernel-*.json"))
    for part in ("tiny: finished", "other failed", "no convergence", "1 finished, 1 failed"):
        assert part in told(console)

    again, other = run((), "smoke", console=quiet())
    assert (again.state, again.seconds, again.notebook, other.state) == ("cached", 0.0, tiny.notebook, "failed")


@pytest.mark.parametrize("beside", [True, False], ids=["beside-the-checkout", "elsewhere"])
def test_a_notebook_that_names_a_file_of_the_home_does_not_name_the_machine(project, tmp_path_factory, beside):
    home = project.root.parent / "music" if beside else tmp_path_factory.mktemp("far") / "music"
    home.mkdir()
    project.notebook("tiny", "import pathlib\nprint(pathlib.Path(home, 'a.wav').resolve())")
    (outcome,) = run(["tiny"], "real", home=home, console=quiet())
    assert outputs(outcome.notebook) == "<home>/a.wav\n"


def test_a_page_that_only_draws_runs_with_its_own_parameters_and_leaves_no_result(project):
    project.notebook("tiny", "print(experiment, profile)", parameters='experiment: str = ""\nprofile: str = ""')
    project.replace("    timeout: {smoke: 60}\n    parameters: {C: 3}\n", "    trains: false\n")
    project.replace("{width: 16}", "{}")
    project.write(
        project.matrix.read_text(encoding="utf-8").partition("  other:")[0].replace("{protocol: random}", "{}")
    )
    (outcome,) = run(["tiny"], "smoke", console=quiet())
    assert outputs(outcome.notebook) == "tiny smoke\n"
    cells = json.loads(outcome.notebook.read_text(encoding="utf-8"))["cells"]
    (injected,) = (cell for cell in cells if "injected-parameters" in cell["metadata"].get("tags", ()))
    assert "".join(injected["source"]).splitlines() == ["# Parameters", 'experiment = "tiny"', 'profile = "smoke"']
    assert result("smoke", "tiny") is None


def test_bad_input_is_one_line_and_its_traceback_only_for_debug(project):
    project.notebook("tiny", "from mgclib.errors import DatasetError\nraise DatasetError('one genre only')")
    for debug in (False, True):
        console = quiet()
        (tiny,) = run(["tiny"], "smoke", console=console, debug=debug)
        assert tiny.refused
        assert "DatasetError: one genre only" in told(console)
        assert ("raise DatasetError" in told(console)) is debug


def test_a_disk_that_fills_while_a_notebook_runs_is_told_with_the_remedy():
    failure = worker._failure(OSError(errno.ENOSPC, "No space left on device"), {"output": "runs/x/notebook.ipynb"})
    assert failure["failed"].startswith("cannot write runs/x/notebook.ipynb: the disk is full")


def test_a_failed_run_by_force_leaves_the_finished_one(project):
    task = prepare(matrix(), matrix().experiment("tiny"), matrix().profile("smoke"))
    project.notebook("tiny", "raise SystemExit(3)")
    task = prepare(matrix(), matrix().experiment("tiny"), matrix().profile("smoke"))
    task.folder.mkdir(parents=True)
    (task.folder / "notebook.ipynb").write_text("{}", encoding="utf-8")
    (task.folder / "stamp.json").write_text("{}", encoding="utf-8")
    (task.checkpoints / "seed-0").mkdir(parents=True)
    (outcome,) = run(["tiny"], "smoke", force=True, console=quiet())
    assert "SystemExit: 3" in outcome.error
    assert not (task.checkpoints / "seed-0").exists()
    assert executed("smoke", "tiny") == task.folder / "notebook.ipynb"


def test_a_success_clears_the_failures_before_it(project):
    project.notebook("tiny", "raise ValueError('wrong')")
    (outcome,) = run(["tiny"], "smoke", console=quiet())
    assert outcome.notebook.name == "failed.ipynb"
    project.notebook("tiny", "print('mended')")
    run(["tiny"], "smoke", console=quiet())
    assert not outcome.notebook.parent.exists()
    project.notebook("tiny", "print('changed')")
    assert [s.state for s in states(matrix(), ("smoke",)) if s.experiment == "tiny"] == ["stale"]


def test_a_killed_kernel_and_a_slow_cell_are_told_as_such(project):
    project.notebook("tiny", "import os\nos.kill(os.getpid(), 9)")
    project.notebook("slow", "import time\ntime.sleep(60)")
    project.replace("title: Other\n    notebook: tiny", "title: Other\n    timeout: 1\n    notebook: slow")
    tiny, other = run((), "smoke", console=quiet())
    assert tiny.error.startswith("the kernel died")
    assert other.error == "a cell ran longer than 1 s; raise the experiment's timeout in experiments.yaml"
    assert other.seconds < 30


@pytest.fixture
def interrupted(project):
    """A run with seeds 0 and 1 that hangs in seed 1: (process, pid of its kernel)."""
    project.notebook("tiny", SLOW)
    project.replace("{C: 3}", "{C: 3, seeds: [0, 1]}")
    process = subprocess.Popen(
        [sys.executable, "-c", MGC, "tiny"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=project.root
    )
    pid = until(lambda: next((p.read_text() for p in project.root.glob("runs/smoke/tiny/seeds-*/pid")), None))
    yield process, int(pid)
    process.kill()


def goes_on(monkeypatch):
    monkeypatch.setenv("GO_ON", "1")
    (outcome,) = run(["tiny"], "smoke", console=quiet())
    assert outcome.ok
    assert outputs(outcome.notebook) == "seed 0 read back\nseed 1 trained\n"
    stamp = json.loads((outcome.notebook.parent / "stamp.json").read_text(encoding="utf-8"))
    assert stamp["seeds_read_back"] == [0]
    assert not list(outcome.notebook.parents[1].glob(".part-*"))


def test_ctrl_c_stops_the_children_and_loses_nothing(project, interrupted, monkeypatch):
    process, kernel = interrupted
    family = [*psutil.Process(process.pid).children(recursive=True)]
    assert kernel in [p.pid for p in family]
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=20)
    assert "stopped; " in out
    assert "KeyboardInterrupt" in error
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert not list((project.root / "runs").rglob(".part-*"))
    goes_on(monkeypatch)


def test_a_killed_run_leaves_no_orphans_and_goes_on(project, interrupted, monkeypatch):
    process, _ = interrupted
    family = [*psutil.Process(process.pid).children(recursive=True)]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert psutil.wait_procs(family, timeout=10)[1] == []
    goes_on(monkeypatch)


def once_it_waits(console, act):
    """Do `act` as soon as the console says that a run waits for another, after a minute in any case."""

    def watch():
        patience = time.monotonic() + 60
        while "another mgc run is at work on it" not in told(console) and time.monotonic() < patience:
            time.sleep(0.05)
        act()

    threading.Thread(target=watch, daemon=True).start()


def test_notebooks_start_at_once_only_after_librosa_is_compiled(project, monkeypatch):
    steps, start = [], execution.start
    monkeypatch.setattr(execution, "compile_librosa", lambda: steps.append("compiled"))
    monkeypatch.setattr(execution, "start", lambda *task: steps.append("started") or start(*task))
    run(["tiny"], "smoke", console=quiet())
    assert steps == ["started"]
    steps.clear()
    run(["tiny", "other"], "smoke", jobs=2, force=True, console=quiet())
    assert steps == ["compiled", "started", "started"]


def test_two_runs_of_one_experiment_take_turns(project):
    shelf = project.root / "runs" / "smoke" / "tiny"
    shelf.mkdir(parents=True)
    lock = FileLock(shelf / ".lock", thread_local=False)
    lock.acquire()
    console = quiet()
    once_it_waits(console, lock.release)
    (outcome,) = run(["tiny"], "smoke", console=console)
    assert outcome.ok
    assert "another mgc run is at work on it" in told(console)


def test_force_takes_no_seed_from_a_run_that_is_at_work(project):
    task = prepare(matrix(), matrix().experiment("tiny"), matrix().profile("smoke"))
    (task.checkpoints / "seed-0").mkdir(parents=True)
    lock = FileLock(task.shelf / ".lock", thread_local=False)
    lock.acquire()
    there = []

    def finish_the_other_run():
        there.append((task.checkpoints / "seed-0").is_dir())
        lock.release()

    console = quiet()
    once_it_waits(console, finish_the_other_run)
    (outcome,) = run(["tiny"], "smoke", force=True, console=console)
    assert outcome.ok
    assert there == [True]
    assert not (task.checkpoints / "seed-0").exists()


def nothing_started(project):
    return not list(project.root.glob("runs/*/*/*/notebook.ipynb"))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"names": ["tyni"]}, RunError, "closest: 'tiny'"),
        ({"profile": "real"}, RunError, "--home DIR"),
        ({"profile": "real", "home": "nowhere"}, RunError, "nowhere: there is no such folder"),
        ({"overrides": {"widht": 3}}, ParameterError, "closest: 'width'"),
        ({"overrides": {"width": "three"}}, ParameterError, "width='three'"),
        ({"seeds": ["a"]}, ParameterError, "seeds"),
        ({"jobs": 0}, ParameterError, "jobs=0"),
        ({"record": True}, RunError, "never recorded"),
    ],
)
def test_a_wrong_request_starts_nothing(project, options, kind, message):
    with pytest.raises(kind, match=message) as caught:
        run(**{"names": ["tiny"], "profile": "smoke", "console": quiet(), **options})
    assert "\n" not in str(caught.value)
    assert nothing_started(project)


def test_runs_that_cannot_be_written_are_one_line(project):
    (project.root / "runs").write_text("in the way", encoding="utf-8")
    with pytest.raises(RunError, match="cannot write") as caught:
        run(["tiny"], "smoke", console=quiet())
    assert "\n" not in str(caught.value)


def test_a_full_disk_at_the_end_is_a_failure_not_a_crash(project, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "stamp.json")

    monkeypatch.setattr("mgclib.experiments.process.write_stamp", full)
    (outcome,) = run(["tiny"], "smoke", console=quiet())
    assert outcome.state == "failed"
    assert "the disk is full" in outcome.error
    assert executed("smoke", "tiny") is None


@pytest.fixture
def finished_on_recordings(project, tmp_path):
    """A finished run at the profile `real`, without its notebook's execution."""
    home = tmp_path / "music"
    home.mkdir()
    (home / "a.wav").write_bytes(b"sound")
    plan = matrix()
    task = prepare(plan, plan.experiment("tiny"), plan.profile("real"), home=home)
    clips = pd.DataFrame(
        {"genre": ["blues", "rock"], "track_id": ["a", "b"]}, index=pd.Index(["a", "b"], name="clip_id")
    )
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32)
    frame = predictions_frame(clips, "test", probabilities, ("blues", "rock"), 0)
    origin = {"dataset": {"name": "folder", "fingerprint": "0" * 16, "n_clips": 2, "n_genres": 2, "synthetic": False}}
    made = Result(frame, ("blues", "rock"), parameters={"C": 3.0, "protocol": "grouped"}, provenance=origin)
    made.save(task.folder / "result")
    (task.folder / "notebook.ipynb").write_text("{}", encoding="utf-8")
    stamp = {"home": str(home), "data": task.data, "seconds": 12.5, "started": "2024-01-01", "seeds_read_back": []}
    stamp["parameters"] = dict(task.parameters)
    (task.folder / "stamp.json").write_text(json.dumps(stamp), encoding="utf-8")
    return task


def test_record_keeps_the_result_with_where_it_comes_from(project, finished_on_recordings):
    from mgclib import records

    assert result("real", "tiny").seeds == (0,)
    home = finished_on_recordings.home
    (outcome,) = run(["tiny"], "real", home=home, record=True, console=quiet())
    assert outcome.state == "cached"
    kept = records.read("real", "tiny")
    assert kept.provenance["wall_seconds"] == 12.5
    assert kept.provenance["experiment"] == "tiny"
    assert kept.provenance["parameters"] == dict(finished_on_recordings.parameters)
    assert list(kept.provenance["seeds"]) == [0]
    assert kept.provenance["dataset"]["name"] == "folder"
    (again,) = run(["tiny"], "real", home=home, console=quiet())
    assert again.state == "cached"


def test_a_record_names_a_file_without_saying_where_it_lies(project, finished_on_recordings):
    from mgclib import records

    stamp = finished_on_recordings.folder / "stamp.json"
    told = json.loads(stamp.read_text(encoding="utf-8"))
    told["parameters"]["weights"] = f"{finished_on_recordings.home}/a.wav"
    stamp.write_text(json.dumps(told), encoding="utf-8")
    run(["tiny"], "real", home=finished_on_recordings.home, record=True, console=quiet())
    assert records.read("real", "tiny").provenance["parameters"]["weights"] == "a.wav"


def test_a_record_never_loses_a_seed(project, finished_on_recordings):
    from mgclib import records

    task = finished_on_recordings
    one = result("real", "tiny")
    frames = [one.predictions.assign(seed=seed) for seed in (0, 3)]
    records.write(dataclasses.replace(one, predictions=pd.concat(frames, ignore_index=True)), "real", "tiny")
    (outcome,) = run(["tiny"], "real", home=task.home, record=True, console=quiet())
    assert outcome.state == "failed"
    assert "seeds [3]" in outcome.error
    assert "--seeds 0,3" in outcome.error
    assert records.read("real", "tiny").seeds == (0, 3)


def recorded_with_seed_3(task, **changed):
    """Write a record of seed 3, made as the finished run was made but for what is named."""
    from mgclib import records

    one = result("real", "tiny")
    origin = {**one.provenance, "parameters": {**task.parameters, "seeds": [3]}, "fitted": {"3": {"commit": "old"}}}
    tables = {"scores": pd.DataFrame({"seed": [3], "right": [2]}), "data": pd.DataFrame({"clip_id": ["a", "b"]})}
    before = dataclasses.replace(
        one, predictions=one.predictions.assign(seed=3), provenance={**origin, **changed}, tables=tables
    )
    records.write(before, "real", "tiny")
    tables["scores"] = tables["scores"].assign(seed=0)
    origin = {**one.provenance, "fitted": {"0": {"commit": "new"}}}
    dataclasses.replace(one, tables=tables, provenance=origin).save(task.folder / "result")


def test_new_seeds_are_added_to_a_record(project, finished_on_recordings):
    from mgclib import records

    task = finished_on_recordings
    recorded_with_seed_3(task)
    (outcome,) = run(["tiny"], "real", home=task.home, record=True, console=quiet())
    assert outcome.ok, outcome.error
    joined = records.read("real", "tiny")
    assert joined.seeds == (0, 3)
    assert joined.tables["scores"]["seed"].tolist() == [3, 0]
    assert joined.tables["data"]["clip_id"].tolist() == ["a", "b"]
    assert {seed: told["commit"] for seed, told in joined.provenance["fitted"].items()} == {"3": "old", "0": "new"}
    assert joined.provenance["seeds_read_back"] == [3]
    assert joined.provenance["seeds"] == [0, 3]
    (again,) = run(["tiny"], "real", home=task.home, record=True, console=quiet())
    assert again.ok, again.error
    pd.testing.assert_frame_equal(records.read("real", "tiny").predictions, joined.predictions)


@pytest.mark.parametrize("what", ["the data", "C"])
def test_seeds_of_another_run_are_not_added(project, finished_on_recordings, what):
    from mgclib import records

    task = finished_on_recordings
    other = {"parameters": {**task.parameters, "C": -1}}
    if what == "the data":
        other = {"dataset": {**result("real", "tiny").provenance["dataset"], "fingerprint": "1" * 16}}
    recorded_with_seed_3(task, **other)
    (outcome,) = run(["tiny"], "real", home=task.home, record=True, console=quiet())
    assert f"cannot be joined ({what})" in outcome.error
    assert records.read("real", "tiny").seeds == (3,)


def test_seeds_that_could_not_be_added_are_refused_before_they_are_trained(project, finished_on_recordings):
    task = finished_on_recordings
    recorded_with_seed_3(task, parameters={**task.parameters, "C": -1})
    written = (task.folder / "stamp.json").stat().st_mtime_ns
    with pytest.raises(RunError, match=r"holds seeds \[3\] .* cannot be joined \(C\)"):
        run(["tiny"], "real", home=task.home, record=True, force=True, console=quiet())
    assert (task.folder / "stamp.json").stat().st_mtime_ns == written


def test_the_item_of_a_report_that_a_record_was_put_beside_keeps_no_seeds_out(project, finished_on_recordings):
    from mgclib import records

    task = finished_on_recordings
    recorded_with_seed_3(task, parameters={**task.parameters, "seeds": [3], "table_item": "zewail-2022/table-1"})
    (outcome,) = run(["tiny"], "real", home=task.home, record=True, console=quiet())
    assert outcome.ok, outcome.error
    assert records.read("real", "tiny").seeds == (0, 3)


def test_record_refuses_other_parameters_and_a_missing_result(project, finished_on_recordings):
    home = finished_on_recordings.home
    for settings in ({"C": 1}, {"weights": "imagenet"}, {"C": 1, "weights": f"{home}/a.wav"}):
        with pytest.raises(RunError, match="drop -p"):
            run(["tiny"], "real", home=home, record=True, overrides=settings, console=quiet())
    (finished_on_recordings.folder / "result" / "result.json").unlink()
    (outcome,) = run(["tiny"], "real", home=home, record=True, console=quiet())
    assert "saved no Result" in outcome.error
    assert not (project.root / "book").exists()
