"""Run experiments: each notebook in a process of its own, several at once, nothing finished ever lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from mgclib.compiled import compile_librosa
from mgclib.errors import MgcError, ParameterError, RunError
from mgclib.experiments.cache import Task, prepare, writable
from mgclib.experiments.console import Board, summary
from mgclib.experiments.keys import existing_home
from mgclib.experiments.plan import Matrix, matrix
from mgclib.experiments.process import Outcome, Running, finish, listen, start, stop
from mgclib.experiments.recording import check_record, record_result
from mgclib.files import named_file

__all__ = ["Outcome", "default_jobs", "run"]

TICK = 0.1


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    import joblib

    return joblib.cpu_count()


def default_jobs(*, synthetic: bool) -> int:
    """Return how many notebooks run at once: two on generated music, one on real data (all cores train)."""
    return min(2, cores()) if synthetic else 1


def run(
    names: Iterable[str] = (),
    profile: str = "demo",
    *,
    home: str | os.PathLike[str] | None = None,
    seeds: Iterable[int] | None = None,
    overrides: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    force: bool = False,
    record: bool = False,
    console: Console | None = None,
    plan: Matrix | None = None,
    debug: bool = False,
) -> list[Outcome]:
    """Run experiments that are not finished and current.

    Parameters
    ----------
    names : iterable of str
        Experiments; none: all that have this profile.
    profile : str
    home : path, optional
        Folder of the data set, or its mel pack; needed for every profile that is not synthetic.
    seeds : iterable of int, optional
        In place of the seeds of the matrix.
    overrides : dict, optional
        Parameters in place of those of the matrix.
    jobs : int >= 1, optional
        Notebooks at once (default: `default_jobs`); they share the cores.
    force : bool
        Run again what is finished, from its first seed.
    record : bool
        Write each Result to ``book/records/<profile>/<experiment>/`` (real data and parameters of the
        matrix only; a file, of weights say, may be named by ``overrides``).
    console : rich.console.Console, optional
        Where the table goes.
    debug : bool
        Show the traceback of bad input, too.

    Returns
    -------
    list of Outcome
        In the order of the experiments. A failure does not stop the others.

    Raises
    ------
    RunError, ParameterError
        Before anything is started: unknown names, wrong parameters, a missing home, a read-only folder, seeds that
        could not be added to the record.
    KeyboardInterrupt
        After Ctrl-C or SIGTERM, when all children are stopped; the next run goes on from the last finished seed.
    """
    console = console or Console()
    plan = plan or matrix()
    chosen = plan.profile(profile)
    experiments = plan.select(names, profile)
    if jobs is not None and jobs < 1:
        raise ParameterError(f"jobs={jobs} must be a positive integer")
    if record and chosen.synthetic:
        raise RunError(f"profile {profile!r} runs on generated music, which is never recorded; record a real profile")
    if record and any(named_file(value) is None for value in (overrides or {}).values()):
        raise RunError("a record stands for the parameters of notebooks/experiments.yaml: write them there, drop -p")
    changed = dict(overrides or {})
    if seeds is not None:
        changed["seeds"] = list(seeds)
    if home is not None:
        existing_home(home)
    data = None
    tasks = []
    for experiment in experiments:
        tasks.append(prepare(plan, experiment, chosen, home=home, overrides=changed, data=data))
        data = tasks[-1].data
    todo = [task for task in tasks if force or not task.finished]
    for task in todo:
        if record:
            check_record(task)
        _make_room(task)
    at_once = min(jobs or default_jobs(synthetic=chosen.synthetic), max(1, len(todo)))
    if at_once > 1:
        compile_librosa()
    outcomes = _run_all(tasks, todo, at_once, force, console)
    if record:
        outcomes = [_record(task, outcome) for task, outcome in zip(tasks, outcomes, strict=True)]
    summary(console, outcomes, debug=debug)
    return outcomes


def _make_room(task: Task) -> None:
    """Make the folders of a run, so that a read-only place is noticed before anything starts."""
    with writable(task.shelf):
        task.checkpoints.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=task.shelf):
            pass


def _run_all(tasks: list[Task], todo: list[Task], at_once: int, force: bool, console: Console) -> list[Outcome]:
    outcomes = {t.name: Outcome(t.name, t.profile.name, "cached", 0.0, t.folder / "notebook.ipynb") for t in tasks}
    waiting, running = list(todo), []
    threads = max(1, cores() // at_once)
    with _stop_signals() as stopped, Board(console, [t.name for t in tasks], [t.name for t in todo]) as board:
        try:
            while (waiting or running) and not stopped.is_set():
                while waiting and len(running) < at_once and (started := _start_next(waiting, threads, force, board)):
                    running.append(started)
                for one in list(running):
                    listen(one, board)
                    if one.process.poll() is not None:
                        running.remove(one)
                        outcomes[one.task.name] = outcome = finish(one)
                        board.ended(outcome.experiment, outcome.state, outcome.seconds, outcome.error)
                board.draw()
                time.sleep(TICK)
        finally:
            for one in running:
                stop(one)
                board.ended(one.task.name, "stopped", one.seconds, None)
    if stopped.is_set():
        finished = sum(outcomes[t.name].state == "finished" for t in todo)
        console.print(f"stopped; {finished} finished and all finished seeds are kept: run the same command to go on")
        raise KeyboardInterrupt
    return [outcomes[task.name] for task in tasks]


@contextlib.contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """Turn Ctrl-C and SIGTERM into an event, so that they never strike between a start and its bookkeeping."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = {s: signal.signal(s, lambda *_: stopped.set()) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start_next(waiting: list[Task], threads: int, force: bool, board: Board) -> Running | None:
    """Start the first waiting task that no other ``mgc run`` is at work on, by `force` from its first seed."""
    for task in waiting:
        lock = FileLock(task.shelf / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            board.waits(task.name)
            continue
        waiting.remove(task)
        if force and task.checkpoints.is_dir():
            with writable(task.checkpoints):
                shutil.rmtree(task.checkpoints)
        board.started(task.name)
        return start(task, lock, threads)
    return None


def _record(task: Task, outcome: Outcome) -> Outcome:
    if not outcome.ok:
        return outcome
    try:
        record_result(task)
    except MgcError as error:
        return Outcome(
            task.name, task.profile.name, "failed", outcome.seconds, outcome.notebook, f"not recorded: {error}"
        )
    return outcome
