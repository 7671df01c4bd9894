"""Checks of what an engine is given and makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.errors import DivergedError
from cfmt.mlp import MLP
from cfmt.nn.values import Group, Weighting
from cfmt.ragged import Ragged

__all__ = ["check_group", "check_models", "check_rows", "check_table", "check_weighting", "diverged"]


def diverged(what: str, round: int) -> DivergedError:
    """Make the error of a round in which ``what``, such as a client's update, is not finite.

    Examples
    --------
    >>> from cfmt.nn import diverged
    >>> str(diverged("the update of client 7", round=3)).partition(";")[0]
    'round 3: the update of client 7 is not finite: the training diverged'
    """
    return DivergedError(
        f"round {round}: {what} is not finite: the training diverged; lower the learning rate "
        "(--learning-rate) or take fewer local steps"
    )


def check_table(mlp: MLP, X: npt.NDArray[np.float32], y: npt.NDArray[np.uint8]) -> None:
    """Raise unless X is finite float32 of shape (n_rows, n_features), and y has a label for each row."""
    for name, array, dtype in (("X", X, np.float32), ("y", y, np.uint8)):
        if array.dtype != dtype:
            wanted = np.dtype(dtype).name
            raise TypeError(f"{name} must be {wanted}, got {array.dtype}; use {name}.astype(np.{wanted})")
    if X.ndim != 2 or X.shape[1] != mlp.n_features:
        raise ValueError(f"X must have shape (n_rows, {mlp.n_features}), got {X.shape}")
    if y.shape != (len(X),):
        raise ValueError(f"y must have one label for each of the {len(X)} rows of X, got shape {y.shape}")
    if not np.isfinite(X).all():
        row = int(np.flatnonzero(~np.isfinite(X).all(axis=1))[0])
        raise ValueError(f"X must be finite, but row {row} is not; impute or drop such rows before")
    if len(y) and y.max() > 1:
        raise ValueError(f"y must be 1 for attack and 0 for normal, got {y.max()}")


def check_group(mlp: MLP, group: Group, n_rows: int) -> None:
    """Raise unless each client has an id, rows of the table, and a model of the shape that is there."""
    check_models(mlp, group.models)
    check_rows(group.rows, n_rows)
    n_clients, n_models = group.n_clients, len(group.models)
    for name, array in (("model_index", group.model_index), ("clients", group.clients)):
        _check_column(name, array, np.int64, n_clients)
    index = group.model_index
    if n_clients and not (index.min() >= 0 and index.max() < n_models):
        raise ValueError(f"model_index must lie in 0..{n_models - 1}, got {index.min()}..{index.max()}")


def check_weighting(weighting: Weighting, n_clients: int, n_params: int) -> None:
    """Raise unless each client has a weight that is not negative and a sum to which it goes."""
    weights, clusters, start = weighting.weights, weighting.clusters, weighting.start
    _check_column("weights", weights, np.float64, n_clients)
    _check_column("clusters", clusters, np.int64, n_clients)
    if n_clients and not (weights.min() >= 0 and weights.max() < np.inf):
        raise ValueError(
            f"weights must be finite and not negative, got {weights.min()}..{weights.max()}; "
            "0 leaves a client out"
        )
    if n_clients and not (clusters.min() >= 0 and clusters.max() < weighting.n_clusters):
        raise ValueError(
            f"clusters must lie in 0..{weighting.n_clusters - 1}, got {clusters.min()}..{clusters.max()}; "
            "raise n_clusters or number the clusters from 0"
        )
    shape = (weighting.n_clusters, n_params)
    if start is not None and (start.dtype != np.float64 or start.shape != shape):
        raise ValueError(f"start must be float64 of shape {shape}, got {start.dtype} of {start.shape}")


def _check_column(name: str, array: npt.NDArray[Any], dtype: type[np.generic], n_clients: int) -> None:
    """Raise unless an array has one number of a dtype for each client."""
    if array.dtype != dtype:
        wanted = np.dtype(dtype).name
        raise TypeError(f"{name} must be {wanted}, got {array.dtype}; use {name}.astype(np.{wanted})")
    if array.shape != (n_clients,):
        raise ValueError(f"{name} must have shape ({n_clients},), as rows has, got {array.shape}")


def check_models(mlp: MLP, models: npt.NDArray[np.float32]) -> None:
    """Raise unless ``models`` is float32 of shape (m, n_params)."""
    if models.dtype != np.float32:
        raise TypeError(f"models must be float32, got {models.dtype}; use models.astype(np.float32)")
    if models.ndim != 2 or models.shape[1] != mlp.n_params:
        raise ValueError(f"models must have shape (m, {mlp.n_params}), got {models.shape}")


def check_rows(rows: Ragged[np.int64], n_rows: int) -> None:
    """Raise unless every client's rows are among the ``n_rows`` of the base table."""
    values = rows.values
    if len(values) and not (values.min() >= 0 and values.max() < n_rows):
        raise ValueError(
            f"rows must lie in 0..{n_rows - 1}, as the base table has {n_rows} rows, "
            f"got {values.min()}..{values.max()}"
        )
