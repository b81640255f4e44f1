"""Augmentation: training clips that are changed a little each time they are shown.

A network that sees a clip a hundred times learns the clip; one that sees a hundred versions of it has to learn what
they have in common. Every augmentation is a small frozen dataclass: its probability `p` and its ranges are checked
when it is made, ``to_dict`` and `from_dict` carry it to JSON and back, and ``x, y = augmentation(x, y, rng)`` changes
a whole batch. `Chain` joins several and nests. It is for training data alone: `mgclib.networks.KerasClassifier` calls
what it is given as ``augment`` on training batches and on nothing else.

Modules: `waveforms` (shift, noise, stretch of sound), `pictures` (masks, and counterparts of those three), `mixing`
(mixup, cutmix and, without a partner, cutout), `agh` (the mixture of the AGH slides).

References: Park et al., "SpecAugment", Interspeech 2019; Zhang et al., "mixup", ICLR 2018; Yun et al., "CutMix", ICCV
2019; DeVries and Taylor, "Cutout", 2017. Notebooks: ``augmentation``, ``agh_networks``, ``best_recipe``.
"""

from mgclib.augment.agh import agh_audio, agh_mixture, agh_settings, agh_spectrogram
from mgclib.augment.base import Augmentation, Chain, from_dict
from mgclib.augment.mixing import Cutmix, Cutout, Mixup
from mgclib.augment.pictures import (
    FrequencyMask,
    PictureEqualizer,
    PictureNoise,
    PictureShift,
    PictureStretch,
    PictureTranspose,
    TimeMask,
)
from mgclib.augment.waveforms import GaussianNoise, TimeShift, TimeStretch, noisy, shifted, stretched

__all__ = [
    "Augmentation",
    "Chain",
    "Cutmix",
    "Cutout",
    "FrequencyMask",
    "GaussianNoise",
    "Mixup",
    "PictureEqualizer",
    "PictureNoise",
    "PictureShift",
    "PictureStretch",
    "PictureTranspose",
    "TimeMask",
    "TimeShift",
    "TimeStretch",
    "agh_audio",
    "agh_mixture",
    "agh_settings",
    "agh_spectrogram",
    "from_dict",
    "noisy",
    "shifted",
    "stretched",
]
