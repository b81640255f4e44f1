"""Every gate, with the fault it is there for planted in a good notebook or a good bound book."""

from __future__ import annotations

import base64
import copy
import io

import pytest
from PIL import Image

from mgclib import gates
from mgclib.errors import BookError


def png(colours=((0, 0, 0), (255, 255, 255)), size=(8, 8)) -> bytes:
    picture = Image.new("RGB", size, colours[0])
    picture.putpixel((3, 3), colours[1])
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def code(source, *outputs, count=1, tags=()):
    return {
        "cell_type": "code",
        "id": f"c{count}",
        "metadata": {"tags": list(tags)} if tags else {},
        "source": source,
        "execution_count": count,
        "outputs": list(outputs),
    }


def shown(metadata=None, **data):
    kinds = {
        "text": "text/plain",
        "html": "text/html",
        "png": "image/png",
        "widget": "application/vnd.jupyter.widget-view+json",
    }
    return {
        "output_type": "display_data",
        "metadata": metadata or {},
        "data": {kinds[kind]: value for kind, value in data.items()},
    }


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def executed(*extra):
    story = (
        "# A chapter\n\nThis chapter tells what the report did, which clips we took, what a picture of them looks "
        "like, how well it went and what to try next. The accuracy is {glue:text}`accuracy:.2f`."
    )
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {"cell_type": "markdown", "id": "m1", "metadata": {}, "source": story},
            code("glue('accuracy', 0.5)", shown({"scrapbook": {"name": "accuracy", "mime_prefix": ""}}, text="0.5")),
            code("draw()", shown(text="<Figure>", png=base64.b64encode(png()).decode()), count=2),
            code("table", shown(html="<table><tr><td>1</td></tr></table>", text="1"), count=3),
            *extra,
        ],
    }


def test_a_good_notebook_passes():
    gates.check_notebook("page", executed(), private=["/home/me/checkout"])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (
            code("1/0", {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "by zero", "traceback": []}),
            r"page: cell 5 failed with ZeroDivisionError: by zero",
        ),
        (code("after the failure", count=None), r"page: cell 5 \('after the failure'\) was never executed"),
        (code("f()", stream("UserWarning: careful\n", "stderr")), r"cell 5 wrote 'UserWarning: careful' to stderr"),
        (code("f()", stream("Traceback (most recent call last):\n  …\n")), r"cell 5 prints a traceback"),
        (code("f()", shown(text="bar", widget={"model_id": "1"})), r"cell 5 shows a widget"),
        (code("f()", stream("saved to /home/me/checkout/runs\n")), r"shows the folder '/home/me/checkout'"),
        (
            {"cell_type": "markdown", "metadata": {}, "source": "So {glue:text}`acuracy:.2f` it is."},
            r"cell 5 asks for the glued value 'acuracy'; glued are: accuracy",
        ),
        (
            {"cell_type": "markdown", "metadata": {}, "source": "```{glue:figure} curves\n:name: x\n```"},
            r"asks for the glued value 'curves'",
        ),
    ],
    ids=["failed", "not-executed", "stderr", "traceback", "widget", "private-folder", "glue-role", "glue-directive"],
)
def test_a_fault_in_a_notebook_is_refused_in_one_line(cell, message):
    with pytest.raises(BookError, match=message) as refusal:
        gates.check_notebook("page", executed(cell), private=["/home/me/checkout"])
    assert "\n" not in str(refusal.value)


def test_a_value_glued_on_another_page_is_left_to_sphinx():
    cell = {"cell_type": "markdown", "metadata": {}, "source": "{glue}`other.ipynb::accuracy`"}
    gates.check_glue("page", executed(cell))


def test_text_may_be_a_list_of_lines_as_jupyter_writes_it():
    notebook = executed(code("f()", stream(["fine\n", "Traceback (most recent call last):\n"])))
    notebook["cells"][0]["source"] = notebook["cells"][0]["source"].splitlines(keepends=True)
    with pytest.raises(BookError, match="traceback"):
        gates.check_notebook("page", notebook)


def test_a_page_without_text_or_without_outputs_is_empty():
    silent, mute = executed(), executed()
    silent["cells"][0]["source"] = "# Only a title"
    with pytest.raises(BookError, match=r"the page is empty \(4 words"):
        gates.check_story("page", silent)
    mute["cells"] = copy.deepcopy(mute["cells"][:1])
    with pytest.raises(BookError, match="no cell has an output"):
        gates.check_story("page", mute)


@pytest.fixture
def html(tmp_path):
    words = "Thirty words that tell a story of blues, metal and a machine. " * 4
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a b.png").write_bytes(png())
    (tmp_path / "page.html").write_text(
        f'<html><head><link rel="stylesheet" href="_static/a.css"></head><body><img src="_static/logo.svg"/>'
        f'<article class="bd-article"><h1>Title</h1><p>{words}<a href="https://example.org">far</a></p>'
        f'<img src="_images/a%20b.png"/><table><tr><td>1</td></tr></table></article></body></html>'
    )
    return tmp_path


def test_a_good_bound_page_passes(html):
    gates.check_pages(html, ["page"])
    gates.check_expectations(html, "page", {"figures": 1, "tables": 1})
    gates.check_offline(html)
    gates.check_size(html)


def test_a_page_of_the_contents_must_be_bound(html):
    with pytest.raises(BookError, match=r"chapter: in the table of contents, but not in the bound book"):
        gates.check_pages(html, ["page", "chapter"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "no article"),
        ("<article><h1>Title</h1></article>", r"empty \(1 words\)"),
        (f"<article><p>{'word ' * 50}</p></article>", "no heading"),
    ],
    ids=["no-article", "few-words", "no-heading"],
)
def test_an_empty_bound_page_is_refused(html, body, message):
    (html / "page.html").write_text(f"<html><body>{body}</body></html>")
    with pytest.raises(BookError, match=message):
        gates.check_pages(html, ["page"])


def test_a_picture_must_be_there_and_show_something(html):
    picture = html / "_images" / "a b.png"
    picture.write_bytes(png(colours=((255, 255, 255), (255, 255, 255))))
    with pytest.raises(BookError, match=r"a b\.png is blank"):
        gates.check_pages(html, ["page"])
    picture.unlink()
    with pytest.raises(BookError, match="is not there"):
        gates.check_pages(html, ["page"])


@pytest.mark.parametrize("kind", ["figures", "tables"])
def test_the_expected_figures_and_tables_must_be_there(html, kind):
    with pytest.raises(BookError, match=rf"page: 1 {kind} on the bound page, expected at least 2"):
        gates.check_expectations(html, "page", {kind: 2})


@pytest.mark.parametrize(
    "markup",
    [
        '<script async src="https://cdn.example.org/a.js"></script>',
        '<script src="//cdn.example.org/a.js"></script>',
        '<link href="https://cdn.example.org/a.css" rel="stylesheet" />',
        '<link rel="stylesheet" href="https://cdn.example.org/a.css" />',
        '<img alt="x" src="https://example.org/a.png">',
        '<iframe src="https://example.org/"></iframe>',
    ],
)
def test_nothing_may_be_loaded_from_the_network(html, markup):
    (html / "sub").mkdir()
    (html / "sub" / "other.html").write_text(f"<html><body>{markup}</body></html>")
    with pytest.raises(BookError, match=r"other\.html loads (https:)?//.*example\.org.* from the network"):
        gates.check_offline(html)


def test_no_style_may_be_loaded_from_the_network(html):
    (html / "a.css").write_text('@import "https://fonts.example.org/x.css"; /* https://example.org is fine here */')
    with pytest.raises(BookError, match=r"a\.css loads https://fonts"):
        gates.check_offline(html)


def test_a_link_is_not_loaded(html):
    (html / "a.html").write_text(
        '<link rel="canonical" href="https://example.org/"/><a href="https://example.org">x</a>'
    )
    gates.check_offline(html)


def test_the_book_has_a_budget(html):
    (html / "huge.bin").write_bytes(bytes(5000))
    with pytest.raises(BookError, match=r"the largest file is huge\.bin"):
        gates.check_size(html, budget=4000)
