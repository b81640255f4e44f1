"""The command line: ``mgc data``, ``mgc run``, ``mgc predict``, ``mgc book``, ``mgc ledger``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mgclib import __version__
from mgclib.cli import book, data, predict, run
from mgclib.errors import MgcError
from mgclib.files import REMEDIES

__all__ = ["app", "main"]

app = typer.Typer(
    name="mgc",
    help="Reproduce five reports on music genre classification: run their experiments, read their book.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `mgc run --list`, then `mgc run svm-pixels-360x120 --profile smoke`.",
)
app.add_typer(data.app, name="data")
app.command("run")(run.run)
app.command("predict")(predict.predict)
app.command("book")(book.book)
app.command("ledger")(book.ledger)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mgc {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that stand before the command."""


def main() -> None:
    """Run ``mgc``; errors that a user can act on are one line on stderr and exit code 1.

    ``--debug`` may stand anywhere, as it is added to a command that has just failed.
    """
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    if len(arguments) < len(sys.argv) - 1:
        app(["--debug", *arguments])
    try:
        app(arguments)
    except MgcError as error:
        typer.echo(f"error: {error}", err=True)
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        typer.echo(f"error: {error.filename or 'writing failed'}: {REMEDIES[error.errno]}", err=True)
    sys.exit(1)
