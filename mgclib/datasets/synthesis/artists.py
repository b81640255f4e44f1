"""Who plays: made-up names, and which tracks share an artist."""

from __future__ import annotations

from mgclib.datasets.synthesis.recipes import FAMILIES

__all__ = ["artist_name", "artist_number"]

# fmt: off
FIRST = (
    "Velvet", "Copper", "Paper", "Midnight", "Northern", "Hollow", "Golden", "Crooked", "Silent", "Electric",
    "Broken", "Amber", "Distant", "Scarlet", "Wooden", "Frozen", "Lonesome", "Rusty", "Crystal", "Wandering",
    "Iron", "Gentle", "Thirsty", "Polar",
)
SECOND = (
    "Lanterns", "Herons", "Orchard", "Engines", "Parade", "Foxes", "Harbour", "Sparrows", "Theory",
    "Cartographers", "Mirrors", "Pilots", "Gardeners", "Satellites", "Wolves", "Avenue", "Machines", "Tailors",
    "Clocks", "Meadow", "Drummers", "Choir", "Embassy", "Kites",
)
# fmt: on


def artist_number(track: int) -> int:
    """Return the number, within its genre, of the artist of a track: of four tracks, the middle two share one."""
    quartet, place = divmod(track, 4)
    return 3 * quartet + (0, 1, 1, 2)[place]


def artist_name(genre: str, track: int) -> str:
    """Return the artist of a track; no two artists of a family have the same name."""
    family = next(genres for genres in FAMILIES.values() if genre in genres)
    number = family.index(genre) + len(family) * artist_number(track)
    cycle, first = divmod(number, len(FIRST))
    album, shift = divmod(cycle, len(SECOND))
    name = f"{FIRST[first]} {SECOND[(first + shift) % len(SECOND)]}"
    return f"{name} {album + 1}" if album else name
