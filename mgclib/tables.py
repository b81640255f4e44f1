"""Tables to sort and to filter on a bound page, without a kernel and without a network.

`sortable` writes a plain HTML table and a few lines of script. Where there is no script, and on paper, the plain table
remains, whole and in the order that it was given.

Notebook: ``comparison``. Page: the ledger.
"""

from __future__ import annotations

import hashlib
import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mgclib.errors import ParameterError

__all__ = ["Sortable", "sortable"]

STYLE = """\
.mgc-table { color: inherit; margin: 0.6em 0; }
.mgc-table [hidden] { display: none !important; }
.mgc-table form { display: flex; flex-wrap: wrap; gap: 0.4em 1.1em; align-items: center; margin: 0.4em 0; }
.mgc-table form label { display: inline-flex; gap: 0.45em; align-items: center; margin: 0; }
.mgc-table input, .mgc-table select, .mgc-table form button { font: inherit; font-size: 0.95em; color: inherit;
  background: transparent; border: 1px solid #8a8a8a; border-radius: 4px; padding: 0.12em 0.4em; max-width: 15em; }
.mgc-table option { color: #222; background: #fff; }
html[data-theme="dark"] .mgc-table input { color-scheme: dark; }
.mgc-table .mgc-scroll { overflow: auto; max-height: 44em; }
.mgc-table table.mgc-sortable { border-collapse: collapse; font-size: 0.86em; width: auto; margin: 0; }
.mgc-table table.mgc-sortable caption { caption-side: top; text-align: left; color: inherit; padding: 0 0 0.6em; }
.mgc-table caption span { display: block; position: sticky; left: 0; max-width: min(36em, 85vw); }
.mgc-table table.mgc-sortable thead th { position: sticky; top: 0; vertical-align: bottom; text-align: left;
  background: var(--pst-color-background, #fff); border-bottom: 1px solid currentColor; padding: 0.3em 0.5em; }
.mgc-table table.mgc-sortable tbody th, .mgc-table table.mgc-sortable tbody td { text-align: left;
  vertical-align: top; font-weight: normal; padding: 0.25em 0.5em; border-bottom: 1px solid #8a8a8a55; }
.mgc-table table.mgc-sortable tbody th { position: sticky; left: 0; min-width: 11em;
  background: var(--pst-color-background, #fff); }
.mgc-table table.mgc-sortable thead th:first-child { left: 0; z-index: 1; }
.mgc-table table.mgc-sortable tr .s { white-space: nowrap; }
.mgc-table table.mgc-sortable tr .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.mgc-table thead button { all: unset; cursor: pointer; font-weight: bold; }
.mgc-table thead button:hover { text-decoration: underline; }
.mgc-table thead button::after { content: " \\2195"; opacity: 0.45; }
.mgc-table thead [aria-sort="ascending"] button::after { content: " \\25B2"; opacity: 1; }
.mgc-table thead [aria-sort="descending"] button::after { content: " \\25BC"; opacity: 1; }
.mgc-table button:focus-visible, .mgc-table .mgc-scroll:focus-visible { outline: 2px solid #0072B2;
  outline-offset: 2px; }
@media print { .mgc-table form { display: none; } .mgc-table .mgc-scroll { overflow: visible; max-height: none; } }
"""

SCRIPT = """\
(() => {
  for (const box of document.querySelectorAll(".mgc-table:not([data-awake])")) {
    box.dataset.awake = "";
    const form = box.querySelector("form"), body = box.querySelector("tbody"), told = form.querySelector("output");
    const rows = [...body.rows], heads = [...box.querySelectorAll("thead th")];
    const plain = (text) => text.normalize("NFKD").replace(/[\\u0300-\\u036f]/g, "").toLowerCase();
    const texts = rows.map((row) => plain(row.textContent));
    const show = () => {
      const words = plain(form.querySelector("input") ? form.querySelector("input").value : "").split(/\\s+/);
      const chosen = [...form.querySelectorAll("select")].filter((select) => select.value !== "");
      let seen = 0;
      rows.forEach((row, number) => {
        const kept = words.every((word) => texts[number].includes(word)) && chosen.every(
          (select) => row.cells[select.dataset.column].textContent.trim() === select.value);
        row.hidden = !kept;
        seen += kept;
      });
      told.textContent = `${seen} of ${rows.length} rows`;
    };
    const sort = (head, column) => {
      const numeric = head.classList.contains("n"), now = head.getAttribute("aria-sort");
      const rising = now === "none" ? !numeric : now === "descending";
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
      const compare = (a, b) => numeric ? a - b : a.localeCompare(b, "en", { numeric: true });
      const sorted = [...rows].sort((one, other) => {
        const a = key(one), b = key(other);
        if (a === "" || b === "") return (a === "") - (b === "");
        return rising ? compare(a, b) : compare(b, a);
      });
      body.append(...sorted);
    };
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      if (!head.hasAttribute("aria-sort")) head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sort(head, column));
    });
    form.addEventListener("input", show);
    form.addEventListener("reset", () => setTimeout(show));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    show();
  }
})();
"""

PAGE = """\
<div class="mgc-table" id="{name}">
<style>
{style}</style>
<form hidden autocomplete="off" aria-label="Filters of the table">
{controls}<button type="reset">show all</button> <output aria-live="polite"></output>
</form>
<div class="mgc-scroll" tabindex="0" role="region" aria-label="{label}">
<table class="dataframe mgc-sortable">
<caption><span>{caption}</span></caption>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
</div>
<script>
{script}</script>
"""
SHORT = 18
"""Letters that a column of words may have at most to stay on one line."""

SEARCH = '<label>Search <input type="search" placeholder="any words"></label>\n'
SELECT = '<label>{name} <select data-column="{column}"><option value="">all</option>{options}</select></label>\n'


@dataclass(frozen=True, eq=False)
class Sortable:
    """A table that a notebook and a bound page show as HTML; made by `sortable`.

    Parameters
    ----------
    frame : pd.DataFrame
        What is shown, as text.
    html : str
        The table with its controls and its script.
    """

    frame: pd.DataFrame
    html: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.frame.to_string(index=False)}


def sortable(
    frame: pd.DataFrame,
    *,
    caption: str,
    raw: pd.DataFrame | None = None,
    filters: Sequence[str] = (),
    links: Mapping[str, Sequence[str | None]] | None = None,
    badges: Mapping[str, Mapping[str, str]] | None = None,
    explained: Mapping[str, str] | None = None,
    missing: str = "—",
) -> Sortable:
    """Write a table that a reader sorts by a click on a heading, and filters by words and by chosen columns.

    Parameters
    ----------
    frame : pd.DataFrame
        What is shown: a row per entry, cells as they are to be read (``"73.5 %"``); the index is left out. The first
        column names the row.
    caption : str
        What the table says, and where its numbers come from; plain text.
    raw : pd.DataFrame or None
        What to sort by, for those columns whose text does not sort by itself (numbers with units, shares with
        intervals): the same rows in the same order, some of the same columns. Columns of numbers, here or in `frame`,
        stand to the right and are sorted from the largest; a missing value comes last either way.
    filters : sequence of str
        Columns that get a list to choose one value from.
    links : mapping of str to sequence of str or None
        For a column, where each of its cells leads (a page of the book, e.g. ``comparison.html``); None: nowhere.
    badges : mapping of str to mapping of str to str
        For a column, the CSS class of each of its values that is set as a badge, e.g. ``{"verdict": {"reproduced":
        "mgc-reproduced"}}`` (``book/_static/custom.css``).
    explained : mapping of str to str
        For a column, what its heading means; shown when the pointer rests on it.
    missing : str
        What stands in place of a missing value.

    Returns
    -------
    Sortable

    Raises
    ------
    ParameterError
        When there is no row, a column is named twice, or another parameter does not fit `frame`.

    Examples
    --------
    >>> scores = pd.DataFrame({"model": ["SVM", "CNN"], "accuracy": [0.534, 0.541]})
    >>> shown = scores.assign(accuracy=["53.4 %", "54.1 %"])
    >>> table = sortable(shown, raw=scores[["accuracy"]], caption="Two models.", filters=["model"])
    """
    links, badges, explained = links or {}, badges or {}, explained or {}
    raw = pd.DataFrame(index=frame.index) if raw is None else raw
    _check(
        frame, raw, {"raw": raw.columns, "filters": filters, "links": links, "badges": badges, "explained": explained}
    )
    columns = [str(column) for column in frame.columns]
    keys = {column: raw[column] if column in raw else frame[column] for column in frame.columns}
    shown = frame.map(lambda value: missing if _absent(value) else str(value))
    kinds = {column: _kind(keys[column], shown[column]) for column in frame.columns}
    heads = "".join(_head(str(column), kinds[column], explained.get(column)) for column in frame.columns)
    rows = []
    for number in range(len(frame)):
        cells = []
        for place, column in enumerate(frame.columns):
            text, key = shown[column].iloc[number], keys[column].iloc[number]
            sort = "" if _absent(key) else str(key) if column in raw else None
            words = _words(text, badges.get(column, {}).get(text), links[column][number] if column in links else None)
            cells.append(_cell(words, sort, kinds[column], heading=place == 0))
        rows.append(f"<tr>{''.join(cells)}</tr>")
    controls = SEARCH + "".join(_select(column, columns.index(str(column)), shown[column]) for column in filters)
    body = "\n".join(rows)
    name = f"mgc-table-{hashlib.blake2b(f'{caption}{heads}{body}'.encode(), digest_size=4).hexdigest()}"
    label = html.escape(caption.split(". ")[0])
    told = {"controls": controls, "label": label, "caption": html.escape(caption), "heads": heads, "rows": body}
    return Sortable(shown, PAGE.format(name=name, style=STYLE, script=SCRIPT, **told))


def _check(frame: pd.DataFrame, raw: pd.DataFrame, named: Mapping[str, Any]) -> None:
    if frame.empty or not frame.columns.is_unique:
        raise ParameterError("a table needs at least one row and columns with different names; look at the frame")
    if len(raw) != len(frame):
        raise ParameterError(f"raw has {len(raw)} rows for {len(frame)}; give what to sort by for each row, in order")
    for parameter, columns in named.items():
        for column in columns:
            if column not in frame:
                raise ParameterError(f"{parameter} names {column!r}; the table has {', '.join(map(str, frame))}")
    for column, targets in named["links"].items():
        if len(targets) != len(frame):
            raise ParameterError(f"links has {len(targets)} targets for {column!r}; give one (or None) per row")


def _absent(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _kind(keys: pd.Series, shown: pd.Series) -> str:
    """Return the class of a column: n for numbers, s for words so short that they stay on one line."""
    if pd.api.types.is_numeric_dtype(keys) and keys.dtype != bool:
        return "n"
    return "s" if shown.str.len().max() <= SHORT else ""


def _head(name: str, kind: str, meaning: str | None) -> str:
    title = f' title="{html.escape(meaning)}"' if meaning else ""
    return f'<th scope="col"{_classed(kind)}{title}>{html.escape(name)}</th>'


def _words(text: str, badge: str | None, target: str | None) -> str:
    words = html.escape(text)
    if badge:
        words = f'<span class="mgc-badge {html.escape(badge)}">{words}</span>'
    return f'<a href="{html.escape(target)}">{words}</a>' if target else words


def _cell(words: str, sort: str | None, kind: str, *, heading: bool) -> str:
    key = "" if sort is None else f' data-sort="{html.escape(sort)}"'
    tag, scope = ("th", ' scope="row"') if heading else ("td", "")
    return f"<{tag}{scope}{_classed(kind)}{key}>{words}</{tag}>"


def _classed(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _select(column: str, place: int, values: pd.Series) -> str:
    options = "".join(
        f'<option value="{html.escape(value)}">{html.escape(value)}</option>' for value in dict.fromkeys(values)
    )
    return SELECT.format(name=html.escape(str(column)), column=place, options=options)
