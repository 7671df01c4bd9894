"""The clients of one round: their rows, the models that they received, and what they see of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from cfmt.clustering import auxiliary_vectors
from cfmt.federated.federation import Federation, count_per_client
from cfmt.federated.methods import Method
from cfmt.federated.state import State
from cfmt.nn import Engine
from cfmt.ragged import Ragged
from cfmt.sampling import error_histograms

__all__ = ["Cohort", "Rows", "View", "look", "receive"]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of the cohort's clients with their labels.

    Parameters
    ----------
    rows : Ragged of int64
        Rows of the federation's table.
    is_attack : ndarray of shape (n_values,), uint8
        Label of each.
    """

    rows: Ragged[np.int64]
    is_attack: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, federation: Federation, rows: Ragged[np.int64]) -> Rows:
        """Look the labels of some rows up."""
        return cls(rows, federation.is_attack[rows.values])

    @property
    def n_attack(self) -> npt.NDArray[np.int64]:
        """Attack rows of each client, shape (n_cohort,)."""
        return count_per_client(self.rows, self.is_attack == 1)

    @property
    def n_normal(self) -> npt.NDArray[np.int64]:
        """Normal rows of each client, shape (n_cohort,)."""
        return self.rows.sizes - self.n_attack

    def accuracy(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Share of rows that scores of shape (n_values,) decide rightly at 0.5; 0 for an empty client."""
        correct = count_per_client(self.rows, (scores >= 0.5) == (self.is_attack == 1))
        return correct / np.maximum(self.rows.sizes, 1)

    def errors(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Error |y - f(x)| of each row, shape (n_values,)."""
        errors: npt.NDArray[np.float32] = np.abs(self.is_attack - scores)
        return errors


@dataclass(frozen=True, eq=False)
class Cohort:
    """Who takes part in a round, and with which model.

    Parameters
    ----------
    clients : ndarray of shape (n_cohort,), int64
        Ids, in rising order.
    train, validation : Rows
        What each client trains on and what it holds out.
    models : ndarray of shape (n_models, n_params), float32
        The different models that were sent.
    which : ndarray of shape (n_cohort,), int64
        The row of ``models`` that each client received.
    seed, round : int
        Key of the round's random streams.
    """

    clients: npt.NDArray[np.int64]
    train: Rows
    validation: Rows
    models: npt.NDArray[np.float32]
    which: npt.NDArray[np.int64]
    seed: int
    round: int

    @property
    def key(self) -> Key:
        """Key of the clients' random streams, as keyword arguments."""
        return {"seed": self.seed, "round": self.round, "clients": self.clients}


class Key(TypedDict):
    """Keyword arguments that key the random streams of a cohort's clients."""

    seed: int
    round: int
    clients: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class View:
    """What the clients see of the models that they received.

    Parameters
    ----------
    train_scores, validation_scores : ndarray of shape (n_values,), float32
        Scores of the cohort's rows, aligned with them.
    """

    train_scores: npt.NDArray[np.float32]
    validation_scores: npt.NDArray[np.float32]

    def auxiliary_vectors(self, cohort: Cohort) -> npt.NDArray[np.float64]:
        """Return (imbalance, accuracy) of each client, shape (n_cohort, 2).

        The accuracy is that on validation rows, or on training rows for a client that has none.
        """
        held_out = cohort.validation.accuracy(self.validation_scores)
        on_train = cohort.train.accuracy(self.train_scores)
        accuracy = np.where(cohort.validation.rows.sizes > 0, held_out, on_train)
        return auxiliary_vectors(cohort.train.n_attack, cohort.train.n_normal, accuracy)

    def meta_states(self, cohort: Cohort, *, bins: int, majority_only: bool) -> npt.NDArray[np.float64]:
        """Return the error histograms on training and validation rows, shape (n_cohort, 2 * bins).

        With ``majority_only``, only rows of the class that is the majority of the client's training
        rows are counted.
        """
        majority = cohort.train.n_attack > cohort.train.n_normal
        parts = ((cohort.train, self.train_scores), (cohort.validation, self.validation_scores))
        states = []
        for part, scores in parts:
            errors = part.rows.with_values(part.errors(scores))
            if majority_only:
                keep = (part.is_attack == 1) == majority[part.rows.clients]
                errors = Ragged.from_sizes(errors.values[keep], count_per_client(part.rows, keep))
            states.append(error_histograms(errors.values, errors.offsets, bins=bins))
        return np.hstack(states)


def receive(
    federation: Federation, method: Method, state: State, clients: npt.NDArray[np.int64], *, seed: int
) -> Cohort:
    """Send each client its model: the global one, or a mixture with its cluster's.

    Parameters
    ----------
    federation : Federation
        Clients and rows.
    method : Method
        Says what clients receive.
    state : State
        After the round before.
    clients : ndarray of shape (n_cohort,), int64
        Who takes part.
    seed : int
        Seed of the run.

    Returns
    -------
    Cohort
    """
    mixture = 0.0 if method.clustering is None else method.clustering.mixture
    models, which = state.model[np.newaxis], np.zeros(len(clients), np.int64)
    if mixture > 0:
        mixed = (1 - mixture) * state.model + mixture * state.clusters.models
        models = np.vstack([models, mixed.astype(np.float32)])
        which = state.clusters.membership[clients] + 1  # a newcomer, at -1, gets the global model
    return Cohort(
        clients=clients,
        train=Rows.of(federation, federation.train.take(clients)),
        validation=Rows.of(federation, federation.validation.take(clients)),
        models=models,
        which=which,
        seed=seed,
        round=state.round + 1,
    )


def look(engine: Engine, cohort: Cohort) -> View:
    """Let every client evaluate the model that it received.

    Clients share rows of one table and a few models, so each model scores the table once.

    Parameters
    ----------
    engine : Engine
        Holds the federation's table.
    cohort : Cohort
        Who received what.

    Returns
    -------
    View
    """
    scores = engine.scores(cohort.models)

    def of(rows: Ragged[np.int64]) -> npt.NDArray[np.float32]:
        if len(scores) == 1:
            return np.take(scores[0], rows.values)
        own: npt.NDArray[np.float32] = scores[np.repeat(cohort.which, rows.sizes), rows.values]
        return own

    return View(of(cohort.train.rows), of(cohort.validation.rows))
