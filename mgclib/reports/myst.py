"""Words of a page in MyST Markdown: escaped text, links by labels and page names, badges, tables.

The book's own checks find a dead link among them.
"""

from __future__ import annotations

import re

from mgclib.reports.loader import Item

__all__ = ["NONE", "doc", "markdown", "pipes", "raw", "ref", "signs", "verdict"]

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~^&])")
LEADING = re.compile(r"^(\s*)([-+]|\d+(?=[.)]\s))")
NONE = "—"


def markdown(text: str) -> str:
    """Escape `text` so that Markdown shows it as it is."""
    escaped = SPECIAL.sub(r"\\\1", text)
    return LEADING.sub(lambda m: f"{m[1]}\\{m[2]}" if m[2] in "-+" else f"{m[1]}{m[2]}\\", escaped)


def signs(text: str) -> str:
    """Return `text` with its signs as they are printed: ± for +-."""
    return text.replace("+-", "±")


def raw(html: str) -> str:
    """Return HTML as a block of a MyST page."""
    return f"```{{raw}} html\n{html}\n```\n"


def ref(entry: Item, text: str | None = None) -> str:
    """Return a link to the place of an item."""
    return f"{{ref}}`{text or entry.short} <{entry.anchor}>`"


def doc(page: str, text: str) -> str:
    """Return a link to a page."""
    plain = text.replace("`", "'").replace("<", "‹").replace(">", "›")
    return f"{{doc}}`{plain} <{page}>`"


def verdict(name: str) -> str:
    """Return the badge of a verdict."""
    return f"[{name}]{{.mgc-badge .mgc-{name.replace(' ', '-')}}}"


def pipes(head: list[str], lines: list[list[str]]) -> str:
    """Return a Markdown table whose cells are Markdown already."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines]) + "\n"
