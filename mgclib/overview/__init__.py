"""The methods of a report side by side: what it prints, and what was recorded under both protocols.

Nothing is trained here. Reported numbers come from the transcribed items, ours from the records of the book; results
on generated music are no records, so none can appear. A record on other genres than the report's (``gtzan3``, three
genres of real audio) is kept apart by its `Method.data` and never stands in a row with the others.

Source: CS464 report, sections 4 and 5 (notebook ``cs464_discussion``); FMA slides, "Results" (`mgclib.overview.fma`).
"""

from mgclib.overview import approaches, comparison, confidence, costs, fma, published, together
from mgclib.overview.figures import clips_to_part, fall_chart, genre_heat, separation, top_k_chart
from mgclib.overview.genres import called_accuracy, extremes, genre_f1, two_extremes
from mgclib.overview.methods import (
    CS464,
    SHORT,
    SOURCES,
    Method,
    falls,
    newcombe,
    one_line,
    paired,
    paired_table,
    reported_pairs,
    same_order,
    scores,
    told_apart,
    top_table,
)

__all__ = [
    "CS464",
    "SHORT",
    "SOURCES",
    "Method",
    "approaches",
    "called_accuracy",
    "clips_to_part",
    "comparison",
    "confidence",
    "costs",
    "extremes",
    "fall_chart",
    "falls",
    "fma",
    "genre_f1",
    "genre_heat",
    "newcombe",
    "one_line",
    "paired",
    "paired_table",
    "published",
    "reported_pairs",
    "same_order",
    "scores",
    "separation",
    "together",
    "told_apart",
    "top_k_chart",
    "top_table",
    "two_extremes",
]
