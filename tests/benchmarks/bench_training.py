"""What a training costs, in one run on one machine.

An epoch of the techno network in float32 and in mixed_bfloat16; the first step of MobileNetV2 with and without what
`mgclib.networks` makes before it.

Run by hand: ``python tests/benchmarks/bench_training.py [images] [epochs]``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from unittest import mock

import numpy as np

from mgclib import networks
from mgclib.training import KerasClassifier, Training, precision_policy


def seconds_per_epoch(precision: str, images: int, epochs: int) -> float:
    """Return the median seconds per epoch after the first, which compiles."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (images, 128, 128, 1)).astype(np.uint8)
    training = Training(epochs=epochs + 1, precision=precision)
    model = KerasClassifier("techno-cnn", 10, training, verbose=False).fit(x, np.arange(images) % 10)
    return float(model.history["seconds"].iloc[1:].median())


def seconds_of_one_step(complete: Callable[..., None]) -> float:
    """Return the processor seconds of a fit that is little more than its first step."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (8, 32, 32, 3)).astype(np.uint8), np.arange(8)
    training = Training(epochs=1, batch_size=8, precision="float32")
    model = KerasClassifier("mobilenetv2", 10, training, options={"alpha": 0.35}, verbose=False)
    with mock.patch.object(networks, "_complete", complete):
        started = time.process_time()
        model.fit(x, y)
        return time.process_time() - started


def main() -> None:
    images, epochs = (int(v) for v in (*sys.argv[1:], "1024", "3")[:2])
    started = time.perf_counter()
    single = seconds_per_epoch("float32", images, epochs)
    half = seconds_per_epoch("mixed_bfloat16", images, epochs)
    print(f"techno-cnn, {images} images of 128 x 128, batch 32; 'auto' is {precision_policy()} here")
    print(f"{'precision':<16}{'s/epoch':>9}{'ratio':>8}")
    print(f"{'float32':<16}{single:>9.2f}{1:>8.2f}")
    print(f"{'mixed_bfloat16':<16}{half:>9.2f}{half / single:>8.2f}")
    seconds_of_one_step(networks._complete)
    late = min(seconds_of_one_step(lambda *_: None) for _ in range(3))
    early = min(seconds_of_one_step(networks._complete) for _ in range(3))
    print("\nmobilenetv2, one step of 8 images of 32 x 32; optimizer and metrics are made ...")
    print(f"{'':<16}{'s (cpu)':>9}{'ratio':>8}")
    print(f"{'in the step':<16}{late:>9.2f}{1:>8.2f}")
    print(f"{'before it':<16}{early:>9.2f}{early / late:>8.2f}")
    print(f"measured in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
