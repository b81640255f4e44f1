"""What others print for GTZAN on the fault-filtered lists, each number with its source.

Notebook: ``comparison``.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import pandas as pd
import yaml

__all__ = ["published", "published_table"]

COLUMNS = ["name", "value", "audio", "learnt_from", "source", "confirmed", "note"]


@cache
def _read() -> list[dict]:
    text = (resources.files("mgclib.overview") / "published.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def published() -> pd.DataFrame:
    """Return the published numbers, the lowest first.

    Returns
    -------
    pd.DataFrame
        Columns ``name``, ``value`` [per cent, as given], ``audio`` (whether the model has heard other music or sound
        before), ``learnt_from`` (what), ``source`` (key of ``book/references.bib``), ``confirmed`` (whether the number
        was seen in print), ``seen_in`` (where, when not in the source itself; else empty) and ``note``.
    """
    table = pd.DataFrame(_read())
    table["seen_in"] = table["seen_in"].fillna("") if "seen_in" in table else ""
    return table[[*COLUMNS, "seen_in"]].sort_values("value", kind="stable", ignore_index=True)


def published_table() -> str:
    """Return the published numbers as Markdown, with citations for the book."""
    rows = ["| model | accuracy (%) | has learnt from | source | seen in print? |", "|---|--:|---|---|---|"]
    for one in published().itertuples():
        seen = f"yes, in {{cite:t}}`{one.seen_in}`" if one.seen_in else "yes" if one.confirmed else "**no**"
        rows.append(
            f"| {one.name} | {one.value:.1f} | {one.learnt_from} | {{cite:t}}`{one.source}` | {seen}: {one.note} |"
        )
    return "\n".join(rows)
