"""The book: gather executed notebooks, write the pages made from data, apply the gates, bind, publish.

Everything is made beside the last good book and takes its place at the end: a book with a fault is never published.
Files are written only when their content changes, so that Sphinx binds again only what is new.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout
from rich.console import Console

from mgclib import experiments, gates
from mgclib.chapters import absent_page, page_notebook, promised, without_progress
from mgclib.errors import BookError
from mgclib.experiments import Matrix
from mgclib.files import data_home, write_text

__all__ = ["bind", "build", "gather", "publish", "toc_pages", "update_readme", "verify"]

GENERATED = "_generated"
README_MARKERS = ("<!-- results: written by `mgc book`, not by hand -->", "<!-- /results -->")
WARNING = re.compile(r"^(?P<page>.*?):?(?:\d+:)? ?(?P<kind>WARNING|ERROR|CRITICAL|SEVERE): (?P<message>.*)$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Gathered:
    """What stands in ``book/_generated`` after `gather`.

    Parameters
    ----------
    changed : list of str
        Names of the files whose content is new.
    expects : dict of str to dict
        For each page its least number of ``figures`` and ``tables``.
    """

    changed: list[str] = field(default_factory=list)
    expects: dict[str, dict[str, int]] = field(default_factory=dict)


def build(
    profile: str = "demo",
    *,
    home: str | Path | None = None,
    jobs: int | None = None,
    console: Console | None = None,
    open_: bool = False,
) -> Path:
    """Run what is not up to date, bind the book and publish it.

    Parameters
    ----------
    profile : str
        Profile at which the notebooks run.
    home : path, optional
        Folder of the real dataset, for the profiles that need one.
    jobs : int > 0, optional
        Notebooks that run at the same time.
    open_ : bool
        Open the book in a browser afterwards.

    Returns
    -------
    Path
        ``book/_build/html/index.html``.

    Raises
    ------
    BookError
        When a notebook fails, a gate refuses or Sphinx finds a fault; the last good book stays where it is.
    """
    console = console or Console()
    matrix = experiments.matrix()
    book = matrix.root / "book"
    staging = book / "_build" / "staging"
    matrix.profile(profile)
    with _one_build_at_a_time(book):
        notebooks = _run(matrix, profile, home=home, jobs=jobs, console=console)
        gathered = gather(matrix, profile, notebooks)
        update_readme(matrix.root)
        bind(matrix.root, staging, console=console)
        html = staging / "_build" / "html"
        try:
            verify(book, html, gathered.expects)
        except BookError:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        index = publish(html, book / "_build" / "html") / "index.html"
    console.print(f"The book is bound: {index.relative_to(matrix.root)}", highlight=False)
    if open_:
        webbrowser.open(index.as_uri())
    return index


def _one_build_at_a_time(book: Path) -> Any:
    (book / "_build").mkdir(parents=True, exist_ok=True)
    lock = FileLock(book / "_build" / ".lock", timeout=0)
    try:
        return lock.acquire()
    except Timeout:
        raise BookError("another `mgc book` is at work in this checkout; wait until it is done") from None


def _run(
    matrix: Matrix, profile: str, *, home: str | Path | None, jobs: int | None, console: Console
) -> dict[str, Path]:
    """Run what is not up to date; return the executed notebook of each experiment."""
    outcomes = experiments.run((), profile, home=home, jobs=jobs, console=console, plan=matrix)
    failed = [outcome.experiment for outcome in outcomes if outcome.state == "failed"]
    if failed:
        raise BookError(
            f"{len(failed)} of {len(outcomes)} notebooks failed ({', '.join(failed)}); "
            f"they are kept below runs/{profile}/, and the last good book stays as it was"
        )
    return {outcome.experiment: outcome.notebook for outcome in outcomes}


def gather(matrix: Matrix, profile: str, notebooks: Mapping[str, Path]) -> Gathered:
    """Write every generated page into ``book/_generated``: chapters, reports, ledger, table of results.

    Parameters
    ----------
    matrix : Matrix
    profile : str
    notebooks : Mapping of str to Path
        The executed notebook of each experiment that runs at `profile`.

    Raises
    ------
    BookError
        When a gate refuses a notebook; nothing is written then.
    """
    texts: dict[str, str] = {}
    expects: dict[str, dict[str, int]] = {}
    private = (str(matrix.root), str(data_home().absolute()), str(Path.home()))
    for experiment in matrix.experiments.values():
        if experiment.name not in notebooks:
            texts[f"{experiment.page}.md"] = absent_page(experiment, profile)
            continue
        notebook = without_progress(json.loads(notebooks[experiment.name].read_text(encoding="utf-8")))
        gates.check_notebook(experiment.page, notebook, private=private)
        expects[f"{GENERATED}/{experiment.page}"] = promised(experiment, notebook)
        page = page_notebook(notebook, experiment, matrix.profile(profile))
        texts[f"{experiment.page}.ipynb"] = json.dumps(page, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    texts.update(_pages_from_data(profile))
    return Gathered(_write_folder(matrix.root / "book" / GENERATED, texts), expects)


def _pages_from_data(profile: str) -> dict[str, str]:
    from mgclib import ledger, reports
    from mgclib.ledger import page
    from mgclib.reports import pages

    evidence = ledger.Evidence(experiments.matrix(), profile)
    found = ledger.rows(evidence=evidence)
    texts = {f"report-{slug}.md": pages.report_page(slug, profile, found=found) for slug in reports.slugs()}
    texts["ledger.md"] = page.ledger_page(profile, evidence=evidence, found=found)
    return {**texts, "results.md": _from_root(pages.results_table())}


def _from_root(text: str) -> str:
    """Let the page links of `text` start at the top of the book, so that a page elsewhere can include it."""
    return re.sub(r"<([\w-]+)>`", rf"</{GENERATED}/\1>`", text)


def _results_table() -> str:
    from mgclib.reports import pages

    return pages.results_table(links=False)


def _write_folder(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """Make `folder` hold exactly `texts`; return the names of those that were not there already."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in texts:
            path.unlink() if path.is_file() else shutil.rmtree(path)
    changed = [name for name, text in texts.items() if _written(folder / name) != text]
    for name in changed:
        write_text(folder / name, texts[name])
    return changed


def _written(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def update_readme(root: Path) -> bool:
    """Write the table of results between the markers in README.md; return whether it changed.

    Raises
    ------
    BookError
        When the markers are not there.
    """
    path = root / "README.md"
    start, end = README_MARKERS
    before, found, rest = path.read_text(encoding="utf-8").partition(start)
    table, closed, after = rest.partition(end)
    if not found or not closed:
        raise BookError(f"README.md has lost its markers {start!r} … {end!r}; put them where the results belong")
    wanted = f"\n\n{_results_table().strip()}\n\n"
    if table != wanted:
        write_text(path, f"{before}{start}{wanted}{end}{after}")
    return table != wanted


def bind(root: Path, staging: Path, *, console: Console | None = None) -> None:
    """Let Jupyter Book bind ``book/`` into ``<staging>/_build/html``, without executing anything.

    Raises
    ------
    BookError
        For any warning; each is printed on a line of its own, with its page. What was bound is removed then,
        because Sphinx does not warn again about a page that it knows already.
    """
    console = console or Console()
    main = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", main, "build", "book", "--config", "_config.yml", "--path-output", str(staging)]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}
    with console.status("binding the book"):
        done = subprocess.run(
            [*command, "-W", "-n", "--keep-going"],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == 0:
        static = root / "book" / "_static"  # Sphinx copies it only when some page is new
        shutil.copytree(static, staging / "_build" / "html" / "_static", dirs_exist_ok=True)
        lighten(staging / "_build" / "html")
        return
    shutil.rmtree(staging, ignore_errors=True)
    faults = list(dict.fromkeys(_faults(done.stdout + done.stderr, root / "book")))
    if not faults:
        faults = [line for line in COLOUR.sub("", done.stderr).splitlines() if line.strip()][-5:]
    for fault in faults:
        console.print(fault, style="red", highlight=False, markup=False, soft_wrap=True)
    first = f" (the first: {faults[0]})" if faults else ""
    raise BookError(f"Sphinx refused the book for {len(faults)} faults{first}; the last good book stays as it was")


def lighten(html: Path) -> None:
    """Take out of a bound book what no reader looks at.

    Notebooks to download lose their outputs (the page shows them, and whoever runs the notebook makes new ones), and
    pictures of earlier bindings go.
    """
    for path in (html / "_sources").rglob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        ran = [cell for cell in notebook["cells"] if cell.get("outputs") or cell.get("execution_count")]
        for cell in ran:
            cell |= {"outputs": [], "execution_count": None}
        if ran:
            write_text(path, json.dumps(notebook, ensure_ascii=False, indent=1) + "\n")
    pages = "".join(path.read_text(encoding="utf-8") for path in html.rglob("*.html"))
    shown = set(re.findall(r"_images/([^\"'?#)\s]+)", pages))
    for path in (html / "_images").glob("*"):
        if path.name not in shown:
            path.unlink()


def _faults(output: str, book: Path) -> Iterator[str]:
    for line in COLOUR.sub("", output).splitlines():
        match = WARNING.match(line.strip())
        if match:
            page = match["page"].replace(f"{book.resolve()}{os.sep}", "").strip() or "book"
            yield f"{page}: {match['message']}"


def toc_pages(book: Path) -> list[str]:
    """Return the name of every page in ``_toc.yml``, in order."""
    content = yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))

    def walk(entry: Any) -> Iterator[str]:
        if isinstance(entry, list):
            for part in entry:
                yield from walk(part)
        elif isinstance(entry, dict):
            yield from (entry[key] for key in ("root", "file") if key in entry)
            for value in entry.values():
                yield from walk(value)

    return [name.removesuffix(".md").removesuffix(".ipynb") for name in walk(content)]


def verify(book: Path, html: Path, expects: Mapping[str, Mapping[str, int]]) -> None:
    """Apply the gates for a bound book.

    Raises
    ------
    BookError
        At the first fault.
    """
    gates.check_pages(html, toc_pages(book))
    for page, least in expects.items():
        gates.check_expectations(html, page, least)
    gates.check_offline(html)
    gates.check_size(html)


def publish(html: Path, target: Path) -> Path:
    """Put a copy of the bound book `html` in the place of `target`; a reader sees the old book or the new one."""
    new, old = target.with_name(".html-new"), target.with_name(".html-old")
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(html, new)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target
