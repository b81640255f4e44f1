"""One experiment in a process of its own: started, listened to, put in its place or stopped with all its children."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from mgclib.errors import MgcError
from mgclib.experiments.cache import Task, drop_replaced_models, writable, write_stamp
from mgclib.experiments.console import Board
from mgclib.experiments.keys import versions

__all__ = ["Outcome", "Running", "finish", "listen", "start", "stop"]

SEED = re.compile(r"seed-\d+")
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
"""Variables by which libraries learn how many threads they may start."""


@dataclass(frozen=True)
class Outcome:
    """How the run of one experiment ended.

    Parameters
    ----------
    experiment, profile : str
    state : str
        ``finished``, ``cached`` (nothing had changed) or ``failed``.
    seconds : float
        Wall time of this run; 0 when cached.
    notebook : Path or None
        The executed notebook; after a failure the one that holds the traceback.
    error : str or None
        One line.
    traceback : tuple of str
        Its last lines.
    refused : bool
        The error is an `MgcError`: bad input, of which the one line says all.
    """

    experiment: str
    profile: str
    state: str
    seconds: float = 0.0
    notebook: Path | None = None
    error: str | None = None
    traceback: tuple[str, ...] = ()
    refused: bool = False

    @property
    def ok(self) -> bool:
        """True when there is an executed notebook to show."""
        return self.state != "failed"


@dataclass
class Running:
    """A process at work on a task, what it has said so far, and the lock that keeps others off."""

    task: Task
    process: subprocess.Popen
    lock: FileLock
    read_back: list[int]
    threads: int
    started: float = field(default_factory=time.monotonic)
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    messages: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)
    noise: list[str] = field(default_factory=list)
    end: dict[str, Any] | None = None
    heard: bool = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def _seeds_there(checkpoints: Path) -> list[int]:
    """Return the seeds of which something is trained: whole, or one of several models or training sets."""
    finished = (path.relative_to(checkpoints).parts for path in checkpoints.rglob("result.json"))
    names = {part for parts in finished for part in parts if SEED.fullmatch(part)}
    return sorted(int(name.removeprefix("seed-")) for name in names)


def start(task: Task, lock: FileLock, threads: int) -> Running:
    """Start the experiment in a fresh ``.part-…`` folder; its kernel may use `threads` threads."""
    with writable(task.part):
        _clear(task.shelf)
        (task.part / "jupyter").mkdir(parents=True)
        task.checkpoints.mkdir(exist_ok=True)
    read_back = _seeds_there(task.checkpoints)
    home = _shown(task.home, task.root)
    homes = (Path(task.home).resolve(), Path(task.home).absolute()) if task.home else ()
    private = {str(place): "<home>" for place in homes}
    places = {
        "home": home,
        "results_dir": _shown(task.part / "result", task.root),
        "checkpoint_dir": _shown(task.checkpoints, task.root),
    }
    job = {
        "notebook": str(task.notebook),
        "output": str(task.part / "notebook.ipynb"),
        "parameters": {**task.parameters, **{name: places[name] for name in places if name in task.parameters}},
        "timeout": task.experiment.timeout[task.profile.name],
        "cwd": str(task.root),
        "replace": {task.part.name: task.folder.name, **private},
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "mgclib.experiments.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=task.root,
        env=_environment(task, threads),
        start_new_session=True,
    )
    one = Running(task, process, lock, read_back, threads)
    threading.Thread(target=_read_messages, args=(process.stdout, one.messages), daemon=True).start()
    threading.Thread(target=_read_noise, args=(process.stderr, one.noise), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
    return one


def _clear(shelf: Path) -> None:
    """Remove what killed runs have left half made; the lock of the shelf must be held."""
    for part in shelf.glob(".part-*"):
        shutil.rmtree(part, ignore_errors=True)
    for old in shelf.glob(".old-*"):
        folder = shelf / old.name.removeprefix(".old-")
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(folder)


def _shown(path: str | Path | None, root: Path) -> str | None:
    """Return a path as the notebook shows it: relative to the checkout when it lies in or beside it."""
    if path is None or not Path(path).is_relative_to(root.parent):
        return None if path is None else str(path)
    return Path(os.path.relpath(path, root)).as_posix()


def _environment(task: Task, threads: int) -> dict[str, str]:
    """Return the kernel's environment: its share of the cores, no noise, nothing of the user's own Jupyter."""
    jupyter = str(task.part / "jupyter")
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return {
        **inherited,
        **dict.fromkeys(THREADS, str(threads)),
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "default"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TQDM_DISABLE": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_RUNTIME_DIR": jupyter,
        "IPYTHONDIR": jupyter,
        "MGC_PROJECT": str(task.root),
    }


def _read_messages(stream: Any, messages: queue.SimpleQueue) -> None:
    for line in stream:
        with contextlib.suppress(ValueError):
            messages.put(json.loads(line))
    messages.put(None)


def _read_noise(stream: Any, noise: list[str]) -> None:
    for line in stream:
        if "[IPKernelApp]" not in line:
            noise.append(line.rstrip())
            del noise[:-20]


def listen(one: Running, board: Board, *, wait: float = 0.0) -> None:
    """Take the messages that have come; with `wait`, all until the process closes its side (at most so long)."""
    until = time.monotonic() + wait
    while not one.heard:
        try:
            message = one.messages.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return
        if message is None:
            one.heard = True
        elif "done" in message or "failed" in message:
            one.end = message
        else:
            board.progress(one.task.name, message)


def finish(one: Running) -> Outcome:
    """Put the run where it belongs: a finished one whole in the cache, a failed one as an artefact beside it."""
    listen(one, Board.silent(), wait=2.0)
    _close(one)
    seconds = round(one.seconds, 2)
    task = one.task
    end = one.end or _died(one)
    try:
        with writable(task.folder):
            if "done" in end:
                _keep(one, seconds)
                return Outcome(task.name, task.profile.name, "finished", seconds, task.folder / "notebook.ipynb")
            artefact = _keep_failed(task)
    except MgcError as error:
        return Outcome(task.name, task.profile.name, "failed", seconds, None, str(error))
    finally:
        shutil.rmtree(task.part, ignore_errors=True)
        one.lock.release()
    lines = tuple(end.get("traceback") or ())
    refused = bool(end.get("refused"))
    return Outcome(task.name, task.profile.name, "failed", seconds, artefact, end["failed"], lines, refused)


def _died(one: Running) -> dict[str, Any]:
    status = one.process.returncode
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return {"failed": f"the process that runs the notebook {how}; is there enough memory?", "traceback": one.noise}


def _keep(one: Running, seconds: float) -> None:
    task = one.task
    shutil.rmtree(task.part / "jupyter", ignore_errors=True)
    stamp = {
        "experiment": task.name,
        "profile": task.profile.name,
        "outcome": "finished",
        "key": task.key,
        "seeds_key": task.seeds_key,
        "data": task.data,
        "home": task.home,
        "parameters": dict(task.parameters),
        "started": one.began,
        "finished": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": seconds,
        "threads": one.threads,
        "seeds_read_back": one.read_back,
        "versions": versions(),
    }
    write_stamp(task.part, stamp)
    old = task.shelf / f".old-{task.key}"
    if task.folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        task.folder.rename(old)
    task.part.rename(task.folder)
    shutil.rmtree(old, ignore_errors=True)
    drop_replaced_models(task)
    for failed in task.shelf.glob("*/failed.ipynb"):
        failed.unlink()
        with contextlib.suppress(OSError):  # it holds a finished run too
            failed.parent.rmdir()


def _keep_failed(task: Task) -> Path | None:
    made = task.part / "notebook.ipynb"
    if not made.is_file():
        return None
    task.folder.mkdir(parents=True, exist_ok=True)
    return made.replace(task.folder / "failed.ipynb")


def stop(one: Running) -> None:
    """Kill the process with everything it started, and clear what it had half made."""
    if one.process.poll() is None:
        family = _family(one.process.pid)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        until = time.monotonic() + 3
        while any(map(_alive, family)) and time.monotonic() < until:
            time.sleep(0.02)
    _close(one)
    shutil.rmtree(one.task.part, ignore_errors=True)
    one.lock.release()


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _close(one: Running) -> None:
    one.process.wait()
    with contextlib.suppress(OSError):
        one.process.stdin.close()
