"""mgclib: music genre classification, reproducibly (see the report book for the story).

``import mgclib as mgc`` is instant; every submodule is loaded at its first use, so that a
scikit-learn notebook never pays for TensorFlow.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "ablation",
        "audio",
        "augment",
        "book",
        "calibration",
        "cam",
        "cepstra",
        "clouds",
        "crops",
        "datasets",
        "embeddings",
        "ensemble",
        "errors",
        "evidence",
        "example",
        "experiments",
        "features",
        "files",
        "filters",
        "fitted",
        "inference",
        "inputs",
        "hovering",
        "importance",
        "learning_curve",
        "ladder",
        "leakage",
        "ledger",
        "listening",
        "metrics",
        "models",
        "networks",
        "overview",
        "plots",
        "power",
        "projection",
        "prose",
        "rankings",
        "recipes",
        "records",
        "reports",
        "paired",
        "results",
        "sliders",
        "splits",
        "store",
        "summary",
        "survey",
        "tables",
        "training",
        "transfer_learning",
        "tuning",
    ],
    submod_attrs={"inference": ["predict"], "reports": ["compare"]},
)
