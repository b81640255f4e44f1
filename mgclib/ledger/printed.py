"""The ledger as text for a terminal, as CSV or as JSON."""

from __future__ import annotations

import json

import pandas as pd

from mgclib.errors import ParameterError
from mgclib.ledger.verdicts import COLUMNS, VERDICTS

__all__ = ["render"]

PIPED_WIDTH = 160
FORMATS = ("table", "csv", "json")


def render(frame: pd.DataFrame, format: str = "table") -> str:
    """Return the ledger as text for a terminal, or as CSV or JSON.

    Parameters
    ----------
    frame : pd.DataFrame
        From `ledger`.
    format : {"table", "csv", "json"}
        The table leaves out what the item's id says already, and ends with the count of each verdict.

    Raises
    ------
    ParameterError
        For another format.
    """
    if format == "csv":
        return frame.to_csv(index=False)
    if format == "json":
        return json.dumps(frame.to_dict(orient="records"), indent=2, ensure_ascii=False) + "\n"
    if format != "table":
        raise ParameterError(f"format={format!r} must be one of {', '.join(FORMATS)}")
    from rich.console import Console
    from rich.table import Table

    shown = [name for name in COLUMNS if name not in ("report", "kind", "approach")]
    counts = frame["verdict"].value_counts()
    caption = f"{len(frame)} items: " + ", ".join(f"{counts[v]} {v}" for v in VERDICTS if v in counts)
    table = Table(caption=caption)
    for name in shown:
        table.add_column(name.replace("_", " "), no_wrap=name in ("item", "verdict"))
    for values in frame[shown].itertuples(index=False):
        table.add_row(*(str(value) for value in values))
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_WIDTH)
    with console.capture() as captured:
        console.print(table)
    return captured.get()
