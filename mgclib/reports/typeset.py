# ruff: noqa: PD011 (Item.values are printed values, no pandas object)
"""Tables, badges and bars as HTML that is readable on light and on dark pages.

Everything is escaped here; colours come from the theme's variables, with fallbacks for JupyterLab.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from mgclib.reports.comparison import Comparison, Source

__all__ = ["badge", "bar", "comparison_html", "facts", "number", "spaced", "style", "table", "words"]

STEPS = (0.01, 0.08, 0.20)
COUNTS = ("support", "hits", "clips", "predicted", "params")
HEADS = {"precision": "prec.", "f1": "F1", "support": "clips"}
PARAMETERS = ("n_fft", "hop_length", "n_mels", "f_min", "f_max")
RULED = ("accuracy", "all", "total")
NULL = '<span class="mgc-null" title="the report does not say">—</span>'


def spaced(name: str) -> str:
    """Return the name of a setting in words : str; a parameter that librosa knows keeps its name."""
    return name if name in PARAMETERS else name.replace("_", " ")


@functools.cache
def style() -> str:
    """Return the style sheet of the tables : str, CSS."""
    return files("mgclib.reports").joinpath("style.css").read_text(encoding="utf-8")


def number(value: Any, decimals: int = 2) -> str:
    """Return a number or a word for a table cell : str, HTML; a missing one is a dash."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return NULL
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float | np.floating):
        return f"{value:.{decimals}f}"
    return escape(str(value))


def words(value: Any) -> str:
    """Return any printed value in words : str, HTML; lists and settings are joined, None is *not stated*."""
    if value is None:
        return '<span class="mgc-null">not stated</span>'
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) >= 1e-4 or value == 0 else f"{value:g}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, Mapping):
        return "; ".join(f"{escape(spaced(str(key)))}: {words(child)}" for key, child in value.items())
    if isinstance(value, list | tuple):
        if value and all(isinstance(child, Mapping) for child in value):
            return "<br>".join(words(child) for child in value)
        plain = all(isinstance(child, int) and child > 0 for child in value)
        return (" × " if plain and len(value) > 1 else ", ").join(words(child) for child in value)
    return escape(str(value))


def badge(verdict: str) -> str:
    """Return the label of a verdict : str, HTML; the book's style sheet colours it."""
    return f'<span class="mgc-badge mgc-{verdict.replace(" ", "-")}">{escape(verdict)}</span>'


def bar(counts: Mapping[str, int]) -> str:
    """Return a bar of shares with its legend, for the inside of a block of class ``mgc`` : str, HTML."""
    total = sum(counts.values())
    shares = {name: n for name, n in counts.items() if n}
    spans = "".join(
        f'<span class="mgc-{name.replace(" ", "-")}" style="flex: {n}" title="{escape(name)}: {n} of {total}"></span>'
        for name, n in shares.items()
    )
    spoken = ", ".join(f"{n} {escape(name)}" for name, n in shares.items())
    legend = "".join(f"<span>{badge(name)} {n}</span>" for name, n in shares.items())
    line = f'<div class="mgc-bar" role="img" aria-label="{spoken}">{spans}</div>'
    return f'{line}<div class="mgc-legend">{legend}</div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return name and value pairs in two columns : str, HTML; values are HTML already."""
    rows = "".join(f"<dt>{escape(spaced(name))}</dt><dd>{value}</dd>" for name, value in pairs)
    return f'<div class="mgc"><dl class="mgc-facts">{rows}</dl></div>'


def table(head: Iterable[str], rows: Iterable[Iterable[str]], text: Iterable[int] = ()) -> str:
    """Return a plain table whose cells are HTML already : str; `text` are the columns set as words."""
    wide = set(text)
    mark = {k: ' class="mgc-text"' if k in wide else "" for k in range(64)}
    heads = "".join(f"<th{mark[k]}>{name}</th>" for k, name in enumerate(head))
    lines = []
    for first, *cells in rows:
        lines.append(
            f"<tr><th{mark[0]}>{first}</th>"
            + "".join(f"<td{mark[k]}>{c}</td>" for k, c in enumerate(cells, 1))
            + "</tr>"
        )
    return _framed(f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody>")


def _framed(inner: str, after: str = "", *, dense: bool = False) -> str:
    kind = "dataframe mgc-dense" if dense else "dataframe"
    return f'<div class="mgc"><div class="mgc-scroll"><table class="{kind}">{inner}</table></div>{after}</div>'


def comparison_html(comparison: Comparison, *, styled: bool = True, captioned: bool = True) -> str:
    """Return a comparison as an HTML table with shaded differences and a caption : str."""
    if comparison.table.empty:
        inner = "<tbody><tr><td>no number to compare</td></tr></tbody>"
    else:
        shown = _narrow(comparison)
        inner = f"<thead>{_heads(shown)}</thead><tbody>{_body(shown)}</tbody>"
    caption = _caption(comparison) if captioned else ""
    sheet = f"<style>{style()}</style>" if styled else ""
    return sheet + _framed(inner, caption, dense=len(comparison.sources) > 3)


def _narrow(comparison: Comparison) -> Comparison:
    """Leave out our clips per genre where several results of ours stand side by side; the caption has their sum."""
    if comparison.item.kind != "classification_report" or len(comparison.sources) <= 2:
        return comparison
    ours = [(s.name, "support") for s in comparison.sources if s.name != "reported"]
    return replace(comparison, table=comparison.table.drop(columns=ours, errors="ignore"))


def _heads(comparison: Comparison) -> str:
    columns = comparison.table.columns
    blocks = [(s, [score for name, score in columns if name == s.name]) for s in comparison.sources]
    single = all(scores == ["value"] for _, scores in blocks)
    top = "".join(
        f'<th class="mgc-source mgc-first" colspan="{len(scores)}">'
        f"{escape(s.name).replace(': ', '<br>')}{_synthetic(s)}</th>"
        for s, scores in blocks
        if scores
    )
    if single:
        return f"<tr><th></th>{top}</tr>"
    below = "".join(
        f'<th class="{_classes(k == 0, score)}">{escape(HEADS.get(score, score))}</th>'
        for _, scores in blocks
        for k, score in enumerate(scores)
    )
    return f'<tr><th></th>{top}</tr><tr class="mgc-scores"><th></th>{below}</tr>'


def _synthetic(source: Source) -> str:
    title = "generated music: no reproduction"
    return f'<br><span class="mgc-badge mgc-origin" title="{title}">synthetic</span>' if source.synthetic else ""


def _classes(first: bool, score: str, *more: str) -> str:
    return " ".join(
        [*(["mgc-first"] if first else []), *(["mgc-text"] if score == "layer" else []), *filter(None, more)]
    )


def _body(comparison: Comparison) -> str:
    differences = {s.name: comparison.differences(s.name) for s in comparison.sources}
    decimals = comparison.item.values.get("decimals", 2 if _rounded(comparison) else 4)
    decimals = 2 if comparison.item.kind == "confusion_matrix" else decimals
    lines = []
    for row in comparison.table.index:
        cells = "".join(_block(comparison, s, row, differences[s.name], decimals) for s in comparison.sources)
        rule = ' class="mgc-rule"' if row in RULED else ""
        lines.append(f"<tr{rule}><th>{escape(_row_name(row))}</th>{cells}</tr>")
    return "".join(lines)


def _block(comparison: Comparison, source: Source, row: str, differences: pd.DataFrame, decimals: int) -> str:
    """The cells of one source in one row; in the row of the accuracy its interval takes the empty cells."""
    values = comparison.table.loc[row, source.name]
    tint = "mgc-synthetic" if source.synthetic else ""
    low, high = comparison.intervals.get((row, source.name), (None, None))
    extent = "" if low is None else f'<span class="mgc-range">{low:.2f}–{high:.2f}</span>'
    merged = row == "accuracy" and {"precision", "recall"} <= set(values.index)
    cells = [f'<td class="{_classes(True, "", tint)}" colspan="2">{extent}</td>'] if merged else []
    for k, (score, value) in enumerate(values.items()):
        if merged and score in ("precision", "recall"):
            continue
        shade, hint = _shade(differences.loc[row, score] if score in differences.columns else np.nan)
        settings = comparison.item.kind == "parameter_set"
        cell = _setting(value, source.name) if settings else _cell(value, score, decimals)
        cell += f"<br>{extent}" if extent and score == "value" else ""
        cells.append(f'<td class="{_classes(k == 0, score, tint, shade)}"{hint}>{cell}</td>')
    return "".join(cells)


def _setting(value: Any, source: str) -> str:
    missing = value is None or (isinstance(value, float) and np.isnan(value))
    return '<span class="mgc-null">·</span>' if missing and source != "reported" else words(None if missing else value)


def _row_name(row: str) -> str:
    return str(row).removeprefix("rows.").replace("_", " ").replace(".", " · ")


def _rounded(comparison: Comparison) -> bool:
    reported = comparison.table.get("reported")
    if reported is None:
        return True
    values = pd.to_numeric(pd.Series(reported.to_numpy().ravel()), errors="coerce").dropna()
    return bool(np.allclose(values, values.round(2), atol=1e-9))


def _cell(value: Any, score: str, decimals: int) -> str:
    if isinstance(value, list | tuple | Mapping | str):
        return words(value)
    if pd.isna(value):
        return '<span class="mgc-null">·</span>'
    if score in COUNTS:
        return f"{value:,.0f}" if abs(value - round(value)) < 0.05 else f"{value:,.1f}"
    if isinstance(value, float | np.floating) and float(value).is_integer() and abs(value) >= 2:
        return f"{value:,.0f}"
    return number(value, decimals)


def _shade(difference: float) -> tuple[str, str]:
    if pd.isna(difference) or abs(difference) < STEPS[0]:
        return "", ""
    step = sum(abs(difference) >= s for s in STEPS)
    side = "up" if difference > 0 else "down"
    return f"mgc-{side}-{step}", f' title="{difference:+.2f} against the report"'


def _caption(comparison: Comparison) -> str:
    parts = [f"<b>{escape(s.name)}</b>: {escape(s.origin)}" for s in comparison.sources if s.origin]
    lines = ["<br>".join(parts)]
    if comparison.intervals:
        lines.append(
            "Ranges are 95 % intervals: Wilson's for the report's counts; ours over seeds, or over test tracks where "
            "there is one seed."
        )
    if any(not comparison.differences(s.name).empty for s in comparison.sources if s.name != "reported"):
        lines.append(
            'Shading: ours<span class="mgc-key mgc-up-2"></span>above'
            '<span class="mgc-key mgc-down-2"></span>below the report.'
        )
    if any(s.synthetic for s in comparison.sources):
        lines.append(
            "Tinted columns in italics come from synthetic music: they show that the method runs, not how it compares."
        )
    if comparison.verdict is not None:
        same = "The same structure, layer by layer." if comparison.verdict else "Not the same structure."
        lines.append(f"<b>{same}</b>")
    lines += [escape(remark) for remark in comparison.remarks]
    return f'<p class="mgc-caption">{"<br>".join(line for line in lines if line)}</p>'
