"""What the book refuses to publish.

Each gate looks at one thing and raises `BookError` in one line: the page, what is wrong, and what to do. The first
group reads executed notebooks, before anything is bound; the second reads the bound HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mgclib.errors import BookError

__all__ = [
    "BUDGET_BYTES",
    "check_executed",
    "check_expectations",
    "check_glue",
    "check_notebook",
    "check_offline",
    "check_outputs",
    "check_pages",
    "check_size",
    "check_story",
]

BUDGET_BYTES = 60_000_000
MIN_WORDS = 25

GLUE = re.compile(r"\{glue(?::\w+)?\}[`\s]+(?P<key>[^`\s:]+)(?P<elsewhere>::)?")
TRACEBACK = re.compile(r"Traceback \(most recent call last\)")
EXTERNAL = re.compile(
    r"<(?:script|img|iframe|source|audio|video|embed|object|link(?=[^>]*rel=\"(?:stylesheet|preload|icon|modulepreload))"
    r")\b[^>]*?\b(?:src|href|data)=\"(?P<url>(?:https?:)?//[^\"]+)\"",
    re.IGNORECASE,
)
EXTERNAL_STYLE = re.compile(r"(?:@import\s+|url\()\s*[\"']?(?P<url>(?:https?:)?//[^\"')\s]+)", re.IGNORECASE)

Notebook = Mapping[str, Any]


def check_notebook(page: str, notebook: Notebook, *, private: Iterable[str] = ()) -> None:
    """Apply every gate for executed notebooks to `notebook`, which becomes `page`.

    Parameters
    ----------
    page : str
        Name of the page, for the message.
    notebook : Mapping
        The executed notebook as nbformat 4 JSON.
    private : iterable of str
        Folders of this machine that no output may show.

    Raises
    ------
    BookError
        At the first fault.
    """
    check_executed(page, notebook)
    check_outputs(page, notebook, private=private)
    check_glue(page, notebook)
    check_story(page, notebook)


def _cells(notebook: Notebook, kind: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == kind:
            yield number, cell


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 160 else line[:159] + "…"


def check_executed(page: str, notebook: Notebook) -> None:
    """Refuse a notebook with a cell that failed or never ran (papermill writes such notebooks too)."""
    for number, cell in _cells(notebook, "code"):
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                what = f"{output.get('ename', 'error')}: {_first_line(_text(output.get('evalue', '')))}"
                raise BookError(f"{page}: cell {number} failed with {what}; mend the notebook and run it again")
        source = _text(cell["source"]).strip()
        if source and cell.get("execution_count") is None:
            raise BookError(
                f"{page}: cell {number} ({_first_line(source)!r}) was never executed; "
                f"run the notebook to its end with `mgc run --force`"
            )


def check_outputs(page: str, notebook: Notebook, *, private: Iterable[str] = ()) -> None:
    """Refuse outputs that are noise: stderr, tracebacks, widgets (they need a network), folders of this machine."""
    private = [folder for folder in private if len(folder) > 1]
    for number, cell in _cells(notebook, "code"):
        for output in cell.get("outputs", []):
            where = f"{page}: cell {number}"
            if output["output_type"] == "stream" and output.get("name") == "stderr":
                line = _first_line(_text(output["text"]))
                raise BookError(f"{where} wrote {line!r} to stderr; remove what warns, or say it in a cell")
            data = {"text/plain": output["text"]} if output["output_type"] == "stream" else output.get("data", {})
            if any("widget" in kind for kind in data):
                raise BookError(f"{where} shows a widget, which a book without a network cannot; print text instead")
            texts = [_text(value) for kind, value in data.items() if kind.startswith("text/")]
            if any(TRACEBACK.search(text) for text in texts):
                raise BookError(f"{where} prints a traceback; mend the notebook and run it again")
            shown = next((folder for folder in private for text in texts if folder in text), None)
            if shown:
                raise BookError(f"{where} shows the folder {shown!r} of this machine; print a name instead")


def check_glue(page: str, notebook: Notebook) -> None:
    """Refuse a page whose text asks for a glued value that no cell has glued."""
    glued = {
        output.get("metadata", {}).get("scrapbook", {}).get("name")
        for _, cell in _cells(notebook, "code")
        for output in cell.get("outputs", [])
    }
    for number, cell in _cells(notebook, "markdown"):
        for match in GLUE.finditer(_text(cell["source"])):
            key = match["key"]
            if not match["elsewhere"] and key not in glued:
                known = ", ".join(sorted(name for name in glued if name)) or "none"
                raise BookError(f"{page}: cell {number} asks for the glued value {key!r}; glued are: {known}")


def check_story(page: str, notebook: Notebook) -> None:
    """Refuse a page without a story (too few words) or without a single output."""
    words = sum(len(_text(cell["source"]).split()) for _, cell in _cells(notebook, "markdown"))
    if words < MIN_WORDS:
        raise BookError(f"{page}: the page is empty ({words} words of text); tell what it shows")
    if not any(cell.get("outputs") for _, cell in _cells(notebook, "code")):
        raise BookError(f"{page}: the page is empty (no cell has an output); run the notebook to its end")


def check_pages(html: Path, pages: Iterable[str]) -> None:
    """Refuse a book where a page of the table of contents is missing, empty or lacks a picture or script it needs."""
    for page in pages:
        article = _article(html, page)
        if article.h1 is None:
            raise BookError(f"{page}: the bound page has no heading; start it with `# Title`")
        words = len(article.get_text(" ").split())
        if words < MIN_WORDS:
            raise BookError(f"{page}: the bound page is empty ({words} words); look at its source")
        for image in article.find_all("img"):
            _check_picture(html, page, image["src"])
        for cloud in article.find_all(attrs={"data-needs": True}):
            if not (html / cloud["data-needs"]).is_file():
                raise BookError(f"{page}: {cloud['data-needs']} is not there; mgclib.offline must be in _config.yml")


def check_expectations(html: Path, page: str, expects: Mapping[str, int]) -> None:
    """Refuse a page with fewer figures or tables than its experiment promises.

    Parameters
    ----------
    html : Path
        Folder of the bound book.
    page : str
        Page name relative to `html`, without ``.html``.
    expects : Mapping of str to int
        The least number of ``figures`` and ``tables``.
    """
    article = _article(html, page)
    found = {"figures": len(article.find_all(["img", "svg"])), "tables": len(article.find_all("table"))}
    for kind, least in expects.items():
        if found[kind] < least:
            raise BookError(f"{page}: {found[kind]} {kind} on the bound page, expected at least {least}")


def check_offline(html: Path) -> None:
    """Refuse a book that would load a script, style, font or picture from the network."""
    for path in sorted(html.rglob("*")):
        pattern = {".html": EXTERNAL, ".css": EXTERNAL_STYLE}.get(path.suffix)
        match = pattern.search(path.read_text(encoding="utf-8")) if pattern else None
        if match:
            raise BookError(
                f"{path.relative_to(html)} loads {match['url']} from the network; bring it into book/_static"
            )


def check_size(html: Path, budget: int = BUDGET_BYTES) -> None:
    """Refuse a book of more than `budget` bytes."""
    sizes = {path: path.stat().st_size for path in html.rglob("*") if path.is_file()}
    total = sum(sizes.values())
    if total > budget:
        largest = max(sizes, key=sizes.__getitem__)
        raise BookError(
            f"the book takes {total / 1e6:.1f} MB, more than its {budget / 1e6:.0f} MB; the largest file is "
            f"{largest.relative_to(html)} ({sizes[largest] / 1e6:.1f} MB)"
        )


def _article(html: Path, page: str) -> Any:
    from bs4 import BeautifulSoup

    path = html / f"{page}.html"
    if not path.is_file():
        raise BookError(f"{page}: in the table of contents, but not in the bound book; look at book/_toc.yml")
    article = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find("article")
    if article is None:
        raise BookError(f"{page}: the bound page is empty (no article in it); look at its source")
    return article


def _check_picture(html: Path, page: str, source: str) -> None:
    from PIL import Image

    if source.startswith("data:"):
        return
    path = (html / page).parent / unquote(source.split("?")[0].split("#")[0])
    if not path.is_file() or path.stat().st_size == 0:
        raise BookError(f"{page}: the picture {source} is not there; run the notebook again")
    if path.suffix == ".png":
        with Image.open(path) as picture:
            if all(low == high for low, high in picture.convert("RGB").getextrema()):
                raise BookError(f"{page}: the picture {path.name} is blank; look at the cell that draws it")
