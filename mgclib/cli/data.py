"""``mgc data``: list the data sets, fetch one, check one, write a mel pack."""

from __future__ import annotations

import sys
import warnings
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from mgclib import datasets
from mgclib.errors import ParameterError

__all__ = ["app"]

app = typer.Typer(help="Data sets: list, fetch, check, pack.", no_args_is_help=True)


class Format(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"


Name = Annotated[str, typer.Argument(metavar="DATASET", help="one of the names that `mgc data list` shows")]
Home = Annotated[Path | None, typer.Option(help="folder (or mel pack) of the data set")]
Options = Annotated[
    list[str] | None, typer.Option("--option", "-o", help="an option of the loader, e.g. -o clip_seconds=10")
]


@app.command("list")
def list_datasets() -> None:
    """Show the data sets and their options."""
    table = Table(*(Column(title, overflow="fold") for title in ("name", "what it is", "options", "licence")))
    for name in datasets.names():
        module = datasets.module(name)
        shown = "\n".join(f"{key}={default}" for key, default in datasets.options(name).items())
        table.add_row(name, module.DESCRIPTION, shown, module.LICENCE)
    Console().print(table)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="fma-small, fma-medium, fma-large or fma-full")],
    home: Annotated[Path | None, typer.Option(help="the folder that gets it; below data/ if not given")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="keep the archives once they are unpacked")] = False,
) -> None:
    """Download a data set, check it against its published checksums and unpack it; goes on after a stop.

    FMA-small is 7.2 GiB, medium 22, large 93 and full 879; unpacking needs the same again. Only FMA has an address:
    that of GTZAN is gone, so get a copy yourself and name its folder with --home.
    """
    from mgclib.datasets import fma

    collection, _, subset = name.partition("-")
    if collection != "fma" or subset not in fma.SUBSETS:
        known = ", ".join(f"fma-{one}" for one in fma.SUBSETS)
        raise ParameterError(
            f"{name!r} cannot be fetched, only {known} can; name the folder of any other data set with --home"
        )
    folder = fma.download(subset, home, keep=keep)
    _err().print(f"licence: {fma.LICENCE}", markup=False, soft_wrap=True)
    _err().print(f"now: mgc data check fma --home {folder} -o subset={subset}", markup=False, soft_wrap=True)


@app.command()
def check(
    name: Name,
    home: Home = None,
    output: Annotated[
        Format, typer.Option("--format", help="table, or csv: only the faults, on stdout")
    ] = Format.table,
    option: Options = None,
) -> None:
    """Look for faults: exists, decodes, length, silent, clipped, exact duplicates; exit code 1 if there are any."""
    from mgclib.datasets import check as checks

    dataset = _load(name, home, option)
    found = checks.faults(dataset)
    if output is Format.csv:
        sys.stdout.write(found.to_csv(index=False))
    else:
        _show(dataset, found, checks)
    if len(found):
        raise typer.Exit(1)


@app.command()
def pack(
    name: Name,
    target: Annotated[Path, typer.Argument(metavar="OUT.npz", help="best named <name>.melpack.npz")],
    home: Home = None,
    frame_step: Annotated[int, typer.Option(help="keep every n-th frame; 3 makes a pack of a third of the size")] = 1,
    option: Options = None,
) -> None:
    """Write a mel pack: log-mel spectrograms that travel without the audio."""
    from mgclib.datasets.melpack import write_pack

    written = write_pack(target, _load(name, home, option), frame_step=frame_step)
    size = target.stat().st_size / 1e6
    _err().print(f"{target}: {len(written)} clips, {written.mel.shape[2]} columns each, {size:.1f} MB", soft_wrap=True)


def _err() -> Console:
    return Console(stderr=True)


def _load(name: str, home: Path | None, option: list[str] | None) -> datasets.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", datasets.FaultyClipWarning)
        dataset = datasets.load(name, home, **_options(option or []))
    aside = len(dataset.set_aside)
    _err().print(f"{dataset!r}" + (f", {aside} set aside" if aside else ""), markup=False, soft_wrap=True)
    for note in dataset.notes:
        _err().print(f"note: {note}", markup=False, soft_wrap=True)
    return dataset


def _options(pairs: list[str]) -> dict[str, Any]:
    from mgclib.experiments.documents import parse_assignments

    chosen = parse_assignments(pairs, "-o")
    for taken in sorted({"name", "home"} & chosen.keys()):
        raise ParameterError(
            f"-o {taken}={chosen[taken]} is no option of a loader; the data set comes first, then --home"
        )
    return chosen


def _show(dataset: datasets.Dataset, found: Any, checks: Any) -> None:
    console = Console()
    formats = checks.formats(dataset)
    counts = Table("sample rate", *(f"{n} channel{'s' if n > 1 else ''}" for n in formats.columns))
    for rate, row in formats.iterrows():
        counts.add_row(f"{rate} Hz", *map(str, row))
    if counts.row_count:
        console.print(counts)
    for clip_id, row in checks.known_faults(dataset).iterrows():
        console.print(f"{clip_id}: {row['problem']}", markup=False, soft_wrap=True)
    if found.empty:
        console.print(f"{len(dataset)} clips, no fault")
        return
    table = Table(title=f"{len(found)} fault{'s' if len(found) > 1 else ''}", title_justify="left")
    for column in found.columns:
        table.add_column(column, overflow="fold")
    for row in found.fillna("").itertuples(index=False):
        table.add_row(*map(escape, row))
    console.print(table)
