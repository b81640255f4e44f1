"""Sphinx extension: what keeps the bound book free of the network.

Formulas become MathML, which every browser draws itself, instead of a script from elsewhere; and the scripts
of thebe, which the book does not use, are left out. The script that draws rotatable clouds (`mgclib.clouds`) is laid
beside the pages, once, from the installed package of plotly.
"""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

from mgclib.clouds import SCRIPT

__all__ = ["setup"]


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write the inline formula `node`."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Write the displayed formula `node`."""
    translator.body.append(f'<div class="math-display">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def drop_thebe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Leave the scripts of sphinx-thebe out of `page`."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in str(getattr(script, "filename", script)).lower()
        and "THEBE" not in getattr(script, "attributes", {}).get("body", "")
    ]


def lay_clouds(app: Sphinx, fault: Exception | None) -> None:
    """Lay the script of the rotatable clouds into the bound book, whether a page is new or not."""
    if fault is None and app.builder.format == "html":
        target = Path(app.outdir) / SCRIPT
        target.parent.mkdir(parents=True, exist_ok=True)
        with resources.as_file(resources.files("plotly") / "package_data" / target.name) as script:
            shutil.copyfile(script, target)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer ``mathml`` (``html_math_renderer`` in ``_config.yml``) and what keeps the network away."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", lay_clouds)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
