"""How many test clips decide between two models: power of McNemar's test, and what printed totals leave open.

Two models take the same test. Let δ be the true difference of their accuracies and ψ the share of *discordant* clips,
those that only one of the two gets right. Clips are independent draws, and a test is two-sided.

Source: R. J. Connor, "Sample size for testing differences in proportions for the paired-sample design", Biometrics 43
(1987). Notebook: ``uncertainty``.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from mgclib.errors import ParameterError

__all__ = [
    "POWER",
    "Asker",
    "PRange",
    "apart_needed",
    "clips_needed",
    "discordant_if_independent",
    "p_range",
    "power",
    "visible",
]

LEVEL, POWER = 0.05, 0.8


def _quantiles(level: float, wanted: float) -> tuple[float, float]:
    if not (0 < level < 1 and level / 2 < wanted < 1):
        raise ParameterError(f"level={level} and power={wanted} must lie between 0 and 1, the power above the level")
    return float(stats.norm.isf(level / 2)), float(stats.norm.ppf(wanted))


def clips_needed(difference: float, discordant: float, level: float = LEVEL, wanted: float = POWER) -> int:
    """Return how many clips both models must be tested on for McNemar's test to see a difference.

    Parameters
    ----------
    difference : float (0 … 1]
        True difference of the two accuracies.
    discordant : float
        True share of clips that only one of the two has right, at least `difference`, at most 1.
    level, wanted : float (0 … 1)
        Error of the first kind, and power.

    Returns
    -------
    int
        Connor's normal approximation. The exact test, which keeps its level for certain, has a little less power
        there (see `power`); below about 10 expected discordant clips the approximation is too hopeful.

    Raises
    ------
    ParameterError
        For values out of range.
    """
    if not 0 < difference <= discordant <= 1:
        raise ParameterError(f"difference={difference} and discordant={discordant}: 0 < difference <= discordant <= 1")
    z_level, z_power = _quantiles(level, wanted)
    root = z_level * math.sqrt(discordant) + z_power * math.sqrt(discordant - difference**2)
    return math.ceil((root / difference) ** 2)


def visible(n: int, discordant: float, level: float = LEVEL, wanted: float = POWER) -> float:
    """Return the smallest difference (0 … 1] for which `clips_needed` is at most `n`; NaN where no difference is."""
    gaps = np.arange(0.001, discordant + 5e-4, 0.001)
    enough = [gap for gap in gaps if clips_needed(min(gap, discordant), discordant, level, wanted) <= n]
    return float(min(enough, default=np.nan))


def apart_needed(first: float, second: float, level: float = LEVEL, wanted: float = POWER) -> int:
    """Return how many clips *each* of two models needs when each is tested on clips of its own.

    The textbook formula for two shares (pooled variance under equality, no continuity correction).

    Parameters
    ----------
    first, second : float [0 … 1]
        Two different true accuracies.
    """
    if not (0 <= first <= 1 and 0 <= second <= 1 and first != second):
        raise ParameterError(f"first={first} and second={second} must be two different shares between 0 and 1")
    z_level, z_power = _quantiles(level, wanted)
    mean = (first + second) / 2
    apart = first * (1 - first) + second * (1 - second)
    root = z_level * math.sqrt(2 * mean * (1 - mean)) + z_power * math.sqrt(apart)
    return math.ceil((root / (first - second)) ** 2)


def discordant_if_independent(first: float, second: float) -> float:
    """Return the share of discordant clips of two models whose errors have nothing to do with each other."""
    return first * (1 - second) + second * (1 - first)


def power(n: int, difference: float, discordant: float, level: float = LEVEL) -> float:
    """Return the power of the exact McNemar test with `n` clips : float, computed and not approximated.

    The number of discordant clips m is binomial (n, ψ); given m, those won by the better model are binomial
    (m, (ψ + δ) / 2ψ), and the test rejects outside of the binomial (m, 1/2) limits.

    Parameters
    ----------
    n : int > 0
    difference, discordant, level
        As in `clips_needed`; a difference of 0 gives the true level of the test.
    """
    if n < 1 or not 0 <= difference <= discordant <= 1 or discordant == 0:
        raise ParameterError(f"n={n}, difference={difference}, discordant={discordant} are no test of two models")
    least, most = (int(stats.binom.ppf(tail, n, discordant)) for tail in (1e-12, 1 - 1e-12))
    m = np.arange(least, most + 1)
    limit = stats.binom.ppf(level / 2, m, 0.5)
    limit -= stats.binom.cdf(limit, m, 0.5) > level / 2
    better = (discordant + difference) / (2 * discordant)
    rejects = stats.binom.cdf(limit, m, better) + stats.binom.sf(m - limit - 1, m, better)
    return float(stats.binom.pmf(m, n, discordant) @ rejects)


@dataclass(frozen=True)
class PRange:
    """McNemar p-values that two printed totals leave possible, for tests on the same clips.

    Parameters
    ----------
    least, most : float
        Over every number of discordant clips that the totals allow.
    independent : float
        For the number that independent errors would give.
    """

    least: float
    independent: float
    most: float

    @property
    def verdict(self) -> str:
        """``decided``, ``not decided`` or ``cannot be known``: whichever holds for every possible pairing."""
        return "decided" if self.most <= LEVEL else "not decided" if self.least > LEVEL else "cannot be known"


def p_range(first: int, second: int, total: int) -> PRange:
    """Return which p-values are possible when only the totals of two models are known.

    With d clips between the two totals, between d and min(hits + hits, misses + misses) clips are discordant.

    Parameters
    ----------
    first, second : int
        Right clips of each, at most `total`.
    total : int > 0
        Test clips, the same for both.

    Raises
    ------
    ParameterError
        When the counts do not fit.
    """
    if not (0 <= first <= total and 0 <= second <= total and total > 0):
        raise ParameterError(f"{first} and {second} right clips do not fit {total} test clips")
    gap = abs(first - second)
    most = min(first + second, 2 * total - first - second)
    discordant = np.arange(gap, most + 1, 2)
    values = np.minimum(1.0, 2 * stats.binom.cdf((discordant - gap) // 2, discordant, 0.5))
    expected = total * discordant_if_independent(first / total, second / total)
    nearest = np.abs(discordant - expected).argmin()
    return PRange(float(values.min()), float(values[nearest]), float(values.max()))


def p_table(first: int, second: int, total: int) -> pd.DataFrame:
    """Set `p_range` as a table: how many clips only one of the two has right, and the p-value that follows."""
    possible = p_range(first, second, total)
    gap, most = abs(first - second), min(first + second, 2 * total - first - second)
    expected = total * discordant_if_independent(first / total, second / total)
    rows = {
        "as alike as possible": (gap, possible.least),
        "independent": (round(expected), possible.independent),
        "as different as possible": (most, possible.most),
    }
    columns = ["clips that only one has right", "p"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("errors")
    return table.assign(p=table["p"].map("{:.2g}".format))


ASKER = """\
<div class="mgc-asker">
<style>
.mgc-asker {{ max-width: 760px; color: inherit; }}
.mgc-asker label {{ display: flex; align-items: center; gap: 0.8em; margin: 0.2em 0; }}
.mgc-asker label > span {{ flex: 0 0 13em; }}
.mgc-asker label > input {{ flex: 1; min-width: 6em; accent-color: #D55E00; }}
.mgc-asker label > output {{ flex: 0 0 6em; font-variant-numeric: tabular-nums; }}
html[data-theme="dark"] .mgc-asker input {{ color-scheme: dark; }}
.mgc-asker table td, .mgc-asker table th {{ text-align: right; padding: 0.1em 0.7em; }}
.mgc-asker table {{ font-variant-numeric: tabular-nums; }}
</style>
<form hidden>
<label><span>true difference</span><input name="gap" type="range" min="0.5" max="25" step="0.5" value="2"
 autocomplete="off"><output></output></label>
<label><span>only one of the two is right</span><input name="apart" type="range" min="1" max="60" step="1" value="30"
 autocomplete="off"><output></output></label>
<p role="status"></p>
</form>
<table class="dataframe"><caption>{caption}</caption>
{rows}
</table>
</div>
<script>
(() => {{
  for (const box of document.querySelectorAll(".mgc-asker:not([data-awake])")) {{
    box.dataset.awake = "";
    const form = box.querySelector("form"), {{gap, apart}} = form.elements;
    const needed = (d, s) => Math.ceil((({z_level} * Math.sqrt(s) + {z_power} * Math.sqrt(s - d * d)) / d) ** 2);
    const show = () => {{
      const d = gap.value / 100, s = apart.value / 100;
      gap.nextElementSibling.textContent = gap.value + " points";
      apart.nextElementSibling.textContent = apart.value + " % of clips";
      gap.setAttribute("aria-valuetext", gap.value + " points");
      apart.setAttribute("aria-valuetext", apart.value + " per cent of clips");
      const n = d <= s ? needed(d, s) : 0;
      form.querySelector("p").textContent = n
        ? n.toLocaleString("en") + " test clips, of which about " + Math.round(n * s).toLocaleString("en")
          + " are right for one model only"
        : "not possible: a difference of " + gap.value + " points needs at least as many clips that only one has right";
    }};
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", show);
    form.hidden = false;
    show();
  }}
}})();
</script>
"""


@dataclass(frozen=True)
class Asker:
    """A table of clips needed, with two sliders to ask for more; a page shows it without a kernel.

    Parameters
    ----------
    differences, shares : sequence of float
        Columns and rows of the table, as in `clips_needed`; where the difference exceeds the share there is a dash.
    """

    differences: Sequence[float] = (0.01, 0.02, 0.04, 0.08, 0.16)
    shares: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5)

    def cells(self) -> list[list[str]]:
        """Return the table as words, the first row and the first column being headings."""
        head = ["only one is right", *(f"{100 * gap:g} point{'s' * (gap != 0.01)}" for gap in self.differences)]
        rows = [[f"{100 * share:g} %", *(self._cell(gap, share) for gap in self.differences)] for share in self.shares]
        return [head, *rows]

    def _cell(self, gap: float, share: float) -> str:
        return f"{clips_needed(gap, share):,}" if gap <= share else "—"

    def page(self) -> str:
        """Return the HTML: sliders that wake where there is a script, and the table."""
        z_level, z_power = _quantiles(LEVEL, POWER)
        head, *body = [[html.escape(cell) for cell in row] for row in self.cells()]
        rows = ["<thead><tr>" + "".join(f'<th scope="col">{cell}</th>' for cell in head) + "</tr></thead><tbody>"]
        for name, *cells in body:
            rows.append(f'<tr><th scope="row">{name}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        caption = f"Test clips, the same for both, for {100 * POWER:.0f} % power at a level of {100 * LEVEL:.0f} %."
        return ASKER.format(caption=caption, rows="\n".join([*rows, "</tbody>"]), z_level=z_level, z_power=z_power)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        plain = "\n".join("  ".join(f"{cell:>17}" for cell in row) for row in self.cells())
        return {"text/html": self.page(), "text/plain": plain}
