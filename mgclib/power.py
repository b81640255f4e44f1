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

from mgclib import metrics
from mgclib.errors import ParameterError

__all__ = [
    "LEVEL",
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
"""Chance to see a difference that is not there, and the chance wanted to see one that is."""

Z_LEVEL, Z_POWER = float(stats.norm.isf(LEVEL / 2)), float(stats.norm.ppf(POWER))
"""Their quantiles of the normal distribution."""


def clips_needed(difference: float, discordant: float) -> int:
    """Return how many clips both models must be tested on for McNemar's test at `LEVEL` to have the power `POWER`.

    Parameters
    ----------
    difference : float (0 … 1]
        True difference of the two accuracies.
    discordant : float
        True share of clips that only one of the two has right, at least `difference`, at most 1.

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
    root = Z_LEVEL * math.sqrt(discordant) + Z_POWER * math.sqrt(discordant - difference**2)
    return math.ceil((root / difference) ** 2)


def visible(n: int, discordant: float) -> float:
    """Return the smallest difference (0 … 1] for which `clips_needed` is at most `n`; NaN where no difference is."""
    gaps = np.arange(0.001, discordant + 5e-4, 0.001)
    enough = [gap for gap in gaps if clips_needed(min(gap, discordant), discordant) <= n]
    return float(min(enough, default=np.nan))


def apart_needed(first: float, second: float) -> int:
    """Return how many clips *each* of two models needs when each is tested on clips of its own.

    The textbook formula for two shares (pooled variance under equality, no continuity correction).

    Parameters
    ----------
    first, second : float [0 … 1]
        Two different true accuracies.
    """
    if not (0 <= first <= 1 and 0 <= second <= 1 and first != second):
        raise ParameterError(f"first={first} and second={second} must be two different shares between 0 and 1")
    mean = (first + second) / 2
    apart = first * (1 - first) + second * (1 - second)
    root = Z_LEVEL * math.sqrt(2 * mean * (1 - mean)) + Z_POWER * math.sqrt(apart)
    return math.ceil((root / (first - second)) ** 2)


def discordant_if_independent(first: float, second: float) -> float:
    """Return the share of discordant clips of two models whose errors have nothing to do with each other."""
    return first * (1 - second) + second * (1 - first)


def power(n: int, difference: float, discordant: float) -> float:
    """Return the power of the exact McNemar test with `n` clips : float, computed and not approximated.

    The number of discordant clips m is binomial (n, ψ); given m, those won by the better model are binomial
    (m, (ψ + δ) / 2ψ), and the test rejects outside of the binomial (m, 1/2) limits.

    Parameters
    ----------
    n : int > 0
    difference, discordant : float
        As in `clips_needed`; a difference of 0 gives the true level of the test.
    """
    if n < 1 or not 0 <= difference <= discordant <= 1 or discordant == 0:
        raise ParameterError(f"n={n}, difference={difference}, discordant={discordant} are no test of two models")
    least, most = (int(stats.binom.ppf(tail, n, discordant)) for tail in (1e-12, 1 - 1e-12))
    m = np.arange(least, most + 1)
    limit = stats.binom.ppf(LEVEL / 2, m, 0.5)
    limit -= stats.binom.cdf(limit, m, 0.5) > LEVEL / 2
    better = (discordant + difference) / (2 * discordant)
    rejects = stats.binom.cdf(limit, m, better) + stats.binom.sf(m - limit - 1, m, better)
    return float(stats.binom.pmf(m, n, discordant) @ rejects)


@dataclass(frozen=True)
class PRange:
    """McNemar p-values that two printed totals leave possible, for tests on the same clips.

    Parameters
    ----------
    discordant : tuple of 3 ints
        Clips that only one has right: as few as the totals allow, as many as independent errors would give, as many
        as the totals allow.
    least, independent, most : float
        The p-value of each. The more clips are discordant, the larger it is, for the totals are the same.
    """

    discordant: tuple[int, int, int]
    least: float
    independent: float
    most: float

    @property
    def verdict(self) -> str:
        """``decided``, ``not decided`` or ``cannot be known``: whichever holds for every possible pairing."""
        return "decided" if self.most <= LEVEL else "not decided" if self.least > LEVEL else "cannot be known"

    def table(self) -> pd.DataFrame:
        """Set it as a table: how many clips only one of the two has right, and the p-value that follows."""
        errors = ["as alike as possible", "independent", "as different as possible"]
        p = [f"{value:.2g}" for value in (self.least, self.independent, self.most)]
        columns = {"clips that only one has right": self.discordant, "p": p}
        return pd.DataFrame(columns, index=pd.Index(errors, name="errors"))


def p_range(first: int, second: int, total: int) -> PRange:
    """Return which p-values are possible when only the totals of two models are known.

    With d clips between the two totals, between d and min(hits + hits, misses + misses) clips are discordant, in steps
    of two: for each clip more that one model alone has right, the other one alone has one more, too.

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
    expected = total * discordant_if_independent(first / total, second / total)
    discordant = (gap, gap + 2 * round((expected - gap) / 2), most)
    return PRange(discordant, *(metrics.exact_mcnemar((d + gap) // 2, (d - gap) // 2) for d in discordant))


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
        head, *body = [[html.escape(cell) for cell in row] for row in self.cells()]
        rows = ["<thead><tr>" + "".join(f'<th scope="col">{cell}</th>' for cell in head) + "</tr></thead><tbody>"]
        for name, *cells in body:
            rows.append(f'<tr><th scope="row">{name}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        caption = f"Test clips, the same for both, for {100 * POWER:.0f} % power at a level of {100 * LEVEL:.0f} %."
        return ASKER.format(caption=caption, rows="\n".join([*rows, "</tbody>"]), z_level=Z_LEVEL, z_power=Z_POWER)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        plain = "\n".join("  ".join(f"{cell:>17}" for cell in row) for row in self.cells())
        return {"text/html": self.page(), "text/plain": plain}
