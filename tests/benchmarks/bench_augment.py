"""How much augmentation adds to an epoch of the techno network at 128 x 128, in one run on one machine.

Epochs with and without an augmentation alternate, so that whatever else the machine does falls on both.

Run by hand: ``python tests/benchmarks/bench_augment.py [images] [epochs]``.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from mgclib import augment, models
from mgclib.batches import AugmentedBatches
from mgclib.models.backend import import_keras
from mgclib.networks import precision_policy

CHANGES = {
    "time shift": augment.PictureShift(),
    "noise": augment.PictureNoise(),
    "stretch": augment.PictureStretch(),
    "time mask": augment.TimeMask(),
    "frequency mask": augment.FrequencyMask(),
    "mixup": augment.Mixup(),
    "cutmix": augment.Cutmix(),
    "AGH mixture": augment.agh_mixture(),
}


def unchanged(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return x, y


def main() -> None:
    images, epochs = (int(v) for v in (*sys.argv[1:], "704", "3")[:2])
    keras = import_keras()
    keras.mixed_precision.set_dtype_policy(precision_policy())
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (images, 128, 128, 1)).astype(np.uint8)
    y = np.eye(10, dtype=np.float32)[np.arange(images) % 10]
    model = models.build("techno-cnn", (128, 128, 1), 10)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])

    def epoch(change) -> float:
        batches = AugmentedBatches(x, y, 32, change, seed=0) if change else None
        started = time.perf_counter()
        if batches is None:
            model.fit(x, y, batch_size=32, verbose=0)
        else:
            model.fit(batches, shuffle=False, verbose=0)
        return time.perf_counter() - started

    for change in (None, unchanged, augment.Mixup()):
        epoch(change)  # compiles for arrays, for uint8 and for float32 batches
    print(
        f"techno-cnn, {images} images of 128 x 128, batch 32, {precision_policy()}; median of {epochs} pairs of epochs"
    )
    print(f"{'augmentation, p = 1':<22}{'without s':>10}{'with s':>8}{'ratio':>8}{'ms a batch':>12}{'of an epoch':>13}")
    for name, change in {"batches, unchanged": unchanged, **CHANGES}.items():
        pairs = np.array([(epoch(None), epoch(change)) for _ in range(epochs)])
        started = time.perf_counter()
        for start in range(0, images, 32):
            change(x[start : start + 32], y[start : start + 32], rng)
        alone = 1000 * (time.perf_counter() - started) / (images / 32)
        ratio = np.median(pairs[:, 1] / pairs[:, 0])
        without, along = np.median(pairs, axis=0)
        share = alone * images / 32 / 1000 / without  # what it would add if nothing ran beside it
        print(f"{name:<22}{without:>10.2f}{along:>8.2f}{ratio:>8.2f}{alone:>12.1f}{share:>13.0%}")


if __name__ == "__main__":
    main()
