"""Figures to choose from whose points tell what they are: everything in the page, nothing from elsewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

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


ACTIONS = """
<script>
const seen = {};
const shown = () => [...document.querySelectorAll("figure")].filter(
  (figure) => getComputedStyle(figure).display !== "none").map((figure) => figure.dataset.place);
const told = () => document.querySelector("output").textContent;
seen.first = shown();
document.querySelectorAll("input")[3].click();
seen.clicked = shown();
const point = document.querySelectorAll("figure")[1].querySelectorAll("[data-told]")[0];
point.dispatchEvent(new Event("focus")); seen.told = told();
point.dispatchEvent(new Event("blur")); seen.rest = told();
const out = document.createElement("pre"); out.id = "seen"; out.textContent = JSON.stringify(seen);
document.body.replaceChildren(out);
</script>
"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a browser (chromium)")
def test_in_a_browser_a_button_changes_the_figure_and_a_point_speaks(shown, tmp_path):
    path = tmp_path / "figures.html"
    path.write_text(f'<!doctype html><meta charset="utf-8"><body>{shown.html}{ACTIONS}</body>', encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    seen = json.loads(BeautifulSoup(dom, "html.parser").find(id="seen").text)
    assert (seen["first"], seen["clicked"]) == (["0 0"], ["0 1"])
    assert seen["told"] == TOLD["1"]
    assert seen["rest"].startswith("Rest the pointer")


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
