"""Who plays: made-up names, and which tracks share an artist."""

from __future__ import annotations

import zlib

__all__ = ["artist_name", "artist_number"]

FIRST = [
    "Velvet",
    "Copper",
    "Paper",
    "Midnight",
    "Northern",
    "Hollow",
    "Golden",
    "Crooked",
    "Silent",
    "Electric",
    "Broken",
    "Amber",
    "Distant",
    "Scarlet",
    "Wooden",
    "Frozen",
    "Lonesome",
    "Rusty",
    "Crystal",
    "Wandering",
    "Iron",
    "Gentle",
    "Thirsty",
    "Polar",
]
SECOND = [
    "Lanterns",
    "Herons",
    "Orchard",
    "Engines",
    "Parade",
    "Foxes",
    "Harbour",
    "Sparrows",
    "Theory",
    "Cartographers",
    "Mirrors",
    "Pilots",
    "Gardeners",
    "Satellites",
    "Wolves",
    "Avenue",
    "Machines",
    "Tailors",
    "Clocks",
    "Meadow",
    "Drummers",
    "Choir",
    "Embassy",
    "Kites",
]


def artist_number(track: int) -> int:
    """Return the number, within its genre, of the artist of a track: of four tracks, the middle two share one."""
    quartet, place = divmod(track, 4)
    return 3 * quartet + (0, 1, 1, 2)[place]


def artist_name(genre: str, track: int) -> str:
    """Return the artist of a track; no two artists of a family have the same name."""
    number = artist_number(track)
    offset = zlib.crc32(genre.encode()) % len(FIRST)
    first = FIRST[(offset + number) % len(FIRST)]
    second = SECOND[(offset + number + number // len(FIRST)) % len(SECOND)]
    return f"{first} {second} ({genre})"
