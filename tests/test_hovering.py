"""Figures to choose from whose points tell what they are: everything in the page, nothing from elsewhere."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from mgclib import gates, hovering
from mgclib.errors import ParameterError
from mgclib.style import Card


def figure(*keys):
    card = Card(figsize=(2, 1))
    axes = card.subplots()
    for place, key in enumerate(keys):
        axes.plot(place, place, "o", gid=f"{hovering.POINT}{key}")
    axes.set_xlabel("cost & co")
    return card


TOLD = {"1": 'SVM: "53" < 54', "2": "CNN", "spare": "nobody"}


@pytest.fixture
def shown():
    figures = {(a, b): figure("1", "2") for a in ("fair", "random") for b in ("weights", "time")}
    return hovering.panels(figures, ("clips", "cost"), TOLD, title="Accuracy <and> cost")


def page_of(*outputs):
    return BeautifulSoup("".join(one._repr_mimebundle_()["text/html"] for one in outputs), "html.parser")


def test_every_point_tells_what_it_is_and_can_be_reached_by_keyboard(shown):
    page = page_of(shown)
    figures = page.find_all("figure")
    assert [one["data-place"] for one in figures] == ["0 0", "0 1", "1 0", "1 1"]
    for one in figures:
        points = one.find_all(attrs={"data-told": True})
        assert [point["data-told"] for point in points] == [TOLD["1"], TOLD["2"]]
        assert [point.find("title").text for point in points] == [TOLD["1"], TOLD["2"]]
        assert all(point["tabindex"] == "0" and point["aria-label"] for point in points)
        assert "cost & co" in one.text


def test_one_figure_is_shown_for_each_choice_and_the_first_without_a_click(shown):
    page = page_of(shown)
    inputs = page.find_all("input", type="radio")
    assert [one.find_parent("label").text for one in inputs] == ["fair", "random", "weights", "time"]
    assert [one.has_attr("checked") for one in inputs] == [True, False, True, False]
    assert [one.text for one in page.find_all("legend")] == ["clips", "cost"]
    rules = re.findall(r'figure\[data-place="(\d \d)"\] \{ display: block', page.style.text)
    assert sorted(rules) == ["0 0", "0 1", "1 0", "1 1"]
    for rule in page.style.text.splitlines():
        for name, value in re.findall(r'input\[name="([^"]+)"\]\[value="(\d)"\]', rule):
            assert page.find("input", attrs={"name": name, "value": value})


def test_no_id_occurs_twice_and_every_reference_is_there(shown):
    page = page_of(shown, hovering.panels({("x",): figure("1")}, ("clips",), TOLD, title="Other"))
    names = [tag["id"] for tag in page.find_all(id=True)]
    assert len(names) == len(set(names))
    text = str(page)
    for wanted in {*re.findall(r"url\(#([^)]+)\)", text), *re.findall(r'href="#([^"]+)"', text)}:
        assert wanted in names


def test_nothing_comes_from_elsewhere_and_a_single_figure_needs_no_buttons(shown, tmp_path):
    alone = hovering.panels({("x",): figure("1")}, ("clips",), TOLD, title="Other")
    page = page_of(alone)
    assert not page.find_all("input")
    assert "figure { display: block; }" in page.style.text
    text = str(page_of(shown, alone))
    assert not re.search(r"https?:", text)
    (tmp_path / "page.html").write_text(text)
    gates.check_offline(tmp_path)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({}, "0 figures"),
        ({("a", "x"): figure("1"), ("b", "y"): figure("1")}, "2 figures for 4 combinations of clips, cost"),
        ({("a", "x"): figure("7")}, "the point '7' has nothing to say"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(figures, message):
    with pytest.raises(ParameterError, match=message) as refusal:
        hovering.panels(figures, ("clips", "cost"), TOLD, title="t")
    assert "\n" not in str(refusal.value)
