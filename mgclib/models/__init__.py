"""Every architecture of the five reports, by name.

``build(name, input_shape, n_genres)`` returns something with ``fit(x, y, …)`` and
``predict_proba(x)``, whether it is a support vector machine or a network. The registry says for
each where it is described and how many parameters it must have; one parametrised test covers it.
"""

from mgclib.models import derivation
from mgclib.models.registry import REGISTRY, Architecture, Layer, architecture, build, counts, structure

__all__ = ["REGISTRY", "Architecture", "Layer", "architecture", "build", "counts", "derivation", "structure"]
