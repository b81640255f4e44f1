"""Principal components of pictures: far fewer pictures than pixels, exactly and in little memory.

A mel image of 400 × 400 pixels in three colours is a point with 480,000 coordinates, and a data set has a thousand
of them. All that the principal components need is the table of scalar products between the centred pictures (the
Gram matrix, one row and column per picture); it is summed up over blocks of pixels, so that the pictures themselves
are never copied as floating-point numbers. The result is the one of `sklearn.decomposition.PCA`, which would need
several times the memory of the pictures.

Reference: Turk and Pentland, "Eigenfaces for recognition", Journal of Cognitive Neuroscience 3(1), 1991.
Source: CS464 report, section 2.1, figure 1, appendix E. Notebook: ``pca``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import eigh

from mgclib.errors import ParameterError

__all__ = ["BLOCK_BYTES", "Projection", "principal_components"]

BLOCK_BYTES = 64_000_000
"""Memory of one block of pixels as 64-bit floats."""


@dataclass(frozen=True, eq=False)
class Projection:
    """The directions in which pictures differ most, and where each picture lies along them.

    Parameters
    ----------
    mean : np.ndarray [shape=(height, width, …), float64]
        The average picture.
    axes : np.ndarray [shape=(n_components, height, width, …), float64]
        Directions of length 1, at right angles to each other; the sum of each is positive, so that brighter
        pictures lie on its positive side.
    shares : np.ndarray [shape=(min(n - 1, n_values),), float64, 0 … 1]
        Share of the variance along every component there is, the largest first.
    coordinates : np.ndarray [shape=(n, n_components), float64]
        Where the pictures lie, in the unit of the pixels; the mean is 0.
    """

    mean: np.ndarray
    axes: np.ndarray
    shares: np.ndarray
    coordinates: np.ndarray

    def transform(self, pictures: np.ndarray) -> np.ndarray:
        """Return where other pictures lie : np.ndarray [shape=(n, n_components), float64].

        Parameters
        ----------
        pictures : np.ndarray [shape=(n, height, width, …)]
            Of the same size as those of the projection.

        Raises
        ------
        ParameterError
            For pictures of another size.
        """
        if pictures.shape[1:] != self.mean.shape:
            raise ParameterError(f"pictures of shape {pictures.shape[1:]} do not fit a projection of {self.mean.shape}")
        rows, mean = pictures.reshape(len(pictures), -1), self.mean.ravel()
        axes = self.axes.reshape(len(self.axes), -1)
        found = np.zeros((len(rows), len(axes)))
        for part in _blocks(rows):
            found += (rows[:, part] - mean[part]) @ axes[:, part].T
        return found

    def pictures(self, step: float = 2.0) -> np.ndarray:
        """Return what the components stand for, as pictures.

        Parameters
        ----------
        step : float > 0
            How far to go from the mean, in standard deviations of the component.

        Returns
        -------
        np.ndarray [shape=(3 * n_components, height, width, …), uint8]
            For each component the mean minus `step`, the mean, and the mean plus `step`; pixels cut to 0 … 255.
        """
        deviations = self.coordinates.std(axis=0)
        shown = [
            self.mean + sign * step * deviation * axis
            for axis, deviation in zip(self.axes, deviations, strict=True)
            for sign in (-1, 0, 1)
        ]
        return np.clip(np.rint(shown), 0, 255).astype(np.uint8)

    def table(self, clips: pd.DataFrame) -> pd.DataFrame:
        """Return the coordinates as a table to keep with a `Result`.

        Parameters
        ----------
        clips : pd.DataFrame
            Index ``clip_id``, column ``genre``, aligned with the pictures.

        Returns
        -------
        pd.DataFrame
            Columns ``clip_id, genre, component_1, component_2, …`` (float32).
        """
        if len(clips) != len(self.coordinates):
            raise ParameterError(f"{len(clips)} clips for {len(self.coordinates)} pictures: they must be aligned")
        names = [f"component_{k + 1}" for k in range(self.coordinates.shape[1])]
        places = pd.DataFrame(self.coordinates.astype(np.float32), columns=names)
        who = pd.DataFrame({"clip_id": clips.index.astype("str"), "genre": clips["genre"].to_numpy()})
        return pd.concat([who, places], axis=1)

    def variance(self, most: int = 100) -> pd.DataFrame:
        """Return the shares of the first `most` components: columns ``component`` (from 1), ``share`` (0 … 1)."""
        shares = self.shares[:most]
        return pd.DataFrame({"component": np.arange(1, len(shares) + 1), "share": shares})


def principal_components(pictures: np.ndarray, n_components: int = 3) -> Projection:
    """Find the principal components of pictures.

    Parameters
    ----------
    pictures : np.ndarray [shape=(n, height, width, …), uint8 or float]
        They are read as they are, neither scaled nor standardised.
    n_components : int, 1 … n - 1
        How many directions to return; the shares of all of them come anyway.

    Returns
    -------
    Projection
        Equal to that of `sklearn.decomposition.PCA`, with signs of its own. Beside the pictures it takes about
        two blocks of `BLOCK_BYTES` and three n × n matrices.

    Raises
    ------
    ParameterError
        For fewer than two pictures, and for more components than the pictures have directions to differ in.

    Examples
    --------
    >>> pictures = np.array([[[0, 0]], [[2, 2]], [[4, 5]]])
    >>> principal_components(pictures, 1).shares.round(3)
    array([0.997, 0.003])
    """
    if pictures.ndim < 2 or len(pictures) < 2:
        raise ParameterError(f"pictures of shape {pictures.shape} have no components; give at least two pictures")
    rows = pictures.reshape(len(pictures), -1)
    most = min(len(rows) - 1, rows.shape[1])
    if not 1 <= n_components <= most:
        raise ParameterError(
            f"n_components={n_components} must be between 1 and {most} for {len(rows)} pictures of "
            f"{rows.shape[1]} values"
        )
    mean = rows.mean(axis=0, dtype=np.float64)
    gram = np.zeros((len(rows), len(rows)))
    for part in _blocks(rows):
        block = rows[:, part] - mean[part]
        gram += block @ block.T
    total = np.trace(gram)
    variances, directions = eigh(gram)
    variances, directions = variances[::-1][:most].clip(0), directions[:, ::-1][:, :n_components]
    independent = int((variances > 1e-12 * total).sum())
    if independent < n_components:
        raise ParameterError(
            f"n_components={n_components}, but the pictures differ in {independent} independent ways only; "
            "use fewer components or more pictures"
        )
    lengths = np.sqrt(variances[:n_components])
    axes = np.empty((n_components, rows.shape[1]))
    for part in _blocks(rows):
        axes[:, part] = directions.T @ (rows[:, part] - mean[part]) / lengths[:, None]
    signs = np.where(axes.sum(axis=1) < 0, -1.0, 1.0)
    shape = pictures.shape[1:]
    return Projection(
        mean.reshape(shape),
        (signs[:, None] * axes).reshape(n_components, *shape),
        variances / total,
        signs * directions * lengths,
    )


def _blocks(rows: np.ndarray) -> Iterator[slice]:
    """Yield ranges of columns; a range of all `rows` as 64-bit floats takes `BLOCK_BYTES` at most."""
    width = max(1, BLOCK_BYTES // (8 * len(rows)))
    for start in range(0, rows.shape[1], width):
        yield slice(start, start + width)
