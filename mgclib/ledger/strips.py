"""A claim as a reader sees it: the sentence, what came out, and its numbers on one strip under the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import groupby

from mgclib.ledger.summary import Finding, Number

__all__ = ["claims_html", "gap_axis", "key_html"]

ROWS = (
    ("reported", "reported", "as the report prints it"),
    ("recorded", "recorded", "ours, on the report's data and split"),
    ("honest", "stricter", "ours, on test clips with artists and copies kept apart"),
)
WIDTH, HEIGHT, EDGE = 200, 14, 6


def gap_axis(findings: Sequence[Finding]) -> tuple[int, int]:
    """Return from where to where the strips of differences run : whole points, multiples of ten."""
    numbers = [n for f in findings if f.gap for n in (f.reported, f.recorded, f.honest) if n is not None]
    ends = [100 * v for n in numbers for v in (n.mean, n.low, n.high) if v is not None] or [0]
    return 10 * math.floor(min(*ends, -10) / 10), 10 * math.ceil(max(*ends, 10) / 10)


def claims_html(findings: Sequence[Finding], axis: tuple[int, int]) -> str:
    """Return claims as a list : str, HTML.

    Parameters
    ----------
    findings : sequence of Finding
    axis : tuple of int
        From where to where the strips of differences run, in points (`gap_axis`).
    """
    groups = groupby(findings, key=lambda finding: finding.theme)
    return "".join(
        f'<p class="mgc-theme">{escape(theme)}</p>'
        f'<ul class="mgc mgc-claims">{"".join(_claim(finding, axis) for finding in members)}</ul>'
        for theme, members in groups
    )


def key_html(axis: tuple[int, int]) -> str:
    """Return what the marks of the strips mean : str, HTML."""
    number = Number(0.5, 0.3, 0.7)
    marks = "".join(
        f'<span class="mgc-is-{name}">{_strip(number, name, (25, 75), width=60)} <b>{head}</b>: {meaning}</span>'
        for name, head, meaning in ROWS
    )
    low, high = (f"{end:+d}".replace("-", "−") for end in axis)
    scale = (
        "Lines are 95 % intervals; of one seed they cover only the choice of test clips. Strips run from 0 to 100 %, "
        f"those of differences from {low} to {high} points; an upright line is zero."
    )
    return f'<p class="mgc mgc-numbers mgc-key-line">{marks}<span>{scale}</span></p>'


def _claim(finding: Finding, axis: tuple[int, int]) -> str:
    links = ", ".join(
        f'<a href="report-{item.report}.html#{item.anchor}">{escape(item.id.replace("/", ": "))}</a>'
        for item in finding.items
    )
    told = " ".join(filter(None, (escape(finding.reading), escape(finding.because))))
    source = f'<br><span class="mgc-muted">{links}</span>' if links else ""
    words = f'<div class="mgc-said"><p><b>{escape(finding.text)}</b></p><p>{told}{source}</p></div>'
    return f"<li>{words}{_share(*finding.counted) if finding.counted else _numbers(finding, axis)}</li>"


def _share(done: int, total: int) -> str:
    share = done / total if total else 0
    return (
        f'<div class="mgc-part"><b>{done}</b> of {total}<span class="mgc-bar" aria-hidden="true">'
        f'<span style="flex: {share:.3f}"></span></span></div>'
    )


def _numbers(finding: Finding, axis: tuple[int, int]) -> str:
    span = axis if finding.gap else (0, 100)
    rows = []
    for name, head, meaning in ROWS:
        number = getattr(finding, name)
        value = '<span class="mgc-null">—</span>' if number is None else _value(number, gap=finding.gap)
        strip = "" if number is None else _strip(number, name, span)
        cells = f'<th scope="row" title="{meaning}">{head}</th><td>{value}</td><td>{strip}</td>'
        rows.append(f'<tr class="mgc-is-{name}">{cells}</tr>')
    return f'<table class="mgc-numbers"><tbody>{"".join(rows)}</tbody></table>'


def _value(number: Number, *, gap: bool) -> str:
    scaled = [None if v is None else 100 * v for v in (number.mean, number.low, number.high)]
    sign = "+" if gap else ""
    unit = "" if gap else " %"
    interval = "" if scaled[1] is None else f"{scaled[1]:{sign}.0f}, {scaled[2]:{sign}.0f}"
    mean = f"{scaled[0]:{sign}.{0 if number.seeds else 1}f}".removesuffix(".0") + unit
    if number.seeds == 0 and interval:
        mean, interval = f"{interval.replace(', ', ' to ')}{unit}", ""
    note = f' <span class="mgc-muted">{escape(number.where)}</span>' if number.where else ""
    return f"<b>{mean.replace('-', '−')}</b>" + (
        f' <span class="mgc-range">[{interval.replace("-", "−")}]</span>{note}' if interval else note
    )


def _strip(number: Number, name: str, span: tuple[int, int], width: int = WIDTH) -> str:
    low, high = span

    def x(value: float) -> str:
        share = (100 * value - low) / (high - low)
        return f"{EDGE + (width - 2 * EDGE) * min(max(share, 0), 1):.1f}"

    middle = HEIGHT / 2
    rule = f'<path class="mgc-zero" d="M{x(0)} 0V{HEIGHT}"/>' if low <= 0 else ""
    line = "" if number.low is None else f'<path class="mgc-whisker" d="M{x(number.low)} {middle}H{x(number.high)}"/>'
    here = x(number.mean)
    mark = (
        f'<path class="mgc-mark" d="M{here} 2l5 5l-5 5l-5 -5z"/>'
        if name == "reported"
        else f'<circle class="mgc-mark" cx="{here}" cy="{middle}" r="4.2"/>'
    )
    ticks = "".join(f"M{x(k / 4 * (high - low) / 100 + low / 100)} {middle - 2}v4" for k in range(5))
    base = f'<path class="mgc-axis" d="M{EDGE} {middle}H{width - EDGE}{ticks}"/>'
    return f'<svg viewBox="0 0 {width} {HEIGHT}" aria-hidden="true">{base}{rule}{line}{mark}</svg>'
