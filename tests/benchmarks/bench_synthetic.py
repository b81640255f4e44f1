"""Seconds of synthetic audio per second of one core, per genre: ``python tests/benchmarks/bench_synthetic.py``."""

from __future__ import annotations

import time

from mgclib.datasets.synthesis import FAMILIES, Song

TRACKS, CLIPS, CLIP_SECONDS = 4, 3, 5.0


def main() -> None:
    print(f"{'genre':18s} {'seconds of audio per CPU second':>32s}")
    total = 0.0
    genres = [genre for family in FAMILIES.values() for genre in family]
    for genre in genres:
        began = time.process_time()
        for track in range(TRACKS):
            song = Song(genre, track, 0)
            for clip in range(CLIPS):
                song.excerpt(4.0 + 1.5 * clip * CLIP_SECONDS, CLIP_SECONDS)
        spent = time.process_time() - began
        total += spent
        print(f"{genre:18s} {TRACKS * CLIPS * CLIP_SECONDS / spent:32.0f}")
    print(f"{'all':18s} {len(genres) * TRACKS * CLIPS * CLIP_SECONDS / total:32.0f}")


if __name__ == "__main__":
    main()
