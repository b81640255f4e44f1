"""The bound book as a reader gets it: whole, without a network, readable in both themes, on a phone too.

Looks at ``book/_build/html``; where there is no book, or no browser, the tests skip and say so.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from mgclib import book, gates, reports

ROOT = Path(__file__).parents[1]
HTML = ROOT / "book" / "_build" / "html"
PAGES = book.toc_pages(ROOT / "book")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_book = pytest.mark.skipif(not (HTML / "index.html").is_file(), reason="there is no book yet: run `make book`")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no chromium here")

DRIVER = """<!doctype html><meta charset="utf-8"><body><iframe id="frame"></iframe><pre id="measured"></pre><script>
const looks = %(looks)s, root = "%(root)s", found = [];
const frame = document.getElementById("frame");
const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
function over(colours) {
  paint.clearRect(0, 0, 1, 1);
  for (const colour of colours) { paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1); }
  return [...paint.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}
function luminance(rgb) {
  const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(win, element) {
  const grounds = ["white"];
  const above = [];
  for (let e = element; e; e = e.parentElement) above.unshift(win.getComputedStyle(e).backgroundColor);
  grounds.push(...above);
  const ground = luminance(over(grounds)), ink = luminance(over([...grounds, win.getComputedStyle(element).color]));
  return (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
}
function scrolls(win, element) {
  for (let e = element; e && e.tagName !== "ARTICLE"; e = e.parentElement)
    if (["auto", "scroll"].includes(win.getComputedStyle(e).overflowX)) return true;
  return false;
}
function measure(win, theme) {
  const doc = win.document, article = doc.querySelector("article.bd-article");
  doc.documentElement.dataset.theme = doc.documentElement.dataset.mode = theme;
  doc.head.insertAdjacentHTML("beforeend", "<style>* { transition: none !important; }</style>");
  const texts = [...article.querySelectorAll("*")].filter(e => e.checkVisibility() &&
    !e.closest("svg, script, style, .headerlink, button, math") &&
    [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
  const right = article.getBoundingClientRect().right + 1;
  return {
    texts: texts.length,
    faint: texts.map(e => [contrast(win, e), e.tagName + "." + e.className + ": " + e.textContent.trim().slice(0, 40)])
      .filter(pair => pair[0] < 4.5),
    ground: luminance(over(["white", win.getComputedStyle(doc.body).backgroundColor])),
    overflow: doc.documentElement.scrollWidth - win.innerWidth,
    cut: [...article.querySelectorAll("table, img, svg, pre")]
      .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > right && !scrolls(win, e))
      .map(e => e.outerHTML.slice(0, 80)),
    loaded: win.performance.getEntriesByType("resource").map(r => r.name),
    broken: [...doc.images].filter(i => i.checkVisibility() && i.complete && !i.naturalWidth).map(i => i.src),
  };
}
async function look([page, theme, width]) {
  frame.width = width; frame.height = 1400;
  await new Promise(done => { frame.onload = done; frame.src = root + "/" + page + ".html"; });
  await new Promise(done => setTimeout(done, 50));
  try { found.push(measure(frame.contentWindow, theme)); } catch (error) { found.push({error: String(error)}); }
}
(async () => {
  for (const one of looks) await look(one);
  document.getElementById("measured").textContent = JSON.stringify(found);
})();
</script>"""
PHONE = 390
LOOKS = [(page, theme, 1300) for page in PAGES for theme in ("light", "dark")] + [
    (page, "light", PHONE) for page in PAGES
]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What one browser measured of every page: a dictionary by page, theme and width in pixels."""
    folder = tmp_path_factory.mktemp("browser")
    driver = folder / "driver.html"
    driver.write_text(DRIVER % {"looks": json.dumps(LOOKS), "root": HTML.as_uri()}, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--dump-dom"]
    access = ["--allow-file-access-from-files", "--disable-web-security", f"--user-data-dir={folder / 'profile'}"]
    size = ["--window-size=1400,1500", "--virtual-time-budget=600000"]
    done = subprocess.run(
        [BROWSER, *options, *access, *size, driver.as_uri()], capture_output=True, text=True, timeout=300, check=True
    )
    text = re.search(r'<pre id="measured">(.*?)</pre>', done.stdout, re.S)
    assert text, f"the browser measured nothing: {done.stderr[-500:]}"
    assert text[1], "the browser stopped before it had seen every page"
    return dict(zip(LOOKS, json.loads(unescape(text[1])), strict=True))


@functools.cache
def soup(page):
    return BeautifulSoup((HTML / f"{page}.html").read_text(encoding="utf-8"), "html.parser")


@functools.cache
def places(path):
    """Return everything in a page that a link can point at."""
    return set(re.findall(r'\bid="([^"]+)"', path.read_text(encoding="utf-8")))


@needs_book
def test_every_page_of_the_contents_is_there_and_tells_something():
    gates.check_pages(HTML, PAGES)


@needs_book
def test_the_book_loads_nothing_from_the_network_and_keeps_its_budget():
    gates.check_offline(HTML)
    gates.check_size(HTML)


@needs_book
@pytest.mark.parametrize("page", PAGES)
def test_no_link_inside_the_book_is_dead(page):
    folder = (HTML / page).parent
    for link in soup(page).find_all("a", href=True):
        target = urlsplit(link["href"])
        if target.scheme or target.netloc or link["href"] == "#":
            continue
        path = (folder / unquote(target.path)).resolve() if target.path else HTML / f"{page}.html"
        assert path.exists(), f"{page}: {link['href']} leads nowhere"
        if target.fragment and path.suffix == ".html":
            assert unquote(target.fragment) in places(path), f"{page}: {link['href']} has no such place"


@needs_book
@pytest.mark.parametrize("slug", reports.slugs())
def test_every_item_of_every_report_stands_in_the_ledger(slug):
    text = soup("_generated/ledger").find("article").get_text(" ")
    missing = [item for item in reports.load(slug).items if item not in text and item.partition("/")[2] not in text]
    assert not missing


@needs_book
def test_chapters_from_generated_music_say_so():
    notebooks = sorted((ROOT / "book" / "_generated").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        if "profile `demo`" in path.read_text(encoding="utf-8"):
            page = soup(f"_generated/{path.stem}")
            told = page.select("article .admonition.synthetic") or "of generated music" in page.select_one(
                "article .provenance"
            ).get_text(" ", strip=True)
            assert told, path.stem


def test_the_table_of_results_in_the_readme_is_the_generated_one():
    from mgclib.reports import pages

    start, end = book.README_MARKERS
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition(start)[2].partition(end)[0]
    assert table.strip() == pages.results_table(links=False).strip(), "write it again with `mgc book`"


@needs_book
@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_every_text_is_readable(seen, page, theme):
    look = seen[page, theme, 1300]
    assert look["texts"] > 5
    assert (look["ground"] > 0.5) == (theme == "light")
    assert look["faint"] == [], f"{page}, {theme}: too little contrast"


@needs_book
@needs_browser
@pytest.mark.parametrize("page", PAGES)
def test_the_browser_loads_only_files_of_the_book_and_every_picture(seen, page):
    look = seen[page, "light", 1300]
    assert [name for name in look["loaded"] if not name.startswith(("file:", "data:"))] == []
    assert look["broken"] == []


@needs_book
@needs_browser
@pytest.mark.parametrize("width", [1300, PHONE])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_cut(seen, page, width):
    look = seen[page, "light", width]
    assert look["overflow"] <= 0, "the page itself scrolls sideways"
    assert look["cut"] == [], "wider than the page, and it does not scroll"
