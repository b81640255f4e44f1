"""Experiments: a notebook, its parameters, and the report items that it reproduces.

``matrix()`` reads ``notebooks/experiments.yaml``; ``run()`` executes what is not finished and current;
``executed()`` and ``result()`` give the latest finished run to the book and the ledger.
"""

from mgclib.experiments.cache import State, executed, result, states
from mgclib.experiments.execution import run
from mgclib.experiments.plan import Experiment, Matrix, Profile, matrix, parameters
from mgclib.experiments.process import Outcome

__all__ = [
    "Experiment",
    "Matrix",
    "Outcome",
    "Profile",
    "State",
    "executed",
    "matrix",
    "parameters",
    "result",
    "run",
    "states",
]
