"""How fast the feature store fills, and how much memory that takes.

Run it by hand: ``python tests/benchmarks/bench_store.py [--clips 10000]``. It prints one table.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import soundfile

from mgclib import store
from mgclib.datasets.dataset import Dataset
from mgclib.features import MelSpec, log_mel, mel_images


def noise_dataset(folder: Path, n_clips: int, seconds: float) -> Dataset:
    """Return `n_clips` clips that are cut from 50 files of noise at 44.1 kHz, stereo."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    files = [folder / f"{k}.wav" for k in range(50)]
    for path in files:
        soundfile.write(path, rng.uniform(-0.5, 0.5, (int(seconds * 44100), 2)), 44100)
    clips = pd.DataFrame(
        {
            "genre": "noise",
            "track_id": [f"t{k}" for k in range(n_clips)],
            "artist": None,
            "path": [str(files[k % 50]) for k in range(n_clips)],
            "start_s": 0.0,
            "duration_s": seconds,
        },
        index=pd.Index([f"noise.{k:05d}" for k in range(n_clips)], name="clip_id"),
    )
    content = {str(path): path.name for path in files}
    return Dataset("noise", clips, ("noise",), "CC0", "none", seconds, content=content)


class PeakMemory(threading.Thread):
    """Sample the resident memory of this process and of all its children until `stop`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.own = self.all = 0
        self.running = True

    def run(self) -> None:
        process = psutil.Process()
        while self.running:
            own = process.memory_info().rss
            children = 0
            for child in process.children(recursive=True):
                try:
                    children += child.memory_info().rss
                except psutil.Error:
                    continue
            self.own, self.all = max(self.own, own), max(self.all, own + children)
            time.sleep(0.02)

    def stop(self) -> None:
        self.running = False
        self.join()


def fill(folder: Path, n_clips: int, seconds: float, jobs: int) -> None:
    dataset = noise_dataset(folder / f"{n_clips}-{jobs}", n_clips, seconds)
    memory = PeakMemory()
    memory.start()
    start = time.perf_counter()
    array = store.mels(dataset, jobs=jobs, progress=False, root=folder / f"store-{jobs}")
    wall = time.perf_counter() - start
    memory.stop()
    start = time.perf_counter()
    store.mels(dataset, jobs=jobs, progress=False, root=folder / f"store-{jobs}")
    again = time.perf_counter() - start
    print(
        f"{n_clips:>7} {seconds:>8g} {jobs:>5} {wall:>8.2f} {1000 * wall / n_clips:>9.2f} {again:>9.3f} "
        f"{array.nbytes / 1e6:>9.0f} {memory.own / 1e6:>9.0f} {memory.all / 1e6:>9.0f}"
    )


def one_clip() -> None:
    y = np.random.default_rng(0).uniform(-0.5, 0.5, 30 * 22050).astype(np.float32)
    spec = MelSpec()
    mel = log_mel(y, spec)
    start = time.perf_counter()
    for _ in range(20):
        log_mel(y, spec)
    print(f"log_mel of 30 s: {50 * (time.perf_counter() - start):.1f} ms")
    for height, width, channels in ((120, 360, 3), (400, 400, 3), (128, 128, 1)):
        start = time.perf_counter()
        mel_images(np.broadcast_to(mel, (50, *mel.shape)), height, width, channels=channels)
        print(f"mel image {height} x {width} x {channels}: {20 * (time.perf_counter() - start):.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10_000, help="number of 1 s clips for the memory measurement")
    n_clips = parser.parse_args().clips
    one_clip()
    print("  clips  seconds  jobs   wall s   ms/clip   again s  array MB  parent MB    all MB")
    with tempfile.TemporaryDirectory() as folder:
        for n_long, jobs in ((200, 1), (200, 2), (1000, 1), (1000, 2)):
            fill(Path(folder), n_long, 5.0, jobs)
        fill(Path(folder), n_clips, 1.0, 2)


if __name__ == "__main__":
    main()
