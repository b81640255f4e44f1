"""What others print for GTZAN on the fault-filtered lists, each number with its source.

Notebook: ``comparison``.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import pandas as pd
import yaml

from mgclib.tables import Sortable, sortable

__all__ = ["published", "published_table"]

COLUMNS = ["name", "value", "audio", "learnt_from", "source", "by", "confirmed", "note", "instead", "seen_in"]


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
        before), ``learnt_from`` (what), ``source`` (key of ``book/references.bib``), ``by`` (as it reads),
        ``confirmed`` (whether the number was seen in print), ``note`` (what was found), ``instead`` (other values that
        were found for it, [per cent]) and ``seen_in`` (where, when not in the source itself; else empty).
    """
    rows = [{"seen_in": "", "instead": [], **row} for row in _read()]
    return pd.DataFrame(rows)[COLUMNS].sort_values("value", kind="stable", ignore_index=True)


def published_table() -> Sortable:
    """Set `published` as a table to sort and to filter."""
    table = published()
    frame = pd.DataFrame(
        {
            "model": table["name"],
            "accuracy (%)": table["value"],
            "has learnt from": table["learnt_from"],
            "outside sound": table["audio"].map({True: "yes", False: "no"}),
            "source": table["by"],
            "seen in print": table["confirmed"].map({True: "yes", False: "no"}),
            "what was found": table["note"],
        }
    )
    caption = (
        "Accuracies on the fault-filtered test clips of GTZAN as others print them; intervals are not given there."
    )
    return sortable(frame, caption=caption, filters=["outside sound", "seen in print"])
