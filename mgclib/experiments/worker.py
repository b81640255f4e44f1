"""One papermill execution in a process of its own: ``python -m mgclib.experiments.worker``.

The job comes as one line of JSON on standard input; messages go back as lines of JSON on standard output:
``{"cell": 3, "of": 12}``, ``{"line": "epoch 4/60 …"}`` and at the end ``{"done": true}`` or
``{"failed": "one line", "traceback": […]}``. Standard input stays open as long as the parent lives: at its end
this process stops its kernel and itself, so that a killed ``mgc run`` leaves no orphans.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["main"]

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
TRACEBACK_LINES = 25


def main() -> int:
    """Run the job from standard input; return the exit status."""
    send = _messages()
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    warnings.simplefilter("ignore")
    try:
        _execute(job, send)
    except Exception as error:
        send(_failure(error, job))
        return 1
    send({"done": True})
    return 0


def _messages() -> Callable[[dict[str, Any]], None]:
    """Keep standard output for messages: whatever else is printed goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        with lock:
            channel.write(json.dumps(message) + "\n")
            channel.flush()

    return send


def _die_with_parent() -> None:
    sys.stdin.read()
    import psutil

    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)


class _LastLine:
    """A file that passes on the last line printed to it; a carriage return begins a line anew."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self.send = send

    def write(self, text: str) -> None:
        lines = [line.strip() for line in re.split(r"[\r\n]", ANSI.sub("", text)) if line.strip()]
        if lines:
            self.send({"line": lines[-1][:200]})

    def flush(self) -> None:
        """Nothing is held back."""


def _execute(job: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    import logging

    import nbformat
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines

    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)

    class Engine(NBClientEngine):
        """nbclient, telling which cell runs."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
            started = nb_man.cell_start

            def cell_start(cell: Any, cell_index: int | None = None, **rest: Any) -> None:
                send({"cell": cell_index + 1, "of": len(nb_man.nb.cells)})
                started(cell, cell_index, **rest)

            nb_man.cell_start = cell_start
            super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("mgc", Engine)
    notebook = nbformat.read(job["notebook"], as_version=4)
    done = papermill.execute_notebook(
        notebook,
        job["output"].replace("{", "{{").replace("}", "}}"),
        parameters=job["parameters"],
        engine_name="mgc",
        kernel_name="python3",
        language="python",
        progress_bar=False,
        execution_timeout=job["timeout"],
        cwd=job["cwd"],
        stdout_file=_LastLine(send),
        stderr_file=_LastLine(send),
        coalesce_streams=True,
        extra_arguments=["--HistoryManager.enabled=False"],
        shutdown_kernel="immediate",
    )
    for name in ("input_path", "output_path"):
        done.metadata["papermill"][name] = Path(job["notebook"]).name
    text = nbformat.writes(done)
    for made, shown in job["replace"].items():
        text = text.replace(json.dumps(made)[1:-1], shown)
    Path(job["output"]).write_text(text + "\n", encoding="utf-8")


def _failure(error: Exception, job: dict[str, Any]) -> dict[str, Any]:
    """Return the message about a failure: one line, and the last lines of the kernel's own traceback."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from mgclib import errors
    from mgclib.files import REMEDIES

    if isinstance(error, PapermillExecutionError):
        lines = [line.rstrip() for part in error.traceback for line in ANSI.sub("", part).splitlines()]
        first = (str(error.evalue).splitlines() or [""])[0]
        cell = f"cell [{error.exec_count}]: " if error.exec_count else ""
        refused = error.ename in errors.__all__
        return {"failed": f"{cell}{error.ename}: {first}", "traceback": lines[-TRACEBACK_LINES:], "refused": refused}
    if isinstance(error, DeadKernelError):
        return {"failed": "the kernel died: it was killed or ran out of memory; try fewer --jobs or a smaller input"}
    if isinstance(error, CellTimeoutError):
        seconds = job["timeout"]
        return {"failed": f"a cell ran longer than {seconds} s; raise the experiment's timeout in experiments.yaml"}
    if isinstance(error, OSError) and error.errno in REMEDIES:
        return {"failed": f"cannot write {error.filename or job['output']}: {REMEDIES[error.errno]}"}
    first = (str(error).splitlines() or [""])[0]
    return {"failed": f"{type(error).__name__}: {first}"}


if __name__ == "__main__":
    sys.exit(main())
