"""The reader's summary: what held, what did not, what could not be known, from the ledger's verdicts and records.

The claims stand in ``claims.yaml`` without a single number; which way each falls is decided here by what was measured,
so the summary is right again when a record changes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgclib import reports
from mgclib.documents import read_yaml
from mgclib.ensemble import members
from mgclib.errors import MgcError, RunError
from mgclib.ledger.verdicts import NOT_PUBLIC, STRICT, Evidence, Row, home_profile
from mgclib.paired import common_seeds, paired_difference
from mgclib.reports.claims import Claim, Measured, claim, declared
from mgclib.reports.loader import Item

if TYPE_CHECKING:
    from mgclib.metrics import Interval
    from mgclib.results import Result

__all__ = ["HELD", "NOT", "OUTCOMES", "UNKNOWN", "Finding", "Number", "best", "drops", "findings"]

HELD, NOT, UNKNOWN = OUTCOMES = ("held", "did not hold", "could not be known")
SCORED = ("scalar", "table", "classification_report", "training_log")
ACCURACY = Claim("accuracy", math.nan, "accuracy", "test")
MEASURED = ("reproduced", "higher", "lower")


@dataclass(frozen=True)
class Number:
    """A number with its 95 % interval and what it is, e.g. accuracy of test clips.

    Parameters
    ----------
    mean : float
        A share, or a difference of shares.
    low, high : float or None
        None without an interval.
    what : str
        Metric and part in words; empty for the accuracy of test clips.
    where : str
        The profile or the network, where it is not the report's own; else empty.
    seeds : int
        How many the interval is over; 1: it covers only the choice of test clips; 0: not from seeds.
    """

    mean: float
    low: float | None = None
    high: float | None = None
    what: str = ""
    where: str = ""
    seeds: int = 0


@dataclass(frozen=True)
class Finding:
    """A claim, which way it fell, and the three numbers behind it.

    Parameters
    ----------
    text : str
        The claim, with the reported number.
    outcome : str
        One of `OUTCOMES`.
    reading : str
        What came out, in a sentence or two.
    items : tuple of Item
    gap : bool
        The numbers are differences.
    reported, recorded, honest : Number or None
        As printed; ours on the report's data and split; ours with artists and copies kept apart.
    counted : tuple of int or None
        For a claim about all items of a kind: how many are settled, of how many.
    """

    text: str
    outcome: str
    reading: str
    items: tuple[Item, ...] = ()
    gap: bool = False
    reported: Number | None = None
    recorded: Number | None = None
    honest: Number | None = None
    counted: tuple[int, int] | None = None
    because: str = field(default="", repr=False)
    theme: str = ""


@dataclass(frozen=True)
class Side:
    """One side of a claim: the printed number, and the experiment that answers it."""

    item: Item
    stated: Claim
    experiment: str
    how: Mapping[str, Any]
    faithful: bool


def findings(found: Sequence[Row], evidence: Evidence) -> list[Finding]:
    """Return every claim of ``claims.yaml`` with its outcome.

    Parameters
    ----------
    found : sequence of Row
        The ledger.
    evidence : Evidence
    """
    return [
        replace(_finding(entry, found, evidence), theme=group["theme"])
        for group in declarations()
        for entry in group["claims"]
    ]


@functools.cache
def declarations() -> tuple[dict[str, Any], ...]:
    """Return the claims of ``claims.yaml`` as they stand there, by theme."""
    return tuple(read_yaml(Path(__file__).parent / "claims.yaml", MgcError))


def _finding(entry: Mapping[str, Any], found: Sequence[Row], evidence: Evidence) -> Finding:
    if "protocols" in entry:
        return _stated(entry, found)
    return _counted(entry, found) if "kinds" in entry else _judged(entry, found, evidence)


def _stated(entry: Mapping[str, Any], found: Sequence[Row]) -> Finding:
    items = [reports.item(row.item) for row in found if row.kind in SCORED]
    stated = sum(len(item.stated) for item in items)
    total = stated + sum(len(item.not_stated) for item in items)
    reading = f"Of {total} settings behind the {len(items)} items with scores, {stated} are stated."
    outcome = HELD if stated == total else NOT
    return Finding(entry["claim"], outcome, reading, counted=(stated, total), because=entry.get("because", ""))


def _counted(entry: Mapping[str, Any], found: Sequence[Row]) -> Finding:
    asked = [row for row in found if row.kind in entry["kinds"]]
    done = sum(row.verdict in entry["verdicts"] for row in asked)
    rest = [(name, sum(row.verdict == name for row in asked)) for name in dict.fromkeys(row.verdict for row in asked)]
    others = ", ".join(f"{n} {name}" for name, n in rest if name not in entry["verdicts"])
    reading = f"{done} of {len(asked)} are {' or '.join(entry['verdicts'])}" + (
        f"; the rest: {others}." if others else "."
    )
    outcome = HELD if 2 * done > len(asked) else NOT if done else UNKNOWN
    return Finding(entry["claim"], outcome, reading, counted=(done, len(asked)), because=entry.get("because", ""))


def _judged(entry: Mapping[str, Any], found: Sequence[Row], evidence: Evidence) -> Finding:
    side = _side(entry["of"], evidence)
    if "over" in entry:
        return _gap(entry, side, _side(entry["over"], evidence), evidence)
    verdict = next(row.verdict for row in found if row.item == side.item.id)
    recorded, honest = _score(side, evidence, strict=False), _score(side, evidence, strict=True)
    reported = Number(side.stated.exact, side.stated.low, side.stated.high, _what(side.stated))
    if not isinstance(side.stated.printed, tuple):
        reported = replace(reported, low=None, high=None)
    outcome = HELD if verdict == "reproduced" else NOT if verdict in MEASURED else UNKNOWN
    reading = " ".join(filter(None, (_level(verdict, side, recorded, evidence), _fall(recorded, honest, side))))
    text = entry["claim"].format(reported=_printed(side.stated))
    return Finding(
        text, outcome, reading, (side.item,), False, reported, recorded, honest, because=entry.get("because", "")
    )


def _side(how: Mapping[str, Any], evidence: Evidence) -> Side:
    item = reports.item(how["item"])
    attempts = evidence.attempts(item)
    if "experiment" in how:
        experiment, declaration = evidence.plan.experiments[how["experiment"]], {}
    else:
        experiment, declaration = attempts[0]
    stated = claim(item, how["value"]) if "value" in how else declared(item, declaration) or claim(item)
    faithful = evidence.faithful(item, experiment, declaration) is not None
    return Side(item, stated, experiment.name, {**declaration, **how}, faithful)


def _result(side: Side, evidence: Evidence, *, strict: bool, profile: str | None = None) -> tuple[str, Result] | None:
    """The record that answers one side, and its profile; of a stand-in where the experiment has none."""
    name = side.experiment if side.faithful else side.how.get("instead", side.experiment)
    if profile is None:
        profile, result = evidence.kept(home_profile(side.item), name, strict=strict)
    else:
        result = evidence.record(profile, name)
    if result is not None and "member" in side.how:
        result = members(result).get(side.how["member"])
    return None if result is None else (profile, result)


def _score(side: Side, evidence: Evidence, *, strict: bool) -> Number | None:
    found = _result(side, evidence, strict=strict)
    if found is None:
        return None
    how = {} if strict else {key: side.how[key] for key in ("split",) if key in side.how}
    stated = replace(side.stated, split="test") if strict else side.stated
    mine = evidence.measured(found[1], stated, how)
    where = "" if side.faithful else side.how.get("instead") or found[0]
    return None if mine is None else _number(mine, stated, where)


def _number(mine: Measured, stated: Claim, where: str) -> Number:
    return Number(mine.mean, mine.low, mine.high, _what(stated), where, _seeds(mine))


def _seeds(mine: Measured | Interval) -> int:
    return mine.n if mine.kind == "seeds" else 1


def _gap(entry: Mapping[str, Any], of: Side, over: Side, evidence: Evidence) -> Finding:
    reported = of.stated.exact - over.stated.exact
    recorded, honest = (_difference(of, over, evidence, strict=strict) for strict in (False, True))
    outcome, reading = order(reported, recorded, honest)
    missing = next((side for side in (of, over) if not side.faithful), None)
    if missing is not None:
        outcome, reading = UNKNOWN, f"{_why_not(missing, evidence)} There: {reading[0].lower()}{reading[1:]}"
    text = entry["claim"].format(reported=f"{100 * reported:.1f}".removesuffix(".0") + " points")
    items = tuple(dict.fromkeys((of.item, over.item)))
    return Finding(
        text,
        outcome,
        reading,
        items,
        True,
        Number(reported, what=_what(of.stated)),
        recorded,
        honest,
        because=entry.get("because", ""),
    )


def _difference(of: Side, over: Side, evidence: Evidence, *, strict: bool) -> Number | None:
    """By how much one side lies above the other on the same music; on the same clips where both were asked them."""
    first = _result(of, evidence, strict=strict)
    second = first and _result(over, evidence, strict=strict, profile=first[0])
    if not first or not second:
        return None
    split = "test" if strict else of.stated.split or "test"
    stated = replace(of.stated, split=split)
    where = "" if of.faithful and over.faithful else of.how.get("instead") or first[0]
    try:
        gap = paired_difference(*common_seeds(second[1], first[1]), metric=stated.metric, split=split)
        return Number(gap.mean, gap.low, gap.high, _what(stated), where, _seeds(gap))
    except RunError:
        return _apart(*(evidence.measured(one[1], stated, {}) for one in (first, second)), _what(stated), where)


def _apart(one: Measured | None, other: Measured | None, what: str, where: str) -> Number | None:
    """The difference of two means on different clips: half widths add up as squares."""
    if one is None or other is None:
        return None
    mean = one.mean - other.mean
    if one.low is None or other.low is None:
        return Number(mean, None, None, what, where)
    half = math.hypot((one.high - one.low) / 2, (other.high - other.low) / 2)
    return Number(mean, mean - half, mean + half, what, where, min(_seeds(one), _seeds(other)))


def order(reported: float, recorded: Number | None, honest: Number | None) -> tuple[str, str]:
    """Return whether "this lies above that" held, and in words what our differences say.

    A difference counts where its interval leaves out zero, under both protocols or over several seeds: of one seed
    alone the interval does not know what chance does in training. Where none counts, the claim falls only if each
    interval rules out a gap as large as the one reported; else too little was asked to know.
    """
    seen = [number for number in (recorded, honest) if number is not None and number.low is not None]
    if not seen:
        return UNKNOWN, "Nobody has run both on the same music yet."
    clear = [number for number in seen if _sign(number)]
    if len({_sign(number) for number in clear}) > 1:
        return UNKNOWN, "The two protocols contradict each other."
    if clear:
        under = "on the report's split" if clear[0] is recorded else "with artists and copies kept apart"
        under = "under both protocols" if len(clear) > 1 else under
        rest = "; under the other the clips are too few to tell" if len(clear) < len(seen) else ""
        sign = _sign(clear[0])
        words = "The order holds" if sign > 0 else "Ours says the opposite"
        if len(clear) == 1 and clear[0].seeds == 1:
            return UNKNOWN, f"{words} {under}, but on one seed, which knows nothing of chance in training{rest}."
        return (HELD if sign > 0 else NOT), f"{words}{_size(reported, recorded)} {under}{rest}."
    if all(reported > number.high for number in seen):
        return NOT, "We see no difference, and one as large as reported is ruled out."
    return UNKNOWN, "Too few clips: our intervals hold both no difference and the one reported."


def _sign(number: Number) -> int:
    return 1 if number.low > 0 else -1 if number.high < 0 else 0


def _size(reported: float, recorded: Number | None) -> str:
    if recorded is None or recorded.low is None or recorded.low <= reported <= recorded.high:
        return ""
    return ", by less than reported," if reported > recorded.high else ", by more than reported,"


def _level(verdict: str, side: Side, recorded: Number | None, evidence: Evidence) -> str:
    if verdict == "reproduced":
        return "The reported value lies inside our interval."
    if verdict not in MEASURED or recorded is None:
        return _why_not(side, evidence)
    gap = recorded.mean - side.stated.exact
    own = side.stated.interval
    chance = own and recorded.low is not None and recorded.low <= own[1] and own[0] <= recorded.high
    words = ", which the small test of the report may explain" if chance else ""
    return f"Ours is {abs(100 * gap):.0f} points {verdict}{words}."


def _why_not(side: Side, evidence: Evidence) -> str:
    """Why a claim cannot be known, from how its experiment is declared."""
    home = home_profile(side.item)
    if "requires" in side.how and "instead" in side.how:
        return f"Its pre-trained weights were not at hand; our numbers are another network's ({side.how['instead']})."
    where = evidence.kept(home, side.experiment)[0]
    ours = f"; ours are of other music ({where}), where the task is another" if where and where != home else ""
    held = "are not public" if home in NOT_PUBLIC else "were not at hand"
    return f"The report's recordings {held}{ours}."


def _fall(recorded: Number | None, honest: Number | None, side: Side) -> str:
    if honest is None:
        return ""
    if recorded is None or recorded.what != honest.what:
        return f"On test clips, with artists and copies kept apart, it is {100 * honest.mean:.0f} %."
    drop = recorded.mean - honest.mean
    if abs(drop) < 0.01:
        return "It stays where it is when artists and copies are kept apart."
    apart = None in (recorded.low, honest.low) or recorded.low > honest.high or honest.low > recorded.high
    chance = "" if apart else ", which chance may explain"
    return (
        f"With artists and copies kept apart: {abs(100 * drop):.0f} points {'lower' if drop > 0 else 'higher'}{chance}."
    )


METRICS = {"accuracy": "", "weighted_f1": "weighted F1", "macro_f1": "macro F1", "f1_of_means": "F1"}


def _what(stated: Claim) -> str:
    """Metric and part in words; empty for the accuracy of test clips."""
    part = "" if stated.split in (None, "test") else stated.split
    name = METRICS.get(stated.metric, (stated.metric or "").replace("_", " "))
    return f"{part} {name or 'accuracy'}".strip() if part or name else ""


def _printed(stated: Claim) -> str:
    what = f" ({_what(stated)})" if _what(stated) else ""
    if isinstance(stated.printed, tuple):
        return " and ".join(f"{100 * value:.3g}" for value in stated.printed) + f" %{what}"
    return f"{100 * stated.printed:.3g} %{what}"


def drops(evidence: Evidence, home: str = "gtzan") -> dict[str, tuple[Measured, Measured]]:
    """Return, per experiment with both records, its test accuracy under the report's split and the stricter one."""
    found = {}
    for name in evidence.plan.experiments:
        pair = [evidence.record(profile, name) for profile in (home, f"{home}{STRICT[0]}")]
        numbers = [evidence.measured(result, ACCURACY, {}) for result in pair]
        if all(numbers):
            found[name] = tuple(numbers)
    return found


def best(evidence: Evidence, home: str = "gtzan") -> tuple[str, float] | None:
    """Return the experiment with the highest test accuracy under the stricter protocol, and that accuracy.

    Models that one result keeps side by side count each on its own.
    """
    found = {}
    for name in evidence.plan.experiments:
        result = evidence.record(f"{home}{STRICT[0]}", name)
        if result is not None:
            kept = [one for one in (result, *members(result).values()) if "test" in one.parts]
            found |= {name: max(float(one.metric("accuracy").mean()) for one in kept)} if kept else {}
    return max(found.items(), key=lambda pair: pair[1], default=None)
