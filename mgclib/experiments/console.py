"""What a user sees of a run: a live table on a terminal, plain lines elsewhere, and a summary of failures."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from mgclib.experiments.cache import State
    from mgclib.experiments.execution import Outcome
    from mgclib.experiments.plan import Matrix

__all__ = ["Board", "states_table", "summary"]

STYLES = {
    "finished": "green",
    "cached": "green",
    "failed": "bold red",
    "running": "cyan",
    "stopped": "yellow",
    "stale": "yellow",
    "waiting": "dim",
    "not run": "dim",
}
PLAIN_EVERY = 30.0


class Board:
    """The state of every experiment of a run, drawn as it changes."""

    def __init__(self, console: Console, names: Sequence[str], todo: Sequence[str]) -> None:
        self.console = console
        self.rows = {n: {"state": "waiting" if n in todo else "cached", "cell": "", "line": ""} for n in names}
        live = console.is_terminal and not os.environ.get("CI") and bool(todo)
        self.live = Live(console=console, auto_refresh=False, vertical_overflow="visible") if live else None
        self.said: dict[str, float] = {}

    @classmethod
    def silent(cls) -> Board:
        """Return a board that shows nothing."""
        return cls(Console(quiet=True), (), ())

    def __enter__(self) -> Board:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.live:
            self.draw()
            self.live.stop()

    def _say(self, name: str, text: str) -> None:
        if not self.live:
            self.console.print(Text(f"{name}: {text}"), soft_wrap=True)

    def waits(self, name: str) -> None:
        """Another ``mgc run`` is at work on this experiment."""
        if self.rows[name]["line"] != "another mgc run is at work on it":
            self.rows[name]["line"] = "another mgc run is at work on it"
            self._say(name, "waits, another mgc run is at work on it")

    def started(self, name: str) -> None:
        """Its process has been started."""
        self.rows[name] |= {"state": "running", "line": "", "since": time.monotonic()}
        self._say(name, "started")

    def progress(self, name: str, message: Mapping[str, Any]) -> None:
        """A cell began, or a line was printed."""
        row = self.rows.get(name)
        if row is None:
            return
        if "cell" in message:
            row["cell"] = f"cell {message['cell']}/{message['of']}"
        elif "line" in message:
            row["line"] = message["line"]
            if time.monotonic() - self.said.get(name, row["since"]) > PLAIN_EVERY:
                self.said[name] = time.monotonic()
                self._say(name, f"{row['cell']}  {row['line']}")

    def ended(self, name: str, state: str, seconds: float, error: str | None) -> None:
        """It has finished, failed or been stopped."""
        self.rows[name] |= {"state": state, "seconds": seconds, "line": error or "", "cell": ""}
        self._say(name, f"{state} after {seconds:.1f} s" + (f": {error}" if error else ""))

    def draw(self) -> None:
        """Show the table as it is now."""
        if self.live:
            self.live.update(self.table(), refresh=True)

    def table(self) -> Table:
        """Return the table : rich.table.Table."""
        table = Table(box=None, padding=(0, 2, 0, 0), expand=True)
        table.add_column("experiment", no_wrap=True, min_width=min(max(map(len, self.rows), default=0), 40))
        table.add_column("state", no_wrap=True, min_width=8)
        table.add_column("seconds", justify="right", min_width=7)
        table.add_column("progress", no_wrap=True, overflow="ellipsis", ratio=1)
        for name, row in self.rows.items():
            seconds = row.get("seconds", time.monotonic() - row["since"] if "since" in row else None)
            table.add_row(
                name,
                Text(row["state"], style=STYLES[row["state"]]),
                "" if seconds is None else f"{seconds:.0f}",
                Text(f"{row['cell']}  {row['line']}".strip()),
            )
        return table


def summary(console: Console, outcomes: Sequence[Outcome], *, debug: bool = False) -> None:
    """Print where the executed notebooks lie, what failed, and how many there were of each kind.

    The last lines of a traceback are shown, but not of bad input that was refused, unless `debug`.
    """
    for outcome in outcomes:
        if outcome.ok:
            console.print(Text(f"{outcome.experiment}: {outcome.notebook}", style="dim"), soft_wrap=True)
            continue
        console.print(Text(f"\n{outcome.experiment} failed: {outcome.error}", style="bold red"), soft_wrap=True)
        for line in outcome.traceback if debug or not outcome.refused else ():
            console.print(Text(f"  {line}"), soft_wrap=True)
        if outcome.notebook:
            console.print(Text(f"  kept: {outcome.notebook}"), soft_wrap=True)
    counts = {state: sum(o.state == state for o in outcomes) for state in ("finished", "cached", "failed")}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    seconds = sum(o.seconds for o in outcomes)
    console.print(Text(f"{outcomes[0].profile}: {told}" + (f"; {seconds:.0f} s of work" if seconds else "")))


def states_table(plan: Matrix, states: Sequence[State], recorded: Mapping[tuple[str, str], int]) -> Table:
    """Return a table of experiments with what was run here, what is on record, and what they could run on as well."""
    table = Table(
        caption="stale: something changed since it finished; recorded: profile × seeds in book/records", box=SIMPLE
    )
    for column in ("experiment", "run here", "recorded", "not run here"):
        table.add_column(column, no_wrap=column != "not run here")
    by_place = {(s.profile, s.experiment): s for s in states}
    for name in plan.experiments:
        of_name = [s for p in plan.profiles if (s := by_place.get((p, name))) is not None]
        ran = [_told(state) for state in of_name if state.seconds is not None]
        seeds = {p: recorded[p, name] for p in plan.profiles if recorded.get((p, name))}
        kept = [f"{profile} × {count}" for profile, count in seeds.items()]
        left = [state.profile for state in of_name if state.seconds is None]
        cells = Text("\n").join(ran), Text("\n".join(kept), style="magenta"), Text(", ".join(left), style="dim")
        table.add_row(name, *cells)
    return table


def _told(state: State) -> Text:
    return Text(f"{state.profile} {state.state} {state.seconds:.0f} s", style=STYLES[state.state])
