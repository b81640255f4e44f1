"""``mgc run``: execute experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["run"]


def run(
    context: typer.Context,
    experiments: Annotated[
        list[str] | None, typer.Argument(metavar="EXPERIMENT", help="Names; none: all that have the profile.")
    ] = None,
    profile: Annotated[str, typer.Option(help="Speed and data: smoke, demo, gtzan, … (see --list).")] = "demo",
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of a real data set.")] = None,
    seeds: Annotated[str | None, typer.Option(metavar="0,1,2", help="Seeds in place of the profile's.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="One parameter of the notebook; repeatable."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Notebooks at once; they share the cores.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run again what is finished, from its first seed.")] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Keep the results in book/records, or add seeds there.")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="Show experiments, profiles and what is finished.")] = False,
) -> None:
    """Execute experiments whose notebook, parameters, data or library changed.

    Finished runs are kept in runs/ and used again. After Ctrl-C, or a kill,
    the same command goes on from the last finished seed.
    A wrong parameter is refused at once, with the valid ones.

    Examples:

    mgc run --list

    mgc run svm-pixels-360x120 --profile smoke

    mgc run svm-pixels-360x120 -p C=10 -p sizes="[0.8, 0.0, 0.2]" --seeds 0,1

    mgc run --profile gtzan --home ~/music/gtzan --record
    """
    from mgclib import experiments as room
    from mgclib.experiments.console import states_table
    from mgclib.experiments.documents import parse_assignments, parse_seeds

    console = Console()
    if show:
        plan = room.matrix()
        console.print(states_table(plan, room.states(plan), _recorded()))
        return
    try:
        outcomes = room.run(
            experiments or (),
            profile,
            home=home.expanduser() if home else None,
            seeds=None if seeds is None else parse_seeds(seeds),
            overrides=parse_assignments(parameter or ()),
            jobs=jobs,
            force=force,
            record=record,
            console=console,
            debug=bool(context.find_root().params.get("debug")),
        )
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if not all(outcome.ok for outcome in outcomes):
        raise typer.Exit(1)


def _recorded() -> dict[tuple[str, str], int]:
    from mgclib import records

    table = records.available()
    return {(row.profile, row.experiment): int(row.n_seeds) for row in table.itertuples()}
