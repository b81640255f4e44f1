"""The vocabulary in which recipes are written."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MEDIA", "Medium", "Part", "Style"]

Range = tuple[float, float]


@dataclass(frozen=True)
class Part:
    """A player.

    Parameters
    ----------
    instruments, figures : tuple of str
        The artist has one of these instruments, the track one of these figures.
    register : int
        MIDI pitch around which it plays.
    level : float [dB]
    presence : float, 0 … 1
        Share of artists who have this player.
    drive : range [dB]
        Gain into the distortion; (0, 0): clean.
    room, echo : float, 0 … 1
        Shares sent to the reverb and to the delay.
    rests : float, 0 … 1
        Share of sections in which the player is silent.
    """

    instruments: tuple[str, ...]
    figures: tuple[str, ...]
    register: int
    level: float = -6.0
    presence: float = 1.0
    drive: Range = (0.0, 0.0)
    room: float = 0.15
    echo: float = 0.0
    rests: float = 0.1


@dataclass(frozen=True)
class Style:
    """A way to play a genre.

    Parameters
    ----------
    tempo : range [beats per minute]
    progressions : tuple of str
        One chord or more per bar (see `harmony.parse_progression`).
    scales : tuple of str
    parts : tuple of Part
    grooves : tuple of dict
        Drum patterns; one bar each, any number of steps (see `figures.with_chance`). Empty: no drums.
    kits, media : tuple of str
    beats : int
        Beats of a bar.
    swing : range, 0.5 … 0.67
        Where in its pair the second note falls; 2/3: a shuffle. `pair` is the pair's length in beats.
    drums : float [dB]
    tone : three floats [dB]
        How the genre is equalised: below 200 Hz, around 900 Hz, above 2500 Hz.
    fills : float, 0 … 1
        Chance of a drum fill in every fourth bar.
    looseness : float [seconds]
        Standard deviation of the players' timing.
    weight : float
        How common the style is in its genre.
    """

    tempo: Range
    progressions: tuple[str, ...]
    scales: tuple[str, ...]
    parts: tuple[Part, ...]
    grooves: tuple[dict[str, str], ...] = ()
    kits: tuple[str, ...] = ("studio",)
    media: tuple[str, ...] = ("studio",)
    beats: int = 4
    swing: Range = (0.5, 0.5)
    pair: float = 1.0
    drums: float = -3.0
    tone: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fills: float = 0.6
    looseness: float = 0.006
    weight: float = 1.0


@dataclass(frozen=True)
class Medium:
    """How it was recorded.

    Parameters
    ----------
    bandwidth : range [Hz]
    noise : range [dB below full scale]
    crackle : range [clicks per second]
    bass, treble : range [dB]
        Shelves below 200 Hz and above 2500 Hz.
    drive : range [dB]
        Gain into the saturation of the whole mix.
    room : range [seconds]
        Reverberation time.
    """

    bandwidth: Range = (8500, 10500)
    noise: Range = (-72, -55)
    crackle: Range = (0, 0)
    bass: Range = (-3, 3)
    treble: Range = (-3, 3)
    drive: Range = (0, 6)
    room: Range = (0.4, 1.0)


MEDIA = {
    "studio": Medium(),
    "loud": Medium(drive=(4, 12), treble=(-1, 4), bass=(-1, 4), room=(0.3, 0.8)),
    "live": Medium(noise=(-60, -46), treble=(-5, 1), room=(1.0, 2.0), drive=(0, 5)),
    "hall": Medium(noise=(-68, -52), bass=(-3, 2), treble=(-4, 2), drive=(0, 1), room=(1.4, 2.4)),
    "tape": Medium(bandwidth=(6000, 9000), noise=(-58, -46), treble=(-5, 1), drive=(2, 6)),
    "old record": Medium(
        bandwidth=(4200, 6500), noise=(-52, -40), crackle=(3, 15), bass=(-7, -2), treble=(-4, 2), drive=(2, 7)
    ),
    "vinyl": Medium(bandwidth=(6500, 10000), noise=(-60, -46), crackle=(0, 8), bass=(-1, 4), treble=(-4, 2)),
    "club": Medium(bass=(-2, 6), treble=(-4, 5), drive=(2, 9), room=(0.4, 1.0)),
    "warehouse": Medium(noise=(-60, -42), bass=(-3, 5), treble=(-6, 5), drive=(3, 12), room=(0.8, 1.8)),
}
