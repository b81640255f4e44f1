"""How long an epoch of the techno network takes in float32 and in mixed_bfloat16, in one run on one machine.

Run by hand: ``python tests/benchmarks/bench_training.py [images] [epochs]``.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from mgclib.training import KerasClassifier, Training, precision_policy


def seconds_per_epoch(precision: str, images: int, epochs: int) -> float:
    """Return the median seconds per epoch after the first, which compiles."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (images, 128, 128, 1)).astype(np.uint8)
    training = Training(epochs=epochs + 1, precision=precision)
    model = KerasClassifier("techno-cnn", 10, training, verbose=False).fit(x, np.arange(images) % 10)
    return float(model.history["seconds"].iloc[1:].median())


def main() -> None:
    images, epochs = (int(v) for v in (*sys.argv[1:], "1024", "3")[:2])
    started = time.perf_counter()
    single = seconds_per_epoch("float32", images, epochs)
    half = seconds_per_epoch("mixed_bfloat16", images, epochs)
    print(f"techno-cnn, {images} images of 128 x 128, batch 32; 'auto' is {precision_policy()} here")
    print(f"{'precision':<16}{'s/epoch':>9}{'ratio':>8}")
    print(f"{'float32':<16}{single:>9.2f}{1:>8.2f}")
    print(f"{'mixed_bfloat16':<16}{half:>9.2f}{half / single:>8.2f}")
    print(f"measured in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
