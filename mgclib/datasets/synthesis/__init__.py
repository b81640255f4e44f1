"""How the synthetic music is made: scores from recipes, notes from wavetables, a mix per artist."""

from __future__ import annotations

from mgclib.datasets.synthesis.artists import artist_name
from mgclib.datasets.synthesis.recipes import FAMILIES
from mgclib.datasets.synthesis.song import SAMPLE_RATE, VERSION, Song

__all__ = ["FAMILIES", "SAMPLE_RATE", "VERSION", "Song", "artist_name"]
