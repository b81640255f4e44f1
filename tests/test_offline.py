"""What the Sphinx extension of the book lays beside its pages, and what it leaves out."""

from __future__ import annotations

from importlib import resources

import pytest
from sphinx.application import Sphinx

from mgclib import gates
from mgclib.clouds import SCRIPT
from mgclib.errors import BookError

PAGE = 'Title\n=====\n\nSome words.\n\n.. raw:: html\n\n   <article><div data-needs="{script}"></div></article>\n'


@pytest.fixture
def book(tmp_path):
    """Bind a page that needs the script of the clouds; binding again finds nothing new."""
    (tmp_path / "index.rst").write_text(PAGE.format(script=SCRIPT) + "   " + "word " * 40)

    def bind():
        html = tmp_path / "html"
        app = Sphinx(
            tmp_path,
            None,
            html,
            tmp_path / "trees",
            "html",
            confoverrides={"extensions": ["mgclib.offline"]},
            status=None,
            warning=None,
        )
        app.build()
        return html

    return bind


def test_the_book_carries_the_script_of_the_clouds(book):
    html = book()
    package = resources.files("plotly") / "package_data" / "plotly.min.js"
    assert (html / SCRIPT).read_bytes() == package.read_bytes()
    gates.check_offline(html)
    (html / SCRIPT).unlink()
    assert (book() / SCRIPT).is_file()


def test_a_page_without_the_script_that_it_needs_is_refused(tmp_path):
    words = "Thirty words that tell a story of blues, metal and a machine. " * 4
    cloud = f'<div data-needs="{SCRIPT}"></div>'
    (tmp_path / "page.html").write_text(f"<html><body><article><h1>T</h1>{words}{cloud}</article></body></html>")
    with pytest.raises(BookError, match=r"page: _static/plotly\.min\.js is not there"):
        gates.check_pages(tmp_path, ["page"])
    (tmp_path / SCRIPT).parent.mkdir()
    (tmp_path / SCRIPT).write_text("draw()")
    gates.check_pages(tmp_path, ["page"])
