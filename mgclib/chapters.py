"""From an executed notebook to a chapter of the book."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mgclib import reports
from mgclib.experiments import Experiment, Profile

__all__ = ["absent_page", "page_notebook", "promised", "without_progress"]

PROMPTS = {
    "parameters": ("Parameters and their defaults", "Hide the parameters"),
    "injected-parameters": ("The values of this run", "Hide the values of this run"),
}
PATH_PARAMETERS = re.compile(r"^(?:home|results_dir|checkpoint_dir)\s*=.*\n?", re.MULTILINE)
PROGRESS = re.compile(r"\d+%\|.*\| *\d+/\d+ \[")
WAITING = re.compile(r"^another process is computing .*: waiting for it\n?", re.M)
FAULTY_CLIP = re.compile(r"^\S+:\d+: FaultyClipWarning: (.*)\n(?:  .*\n?)?", re.M)
DECODER = re.compile(r"^(?:\[src/libmpg123/|Warning: Xing stream|Note: (?:Illegal Audio-MPEG|Trying to re)).*\n?", re.M)
JUPYTER_ONLY = "application/vnd.plotly.v1+json"
"""How Jupyter is told of a cloud to turn; the book shows the HTML that stands beside it."""
HIDING = {"remove-output", "remove-cell"}


def absent_page(experiment: Experiment, profile: str) -> str:
    """Return the page of an experiment that does not run at `profile` (MyST Markdown)."""
    runs_at = ", ".join(f"`{name}`" for name in experiment.profiles) or "no profile yet"
    return (
        f"# {experiment.title}\n\n"
        f"This book was bound at the profile `{profile}`, at which this chapter does not run. It runs at: {runs_at}. "
        "Bind the book at one of them, for example with `mgc book --profile NAME`, to read it.\n"
    )


def without_progress(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return `notebook` without what a first run says while it waits: progress bars, and who computes the store.

    What an MP3 decoder remarks on its way is left out, too; that files were set aside is said on the page.
    """
    cells = [
        {**cell, "outputs": list(_lasting(cell["outputs"]))} if cell["cell_type"] == "code" else cell
        for cell in notebook["cells"]
    ]
    return {**notebook, "cells": cells}


def _lasting(outputs: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for output in _said_plainly(outputs):
        text = WAITING.sub("", "".join(output.get("text", "")))
        if not _is_progress(output) and (output["output_type"] != "stream" or text):
            yield {**output, "text": text} if output["output_type"] == "stream" else output


def _said_plainly(outputs: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for output in outputs:
        if output.get("name") != "stderr":
            yield output
            continue
        text = "".join(output["text"])
        if told := FAULTY_CLIP.findall(text):
            yield {**output, "name": "stdout", "text": "\n".join(told) + "\n"}
        yield {**output, "text": DECODER.sub("", FAULTY_CLIP.sub("", text))}


def _is_progress(output: Mapping[str, Any]) -> bool:
    data = output.get("data", {})
    if any("widget" in kind for kind in data):
        return PROGRESS.search("".join(data.get("text/plain", ""))) is not None
    lines = re.split(r"[\r\n]+", "".join(output.get("text", ""))) if output.get("name") == "stderr" else []
    return any(lines) and all(PROGRESS.search(line) for line in lines if line.strip(" \x1b[A"))


def page_notebook(notebook: Mapping[str, Any], experiment: Experiment, profile: Profile) -> dict[str, Any]:
    """Return an executed notebook as a page: titled, its parameters folded, without the traces of its execution."""
    cells = [_page_cell(cell) for cell in notebook["cells"]]
    cells = [cell for cell in cells if cell["cell_type"] != "code" or "".join(cell["source"]).strip()]
    values = _values(notebook)
    head = next((k for k, cell in enumerate(cells) if _heading(cell)), None)
    if head is None:
        cells.insert(0, _markdown(f"# {experiment.title}"))
        head = 0
    else:
        cells[head]["source"] = re.sub(
            r"^# .*$", lambda _: f"# {experiment.title}", cells[head]["source"], count=1, flags=re.M
        )
    cells.insert(head + 1, _markdown(_origin(experiment, profile, values)))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kept = {key: notebook["metadata"][key] for key in ("kernelspec", "language_info") if key in notebook["metadata"]}
    return {"cells": cells, "metadata": kept, "nbformat": 4, "nbformat_minor": 5}


def _page_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    tags = list(cell["metadata"].get("tags", []))
    page = {"cell_type": cell["cell_type"], "metadata": {}, "source": "".join(cell["source"])}
    if "mystnb" in cell["metadata"]:
        page["metadata"]["mystnb"] = cell["metadata"]["mystnb"]
    for tag in PROMPTS.keys() & set(tags):
        tags.append("hide-input")
        show, hide = PROMPTS[tag]
        page["metadata"]["mystnb"] = {"code_prompt_show": show, "code_prompt_hide": hide}
    if "injected-parameters" in tags:
        page["source"] = PATH_PARAMETERS.sub("", page["source"].removeprefix("# Parameters\n")).strip()
    if tags:
        page["metadata"]["tags"] = tags
    if cell["cell_type"] == "code":
        page["outputs"] = [_for_the_book(output) for output in cell["outputs"]]
        page["execution_count"] = cell["execution_count"]
    return page


def _for_the_book(output: Mapping[str, Any]) -> Mapping[str, Any]:
    if JUPYTER_ONLY not in output.get("data", {}):
        return output
    return {**output, "data": {kind: value for kind, value in output["data"].items() if kind != JUPYTER_ONLY}}


def _heading(cell: Mapping[str, Any]) -> bool:
    return cell["cell_type"] == "markdown" and re.search(r"^# ", cell["source"], re.M) is not None


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _values(notebook: Mapping[str, Any]) -> dict[str, Any]:
    return notebook["metadata"].get("papermill", {}).get("parameters", {})


def _origin(experiment: Experiment, profile: Profile, values: Mapping[str, Any]) -> str:
    """Return the lines below a page's title: what made *this build*, and which items it is about."""
    if not experiment.trains and profile.synthetic and "dataset" in values:
        return (
            "{.provenance}\n*This page* trains nothing. Its sounds and pictures are of generated music "
            f"(profile `{profile.name}`); what it says of the reports comes from the reports.{_items(experiment)}"
        )
    if not experiment.trains and "dataset" in values:
        return (
            "{.provenance}\n*This page* trains nothing. Its sounds and pictures are of the recordings of dataset "
            f"`{profile.dataset}` (profile `{profile.name}`).{_items(experiment)}"
        )
    if not experiment.trains:
        return (
            "{.provenance}\n*This page* trains nothing. It draws what the reports print and what other chapters "
            f"recorded on real music; no number here comes from generated music.{_items(experiment)}"
        )
    seeds = ", ".join(str(seed) for seed in values.get("seeds", [])) or "?"
    protocol = values.get("protocol", "?")
    made = f"profile `{profile.name}`, dataset `{profile.dataset}`, protocol `{protocol}`, seeds {seeds}"
    lines = [f"{{.provenance}}\n*This build*: {made}.{_items(experiment)}"]
    if profile.synthetic:
        lines.append(
            ":::{admonition} Generated music\n:class: synthetic\n"
            "*This build* trained on generated music: it shows that the method runs, and reproduces nothing. "
            "What is *recorded* comes from the real dataset ([how to read this book](../how-to-read.md)).\n:::"
        )
    return "\n\n".join(lines)


def _items(experiment: Experiment) -> str:
    items = [reports.item(name) for name, claim in experiment.reproduces.items() if "lost" not in claim]
    links = ", ".join(f"{{ref}}`{item.short} <{item.anchor}>`" for item in items)
    sources = " and ".join(dict.fromkeys(item.report for item in items))
    return f" Items of the report {sources}: {links}." if links else ""


def promised(experiment: Experiment, notebook: Mapping[str, Any]) -> dict[str, int]:
    """Return the least number of ``figures`` and ``tables`` of the page.

    That is as many as the notebook made, and at least one of a kind that the run matrix claims.
    """
    shown = [cell for cell in notebook["cells"] if not HIDING & set(cell["metadata"].get("tags", []))]
    data = [output.get("data", {}) for cell in shown for output in cell.get("outputs", [])]
    figures = sum(any(kind.startswith("image/") for kind in one) for one in data)
    tables = sum("<table" in "".join(one.get("text/html", "")) for one in data)
    claims = [claim.keys() for claim in experiment.reproduces.values()]
    return {
        "figures": max(figures, int(any("shows" in claim for claim in claims))),
        "tables": max(tables, int(any("metric" in claim for claim in claims))),
    }
