"""Figures whose points tell what they are, one of several shown at a time; without a kernel and without a network.

The figures travel inside the page as SVG. Buttons change between them by style alone; a few lines of script say below
the figure what the pointer, or the keyboard, is on. Without a script the browser's own hints remain, and on paper the
figure that is chosen.

Notebook: ``comparison``.
"""

from __future__ import annotations

import hashlib
import html
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from mgclib.errors import ParameterError

__all__ = ["POINT", "Panels", "panels"]

POINT = "mgc-point-"
"""How the gid of a marker begins that tells something; the rest is its key."""

STYLE = """\
.mgc-hover { color: inherit; margin: 0.6em 0; }
.mgc-hover fieldset { border: 0; padding: 0; margin: 0.2em 0; display: flex; flex-wrap: wrap; gap: 0.2em 1.1em; }
.mgc-hover legend { float: left; padding: 0 0.8em 0 0; font-weight: bold; width: auto; font-size: 1em; margin: 0; }
.mgc-hover label { display: inline-flex; gap: 0.35em; align-items: center; margin: 0; }
.mgc-hover input { accent-color: #D55E00; }
.mgc-hover figure { display: none; margin: 0.4em 0; }
.mgc-hover figure svg { display: block; max-width: 100%; height: auto; background: #fff; border-radius: 0.6rem; }
.mgc-hover [data-told] { cursor: pointer; outline: none; }
.mgc-hover [data-told]:hover, .mgc-hover [data-told]:focus { filter: drop-shadow(0 0 2.5px #000) brightness(0.85); }
.mgc-hover output { display: block; min-height: 3em; }
"""

SCRIPT = """\
(() => {
  for (const box of document.querySelectorAll(".mgc-hover:not([data-awake])")) {
    box.dataset.awake = "";
    const told = box.querySelector("output"), start = told.textContent;
    for (const point of box.querySelectorAll("[data-told]")) {
      const tell = () => { told.textContent = point.dataset.told; };
      const rest = () => { told.textContent = start; };
      for (const event of ["mouseenter", "focus"]) point.addEventListener(event, tell);
      for (const event of ["mouseleave", "blur"]) point.addEventListener(event, rest);
    }
  }
})();
"""
PAGE = """\
<div class="mgc-hover" id="{name}" role="group" aria-label="{title}">
<style>
{style}</style>
{controls}
{figures}
<output aria-live="polite">{start}</output>
</div>
<script>
{script}</script>
"""


@dataclass(frozen=True, eq=False)
class Panels:
    """Figures to choose from; a notebook and a bound page show them as HTML. Made by `panels`.

    Parameters
    ----------
    html : str
    title : str
    """

    html: str
    title: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.title}


def panels(
    figures: Mapping[tuple[str, ...], Figure],
    choices: Sequence[str],
    told: Mapping[str, str],
    *,
    title: str,
    hint: str = "Rest the pointer on a point, or reach it with the tabulator key, and it says what it is.",
) -> Panels:
    """Put several figures into one, with a row of buttons for each choice.

    Parameters
    ----------
    figures : mapping of tuple of str to Figure
        A figure for each combination of one word per choice; the first is shown first.
    choices : sequence of str
        What the words of a key stand for, in order, e.g. ``("test clips", "cost")``.
    told : mapping of str to str
        What each point says: markers whose gid is `POINT` followed by a key of this.
    title : str
        What is seen, for who cannot see it.
    hint : str
        What stands below as long as no point is told.

    Returns
    -------
    Panels

    Raises
    ------
    ParameterError
        When there is no figure, a combination lacks one, or a point has nothing to say.
    """
    words = [list(dict.fromkeys(key[k] for key in figures)) for k in range(len(choices))]
    combinations = math.prod(map(len, words))
    if not figures or combinations != len(figures):
        raise ParameterError(
            f"{len(figures)} figures for {combinations} combinations of {', '.join(choices)}; one for each"
        )
    drawn, rules = [], ""
    name = f"mgc-hover-{hashlib.blake2b(f'{title}{sorted(figures)}'.encode(), digest_size=4).hexdigest()}"
    for number, (key, figure) in enumerate(figures.items()):
        place = " ".join(str(one.index(word)) for one, word in zip(words, key, strict=True))
        svg = _telling(_svg(figure, f"{name}-{number}"), told, f"{title}: {', '.join(key)}")
        drawn.append(f'<figure data-place="{place}">{svg}</figure>')
        # one rule per figure: shown when each of its buttons is pressed
        pressed = [f'input[name="{name}-{k}"][value="{v}"]:checked' for k, v in enumerate(place.split())]
        chosen = "".join(f":has({one})" for one in pressed)
        rules += f'#{name}{chosen} figure[data-place="{place}"] {{ display: block; }}\n'
    controls = "\n".join(_buttons(name, k, choice, words[k]) for k, choice in enumerate(choices) if len(words[k]) > 1)
    if not controls:
        rules = f"#{name} figure {{ display: block; }}\n"
    told_first = {"title": html.escape(title), "start": html.escape(hint), "style": STYLE + rules, "script": SCRIPT}
    return Panels(PAGE.format(name=name, controls=controls, figures="\n".join(drawn), **told_first), title)


def _buttons(name: str, number: int, choice: str, words: Sequence[str]) -> str:
    inputs = "".join(
        f'<label><input type="radio" name="{name}-{number}" value="{value}" autocomplete="off"'
        f"{' checked' if value == 0 else ''}>{html.escape(word)}</label>"
        for value, word in enumerate(words)
    )
    return f"<fieldset><legend>{html.escape(choice)}</legend>{inputs}</fieldset>"


def _svg(figure: Figure, salt: str) -> str:
    """Return a figure as SVG whose ids no other figure has; text stays text."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches=None)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(rf'id="(?!{POINT})(?=[a-z]+[\w.-]*_\d+")', f'id="{salt}-', text)
    return re.sub(r"\n\s*", "\n", text).strip()


def _telling(svg: str, told: Mapping[str, str], title: str) -> str:
    seen = re.findall(rf'<g id="{POINT}([^"]+)">', svg)
    silent = [key for key in seen if key not in told]
    if silent:
        raise ParameterError(f"the point {silent[0]!r} has nothing to say; told has {', '.join(told) or 'nothing'}")

    def open_group(match: re.Match[str]) -> str:
        words = html.escape(told[match[1]])
        return f'<g tabindex="0" role="img" aria-label="{words}" data-told="{words}"><title>{words}</title>'

    svg = re.sub(rf'<g id="{POINT}([^"]+)">', open_group, svg)
    return svg.replace("<svg", f'<svg role="group" aria-label="{html.escape(title)}"', 1)
