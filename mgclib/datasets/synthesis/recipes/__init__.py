"""The recipes: for every genre the styles in which its artists play."""

from __future__ import annotations

from mgclib.datasets.synthesis.recipes import acoustic, beats, guitars, techno
from mgclib.datasets.synthesis.style import Style

__all__ = ["FAMILIES", "RECIPES"]

RECIPES: dict[str, tuple[Style, ...]] = {
    "blues": guitars.BLUES,
    "classical": acoustic.CLASSICAL,
    "country": acoustic.COUNTRY,
    "disco": beats.DISCO,
    "hiphop": beats.HIPHOP,
    "jazz": acoustic.JAZZ,
    "metal": guitars.METAL,
    "pop": beats.POP,
    "reggae": beats.REGGAE,
    "rock": guitars.ROCK,
    "bouncy": techno.BOUNCY,
    "tekno": techno.TEKNO,
    "warzone": techno.WARZONE,
    "industrial": techno.INDUSTRIAL,
    "non-techno-drop": techno.NON_TECHNO_DROP,
}
FAMILIES: dict[str, tuple[str, ...]] = {"genres": tuple(RECIPES)[:10], "techno": tuple(RECIPES)[10:]}
