"""Figures of a projection: how much its components explain, and the cloud of clips that they span.

Every genre has a colour and a shape of its own, so that neither carries the meaning alone. `sides` draws the cloud
for the eye, `rotatable` for the hand: the latter turns in the bound page without a kernel and without a network,
with the script `SCRIPT` that the book carries itself (see `mgclib.offline`).

What cannot be drawn raises `ParameterError`. Source: CS464 report, figure 1, appendix E. Notebook: ``pca``.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, Card, finished, styled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

__all__ = ["SCRIPT", "Rotatable", "genre_looks", "rotatable", "sides", "variance"]

SCRIPT = "_static/plotly.min.js"
"""Where the bound book has the script that draws rotatable clouds, from its top folder."""
COMPONENTS = ["component_1", "component_2", "component_3"]
SHAPES = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "cross": "P",
    "circle-open": "o",
    "square-open": "s",
    "diamond-open": "D",
}
"""Plotly's names of the shapes, and matplotlib's. Plotly's ``x`` needs a character that many fonts lack."""
CURVES = (
    ("vermilion", "-", True),
    ("blue", (0, (4, 1.5)), False),
    ("green", ":", True),
    ("purple", "-.", False),
)
"""Colour and dashes of the curves of variance, and whether their values stand below them."""
OBLIQUE = (("turned to the left", 20, -62), ("turned to the right", 20, 28))
FLAT = (("from the front", (0, 2)), ("from above", (0, 1)))
HEIGHT = 600
SENTENCE = (
    "Here stands a cloud of points that you can turn. It needs JavaScript and WebGL, which this page does not have; "
    "the same cloud is drawn from four sides on this page."
)
PAGE = """\
<div id="{name}" class="mgc-cloud" data-needs="{script}"
 style="background: white; color: #222222; border-radius: 4px; max-width: 800px">
<p style="padding: 1em; margin: 0">{sentence}</p>
</div>
<script>
(() => {{
  const box = document.getElementById("{name}");
  const figure = {figure};
  const canvas = document.createElement("canvas");
  if (!canvas.getContext("webgl2") && !canvas.getContext("webgl")) return;
  const draw = () => {{
    box.replaceChildren();
    box.style.height = "{height}px";
    window.Plotly.newPlot(box, figure.data, figure.layout, {{responsive: true, displaylogo: false}});
  }};
  if (window.Plotly) return draw();
  const address = (document.documentElement.dataset.content_root ?? "../") + "{script}";
  let script = document.querySelector("script[data-mgc-clouds]");
  if (!script) {{
    script = document.createElement("script");
    script.src = address;
    script.dataset.mgcClouds = "";
    document.head.append(script);
  }}
  script.addEventListener("load", draw);
}})();
</script>
"""


def genre_looks(count: int) -> list[tuple[str, str]]:
    """Return a colour and a shape for each of `count` genres, no pair twice (up to 56).

    Returns
    -------
    list of (str, str)
        Hexadecimal colour and a key of `SHAPES`; `COLOURS` of the house first, then the same ones with another shape.
    """
    colours, shapes = list(COLOURS.values()), list(SHAPES)
    return [(colours[k % len(colours)], shapes[(k + 3 * (k // len(colours))) % len(shapes)]) for k in range(count)]


@styled
def variance(
    curves: Mapping[str, Sequence[float] | pd.Series],
    *,
    reported: float | None = None,
    marked: Sequence[int] = (1, 2, 3),
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw the share of the variance that the first components explain together, against their number.

    Parameters
    ----------
    curves : mapping of str to sequence of float [0 … 1]
        For each name the share of every component, from the first.
    reported : float [0 … 1] or None
        A dashed line at the share that a report prints.
    marked : sequence of int > 0
        Numbers of components at which the value is written.
    """
    if not curves or any(len(shares) == 0 for shares in curves.values()):
        raise ParameterError("there is no variance to draw; give at least one curve with a component")
    if len(curves) > len(CURVES):
        raise ParameterError(f"{len(curves)} curves of variance cannot be told apart; give at most {len(CURVES)}")
    figure = Card(figsize=(7.6, 3.9), layout="constrained")
    axes = figure.subplots()
    most = max(len(shares) for shares in curves.values())
    for (name, shares), (colour, dashes, below) in zip(curves.items(), CURVES, strict=False):
        total = 100 * np.cumsum(np.asarray(shares, dtype=float))
        numbers = np.arange(1, len(total) + 1)
        axes.plot(numbers, total, color=COLOURS[colour], linestyle=dashes, linewidth=1.9, label=name)
        for number in [n for n in marked if n <= len(total)]:
            point = (number, total[number - 1])
            axes.plot(*point, "o", color="white", markeredgecolor=COLOURS[colour], markeredgewidth=1.5, markersize=6)
            place = {"xytext": (7, -4) if below else (-7, 5), "ha": "left" if below else "right", "va": "top"}
            place |= {} if below else {"va": "bottom"}
            text = f"{point[1]:.0f} %"
            place["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            axes.annotate(text, point, textcoords="offset points", color=COLOURS[colour], fontsize=9, zorder=4, **place)
    if reported is not None:
        look = {"color": COLOURS["ink"], "linestyle": (0, (2, 2)), "linewidth": 1.2}
        axes.axhline(100 * reported, label=f"report: {100 * reported:.2f} %", **look)
    axes.set_xscale("log")
    ticks = [n for n in (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000) if n <= most]
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.minorticks_off()
    axes.set(xlim=(0.72, max(2, most) * 1.1), ylim=(0, 102))
    axes.set(xlabel="number of components (logarithmic)", ylabel="variance explained together (%)")
    axes.legend(loc="lower right")
    return finished(figure, title, note)


@styled
def sides(
    cloud: pd.DataFrame,
    genres: Sequence[str] | None = None,
    *,
    shares: Sequence[float] | None = None,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw the clips on the first three components, from four sides.

    Parameters
    ----------
    cloud : pd.DataFrame
        Columns ``clip_id, genre, component_1, component_2, component_3`` (see `Projection.table`).
    genres : sequence of str or None
        Their order in the legend; None: as they come in the table.
    shares : sequence of float [0 … 1] or None
        Shares of the variance of the components, written on the flat views' axes.
    """
    genres = _genres(cloud, genres)
    figure = Card(figsize=(9.2, 6.9), layout="constrained")
    names = [f"component {k}" for k in (1, 2, 3)]
    if shares is not None:
        names = [f"{name} ({100 * share:.0f} %)" for name, share in zip(names, shares, strict=False)]
    places = cloud[COMPONENTS].to_numpy(float)
    for number, (view, up, around) in enumerate(OBLIQUE, start=1):
        axes = figure.add_subplot(2, 2, number, projection="3d")
        _scatter(axes, cloud, genres, [0, 1, 2], depthshade=False)
        axes.view_init(elev=up, azim=around)
        axes.set_proj_type("ortho")
        axes.set_box_aspect(np.ptp(places, axis=0).clip(1e-9), zoom=1.1)
        _label(axes, view, [axes.xaxis, axes.yaxis, axes.zaxis], "123")
    for number, (view, seen) in enumerate(FLAT, start=3):
        axes = figure.add_subplot(2, 2, number)
        _scatter(axes, cloud, genres, list(seen))
        axes.set_aspect("equal", adjustable="datalim")
        _label(axes, view, [axes.xaxis, axes.yaxis], [names[k] for k in seen])
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=min(5, len(labels)), markerscale=1.6)
    return finished(figure, title, note)


def _scatter(axes: Axes, cloud: pd.DataFrame, genres: Sequence[str], seen: Sequence[int], **look: Any) -> None:
    for genre, (colour, shape) in zip(genres, genre_looks(len(genres)), strict=True):
        face = "none" if shape.endswith("-open") else colour
        marker = {"s": 13, "marker": SHAPES[shape], "facecolors": face, "edgecolors": colour, "linewidths": 0.7}
        places = cloud.loc[cloud["genre"] == genre, COMPONENTS].to_numpy(float).T[seen]
        axes.scatter(*places, label=genre, alpha=0.75, **marker, **look)


def _label(axes: Axes, view: str, each: Sequence[Axis], names: Sequence[str]) -> None:
    axes.set_title(view)
    for axis, name in zip(each, names, strict=True):
        axis.set_label_text(name, fontsize=9)
        axis.set_major_formatter(_thousands)
        axis.set_major_locator(MaxNLocator(4))
        axis.set_tick_params(labelsize=8)


def _thousands(value: float, _: int | None = None) -> str:
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"


@dataclass(frozen=True, eq=False)
class Rotatable:
    """A cloud that shows itself in Jupyter and in the bound book.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        The figure, to change it further.
    summary : str
        What to say where nothing can be drawn.
    """

    figure: PlotlyFigure
    summary: str

    def page(self) -> str:
        """Return the HTML for a bound page: it loads `SCRIPT` of the book once and nothing else."""
        figure = self.figure.to_json().replace("</", "<\\/")
        name = f"mgc-cloud-{hashlib.blake2b(figure.encode(), digest_size=4).hexdigest()}"
        return PAGE.format(name=name, script=SCRIPT, sentence=html.escape(SENTENCE), figure=figure, height=HEIGHT)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """For Jupyter (plotly's own type) and for the book (HTML)."""
        return {
            "application/vnd.plotly.v1+json": json.loads(self.figure.to_json()),
            "text/html": self.page(),
            "text/plain": self.summary,
        }


def rotatable(
    clouds: Mapping[str, pd.DataFrame], genres: Sequence[str] | None = None, *, title: str | None = None
) -> Rotatable:
    """Make a cloud that a reader can turn; pointing at a clip names it, a click on a genre hides it.

    Parameters
    ----------
    clouds : mapping of str to pd.DataFrame
        Tables as for `sides`, by name. The first is shown; with several, buttons change between them.
    genres : sequence of str or None
        Their order in the legend; None: as they come in each table.
    """
    from plotly import graph_objects

    if not clouds:
        raise ParameterError("there is no cloud to draw; give at least one table")
    traces, owners = [], []
    for name, cloud in clouds.items():
        present = _genres(cloud, genres)
        for genre, look in zip(present, genre_looks(len(present)), strict=True):
            traces.append(
                _trace(graph_objects, cloud[cloud["genre"] == genre], genre, look, name == next(iter(clouds)))
            )
            owners.append(name)
    buttons = [
        {"label": name, "method": "restyle", "args": [{"visible": [owner == name for owner in owners]}]}
        for name in clouds
    ]
    axes = {"backgroundcolor": "white", "gridcolor": "#d0d0d0", "zerolinecolor": "#a0a0a0"}
    scene = {f"{letter}axis": {"title": {"text": f"component {k}"}, **axes} for k, letter in enumerate("xyz", 1)}
    layout = {
        "template": None,
        "paper_bgcolor": "white",
        "font": {"color": COLOURS["ink"], "size": 12, "family": "sans-serif"},
        "margin": {"l": 0, "r": 0, "t": 50 if title or len(clouds) > 1 else 10, "b": 0},
        "legend": {"itemsizing": "constant", "y": 0.9},
        "scene": {**scene, "aspectmode": "data", "camera": {"eye": {"x": 0.7, "y": -2.4, "z": 1.0}}},
    }
    if title:
        layout["title"] = {"text": title, "x": 0.02, "font": {"size": 14}}
    if len(clouds) > 1:
        where = {"x": 0, "y": 1.09, "xanchor": "left", "yanchor": "top", "direction": "right", "showactive": True}
        layout["updatemenus"] = [{"type": "buttons", "buttons": buttons, **where}]
    figure = graph_objects.Figure(traces, layout)
    told = " and ".join(f"{len(cloud)} clips ({name})" for name, cloud in clouds.items())
    return Rotatable(figure, f"a cloud to turn: {told}")


def _trace(graph_objects: Any, clips: pd.DataFrame, genre: str, look: tuple[str, str], visible: bool) -> Any:
    colour, shape = look
    x, y, z = clips[COMPONENTS].to_numpy(np.float32).T
    return graph_objects.Scatter3d(
        x=x,
        y=y,
        z=z,
        name=html.escape(genre),
        visible=visible,
        mode="markers",
        marker={"size": 4, "color": colour, "symbol": shape, "opacity": 0.85},
        text=[html.escape(clip) for clip in clips["clip_id"].astype("str")],
        hovertemplate="%{text}<br>" + html.escape(genre) + "<extra></extra>",
    )


def _genres(cloud: pd.DataFrame, genres: Sequence[str] | None) -> list[str]:
    """Return the genres of a cloud in order; refuse a table that cannot be drawn."""
    missing = [name for name in ("clip_id", "genre", *COMPONENTS) if name not in cloud]
    if missing or cloud.empty:
        what = f"lacks {', '.join(missing)}" if missing else "is empty"
        raise ParameterError(f"the table of the cloud {what}; expected clip_id, genre and three components")
    present = list(dict.fromkeys(cloud["genre"].astype("str")))
    if genres is None:
        return present
    unknown = set(present) - set(genres)
    if unknown:
        raise ParameterError(f"the cloud has a genre {min(unknown)!r} that is not among {', '.join(genres)}")
    return [genre for genre in genres if genre in present]
