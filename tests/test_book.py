"""The way of a chapter from its executed notebook into the published book, on a small project of its own."""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
import textwrap
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

import mgclib
from mgclib import book, chapters, clouds, experiments
from mgclib.errors import BookError, ParameterError
from mgclib.experiments import Outcome

ROOT = Path(__file__).parents[1]
PIXELS = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGNgYGD4//8/AAYBAv4CJVtmAAAAAElFTkSuQmCC"
)
STORY = (
    "# Working title\n\nThis chapter tells what the report did, which clips we took, what a picture of them looks "
    "like, how well it went and what to try next."
)
PARAMETERS = textwrap.dedent(
    """\
    experiment: str = "chapter"
    profile: str = "demo"
    dataset: str = "synthetic"
    home: str | None = None
    dataset_options: dict = {}
    protocol: str = "grouped"
    sizes: list = [0.7, 0.1, 0.2]
    seeds: list = [0]
    results_dir: str | None = None
    checkpoint_dir: str | None = None
    """
)
MATRIX = """\
profiles:
  demo: {description: generated music, dataset: synthetic, synthetic: true}
  gtzan: {description: the real thing, dataset: gtzan}
experiments:
  chapter:
    title: "SVM on pixels"
    notebook: chapter
    report: cs464-2020
    profiles: {demo: {seeds: [0, 1]}}
    reproduces:
      cs464-2020/table-7: {metric: accuracy}
      cs464-2020/table-7-matrix: {shows: confusion matrix}
  elsewhere:
    title: "Only on real data"
    notebook: chapter
    profiles: {gtzan: {}}
"""
TOC = """\
format: jb-book
root: index
chapters:
  - file: how-to-read
  - file: _generated/report-cs464-2020
  - file: _generated/chapter
    sections:
      - file: _generated/elsewhere
"""


def cell(source, *, tags=(), outputs=(), count=1):
    return {
        "cell_type": "code",
        "id": f"random-{abs(hash(source)) % 10**8}",
        "metadata": {"tags": list(tags), "papermill": {"duration": 0.1, "status": "completed"}},
        "source": source,
        "outputs": list(outputs),
        "execution_count": count,
    }


def text(source):
    return {"cell_type": "markdown", "id": "m", "metadata": {}, "source": source}


def output(**data):
    return {"output_type": "display_data", "metadata": {}, "data": data}


def notebook(*extra, executed=True):
    table = "<table><tr><th>genre</th></tr><tr><td>blues</td></tr></table>"
    injected = '# Parameters\nseeds = [0, 1]\nresults_dir = "/home/me/runs"\nhome = None\n'
    run = [cell(injected, tags=["injected-parameters"], count=2)] if executed else []
    figure = output(**{"image/png": base64.b64encode(PIXELS).decode(), "text/plain": "<Figure>"})
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "papermill": {"duration": 3.0, "parameters": {"seeds": [0, 1], "protocol": "grouped"}},
        },
        "cells": [
            text(STORY),
            cell(PARAMETERS, tags=["parameters"]),
            *run,
            cell("draw()", outputs=[figure], count=3),
            cell("compare()", outputs=[output(**{"text/html": table, "text/plain": "blues"})], count=4),
            *extra,
        ],
    }


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A checkout with one chapter; the pages that come from data are short."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "experiments.yaml").write_text(MATRIX)
    (tmp_path / "notebooks" / "chapter.ipynb").write_text(json.dumps(notebook(executed=False)))
    (tmp_path / "book" / "_static").mkdir(parents=True)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    for name in ("custom.css", "logo.svg", "favicon.svg"):
        shutil.copy(ROOT / "book" / "_static" / name, tmp_path / "book" / "_static")
    shutil.copy(ROOT / "book" / "references.bib", tmp_path / "book")
    (tmp_path / "book" / "_toc.yml").write_text(TOC)
    words = "It has a few words to tell, so that nobody can call it an empty page. " * 3
    (tmp_path / "book" / "index.md").write_text(f"# Welcome\n\n{words}\n\n```{{include}} _generated/results.md\n```\n")
    (tmp_path / "book" / "how-to-read.md").write_text(f"# How to read\n\n{words}\n")
    (tmp_path / "README.md").write_text(f"# R\n\n{book.README_MARKERS[0]}\n{book.README_MARKERS[1]}\n\nrest\n")
    data = {
        "results.md": "| approach |\n|---|\n| SVM |\n",
        "report-cs464-2020.md": f"(cs464-2020-table-7)=\n(cs464-2020-table-7-matrix)=\n# Report\n\n{words}\n",
    }
    monkeypatch.setattr(book, "_pages_from_data", lambda profile: dict(data))
    monkeypatch.setattr(book, "_results_table", lambda: "| approach |\n|---|\n| SVM |")
    monkeypatch.setenv("MGC_PROJECT", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(project, monkeypatch):
    """Stand in for papermill: `run(notebook)` decides what the next build finds executed."""
    path = project / "runs" / "notebook.ipynb"
    path.parent.mkdir()

    def provide(content, state="finished"):
        path.write_text(json.dumps(content))
        outcome = Outcome("chapter", "demo", state, notebook=path)
        monkeypatch.setattr(experiments, "run", lambda *args, **options: [outcome])

    provide(notebook())
    return provide


def build():
    """Build quietly; return the printed lines."""
    stream = StringIO()
    book.build("demo", console=Console(file=stream, width=200))
    return stream.getvalue()


def page_of(project, name="chapter"):
    return json.loads((project / "book" / "_generated" / f"{name}.ipynb").read_text())


def test_a_chapter_is_titled_and_says_what_made_it(run, project):
    matrix = experiments.matrix()
    page = chapters.page_notebook(notebook(), matrix.experiments["chapter"], matrix.profiles["demo"])
    first, second = page["cells"][:2]
    assert first["source"].startswith("# SVM on pixels\n\nThis chapter")
    for said in (
        "profile `demo`",
        "protocol `grouped`",
        "seeds 0, 1",
        "table-7 <cs464-2020-table-7>",
        "reproduces nothing",
    ):
        assert said in second["source"]


def test_a_chapter_that_only_draws_says_so_and_not_that_it_trained(run, project):
    matrix = experiments.matrix()
    drawing = dataclasses.replace(matrix.experiments["chapter"], trains=False)
    page = chapters.page_notebook(notebook(), drawing, matrix.profiles["demo"])
    said = page["cells"][1]["source"]
    assert "trains nothing" in said
    assert "table-7 <cs464-2020-table-7>" in said
    assert "seeds" not in said
    assert "trained on" not in said


@pytest.mark.parametrize(("synthetic", "told"), [(True, "generated music"), (False, "recordings of dataset")])
def test_a_chapter_that_only_draws_says_whose_music_it_shows(run, project, synthetic, told):
    matrix = experiments.matrix()
    drawing = dataclasses.replace(matrix.experiments["chapter"], trains=False)
    profile = dataclasses.replace(matrix.profiles["demo"], synthetic=synthetic)
    shown = notebook()
    shown["metadata"]["papermill"] = {"parameters": {"dataset": profile.dataset}}
    said = chapters.page_notebook(shown, drawing, profile)["cells"][1]["source"]
    assert told in said
    assert "no number here comes from generated music" not in said


def test_parameters_are_folded_and_paths_and_traces_of_execution_are_gone(run, project):
    matrix = experiments.matrix()
    page = chapters.page_notebook(notebook(), matrix.experiments["chapter"], matrix.profiles["demo"])
    defaults, injected = (
        c for c in page["cells"] if c["cell_type"] == "code" and "hide-input" in c["metadata"].get("tags", ())
    )
    assert "checkpoint_dir" in defaults["source"]
    assert injected["source"] == "seeds = [0, 1]"
    everything = json.dumps(page)
    assert "papermill" not in everything
    assert "/home/me" not in everything
    assert page == chapters.page_notebook(notebook(), matrix.experiments["chapter"], matrix.profiles["demo"])


def test_progress_bars_of_a_first_run_are_left_out_and_other_noise_is_not():
    bar = "mels of synthetic:  50%|#####     | 30/60 [00:01<00:01, 20.0clip/s]"
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": [bar]}
    noise = {"output_type": "stream", "name": "stderr", "text": f"{bar}\nUserWarning: careful\n"}
    bars = {"output_type": "stream", "name": "stderr", "text": f"\r{bar}\r{bar}\n"}
    waits = ["another process is computing /data/store/mels: waiting for it\n"]
    waiting = {"output_type": "stream", "name": "stdout", "text": waits}
    said = {"output_type": "stream", "name": "stdout", "text": "30 clips\n"}
    cleaned = chapters.without_progress(
        {"cells": [text("x"), cell("f()", outputs=[output(**widget), noise, bars, waiting, said])]}
    )
    assert cleaned["cells"][1]["outputs"] == [noise, said]


def test_a_file_set_aside_is_said_on_the_page_and_stops_no_book():
    text = (
        "[src/libmpg123/parse.c:do_readahead():1083] warning: Cannot read next header, a one-frame stream? Duh...\n"
        "Warning: Xing stream size off by more than 1%, fuzzy seeking may be even more fuzzy than by design!\n"
        "/tmp/ipykernel_7/1.py:1: FaultyClipWarning: folder: <home>/dub/a.mp3 is set aside: cannot be decoded (x)\n"
        "  music = mgc.datasets.load(dataset, home, **dataset_options)\n"
    )
    noise = {"output_type": "stream", "name": "stderr", "text": text}
    other = {"output_type": "stream", "name": "stderr", "text": "DeprecationWarning: y\n"}
    (one,) = chapters.without_progress({"cells": [cell("f()", outputs=[noise, other])]})["cells"]
    said = "folder: <home>/dub/a.mp3 is set aside: cannot be decoded (x)\n"
    assert one["outputs"] == [{"output_type": "stream", "name": "stdout", "text": said}, other]


def test_a_chapter_without_a_heading_gets_one(run, project):
    matrix = experiments.matrix()
    plain = notebook()
    plain["cells"][0]["source"] = "No heading here, and a comment\n#not-a-heading"
    page = chapters.page_notebook(plain, matrix.experiments["chapter"], matrix.profiles["gtzan"])
    assert page["cells"][0]["source"] == "# SVM on pixels"
    assert "synthetic" not in page["cells"][1]["source"]


def test_a_page_must_have_what_its_notebook_made_and_its_experiment_claims(run, project):
    chapter = experiments.matrix().experiments["chapter"]
    more = cell("draw()", outputs=[output(**{"image/svg+xml": "<svg/>"})], count=5)
    hidden = cell("draw()", tags=["remove-output"], outputs=[output(**{"image/png": "x"})], count=6)
    assert chapters.promised(chapter, notebook(more, hidden)) == {"figures": 2, "tables": 1}
    assert chapters.promised(chapter, {"cells": []}) == {"figures": 1, "tables": 1}


def test_the_book_is_bound_published_and_bound_again_only_where_it_changed(run, project):
    printed = build()
    index = project / "book" / "_build" / "html" / "index.html"
    assert index.is_file()
    assert "book/_build/html/index.html" in printed
    chapter = (index.parent / "_generated" / "chapter.html").read_text()
    assert "SVM on pixels" in chapter
    assert "<table" in chapter
    assert "| SVM |" in (project / "README.md").read_text()
    assert "does not run" in (index.parent / "_generated" / "elsewhere.html").read_text()
    staged = project / "book" / "_build" / "staging" / "_build" / "html"
    before = {path: path.stat().st_mtime_ns for path in staged.rglob("*.html")}
    (project / "book" / "_static" / "custom.css").write_text("/* another look */")
    build()
    assert (index.parent / "_static" / "custom.css").read_text() == "/* another look */"
    spot = pd.DataFrame({"clip_id": ["c"], "genre": ["blues"], **{key: [1.0] for key in clouds.COMPONENTS}})
    cloud = clouds.rotatable({"this build": spot})._repr_mimebundle_()
    run(notebook(text("Now with one more remark."), cell("turn()", outputs=[output(**cloud)], count=5)))
    build()
    changed = {path.stem for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert "chapter" in changed
    assert "how-to-read" not in changed
    chapter = (index.parent / "_generated" / "chapter.html").read_text()
    assert "one more remark" in chapter
    assert cloud["text/html"] in chapter
    assert (index.parent / clouds.SCRIPT).is_file()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            cell("1/0", outputs=[{"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}]),
            "failed with E",
        ),
        (text("It is {glue:text}`accuracy`."), "glued value 'accuracy'"),
        (text("See {cite}`nobody1999` and [there](nowhere.md)."), "Sphinx refused the book for [23] faults"),
        (text("It is {glue:text}`chapter.ipynb::accuracy`."), "Sphinx refused"),
    ],
    ids=["failing-cell", "missing-glue", "sphinx-warnings", "missing-glue-elsewhere"],
)
def test_a_broken_page_is_never_published_and_is_refused_again(run, project, fault, message):
    published = project / "book" / "_build" / "html" / "index.html"
    published.parent.mkdir(parents=True)
    published.write_text("the last good book")
    run(notebook(fault))
    for _ in range(2):
        with pytest.raises(BookError, match=message) as refusal:
            build()
        assert "\n" not in str(refusal.value)
    assert published.read_text() == "the last good book"


def test_each_fault_that_sphinx_finds_is_a_line_with_its_page(run, project):
    run(notebook(text("See {cite}`nobody1999`.")))
    stream = StringIO()
    with pytest.raises(BookError):
        book.build("demo", console=Console(file=stream, width=80))
    lines = [line for line in stream.getvalue().splitlines() if line.strip()]
    assert any(line.startswith("_generated/chapter") and "nobody1999" in line for line in lines)
    assert not any("writing output" in line for line in lines)


def test_a_page_missing_from_the_contents_source_is_refused(run, project):
    toc = project / "book" / "_toc.yml"
    toc.write_text(toc.read_text() + "  - file: _generated/forgotten\n")
    with pytest.raises(BookError, match="forgotten"):
        build()


def test_a_failed_experiment_stops_the_book_and_names_where_its_notebook_is(run, project):
    run(notebook(), state="failed")
    with pytest.raises(BookError, match=r"1 of 1 notebooks failed \(chapter\).*runs/demo/"):
        build()
    assert not (project / "book" / "_build" / "html").exists()


def test_an_unknown_parameter_is_refused_before_anything_runs(project):
    path = project / "notebooks" / "experiments.yaml"
    path.write_text(MATRIX.replace("{seeds: [0, 1]}", "{seedz: [0, 1]}"))
    with pytest.raises(ParameterError, match="seedz"):
        book.build("demo", console=Console(file=StringIO()))


def test_a_changed_library_makes_every_executed_notebook_stale(project, tmp_path, monkeypatch):
    matrix = experiments.matrix()
    copied = tmp_path / "copy" / "mgclib"
    shutil.copytree(
        Path(mgclib.__file__).parent, copied, ignore=shutil.ignore_patterns("__pycache__", "*.yaml", "*.csv")
    )
    monkeypatch.setattr(mgclib, "__file__", str(copied / "__init__.py"))

    def key():
        return experiments.cache.prepare(matrix, matrix.experiments["chapter"], matrix.profiles["demo"]).key

    before = key()
    assert key() == before
    (copied / "gates.py").write_text("changed = True\n")
    assert key() != before


def test_generated_files_that_nothing_needs_any_more_are_removed(run, project):
    folder = project / "book" / "_generated"
    folder.mkdir()
    (folder / "chapter.md").write_text("# An old page of the same name\n")
    matrix = experiments.matrix()
    gathered = book.gather(matrix, "demo", {"chapter": project / "runs" / "notebook.ipynb"})
    assert "chapter.ipynb" in gathered.changed
    assert not (folder / "chapter.md").exists()
    assert book.gather(matrix, "demo", {"chapter": project / "runs" / "notebook.ipynb"}).changed == []


def test_two_builds_at_once_do_not_mix(run, project):
    with book._one_build_at_a_time(project / "book"), pytest.raises(BookError, match="another `mgc book`"):
        build()


def test_a_readme_without_markers_is_named(project):
    (project / "README.md").write_text("# nothing here\n")
    with pytest.raises(BookError, match="lost its markers"):
        book.update_readme(project)


def test_the_table_of_contents_is_read_in_order(project):
    pages = book.toc_pages(project / "book")
    assert pages == [
        "index", "how-to-read", "_generated/report-cs464-2020", "_generated/chapter", "_generated/elsewhere",
    ]  # fmt: skip


def test_what_no_reader_looks_at_is_taken_out_of_the_bound_book(tmp_path):
    (tmp_path / "_images").mkdir()
    (tmp_path / "_sources").mkdir()
    for name in ("shown.png", "earlier.png"):
        (tmp_path / "_images" / name).write_bytes(PIXELS)
    (tmp_path / "page.html").write_text('<img src="../_images/shown.png">', encoding="utf-8")
    cells = [
        {"cell_type": "code", "source": ["1 + 1"], "execution_count": 3, "outputs": [{"output_type": "stream"}]},
        {"cell_type": "markdown", "source": ["words"]},
    ]
    source = tmp_path / "_sources" / "page.ipynb"
    source.write_text(json.dumps({"cells": cells, "metadata": {}}), encoding="utf-8")
    book.lighten(tmp_path)
    assert [path.name for path in (tmp_path / "_images").iterdir()] == ["shown.png"]
    left = json.loads(source.read_text(encoding="utf-8"))["cells"]
    assert left[0] == {**cells[0], "execution_count": None, "outputs": []}
    assert left[1] == cells[1]
