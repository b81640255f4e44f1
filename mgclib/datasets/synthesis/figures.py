"""Figures: what a player does in one bar, given the chords.

A figure takes a `Bar` and returns notes ``(beat, pitch, length in beats, velocity 0 … 1)``. Rhythms
and contours come from ``bar.motif(k)``, which is the same whenever the motif returns, so that a song
repeats itself as songs do; small liberties come from ``bar.rng``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mgclib.datasets.synthesis.harmony import Chord, scale_walk, voicing

__all__ = ["FIGURES", "Bar", "Note", "with_chance"]

Note = tuple[float, int, float, float]
FIGURES: dict[str, Callable[[Bar], list[Note]]] = {}


@dataclass(frozen=True)
class Bar:
    """What a player knows while playing a bar.

    Parameters
    ----------
    number : int; beats : int
    chords : tuple of Chord
        They share the bar equally.
    following : Chord
        The first chord of the next bar.
    key : int, 0 … 11; scale : tuple of int
    register : int
        MIDI pitch around which the part lies.
    rng : np.random.Generator
        For this bar only.
    motif : callable
        ``motif(k)`` is a fresh generator, the same for motif *k* throughout the song.
    """

    number: int
    beats: int
    chords: tuple[Chord, ...]
    following: Chord
    key: int
    scale: tuple[int, ...]
    register: int
    rng: np.random.Generator
    motif: Callable[[int], np.random.Generator]

    def chord(self, beat: float) -> Chord:
        return self.chords[min(int(beat * len(self.chords) / self.beats), len(self.chords) - 1)]

    def root(self, beat: float) -> int:
        return _near(self.chord(beat).root, self.register)

    @property
    def spans(self) -> list[tuple[float, float, Chord]]:
        """Start and length, in beats, of every chord."""
        length = self.beats / len(self.chords)
        return [(k * length, length, chord) for k, chord in enumerate(self.chords)]

    def strike(self, beat: float, length: float, velocity: float, roll: float = 0.0) -> list[Note]:
        """Return the chord of that beat as notes; `roll` spreads them, in beats per string."""
        pitches = voicing(self.chord(beat), self.register)
        return [(beat + k * roll, p, length, velocity) for k, p in enumerate(pitches)]


def with_chance(pattern: str, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Return steps and velocities of a pattern: ``X x o g`` accent to ghost, ``?`` sometimes, ``.`` rest."""
    loudness = {"X": 1.0, "x": 0.8, "o": 0.55, "g": 0.3, "?": 0.5}
    hits = [(k, loudness[c]) for k, c in enumerate(pattern) if c != "."]
    return [(k, v) for k, v in hits if pattern[k] != "?" or rng.random() < 0.5]


def _figure(name: str) -> Callable[[Callable[[Bar], list[Note]]], Callable[[Bar], list[Note]]]:
    def register(function: Callable[[Bar], list[Note]]) -> Callable[[Bar], list[Note]]:
        FIGURES[name] = function
        return function

    return register


def _near(pitch_class: int, centre: int) -> int:
    low = centre - 6
    return low + (pitch_class - low) % 12


def _steps(bar: Bar, pattern: str) -> list[tuple[float, float]]:
    """Beats and velocities of a pattern that fills the bar (cut or repeated for another metre)."""
    per_beat = 4
    steps = bar.beats * per_beat
    text = (pattern * (steps // len(pattern) + 1))[:steps]
    return [(k / per_beat, v) for k, v in with_chance(text, bar.rng)]


def _pick(bar: Bar, patterns: tuple[str, ...], motif: int = 0) -> str:
    return patterns[int(bar.motif(motif).random() * len(patterns))]


# Bass ---------------------------------------------------------------------------------------------------


@_figure("walking")
def walking(bar: Bar) -> list[Note]:
    notes = []
    for start, length, chord in bar.spans:
        root = _near(chord.root, bar.register)
        tones = [root + i for i in chord.intervals]
        line = [root, *bar.rng.choice([*tones, root + 2, root + 9], 6)][: int(length)]
        notes += [(start + k, int(p), 0.9, 0.85 + 0.15 * (k == 0)) for k, p in enumerate(line)]
    target = _near(bar.following.root, bar.register)
    beat, _, length, velocity = notes[-1]
    notes[-1] = (beat, target + (1 if bar.rng.random() < 0.5 else -1), length, velocity)
    return notes


@_figure("boogie")
def boogie(bar: Bar) -> list[Note]:
    shape = ((0, 4, 7, 9, 10, 9, 7, 4), (0, 0, 4, 4, 7, 7, 9, 7), (0, 12, 10, 12, 7, 10, 7, 5))
    line = shape[int(bar.motif(0).random() * len(shape))]
    return [(k / 2, bar.root(k / 2) + line[k % 8], 0.45, 0.9 if k % 2 == 0 else 0.7) for k in range(2 * bar.beats)]


@_figure("root fifth")
def root_fifth(bar: Bar) -> list[Note]:
    beats = (0, 2) if bar.beats == 4 else (0,)
    lift = 0 if bar.beats == 4 else (-5 if bar.number % 2 else 0)
    return [(b, bar.root(b) + (lift if b == 0 else -5), 0.95, 0.95) for b in beats]


@_figure("octaves")
def octaves(bar: Bar) -> list[Note]:
    return [(k / 2, bar.root(k / 2) + 12 * (k % 2), 0.4, 0.95 - 0.15 * (k % 2)) for k in range(2 * bar.beats)]


@_figure("eighths")
def eighths(bar: Bar) -> list[Note]:
    return [(k / 2, bar.root(k / 2), 0.45, 0.95 if k % 2 == 0 else 0.75) for k in range(2 * bar.beats)]


@_figure("held root")
def held_root(bar: Bar) -> list[Note]:
    return [(start, _near(c.root, bar.register), length * 0.97, 0.9) for start, length, c in bar.spans]


@_figure("syncopated")
def syncopated(bar: Bar) -> list[Note]:
    pattern = _pick(bar, ("X..x..x...x..x..", "X.....x.x.....x.", "X..x....x.x...x.", "X.x...x...x.x..."))
    motif = bar.motif(1)
    offsets = motif.choice((0, 0, 7, 12, 10), 16)
    return [(b, bar.root(b) + int(offsets[k]) * (k > 0), 0.5, v) for k, (b, v) in enumerate(_steps(bar, pattern))]


@_figure("sub")
def sub(bar: Bar) -> list[Note]:
    pattern = _pick(bar, ("X.........x.....", "X......x..x.....", "X.....x.....x...", "X..x......x..?.."))
    hits = _steps(bar, pattern)
    ends = [b for b, _ in hits[1:]] + [bar.beats]
    return [(b, bar.root(b), 0.95 * (e - b), v) for (b, v), e in zip(hits, ends, strict=True)]


@_figure("dub line")
def dub_line(bar: Bar) -> list[Note]:
    pattern = _pick(
        bar, ("....x.x.X...x...", "X...x.x...x.x...", "......x.X..x..x.", "X..x..x...x.x..."), bar.number % 2
    )
    motif = bar.motif(2 + bar.number % 2)
    offsets = motif.choice((0, 0, 3, 7, 5, 12, -5), 16)
    return [(b, bar.root(b) + int(offsets[k]), 0.45, v) for k, (b, v) in enumerate(_steps(bar, pattern))]


@_figure("offbeats")
def offbeats(bar: Bar) -> list[Note]:
    return [(k + 0.5, bar.root(k), 0.4, 0.95) for k in range(bar.beats)]


@_figure("rolling")
def rolling(bar: Bar) -> list[Note]:
    pattern = _pick(bar, (".xxx.xxx.xxx.xxx", "..xx..xx..xx..xx", ".xox.xox.xox.xxx"))
    return [(b, bar.root(b), 0.2, v) for b, v in _steps(bar, pattern)]


# Chords -------------------------------------------------------------------------------------------------


@_figure("held")
def held(bar: Bar) -> list[Note]:
    return [n for start, length, _ in bar.spans for n in bar.strike(start, length * 0.98, 0.8)]


@_figure("strum")
def strum(bar: Bar) -> list[Note]:
    pattern = _pick(bar, ("X...x.o...o.x.o.", "X...x...x.o.x.o.", "X.o.x.o.X.o.x.o.", "X.....o...x.o.x."))
    return [n for b, v in _steps(bar, pattern) for n in bar.strike(b, 0.6, v, 0.02)]


@_figure("boom chick")
def boom_chick(bar: Bar) -> list[Note]:
    beats = (1, 3) if bar.beats == 4 else (1, 2)
    ghost = 0.5 if bar.motif(0).random() < 0.5 else 0.0
    notes = [n for b in beats for n in bar.strike(b, 0.35, 0.9, 0.02)]
    return notes + [n for b in beats if ghost for n in bar.strike(b + 0.5, 0.2, 0.4, 0.02)]


@_figure("skank")
def skank(bar: Bar) -> list[Note]:
    doubled = bar.motif(0).random() < 0.35
    notes = [n for k in range(bar.beats) for n in bar.strike(k + 0.5, 0.16, 0.95, 0.012)]
    return notes + [n for k in range(1, bar.beats, 2) if doubled for n in bar.strike(k + 0.75, 0.12, 0.6, 0.012)]


@_figure("bubble")
def bubble(bar: Bar) -> list[Note]:
    return [n for b, v in _steps(bar, "..xo..xo..xo..xo") for n in bar.strike(b, 0.2, v)]


@_figure("comp")
def comp(bar: Bar) -> list[Note]:
    patterns = ("X.....x.........", "......x.......x.", "..x.......x.....", "x.....x...x.....", "......X.........")
    pattern = patterns[int(bar.rng.random() * len(patterns))]
    return [n for b, v in _steps(bar, pattern) for n in bar.strike(b, bar.rng.choice((0.3, 0.7)), 0.8 * v)]


@_figure("shuffle riff")
def shuffle_riff(bar: Bar) -> list[Note]:
    notes = []
    for k in range(2 * bar.beats):
        root = bar.root(k / 2)
        top = 9 if (k // 2) % 2 else 7
        notes += [(k / 2, root, 0.4, 0.9 - 0.2 * (k % 2)), (k / 2, root + top, 0.4, 0.85 - 0.2 * (k % 2))]
    return notes


@_figure("sixteenths")
def sixteenths(bar: Bar) -> list[Note]:
    pattern = _pick(bar, ("xgxgX.xgxgxgX.xg", "..xgX..gx.xgX.x.", "x..xg.x.x..xg.xg"))
    return [n for b, v in _steps(bar, pattern) for n in bar.strike(b, 0.14, v, 0.01)]


@_figure("stabs")
def stabs(bar: Bar) -> list[Note]:
    pattern = _pick(bar, ("X..x..x.........", "....x.......x.x.", "X.....x...x.....", "..x...x...x...x."))
    return [n for b, v in _steps(bar, pattern) for n in bar.strike(b, 0.25, v)]


@_figure("eighth chords")
def eighth_chords(bar: Bar) -> list[Note]:
    return [n for k in range(2 * bar.beats) for n in bar.strike(k / 2, 0.4, 0.9 if k % 2 == 0 else 0.7)]


@_figure("triplets")
def triplets(bar: Bar) -> list[Note]:
    return [n for k in range(3 * bar.beats) for n in bar.strike(k / 3, 0.28, 0.8 if k % 3 == 0 else 0.55)]


@_figure("power chords")
def power_chords(bar: Bar) -> list[Note]:
    pattern = _pick(bar, ("X.x.x.x.X.x.x.x.", "X..x..x.X..x..x.", "X...x.x...x.x...", "X.x.....x.x.x..."))
    return [(b, p, 0.5, v) for b, v in _steps(bar, pattern) for p in (bar.root(b), bar.root(b) + 7, bar.root(b) + 12)]


@_figure("held power")
def held_power(bar: Bar) -> list[Note]:
    return [
        (start, _near(c.root, bar.register) + i, length * 0.98, 0.95)
        for start, length, c in bar.spans
        for i in (0, 7, 12)
    ]


@_figure("chug")
def chug(bar: Bar) -> list[Note]:
    pattern = _pick(
        bar, ("XxxxXxxxXxxxXxxx", "X.xxX.xxX.xxX.xx", "XxxXxxXxxXxxX.x.", "X.xx.xx.X.xx.xxx"), bar.number % 2
    )
    tonic = _near(bar.key, bar.register)
    accents = bar.motif(2).integers(0, 4, 16)
    notes: list[Note] = []
    for k, (b, v) in enumerate(_steps(bar, pattern)):
        root = bar.root(b) if v == 1.0 and accents[k] == 0 else tonic
        length = 0.45 if root != tonic else 0.2
        notes += [(b, root, length, v), (b, root + 7, length, v)]
    return notes


@_figure("tremolo")
def tremolo(bar: Bar) -> list[Note]:
    return [(k / 4, p, 0.25, 0.9) for k in range(4 * bar.beats) for p in (bar.root(k / 4), bar.root(k / 4) + 7)]


@_figure("alberti")
def alberti(bar: Bar) -> list[Note]:
    notes = []
    for k in range(2 * bar.beats):
        tones = voicing(bar.chord(k / 2), bar.register)
        notes.append((k / 2, tones[(0, 2, 1, 2)[k % 4] % len(tones)], 0.5, 0.75 if k % 4 == 0 else 0.55))
    return notes


@_figure("arpeggio")
def arpeggio(bar: Bar) -> list[Note]:
    order = bar.motif(0).permutation(6)
    notes = []
    for k in range(4 * bar.beats):
        tones = voicing(bar.chord(k / 4), bar.register)
        ladder = [*tones, *(t + 12 for t in tones)]
        notes.append((k / 4, ladder[order[k % 6] % len(ladder)], 0.4, 0.8 if k % 4 == 0 else 0.55))
    return notes


@_figure("picking")
def picking(bar: Bar) -> list[Note]:
    notes = []
    for k in range(2 * bar.beats):
        tones = voicing(bar.chord(k / 2), bar.register)
        low = bar.root(k / 2) - 12
        pitch = low if k % 4 == 0 else tones[int(bar.motif(k).random() * len(tones))]
        notes.append((k / 2, pitch, 0.9, 0.85 if k % 2 == 0 else 0.6))
    return notes


# Melodies -----------------------------------------------------------------------------------------------


def _phrase(bar: Bar, rhythms: tuple[str, ...], leap: float, rest: float = 0.0) -> list[Note]:
    """Play a motif of a four-bar phrase (A B A C) that walks along the scale and lands on chord tones."""
    which = (0, 1, 0, 2)[bar.number % 4]
    motif = bar.motif(which)
    if motif.random() < rest and which:
        return []
    hits = _steps(bar, rhythms[int(motif.random() * len(rhythms))])
    walk = np.cumsum(np.round(motif.normal(0, leap, 32)).astype(int)) % 11 - 4
    pitches = scale_walk(bar.scale, bar.key, bar.register, walk[: len(hits)])
    ends = [b for b, _ in hits[1:]] + [float(bar.beats)]
    notes = []
    for (beat, velocity), end, pitch in zip(hits, ends, pitches, strict=True):
        if beat == int(beat):
            tones = [pitch + (pc - pitch + 5) % 12 - 5 for pc in bar.chord(beat).pitch_classes]
            pitch = min(tones, key=lambda p: abs(p - pitch))
        notes.append((beat, pitch, 0.92 * min(end - beat, 2.0), velocity))
    return notes


@_figure("melody")
def melody(bar: Bar) -> list[Note]:
    return _phrase(bar, ("X.....x.x...x...", "X...x...x.....x.", "x.x.X.......x.x.", "X.......x...x..."), 1.4)


@_figure("song")
def song(bar: Bar) -> list[Note]:
    return _phrase(bar, ("x.x.X..xX.......", "..x.x.x.X...x...", "X..x..x.X.......", "....x.x.X..x..x."), 1.2, 0.3)


@_figure("licks")
def licks(bar: Bar) -> list[Note]:
    return _phrase(bar, ("..x.x.X.x.......", "X.x.x...........", "x.xxX...x.x.....", "....x.x.X.x.x..."), 1.5, 0.55)


@_figure("solo")
def solo(bar: Bar) -> list[Note]:
    rhythms = ("x.x.x.x.x.x.x.x.", "..x.x.x.x.x.x...", "x.x.x.xxx.x.....", "....x.x.x.x.x.x.")
    hits = _steps(bar, rhythms[int(bar.rng.random() * len(rhythms))])
    walk = np.cumsum(bar.rng.choice((-2, -1, -1, 1, 1, 2), len(hits))) % 13 - 5
    pitches = scale_walk(bar.scale, bar.key, bar.register, walk)
    return [(b, p, 0.45, 0.7 + 0.3 * bar.rng.random()) for (b, _), p in zip(hits, pitches, strict=True)]


@_figure("riff")
def riff(bar: Bar) -> list[Note]:
    motif = bar.motif(bar.number % 2)
    rhythms = ("X..x..x.x...x.x.", "X.x.x..xx.......", "X...x.x.X.x.x...", "X..x..x...x.x.xx")
    hits = _steps(bar, rhythms[int(motif.random() * len(rhythms))])
    walk = motif.integers(-1, 4, 16)
    walk[0] = 0
    pitches = scale_walk(bar.scale, bar.key, bar.register, walk[: len(hits)])
    return [(b, p, 0.4, v) for (b, v), p in zip(hits, pitches, strict=True)]


@_figure("rap")
def rap(bar: Bar) -> list[Note]:
    patterns = ("x.xxx.x.x.xxX...", "..x.xxx.x.x.xxX.", "xxx.x.x.xxx.x.X.", "x.x.x.xxx.xxX.x.")
    pattern = patterns[int(bar.rng.random() * len(patterns))]
    tonic = _near(bar.key, bar.register)
    return [(b, tonic + int(bar.rng.integers(-1, 2)), 0.2, v) for b, v in _steps(bar, pattern)]


@_figure("growls")
def growls(bar: Bar) -> list[Note]:
    pattern = _pick(
        bar, ("X...x...X.x.....", "..X.x.x.X.......", "X.x.X.x.X.......", "X.......X......."), bar.number % 2
    )
    return [(b, _near(bar.key, bar.register), 0.55, v) for b, v in _steps(bar, pattern)]


@_figure("sequence")
def sequence(bar: Bar) -> list[Note]:
    motif = bar.motif(0)
    walk = motif.choice((0, 0, 0, 1, 2, 4, 7, -1), 16)
    sounding = motif.random(16) < 0.75
    pitches = scale_walk(bar.scale, bar.key, bar.register, walk)
    steps = [k for k in range(4 * bar.beats) if sounding[k % 16]]
    return [(k / 4, pitches[k % 16], 0.22, 1.0 if k % 4 == 2 else 0.7) for k in steps]


@_figure("alarm")
def alarm(bar: Bar) -> list[Note]:
    kind = bar.motif(0).random()
    tonic = _near(bar.key, bar.register)
    if kind < 0.4:
        return [(0, tonic, 1.8, 0.9), (2, tonic + 1, 1.8, 0.9)]
    return [(k, tonic + 6 * (k % 2 if kind < 0.7 else 0), 0.7, 0.9) for k in range(bar.beats)]


@_figure("drone")
def drone(bar: Bar) -> list[Note]:
    return [(0, _near(bar.key, bar.register), bar.beats * 1.0, 0.8)]
