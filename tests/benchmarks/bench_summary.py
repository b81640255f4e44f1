"""What sharing saves: summary features of 8-second clips, against calling every library function on the waveform.

Run it by hand: ``python tests/benchmarks/bench_summary.py [--clips 8]``. It prints the milliseconds per clip
of both ways, with one BLAS thread and in turns so that a busy machine slows both, the largest difference of
the values, and the time that the store needs with one and with two processes. Where the cores have other work,
look at the CPU time of the store instead: it scales as well as that stays the same. The library functions are
those of ``naive`` in tests/test_summary.py, the reference of the tests.
"""

from __future__ import annotations

import argparse
import runpy
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import soundfile
from threadpoolctl import threadpool_limits

from mgclib import store
from mgclib.datasets.dataset import Dataset
from mgclib.datasets.synthesis import FAMILIES, Song
from mgclib.summary import SummarySpec, summarise

SECONDS, SAMPLE_RATE = 8.0, 22050
naive = runpy.run_path(str(Path(__file__).parents[1] / "test_summary.py"))["naive"]


def songs(n_clips: int) -> list[np.ndarray]:
    genres = [genre for family in FAMILIES.values() for genre in family]
    return [
        Song(genres[k % len(genres)], k, 0).excerpt(4.0, SECONDS)[: int(SECONDS * SAMPLE_RATE)].astype(np.float32)
        for k in range(n_clips)
    ]


def one_clip_after_the_other(clips: list[np.ndarray]) -> None:
    ways = {"every function on its own": lambda y: list(naive(y, SummarySpec()).values()), "shared": summarise}
    wall = {way: [] for way in ways}
    cpu = {way: [] for way in ways}
    differences = []
    with threadpool_limits(1):
        for describe in ways.values():
            describe(clips[0])
        for y in clips:
            values = []
            for way, describe in ways.items():
                began, began_cpu = time.perf_counter(), time.process_time()
                values.append(np.array(describe(y)))
                wall[way].append(time.perf_counter() - began)
                cpu[way].append(time.process_time() - began_cpu)
            differences.append(np.max(np.abs(values[0] - values[1]) / np.maximum(1, np.abs(values[0]))))
    print(f"{len(clips)} clips of {SECONDS:g} s, medians  {'ms/clip':>10}{'CPU ms':>10}{'ratio':>8}")
    slow = np.median(cpu["every function on its own"])
    for way in ways:
        spent = np.median(cpu[way])
        print(f"{way:<31}{1000 * np.median(wall[way]):>10.1f}{1000 * spent:>10.1f}{slow / spent:>8.2f}")
    print(f"largest difference of a value, relative where it is above 1: {max(differences):.1e}")


def store_with_processes(folder: Path, clips: list[np.ndarray], repeats: int) -> None:
    """Print the seconds that the store needs; the first run starts the workers and is not counted."""
    rows = []
    for k in range(repeats * len(clips)):
        path = folder / f"{k % len(clips)}.wav"
        if k < len(clips):
            soundfile.write(path, clips[k], SAMPLE_RATE)
        rows.append((f"clip.{k:05d}", "song", f"t{k}", None, str(path), 0.0, SECONDS))
    columns = ["clip_id", "genre", "track_id", "artist", "path", "start_s", "duration_s"]
    table = pd.DataFrame(rows, columns=columns).set_index("clip_id")
    content = {path: Path(path).name for path in table["path"]}
    dataset = Dataset("songs", table, ("song",), "CC0", "none", SECONDS, content=content)
    spent = {}
    for jobs in (1, 2):
        for turn in ("warm", "timed"):
            began, began_cpu = time.perf_counter(), cpu_seconds()
            store.summary_features(dataset, jobs=jobs, progress=False, root=folder / f"{turn}-{jobs}")
            spent[jobs] = time.perf_counter() - began, cpu_seconds() - began_cpu
    print(f"\nstore, {len(dataset)} clips{'wall s':>10}{'ms/clip':>10}{'CPU ms':>10}{'ratio':>8}")
    for jobs, (wall, cpu) in spent.items():
        per_clip = 1000 / len(dataset)
        print(
            f"{jobs} process{'es' if jobs > 1 else '  '}          "
            f"{wall:>10.2f}{wall * per_clip:>10.1f}{cpu * per_clip:>10.1f}{spent[1][0] / wall:>8.2f}"
        )


def cpu_seconds() -> float:
    """Return the CPU time of this process and of all its children so far."""
    process = psutil.Process()
    times = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=8, help="number of different clips")
    parser.add_argument("--repeats", type=int, default=12, help="how often the store sees each of them")
    given = parser.parse_args()
    clips = songs(given.clips)
    one_clip_after_the_other(clips)
    with tempfile.TemporaryDirectory() as folder:
        store_with_processes(Path(folder), clips, given.repeats)


if __name__ == "__main__":
    main()
