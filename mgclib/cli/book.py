"""``mgc book`` and ``mgc ledger``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

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
    from mgclib import ledger as rows

    typer.echo(rows.render(rows.ledger(profile), format_.value), nl=False)
