"""Figures of the book, from arrays and results.

Every figure stands on a white card, so that it reads the same on a light and on a dark page; colours are those of
Okabe and Ito, which colour-blind readers can tell apart, and never carry a meaning alone. Functions return a
`Figure` that shows itself in a notebook; nothing is displayed on the side and no global state changes. What cannot be
drawn (nothing to show, arrays and names that do not fit together) raises `ParameterError`. `title` and `note`, where
given, stand above and below the figure; the note of a `Result` is its caption.

Modules: `inputs` (what a model is given), `mel` (how a spectrogram is made), `features` (numbers in place of
pictures), `neighbours` and `sequences` (how it looks at it), `learning` and `logs` (how training went), `scores` (what
came out), `spread` (how far runs scatter), `augment` (clips before and after), `cam` (what a network looks at),
`survey` (a first look at a data set),
`evidence` (who beats whom).
Notebooks: all of them.
"""

from mgclib.plots.augment import ablation_gains, augmented, genre_shares_label, steps
from mgclib.plots.cam import cam_means, cam_overlay, cam_samples, cam_stages, cam_sum
from mgclib.plots.evidence import accuracy_intervals, power_curves, who_beats_whom
from mgclib.plots.features import covariances, feature_plane, importances, search
from mgclib.plots.inputs import genre_levels, image_grid, waveform
from mgclib.plots.leakage import ladder, relations
from mgclib.plots.learning import accuracy_by_clips, accuracy_by_tracks, learning_curves, score_curves, walks
from mgclib.plots.logs import training_logs
from mgclib.plots.mel import close_tones, filter_bank, hops, mel_grid, mel_picture, stft_grid, wave_and_mel, windows
from mgclib.plots.neighbours import nearest, neighbours
from mgclib.plots.phases import phases
from mgclib.plots.scores import accuracy_strip, confusion, report_bars
from mgclib.plots.sequences import long_row, opinions, unrolled
from mgclib.plots.spread import snippet_votes, spread
from mgclib.plots.survey import survey
from mgclib.plots.timeline import timeline
from mgclib.style import COLOURS, Card, use_house_style

__all__ = [
    "COLOURS",
    "Card",
    "ablation_gains",
    "accuracy_by_clips",
    "accuracy_by_tracks",
    "accuracy_intervals",
    "accuracy_strip",
    "augmented",
    "cam_means",
    "cam_overlay",
    "cam_samples",
    "cam_stages",
    "cam_sum",
    "close_tones",
    "confusion",
    "covariances",
    "feature_plane",
    "filter_bank",
    "genre_levels",
    "genre_shares_label",
    "hops",
    "image_grid",
    "importances",
    "ladder",
    "learning_curves",
    "long_row",
    "mel_grid",
    "mel_picture",
    "nearest",
    "neighbours",
    "opinions",
    "phases",
    "power_curves",
    "relations",
    "report_bars",
    "score_curves",
    "search",
    "snippet_votes",
    "spread",
    "steps",
    "stft_grid",
    "survey",
    "timeline",
    "training_logs",
    "unrolled",
    "use_house_style",
    "walks",
    "wave_and_mel",
    "waveform",
    "who_beats_whom",
    "windows",
]
