"""The mixture of the AGH slides ("Augmentation Parameters"), as printed."""

from __future__ import annotations

from typing import Any

from mgclib.augment.base import Augmentation, Chain
from mgclib.augment.mixing import Cutmix, Mixup
from mgclib.augment.pictures import FrequencyMask, PictureNoise, PictureShift, TimeMask
from mgclib.augment.waveforms import GaussianNoise, TimeShift

__all__ = ["agh_audio", "agh_mixture", "agh_settings", "agh_spectrogram"]


def agh_audio(sound: bool = False) -> Chain:
    """Return the slides' audio augmentation: 0.5 of {time shift 0.3, Gaussian noise 0.35}.

    The slides give no range of the shift and no strength of the noise. Ours: up to half of the clip to either side,
    and 10 to 30 dB below the clip.

    Parameters
    ----------
    sound : bool
        For waveforms, as on the slides; else their counterparts for pictures.
    """
    shift, noise = (TimeShift, GaussianNoise) if sound else (PictureShift, PictureNoise)
    return Chain(0.5, (shift(0.3), noise(0.35)))


def agh_spectrogram() -> Chain:
    """Return the slides' augmentation of spectrograms: 0.8 of {mixup 0.65, cutmix 0.0, masks 0.65}.

    Mixup and cutmix have alpha 0.5. Masking is one decision for a frequency mask of at most 20 % of the bands and a
    time mask of at most 30 % of the columns: the listing says ``freq_mask = 20`` and ``time_mask = 30``, and the
    bullets before it that these are per cent. Ours: one mask each, filled with silence.
    """
    masks = Chain(0.65, (FrequencyMask(most=0.20), TimeMask(most=0.30)))
    return Chain(0.8, (Mixup(0.65, alpha=0.5), Cutmix(0.0, alpha=0.5), masks))


def agh_mixture() -> Chain:
    """Return both parts for pictures: the sound's in its counterparts first, then the spectrogram's.

    All decisions are made for each clip by itself; the slides do not say whether theirs were, or one for a batch.

    Notes
    -----
    Source: AGH slides, "Augmentation Parameters". Notebooks: ``augmentation``, ``agh_networks``.
    """
    return Chain(1.0, (agh_audio(), agh_spectrogram()))


def agh_settings(mixture: Chain) -> dict[str, Any]:
    """Return the settings of a mixture made like `agh_mixture`, under the names that the slides give them.

    Returns
    -------
    dict
        ``audio_augment_prob, timeshift_prob, gn_prob, spec_augment_prob, mixup_prob, mixup_alpha, cutmix_prob,
        cutmix_alpha, mask_prob, freq_mask_max_width, time_mask_max_width`` (shares), ``freq_mask, time_mask`` (the same
        widths in per cent).
    """
    audio, spectrogram = _parts(mixture)
    shift, noise = _parts(audio)
    mixup, cutmix, masks = _parts(spectrogram)
    frequency, time = _parts(masks)
    return {
        "audio_augment_prob": audio.p,
        "timeshift_prob": shift.p,
        "gn_prob": noise.p,
        "spec_augment_prob": spectrogram.p,
        "mixup_prob": mixup.p,
        "mixup_alpha": mixup.alpha,
        "cutmix_prob": cutmix.p,
        "cutmix_alpha": cutmix.alpha,
        "mask_prob": masks.p,
        "freq_mask_max_width": frequency.most,
        "time_mask_max_width": time.most,
        "freq_mask": round(100 * frequency.most),
        "time_mask": round(100 * time.most),
    }


def _parts(chain: Augmentation) -> tuple[Any, ...]:
    return chain.members  # type: ignore[attr-defined]
