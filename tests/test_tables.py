"""Tables to sort and to filter: what is shown, what it is sorted by, and what remains without a script."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from mgclib import gates, tables
from mgclib.errors import ParameterError

SCORES = pd.DataFrame(
    {
        "model": ["CNN <1D>", "SVM", "Jukebox", "écho"],
        "kind": ["network", "features", "network", "features"],
        "accuracy": ["54.1 %", "53.4 %", None, "9.5 %"],
        "clips": [290, 290, 100, 1000],
    }
)
RAW = pd.DataFrame({"accuracy": [0.541, 0.534, np.nan, 0.095]})


@pytest.fixture
def table():
    return tables.sortable(
        SCORES,
        raw=RAW,
        caption="Scores. On 290 clips & more.",
        filters=["kind"],
        links={"model": ["cnn.html", None, "a.html?x=1&y=2", None]},
        badges={"kind": {"network": "mgc-shown"}},
        explained={"accuracy": 'share of "right" clips'},
    )


def page_of(*outputs):
    return BeautifulSoup("".join(one._repr_mimebundle_()["text/html"] for one in outputs), "html.parser")


def cells(page):
    return [[cell.text for cell in row.find_all(["th", "td"])] for row in page.tbody.find_all("tr")]


def test_without_a_script_the_whole_table_is_there_and_no_dead_control(table):
    page = page_of(table)
    assert [head.text for head in page.thead.find_all("th")] == list(SCORES)
    assert cells(page) == [
        ["CNN <1D>", "network", "54.1 %", "290"],
        ["SVM", "features", "53.4 %", "290"],
        ["Jukebox", "network", "—", "100"],
        ["écho", "features", "9.5 %", "1000"],
    ]
    assert page.caption.text == "Scores. On 290 clips & more."
    assert all(control.find_parent(hidden=True) for control in page.find_all(["input", "select", "button"]))
    assert {head["scope"] for head in page.thead.find_all("th")} == {"col"}
    assert {row.th["scope"] for row in page.tbody.find_all("tr")} == {"row"}
    assert [link["href"] for link in page.find_all("a")] == ["cnn.html", "a.html?x=1&y=2"]
    assert [badge["class"] for badge in page.tbody.find_all("span")] == 2 * [["mgc-badge", "mgc-shown"]]
    assert page.thead.find_all("th")[2]["title"] == 'share of "right" clips'
    assert "Jukebox" in table._repr_mimebundle_()["text/plain"]


def test_two_on_a_page_do_not_meet_and_nothing_comes_from_elsewhere(table, tmp_path):
    other = tables.sortable(SCORES, caption="Another.")
    page = page_of(table, other)
    names = [box["id"] for box in page.find_all(class_="mgc-table")]
    assert len(set(names)) == 2
    text = str(page)
    assert not re.search(r"https?:|//cdn|@import", text)
    assert "\n\n" not in table.html  # a blank line would end a block of HTML in a Markdown page
    (tmp_path / "page.html").write_text(text)
    gates.check_offline(tmp_path)


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (SCORES.iloc[:0], {}, "at least one row"),
        (SCORES, {"raw": RAW.iloc[:2]}, "raw has 2 rows for 4"),
        (SCORES, {"raw": pd.DataFrame({"macs": [1, 2, 3, 4]})}, "raw names 'macs'"),
        (SCORES, {"filters": ["genre"]}, "filters names 'genre'; the table has model, kind"),
        (SCORES, {"links": {"model": ["a.html"]}}, "links has 1 targets"),
        (SCORES, {"badges": {"verdict": {}}}, "badges names 'verdict'"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(frame, options, message):
    with pytest.raises(ParameterError, match=message) as refusal:
        tables.sortable(frame, caption="c", **options)
    assert "\n" not in str(refusal.value)


ACTIONS = """
<script>
const seen = {};
const rows = () => [...document.querySelectorAll("tbody tr")].filter((row) => !row.hidden);
const now = () => rows().map((row) => row.cells[0].textContent);
const heads = [...document.querySelectorAll("thead th")];
const told = () => document.querySelector("output").textContent;
const click = (n) => { heads[n].querySelector("button").click(); return now(); };
seen.model = click(0);
seen.accuracy = click(2);
seen.sorted = heads.map((head) => head.getAttribute("aria-sort"));
seen.rising = click(2);
seen.clips = click(3);
const type = (box, value) => { box.value = value; box.dispatchEvent(new Event("input", { bubbles: true })); };
type(document.querySelector("select"), "features"); seen.features = now();
type(document.querySelector("input"), "ECHO 9.5"); seen.words = now(); seen.told = told();
document.querySelector("form").reset();
setTimeout(() => {
  seen.reset = now().length; seen.shown = !document.querySelector("form").hidden;
  const out = document.createElement("pre"); out.id = "seen"; out.textContent = JSON.stringify(seen);
  document.body.replaceChildren(out);
}, 50);
</script>
"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a browser (chromium)")
def test_in_a_browser_it_sorts_by_value_and_filters_by_word_and_choice(table, tmp_path):
    path = tmp_path / "table.html"
    path.write_text(f'<!doctype html><meta charset="utf-8"><body>{table.html}{ACTIONS}</body>', encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    seen = json.loads(BeautifulSoup(dom, "html.parser").find(id="seen").text)
    assert seen["model"] == ["CNN <1D>", "écho", "Jukebox", "SVM"]
    assert seen["accuracy"] == ["CNN <1D>", "SVM", "écho", "Jukebox"]
    assert seen["sorted"] == ["none", "none", "descending", "none"]
    assert seen["rising"] == ["écho", "SVM", "CNN <1D>", "Jukebox"]
    assert seen["clips"][0] == "écho"
    assert seen["clips"][-1] == "Jukebox"
    assert sorted(seen["features"]) == ["SVM", "écho"]
    assert seen["words"] == ["écho"]
    assert seen["told"] == "1 of 4 rows"
    assert (seen["reset"], seen["shown"]) == (4, True)
