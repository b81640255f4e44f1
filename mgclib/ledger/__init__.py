"""The ledger: one row for every item of the five reports, and an honest verdict.

==============  ==================================================================================
verdict         when
==============  ==================================================================================
``reproduced``  the reported value lies in our 95 % interval, same data set and protocol
``higher``      ours lies above the reported value, same data set and protocol; a network has more weights
``lower``       ours lies below the reported value, same data set and protocol; a network has fewer weights
``exact``       the same structure (parameters layer by layer) or the same settings
``shown``       a figure of the same kind, from our run
``lost``        the report's text keeps nothing of it that could be run again or held against anything
``other data``  the method ran, but not on the report's recordings or not from its pre-trained weights: those are not
                public, or not at hand
``not yet``     none of these
==============  ==================================================================================

"Same data set and protocol" is the profile that bears the name of the report's data set (``gtzan``). Where
the counts behind a rounded share are known, the exact share is judged (127/200, not 0.64). A number from
synthetic music stands in ``this_build`` with the word *synthetic* and never decides a verdict.
"""

from mgclib.ledger import verdicts
from mgclib.ledger.printed import render
from mgclib.ledger.verdicts import *  # noqa: F403 (one list of names, not two)

__all__ = [*verdicts.__all__, "render"]
