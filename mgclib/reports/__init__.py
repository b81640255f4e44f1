"""Five student reports as data: what they claim, what they leave open, and how we compare.

``load(slug)`` gives a `Report`, ``item(id)`` one of its items, ``compare(id, …)`` the item beside our results.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["claims", "comparison", "pages", "printed", "structure", "typeset"],
    submod_attrs={
        "loader": [
            "APPROACHES",
            "KINDS",
            "Erratum",
            "Item",
            "Report",
            "ReportError",
            "item",
            "items",
            "load",
            "slugs",
        ],
        "comparison": ["Comparison", "compare"],
    },
)
