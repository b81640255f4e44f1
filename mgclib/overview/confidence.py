"""How far each approach's confidence can be believed, before and after its temperature is set on validation clips.

Notebook: ``comparison``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mgclib import calibration
from mgclib.overview.approaches import Approach
from mgclib.tables import Sortable, sortable

__all__ = ["confidences", "curves", "shown_confidences"]

EXPLAINED = {
    "error (points)": "expected calibration error: by how many points confidence and share of right answers differ",
    "by luck alone": "what a perfectly calibrated model would have with as many clips",
    "too sure by": "mean confidence minus share of right answers, points",
    "temperature": "what the model's logits are divided by, fitted on validation clips; above 1: it was too sure",
    "error after": "the error on test clips at that temperature",
}


def confidences(approaches: Sequence[Approach], bins: int = calibration.BINS) -> pd.DataFrame:
    """Return the expected calibration error of each approach on its test clips, with so many bins.

    Returns
    -------
    pd.DataFrame
        Index name; columns ``kind``, ``error, low, high`` (mean over seeds with its 95 % interval [0 … 1]),
        ``interval`` (``5 seeds``, ``290 tracks``), ``luck`` (what a perfectly calibrated model would have with as many
        clips), ``surplus`` (mean confidence minus share of right answers: above 0 the model is too sure),
        ``temperature`` (fitted on the validation clips of each seed, mean) and ``cooled`` (the error on test clips at
        these temperatures); the last two NaN where a record has no validation clips.
    """
    return pd.DataFrame({one.name: _confidence(one, bins) for one in approaches}).T.infer_objects()


def _confidence(one: Approach, bins: int) -> dict[str, object]:
    result = one.result
    interval = calibration.interval(result, bins)
    pairs = {seed: result.arrays("test", seed) for seed in result.seeds}
    surplus = [float(p.max(axis=1).mean() - (p.argmax(axis=1) == y).mean()) for y, p in pairs.values()]
    luck = [calibration.error_by_luck(*pair, bins, n=200) for pair in pairs.values()]
    heat, cooled = [], []
    for seed, (y, p) in pairs.items() if "validation" in result.parts else ():
        heat.append(calibration.temperature(*result.arrays("validation", seed)))
        cooled.append(calibration.calibration_error(y, calibration.cooled(p, heat[-1]), bins))
    return {
        "kind": one.kind,
        **{"error": interval.mean, "low": interval.low, "high": interval.high},
        "interval": f"{interval.n} {interval.kind}",
        "luck": float(np.mean(luck)),
        "surplus": float(np.mean(surplus)),
        "temperature": float(np.mean(heat)) if heat else np.nan,
        "cooled": float(np.mean(cooled)) if cooled else np.nan,
    }


def curves(
    approaches: Sequence[Approach], names: Sequence[str], bins: int = calibration.BINS
) -> dict[str, pd.DataFrame]:
    """Return `mgclib.calibration.reliability` of the named approaches, the answers of all seeds together."""
    by_name = {one.name: one for one in approaches}
    return {name: calibration.reliability(*by_name[name].result.arrays("test"), bins) for name in names}


def shown_confidences(table: pd.DataFrame, *, caption: str) -> Sortable:
    """Set `confidences` as a table to sort and to filter, the best calibrated first."""
    table = table.sort_values("error")
    percent = 100 * table.select_dtypes("number")
    numbers = ["error", "luck", "surplus", "temperature", "cooled"]
    words = {
        "approach": table.index,
        "kind": table["kind"],
        "error (points)": [f"{r.error:.1f} [{r.low:.0f}, {r.high:.0f}]" for r in percent.itertuples()],
        "interval over": table["interval"],
        "by luck alone": percent["luck"].map("{:.1f}".format),
        "too sure by": percent["surplus"].map("{:+.1f}".format).str.replace("-", "−"),
        "temperature": table["temperature"].map("{:.2f}".format).replace("nan", None),
        "error after": percent["cooled"].map("{:.1f}".format).replace("nan", None),
    }
    frame = pd.DataFrame(words).reset_index(drop=True)
    columns = ["error (points)", "by luck alone", "too sure by", "temperature", "error after"]
    raw = table[numbers].set_axis(columns, axis=1).reset_index(drop=True)
    return sortable(frame, raw=raw, caption=caption, filters=["kind"], explained=EXPLAINED)
