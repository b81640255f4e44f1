"""``mgc book`` and ``mgc ledger``."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Format", "book", "ledger"]


class Format(StrEnum):
    """How `ledger` prints."""

    table = "table"
    csv = "csv"
    json = "json"


ProfileOption = Annotated[str, typer.Option("--profile", help="Profile at which the notebooks run.")]


def book(
    profile: ProfileOption = "demo",
    home: Annotated[Path | None, typer.Option(help="Folder of the real dataset.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Notebooks that run at the same time.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the book in a browser.")] = False,
) -> None:
    """Run what is not up to date, then bind the book to book/_build/html/index.html."""
    from mgclib.book import build

    build(profile, home=home, jobs=jobs, open_=open_)


def ledger(
    profile: ProfileOption = "demo",
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
) -> None:
    """List every item of the five reports: reported, recorded, this build, verdict."""
    from mgclib.ledger import ledger as rows_of

    rows = rows_of(profile)
    if format_ is Format.csv:
        typer.echo(rows.to_csv(index=False), nl=False)
    elif format_ is Format.json:
        typer.echo(json.dumps(json.loads(rows.to_json(orient="records")), indent=2, ensure_ascii=False))
    else:
        _print_table(rows)


def _print_table(rows: pd.DataFrame) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*rows.columns, caption=f"{len(rows)} items; book/_build/html/_generated/ledger.html has them linked")
    for row in rows.astype(object).where(rows.notna(), "").itertuples(index=False):
        table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row))
    Console().print(table)
