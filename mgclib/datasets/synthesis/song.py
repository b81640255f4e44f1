"""A song: the endless piece of music behind a track, of which any excerpt can be rendered."""

from __future__ import annotations

import zlib
from functools import cached_property

import numpy as np

from mgclib.datasets.synthesis.artists import artist_number
from mgclib.datasets.synthesis.drums import DrumKit
from mgclib.datasets.synthesis.figures import FIGURES, Bar, Note, with_chance
from mgclib.datasets.synthesis.harmony import SCALES, Chord, parse_progression
from mgclib.datasets.synthesis.mixing import Desk, add, amplify
from mgclib.datasets.synthesis.recipes import RECIPES
from mgclib.datasets.synthesis.style import MEDIA, Part, Style
from mgclib.datasets.synthesis.tones import Instrument

__all__ = ["SAMPLE_RATE", "VERSION", "Song"]

VERSION = 2
SAMPLE_RATE = 22050
SECTION_BARS = 8
PREROLL_S = 0.4


def _generator(*words: int | str) -> np.random.Generator:
    numbers = [zlib.crc32(w.encode()) if isinstance(w, str) else w for w in words]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(numbers)))


def _one_of(rng: np.random.Generator, options: tuple) -> object:
    return options[int(rng.random() * len(options))]


class Player:
    """A part as the artist plays it in this song."""

    def __init__(self, part: Part, artist: np.random.Generator, track: np.random.Generator) -> None:
        self.part = part
        self.plays = artist.random() < part.presence
        self.instrument = Instrument(_one_of(artist, part.instruments), artist)
        self.drive = artist.uniform(*part.drive)
        self.gain = 10 ** ((part.level + artist.uniform(-2, 2) + track.uniform(-2, 2)) / 20)
        self.room = part.room * artist.uniform(0.4, 1.8)
        self.figure = FIGURES[_one_of(track, part.figures)]
        self.register = part.register + int(track.integers(-3, 4))
        self.motifs = int(track.integers(2**31))


class Song:
    """An endless piece by an artist; any excerpt of it can be rendered, always with the same result.

    Parameters
    ----------
    genre : str
        A key of `recipes.RECIPES`.
    track : int >= 0
    seed : int >= 0
    """

    def __init__(self, genre: str, track: int, seed: int) -> None:
        self.words = (seed, genre, track)
        artist = _generator(seed, genre, "artist", artist_number(track))
        rng = _generator(seed, genre, "track", track)
        self.style = self._choose_style(RECIPES[genre], artist)
        style = self.style
        centre = artist.uniform(0.15, 0.85) + rng.uniform(-0.15, 0.15)
        self.tempo = style.tempo[0] * (style.tempo[1] / style.tempo[0]) ** centre
        self.key = int(rng.integers(12))
        self.scale = SCALES[_one_of(rng, style.scales)]
        self.swing = rng.uniform(*style.swing)
        self.progressions = [parse_progression(_one_of(rng, style.progressions), self.key) for _ in range(2)]
        self.kit = DrumKit(_one_of(artist, style.kits), artist)
        self.drum_gain = 10 ** ((style.drums + artist.uniform(-2, 2) + rng.uniform(-1.5, 1.5)) / 20)
        self.drum_room = artist.uniform(0.03, 0.2)
        self.grooves = [_one_of(rng, style.grooves) for _ in range(2)] if style.grooves else []
        self.balance = {
            sound: 10 ** (rng.uniform(-4, 3) / 20) for sound in sorted({s for g in self.grooves for s in g})
        }
        self.desk = Desk(MEDIA[_one_of(artist, style.media)], style.tone, artist)
        players = [Player(part, artist, rng) for part in style.parts]
        self.players = [p for p in players if p.plays] or players[:1]
        self.level = rng.uniform(0.45, 0.98)

    @staticmethod
    def _choose_style(styles: tuple[Style, ...], artist: np.random.Generator) -> Style:
        cumulated = np.cumsum([s.weight for s in styles])
        return styles[int(np.searchsorted(cumulated, artist.random() * cumulated[-1], side="right"))]

    @cached_property
    def bar_seconds(self) -> float:
        return self.style.beats * 60 / self.tempo

    def excerpt(self, start_s: float, seconds: float) -> np.ndarray:
        """Return samples : np.ndarray [shape=(round(22050 * seconds),), float32, [-1, 1]]."""
        n = round(seconds * SAMPLE_RATE)
        lead_in = round(min(PREROLL_S, start_s) * SAMPLE_RATE)
        begin = start_s - lead_in / SAMPLE_RATE
        bars = range(
            max(0, int(begin / self.bar_seconds) - 1), int((begin + seconds + PREROLL_S) / self.bar_seconds) + 1
        )
        dry = np.zeros(n + lead_in, dtype=np.float32)
        to_room, to_echo = np.zeros_like(dry), None
        if self.grooves:
            drums = np.zeros_like(dry)
            for bar in bars:
                self._drum(bar, drums, begin)
            dry += drums
            to_room += np.float32(self.drum_room) * drums
        for number, player in enumerate(self.players):
            layer = np.zeros_like(dry)
            for bar in bars:
                self._play(number, player, bar, layer, begin)
            layer = amplify(layer, player.drive) * np.float32(player.gain)
            dry += layer
            to_room += np.float32(player.room) * layer
            if player.part.echo:
                to_echo = np.float32(player.part.echo) * layer + (0 if to_echo is None else to_echo)
        mixed = self.desk.mix(dry, to_room, to_echo, 0.75 * 60 / self.tempo)[lead_in:]
        return self.desk.master(mixed, _generator(*self.words, "noise", round(start_s * 1000)), self.level)

    def _chords(self, bar: int) -> tuple[Chord, ...]:
        progression = self.progressions[bar // SECTION_BARS % 2]
        return progression[bar % len(progression)]

    def _seconds(self, beat: float) -> float:
        """Time of a beat within its bar, with swing."""
        pair = self.style.pair
        whole, part = divmod(beat, pair)
        part /= pair
        part = 2 * part * self.swing if part < 0.5 else self.swing + (2 * part - 1) * (1 - self.swing)
        return (whole * pair + part * pair) * 60 / self.tempo

    def _play(self, number: int, player: Player, bar: int, layer: np.ndarray, begin: float) -> None:
        section = _generator(*self.words, "section", number, bar // SECTION_BARS % 4)
        if section.random() < player.part.rests:
            return
        rng = _generator(*self.words, "bar", number, bar)
        at = bar * self.bar_seconds - begin
        score = Bar(
            number=bar,
            beats=self.style.beats,
            chords=self._chords(bar),
            following=self._chords(bar + 1)[0],
            key=self.key,
            scale=self.scale,
            register=player.register,
            rng=rng,
            motif=lambda k: _generator(player.motifs, k),
        )
        notes: list[Note] = player.figure(score)
        drift = rng.standard_normal(len(notes)) * self.style.looseness
        touch = np.exp(rng.standard_normal(len(notes)) * 0.1)
        for (beat, pitch, length, velocity), late, force in zip(notes, drift, touch, strict=True):
            onset = round((at + self._seconds(beat) + late) * SAMPLE_RATE)
            length_s = length * 60 / self.tempo
            if onset < len(layer) and onset + (length_s + 0.5) * SAMPLE_RATE > 0:
                vowel = (round(beat * 4) + bar % 2) % 5
                add(layer, player.instrument.note(pitch, length_s, vowel), onset, velocity * force)

    def _drum(self, bar: int, layer: np.ndarray, begin: float) -> None:
        rng = _generator(*self.words, "drums", bar)
        groove = self.grooves[bar // SECTION_BARS % 2]
        beats, at = self.style.beats, bar * self.bar_seconds - begin
        hits = [
            (k * beats / len(pattern), sound, velocity)
            for sound, pattern in groove.items()
            for k, velocity in with_chance(pattern, rng)
        ]
        if bar % 4 == 3 and rng.random() < self.style.fills:
            hits = [h for h in hits if h[0] < beats - 1] + self._fill(rng, beats)
        if bar % SECTION_BARS == 0 and self.style.fills:
            hits.append((0.0, "crash", 0.7))
        drift = rng.standard_normal(len(hits)) * 0.5 * self.style.looseness
        touch = np.exp(rng.standard_normal(len(hits)) * 0.08)
        for (beat, sound, velocity), late, force in zip(hits, drift, touch, strict=True):
            onset = round((at + self._seconds(beat) + late) * SAMPLE_RATE)
            gain = self.drum_gain * velocity * force * self.balance.get(sound, 1.0)
            add(layer, self.kit[sound], onset, gain)

    @staticmethod
    def _fill(rng: np.random.Generator, beats: int) -> list[tuple[float, str, float]]:
        sounds = ("snare", "tom", "floor") if rng.random() < 0.6 else ("snare", "snare", "snare")
        return [(beats - 1 + k / 4, sounds[min(k, 2)], 0.7 + 0.08 * k) for k in range(4) if rng.random() < 0.85]
