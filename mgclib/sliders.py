"""Pictures to slide through: one picture for every value of a parameter, chosen by hand.

`prerendered` draws all pictures beforehand. They travel inside the page with a few lines of script, so that the sliders
move in the bound book without a kernel and without a network; where there is no script, and on paper, the
picture of the start values is shown. `live` draws anew at each move and needs a kernel: Jupyter.

Notebook: ``mel_spectrograms``.
"""

from __future__ import annotations

import base64
import html
import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from PIL import Image

from mgclib.errors import ParameterError

if TYPE_CHECKING:
    import ipywidgets
    from IPython.display import HTML

__all__ = ["NEEDS_KERNEL", "Frame", "Prerendered", "live", "prerendered"]

NEEDS_KERNEL = (
    "Here stand sliders when the notebook is opened in Jupyter: {names}. They need a kernel, which a page lacks."
)
MOST = 80
"""Pictures that one output may hold: a page has to stay light."""

PAGE = """\
<div class="mgc-slider" role="group" aria-label="{title}">
<style>
.mgc-slider {{ max-width: 760px; color: inherit; }}
.mgc-slider [hidden] {{ display: none !important; }}
.mgc-slider label {{ display: flex; align-items: center; gap: 0.8em; margin: 0.2em 0; }}
.mgc-slider label > span {{ flex: 0 0 8em; }}
.mgc-slider label > input {{ flex: 1; min-width: 6em; accent-color: #D55E00; }}
.mgc-slider label > output {{ flex: 0 0 5em; font-variant-numeric: tabular-nums; }}
html[data-theme="dark"] .mgc-slider input {{ color-scheme: dark; }}
.mgc-slider figure {{ margin: 0.4em 0; }}
.mgc-slider figure img {{ display: block; max-width: 100%; }}
</style>
<div class="mgc-slider-controls" hidden>
{controls}
</div>
{frames}
</div>
<script>
(() => {{
  for (const box of document.querySelectorAll(".mgc-slider:not([data-awake])")) {{
    box.dataset.awake = "";
    const inputs = [...box.querySelectorAll("input")];
    const show = () => {{
      const place = inputs.map((input) => input.value).join(" ");
      for (const frame of box.querySelectorAll("figure")) frame.hidden = frame.dataset.place !== place;
      for (const input of inputs) {{
        const word = input.dataset.words.split("|")[input.value];
        input.setAttribute("aria-valuetext", word);
        input.nextElementSibling.textContent = word;
      }}
    }};
    for (const input of inputs) input.addEventListener("input", show);
    box.querySelector(".mgc-slider-controls").hidden = false;
    show();
  }}
}})();
</script>
"""
CONTROL = (
    '<label><span>{name}</span><input type="range" min="0" max="{last}" step="1" value="{start}" '
    'autocomplete="off" data-words="{words}" aria-valuetext="{word}"><output>{word}</output></label>'
)
FRAME = (
    '<figure data-place="{place}"{hidden}><img alt="{alt}" src="data:image/webp;base64,{data}" '
    'width="{width}" height="{height}"><figcaption>{caption}</figcaption></figure>'
)


@dataclass(frozen=True)
class Frame:
    """One picture of a slider.

    Parameters
    ----------
    place : tuple of int
        Number of the value on each slider, from 0.
    picture : bytes
        WebP.
    width, height : int > 0 [pixels]
    caption : str
    """

    place: tuple[int, ...]
    picture: bytes
    width: int
    height: int
    caption: str


@dataclass(frozen=True)
class Prerendered:
    """Sliders with a picture for each combination of their values; a notebook shows it as HTML.

    Parameters
    ----------
    values : dict of str to list of str
        Name of each slider and the words of its values.
    frames : list of Frame
        One for each combination, the last slider moving fastest.
    start : tuple of int
        What is shown first.
    title : str
        Read aloud by a screen reader in place of the picture, with the values.
    """

    values: Mapping[str, Sequence[str]]
    frames: Sequence[Frame]
    start: tuple[int, ...]
    title: str

    def page(self) -> str:
        """Return the HTML: controls, pictures, and the script that wakes every slider of the page once."""
        controls = [
            CONTROL.format(
                name=html.escape(name),
                last=len(words) - 1,
                start=first,
                words=html.escape("|".join(words)),
                word=html.escape(words[first]),
            )
            for (name, words), first in zip(self.values.items(), self.start, strict=True)
        ]
        frames = [self._frame(frame) for frame in self.frames]
        return PAGE.format(title=html.escape(self.title), controls="\n".join(controls), frames="\n".join(frames))

    def _frame(self, frame: Frame) -> str:
        told = zip(self.values.items(), frame.place, strict=True)
        here = ", ".join(f"{name} {words[number]}" for (name, words), number in told)
        return FRAME.format(
            place=" ".join(map(str, frame.place)),
            hidden="" if frame.place == self.start else " hidden",
            alt=html.escape(f"{self.title}: {here}"),
            data=base64.b64encode(frame.picture).decode(),
            width=frame.width,
            height=frame.height,
            caption=html.escape(f"{here}: {frame.caption}" if frame.caption else here),
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.page(), "text/plain": f"{self.title}: {len(self.frames)} pictures to slide through"}


def prerendered(
    draw: Callable[..., Figure],
    values: Mapping[str, Sequence[Any]],
    *,
    start: Mapping[str, Any] | None = None,
    caption: Callable[..., str] | None = None,
    words: Callable[[Any], str] = str,
    title: str,
    quality: int = 55,
) -> Prerendered:
    """Draw a picture for each combination of values and put sliders before them.

    Parameters
    ----------
    draw : callable
        Called with one value per name; returns the figure.
    values : mapping of str to sequence
        Name of each slider and its values from left to right, at least two.
    start : mapping of str to value or None
        What is shown first; a slider that is not named starts in the middle.
    caption : callable or None
        Called like `draw`; what stands below the picture, after the values.
    words : callable
        Puts a value into words.
    title : str
        What the pictures show.
    quality : int [1 … 100]
        Of the WebP pictures.

    Raises
    ------
    ParameterError
        Without a slider, for a slider with fewer than two values or with one twice, a start that is not among the
        values, or more than `MOST` pictures.
    """
    first = _start(values, start or {})
    count = 1
    for options in values.values():
        count *= len(options)
    if count > MOST:
        raise ParameterError(f"{count} pictures are too many for a page; give at most {MOST} combinations of values")
    frames = []
    for place in itertools.product(*(range(len(options)) for options in values.values())):
        here = {name: options[number] for (name, options), number in zip(values.items(), place, strict=True)}
        picture, width, height = _webp(draw(**here), quality)
        frames.append(Frame(place, picture, width, height, caption(**here) if caption else ""))
    named = {name: [words(value) for value in options] for name, options in values.items()}
    return Prerendered(named, frames, first, title)


def _start(values: Mapping[str, Sequence[Any]], start: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the number of the first value shown on each slider."""
    if not values:
        raise ParameterError("there is nothing to slide; give at least one name with its values")
    for name in start:
        if name not in values:
            raise ParameterError(f"start names {name!r}, which is no slider; there are: {', '.join(values)}")
    for name, options in values.items():
        if len(options) < 2 or len({str(value) for value in options}) < len(options):
            raise ParameterError(f"the slider {name} has the values {list(options)}; give at least two different ones")
        if name in start and start[name] not in options:
            raise ParameterError(f"{name} cannot start at {start[name]!r}; its values are {list(options)}")
    return tuple(
        list(options).index(start[name]) if name in start else len(options) // 2 for name, options in values.items()
    )


def _webp(figure: Figure, quality: int) -> tuple[bytes, int, int]:
    """Return a figure as WebP with its width and height in pixels."""
    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", pil_kwargs={"compress_level": 1})
    with Image.open(drawn) as picture:
        picture.convert("RGB").save(packed, format="WEBP", quality=quality, method=3)
        return packed.getvalue(), *picture.size


def live(
    draw: Callable[..., Any],
    values: Mapping[str, Sequence[Any]],
    *,
    start: Mapping[str, Any] | None = None,
    kernel: bool = True,
) -> ipywidgets.interactive | HTML:
    """Return ipywidgets sliders that call `draw` at each move, or a sentence where there is no kernel to move them.

    Parameters
    ----------
    draw : callable
        Called with one value per name; what it returns is displayed.
    values, start
        As for `prerendered`.
    kernel : bool
        False for a page: a widget would be dead there, and the book refuses it.
    """
    from IPython.display import HTML

    first = _start(values, start or {})
    if not kernel:
        names = ", ".join(f"<code>{html.escape(name)}</code>" for name in values)
        return HTML(f"<p>{NEEDS_KERNEL.format(names=names)}</p>")
    import ipywidgets

    controls = {
        name: ipywidgets.SelectionSlider(
            options=[(str(value), value) for value in options], index=number, description=name, continuous_update=False
        )
        for (name, options), number in zip(values.items(), first, strict=True)
    }
    shown = {"auto_display": True, "manual": False, "manual_name": ""}
    return ipywidgets.interactive(draw, shown, **controls)
