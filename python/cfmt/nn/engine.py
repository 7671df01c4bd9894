"""What a round needs of an engine, torch's or another, and the checks of what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from cfmt.mlp import MLP
from cfmt.nn.values import Group, GroupResult, LocalTraining, Summed, Weighting
from cfmt.ragged import Ragged

__all__ = ["Engine", "SummingEngine"]


class Engine(Protocol):
    """What a round needs of an engine, which holds the rows of the base table.

    Parameters are flat models as :class:`MLP` lays them out.

    Examples
    --------
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import Engine, make_engine
    >>> X, is_attack = np.zeros((5, 2), np.float32), np.zeros(5, np.uint8)
    >>> engine: Engine = make_engine("native", MLP(2, hidden=3), X, is_attack)
    >>> engine.scores(np.zeros((2, 13), np.float32)).shape
    (2, 5)
    """

    @property
    def mlp(self) -> MLP:
        """Shape of the models."""
        ...

    def scores(self, models: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Score every row of the base table by each model.

        Parameters
        ----------
        models : ndarray of shape (m, n_params), float32
            Models.

        Returns
        -------
        ndarray of shape (m, n_rows), float32
            Probability of attack.
        """
        ...

    def train(self, group: Group, local: LocalTraining) -> Iterator[GroupResult]:
        """Train clients, some of them at a time.

        Clients come in descending number of steps, and those of equal number in the group's order, so this
        order does not depend on how many are trained at a time.

        Parameters
        ----------
        group : Group
            Who trains, from what, on what.
        local : LocalTraining
            What each client does.

        Yields
        ------
        GroupResult
        """
        ...

    def client_scores(
        self, models: npt.NDArray[np.float32], rows: Ragged[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Score each client's rows by the client's own model.

        Parameters
        ----------
        models : ndarray of shape (n_clients, n_params), float32
            One model per client.
        rows : Ragged of int64
            Base-table rows of each client.

        Returns
        -------
        ndarray of shape (len(rows.values),), float32
            Probability of attack of each of ``rows.values``.
        """
        ...


@runtime_checkable
class SummingEngine(Engine, Protocol):
    """An engine that can also sum updates as it makes them, without holding a single one.

    Examples
    --------
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import SummingEngine, make_engine
    >>> engine = make_engine("native", MLP(2), np.zeros((5, 2), np.float32), np.zeros(5, np.uint8))
    >>> isinstance(engine, SummingEngine)
    True
    """

    def train_and_sum(
        self,
        group: Group,
        local: LocalTraining,
        weighting: Weighting,
        *,
        scored_rows: Ragged[np.int64] | None = None,
    ) -> Summed:
        """Train clients and sum the updates of each cluster, in the order of :meth:`Engine.train`.

        Parameters
        ----------
        group : Group
            Who trains, from what, on what.
        local : LocalTraining
            What each client does.
        weighting : Weighting
            How the updates are summed.
        scored_rows : Ragged of int64, optional
            Rows of the table that each client's trained model scores.

        Returns
        -------
        Summed

        Raises
        ------
        DivergedError
            If an update is not finite.
        """
        ...
