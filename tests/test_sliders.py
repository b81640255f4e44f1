"""Sliders: a picture for every combination of values, nothing from the network, whole without a script."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from ipywidgets.widgets import interaction
from PIL import Image

from mgclib import gates, sliders
from mgclib.errors import ParameterError
from mgclib.style import Card

VALUES = {"n_fft": [256, 2048, 8192], "fmax": [2000.0, 11025.0]}
DARK = {(n, f): k for k, (n, f) in enumerate((n, f) for n in VALUES["n_fft"] for f in VALUES["fmax"])}


def draw(n_fft, fmax):
    figure = Card(figsize=(1.0, 0.5), dpi=100, facecolor=str(DARK[n_fft, fmax] / 8))
    return figure


@pytest.fixture
def shown():
    return sliders.prerendered(
        draw,
        VALUES,
        start={"n_fft": 256},
        caption=lambda n_fft, fmax: f"{n_fft}<{fmax:g}",
        words="{:g}".format,
        title='A "mel" <picture>',
    )


def page_of(*outputs):
    return BeautifulSoup("".join(one._repr_mimebundle_()["text/html"] for one in outputs), "html.parser")


def test_there_is_one_picture_for_every_combination_at_its_own_place(shown):
    page = page_of(shown)
    seen = {}
    for figure in page.find_all("figure"):
        data = figure.img["src"].removeprefix("data:image/webp;base64,")
        picture = Image.open(io.BytesIO(base64.b64decode(data)))
        assert picture.format == "WEBP"
        assert picture.size == (int(figure.img["width"]), int(figure.img["height"])) == (100, 50)
        seen[figure["data-place"]] = np.asarray(picture).mean() / 255
    assert list(seen) == [f"{i} {j}" for i in range(3) for j in range(2)]
    np.testing.assert_allclose(list(seen.values()), np.arange(6) / 8, atol=0.02)


def test_a_slider_says_its_values_and_reaches_every_picture(shown):
    page = page_of(shown)
    controls = page.find_all("input", type="range")
    assert [label.span.text for label in page.find_all("label")] == ["n_fft", "fmax"]
    words = [control["data-words"].split("|") for control in controls]
    assert words == [["256", "2048", "8192"], ["2000", "11025"]]
    for control, values, first in zip(controls, words, (0, 1), strict=True):
        assert (control["min"], control["max"], control["step"]) == ("0", str(len(values) - 1), "1")
        assert control["value"] == str(first)
        assert control["aria-valuetext"] == values[first] == control.find_next("output").text


def test_without_a_script_the_first_picture_is_there_and_no_dead_control(shown):
    page = page_of(shown)
    (visible,) = (figure for figure in page.find_all("figure") if not figure.has_attr("hidden"))
    assert visible["data-place"] == "0 1"
    assert visible.img["alt"] == 'A "mel" <picture>: n_fft 256, fmax 11025'
    assert visible.figcaption.text == "n_fft 256, fmax 11025: 256<11025"
    assert all(control.find_parent(hidden=True) for control in page.find_all("input"))


def test_two_on_a_page_do_not_meet_and_nothing_comes_from_elsewhere(shown, tmp_path):
    page = page_of(shown, shown)
    assert len(page.find_all(class_="mgc-slider")) == 2
    assert not page.find_all(id=True)
    assert not page.find_all(attrs={"for": True})
    text = str(page)
    assert not re.search(r"https?:|//cdn|@import|src=\"(?!data:)", text)
    (tmp_path / "page.html").write_text(text)
    gates.check_offline(tmp_path)
    cell = {
        "cell_type": "code",
        "source": "x",
        "outputs": [{"output_type": "display_data", "data": {"text/html": text}}],
    }
    gates.check_outputs("page", {"cells": [cell]})


@pytest.mark.parametrize(
    ("values", "start", "message"),
    [
        ({}, {}, "nothing to slide"),
        ({"hop": [512]}, {}, "hop has the values"),
        ({"hop": [512, 512]}, {}, "two different"),
        ({"hop": [1, 2]}, {"hop": 3}, "hop cannot start at 3"),
        ({"hop": [1, 2]}, {"hops": 1}, "'hops', which is no slider"),
        ({"a": range(10), "b": range(9)}, {}, "90 pictures are too many"),
    ],
)
def test_what_cannot_slide_is_said_in_one_line_before_anything_is_drawn(values, start, message):
    with pytest.raises(ParameterError, match=message) as refusal:
        sliders.prerendered(lambda **_: pytest.fail("drawn"), values, start=start, title="t")
    assert "\n" not in str(refusal.value)


def test_live_sliders_show_what_they_are_moved_to(monkeypatch):
    seen = []
    monkeypatch.setattr(interaction, "display", seen.append)
    widget = sliders.live(lambda n_fft, fmax: (n_fft, fmax), VALUES, start={"fmax": 2000.0})
    n_fft, _ = widget.children[:2]
    n_fft.value = 8192
    widget.update()
    assert [one for one in seen if isinstance(one, tuple)][-1] == (8192, 2000.0)
    assert [control.description for control in widget.children[:2]] == ["n_fft", "fmax"]


def test_without_a_kernel_a_sentence_stands_in_for_live_sliders():
    said = sliders.live(lambda **_: pytest.fail("drawn"), VALUES, kernel=False)
    assert "<code>n_fft</code>, <code>fmax</code>" in said.data
    assert not any("widget" in kind for kind in vars(said))
