"""``mgc predict``: ask the model of a finished run about sound files."""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from mgclib.fitted import FittedModel

__all__ = ["Format", "predict"]


class Format(StrEnum):
    """How the answers are printed."""

    table = "table"
    csv = "csv"
    json = "json"


def predict(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Sound files; folders are searched.")],
    run: Annotated[
        str | None, typer.Option(metavar="RUN", help="An experiment (its newest run), or the folder of a run.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Only runs at this profile.")] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="For people, or csv and json: stdout then holds nothing else.")
    ] = Format.table,
    top: Annotated[int, typer.Option(min=1, help="How many genres to name, the likeliest first.")] = 3,
) -> None:
    """Name the genres of sound files: clip by clip, and for each file as a whole.

    The model is one that `mgc run` left behind: by default that of the
    newest finished run; stderr says which. A file is cut into clips as long
    as those that the model learned; the answer for the whole file is the
    mean over its clips. csv and json have a row for each clip (part: clip)
    and one for each file (part: file).

    A file that cannot be used (broken, silent, too short, of a format that
    is not supported) is named on stderr with the reason; the others go on,
    and the exit code is 1.

    A model of scikit-learn is stored as a program: give --run only folders
    that you trust.

    Examples:

    mgc predict song.mp3

    mgc predict ~/music/new --run svm-pixels-360x120 --profile folder

    mgc predict a.flac b.wav --format csv > answers.csv

    mgc predict song.mp3 --run runs/demo/cnn-1d-mel/0123456789abcdef --top 5
    """
    from mgclib import fitted, inference
    from mgclib.experiments.kept import kept_model

    err = Console(stderr=True)
    folder = kept_model(run, profile)
    model = fitted.load(folder)
    for line in _introduction(model, folder):
        err.print(line, markup=False, highlight=False, soft_wrap=True)
    try:
        answers = inference.answer(files, model, top=top, progress=True)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if format_ is Format.table:
        _show(answers.table, min(top, len(model.genres)))
    else:
        sys.stdout.write(_text(answers.table, format_))
    sys.stdout.flush()
    for row in answers.set_aside.itertuples():
        err.print(f"set aside: {row.file}: {row.problem}", markup=False, highlight=False, soft_wrap=True)
    if len(answers.set_aside):
        raise typer.Exit(1)


def _introduction(model: FittedModel, folder: Path) -> list[str]:
    about = model.about
    origin = about.get("provenance", {})
    name = f"{about.get('experiment', folder)} at profile {about.get('profile', '?')}"
    split = f" (split {about['protocol']})" if "protocol" in about else ""
    data = origin.get("dataset", {}).get("name", "?")
    tested = about.get("accuracy", {}).get("test")
    made = origin.get("time", "?").replace("T", " ").replace("+00:00", " UTC")
    score = "" if tested is None else f", accuracy on its test clips{split} {tested:.2f}"
    return [
        f"model: {name}, seed {about.get('seed', '?')}, trained on {data} ({made}){score}",
        f"       clips of {model.clip_seconds:g} s; {', '.join(model.genres)}",
        f"       {os.path.relpath(folder)}",
        *(f"note: {caveat}" for caveat in model.caveats),
    ]


def _text(table: pd.DataFrame, format_: Format) -> str:
    if format_ is Format.csv:
        return table.to_csv(index=False)
    return json.dumps(table.to_dict("records"), indent=1, ensure_ascii=False) + "\n"


def _show(table: pd.DataFrame, top: int) -> None:
    console = Console()
    for name, rows in table.groupby("file", sort=False):
        digits = 0 if (rows[["start_s", "end_s"]] % 1 == 0).all(axis=None) else 1
        ranks = [f"{rank}." for rank in range(1, top + 1)]
        shown = Table("clip", *ranks, min_width=60)
        for row in rows.itertuples():
            whole = row.part == "file"
            genres = [f"{getattr(row, f'genre_{k}')} {getattr(row, f'probability_{k}'):.2f}" for k in range(1, top + 1)]
            part = "whole file" if whole else f"{_clock(row.start_s, digits)}–{_clock(row.end_s, digits)}"
            shown.add_row(part, *map(escape, genres), style="bold" if whole else None)
        console.print(str(name), markup=False, highlight=False, soft_wrap=True)
        console.print(shown)


def _clock(seconds: float, digits: int) -> str:
    minutes, rest = divmod(round(seconds, digits), 60)
    return f"{int(minutes)}:{rest:0{4 if digits else 2}.{digits}f}"
